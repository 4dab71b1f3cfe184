/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of a program that are loaded, by address: code, and what points into it. Knows
 * nothing of ELF; image_code.c fills it.
 */
#ifndef SYMBOLS_CODE_IMAGE_H
#define SYMBOLS_CODE_IMAGE_H

#include "symbols/bytes.h"

#define CODE_SECTIONS_MAX 64

/* Addresses of code. */
struct code_range {
	uint64_t start, end;
};

struct code_section {
	uint64_t address;
	struct bytes bytes; /* borrowed from the image */
	bool executable;
};

/* A list of addresses; starts as {}. */
struct code_addresses {
	uint64_t *items;
	size_t count, capacity;
};

/* -ENOMEM. */
int code_addresses_add(struct code_addresses *addresses, uint64_t address);

/* Starts as {}. */
struct code_image {
	struct code_section sections[CODE_SECTIONS_MAX];
	size_t count;
	struct code_addresses starts;    /* of functions, by their symbols */
	struct code_addresses dead_ends; /* stubs of functions elsewhere that do not return */
	uint64_t entry;                  /* where the process begins, 0: nowhere */
};

/* What lies at an address, to the end of its section; nothing, and bad, where no section is. */
struct bytes code_image_bytes(const struct code_image *image, uint64_t address);

void code_image_release(struct code_image *image);

#endif

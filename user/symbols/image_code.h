/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code of an ELF file for x86-64, for who walks it: its sections as they are loaded, and where
 * its symbols say that functions begin. Called by image_unwind.c.
 */
#ifndef SYMBOLS_IMAGE_CODE_H
#define SYMBOLS_IMAGE_CODE_H

#include "symbols/code_rows.h"
#include "symbols/image.h"

/* Of all sections together; what comes after is left out. */
#define IMAGE_CODE_BYTES_MAX (128u << 20)

/* Notes what is executable, by section headers alone; `image` is borrowed. */
void image_code_source(struct image *image, struct code_source *ret_source);

/* Reads it all, and the symbols, into `code`, which is empty. -ENOMEM. */
int image_code_load(struct image *image, struct code_image *code);

#endif

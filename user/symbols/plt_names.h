/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for the stubs of a procedure linkage table: "malloc@plt", as objdump and gdb say it.
 * Linkers write no symbols for them. A stub is an indirect jump through a slot that a relocation
 * fills, and the relocation has the symbol: so every layout of stubs that linkers use (.plt,
 * .plt.sec, .plt.got) is read by one rule. x86-64 alone. Bounded: the bytes are hostile. Knows
 * nothing of ELF files; called by image_names.c.
 */
#ifndef SYMBOLS_PLT_NAMES_H
#define SYMBOLS_PLT_NAMES_H

#include "symbols/bytes.h"
#include "symbols/symbol_table.h"

/* What is appended to the name of the function that a stub leads to. */
#define PLT_SUFFIX "@plt"

/* Stubs looked at, of all sections together. */
#define PLT_STUBS_MAX (1u << 20)

struct plt_section {
	struct bytes code;
	uint64_t address;
	uint32_t stub_bytes; /* 16, 8 in .plt.got */
};

#define PLT_SECTIONS_MAX 3
#define PLT_RELOCATIONS_MAX 2

struct plt {
	struct plt_section sections[PLT_SECTIONS_MAX];
	size_t section_count;
	struct bytes relocations[PLT_RELOCATIONS_MAX]; /* Elf64_Rela */
	size_t relocation_count;
	struct bytes symbols; /* Elf64_Sym */
	struct bytes strings;
};

/* Adds a name for each stub whose slot has a relocation. -ENOMEM, or the errors of
 * symbol_table_add(). */
int plt_names_add(const struct plt *plt, struct symbol_table *table);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options as data: name, letter, help, type, range and the member of struct opts that each
 * one sets. A new option is one line in option_table.c and one member. Used by options.c, which
 * takes the words, and by help.c, which prints the table.
 */
#ifndef COMMANDS_OPTION_TABLE_H
#define COMMANDS_OPTION_TABLE_H

#include <getopt.h>
#include <stddef.h>

#include "commands/options.h"

/* The bits of struct words.given. */
#define OPTION_ROWS_MAX 64

/* Keys beyond the letters, for options that only have a long name. */
enum option_key {
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_LONG_ONLY = 256, /* plus the index of the row */
};

enum option_group {
	GROUP_TARGET,
	GROUP_RECORDING,
	GROUP_INCIDENTS,
	GROUP_OUTPUT,
	GROUP_OTHER,
	GROUP_COUNT,
};

struct option_row;

/* Turns the text of an option (NULL: none was given) into a value. 0, -EINVAL or -ERANGE. */
typedef int (*option_store_fn)(const struct option_row *row, const char *text, struct opts *opts);

struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: takes none; "[=LIST]": may be left out */
	const char *help;
	const char *expects; /* completes "is not …" */
	enum option_group group;
	uint32_t commands; /* bits (1 << command_id) it means something to */
	option_store_fn store;
	size_t offset; /* of the member in struct opts */
	uint64_t min, max;
	bool repeats; /* may be given more than once */
	bool rare;    /* only --help=all has it */
};

size_t option_row_count(void);
const struct option_row *option_row_at(size_t index);
size_t option_index(const struct option_row *row);

/* By what getopt_long() returns. NULL: none. */
const struct option_row *option_by_key(int key);

/* Fills in what getopt_long() wants: OPTION_ROWS_MAX + 1 and 3 * OPTION_ROWS_MAX + 3 elements. */
void option_getopt_tables(struct option *longs, char *shorts);

/* Bits (1 << format_id) of what a command can print. */
uint32_t option_formats_of(enum command_id command);

#endif

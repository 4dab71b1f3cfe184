/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small module file made by hand, to be damaged: three functions, one page of rows. */
#ifndef TESTS_MODULE_FIXTURE_H
#define TESTS_MODULE_FIXTURE_H

#include "symbols_fixture.h"

#include <zlib.h>

#include "symbols/module_file.h"

#define MODULE_FIXTURE_NAMES "_Z4mainv\0plain"

struct module_fixture {
	struct module_file_header header;
	uint64_t rows[3];
	struct ot_unwind_page pages[2];
	struct ot_dictionary_entry dictionary[1];
	struct module_segment segments[1];
	struct module_symbol symbols[4];
	char names[16];
};

/* Makes the checksum right again after a change. */
static inline void module_fixture_seal(struct module_fixture *fixture)
{
	size_t start = offsetof(struct module_file_header, total_bytes);

	fixture->header.crc32 = (uint32_t)crc32(0, (const Bytef *)fixture + start,
						(uInt)(sizeof(*fixture) - start));
}

#define MODULE_FIXTURE_SECTION(name)                                          \
	{                                                                     \
		offsetof(struct module_fixture, name),                        \
			sizeof(((struct module_fixture *)0)->name) /          \
				sizeof(((struct module_fixture *)0)->name[0]) \
	}

static inline struct module_fixture module_fixture_make(const struct module_identity *identity)
{
	struct module_fixture fixture = {
		.header =
			{
				.magic = MODULE_FILE_MAGIC,
				.version = MODULE_FILE_VERSION,
				.total_bytes = sizeof(fixture),
				.identity = *identity,
				.text_bytes = 0x2000,
				.sections =
					{
						[MODULE_ROWS] = MODULE_FIXTURE_SECTION(rows),
						[MODULE_PAGES] = MODULE_FIXTURE_SECTION(pages),
						[MODULE_DICTIONARY] =
							MODULE_FIXTURE_SECTION(dictionary),
						[MODULE_SEGMENTS] =
							MODULE_FIXTURE_SECTION(segments),
						[MODULE_SYMBOLS] = MODULE_FIXTURE_SECTION(symbols),
						[MODULE_NAMES] = MODULE_FIXTURE_SECTION(names),
					},
			},
		.rows = {OT_ROW(0, OT_RULE(OT_CFA_RSP, 1, 0, 0)),
			 OT_ROW(0x10, OT_RULE(OT_CFA_DICTIONARY, 0, 0, 0)),
			 OT_ROW(0x1010, OT_RULE(OT_CFA_NONE, 0, 0, 0))},
		.pages = {{0, 1}, {1, 2}},
		.dictionary = {{.kind = OT_DICTIONARY_PLT, .reg = 7, .n = 11}},
		.segments = {{.offset = 0, .size_bytes = 0x1000, .address = 0, .executable = 1}},
		.symbols = {{0x10, 0x10, 0}, {0x20, 0x10, 0}, {0x30, 0x10, 0}, {0x40, 0x10, 9}},
		.names = MODULE_FIXTURE_NAMES,
	};

	module_fixture_seal(&fixture);
	return fixture;
}

#endif

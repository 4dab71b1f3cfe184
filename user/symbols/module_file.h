/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module file: what oomtrace needs of an ELF file, unwind rows and names, in a form that is
 * used where it lies. The names child writes it (module_writer.c), the recorder maps it and
 * believes nothing before module_file_check() has looked at every bound. docs/module-file.md
 * describes it.
 */
#ifndef SYMBOLS_MODULE_FILE_H
#define SYMBOLS_MODULE_FILE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/module_rows.h"
#include "bpf/oomtrace.h"
#include "symbols/segments.h"

#define MODULE_FILE_MAGIC "OOMTMOD"
#define MODULE_FILE_VERSION 5
/* The names of the largest browser with all its symbols are 200 MB. */
#define MODULE_FILE_MAX_BYTES (512u << 20)
#define MODULE_BUILD_ID_MAX 20

/* What tells files apart. */
struct module_source {
	uint64_t device;
	uint64_t inode;
	uint64_t size_bytes;
	uint64_t modified_ns;
	uint64_t changed_ns;
};

/* The inode of nothing that is on this host. */
#define MODULE_SOURCE_FETCHED UINT64_MAX

/*
 * Which files it was made of. The names of a debug file are as good as who wrote it: a module file
 * with them is for those alone who have that very debug file.
 */
struct module_identity {
	uint8_t build_id[MODULE_BUILD_ID_MAX];
	uint32_t build_id_bytes;    /* 0: none, and only then `file` is set */
	struct module_source file;  /* the ELF file */
	struct module_source debug; /* the first of what may be its debug file; 0: there was none;
				       MODULE_SOURCE_FETCHED: one of a debuginfod server */
};

enum module_file_flag {
	MODULE_FILE_GO = 1 << 0, /* Go keeps frame pointers, and switches stacks under them */
	MODULE_FILE_ALL_NAMES = 1 << 1, /* not only of functions that others call */
};

enum module_section {
	MODULE_ROWS,       /* uint64_t, ascending; the first is for the text base */
	MODULE_PAGES,      /* struct ot_unwind_page, one for each 4 KiB of text */
	MODULE_DICTIONARY, /* struct ot_dictionary_entry */
	MODULE_SEGMENTS,   /* struct module_segment */
	MODULE_SYMBOLS,    /* struct module_symbol, ascending, without overlaps */
	MODULE_NAMES,      /* bytes: the names, each with its NUL */
	MODULE_SECTION_COUNT,
};

struct module_file_section {
	uint64_t offset; /* in the file, a multiple of 8 */
	uint64_t count;  /* of items */
};

struct module_file_header {
	char magic[8];
	uint32_t version;
	uint32_t crc32; /* of everything after it */
	uint64_t total_bytes;
	struct module_identity identity;
	uint16_t machine; /* EM_... */
	uint16_t reserved;
	uint32_t flags; /* enum module_file_flag */
	uint64_t text_base;
	uint64_t text_bytes;
	uint64_t text_offset;
	struct module_file_section sections[MODULE_SECTION_COUNT];
};

struct module_segment {
	uint64_t offset;
	uint64_t size_bytes;
	uint64_t address;
	uint64_t executable; /* 0 or 1 */
};

struct module_symbol {
	uint64_t address;
	uint32_t size_bytes;
	uint32_t name; /* index of its first byte among the names */
};

static_assert(sizeof(struct module_identity) == 104, "no padding");
static_assert(sizeof(struct module_file_header) == 256, "no padding, 8 byte units");
static_assert(sizeof(struct module_segment) == 32, "no padding");
static_assert(sizeof(struct module_symbol) == 16, "no padding");

/* Bytes of one item of each section. */
extern const size_t module_item_bytes[MODULE_SECTION_COUNT];

/*
 * Looks at everything that is ever used as an index or a length. -EBADMSG for what is no module
 * file of this version, is damaged, or lies.
 */
int module_file_check(const void *bytes, size_t size_bytes);

struct module_file;

/*
 * Maps and checks what `fd` refers to, which must not change afterwards: sealed, or only the user
 * himself can write it. `fd` is borrowed. -EBADMSG as above, -E2BIG, or -errno.
 */
int module_file_map(int fd, struct module_file **ret_file);
void module_file_unmap(struct module_file *file);

/* Lets go of its pages, locked ones as well; they are read again when they are needed. */
void module_file_rest(const struct module_file *file);
DEFINE_CLEANUP(struct module_file *, module_file_unmap)

const struct module_file_header *module_file_header(const struct module_file *file);

/* The bytes as they lie in the file; *ret_size_bytes of them. */
const void *module_file_bytes(const struct module_file *file, size_t *ret_size_bytes);

/* The function at a file offset, as the linker calls it; NULL when there is none. */
const char *module_file_symbol(const struct module_file *file, uint64_t offset);

/* The address that a file offset is linked at; false: in no segment. */
bool module_file_address(const struct module_file *file, uint64_t offset, uint64_t *ret_address);

/* Borrowed: valid as long as the file. */
struct module_rows module_file_rows(const struct module_file *file);

bool module_identity_equals(const struct module_identity *a, const struct module_identity *b);

#endif

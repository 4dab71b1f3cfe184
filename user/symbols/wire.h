/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recorder and its names child say to each other, and nothing else: symbolizer.c speaks
 * one side, server.c the other. Packets of a SOCK_SEQPACKET pair, in the machine's own byte order.
 *
 * The recorder asks one thing at a time and the child answers before it is asked the next:
 *
 *   (start)                                                     -> READY
 *   IDENTIFY module, with its descriptor                        -> IDENTITY
 *   BUILD module, with its identity and the descriptors of the
 *     file, of an empty file, and of what may be its debug file -> BUILT, the empty file is filled
 *   BUILD_MAP module, the same of a perf map                    -> BUILT
 *   DEMANGLE module, a symbol                                   -> DEMANGLED
 *   OPEN_LINES module, with the descriptors of the file, and of
 *     what may be its debug file; open until the next           -> LINES_OPENED
 *   LINE module, an address and which function there            -> LINE_FOUND
 *   CONTAINER 0, an id and the descriptor of a runtime's file   -> CONTAINER_NAMED
 *
 * and of the child that fetches (fetch_server.h), which answers nothing else:
 *
 *   FETCH module, its identity, the descriptor of an empty file -> FETCHED, the file is filled
 *
 * A request fits into one packet and the socket is empty when it is sent, so the recorder never
 * blocks in sending.
 *
 * The child parses what an attacker wrote and may have become the attacker. The recorder takes
 * nothing from it but a number in the range of errno, a struct names_identity, for a symbol it
 * asked for a string shorter than NAMES_NAME_MAX, for a line or a container two of them, and a
 * module file, which it seals and then checks (module_file.h). Anything else ends the child.
 */
#ifndef SYMBOLS_WIRE_H
#define SYMBOLS_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/container_config.h"
#include "symbols/module_file.h"

/* Bytes of a symbol to be demangled: more than libiberty takes of C++ ones. */
#define NAMES_SYMBOL_MAX 4096
/* Files that may be the debug file of a module; the child finds out which one is. */
#define NAMES_DEBUG_FILES_MAX 3
/* Descriptors that go along with one request. */
#define NAMES_FDS_MAX (2 + NAMES_DEBUG_FILES_MAX)
/* Bytes of a name with its NUL; longer ones are cut and end in "...". */
#define NAMES_NAME_MAX 1024
/* SHA-1, what linkers write. */
#define NAMES_BUILD_ID_MAX MODULE_BUILD_ID_MAX
/* The name of a debug file with its NUL. */
#define NAMES_DEBUG_NAME_MAX 256
/* Module numbers are below this: both sides index arrays with them. */
#define NAMES_MODULES_MAX 65536

enum names_request_type {
	NAMES_IDENTIFY = 1,
	NAMES_BUILD,
	NAMES_BUILD_MAP,
	NAMES_DEMANGLE,
	NAMES_OPEN_LINES,
	NAMES_LINE,
	NAMES_CONTAINER,
	NAMES_FETCH,
};

/* Of the functions at an address the one that was compiled has depth 0, those inlined follow. */
struct names_place {
	uint64_t address; /* as linked */
	uint64_t depth;
};

struct names_container {
	uint32_t format; /* enum container_format */
	char id[CONTAINER_ID_LEN];
};

struct names_request {
	uint32_t type; /* enum names_request_type */
	uint32_t module;
	uint32_t length;   /* of the content that is sent */
	uint32_t reserved; /* 0 */
	union {
		struct module_identity identity;  /* NAMES_BUILD, NAMES_BUILD_MAP, NAMES_FETCH */
		char symbol[NAMES_SYMBOL_MAX];    /* NAMES_DEMANGLE; without a NUL */
		struct names_place place;         /* NAMES_LINE */
		struct names_container container; /* NAMES_CONTAINER */
	};
};

enum names_answer_type {
	NAMES_READY = 1,
	NAMES_IDENTITY,
	NAMES_BUILT,
	NAMES_DEMANGLED,
	NAMES_LINES_OPENED,
	NAMES_LINE_FOUND,
	NAMES_CONTAINER_NAMED,
	NAMES_FETCHED,
};

/* What an ELF file says of itself: the bytes of IDENTITY. */
struct names_identity {
	uint8_t build_id_bytes; /* 0: none */
	uint8_t build_id[NAMES_BUILD_ID_MAX];
	char debug_name[NAMES_DEBUG_NAME_MAX]; /* of .gnu_debuglink: a file, no path; "": none */
};

/*
 * Every answer. `error` is 0 or -errno and says why there is nothing. `length` counts the bytes
 * of `bytes` that are sent: what a file says of itself in IDENTITY, a name without its NUL in
 * DEMANGLED; in LINE_FOUND the number of the line (4 bytes), a name, a NUL and a file, either may
 * be empty; in CONTAINER_NAMED the image, a NUL and the container's name, either may be empty.
 */
struct names_answer {
	uint32_t type; /* enum names_answer_type */
	uint32_t module;
	int32_t error;
	uint32_t length;
	char bytes[NAMES_NAME_MAX];
};

/* What of a line's answer is for the name and for the file, each with a NUL. */
#define NAMES_LINE_NAME_MAX 700
#define NAMES_LINE_FILE_MAX 300
#define NAMES_LINE_HEADER sizeof(uint32_t)

#define NAMES_REQUEST_HEADER offsetof(struct names_request, symbol)
#define NAMES_ANSWER_HEADER offsetof(struct names_answer, bytes)

static_assert(NAMES_REQUEST_HEADER == 16, "requests have no padding to leak");
static_assert(NAMES_ANSWER_HEADER == 16, "answers have no padding to leak");
static_assert(NAMES_NAME_MAX > NAMES_LINE_HEADER + NAMES_LINE_NAME_MAX + NAMES_LINE_FILE_MAX,
	      "a line fits");
static_assert(NAMES_NAME_MAX > sizeof(struct names_identity), "one buffer for both");
static_assert(NAMES_NAME_MAX > CONTAINER_IMAGE_MAX + CONTAINER_NAME_MAX, "a container fits");

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recorder and its names child say to each other, and nothing else: symbolizer.c speaks
 * one side, server.c the other. Packets of a SOCK_SEQPACKET pair, in the machine's own byte order.
 *
 * The recorder asks one thing at a time and the child answers before it is asked the next:
 *
 *   (start)                                -> READY
 *   IDENTIFY module, with its descriptor   -> IDENTITY
 *   LOAD module, with its descriptor       -> LOADED
 *   NAME module, count offsets             -> count times NAME, in the order asked
 *
 * A request fits into one packet and the socket is empty when it is sent, so the recorder never
 * blocks in sending; it reads while the child writes.
 *
 * The child parses what an attacker wrote and may have become the attacker. The recorder takes
 * nothing from it but a number in the range of errno, at most 20 bytes of build-id and, for an
 * offset it asked for, a string shorter than NAMES_NAME_MAX. Anything else ends the child.
 */
#ifndef SYMBOLS_WIRE_H
#define SYMBOLS_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets in one NAME request. */
#define NAMES_BATCH_MAX 256
/* Bytes of a name with its NUL; longer ones are cut and end in "...". */
#define NAMES_NAME_MAX 1024
/* SHA-1, what linkers write. */
#define NAMES_BUILD_ID_MAX 20
/* Module numbers are below this: both sides index arrays with them. */
#define NAMES_MODULES_MAX 65536

enum names_request_type {
	NAMES_IDENTIFY = 1,
	NAMES_LOAD,
	NAMES_NAME,
};

struct names_request {
	uint32_t type; /* enum names_request_type */
	uint32_t module;
	uint32_t count;                    /* of offsets; 0 unless NAMES_NAME */
	uint32_t reserved;                 /* 0 */
	uint64_t offsets[NAMES_BATCH_MAX]; /* only count are sent */
};

enum names_answer_type {
	NAMES_READY = 1,
	NAMES_IDENTITY,
	NAMES_LOADED,
	NAMES_NAMED,
};

/*
 * Every answer. `error` is 0 or -errno and says why there is nothing. `length` counts the bytes
 * of `bytes` that are sent: a build-id in IDENTITY, a name without its NUL in NAMED (0: unknown).
 */
struct names_answer {
	uint32_t type; /* enum names_answer_type */
	uint32_t module;
	uint64_t offset; /* NAMES_NAMED only */
	int32_t error;
	uint32_t length;
	char bytes[NAMES_NAME_MAX];
};

#define NAMES_REQUEST_HEADER offsetof(struct names_request, offsets)
#define NAMES_ANSWER_HEADER offsetof(struct names_answer, bytes)

static_assert(NAMES_REQUEST_HEADER == 16, "requests have no padding to leak");
static_assert(NAMES_ANSWER_HEADER == 24, "answers have no padding to leak");
static_assert(NAMES_NAME_MAX > NAMES_BUILD_ID_MAX, "one buffer for both");

#endif

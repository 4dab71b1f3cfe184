/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an event lies in a trace file, as data: one table that trace_writer.c walks to encode and
 * trace_reader.c walks to decode, so the two cannot disagree. docs/trace-format.md says the same
 * in prose. event_queue.c asks it which members are strings; nobody else includes it.
 *
 * A file is a header, records, and a trailer record. All numbers are little-endian.
 *   header  magic[8]  version u32  crc u32
 *   record  type u32  length u32  payload[length]  crc u32
 * Every crc is the CRC-32 of all bytes before it except earlier crcs, so a record that is changed,
 * missing, repeated or moved is noticed where it happens.
 */
#ifndef CAPTURE_TRACE_FORMAT_H
#define CAPTURE_TRACE_FORMAT_H

#include "capture/event.h"

#define TRACE_MAGIC "oomtrace"
#define TRACE_MAGIC_BYTES 8
#define TRACE_VERSION 1
#define TRACE_HEADER_BYTES 16
#define TRACE_RECORD_HEADER_BYTES 8
#define TRACE_CRC_BYTES 4

/* Type of the trailer; far from the event types, which grow from 1. Its payload is empty. */
#define TRACE_TYPE_TRAILER 0xffffffffU

/* No record is longer: the reader allocates no more than this. */
#define TRACE_PAYLOAD_MAX 65536
/* Longest string, without its NUL: a path of PATH_MAX. */
#define TRACE_STRING_MAX 4095
/* Instead of the length of a string: there is none (NULL). */
#define TRACE_STRING_ABSENT 0xffff

enum trace_field_type {
	TRACE_FIELD_NUMBER,   /* wire_bytes, between min and max */
	TRACE_FIELD_STRING,   /* length u16, bytes, NUL; the length does not count the NUL */
	TRACE_FIELD_OPTIONAL, /* the same, or TRACE_STRING_ABSENT and nothing else */
	TRACE_FIELD_COMM,     /* a string of at most EVENT_COMM_LEN - 1 bytes */
	TRACE_FIELD_SLOTS,    /* count u8, then a u64 for each enum memory_kind below it */
	TRACE_FIELD_BUILD_ID, /* length u8, bytes */
	TRACE_FIELD_FRAMES,   /* count u16, then module u32 and offset u64, leaf first */
	TRACE_FIELD_TYPE_COUNT,
};

struct trace_field {
	enum trace_field_type type;
	uint16_t offset;      /* of the member within struct event */
	uint8_t memory_bytes; /* of a number in memory */
	uint8_t wire_bytes;   /* of a number in the file, at most memory_bytes */
	uint64_t min, max;    /* of a number */
};

struct trace_layout {
	const struct trace_field *fields;
	size_t count;
	size_t required; /* the fields of the first version; a file that is older lacks later ones
			  */
};

/* NULL for a type that this version does not know. */
const struct trace_layout *trace_layout_of(uint32_t type);

/* A number of 1, 4 or 8 bytes in memory, in the byte order of this machine. */
uint64_t trace_number_load(const void *memory, size_t bytes);
void trace_number_store(void *memory, size_t bytes, uint64_t value);

#endif

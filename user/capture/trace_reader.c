// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_reader.h"

#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "capture/trace_format.h"

struct trace_reader {
	struct source source;
	FILE *stream;
	uint64_t read_bytes;
	uint32_t crc;
	int state; /* 1: records follow, 0: the trailer was seen, else the error that ended it */
	struct event_frame frames[EVENT_MAX_FRAMES];
	uint8_t payload[TRACE_PAYLOAD_MAX];
};

/* What is left of one payload. Strings are borrowed from it, frames go to the reader's array. */
struct cursor {
	const uint8_t *at;
	size_t left_bytes;
	struct event_frame *frames;
};

static const uint8_t *take_bytes(struct cursor *cursor, size_t bytes)
{
	const uint8_t *taken = cursor->at;

	if (bytes > cursor->left_bytes)
		return NULL;
	cursor->at += bytes;
	cursor->left_bytes -= bytes;
	return taken;
}

static uint64_t number_decode(const uint8_t *bytes, size_t wire_bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < wire_bytes; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static int take_number(struct cursor *cursor, size_t wire_bytes, uint64_t *ret_value)
{
	const uint8_t *bytes = take_bytes(cursor, wire_bytes);

	if (!bytes)
		return -EBADMSG;
	*ret_value = number_decode(bytes, wire_bytes);
	return 0;
}

/* The NUL is in the file, so that a string can be used where it lies. */
static int take_string(struct cursor *cursor, size_t len_bytes, size_t max_bytes,
		       const char **ret_string)
{
	const char *string;

	if (len_bytes > max_bytes)
		return -EBADMSG;
	string = (const char *)take_bytes(cursor, len_bytes + 1);
	if (!string || strnlen(string, len_bytes + 1) != len_bytes)
		return -EBADMSG;
	*ret_string = string;
	return 0;
}

static int decode_number(struct cursor *cursor, const struct trace_field *field, void *member)
{
	uint64_t value;

	if (take_number(cursor, field->wire_bytes, &value))
		return -EBADMSG;
	if (value < field->min || value > field->max)
		return -EBADMSG;
	trace_number_store(member, field->memory_bytes, value);
	return 0;
}

static int decode_string(struct cursor *cursor, const struct trace_field *field, void *member)
{
	uint64_t len_bytes;

	if (take_number(cursor, 2, &len_bytes))
		return -EBADMSG;
	if (field->type == TRACE_FIELD_OPTIONAL && len_bytes == TRACE_STRING_ABSENT)
		return 0;
	return take_string(cursor, len_bytes, TRACE_STRING_MAX, member);
}

static int decode_comm(struct cursor *cursor,
		       const struct trace_field *field __attribute__((unused)), void *member)
{
	const char *string;
	uint64_t len_bytes;

	if (take_number(cursor, 2, &len_bytes) ||
	    take_string(cursor, len_bytes, EVENT_COMM_LEN - 1, &string))
		return -EBADMSG;
	memcpy(member, string, len_bytes + 1);
	return 0;
}

static int decode_slots(struct cursor *cursor,
			const struct trace_field *field __attribute__((unused)), void *member)
{
	uint64_t *slots = member;
	uint64_t count;

	if (take_number(cursor, 1, &count) || count > KIND_COUNT)
		return -EBADMSG;
	for (size_t kind = 0; kind < count; kind++)
		if (take_number(cursor, 8, &slots[kind]))
			return -EBADMSG;
	return 0;
}

static int decode_build_id(struct cursor *cursor, const struct trace_field *field, void *member)
{
	struct event *event = (void *)((char *)member - field->offset);
	const uint8_t *bytes;
	uint64_t len_bytes;

	if (take_number(cursor, 1, &len_bytes) || len_bytes > EVENT_BUILD_ID_MAX)
		return -EBADMSG;
	bytes = take_bytes(cursor, len_bytes);
	if (!bytes)
		return -EBADMSG;
	memcpy(event->module.build_id, bytes, len_bytes);
	event->module.build_id_len = (uint8_t)len_bytes;
	return 0;
}

static int decode_frames(struct cursor *cursor, const struct trace_field *field, void *member)
{
	struct event *event = (void *)((char *)member - field->offset);
	uint64_t count, module;

	if (take_number(cursor, 2, &count) || count > EVENT_MAX_FRAMES)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		if (take_number(cursor, 4, &module) ||
		    take_number(cursor, 8, &cursor->frames[i].offset))
			return -EBADMSG;
		cursor->frames[i].module = (uint32_t)module;
	}
	event->stack.frames = cursor->frames;
	event->stack.frame_count = (uint32_t)count;
	return 0;
}

static int (*const decoders[])(struct cursor *, const struct trace_field *, void *) = {
	[TRACE_FIELD_NUMBER] = decode_number,   [TRACE_FIELD_STRING] = decode_string,
	[TRACE_FIELD_OPTIONAL] = decode_string, [TRACE_FIELD_COMM] = decode_comm,
	[TRACE_FIELD_SLOTS] = decode_slots,     [TRACE_FIELD_BUILD_ID] = decode_build_id,
	[TRACE_FIELD_FRAMES] = decode_frames,
};

_Static_assert(sizeof(decoders) / sizeof(decoders[0]) == TRACE_FIELD_TYPE_COUNT,
	       "every field type has a decoder");

/*
 * Bytes left over belong to fields that a newer writer has appended. A record that ends where one
 * of an older writer did leaves what was appended since at zero: unknown.
 */
static int event_decode(const struct trace_layout *layout, uint32_t type, struct cursor cursor,
			struct event *ret_event)
{
	struct event event = {.type = type};
	int err;

	if (type == EVENT_MODULE)
		event.module.fd = -1;
	for (size_t i = 0; i < layout->count; i++) {
		const struct trace_field *field = &layout->fields[i];

		if (i >= layout->required && cursor.left_bytes == 0)
			break;
		err = decoders[field->type](&cursor, field, (char *)&event + field->offset);
		if (err)
			return err;
	}
	*ret_event = event;
	return 0;
}

static int reader_read(struct trace_reader *reader, void *bytes, size_t len_bytes)
{
	errno = 0;
	if (fread(bytes, 1, len_bytes, reader->stream) == len_bytes) {
		reader->read_bytes += len_bytes;
		return 0;
	}
	if (!ferror(reader->stream))
		return -ENODATA;
	return errno ? -errno : -EIO;
}

/* Reads what must be covered by the checksum. */
static int reader_read_summed(struct trace_reader *reader, void *bytes, size_t len_bytes)
{
	int err = reader_read(reader, bytes, len_bytes);

	if (err)
		return err;
	/* a null pointer would start the sum anew, an empty payload must not */
	if (len_bytes)
		reader->crc = (uint32_t)crc32(reader->crc, bytes, (uInt)len_bytes);
	return 0;
}

static int reader_check_crc(struct trace_reader *reader)
{
	uint8_t bytes[TRACE_CRC_BYTES];
	int err;

	err = reader_read(reader, bytes, sizeof(bytes));
	if (err)
		return err;
	return number_decode(bytes, sizeof(bytes)) == reader->crc ? 0 : -EBADMSG;
}

static int reader_read_record(struct trace_reader *reader, uint32_t *ret_type,
			      size_t *ret_len_bytes)
{
	uint8_t header[TRACE_RECORD_HEADER_BYTES];
	size_t len_bytes;
	int err;

	err = reader_read_summed(reader, header, sizeof(header));
	if (err)
		return err;
	len_bytes = number_decode(header + 4, 4);
	if (len_bytes > sizeof(reader->payload))
		return -EBADMSG;
	err = reader_read_summed(reader, reader->payload, len_bytes);
	if (err)
		return err;
	err = reader_check_crc(reader);
	if (err)
		return err;
	*ret_type = (uint32_t)number_decode(header, 4);
	*ret_len_bytes = len_bytes;
	return 0;
}

/* The trailer proves the file complete only when nothing follows it. */
static int reader_finish(struct trace_reader *reader)
{
	if (fgetc(reader->stream) != EOF)
		return -EBADMSG;
	return ferror(reader->stream) ? -EIO : 0;
}

/* 1 with an event, 0 after the trailer, or -errno. Records of unknown types are skipped. */
static int reader_next_event(struct trace_reader *reader, struct event *ret_event)
{
	const struct trace_layout *layout;
	size_t len_bytes;
	uint32_t type;
	int err;

	do {
		err = reader_read_record(reader, &type, &len_bytes);
		if (err)
			return err;
		if (type == TRACE_TYPE_TRAILER)
			return reader_finish(reader);
		layout = trace_layout_of(type);
	} while (!layout);

	err = event_decode(layout, type,
			   (struct cursor){.at = reader->payload,
					   .left_bytes = len_bytes,
					   .frames = reader->frames},
			   ret_event);
	return err ? err : 1;
}

static int reader_next(struct source *source, struct event *ret_event)
{
	struct trace_reader *reader = (struct trace_reader *)source;

	if (reader->state == 1)
		reader->state = reader_next_event(reader, ret_event);
	return reader->state;
}

static void reader_close(struct source *source)
{
	struct trace_reader *reader = (struct trace_reader *)source;

	fclose(reader->stream);
	free(reader);
}

static int reader_read_header(struct trace_reader *reader)
{
	uint8_t header[TRACE_HEADER_BYTES - TRACE_CRC_BYTES];
	int err;

	err = reader_read_summed(reader, header, sizeof(header));
	if (err == -ENODATA || (!err && memcmp(header, TRACE_MAGIC, TRACE_MAGIC_BYTES) != 0))
		return -EMEDIUMTYPE;
	if (err)
		return err;
	err = reader_check_crc(reader);
	if (err)
		return err;
	return number_decode(header + TRACE_MAGIC_BYTES, 4) == TRACE_VERSION ? 0 : -EPROTONOSUPPORT;
}

int trace_reader_new(FILE *stream, struct source **ret_source)
{
	_cleanup_free_ struct trace_reader *reader = NULL;
	int err;

	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->source = (struct source){.next = reader_next, .close = reader_close};
	reader->stream = stream;
	reader->state = 1;
	err = reader_read_header(reader);
	if (err)
		return err;
	*ret_source = &TAKE_PTR(reader)->source;
	return 0;
}

uint64_t trace_reader_bytes(const struct source *source)
{
	return ((const struct trace_reader *)source)->read_bytes;
}

const char *trace_reader_strerror(int error)
{
	switch (-error) {
	case EMEDIUMTYPE:
		return "not an oomtrace file";
	case EPROTONOSUPPORT:
		return "written by a newer oomtrace, in a format this one does not know";
	case ENODATA:
		return "cut short: its end is missing";
	case EBADMSG:
		return "damaged";
	default:
		return strerror(-error);
	}
}

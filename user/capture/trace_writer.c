// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_writer.h"

#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "capture/trace_format.h"

struct trace_writer {
	FILE *stream;
	uint32_t crc; /* of everything written so far, crcs excepted */
	uint64_t written_bytes;
	struct buf payload;
	struct buf record; /* kept, like the payload: writing allocates only to grow them */
};

static void put_number(struct buf *out, uint64_t value, size_t wire_bytes)
{
	for (size_t i = 0; i < wire_bytes; i++)
		buf_append_byte(out, (uint8_t)(value >> (8 * i)));
}

static void put_bytes_as_string(struct buf *out, const char *bytes, size_t len_bytes)
{
	put_number(out, len_bytes, 2);
	buf_append(out, bytes, len_bytes);
	buf_append_byte(out, '\0');
}

static int encode_number(struct buf *out, const struct trace_field *field, const void *member)
{
	uint64_t value = trace_number_load(member, field->memory_bytes);

	if (value < field->min || value > field->max)
		return -EINVAL;
	put_number(out, value, field->wire_bytes);
	return 0;
}

static int encode_optional(struct buf *out, const struct trace_field *field __attribute__((unused)),
			   const void *member)
{
	const char *string = *(const char *const *)member;

	if (string)
		put_bytes_as_string(out, string, strnlen(string, TRACE_STRING_MAX));
	else
		put_number(out, TRACE_STRING_ABSENT, 2);
	return 0;
}

static int encode_string(struct buf *out, const struct trace_field *field, const void *member)
{
	if (!*(const char *const *)member)
		return -EINVAL;
	return encode_optional(out, field, member);
}

static int encode_comm(struct buf *out, const struct trace_field *field __attribute__((unused)),
		       const void *member)
{
	put_bytes_as_string(out, member, strnlen(member, EVENT_COMM_LEN - 1));
	return 0;
}

static int encode_slots(struct buf *out, const struct trace_field *field __attribute__((unused)),
			const void *member)
{
	const uint64_t *slots = member;
	size_t count = KIND_COUNT;

	/* most stacks hold one kind, and a snapshot has a cell for each of them */
	while (count && !slots[count - 1])
		count--;
	put_number(out, count, 1);
	for (size_t kind = 0; kind < count; kind++)
		put_number(out, slots[kind], 8);
	return 0;
}

static int encode_build_id(struct buf *out, const struct trace_field *field, const void *member)
{
	const struct event *event = (const void *)((const char *)member - field->offset);
	const struct module_event *module = &event->module;

	if (module->build_id_len > EVENT_BUILD_ID_MAX)
		return -EINVAL;
	put_number(out, module->build_id_len, 1);
	buf_append(out, module->build_id, module->build_id_len);
	return 0;
}

static int encode_frames(struct buf *out, const struct trace_field *field, const void *member)
{
	const struct event *event = (const void *)((const char *)member - field->offset);
	const struct stack_event *stack = &event->stack;

	if (stack->frame_count > EVENT_MAX_FRAMES)
		return -EINVAL;
	put_number(out, stack->frame_count, 2);
	for (size_t i = 0; i < stack->frame_count; i++) {
		put_number(out, stack->frames[i].module, 4);
		put_number(out, stack->frames[i].offset, 8);
	}
	return 0;
}

static int (*const encoders[])(struct buf *, const struct trace_field *, const void *) = {
	[TRACE_FIELD_NUMBER] = encode_number,     [TRACE_FIELD_STRING] = encode_string,
	[TRACE_FIELD_OPTIONAL] = encode_optional, [TRACE_FIELD_COMM] = encode_comm,
	[TRACE_FIELD_SLOTS] = encode_slots,       [TRACE_FIELD_BUILD_ID] = encode_build_id,
	[TRACE_FIELD_FRAMES] = encode_frames,
};

_Static_assert(sizeof(encoders) / sizeof(encoders[0]) == TRACE_FIELD_TYPE_COUNT,
	       "every field type has an encoder");

/* Appends the checksum to `bytes` and writes them. What is refused is no part of the file. */
static int writer_seal(struct trace_writer *writer, struct buf *bytes)
{
	uint32_t crc;
	int err;

	if (buf_error(bytes))
		return buf_error(bytes);
	crc = (uint32_t)crc32(writer->crc, (const Bytef *)bytes->data, bytes->len_bytes);
	put_number(bytes, crc, TRACE_CRC_BYTES);
	err = buf_write(bytes, writer->stream);
	if (err)
		return err;
	writer->crc = crc;
	writer->written_bytes += bytes->len_bytes;
	return 0;
}

static int writer_record(struct trace_writer *writer, uint32_t type, const struct buf *payload)
{
	struct buf *record = &writer->record;

	if (buf_error(payload))
		return buf_error(payload);
	buf_clear(record);
	put_number(record, type, 4);
	put_number(record, payload->len_bytes, 4);
	buf_append(record, payload->data, payload->len_bytes);
	return writer_seal(writer, record);
}

static int writer_alloc(FILE *stream, struct trace_writer **ret_writer)
{
	struct trace_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->stream = stream;
	*ret_writer = writer;
	return 0;
}

int trace_writer_restart(struct trace_writer *writer)
{
	struct buf *header = &writer->record;

	writer->crc = 0;
	writer->written_bytes = 0;
	buf_clear(header);
	buf_append(header, TRACE_MAGIC, TRACE_MAGIC_BYTES);
	put_number(header, TRACE_VERSION, 4);
	return writer_seal(writer, header);
}

/* Filled once, it stays as large. */
static void reserve(struct buf *buf)
{
	static const char zeros[TRACE_PAYLOAD_MAX / 16];

	for (int i = 0; i < 17; i++)
		buf_append(buf, zeros, sizeof(zeros));
}

int trace_writer_reserve(FILE *stream, struct trace_writer **ret_writer)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	int err = writer_alloc(stream, &writer);

	if (err)
		return err;
	reserve(&writer->payload);
	reserve(&writer->record);
	if (buf_error(&writer->payload) || buf_error(&writer->record))
		return -ENOMEM;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

int trace_writer_new(FILE *stream, struct trace_writer **ret_writer)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	int err = writer_alloc(stream, &writer);

	if (!err)
		err = trace_writer_restart(writer);
	if (err)
		return err;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

int trace_writer_add(struct trace_writer *writer, const struct event *event)
{
	const struct trace_layout *layout = trace_layout_of(event->type);
	int err;

	if (!layout)
		return -EINVAL;
	buf_clear(&writer->payload);
	for (size_t i = 0; i < layout->count; i++) {
		const struct trace_field *field = &layout->fields[i];

		err = encoders[field->type](&writer->payload, field,
					    (const char *)event + field->offset);
		if (err)
			return err;
	}
	return writer_record(writer, event->type, &writer->payload);
}

uint64_t trace_writer_bytes(const struct trace_writer *writer)
{
	return writer->written_bytes;
}

int trace_writer_finish(struct trace_writer *writer)
{
	const struct buf empty = {0};

	return writer_record(writer, TRACE_TYPE_TRAILER, &empty);
}

void trace_writer_free(struct trace_writer *writer)
{
	buf_release(&writer->payload);
	buf_release(&writer->record);
	free(writer);
}

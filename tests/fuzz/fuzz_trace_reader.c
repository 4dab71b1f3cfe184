// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as the payloads of a trace file, all the way to text: the reader must survive, and so
 * must the model and the renderers with what it lets through. Random bytes would all fail at the
 * first checksum, so the input is a list of records (type u8, length u16, payload) that are given
 * theirs; the file as it is goes to the reader as well.
 *
 *   clang -g -fsanitize=fuzzer,address,undefined … tests/fuzz/fuzz_trace_reader.c liboomtrace.a
 */
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "capture/trace_reader.h"
#include "model/growth_builder.h"
#include "render/folded.h"
#include "render/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void render(const struct growth_builder *builder, bool since_start)
{
	static const enum format_id formats[] = {FORMAT_TEXT, FORMAT_FOLDED, FORMAT_JSON};
	const struct growth_options options = {.since_start = since_start};
	const struct render_options how = {.top = 50, .columns = 80, .show_kinds = true};
	_cleanup_(growth_freep) struct growth *growth = NULL;
	_cleanup_fclose_ FILE *stream = fopen("/dev/null", "we");
	struct folded_left_out left_out;

	if (!stream || growth_builder_finish(builder, &options, &growth))
		return;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		format_get(formats[i])->growth(growth, &how, stream);
	folded_left_out(growth, &how, &left_out);
	folded_diff(growth, growth, &how, stream);
}

/* All of it, and a part. */
static const struct growth_interval intervals[] = {
	{.from = {.given = false}},
	{.from = {.given = true, .ns = 1 << 16}, .to = {.given = true, .ns = 1ULL << 48}},
};

static void read_file(const void *bytes, size_t len_bytes, const struct growth_interval *interval)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	FILE *stream = fmemopen((void *)bytes, len_bytes, "r");
	struct source *source = NULL;
	struct event event;

	if (!stream)
		return;
	if (trace_reader_new(stream, &source)) {
		fclose(stream);
		return;
	}
	if (growth_builder_new(&builder) == 0) {
		growth_builder_limit(builder, interval);
		while (source->next(source, &event) > 0)
			if (growth_builder_add(builder, &event))
				break;
		render(builder, false);
		render(builder, true);
	}
	source->close(source);
}

static void put_u32(struct buf *out, uint32_t value)
{
	const uint8_t bytes[] = {value, value >> 8, value >> 16, value >> 24};

	buf_append(out, bytes, sizeof(bytes));
}

/* Appends bytes that the checksum covers, then the checksum. */
static void put_summed(struct buf *out, uint32_t *crc, const struct buf *bytes)
{
	*crc = (uint32_t)crc32(*crc, (const Bytef *)bytes->data, (uInt)bytes->len_bytes);
	buf_append(out, bytes->data, bytes->len_bytes);
	put_u32(out, *crc);
}

static void put_record(struct buf *out, uint32_t *crc, uint32_t type, const void *payload,
		       size_t len_bytes)
{
	_cleanup_(buf_release) struct buf record = {0};

	put_u32(&record, type);
	put_u32(&record, (uint32_t)len_bytes);
	buf_append(&record, payload, len_bytes);
	put_summed(out, crc, &record);
}

static void put_header(struct buf *out, uint32_t *crc)
{
	_cleanup_(buf_release) struct buf header = {0};

	buf_append(&header, "oomtrace", 8);
	put_u32(&header, 1);
	put_summed(out, crc, &header);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	_cleanup_(buf_release) struct buf file = {0};
	uint32_t crc = 0;

	if (len_bytes)
		read_file(bytes, len_bytes, &intervals[0]);
	put_header(&file, &crc);
	while (len_bytes > 3) {
		size_t payload_bytes = bytes[1] | (size_t)bytes[2] << 8;

		if (payload_bytes > len_bytes - 3)
			payload_bytes = len_bytes - 3;
		put_record(&file, &crc, bytes[0], bytes + 3, payload_bytes);
		bytes += 3 + payload_bytes;
		len_bytes -= 3 + payload_bytes;
	}
	put_record(&file, &crc, 0xffffffff, "", 0);
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++)
		read_file(file.data, file.len_bytes, &intervals[i]);
	return 0;
}

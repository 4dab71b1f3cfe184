// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2

static const struct text_column columns[] = {
	{"bytes", true},
	{"±", true},
	{"of its size", true},
	{"file", false},
};

static void file_name(const struct growth_file *file, struct buf *out)
{
	if (file->path)
		escape_terminal_string(out, file->path);
	else
		buf_printf(out, "inode %" PRIu64 " of device %" PRIu32 ":%" PRIu32, file->number,
			   file->device_major, file->device_minor);
	if (file->block_device)
		buf_append_string(out, ", the device's blocks");
	if (file->deleted)
		buf_append_string(out, " (deleted)");
}

static void put_file(struct text_table *table, const struct growth_file *file, bool exact)
{
	_cleanup_(buf_release) struct buf cell = {0};

	text_table_line(table);
	quantity_bytes(&cell, file->bytes);
	text_table_cell(table, &cell);
	if (exact)
		buf_append_string(&cell, "exact");
	else
		quantity_bytes(&cell, file->error_bytes);
	text_table_cell(table, &cell);
	/* the last page is whole in the cache, and an estimate may be more than there is */
	quantity_share(&cell, file->bytes < file->size_bytes ? file->bytes : file->size_bytes,
		       file->size_bytes);
	text_table_cell(table, &cell);
	file_name(file, &cell);
	text_table_cell(table, &cell);
}

static void append_rest(const struct growth *growth, size_t shown, struct buf *out)
{
	uint64_t files = growth->file_count - shown + growth->other_files;
	uint64_t bytes = growth->files_bytes;

	for (size_t i = 0; i < shown; i++)
		bytes -= growth->files[i].bytes;
	if (!bytes)
		return;
	buf_append_string(out, "\n  and ");
	quantity_bytes(out, bytes);
	buf_printf(out, " of %" PRIu64 " more files, or of files that are gone\n", files);
}

int text_files(const struct growth *growth, const struct render_options *options, struct buf *out)
{
	size_t count = growth->file_count < options->top ? growth->file_count : options->top;
	_cleanup_(text_table_release) struct text_table table = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
	};
	int err;

	if (!growth->files_bytes)
		return 0;
	for (size_t i = 0; i < count; i++)
		put_file(&table, &growth->files[i], growth->session.period_pages == 1);
	buf_append_string(out, "\nPage cache by file, of what came in since the start: ");
	quantity_bytes(out, growth->files_bytes);
	buf_append_string(out, "\n\n");
	err = text_table_print(&table, TEXT_INDENT, options->columns, out);
	append_rest(growth, count, out);
	return err ? err : buf_error(out);
}

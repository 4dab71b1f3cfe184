// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include <inttypes.h>

#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2
/* As many as "How it adds up" shows. */
#define TEXT_PROCESSES_MAX 8

static const struct text_column columns[] = {
	{"kind", false},    {"mappings", true}, {"reserved", true},
	{"resident", true}, {"share", true},
};

static void put_bytes(struct text_table *table, uint64_t bytes)
{
	_cleanup_(buf_release) struct buf cell = {0};

	quantity_bytes(&cell, bytes);
	text_table_cell(table, &cell);
}

static void put_line(struct text_table *table, const char *name,
		     const struct growth_mappings *mappings)
{
	_cleanup_(buf_release) struct buf cell = {0};

	text_table_line(table);
	buf_append_string(&cell, name);
	text_table_cell(table, &cell);
	buf_printf(&cell, "%" PRIu64, mappings->count);
	text_table_cell(table, &cell);
	put_bytes(table, mappings->reserved_bytes);
	put_bytes(table, mappings->resident_bytes);
	quantity_share(&cell, mappings->resident_bytes, mappings->reserved_bytes);
	text_table_cell(table, &cell);
}

/* What stacks have reserved is the size of the address space; a difference is said, not hidden. */
static void put_remainder(const struct growth *growth, const struct growth_process *process,
			  struct buf *out)
{
	if (!growth->reserved || !process->virtual_known)
		return;
	buf_append_string(out, "    by stacks ");
	quantity_bytes(out, process->reserved_bytes);
	buf_append_string(out, ", VmSize ");
	quantity_bytes(out, process->virtual_end_bytes);
	buf_append_string(out, ", unexplained ");
	quantity_signed_bytes(out, process->unexplained_reserved_bytes);
	buf_append_byte(out, '\n');
}

static int mappings_section(const struct growth *growth, const struct growth_process *process,
			    const struct render_options *options, struct buf *out)
{
	_cleanup_(text_table_release) struct text_table table = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
	};
	int err;

	for (int kind = 0; kind < MAPPING_KIND_COUNT; kind++)
		if (process->mappings[kind].count)
			put_line(&table, mapping_kind_name(kind), &process->mappings[kind]);
	put_line(&table, "all", &process->all_mappings);

	buf_append_string(out, "\n  ");
	text_process_name(out, process);
	buf_append_byte(out, '\n');
	err = text_table_print(&table, 2 * TEXT_INDENT, options->columns, out);
	put_remainder(growth, process, out);
	return err;
}

int text_mappings(const struct growth *growth, const struct render_options *options,
		  struct buf *out)
{
	size_t known = 0;

	for (size_t i = 0; i < growth->process_count; i++) {
		int err = 0;

		if (!growth->processes[i].mappings_known || !growth->processes[i].shown)
			continue;
		if (known == 0)
			buf_append_string(out, "\nReserved and resident, by kind of mapping\n");
		if (++known <= TEXT_PROCESSES_MAX)
			err = mappings_section(growth, &growth->processes[i], options, out);
		if (err)
			return err;
	}
	if (known > TEXT_PROCESSES_MAX)
		buf_printf(out, "\n  and %zu more processes\n", known - TEXT_PROCESSES_MAX);
	return buf_error(out);
}

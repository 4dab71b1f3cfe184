// SPDX-License-Identifier: GPL-2.0-or-later
/* Of a warning: which stacks have grown most, for people and for programs. */
#include "render/incident_warning.h"

#include <inttypes.h>
#include <math.h>

#include "base/escape.h"
#include "render/json.h"
#include "render/quantity.h"
#include "render/text.h"
#include "render/text_table.h"

#define TEXT_INDENT 2

/* --- for programs --------------------------------------------------------------------------- */

static void append_growing(struct json_maker *stacks, const struct incident_growing *growing)
{
	const struct growth_row *row = growing->row;
	struct json_maker stack = json_make_object();

	json_put_count(&stack, "pid", row->process->pid);
	json_put_name(&stack, "comm", row->comm);
	json_put_name(&stack, "kind", memory_kind_name(row->kind));
	json_put_signed(&stack, "grown_bytes", growing->grown_bytes);
	json_put_count(&stack, "error_bytes", growing->error_bytes);
	json_put_signed(&stack, "held_bytes", row->bytes);
	json_put_names(&stack, "frames", row->frames, row->frame_count);
	json_append_made(stacks, &stack);
}

void json_put_growing(struct json_maker *object, const struct incident *incident)
{
	struct json_maker stacks;

	if (!incident->grown_ns)
		return;
	stacks = json_make_array();
	json_put(object, "grown_seconds", json_real(round((double)incident->grown_ns / 1e7) / 100));
	json_put_count(object, "grown_bytes", incident->grown_bytes);
	json_put_count(object, "grown_stacks", incident->warning->grown_stacks);
	for (size_t i = 0; i < incident->growing_count; i++)
		append_growing(&stacks, &incident->growing[i]);
	json_put_made(object, "stacks", &stacks);
}

/* --- for people ----------------------------------------------------------------------------- */

static void growing_line(struct text_table *table, struct buf *cell,
			 const struct incident_growing *growing,
			 const struct render_options *options)
{
	const struct growth_row *row = growing->row;

	text_table_line(table);
	quantity_change(cell, growing->grown_bytes);
	text_table_cell(table, cell);
	if (growing->error_bytes)
		quantity_bytes(cell, growing->error_bytes);
	text_table_cell(table, cell);
	quantity_signed_bytes(cell, row->bytes);
	text_table_cell(table, cell);
	buf_append_string(cell, memory_kind_name(row->kind));
	text_table_cell(table, cell);
	text_process_name(cell, row->process);
	text_table_cell(table, cell);
	text_frames(row, options, cell);
	text_table_detail(table, cell);
}

int text_growing(const struct incident *incident, const struct render_options *options,
		 struct buf *out)
{
	static const struct text_column columns[] = {
		{"grown", true}, {"±", true}, {"held", true}, {"kind", false}, {"process", false}};
	_cleanup_(text_table_release) struct text_table table = {.columns = columns,
								 .column_count = 5};
	_cleanup_(buf_release) struct buf cell = {0};

	if (!incident->growing_count)
		return 0;
	buf_printf(out, "\nWhat grew there, the most of %" PRIu32 " stacks that grew by ",
		   incident->warning->grown_stacks);
	quantity_bytes(out, incident->grown_bytes);
	buf_append_string(out, " in ");
	quantity_duration(out, incident->grown_ns);
	buf_append_string(out, ", leaf first\n\n");
	for (size_t i = 0; i < incident->growing_count; i++)
		growing_line(&table, &cell, &incident->growing[i], options);
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

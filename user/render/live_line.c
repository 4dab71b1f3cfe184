// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/live_line.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/frame_short.h"
#include "render/limit.h"
#include "render/quantity.h"

/* Enough to know where to look; the result has all of it. */
#define STACK_CHARACTERS 20

static void append_fastest(struct buf *out, const struct live_row *row)
{
	buf_append_string(out, "; most by ");
	stack_short(out, row->stack, STACK_CHARACTERS);
	buf_append_string(out, " in ");
	escape_terminal_string(out, row->process->comm);
	buf_printf(out, " (pid %" PRIu32 ") ", row->process->pid);
	quantity_change(out, (int64_t)row->rate_bytes);
	buf_append_string(out, "/s");
}

static void append_losses(struct buf *out, const struct growth *growth)
{
	for (size_t i = 0; i < growth->loss_count; i++)
		if (growth->losses[i].data)
			buf_printf(out, "; lost: %s, %" PRIu64 " times", growth->losses[i].cause,
				   growth->losses[i].count);
}

void live_line(struct buf *out, struct live_table *table)
{
	const struct growth *growth = live_table_growth(table);
	const struct live_rows fastest = live_table_stacks(table, LIVE_OF_ALL, 0, LIVE_BY_RATE);

	quantity_duration(out, growth->time_ns);
	buf_append_string(out, ": ");
	quantity_signed_bytes(out, growth->total_bytes);
	if (growth->previous_known) {
		buf_append_string(out, ", ");
		quantity_change(out, growth->change_bytes);
		buf_append_string(out, " in ");
		quantity_duration(out, growth->time_ns - growth->previous_ns);
	}
	if (fastest.count && fastest.row->rate_bytes >= 1)
		append_fastest(out, fastest.row);
	if (growth->limit.known) {
		buf_append_string(out, "; ");
		limit_line(out, &growth->limit);
	}
	append_losses(out, growth);
}

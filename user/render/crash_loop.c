// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/crash_loop.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2
/* In one line: the latest. */
#define LIVES_IN_LINE 5
#define LIVES_OF_STACK 3

static const struct life_event *last_life(const struct crash_loop *loop)
{
	return &loop->lives[loop->life_count - 1];
}

static size_t first_of(const struct crash_loop *loop, size_t most)
{
	return loop->life_count > most ? loop->life_count - most : 0;
}

/* --- the heading ---------------------------------------------------------------------------- */

static void put_known(struct buf *out, const struct life_event *life, uint32_t known, uint64_t ns)
{
	if (life->known & known)
		quantity_duration(out, ns);
	else
		buf_append_byte(out, '?');
}

void text_loop_line(const struct crash_loop *loop, struct buf *out)
{
	size_t first = first_of(loop, LIVES_IN_LINE);

	if (!loop->life_count)
		return;
	buf_printf(out, "  lives     %" PRIu32 " were killed in a row, after ", loop->number);
	buf_append_string(out, first || loop->number > loop->life_count ? "… " : "");
	for (size_t i = first; i < loop->life_count; i++) {
		buf_append_string(out, i == first                  ? ""
				       : i + 1 == loop->life_count ? " and "
								   : ", ");
		put_known(out, &loop->lives[i], LIFE_LIVED, loop->lives[i].lived_ns);
	}
	buf_append_byte(out, '\n');
}

/* --- the section ---------------------------------------------------------------------------- */

/* Between the kill before and its start; a clock that was set makes less of it. */
static void cell_restart(const struct crash_loop *loop, size_t i, struct buf *cell)
{
	uint64_t start_ns = life_start_ns(&loop->lives[i]);

	if (!i)
		return;
	if (!start_ns)
		buf_append_byte(cell, '?');
	else if (start_ns < loop->lives[i - 1].realtime_ns)
		buf_append_string(cell, "at once");
	else
		quantity_duration(cell, start_ns - loop->lives[i - 1].realtime_ns);
}

static void life_line(struct text_table *table, struct buf *cell, const struct crash_loop *loop,
		      size_t i)
{
	const struct life_event *life = &loop->lives[i];

	text_table_line(table);
	buf_printf(cell, "%" PRIu32, life->number);
	text_table_cell(table, cell);
	cell_restart(loop, i, cell);
	text_table_cell(table, cell);
	put_known(cell, life, LIFE_HALF, life->half_ns);
	text_table_cell(table, cell);
	put_known(cell, life, LIFE_LIVED, life->lived_ns);
	text_table_cell(table, cell);
	if (life->known & LIFE_MEMORY)
		quantity_bytes(cell, life->memory_bytes);
	else
		buf_append_byte(cell, '?');
	text_table_cell(table, cell);
	quantity_time(cell, life->realtime_ns);
	text_table_cell(table, cell);
	escape_terminal_string(cell, life->id);
	buf_append_string(cell, i + 1 == loop->life_count ? "  <- this one" : "");
	text_table_cell(table, cell);
}

static int text_lives(const struct crash_loop *loop, const struct render_options *options,
		      struct buf *out)
{
	static const struct text_column columns[] = {
		{"life", true},      {"restarted after", true},
		{"half by", true},   {"died after", true},
		{"held", true},      {"time", false},
		{"incident", false},
	};
	_cleanup_(text_table_release) struct text_table table = {
		.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
	_cleanup_(buf_release) struct buf cell = {0};

	for (size_t i = 0; i < loop->life_count; i++)
		life_line(&table, &cell, loop, i);
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

static void text_range(struct buf *out, const struct loop_figure *figure,
		       void (*quantity)(struct buf *, uint64_t))
{
	if (figure->trend != LOOP_TREND_UNKNOWN)
		buf_printf(out, "%s, ", loop_trend_name(figure->trend));
	quantity(out, figure->least);
	buf_append_string(out, " to ");
	quantity(out, figure->most);
	buf_append_byte(out, '\n');
}

static void text_figures(const struct crash_loop *loop, struct buf *out)
{
	if (loop->lived_ns.count) {
		buf_append_string(out, "  time from start to death: ");
		text_range(out, &loop->lived_ns, quantity_duration);
	}
	if (loop->memory_bytes.count) {
		buf_append_string(out, "  memory at death: ");
		text_range(out, &loop->memory_bytes, quantity_bytes);
	}
	if (loop->half_ns.count) {
		buf_append_string(out, "  half of that was there within ");
		quantity_duration(out, loop->half_ns.most);
		buf_append_string(out, " of the start\n");
	}
}

static void text_stack(const struct crash_loop *loop, const struct loop_stack *stack,
		       struct buf *out)
{
	size_t first = first_of(loop, LIVES_OF_STACK);

	buf_append_string(out, "    ");
	for (size_t i = first; i < loop->life_count; i++) {
		buf_append_string(out, i > first ? ", " : "");
		if (stack->bytes[i])
			quantity_bytes(out, stack->bytes[i]);
		else
			buf_append_byte(out, '?');
	}
	buf_append_string(out, "  ");
	for (uint32_t i = stack->row->frame_count; i > 0; i--) {
		escape_terminal_string(out, stack->row->frames[i - 1]);
		buf_append_string(out, i > 1 ? " < " : "\n");
	}
}

/* Of each life when it was small, not of the kill. */
static void text_early(const struct crash_loop *loop, struct buf *out)
{
	if (!loop->early_ns.count) {
		buf_append_string(out, "  what each life did first was not seen: it grew faster "
				       "than it is looked at\n");
		return;
	}
	buf_printf(out, "  first, as seen in %zu of these lives ", loop->early_ns.count);
	quantity_duration(out, loop->early_ns.least);
	buf_append_string(out, " to ");
	quantity_duration(out, loop->early_ns.most);
	buf_append_string(out, " after the start, ");
	if (!loop->early_count) {
		buf_append_string(out, "they had no stack in common\n");
		return;
	}
	buf_append_string(out, "each had filled, leaf first:\n");
	for (size_t i = 0; i < loop->early_count; i++)
		text_stack(loop, &loop->early[i], out);
}

static void text_stacks(const struct crash_loop *loop, struct buf *out)
{
	if (!loop->stack_count)
		return;
	buf_append_string(out, "  at the end each held among its largest stacks, in the latest "
			       "lives, leaf first:\n");
	for (size_t i = 0; i < loop->stack_count; i++)
		text_stack(loop, &loop->stacks[i], out);
}

int text_loop(const struct crash_loop *loop, const struct render_options *options, struct buf *out)
{
	int err;

	if (!loop->life_count)
		return 0;
	buf_printf(out,
		   "\nLives of this workload that were killed in a row, %zu of %" PRIu32 "\n\n",
		   loop->life_count, loop->number);
	err = text_lives(loop, options, out);
	if (err)
		return err;
	buf_append_byte(out, '\n');
	text_figures(loop, out);
	text_early(loop, out);
	text_stacks(loop, out);
	buf_append_string(out, "  two lives side by side: oomtrace diff ");
	escape_terminal_string(out, loop->lives[loop->life_count - 2].id);
	buf_append_byte(out, ' ');
	escape_terminal_string(out, last_life(loop)->id);
	buf_append_byte(out, '\n');
	return 0;
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void put_life(struct json_maker *object, const struct life_event *life)
{
	json_put_count(object, "number", life->number);
	if (life->known & LIFE_LIVED)
		json_put_count(object, "lived_ns", life->lived_ns);
	if (life->known & LIFE_HALF)
		json_put_count(object, "half_ns", life->half_ns);
	if (life->known & LIFE_EARLY) {
		json_put_count(object, "early_ns", life->early_ns);
		json_put_count(object, "early_bytes", life->early_held_bytes);
	}
	if (life->known & LIFE_MEMORY)
		json_put_count(object, "memory_bytes", life->memory_bytes);
	if (life->known & LIFE_LIMIT)
		json_put_count(object, "limit_bytes", life->limit_bytes);
}

static void put_previous(struct json_maker *object, const struct crash_loop *loop)
{
	struct json_maker previous = json_make_array();

	for (size_t i = 0; i + 1 < loop->life_count; i++) {
		struct json_maker life = json_make_object();

		json_put_name(&life, "id", loop->lives[i].id);
		json_put_time(&life, "time", loop->lives[i].realtime_ns);
		json_put_count(&life, "pid", loop->lives[i].pid);
		put_life(&life, &loop->lives[i]);
		json_append_made(&previous, &life);
	}
	json_put_made(object, "previous", &previous);
}

static void put_figure(struct json_maker *object, const char *key, const struct loop_figure *figure)
{
	struct json_maker made;

	if (!figure->count)
		return;
	made = json_make_object();
	json_put_count(&made, "least", figure->least);
	json_put_count(&made, "median", figure->median);
	json_put_count(&made, "most", figure->most);
	if (figure->trend != LOOP_TREND_UNKNOWN)
		json_put_name(&made, "trend", loop_trend_name(figure->trend));
	json_put_made(object, key, &made);
}

static void put_stacks(struct json_maker *object, const char *key, const struct crash_loop *loop,
		       const struct loop_stack *items, size_t count)
{
	struct json_maker stacks = json_make_array();

	for (size_t i = 0; i < count; i++) {
		struct json_maker stack = json_make_object(), bytes = json_make_array();

		for (size_t life = 0; life < loop->life_count; life++)
			if (items[i].bytes[life])
				json_append_count(&bytes, items[i].bytes[life]);
			else
				json_append_unknown(&bytes);
		json_put_names(&stack, "frames", items[i].row->frames, items[i].row->frame_count);
		json_put_made(&stack, "bytes", &bytes);
		json_append_made(&stacks, &stack);
	}
	json_put_made(object, key, &stacks);
}

void json_put_early(struct json_maker *object, const struct incident_early *early)
{
	struct json_maker made, stacks;

	if (!early->row_count)
		return;
	made = json_make_object();
	stacks = json_make_array();
	json_put_count(&made, "before_ns", early->before_ns);
	json_put_count(&made, "held_bytes", early->held_bytes);
	for (size_t i = 0; i < early->row_count; i++) {
		struct json_maker stack = json_make_object();

		json_put_names(&stack, "frames", early->rows[i].frames, early->rows[i].frame_count);
		json_put_count(&stack, "bytes", (uint64_t)early->rows[i].bytes);
		json_append_made(&stacks, &stack);
	}
	json_put_made(&made, "stacks", &stacks);
	json_put_made(object, "early", &made);
}

void json_put_loop(struct json_maker *object, const struct crash_loop *loop)
{
	struct json_maker made;

	if (!loop->life_count)
		return;
	put_previous(object, loop);
	made = json_make_object();
	put_life(&made, last_life(loop));
	json_put_count(&made, "span_ns", loop->span_ns);
	put_figure(&made, "time_to_death_ns", &loop->lived_ns);
	put_figure(&made, "memory_at_death_bytes", &loop->memory_bytes);
	put_figure(&made, "time_to_half_ns", &loop->half_ns);
	put_stacks(&made, "stacks", loop, loop->stacks, loop->stack_count);
	put_figure(&made, "time_to_early_ns", &loop->early_ns);
	put_stacks(&made, "early_stacks", loop, loop->early, loop->early_count);
	json_put_made(object, "crash_loop", &made);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_rows.h"

#include <string.h>

#include "model/frame_names.h"
#include "model/row_list.h"

#define LABEL_OTHERS "[others]"

static const struct growth_process *process_of(const struct growth_draft *draft,
					       const struct known_process *process)
{
	return table_get(&draft->process_by_id, id_key(process->event.id));
}

static bool kind_is_wanted(const struct growth_draft *draft, enum memory_kind kind)
{
	return !draft->options->kinds || draft->options->kinds & 1U << kind;
}

/* --- from events to rows ------------------------------------------------------------------ */

/* Everything of a row but its kind and figures. */
static int row_start(const struct growth_draft *draft, const struct growth_process *process,
		     const struct known_stack *stack, uint32_t inherited_from_pid,
		     struct growth_row *ret_row)
{
	struct frame_names names;
	int err;

	err = frame_names_make(draft->builder, &draft->owned->arena, stack, inherited_from_pid,
			       &names);
	if (err)
		return err;
	*ret_row = (struct growth_row){
		.process = process,
		/* an inherited page was never touched by a thread of this process */
		.comm = stack->comm[0] && !inherited_from_pid ? stack->comm : process->comm,
		.origin = stack->origin,
		.inherited_from_pid = inherited_from_pid,
		.frame_count = names.count,
		.frames = names.frames,
	};
	return 0;
}

/* One row for each kind that holds something. */
static int rows_add_kinds(struct row_list *rows, const struct growth_draft *draft,
			  struct growth_row row, const uint64_t slots[KIND_COUNT])
{
	int err;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (!slots[kind] || !kind_is_wanted(draft, kind))
			continue;
		row.kind = kind;
		row.samples = slots[kind];
		err = row_list_add(rows, &row);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Slots that an author's own rows must leave to its heirs, by (author, stack). Only authors that
 * have ended: one that lives maps the pages itself and keeps them.
 */
struct legacy {
	uint64_t slots[KIND_COUNT];
};

static struct table_key legacy_key(uint32_t author, uint32_t stack)
{
	return (struct table_key){.major = author, .minor = stack};
}

static bool author_has_ended(const struct known_inherited *inherited)
{
	return !inherited->author || inherited->author->event.ended;
}

static int legacy_add(struct growth_draft *draft, struct table *legacies,
		      const struct known_inherited *inherited)
{
	struct table_key key = legacy_key(inherited->event.author, inherited->stack->id);
	struct legacy *legacy = table_get(legacies, key);
	int err;

	if (!legacy) {
		legacy = arena_alloc(&draft->owned->arena, 1, sizeof(*legacy));
		err = legacy ? table_put(legacies, key, legacy) : -ENOMEM;
		if (err)
			return err;
	}
	for (int kind = 0; kind < KIND_COUNT; kind++)
		legacy->slots[kind] =
			estimate_add(legacy->slots[kind], inherited->event.exclusive_slots[kind]);
	return 0;
}

static int rows_add_inherited(struct row_list *rows, struct growth_draft *draft,
			      struct table *legacies)
{
	int err;

	for (const struct known_inherited *inherited = draft->builder->first_inherited; inherited;
	     inherited = inherited->next) {
		const struct growth_process *heir = process_of(draft, inherited->process);
		struct growth_row row;

		if (!heir->shown || !author_has_ended(inherited))
			continue;
		err = row_start(draft, heir, inherited->stack, inherited->event.author_pid, &row);
		if (!err)
			err = rows_add_kinds(rows, draft, row, inherited->event.exclusive_slots);
		if (!err)
			err = legacy_add(draft, legacies, inherited);
		if (err)
			return err;
	}
	return 0;
}

static int rows_add_live(struct row_list *rows, struct growth_draft *draft, struct growth_row row,
			 const struct known_cell *cell, const struct table *legacies)
{
	struct legacy *legacy =
		table_get(legacies, legacy_key(cell->process->event.id, cell->stack->id));
	uint64_t slots[KIND_COUNT];

	known_cell_slots(cell, row.process->at_end, slots);
	for (int kind = 0; legacy && kind < KIND_COUNT; kind++) {
		uint64_t given = legacy->slots[kind];

		if (given > slots[kind])
			given = slots[kind];
		slots[kind] -= given;
		legacy->slots[kind] -= given;
	}
	return rows_add_kinds(rows, draft, row, slots);
}

static int rows_add_gross(struct row_list *rows, struct growth_row row,
			  const struct known_cell *cell)
{
	if (!cell->allocated_slots)
		return 0;
	row.kind = GROWTH_KIND_ANY;
	row.samples = cell->allocated_slots;
	return row_list_add(rows, &row);
}

static int rows_add_cells(struct row_list *rows, struct growth_draft *draft,
			  const struct table *legacies)
{
	int err;

	for (const struct known_cell *cell = draft->builder->first_cell; cell; cell = cell->next) {
		const struct growth_process *process = process_of(draft, cell->process);
		struct growth_row row;

		err = row_start(draft, process, cell->stack, 0, &row);
		if (err)
			return err;
		row.allocated_bytes = estimate_bytes(&draft->estimate, cell->allocated_slots);
		if (draft->options->since_start)
			err = rows_add_gross(rows, row, cell);
		else
			err = rows_add_live(rows, draft, row, cell, legacies);
		if (err)
			return err;
	}
	return 0;
}

/* Turns stacks of too few samples into [others] of their process and kind; merge afterwards. */
static int rows_relabel_small(struct row_list *rows, struct growth_draft *draft)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct growth_row *row = &rows->row[i];
		struct frame_names names;
		int err;

		if (row->origin != STACK_USER || row->samples >= ESTIMATE_MIN_SAMPLES)
			continue;
		err = frame_names_make_label(&draft->owned->arena, LABEL_OTHERS,
					     row->inherited_from_pid, &names);
		if (err)
			return err;
		row->comm = row->process->comm;
		row->frames = names.frames;
		row->frame_count = names.count;
	}
	return 0;
}

/* --- figures ------------------------------------------------------------------------------ */

static void rows_count_bytes(struct row_list *rows, const struct estimate *estimate)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct growth_row *row = &rows->row[i];

		row->bytes = estimate_bytes(estimate, row->samples);
		row->error_bytes = estimate_error_bytes(estimate, row->samples);
	}
}

/* What was there before but could not be adopted: a row of the bytes that the account found. */
static int rows_add_subtracted(struct row_list *rows, const struct growth_draft *draft)
{
	const struct growth *growth = &draft->owned->growth;
	struct known_stack before = {.origin = STACK_BEFORE};
	int err;

	if (draft->options->since_start || !kind_is_wanted(draft, KIND_ANON))
		return 0;
	for (size_t i = 0; i < growth->process_count; i++) {
		const struct growth_process *process = &draft->processes[i];
		const struct growth_account *anon = &process->accounts[KIND_ANON];
		struct growth_row row;

		if (!process->shown || !anon->before_by_subtraction || !anon->before_bytes)
			continue;
		err = row_start(draft, process, &before, 0, &row);
		if (err)
			return err;
		row.kind = KIND_ANON;
		row.bytes = anon->before_bytes;
		err = row_list_add(rows, &row);
		if (err)
			return err;
	}
	return 0;
}

/* A process that has ended is shown if something outlives it. */
static void processes_show(const struct row_list *rows, struct growth_draft *draft)
{
	for (size_t i = 0; i < rows->count; i++)
		draft->processes[rows->row[i].process - draft->processes].shown = true;
}

static int rows_publish(const struct row_list *rows, struct growth_owned *owned)
{
	struct growth *growth = &owned->growth;

	growth->rows = arena_copy(&owned->arena, rows->row, rows->count * sizeof(*rows->row));
	if (!growth->rows)
		return -ENOMEM;
	growth->row_count = rows->count;
	for (size_t i = 0; i < rows->count; i++) {
		const struct growth_row *row = &growth->rows[i];

		growth->total_bytes = estimate_add(growth->total_bytes, row->bytes);
		growth->kind_bytes[row->kind] =
			estimate_add(growth->kind_bytes[row->kind], row->bytes);
	}
	return 0;
}

static int rows_add_reserved(struct row_list *rows, struct growth_draft *draft)
{
	int err = 0;

	for (const struct known_reserved *reserved = draft->builder->first_reserved;
	     reserved && !err; reserved = reserved->next) {
		struct growth_process *process = table_get(
			&draft->process_by_id, id_key(reserved->process->event.id));
		struct growth_row row;

		if (!process->shown)
			continue;
		process->reserved_bytes = estimate_add(process->reserved_bytes, reserved->bytes);
		err = row_start(draft, process, reserved->stack, 0, &row);
		row.kind = GROWTH_KIND_ANY;
		row.samples = reserved->bytes / draft->estimate.page_size_bytes;
		if (!err && row.samples)
			err = row_list_add(rows, &row);
	}
	return err;
}

static void reserved_explain(struct growth_draft *draft)
{
	for (size_t i = 0; i < draft->owned->growth.process_count; i++) {
		struct growth_process *process = &draft->processes[i];

		if (process->virtual_known)
			process->unexplained_reserved_bytes =
				(int64_t)estimate_add(process->virtual_end_bytes, 0) -
				(int64_t)process->reserved_bytes;
	}
}

int growth_reserved_make(struct growth_draft *draft)
{
	_cleanup_(row_list_release) struct row_list rows = {0};
	/* Addresses are not sampled: every page is one. */
	const struct estimate exact = {1, draft->estimate.page_size_bytes};
	int err = rows_add_reserved(&rows, draft);

	if (err)
		return err;
	row_list_merge(&rows);
	rows_count_bytes(&rows, &exact);
	reserved_explain(draft);
	row_list_sort(&rows);
	return rows_publish(&rows, draft->owned);
}

static int rows_collect(struct row_list *rows, struct growth_draft *draft)
{
	struct table legacies = {0};
	int err = 0;

	if (!draft->options->since_start)
		err = rows_add_inherited(rows, draft, &legacies);
	if (!err)
		err = rows_add_cells(rows, draft, &legacies);
	table_release(&legacies);
	return err;
}

int growth_rows_make(struct growth_draft *draft)
{
	_cleanup_(row_list_release) struct row_list rows = {0};
	int err;

	err = rows_collect(&rows, draft);
	if (err)
		return err;
	row_list_merge(&rows);
	if (draft->estimate.period_pages > 1) {
		err = rows_relabel_small(&rows, draft);
		if (err)
			return err;
		row_list_merge(&rows);
	}
	rows_count_bytes(&rows, &draft->estimate);
	err = rows_add_subtracted(&rows, draft);
	if (err)
		return err;
	row_list_sort(&rows);
	processes_show(&rows, draft);
	return rows_publish(&rows, draft->owned);
}

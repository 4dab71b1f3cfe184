// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_rows.h"

#include <string.h>

#include "model/growth_collect.h"
#include "model/row_list.h"

#define LABEL_OTHERS "[others]"

/* Turns stacks of too few samples into [others] of their process and kind; merge afterwards. */
static int rows_relabel_small(struct row_list *rows, struct growth_draft *draft)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct growth_row *row = &rows->row[i];
		struct frame_names names;
		int err;

		if (row->origin != STACK_USER || row->samples >= ESTIMATE_MIN_SAMPLES ||
		    row->from_samples >= ESTIMATE_MIN_SAMPLES)
			continue;
		err = frame_names_make_label(&draft->owned->arena, LABEL_OTHERS,
					     row->inherited_from_pid, &names);
		if (err)
			return err;
		row->comm = row->process->comm;
		row->stack_id = 0;
		frame_names_of_row(&names, row);
	}
	return 0;
}

/* --- figures ------------------------------------------------------------------------------ */

static void row_count_allocated(struct growth_row *row, const struct estimate *estimate)
{
	row->allocated_bytes = estimate_bytes(estimate, row->led_slots);
	row->allocated_above = row->allocated_slots && !row->led_slots;
}

/* What a row of `to` holds, next to how that has changed. */
static void row_count_change(struct growth_row *row, const struct estimate *estimate)
{
	row->bytes = (int64_t)estimate_bytes(estimate, row->samples);
	row->change_bytes = row->bytes - (int64_t)estimate_bytes(estimate, row->from_samples);
	row->error_bytes = estimate_error_bytes(estimate, row->samples);
}

static void row_count_bytes(struct growth_row *row, const struct estimate *estimate)
{
	row->bytes = (int64_t)estimate_bytes(estimate, row->samples) -
		     (int64_t)estimate_bytes(estimate, row->from_samples);
	row->error_bytes = estimate_error_bytes(
		estimate, row->from_samples
				  ? estimate_changed_slots(row->from_samples, row->samples,
							   row->allocated_slots)
				  : row->samples);
}

static void rows_count_bytes(struct row_list *rows, const struct growth_draft *draft,
			     const struct estimate *estimate)
{
	for (size_t i = 0; i < rows->count; i++) {
		row_count_allocated(&rows->row[i], estimate);
		(draft->previous ? row_count_change : row_count_bytes)(&rows->row[i], estimate);
	}
}

/* Where growth is asked for, what has stayed the same is no answer. */
static void rows_drop_unchanged(struct row_list *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].bytes || rows->row[i].change_bytes)
			rows->row[kept++] = rows->row[i];
	rows->count = kept;
}

/* What was there before but could not be adopted: a row of the bytes that the account found. */
static int rows_add_subtracted(struct row_list *rows, struct growth_draft *draft)
{
	const struct growth *growth = &draft->owned->growth;
	struct known_stack before = {.origin = STACK_BEFORE};
	int err;

	/* what was left over does not grow */
	if (draft->options->since_start || draft->from || !row_kind_is_wanted(draft, KIND_ANON))
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
		row.bytes = (int64_t)anon->before_bytes;
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

/* Renderers have all rows as text at once, each with frames of its own. */
static bool rows_are_too_long(const struct row_list *rows, uint64_t bytes_max)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < rows->count && bytes <= bytes_max; i++)
		for (uint32_t frame = 0; frame < rows->row[i].frame_count; frame++)
			bytes += strlen(rows->row[i].frames[frame]) + 1;
	return bytes > bytes_max;
}

static int rows_publish(const struct row_list *rows, const struct growth_draft *draft)
{
	struct growth_owned *owned = draft->owned;
	struct growth *growth = &owned->growth;
	uint64_t text_bytes_max = draft->options->text_bytes_max;

	if (text_bytes_max && rows_are_too_long(rows, text_bytes_max))
		return -EFBIG;
	growth->rows = arena_copy(&owned->arena, rows->row, rows->count * sizeof(*rows->row));
	if (!growth->rows)
		return -ENOMEM;
	growth->row_count = rows->count;
	for (size_t i = 0; i < rows->count; i++) {
		const struct growth_row *row = &growth->rows[i];

		growth->total_bytes = estimate_add_signed(growth->total_bytes, row->bytes);
		growth->change_bytes = estimate_add_signed(growth->change_bytes, row->change_bytes);
		growth->kind_bytes[row->kind] =
			estimate_add_signed(growth->kind_bytes[row->kind], row->bytes);
	}
	return 0;
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

static int reserved_make(struct row_list *rows, struct growth_draft *draft)
{
	const struct known_snapshot *before = draft->previous ? draft->previous : draft->from;
	int err = rows_collect_reserved(rows, draft, draft->to);

	if (!err && before)
		err = rows_collect_reserved(rows, draft, before);
	row_list_merge(rows);
	return err;
}

int growth_reserved_make(struct growth_draft *draft)
{
	_cleanup_(row_list_release) struct row_list rows = {0};
	/* Addresses are not sampled: every page is one. */
	const struct estimate exact = {1, draft->estimate.page_size_bytes};
	int err = reserved_make(&rows, draft);

	if (err)
		return err;
	rows_count_bytes(&rows, draft, &exact);
	if (draft->from || draft->previous)
		rows_drop_unchanged(&rows);
	reserved_explain(draft);
	row_list_sort(&rows);
	return rows_publish(&rows, draft);
}

static int rows_make(struct row_list *rows, struct growth_draft *draft)
{
	const struct known_snapshot *before = draft->previous ? draft->previous : draft->from;
	_cleanup_(row_list_release) struct row_list beside = {0};
	struct row_list *gross = draft->options->since_start ? rows : &beside;
	int err = rows_collect(rows, gross, draft, draft->to);

	if (!err && before)
		err = rows_collect(rows, gross, draft, before);
	row_list_merge(rows);
	row_list_merge(&beside);
	row_list_attach_gross(rows, gross, draft->from);
	if (err || draft->estimate.period_pages == 1)
		return err;
	err = rows_relabel_small(rows, draft);
	row_list_merge(rows);
	return err;
}

int growth_rows_make(struct growth_draft *draft)
{
	_cleanup_(row_list_release) struct row_list rows = {0};
	int err;

	err = rows_make(&rows, draft);
	if (err)
		return err;
	rows_count_bytes(&rows, draft, &draft->estimate);
	if (draft->from || draft->previous)
		rows_drop_unchanged(&rows);
	err = rows_add_subtracted(&rows, draft);
	if (err)
		return err;
	row_list_sort(&rows);
	processes_show(&rows, draft);
	return rows_publish(&rows, draft);
}

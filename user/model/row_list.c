// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/row_list.h"

#include <string.h>

#include "model/estimate.h"

int row_list_add(struct row_list *rows, const struct growth_row *row)
{
	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity ? rows->capacity * 2 : 256;
		struct growth_row *grown = reallocarray(rows->row, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rows->row = grown;
		rows->capacity = capacity;
	}
	rows->row[rows->count++] = *row;
	return 0;
}

void row_list_release(struct row_list *rows)
{
	free(rows->row);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_frames(const struct growth_row *a, const struct growth_row *b)
{
	for (uint32_t i = 0; i < a->frame_count && i < b->frame_count; i++) {
		int order = a->frames[i] == b->frames[i] ? 0 : strcmp(a->frames[i], b->frames[i]);

		if (order)
			return order;
	}
	if (a->frame_count != b->frame_count)
		return compare_u64(a->frame_count, b->frame_count);
	return compare_u64(a->kernel_frame_count, b->kernel_frame_count);
}

/* By process, name and frames: what one thread name has allocated at one place. */
static int compare_stack(const struct growth_row *a, const struct growth_row *b)
{
	int order = compare_u64(a->process->pid, b->process->pid);

	if (!order)
		order = compare_u64(a->process->id, b->process->id);
	if (!order)
		order = compare_u64(a->inherited_from_pid, b->inherited_from_pid);
	if (!order)
		order = compare_u64(a->origin, b->origin);
	if (!order)
		order = strcmp(a->comm, b->comm);
	return order ? order : compare_frames(a, b);
}

/* By everything but the figures: 0 means that the two are one row. */
static int compare_identity(const void *left, const void *right)
{
	const struct growth_row *a = left;
	const struct growth_row *b = right;
	int order = compare_stack(a, b);

	return order ? order : compare_u64(a->kind, b->kind);
}

static void row_add(struct growth_row *sum, const struct growth_row *row)
{
	sum->samples = estimate_add(sum->samples, row->samples);
	sum->from_samples = estimate_add(sum->from_samples, row->from_samples);
	sum->allocated_slots = estimate_add(sum->allocated_slots, row->allocated_slots);
	sum->led_slots = estimate_add(sum->led_slots, row->led_slots);
}

void row_list_merge(struct row_list *rows)
{
	size_t kept = 0;

	if (!rows->count)
		return;
	qsort(rows->row, rows->count, sizeof(*rows->row), compare_identity);
	for (size_t i = 1; i < rows->count; i++) {
		struct growth_row *last = &rows->row[kept];

		if (compare_identity(last, &rows->row[i]) != 0) {
			rows->row[++kept] = rows->row[i];
			continue;
		}
		row_add(last, &rows->row[i]);
	}
	rows->count = kept + 1;
}

/* Counters only rise; less than before is a cell that was retired meanwhile. */
static uint64_t gross_since(const struct growth_row *gross)
{
	return gross->samples > gross->from_samples ? gross->samples - gross->from_samples : 0;
}

/* Where growth is asked for, what has stayed the same will not be shown. */
static int64_t lead_of(const struct growth_row *row, bool grown)
{
	if (grown && row->samples == row->from_samples)
		return INT64_MIN;
	return (int64_t)row->samples - (grown ? (int64_t)row->from_samples : 0);
}

/* Of the rows of one stack, which are neighbours. Returns how many they are. */
static size_t attach_stack(struct growth_row *rows, size_t count, const struct growth_row *gross,
			   bool grown)
{
	size_t of_stack = 0, lead = 0;

	for (; of_stack < count && compare_stack(&rows[of_stack], gross) == 0; of_stack++) {
		rows[of_stack].allocated_slots = gross_since(gross);
		if (lead_of(&rows[of_stack], grown) > lead_of(&rows[lead], grown))
			lead = of_stack;
	}
	if (of_stack)
		rows[lead].led_slots = gross_since(gross);
	return of_stack;
}

void row_list_attach_gross(struct row_list *rows, const struct row_list *gross, bool grown)
{
	size_t row = 0;

	for (size_t i = 0; i < gross->count; i++) {
		while (row < rows->count && compare_stack(&rows->row[row], &gross->row[i]) < 0)
			row++;
		row += attach_stack(rows->row + row, rows->count - row, &gross->row[i], grown);
	}
}

static int compare_bytes(const void *left, const void *right)
{
	const struct growth_row *a = left;
	const struct growth_row *b = right;
	int order = (b->bytes > a->bytes) - (b->bytes < a->bytes);

	return order ? order : compare_identity(left, right);
}

void row_list_sort(struct row_list *rows)
{
	if (rows->count)
		qsort(rows->row, rows->count, sizeof(*rows->row), compare_bytes);
}

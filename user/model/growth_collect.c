// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_collect.h"

#include <string.h>

static const struct growth_process *process_of(const struct growth_draft *draft,
					       const struct known_process *process)
{
	return table_get(&draft->process_by_id, id_key(process->event.id));
}

bool row_kind_is_wanted(const struct growth_draft *draft, enum memory_kind kind)
{
	return !draft->options->kinds || draft->options->kinds & 1U << kind;
}

int row_start(struct growth_draft *draft, const struct growth_process *process,
	      const struct known_stack *stack, uint32_t inherited_from_pid,
	      struct growth_row *ret_row)
{
	struct frame_names names;
	const char *comm;
	int err;

	err = frame_names_make(&draft->namer, stack, inherited_from_pid, &names);
	if (err)
		return err;
	comm = process->comm;
	/* an inherited page was never touched by a thread of this process */
	if (stack->comm[0] && !inherited_from_pid && strcmp(stack->comm, comm) != 0)
		/* a copy: the stack may be forgotten while the rows are still looked at */
		comm = arena_strdup(&draft->owned->arena, stack->comm);
	if (!comm)
		return -ENOMEM;
	*ret_row = (struct growth_row){
		.process = process,
		.comm = comm,
		.origin = stack->origin,
		.stack_id = stack->origin == STACK_USER ? stack->id : 0,
		.inherited_from_pid = inherited_from_pid,
	};
	frame_names_of_row(&names, ret_row);
	return 0;
}

/* One of the snapshots while its cells become rows. */
struct collection {
	struct row_list *rows, *gross;
	struct growth_draft *draft;
	const struct known_snapshot *snapshot;
	bool from; /* it is the one that growth, or change, is counted from */
	struct table legacies;
};

static int collect_row(const struct collection *collection, struct row_list *rows,
		       struct growth_row *row, uint64_t slots)
{
	*(collection->from ? &row->from_samples : &row->samples) = slots;
	return row_list_add(rows, row);
}

/* One row for each kind that holds something. */
static int collect_kinds(const struct collection *collection, struct growth_row row,
			 const uint64_t slots[KIND_COUNT])
{
	int err;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (!slots[kind] || !row_kind_is_wanted(collection->draft, kind))
			continue;
		row.kind = kind;
		err = collect_row(collection, collection->rows, &row, slots[kind]);
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

static int legacy_add(struct collection *collection, const struct known_inherited *inherited)
{
	struct table_key key = legacy_key(inherited->event.author, inherited->stack->id);
	struct legacy *legacy = table_get(&collection->legacies, key);
	int err;

	if (!legacy) {
		legacy = arena_alloc(&collection->draft->owned->arena, 1, sizeof(*legacy));
		err = legacy ? table_put(&collection->legacies, key, legacy) : -ENOMEM;
		if (err)
			return err;
	}
	for (int kind = 0; kind < KIND_COUNT; kind++)
		legacy->slots[kind] =
			estimate_add(legacy->slots[kind], inherited->event.exclusive_slots[kind]);
	return 0;
}

static int collect_inherited(struct collection *collection)
{
	struct growth_draft *draft = collection->draft;
	int err;

	for (const struct known_inherited *inherited = collection->snapshot->first_inherited;
	     inherited; inherited = inherited->next) {
		const struct growth_process *heir = process_of(draft, inherited->process);
		struct growth_row row;

		if (!heir->shown || !author_has_ended(inherited))
			continue;
		err = row_start(draft, heir, inherited->stack, inherited->event.author_pid, &row);
		if (!err)
			err = collect_kinds(collection, row, inherited->event.exclusive_slots);
		if (!err)
			err = legacy_add(collection, inherited);
		if (err)
			return err;
	}
	return 0;
}

static int collect_live(const struct collection *collection, struct growth_row row,
			const struct known_cell *cell)
{
	struct legacy *legacy = table_get(&collection->legacies,
					  legacy_key(cell->process->event.id, cell->stack->id));
	uint64_t slots[KIND_COUNT];

	known_cell_slots(cell, row.process->at_end, slots);
	for (int kind = 0; legacy && kind < KIND_COUNT; kind++) {
		uint64_t given = legacy->slots[kind];

		if (given > slots[kind])
			given = slots[kind];
		slots[kind] -= given;
		legacy->slots[kind] -= given;
	}
	return collect_kinds(collection, row, slots);
}

/* A stack that holds nothing, and has no row, is counted all the same: it may have one later. */
static int collect_gross(const struct collection *collection, struct growth_row row,
			 const struct known_cell *cell)
{
	if (!cell->allocated_slots)
		return 0;
	row.kind = GROWTH_KIND_ANY;
	return collect_row(collection, collection->gross, &row, cell->allocated_slots);
}

static int collect_cells(const struct collection *collection)
{
	struct growth_draft *draft = collection->draft;
	int err;

	for (const struct known_cell *cell = collection->snapshot->first_cell; cell;
	     cell = cell->next) {
		const struct growth_process *process = process_of(draft, cell->process);
		struct growth_row row;

		err = row_start(draft, process, cell->stack, 0, &row);
		if (err)
			return err;
		err = collect_gross(collection, row, cell);
		if (!err && !draft->options->since_start)
			err = collect_live(collection, row, cell);
		if (err)
			return err;
	}
	return 0;
}

int rows_collect(struct row_list *rows, struct row_list *gross, struct growth_draft *draft,
		 const struct known_snapshot *snapshot)
{
	struct collection collection = {
		.rows = rows,
		.gross = gross,
		.draft = draft,
		.snapshot = snapshot,
		.from = snapshot != draft->to,
	};
	int err = 0;

	if (!draft->options->since_start)
		err = collect_inherited(&collection);
	if (!err)
		err = collect_cells(&collection);
	table_release(&collection.legacies);
	return err;
}

static int collect_reserved(const struct collection *collection,
			    const struct known_reserved *reserved)
{
	struct growth_draft *draft = collection->draft;
	struct growth_process *process =
		table_get(&draft->process_by_id, id_key(reserved->process->event.id));
	uint64_t pages = reserved->bytes / draft->estimate.page_size_bytes;
	struct growth_row row;
	int err;

	if (!process->shown || !pages)
		return 0;
	if (!collection->from)
		process->reserved_bytes = estimate_add(process->reserved_bytes, reserved->bytes);
	err = row_start(draft, process, reserved->stack, 0, &row);
	row.kind = GROWTH_KIND_ANY;
	return err ? err : collect_row(collection, collection->rows, &row, pages);
}

int rows_collect_reserved(struct row_list *rows, struct growth_draft *draft,
			  const struct known_snapshot *snapshot)
{
	const struct collection collection = {
		.rows = rows,
		.draft = draft,
		.snapshot = snapshot,
		.from = snapshot != draft->to,
	};
	int err = 0;

	for (const struct known_reserved *reserved = snapshot->first_reserved; reserved && !err;
	     reserved = reserved->next)
		err = collect_reserved(&collection, reserved);
	return err;
}

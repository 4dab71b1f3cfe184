// SPDX-License-Identifier: GPL-2.0-or-later
/* What a snapshot counts, by its process and stack, by its cgroup, or of the host. */
#include <string.h>

#include "model/growth_added.h"
#include "model/growth_files.h"

int growth_add_cell(struct growth_builder *builder, const struct event *event)
{
	const struct cell_event *from = &event->cell;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_cell *cell;

	if (!process || !stack)
		return -EBADMSG;
	cell = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*cell)) : NULL;
	if (!cell)
		return -ENOMEM;
	cell->process = process;
	cell->stack = stack;
	memcpy(cell->live_slots, from->live_slots, sizeof(cell->live_slots));
	memcpy(cell->held_slots, from->held_slots, sizeof(cell->held_slots));
	cell->allocated_slots = from->allocated_slots;
	*snapshot->last_cell = cell;
	snapshot->last_cell = &cell->next;
	return 0;
}

int growth_add_inherited(struct growth_builder *builder, const struct event *event)
{
	const struct inherited_event *from = &event->inherited;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_inherited *inherited;

	if (!process || !stack)
		return -EBADMSG;
	inherited = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*inherited)) : NULL;
	if (!inherited)
		return -ENOMEM;
	inherited->process = process;
	inherited->author = table_get(&builder->processes, id_key(from->author));
	inherited->stack = stack;
	inherited->event = *from;
	*snapshot->last_inherited = inherited;
	snapshot->last_inherited = &inherited->next;
	return 0;
}

static int keep_memory(struct known_snapshot *snapshot, const struct memory_event *event)
{
	struct memory_event *memory = arena_copy(&snapshot->arena, event, sizeof(*event));

	if (!memory)
		return -ENOMEM;
	return table_put(&snapshot->memories, id_key(event->process), memory);
}

int growth_add_memory(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process =
		table_get(&builder->processes, id_key(event->memory.process));

	if (!process)
		return -EBADMSG;
	if (event->memory.when != MEMORY_START) {
		struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

		return snapshot ? keep_memory(snapshot, &event->memory) : -ENOMEM;
	}
	process->start = event->memory;
	process->has_start = true;
	return 0;
}

int growth_add_lost(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_loss *loss;

	loss = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*loss)) : NULL;
	if (!loss)
		return -ENOMEM;
	loss->event = event->lost;
	if (keep_string(&snapshot->arena, &loss->event.cause) ||
	    keep_string(&snapshot->arena, &loss->event.meaning))
		return -ENOMEM;
	*snapshot->last_loss = loss;
	snapshot->last_loss = &loss->next;
	return 0;
}

int growth_add_stack_end(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	if (!snapshot)
		return -ENOMEM;
	snapshot->stack_ends[event->stack_end.end] += event->stack_end.count;
	return 0;
}

int growth_add_reserved(struct growth_builder *builder, const struct event *event)
{
	const struct reserved_event *from = &event->reserved;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_reserved *reserved;

	if (!process || !stack)
		return -EBADMSG;
	reserved = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*reserved)) : NULL;
	if (!reserved)
		return -ENOMEM;
	reserved->process = process;
	reserved->stack = stack;
	reserved->bytes = from->bytes;
	*snapshot->last_reserved = reserved;
	snapshot->last_reserved = &reserved->next;
	return 0;
}

static int keep_mappings(struct known_snapshot *snapshot, const struct mappings_event *event)
{
	struct known_mappings *mappings = table_get(&snapshot->mappings, id_key(event->process));
	int err = 0;

	if (!mappings) {
		mappings = arena_alloc(&snapshot->arena, 1, sizeof(*mappings));
		err = mappings ? table_put(&snapshot->mappings, id_key(event->process), mappings)
			       : -ENOMEM;
	}
	if (!err)
		mappings->by_kind[event->kind] = *event;
	return err;
}

int growth_add_mappings(struct growth_builder *builder, const struct event *event)
{
	const struct mappings_event *from = &event->mappings;
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	if (!table_get(&builder->processes, id_key(from->process)) ||
	    from->kind >= MAPPING_KIND_COUNT)
		return -EBADMSG;
	return snapshot ? keep_mappings(snapshot, from) : -ENOMEM;
}

int growth_add_host(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot;

	if (event->host.when == MEMORY_START) {
		builder->host = event->host;
		return 0;
	}
	snapshot = snapshots_filling(&builder->snapshots);
	if (!snapshot)
		return -ENOMEM;
	snapshot->host = event->host;
	return 0;
}

int growth_add_file(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	return snapshot ? growth_file_add(snapshot, &event->file) : -ENOMEM;
}

static int keep_cgroup(struct arena *arena, struct table *cgroups, const struct cgroup_event *event)
{
	struct cgroup_event *cgroup = arena_copy(arena, event, sizeof(*event));

	if (!cgroup || keep_string(arena, &cgroup->path))
		return -ENOMEM;
	return table_put(cgroups, id_key(event->id), cgroup);
}

int growth_add_cgroup(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot;

	if (!event->cgroup.path)
		return -EBADMSG;
	if (event->cgroup.when == MEMORY_START)
		return keep_cgroup(&builder->arena, &builder->cgroups, &event->cgroup);
	snapshot = snapshots_filling(&builder->snapshots);
	return snapshot ? keep_cgroup(&snapshot->arena, &snapshot->cgroups, &event->cgroup)
			: -ENOMEM;
}

/* The cgroup's figures may come later, or never. */
int growth_add_member(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct member_event *member;

	if (!table_get(&builder->processes, id_key(event->member.process)))
		return -EBADMSG;
	member = snapshot ? arena_copy(&snapshot->arena, &event->member, sizeof(*member)) : NULL;
	if (!member)
		return -ENOMEM;
	return table_put(&snapshot->members, id_key(member->process), member);
}

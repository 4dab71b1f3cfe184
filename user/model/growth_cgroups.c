// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_cgroups.h"

#include <string.h>

#include "model/balance.h"

/* Slots of anon where processes' memory was adopted. */
struct adopted {
	uint64_t from, to; /* there before tracing, and still */
	uint64_t moved_in; /* came with processes */
	uint64_t split_huge;
};

/* One cgroup while its figures are made. */
struct group {
	const struct cgroup_event *now;
	const struct cgroup_event *before; /* NULL: it was not there, or nobody knows */
	bool before_known;
	uint64_t from_slots[KIND_COUNT]; /* of its own processes alone */
	uint64_t to_slots[KIND_COUNT];
	uint64_t all_from_slots[KIND_COUNT]; /* with all below it */
	uint64_t all_to_slots[KIND_COUNT];
	struct adopted own, all;
};

struct groups {
	struct group *items;
	size_t count;
	struct table by_id; /* -> struct group */
};

static const struct cgroup_event *cgroup_of(const struct known_snapshot *snapshot,
					    uint32_t process_id)
{
	const struct member_event *member = table_get(&snapshot->members, id_key(process_id));

	return member ? table_get(&snapshot->cgroups, id_key(member->cgroup)) : NULL;
}

const char *growth_cgroup_of(const struct growth_draft *draft, uint32_t process_id)
{
	const struct cgroup_event *cgroup = cgroup_of(draft->to, process_id);

	if (!cgroup && draft->from)
		cgroup = cgroup_of(draft->from, process_id);
	return cgroup ? cgroup->path : NULL;
}

/*
 * Before the session, or the interval. One that came later had nothing; but of one that was there
 * without a process of ours nothing is told in a snapshot.
 */
static void find_before(const struct growth_draft *draft, uint32_t id, struct group *group)
{
	const struct cgroup_event *start = table_get(&draft->builder->cgroups, id_key(id));

	group->before = draft->from ? table_get(&draft->from->cgroups, id_key(id)) : start;
	group->before_known = group->before || !start;
}

static int groups_make(struct groups *groups, const struct growth_draft *draft)
{
	const struct table *cgroups = &draft->to->cgroups;

	groups->items = arena_alloc(&draft->owned->arena, cgroups->count, sizeof(*groups->items));
	if (!groups->items)
		return -ENOMEM;
	for (size_t i = 0; i < cgroups->capacity; i++) {
		const struct cgroup_event *event = cgroups->entries[i].value;
		struct group *group;

		if (!event)
			continue;
		group = &groups->items[groups->count++];
		*group = (struct group){.now = event};
		find_before(draft, event->id, group);
		if (table_put(&groups->by_id, id_key(event->id), group))
			return -ENOMEM;
	}
	return 0;
}

/* A process that moved in is charged for what it had in the cgroup that it comes from. */
static bool has_moved_in(const struct known_process *process)
{
	return process->has_start && process->start.known & MEMORY_JOINED;
}

static void count_before(struct adopted *adopted, const struct known_cell *cell, bool from)
{
	bool moved_in = has_moved_in(cell->process);
	uint64_t *slots = moved_in ? &adopted->moved_in : from ? &adopted->from : &adopted->to;

	if (!moved_in || !from)
		*slots = estimate_add(*slots, cell->live_slots[KIND_ANON]);
}

static void count_split_huge(const struct groups *groups, const struct growth_draft *draft)
{
	const struct table *members = &draft->to->members;

	for (size_t i = 0; i < members->capacity; i++) {
		const struct member_event *member = members->entries[i].value;
		const struct memory_event *memory =
			member ? snapshot_memory(draft->to, member->process) : NULL;
		struct group *group =
			member ? table_get(&groups->by_id, id_key(member->cgroup)) : NULL;

		if (group && memory && memory->known & MEMORY_SPLIT_HUGE)
			group->own.split_huge =
				estimate_add(group->own.split_huge, memory->split_huge_slots);
	}
}

/* What was there before tracing is on the kernel's side of the balance. */
static void count_cells(const struct groups *groups, const struct known_snapshot *snapshot,
			bool from)
{
	for (const struct known_cell *cell = snapshot->first_cell; cell; cell = cell->next) {
		const struct member_event *member =
			table_get(&snapshot->members, id_key(cell->process->event.id));
		struct group *group =
			member ? table_get(&groups->by_id, id_key(member->cgroup)) : NULL;

		if (group && cell->stack->origin == STACK_BEFORE)
			count_before(&group->own, cell, from);
		for (int kind = 0; group && kind < KIND_COUNT; kind++) {
			uint64_t *slots = &(from ? group->from_slots : group->to_slots)[kind];

			if (cell->stack->origin != STACK_BEFORE)
				*slots = estimate_add(*slots, cell->live_slots[kind]);
		}
	}
}

static int rank_of(char byte)
{
	return byte == '/' ? 1 : byte ? (unsigned char)byte + 1 : 0;
}

/* As strcmp(), but a slash before all else: what is below a cgroup follows it without a gap. */
static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank_of(*a) - rank_of(*b);
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int order = compare_paths(a->now->path, b->now->path);

	return order ? order : (a->now->id > b->now->id) - (a->now->id < b->now->id);
}

static bool is_below(const struct group *group, const struct group *above)
{
	const char *path = group->now->path, *parent = above->now->path;
	size_t len = strcmp(parent, "/") == 0 ? 0 : strlen(parent);

	return strncmp(path, parent, len) == 0 && path[len] == '/' && path[len + 1];
}

static void group_add(struct group *sum, const struct group *group)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		sum->all_from_slots[kind] =
			estimate_add(sum->all_from_slots[kind], group->from_slots[kind]);
		sum->all_to_slots[kind] =
			estimate_add(sum->all_to_slots[kind], group->to_slots[kind]);
	}
	sum->all.from = estimate_add(sum->all.from, group->own.from);
	sum->all.to = estimate_add(sum->all.to, group->own.to);
	sum->all.moved_in = estimate_add(sum->all.moved_in, group->own.moved_in);
	sum->all.split_huge = estimate_add(sum->all.split_huge, group->own.split_huge);
}

/* Each to itself and all above it, which are those that came last and are not closed yet. */
static int groups_add_up(struct groups *groups, struct arena *arena)
{
	struct group **open = arena_alloc(arena, groups->count, sizeof(*open));
	size_t depth = 0;

	if (!open)
		return -ENOMEM;
	if (groups->count)
		qsort(groups->items, groups->count, sizeof(*groups->items), compare_groups);
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->items[i];

		while (depth && !is_below(group, open[depth - 1]))
			depth--;
		open[depth++] = group;
		for (size_t above = 0; above < depth; above++)
			group_add(open[above], group);
	}
	return 0;
}

static void balance_with_kernel(struct growth_balance *balance, const struct group *group,
				enum memory_kind kind)
{
	uint32_t bit = 1U << kind;

	if (group->now->known & bit &&
	    (group->before ? group->before->known & bit : group->before_known))
		balance_close(balance, group->before ? group->before->bytes[kind] : 0,
			      group->now->bytes[kind]);
}

const char *cgroup_part_name(enum cgroup_part part)
{
	static const char *const names[] = {
		[CGROUP_SLAB] = "slab",
		[CGROUP_PAGE_TABLES] = "page tables",
		[CGROUP_KERNEL_STACKS] = "kernel stacks",
		[CGROUP_PERCPU] = "percpu",
		[CGROUP_VMALLOC] = "vmalloc",
		[CGROUP_SOCKETS] = "sockets",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == CGROUP_PART_COUNT,
		       "every part has a name");
	return names[part];
}

static struct growth_part part_make(const struct group *group, enum cgroup_part part)
{
	uint32_t bit = 1U << part;
	bool before_known = group->before ? group->before->parts_known & bit : group->before_known;

	return (struct growth_part){
		.known = group->now->parts_known & bit && before_known,
		.has_event = part == CGROUP_SLAB || part == CGROUP_PAGE_TABLES,
		.before_bytes =
			group->before ? estimate_add(group->before->part_bytes[part], 0) : 0,
		.now_bytes = estimate_add(group->now->part_bytes[part], 0),
	};
}

/* Of anon all that its processes had was adopted, so what has gone of it is known. */
static void balance_adopted(struct growth_cgroup *cgroup, const struct growth_draft *draft,
			    const struct adopted *adopted)
{
	struct growth_balance *anon = &cgroup->kinds[KIND_ANON];
	const struct estimate *estimate = &draft->estimate;
	uint64_t before_bytes =
		draft->from ? estimate_bytes(estimate, adopted->from) : anon->before_bytes;

	if (anon->known)
		balance_release(anon, (int64_t)before_bytes -
					      (int64_t)estimate_bytes(estimate, adopted->to));
	cgroup->moved_in_bytes = estimate_bytes(estimate, adopted->moved_in);
	cgroup->split_huge_bytes = estimate_bytes(estimate, adopted->split_huge);
}

static uint64_t firm_bytes(const struct cgroup_event *cgroup)
{
	uint64_t usage_bytes = estimate_add(cgroup->usage_bytes, 0);

	if (!(cgroup->known & CGROUP_RECLAIMABLE_KNOWN))
		return usage_bytes;
	return usage_bytes > cgroup->reclaimable_bytes ? usage_bytes - cgroup->reclaimable_bytes
						       : 0;
}

static struct growth_cgroup cgroup_make(const struct growth_draft *draft, const struct group *group,
					bool one_is_chosen)
{
	struct growth_cgroup cgroup = {
		.path = group->now->path,
		.gone = !group->now->known,
		.chosen = group->now->chosen,
		.usage_known = group->now->known & CGROUP_USAGE_KNOWN,
		.usage_bytes = estimate_add(group->now->usage_bytes, 0),
		.firm_bytes = firm_bytes(group->now),
		.limit_known = group->now->known & CGROUP_LIMIT_KNOWN && group->now->limit_bytes,
		.limit_bytes = estimate_add(group->now->limit_bytes, 0),
	};

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct growth_balance *balance = &cgroup.kinds[kind];

		balance_count(balance, &draft->estimate, group->all_from_slots[kind],
			      group->all_to_slots[kind]);
		balance_with_kernel(balance, group, kind);
		if (balance->ledger_bytes > 0)
			cgroup.ledger_bytes =
				estimate_add(cgroup.ledger_bytes, (uint64_t)balance->ledger_bytes);
	}
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		cgroup.parts[part] = part_make(group, part);
	if (one_is_chosen)
		balance_adopted(&cgroup, draft, &group->all);
	return cgroup;
}

static int compare_cgroups(const void *left, const void *right)
{
	const struct growth_cgroup *a = left;
	const struct growth_cgroup *b = right;

	if (a->chosen != b->chosen)
		return a->chosen ? -1 : 1;
	if (a->ledger_bytes != b->ledger_bytes)
		return a->ledger_bytes > b->ledger_bytes ? -1 : 1;
	return strcmp(a->path, b->path);
}

static int cgroups_fill(struct growth_draft *draft, const struct groups *groups)
{
	struct growth *growth = &draft->owned->growth;
	struct growth_cgroup *cgroups =
		arena_alloc(&draft->owned->arena, groups->count, sizeof(*cgroups));
	bool one_is_chosen = false;

	if (!cgroups)
		return -ENOMEM;
	for (size_t i = 0; i < groups->count; i++)
		one_is_chosen |= groups->items[i].now->chosen;
	for (size_t i = 0; i < groups->count; i++)
		cgroups[i] = cgroup_make(draft, &groups->items[i], one_is_chosen);
	if (groups->count)
		qsort(cgroups, groups->count, sizeof(*cgroups), compare_cgroups);
	growth->cgroups = cgroups;
	growth->cgroup_count = groups->count;
	return 0;
}

int growth_cgroups_make(struct growth_draft *draft)
{
	struct groups groups = {0};
	int err = groups_make(&groups, draft);

	if (!err) {
		count_split_huge(&groups, draft);
		count_cells(&groups, draft->to, false);
		if (draft->from)
			count_cells(&groups, draft->from, true);
		err = groups_add_up(&groups, &draft->owned->arena);
	}
	if (!err)
		err = cgroups_fill(draft, &groups);
	table_release(&groups.by_id);
	return err;
}

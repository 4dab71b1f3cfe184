// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/live_table.h"

#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "model/estimate.h"

/* What is known of a process or stack from one growth to the next. */
struct track {
	double rate_bytes;
	size_t count;             /* of snapshots it was seen in */
	uint64_t history_bytes[]; /* LIVE_HISTORY of them, oldest first; not of stacks */
};

/* Tracks lie in an arena: one set is made for each growth out of the one before. */
struct tracks {
	struct arena arena;
	struct table by_key;
};

struct live_list {
	struct live_row *rows;
	size_t count;
};

struct live_table {
	const struct growth *growth;
	double seconds;       /* between its snapshot and the one before; 0: unknown */
	struct tracks tracks; /* as of this growth */
	struct tracks before; /* as of the one before */
	struct live_list processes, cgroups, stacks;
	struct live_limits limits;
	struct live_row *shown; /* room for what was asked for last */
};

int live_table_new(struct live_table **ret_table)
{
	*ret_table = calloc(1, sizeof(**ret_table));
	return *ret_table ? 0 : -ENOMEM;
}

static void tracks_release(struct tracks *tracks)
{
	table_release(&tracks->by_key);
	arena_release(&tracks->arena);
}

static void rows_release(struct live_table *table)
{
	free(table->processes.rows);
	free(table->cgroups.rows);
	free(table->stacks.rows);
	free(table->shown);
	table->processes = table->cgroups = table->stacks = (struct live_list){0};
	table->shown = NULL;
	table->growth = NULL;
}

void live_table_free(struct live_table *table)
{
	rows_release(table);
	tracks_release(&table->tracks);
	tracks_release(&table->before);
	live_limits_release(&table->limits);
	free(table);
}

/* --- tracks ------------------------------------------------------------------------------- */

static struct table_key process_key(uint32_t id)
{
	return (struct table_key){.major = id};
}

/* FNV-1a. */
static uint64_t mix_string(uint64_t hash, const char *string)
{
	do
		hash = (hash ^ (uint8_t)*string) * 0x100000001b3ULL;
	while (*string++);
	return hash;
}

static uint64_t cgroup_key(const char *path)
{
	return mix_string(0xcbf29ce484222325ULL, path) | UINT64_C(1) << 63;
}

/*
 * By what people read: a stack that gets its names starts anew, which costs it one snapshot's
 * smoothing.
 */
static struct table_key stack_key(const struct growth_row *row)
{
	uint64_t hash = mix_string(0xcbf29ce484222325ULL, row->comm);

	for (uint32_t i = 0; i < row->frame_count; i++)
		hash = mix_string(hash, row->frames[i]);
	hash = (hash ^ row->kind) * 0x100000001b3ULL;
	return (struct table_key){.major = row->process->id, .minor = hash | 1};
}

/* The first rate is what was seen; later ones come closer to it the longer the time in between. */
static double smooth(const struct track *before, double rate, double seconds)
{
	double weight = seconds / (LIVE_RATE_SECONDS + seconds);

	if (!before || before->count < 2)
		return rate;
	return before->rate_bytes + weight * (rate - before->rate_bytes);
}

/* The row gets its rate, and the new set its track, carried on from the old one. 0 or -ENOMEM. */
static int track_row(const struct live_table *table, struct tracks *fresh, struct table_key key,
		     struct live_row *row, size_t history)
{
	const struct track *before = table_get(&table->before.by_key, key);
	struct track *track =
		arena_alloc(&fresh->arena, 1, sizeof(*track) + history * sizeof(uint64_t));

	if (!track || table_put(&fresh->by_key, key, track))
		return -ENOMEM;
	track->count = before ? before->count + 1 : 1;
	if (table->seconds > 0)
		track->rate_bytes =
			smooth(before, (double)row->change_bytes / table->seconds, table->seconds);
	row->rate_bytes = track->rate_bytes;
	if (!history)
		return 0;
	if (before)
		memcpy(track->history_bytes, before->history_bytes + 1,
		       (history - 1) * sizeof(*track->history_bytes));
	track->history_bytes[history - 1] = row->bytes > 0 ? (uint64_t)row->bytes : 0;
	row->history_count = track->count < history ? track->count : history;
	row->history_bytes = track->history_bytes + history - row->history_count;
	return 0;
}

/* --- rows --------------------------------------------------------------------------------- */

static int stacks_make(struct live_table *table, struct tracks *fresh)
{
	const struct growth *growth = table->growth;

	table->stacks.rows = calloc(growth->row_count + 1, sizeof(*table->stacks.rows));
	if (!table->stacks.rows)
		return -ENOMEM;
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *stack = &growth->rows[i];
		struct live_row row = {
			.key = stack->process->id,
			.process = stack->process,
			.stack = stack,
			.bytes = stack->bytes,
			.change_bytes = stack->change_bytes,
		};

		if (track_row(table, fresh, stack_key(stack), &row, 0))
			return -ENOMEM;
		table->stacks.rows[table->stacks.count++] = row;
	}
	return 0;
}

/* One row for each process that has a stack; they are sums of its stacks. */
static int processes_add_up(struct live_table *table)
{
	const struct growth *growth = table->growth;
	struct live_row *rows = calloc(growth->process_count + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *stack = &growth->rows[i];
		struct live_row *row = &rows[stack->process - growth->processes];

		row->key = stack->process->id;
		row->process = stack->process;
		row->bytes = estimate_add_signed(row->bytes, stack->bytes);
		row->change_bytes = estimate_add_signed(row->change_bytes, stack->change_bytes);
	}
	table->processes.rows = rows;
	for (size_t i = 0; i < growth->process_count; i++)
		if (rows[i].process)
			rows[table->processes.count++] = rows[i];
	return 0;
}

static int processes_make(struct live_table *table, struct tracks *fresh)
{
	int err = processes_add_up(table);

	for (size_t i = 0; i < table->processes.count && !err; i++) {
		struct live_row *row = &table->processes.rows[i];

		row->limit = live_limits_of(&table->limits, row->process->cgroup);
		err = track_row(table, fresh, process_key(row->process->id), row, LIVE_HISTORY);
	}
	return err;
}

/* What it held at the snapshot before; what came since had nothing. */
static int64_t change_of_cgroup(const struct live_table *table, struct table_key key, int64_t bytes)
{
	const struct track *before = table_get(&table->before.by_key, key);

	if (before)
		return bytes - (int64_t)before->history_bytes[LIVE_HISTORY - 1];
	return table->seconds > 0 ? bytes : 0;
}

static int cgroups_make(struct live_table *table, struct tracks *fresh)
{
	const struct growth *growth = table->growth;
	int err = 0;

	table->cgroups.rows = calloc(growth->cgroup_count + 1, sizeof(*table->cgroups.rows));
	if (!table->cgroups.rows)
		return -ENOMEM;
	for (size_t i = 0; i < growth->cgroup_count && !err; i++) {
		const struct growth_cgroup *cgroup = &growth->cgroups[i];
		struct live_row *row = &table->cgroups.rows[table->cgroups.count];
		struct table_key key = {.major = cgroup_key(cgroup->path)};

		if (!cgroup->usage_known)
			continue;
		*row = (struct live_row){
			.key = key.major,
			.cgroup = cgroup,
			.limit = live_limits_of(&table->limits, cgroup->path),
			.bytes = (int64_t)cgroup->firm_bytes,
			.change_bytes = change_of_cgroup(table, key, (int64_t)cgroup->firm_bytes),
		};
		err = track_row(table, fresh, key, row, LIVE_HISTORY);
		table->cgroups.count++;
	}
	return err;
}

static int rows_make(struct live_table *table, const struct growth *growth)
{
	struct tracks fresh = {0};
	int err;

	rows_release(table);
	table->growth = growth;
	table->seconds =
		growth->previous_known ? (double)(growth->time_ns - growth->previous_ns) / 1e9 : 0;
	table->shown = calloc(growth->row_count + growth->cgroup_count + 1, sizeof(*table->shown));
	err = table->shown ? stacks_make(table, &fresh) : -ENOMEM;
	if (!err)
		err = processes_make(table, &fresh);
	if (!err)
		err = cgroups_make(table, &fresh);
	if (err) {
		rows_release(table);
		tracks_release(&fresh);
		return err;
	}
	table->tracks = fresh;
	return 0;
}

int live_table_update(struct live_table *table, const struct growth *growth)
{
	tracks_release(&table->before);
	table->before = table->tracks;
	table->tracks = (struct tracks){0};
	if (live_limits_update(&table->limits, growth)) {
		rows_release(table);
		return -ENOMEM;
	}
	return rows_make(table, growth);
}

int live_table_replace(struct live_table *table, const struct growth *growth)
{
	tracks_release(&table->tracks);
	return rows_make(table, growth);
}

const struct growth *live_table_growth(const struct live_table *table)
{
	return table->growth;
}

/* --- order -------------------------------------------------------------------------------- */

/* Ties as in a report: most bytes, then the order of the rows that things were made of. */
static int compare_bytes(const void *left, const void *right)
{
	const struct live_row *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->cgroup != b->cgroup)
		return a->cgroup < b->cgroup ? -1 : 1;
	return (a->stack > b->stack) - (a->stack < b->stack);
}

static int compare_rate(const void *left, const void *right)
{
	const struct live_row *a = left, *b = right;

	if (a->rate_bytes != b->rate_bytes)
		return a->rate_bytes > b->rate_bytes ? -1 : 1;
	return compare_bytes(a, b);
}

static int compare_change(const void *left, const void *right)
{
	const struct live_row *a = left, *b = right;

	if (a->change_bytes != b->change_bytes)
		return a->change_bytes > b->change_bytes ? -1 : 1;
	return compare_bytes(a, b);
}

static const struct order {
	const char *name;
	int (*compare)(const void *left, const void *right);
} orders[] = {
	[LIVE_BY_RATE] = {"rate", compare_rate},
	[LIVE_BY_BYTES] = {"bytes", compare_bytes},
	[LIVE_BY_CHANGE] = {"change", compare_change},
};

_Static_assert(sizeof(orders) / sizeof(orders[0]) == LIVE_ORDER_COUNT, "every order sorts");

const char *live_order_name(enum live_order order)
{
	return orders[order].name;
}

static const char *path_of(const struct live_table *table, uint64_t key)
{
	for (size_t i = 0; i < table->cgroups.count; i++)
		if (table->cgroups.rows[i].key == key)
			return table->cgroups.rows[i].cgroup->path;
	return NULL;
}

static bool is_in(const char *cgroup, const char *path)
{
	size_t len = path && strcmp(path, "/") != 0 ? strlen(path) : 0;

	return cgroup && path && strncmp(cgroup, path, len) == 0 &&
	       (cgroup[len] == '/' || !cgroup[len]);
}

static struct live_rows in_order(struct live_table *table, size_t count, enum live_order order)
{
	if (count)
		qsort(table->shown, count, sizeof(*table->shown), orders[order].compare);
	return (struct live_rows){table->shown, count};
}

static struct live_rows show_all(struct live_table *table, const struct live_list *list,
				 enum live_order order)
{
	if (list->count)
		memcpy(table->shown, list->rows, list->count * sizeof(*table->shown));
	return in_order(table, list->count, order);
}

struct live_rows live_table_processes(struct live_table *table, enum live_order order)
{
	return show_all(table, &table->processes, order);
}

struct live_rows live_table_cgroups(struct live_table *table, enum live_order order)
{
	return show_all(table, &table->cgroups, order);
}

struct live_rows live_table_stacks(struct live_table *table, enum live_owner owner, uint64_t key,
				   enum live_order order)
{
	const char *path = owner == LIVE_OF_CGROUP ? path_of(table, key) : NULL;
	size_t count = 0;

	for (size_t i = 0; i < table->stacks.count; i++) {
		const struct live_row *row = &table->stacks.rows[i];

		if (owner == LIVE_OF_ALL || (owner == LIVE_OF_PROCESS && row->key == key) ||
		    is_in(row->process->cgroup, path))
			table->shown[count++] = *row;
	}
	return in_order(table, count, order);
}

const struct live_limit *live_table_limit(const struct live_table *table)
{
	const struct live_limit *nearest = NULL;

	for (size_t i = 0; i < table->processes.count; i++) {
		const struct live_row *row = &table->processes.rows[i];

		if (!row->process->target)
			continue;
		if (!row->limit || (nearest && nearest != row->limit))
			return NULL;
		nearest = row->limit;
	}
	return nearest;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_snapshots.h"

static struct known_snapshot *snapshot_new(void)
{
	struct known_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	snapshot->last_cell = &snapshot->first_cell;
	snapshot->last_inherited = &snapshot->first_inherited;
	snapshot->last_reserved = &snapshot->first_reserved;
	snapshot->last_loss = &snapshot->first_loss;
	return snapshot;
}

static void snapshot_free(struct known_snapshot *snapshot)
{
	if (!snapshot)
		return;
	table_release(&snapshot->memories);
	table_release(&snapshot->mappings);
	table_release(&snapshot->cgroups);
	table_release(&snapshot->members);
	arena_release(&snapshot->arena);
	free(snapshot);
}

void snapshots_release(struct snapshots *snapshots)
{
	snapshot_free(snapshots->from);
	snapshot_free(snapshots->whole);
	snapshot_free(snapshots->filling);
}

/* The snapshot of 1 s is taken some milliseconds later: it is of that moment all the same. */
#define LATE_SHARE 16

static bool is_after(uint64_t time_ns, uint64_t before_ns, int64_t limit_ns)
{
	uint64_t late_ns = (time_ns - before_ns) / LATE_SHARE;

	return limit_ns < 0 || time_ns - late_ns > (uint64_t)limit_ns;
}

static void replace(struct known_snapshot **place, struct known_snapshot *snapshot)
{
	snapshot_free(*place);
	*place = snapshot;
}

void snapshots_close(struct snapshots *snapshots)
{
	struct known_snapshot *filled = snapshots->filling;

	if (!filled)
		return;
	snapshots->filling = NULL;
	if (snapshots->keep_previous) {
		replace(&snapshots->from, snapshots->whole);
		snapshots->whole = filled;
		return;
	}
	if (snapshots->has_from && filled->timed &&
	    !is_after(filled->time_ns, filled->before_ns, snapshots->from_ns))
		replace(&snapshots->from, filled);
	else
		replace(&snapshots->whole, filled);
}

static void count_seen(struct growth_snapshots *seen, uint64_t time_ns)
{
	if (!seen->count++)
		seen->first_ns = time_ns;
	seen->last_ns = time_ns;
}

int snapshots_open(struct snapshots *snapshots, const struct snapshot_event *event)
{
	struct known_snapshot *snapshot;
	uint64_t before_ns = snapshots->seen.last_ns;

	if (snapshots->seen.count && event->time_ns < snapshots->seen.last_ns)
		return -EBADMSG;
	count_seen(&snapshots->seen, event->time_ns);
	snapshots_close(snapshots);
	if (snapshots->has_to && is_after(event->time_ns, before_ns, snapshots->to_ns)) {
		snapshots->past_to = true;
		return 0;
	}
	snapshot = snapshot_new();
	if (!snapshot)
		return -ENOMEM;
	snapshot->timed = true;
	snapshot->time_ns = event->time_ns;
	snapshot->before_ns = before_ns;
	snapshot->last = event->last;
	snapshots->filling = snapshot;
	return 0;
}

struct known_snapshot *snapshots_filling(struct snapshots *snapshots)
{
	if (!snapshots->filling)
		snapshots->filling = snapshot_new();
	return snapshots->filling;
}

int snapshots_pick(const struct snapshots *snapshots, const struct known_snapshot **ret_to,
		   const struct known_snapshot **ret_from)
{
	static const struct known_snapshot nothing;
	const struct known_snapshot *to = snapshots->whole ? snapshots->whole : snapshots->filling;
	bool asked = snapshots->has_from || snapshots->has_to;

	if (!to)
		to = &nothing;
	if (asked && !to->timed)
		return -ERANGE;
	if (snapshots->has_from && !snapshots->from)
		return -ERANGE;
	*ret_to = to;
	*ret_from = snapshots->has_from ? snapshots->from : NULL;
	return 0;
}

const struct known_snapshot *snapshots_previous(const struct snapshots *snapshots)
{
	return snapshots->keep_previous ? snapshots->from : NULL;
}

const struct memory_event *snapshot_memory(const struct known_snapshot *snapshot,
					   uint32_t process_id)
{
	return table_get(&snapshot->memories, (struct table_key){.major = process_id});
}

const struct known_mappings *snapshot_mappings(const struct known_snapshot *snapshot,
					       uint32_t process_id)
{
	return table_get(&snapshot->mappings, (struct table_key){.major = process_id});
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "capture/recorder.h"
#include "oomtrace.skel.h"

/*
 * By the end the cgroup may be gone, and nobody could say what it was called. Looking for new ones
 * takes memory, and time: a kill does not wait for it.
 */
static void learn_cgroup(struct live *live, const struct ot_stack_record *record)
{
	uint64_t cgroup;

	if (record->account >= live->ledger.account_count)
		return;
	cgroup = live->ledger.accounts[record->account].cgroup;
	if (!live->at_kill)
		cgroups_id(&live->cgroups, cgroup);
	else if (!cgroups_known(&live->cgroups, cgroup))
		live->cgroup_due = true;
}

/*
 * Of what is set aside for a kill the last part is for those who are killed: what records of others
 * tell is refused before.
 */
static bool has_no_room(struct live *live, uint32_t account)
{
	const struct ledger *ledger = &live->ledger;

	if (!live->at_kill || store_can_spare(live->store, RECORDER_RESERVE_BYTES / 4) ||
	    (account < ledger->account_count && ledger->accounts[account].killed))
		return false;
	store_refuse(live->store);
	return true;
}

static int take_stack(struct live *live, const void *data, size_t bytes)
{
	const struct ot_stack_record *record = data;
	int error;

	if (bytes >= offsetof(struct ot_stack_record, frames) && has_no_room(live, record->account))
		return 0;
	error = stacks_add(&live->stacks, &live->lives, data, bytes);
	if (!error && live_cgroups(live))
		learn_cgroup(live, data);
	return error;
}

static int take_kernel_stack(struct live *live, const void *data, size_t bytes)
{
	return stacks_add_kernel(&live->stacks, live->kernel_symbols, data, bytes);
}

static int take_stack_bytes(struct live *live, const void *data, size_t bytes)
{
	return stacks_add_bytes(&live->stacks, data, bytes);
}

static int take_code(struct live *live, const void *data, size_t bytes)
{
	const struct ot_code_record *record = data;

	if (bytes >= offsetof(struct ot_code_record, areas) && has_no_room(live, record->account))
		return 0;
	return lives_code_told(&live->lives, data, bytes);
}

static int take_fork(struct live *live, const void *data, size_t bytes)
{
	const struct ot_process_record *record = data;

	if (bytes < sizeof(*record))
		return -EBADMSG;
	lives_forked(&live->lives, record->tgid, record->parent_tgid);
	return 0;
}

static int take_exec(struct live *live, const void *data, size_t bytes)
{
	const struct ot_process_record *record = data;

	if (bytes < sizeof(*record))
		return -EBADMSG;
	live->lives_ended = true;
	if (!lives_executed(&live->lives, record->tgid))
		return 0;
	live->scan_due = true;
	return live->at_kill ? 0 : live_catch_up(live);
}

static int take_exit(struct live *live, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	live->lives_ended = true;
	return 0;
}

/* Adopted once the ring is empty: many may have come at once, and it takes a look at all tasks. */
static int take_join(struct live *live, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	live->somebody_joined = true;
	return 0;
}

static int take_mover(struct live *live, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	live->mover_due = true;
	return live->at_kill ? 0 : live_catch_up(live);
}

static int take_record(void *context, void *data, size_t bytes)
{
	static int (*const by_type[])(struct live *, const void *, size_t) = {
		[OT_RECORD_STACK] = take_stack,
		[OT_RECORD_FORK] = take_fork,
		[OT_RECORD_EXEC] = take_exec,
		[OT_RECORD_EXIT] = take_exit,
		[OT_RECORD_MOVER] = take_mover,
		[OT_RECORD_KERNEL_STACK] = take_kernel_stack,
		[OT_RECORD_STACK_BYTES] = take_stack_bytes,
		[OT_RECORD_CODE] = take_code,
		[OT_RECORD_JOIN] = take_join,
	};
	struct live *live = context;
	uint32_t type;

	if (bytes < sizeof(type))
		return 0;
	/* However fast records come, signals and the duration are looked at in between. */
	if (clock_monotonic_ns() > live->ring_until_ns)
		live->ring_is_behind = true;
	live->has_news = true;
	memcpy(&type, data, sizeof(type));
	if (type < sizeof(by_type) / sizeof(by_type[0]) && by_type[type])
		live->error = by_type[type](live, data, bytes);
	if (type < OT_RECORD_TYPES)
		live->taken[type]++;
	/* what is set aside counts what it refuses: whoever watches goes on */
	if (live->error == -ENOMEM && !live->store)
		return live->error;
	return live->ring_is_behind ? RING_LATER : 0;
}

int live_take_records(struct live *live, uint64_t budget_ns)
{
	int taken;

	live->ring_is_behind = false;
	live->ring_until_ns = clock_monotonic_ns() + budget_ns;
	taken = ring_buffer__consume(live->ring);
	return taken > 0 ? 0 : taken;
}

int live_catch_up(struct live *live)
{
	int error = live->scan_due ? programs_scan(live->programs) : 0;

	if (live->cgroup_due)
		cgroups_look(&live->cgroups);
	/* Without it moved pages lose their stack, which the figures show: no reason to end. */
	if (live->mover_due)
		programs_watch_movers(live->programs, true);
	live->scan_due = live->cgroup_due = live->mover_due = false;
	return error;
}

int live_open_ring(struct live *live)
{
	int fd = bpf_map__fd(live->programs->skeleton->maps.records);

	live->ring = ring_buffer__new(fd, take_record, live, NULL);
	return live->ring ? 0 : -errno;
}

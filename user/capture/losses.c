// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/losses.h"

#include <bpf/libbpf.h>

#include "bpf/oomtrace.h"
#include "capture/per_cpu.h"
#include "oomtrace.skel.h"

static const struct loss_name {
	const char *cause;
	const char *meaning;
	bool data;
} names[] = {
	[OT_LOSS_ACCOUNT_FULL] = {"account-full", "allocations of processes that found no account",
				  true},
	[OT_LOSS_CELL_FULL] = {"cell-full", "allocations whose stack found no room", true},
	[OT_LOSS_RING_FULL] = {"ring-full", "stacks that could not be sent", true},
	[OT_LOSS_PROCESS_EVENT] = {"process-event", "forks, execs or exits that were not seen",
				   true},
	[OT_LOSS_FRAME_OUTSIDE] = {"frame-outside", "page frames beyond the ledger", true},
	[OT_LOSS_NULL_PAGE] = {"failed-allocation", "allocations that failed", false},
	[OT_LOSS_NESTED] = {"nested", "allocations that interrupted another one's count", true},
	[OT_LOSS_GHOST] = {"ghost",
			   "pages whose free was not seen, found when they were used again", false},
	[OT_LOSS_MOVER_FULL] = {"mover-full", "moved pages that found no room to wait", true},
	[OT_LOSS_KILL] = {"kill-full", "OOM kills that could not be sent", true},
	[OT_LOSS_SIGKILL] = {"sigkill-full", "SIGKILLs of others that could not be sent", true},
	[OT_LOSS_CURVE] = {"curve-full", "points of curves that could not be sent", true},
	[OT_LOSS_MAPPING] = {"mapping-full", "mappings whose stack could not be sent", true},
	[OT_LOSS_CGROUP_DEPTH] =
		{"cgroup-depth", "looks at processes too deep in cgroups to tell if they are meant",
		 true},
};
_Static_assert(sizeof(names) / sizeof(names[0]) == OT_LOSS_COUNT, "each loss has a name");

const char *losses_cause(uint32_t loss)
{
	return names[loss].cause;
}

static void queue_loss(struct event_queue *queue, const struct loss_name *name, uint64_t count)
{
	struct event event = {
		.type = EVENT_LOST,
		.lost = {.cause = name->cause,
			 .meaning = name->meaning,
			 .count = count,
			 .data = name->data},
	};

	event_queue_push(queue, &event);
}

/*
 * An interrupt that allocates or frees while a program counts on its CPU is skipped, on any busy
 * machine now and then. One in N of these would have been a slot: fewer than four of them are less
 * than what makes a stack visible, and within the error that is printed.
 */
static void queue_recursion(const struct programs *programs, bool all, struct event_queue *queue)
{
	uint64_t misses = programs_recursion_misses(programs);
	uint64_t period = programs->sizes.period_pages;
	const struct loss_name recursion = {
		"recursion", "events the kernel skipped because one was being counted",
		misses >= (period == 1 ? 1 : 4 * period)};

	if (misses || all)
		queue_loss(queue, &recursion, misses);
}

void losses_queue(const struct programs *programs, bool all, struct event_queue *queue)
{
	int fd = bpf_map__fd(programs->skeleton->maps.losses);

	for (uint32_t loss = 0; loss < OT_LOSS_COUNT; loss++) {
		uint64_t count = per_cpu_sum(fd, loss);

		if (count || all)
			queue_loss(queue, &names[loss], count);
	}
	queue_recursion(programs, all, queue);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/stack_ends.h"

#include <bpf/libbpf.h>

#include "capture/per_cpu.h"
#include "oomtrace.skel.h"

#define SAME(name) _Static_assert((int)STACK_END_##name == (int)OT_STACK_END_##name, #name)
SAME(FRAME_POINTERS);
SAME(TRUNCATED);
SAME(COMPLETE);
SAME(NOT_LOADED);
SAME(NO_DATA);
SAME(UNREADABLE);
SAME(UNSUPPORTED);
SAME(BROKEN);
SAME(NOT_64_BIT);
SAME(COUNT);

/*
 * The kernel counted them by what it saw. One fault may take several pages with the same stack:
 * what had the same bytes as one that was walked later ended as those did, as far as can be told.
 */
static void count_late(const struct stacks *stacks, uint64_t same_bytes, uint64_t *counts)
{
	uint64_t walked = 0;

	for (uint32_t end = 0; end < STACK_END_COUNT; end++)
		walked += stacks->late_ends[end];
	counts[STACK_END_NOT_LOADED] += same_bytes;
	for (uint32_t end = 0; end < STACK_END_COUNT && walked; end++) {
		uint64_t moved =
			stacks->late_ends[end] + same_bytes * stacks->late_ends[end] / walked;

		if (moved > counts[STACK_END_NOT_LOADED])
			moved = counts[STACK_END_NOT_LOADED];
		counts[STACK_END_NOT_LOADED] -= moved;
		counts[end] += moved;
	}
}

void stack_ends_queue(const struct programs *programs, const struct stacks *stacks,
		      struct event_queue *queue)
{
	uint64_t counts[STACK_END_COUNT];
	int fd = bpf_map__fd(programs->skeleton->maps.stack_ends);

	for (uint32_t end = 0; end < STACK_END_COUNT; end++)
		counts[end] = per_cpu_sum(fd, end);
	count_late(stacks, per_cpu_sum(fd, OT_STACK_END_SAME_BYTES), counts);
	for (uint32_t end = 0; end < STACK_END_COUNT; end++) {
		const struct event event = {
			.type = EVENT_STACK_END,
			.stack_end = {.end = end, .count = counts[end]},
		};

		if (event.stack_end.count)
			event_queue_push(queue, &event);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/crash_loop.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/incident.h"
#include "model/workload.h"

/* A trend is one where so much of all pairs goes its way, and by so much of the median in all. */
#define TREND_PAIRS 0.6
#define TREND_CHANGE 0.2

/* --- one life ------------------------------------------------------------------------------- */

/* As verdicts count it: page cache is not its own. */
static uint64_t own_bytes(const struct moment_event *moment)
{
	return moment->anon_bytes + moment->shmem_bytes +
	       (moment->known & MOMENT_SWAP ? moment->swap_bytes : 0);
}

/* The two clocks differ by time spent suspended, of which servers have none. */
static void take_age(const struct incident *incident, struct life_event *life)
{
	uint64_t start_ns = incident->victims[0].start_ns;

	if (!start_ns || start_ns > incident->event.monotonic_ns)
		return;
	life->lived_ns = incident->event.monotonic_ns - start_ns;
	life->known |= LIFE_LIVED;
}

static void take_memory(const struct incident *incident, struct life_event *life)
{
	const struct victim_event *kill = &incident->victims[0].kill;

	if (incident->account.known) {
		life->limit_bytes = incident->account.limit_bytes;
		life->known |= LIFE_LIMIT;
	}
	if (!(kill->known & VICTIM_RSS))
		return;
	life->memory_bytes = kill->rss_anon_bytes + kill->rss_shmem_bytes +
			     (kill->known & VICTIM_SWAP_UNKNOWN ? 0 : kill->swap_bytes);
	life->known |= LIFE_MEMORY;
}

/* The first moment that has half of it: an upper bound, for it may have been between two. */
static void take_half(const struct incident *incident, struct life_event *life)
{
	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (!(moment->known & MOMENT_RSS) ||
		    moment->process != incident->victims[0].kill.process ||
		    own_bytes(moment) < life->memory_bytes / 2 ||
		    moment->before_ns > life->lived_ns)
			continue;
		life->half_ns = life->lived_ns - moment->before_ns;
		life->known |= LIFE_HALF;
		return;
	}
}

/* What it had done when it was small; by then it was so old. */
static void take_early(const struct incident *incident, struct life_event *life)
{
	const struct incident_early *early = &incident->early;

	if (!early->row_count || !(life->known & LIFE_LIVED) || early->before_ns > life->lived_ns)
		return;
	workload_top_stacks(early->rows, early->row_count, life->early_hashes, life->early_bytes);
	life->early_ns = life->lived_ns - early->before_ns;
	life->early_held_bytes = early->held_bytes;
	life->known |= LIFE_EARLY;
}

struct life_event life_of(const struct incident *incident)
{
	struct life_event life = {
		.id = incident->event.id,
		.number = 1,
		.realtime_ns = incident->event.realtime_ns,
	};

	if (!incident->victim_count)
		return life;
	life.pid = incident->victims[0].pid;
	take_age(incident, &life);
	take_memory(incident, &life);
	if (life.known & LIFE_LIVED && life.known & LIFE_MEMORY)
		take_half(incident, &life);
	workload_top_stacks(incident->held.rows, incident->held.row_count, life.stack_hashes,
			    life.stack_bytes);
	take_early(incident, &life);
	return life;
}

uint64_t life_start_ns(const struct life_event *life)
{
	if (!(life->known & LIFE_LIVED) || life->lived_ns > life->realtime_ns)
		return 0;
	return life->realtime_ns - life->lived_ns;
}

/* --- all of them ---------------------------------------------------------------------------- */

static int compare_numbers(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* By Kendall's tau, and by how far the last third is from the first, or the last from the first. */
static enum loop_trend trend_of(const uint64_t *values, size_t count, uint64_t median)
{
	size_t pairs = count * (count - 1) / 2, part = count / 3;
	double change = 0;
	long sum = 0;

	if (count < CRASH_LOOP_LEAST)
		return LOOP_TREND_UNKNOWN;
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			sum += (values[j] > values[i]) - (values[j] < values[i]);
	for (size_t i = 0; i < part; i++)
		change += ((double)values[count - 1 - i] - (double)values[i]) / (double)part;
	if (fabs((double)sum) < TREND_PAIRS * (double)pairs ||
	    fabs(change) < TREND_CHANGE * (double)median)
		return LOOP_STEADY;
	return change > 0 ? LOOP_RISING : LOOP_FALLING;
}

static struct loop_figure figure_of(const struct life_event *lives, size_t count,
				    enum life_known known, size_t offset)
{
	uint64_t values[LIVES_MAX + 1], sorted[LIVES_MAX + 1];
	struct loop_figure figure = {.count = 0};

	for (size_t i = 0; i < count; i++)
		if (lives[i].known & known)
			values[figure.count++] =
				*(const uint64_t *)((const char *)&lives[i] + offset);
	if (!figure.count)
		return figure;
	memcpy(sorted, values, figure.count * sizeof(*values));
	qsort(sorted, figure.count, sizeof(*sorted), compare_numbers);
	figure.least = sorted[0];
	figure.median = sorted[figure.count / 2];
	figure.most = sorted[figure.count - 1];
	figure.trend = trend_of(values, figure.count, figure.median);
	return figure;
}

/* False: one of the lives did not have it among its largest, or nobody knows of any but this one.
 */
static bool bytes_in_each(const struct life_event *lives, size_t count, bool early, uint64_t hash,
			  struct loop_stack *stack)
{
	size_t told = 0;

	for (size_t i = 0; i < count; i++) {
		const uint64_t *hashes = early ? lives[i].early_hashes : lives[i].stack_hashes;
		const uint64_t *bytes = early ? lives[i].early_bytes : lives[i].stack_bytes;
		int at = 0;

		stack->bytes[i] = 0;
		if (!hashes[0])
			continue;
		while (at < LIFE_STACKS && hashes[at] != hash)
			at++;
		if (at == LIFE_STACKS)
			return false;
		stack->bytes[i] = bytes[at];
		told++;
	}
	return told > 1;
}

/* Of threads of another name, or another kind of memory. */
static bool is_there(const struct loop_stack *stacks, size_t count, uint64_t hash)
{
	for (size_t i = 0; i < count; i++)
		if (workload_stack_hash(stacks[i].row) == hash)
			return true;
	return false;
}

/* How many of these rows every life had, which are in `stacks` then. */
static size_t common_stacks(const struct crash_loop *loop, const struct growth_row *rows,
			    size_t row_count, bool early, struct loop_stack *stacks)
{
	size_t count = 0;

	for (size_t i = 0; i < row_count && count < LIFE_STACKS; i++) {
		uint64_t hash = workload_stack_hash(&rows[i]);

		if (!hash || is_there(stacks, count, hash) ||
		    !bytes_in_each(loop->lives, loop->life_count, early, hash, &stacks[count]))
			continue;
		stacks[count++].row = &rows[i];
	}
	return count;
}

static int stacks_make(const struct incident *incident, struct arena *arena,
		       struct crash_loop *loop)
{
	struct loop_stack *stacks = arena_alloc(arena, LIFE_STACKS, sizeof(*stacks));
	struct loop_stack *early = arena_alloc(arena, LIFE_STACKS, sizeof(*early));

	if (!stacks || !early)
		return -ENOMEM;
	loop->stack_count =
		common_stacks(loop, incident->held.rows, incident->held.row_count, false, stacks);
	loop->early_count =
		common_stacks(loop, incident->early.rows, incident->early.row_count, true, early);
	loop->stacks = stacks;
	loop->early = early;
	return 0;
}

int crash_loop_make(const struct incident *incident, struct life_event *before, size_t count,
		    struct arena *arena, struct crash_loop *ret_loop)
{
	struct crash_loop loop = {.lives = before, .life_count = count + 1};
	struct life_event *own = &before[count];

	if (!count)
		return 0;
	*own = life_of(incident);
	own->number =
		before[count - 1].number < UINT32_MAX ? before[count - 1].number + 1 : UINT32_MAX;
	loop.number = own->number;
	if (own->realtime_ns > before[0].realtime_ns)
		loop.span_ns = own->realtime_ns - before[0].realtime_ns;
	loop.lived_ns = figure_of(before, loop.life_count, LIFE_LIVED,
				  offsetof(struct life_event, lived_ns));
	loop.memory_bytes = figure_of(before, loop.life_count, LIFE_MEMORY,
				      offsetof(struct life_event, memory_bytes));
	loop.half_ns =
		figure_of(before, loop.life_count, LIFE_HALF, offsetof(struct life_event, half_ns));
	loop.early_ns = figure_of(before, loop.life_count, LIFE_EARLY,
				  offsetof(struct life_event, early_ns));
	if (stacks_make(incident, arena, &loop))
		return -ENOMEM;
	*ret_loop = loop;
	return 0;
}

const char *loop_trend_name(enum loop_trend trend)
{
	static const char *const names[] = {
		[LOOP_TREND_UNKNOWN] = "unknown",
		[LOOP_STEADY] = "steady",
		[LOOP_RISING] = "rising",
		[LOOP_FALLING] = "falling",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == LOOP_TREND_COUNT, "all have a name");
	return names[trend];
}

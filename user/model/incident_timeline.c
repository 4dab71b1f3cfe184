// SPDX-License-Identifier: GPL-2.0-or-later
/* How it got there: the moments before the kill, and how fast memory grew. */
#include "model/incident_events.h"

#include "model/estimate.h"

#define RECENT_NS 10000000000ULL
/* Of the largest candidates; a hostile file could name one process ever so often. */
#define HOLDERS_TO_GROW 256

static int64_t difference(uint64_t now_bytes, uint64_t before_bytes)
{
	return (int64_t)estimate_add(now_bytes, 0) - (int64_t)estimate_add(before_bytes, 0);
}

uint64_t moment_rss_bytes(const struct moment_event *moment)
{
	return estimate_add(estimate_add(moment->anon_bytes, moment->file_bytes),
			    moment->shmem_bytes);
}

/* Curves come one after the other; the timeline has all of them in the order of time. */
static int compare_moments(const void *left, const void *right)
{
	const struct moment_event *a = left, *b = right;

	if (a->before_ns != b->before_ns)
		return a->before_ns > b->before_ns ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return (a->level > b->level) - (a->level < b->level);
}

static int moments_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct moment_event *moments = arena_alloc(
		&draft->owned->arena, kept_count(draft, EVENT_MOMENT), sizeof(*moments));

	if (!moments)
		return -ENOMEM;
	for (const struct kept_event *kept = kept_first(draft, EVENT_MOMENT); kept;
	     kept = kept->next)
		moments[incident->moment_count++] = kept->event.moment;
	qsort(moments, incident->moment_count, sizeof(*moments), compare_moments);
	incident->moments = moments;
	return 0;
}

/* One thing's curve, of which three points are all that is needed. */
struct curve {
	size_t points;
	uint64_t first_ns, recent_ns, last_ns; /* before the kill */
	uint64_t first_bytes, recent_bytes, last_bytes;
};

/* In the order of time; `recent` stays the latest that is old enough. */
static void curve_add(struct curve *curve, uint64_t before_ns, uint64_t bytes)
{
	if (!curve->points++) {
		curve->first_ns = before_ns;
		curve->first_bytes = bytes;
	}
	if (curve->points == 1 || before_ns >= RECENT_NS) {
		curve->recent_ns = before_ns;
		curve->recent_bytes = bytes;
	}
	curve->last_ns = before_ns;
	curve->last_bytes = bytes;
}

static bool curve_tells(const struct curve *curve)
{
	return curve->points > 1 && curve->first_ns > curve->last_ns;
}

static struct incident_growth growth_of(const struct curve *curve, bool of_level)
{
	if (!curve_tells(curve))
		return (struct incident_growth){0};
	return (struct incident_growth){
		.known = true,
		.of_level = of_level,
		.bytes = difference(curve->last_bytes, curve->first_bytes),
		.span_ns = curve->first_ns - curve->last_ns,
		.recent_bytes = difference(curve->last_bytes, curve->recent_bytes),
		.recent_ns =
			curve->recent_ns > curve->last_ns ? curve->recent_ns - curve->last_ns : 0,
	};
}

static struct curve curve_of_process(const struct incident_draft *draft, uint32_t process)
{
	const struct kept_of_process *kept = kept_of(draft->builder, EVENT_MOMENT, process);
	struct curve curve = {0};

	for (const struct kept_event *at = kept ? kept->first : NULL; at; at = at->next_of_same)
		if (at->event.moment.known & MOMENT_RSS)
			curve_add(&curve, at->event.moment.before_ns,
				  moment_rss_bytes(&at->event.moment));
	return curve;
}

/* The kernel's own figure ends the curve, without what it has never grown by. */
static struct curve curve_of_victim(const struct incident_draft *draft)
{
	const struct incident_victim *victim = &draft->owned->incident.victims[0];
	const struct victim_event *kill = &victim->kill;
	uint64_t inherited_bytes = incident_inherited_bytes(victim);
	uint64_t anon_bytes =
		kill->rss_anon_bytes > inherited_bytes ? kill->rss_anon_bytes - inherited_bytes : 0;
	struct curve curve = curve_of_process(draft, kill->process);

	if (curve.points && kill->known & ~kill->before & VICTIM_RSS)
		curve_add(&curve, 0,
			  estimate_add(estimate_add(anon_bytes, kill->rss_file_bytes),
				       kill->rss_shmem_bytes));
	return curve;
}

/* As of the kill, where that is known. */
static const struct level_event *level_of(const struct incident *incident, uint32_t index)
{
	for (size_t i = 0; i < incident->level_count; i++)
		if (incident->levels[i].index == index && incident->levels[i].known & LEVEL_USAGE)
			return &incident->levels[i];
	return NULL;
}

static struct curve curve_of_level(const struct incident_draft *draft, uint32_t index)
{
	const struct incident *incident = &draft->owned->incident;
	const struct level_event *level = level_of(incident, index);
	struct curve curve = {0};

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (!moment->process && moment->level == index && moment->known & MOMENT_USAGE)
			curve_add(&curve, moment->before_ns, moment->usage_bytes);
	}
	if (curve.points && level)
		curve_add(&curve, 0, level->usage_bytes);
	return curve;
}

static struct incident_stall stall_of_level(const struct incident *incident, uint32_t index)
{
	const struct moment_event *first = NULL, *last = NULL;

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (moment->process || moment->level != index || !(moment->known & MOMENT_PRESSURE))
			continue;
		first = first ? first : moment;
		last = moment;
	}
	if (!first || first->before_ns == last->before_ns ||
	    first->stall_some_us > last->stall_some_us ||
	    first->stall_full_us > last->stall_full_us)
		return (struct incident_stall){0};
	return (struct incident_stall){
		.known = true,
		.of_host = index == LEVEL_HOST,
		.some_us = last->stall_some_us - first->stall_some_us,
		.full_us = last->stall_full_us - first->stall_full_us,
		.span_ns = first->before_ns - last->before_ns,
	};
}

int incident_timeline_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	int err = moments_make(draft);
	struct curve curve;

	if (err)
		return err;
	if (incident->victim_count) {
		curve = curve_of_victim(draft);
		incident->growth_rate = growth_of(&curve, false);
	}
	curve = curve_of_level(draft, incident->fired ? incident->fired->index : 0);
	incident->level_growth = growth_of(&curve, true);
	if (!incident->growth_rate.known)
		incident->growth_rate = incident->level_growth;
	incident->stall = stall_of_level(incident, incident->fired ? incident->fired->index : 0);
	if (!incident->stall.known)
		incident->stall = stall_of_level(incident, LEVEL_HOST);
	return 0;
}

/* --- who else ------------------------------------------------------------------------------ */

static void holder_grow(const struct incident_draft *draft, struct incident_holder *holder)
{
	const struct kept_event *process = table_get(
		&draft->builder->by_pid, (struct table_key){.major = holder->candidate.pid});
	struct incident_growth growth;
	struct curve curve;

	if (!process)
		return;
	curve = curve_of_process(draft, process->event.process.id);
	growth = growth_of(&curve, false);
	holder->growth_known = growth.known;
	holder->growth_bytes = growth.bytes;
	holder->growth_ns = growth.span_ns;
}

static uint64_t holds(const struct incident_holder *holder)
{
	return estimate_add(holder->candidate.rss_bytes, holder->candidate.swap_bytes);
}

static int compare_holders(const void *left, const void *right)
{
	const struct incident_holder *a = left, *b = right;

	if (holds(a) != holds(b))
		return holds(a) > holds(b) ? -1 : 1;
	return (a->candidate.pid > b->candidate.pid) - (a->candidate.pid < b->candidate.pid);
}

int incident_candidates_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct incident_holder *holders = arena_alloc(
		&draft->owned->arena, kept_count(draft, EVENT_CANDIDATE), sizeof(*holders));

	if (!holders)
		return -ENOMEM;
	for (const struct kept_event *kept = kept_first(draft, EVENT_CANDIDATE); kept;
	     kept = kept->next)
		holders[incident->candidate_count++].candidate = kept->event.candidate;
	qsort(holders, incident->candidate_count, sizeof(*holders), compare_holders);
	for (size_t i = 0; i < incident->candidate_count && i < HOLDERS_TO_GROW; i++)
		holder_grow(draft, &holders[i]);
	incident->candidates = holders;
	return 0;
}

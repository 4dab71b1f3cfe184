// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody else: who took the last part of the limit, if not the one that was killed. Growth of
 * before does not count: the largest process has grown, too, some day.
 */
#include "model/verdict_rules.h"

#include <math.h>

#include "model/verdict_step.h"

/* Of the limit: the part that came last. */
#define LAST_SHARE 0.2
/* Who took so much of that part, and so many times as much as the victim, it was. */
#define TAKEN_SHARE 0.5
#define TAKEN_TIMES 3
/* Processes that are asked: a hostile file could name ever so many. */
#define ASKED_MAX 64

/* When the level that fired last had that much room, before the kill; UINT64_MAX: not known. */
static uint64_t last_part_begin(const struct verdict_findings *findings)
{
	const struct incident *incident = findings->incident;
	uint64_t begin_ns = UINT64_MAX;

	for (size_t i = 0; incident->fired && i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (moment->process || moment->level != incident->fired->index ||
		    !(moment->known & MOMENT_USAGE))
			continue;
		if ((double)moment->usage_bytes <= (1 - LAST_SHARE) * findings->limit_bytes &&
		    moment->before_ns < begin_ns)
			begin_ns = moment->before_ns;
	}
	return begin_ns;
}

/* Of memory that is not cache: from what it held then to what it held last. */
static double grown_since(const struct incident *incident, uint32_t process, uint64_t begin_ns)
{
	double then = 0, last = 0;

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (moment->process != process || !(moment->known & MOMENT_RSS))
			continue;
		last = (double)moment->anon_bytes + (double)moment->shmem_bytes;
		if (moment->before_ns >= begin_ns)
			then = last;
	}
	return last - then;
}

static bool was_killed(const struct incident *incident, uint32_t process)
{
	for (size_t i = 0; i < incident->victim_count; i++)
		if (incident->victims[i].kill.process == process)
			return true;
	return false;
}

static bool is_one_of(uint32_t process, const uint32_t *processes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (processes[i] == process)
			return true;
	return false;
}

/* Whoever grew the most in that time, among those that were not killed. 0: nobody is known to. */
static uint32_t grower_of(const struct incident *incident, uint64_t begin_ns, double *ret_grown)
{
	uint32_t asked[ASKED_MAX], asked_count = 0, grower = 0;

	for (size_t i = 0; i < incident->moment_count; i++) {
		uint32_t process = incident->moments[i].process;
		double grown;

		if (!process || asked_count == ASKED_MAX || was_killed(incident, process) ||
		    is_one_of(process, asked, asked_count))
			continue;
		asked[asked_count++] = process;
		grown = grown_since(incident, process, begin_ns);
		if (grower && grown <= *ret_grown)
			continue;
		grower = process;
		*ret_grown = grown;
	}
	return grower;
}

static void ask_growers(const struct verdict_findings *findings, struct verdict_step *step,
			uint64_t begin_ns)
{
	double grown = 0, own, limit = findings->limit_bytes;
	uint32_t grower = grower_of(findings->incident, begin_ns, &grown);
	const struct growth_process *process = incident_process(findings->incident, grower);

	if (!grower || !process) {
		step->silent = "nobody else is known to have grown";
		return;
	}
	own = grown_since(findings->incident, findings->victim->kill.process, begin_ns);
	step_fact_text(step, "who grew", process->comm);
	step_fact_number(step, "its pid", UNIT_COUNT, process->pid);
	step_fact_number(step, "the last fifth of the limit took", UNIT_SECONDS,
			 (double)begin_ns / 1e9);
	step_fact_bytes(step, "it grew meanwhile by", grown, limit);
	step_fact_bytes(step, "the victim grew by", own, limit);
	if (grown < TAKEN_SHARE * LAST_SHARE * limit) {
		step->silent = "nobody else took half of the last fifth of the limit";
		return;
	}
	if (grown < TAKEN_TIMES * fmax(0, own)) {
		step->silent = "the victim grew as well";
		return;
	}
	step_fire(step,
		  step_between(grown / limit, TAKEN_SHARE * LAST_SHARE, LAST_SHARE, 0.65, 0.9));
	step_advise(step, "look at the process that grew, not at the one that was killed");
	if (findings->victim->kill.oom_score_adj > 0)
		step_advise(step, "the victim was chosen for its oom_score_adj");
}

void verdict_ask_neighbour(const struct verdict_findings *findings, struct verdict_step *step)
{
	uint64_t begin_ns = last_part_begin(findings);

	if (!findings->victim || findings->limit_bytes <= 0 || begin_ns == UINT64_MAX) {
		step->silent = "it is not known how the limit was filled";
		return;
	}
	ask_growers(findings, step, begin_ns);
}

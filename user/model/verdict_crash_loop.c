// SPDX-License-Identifier: GPL-2.0-or-later
/* The same end again and again. What each life died of, the other rules say. */
#include "model/verdict_rules.h"

#include "model/verdict_step.h"

/* Three may be a bad minute, four are a habit. */
#define CONFIDENCE_THREE 0.9
#define CONFIDENCE_MORE 0.95
/* Lives that are so long have a cause of their own that says more than their number. */
#define LONG_SECONDS 600
#define HOURS_SECONDS 3600
#define CONFIDENCE_LONG 0.45
/* Who has so much so soon, and dies of it, takes it for its start. */
#define START_SECONDS 10

static void take_facts(const struct crash_loop *loop, const struct verdict_findings *findings,
		       struct verdict_step *step)
{
	step_fact_number(step, "killed in a row", UNIT_COUNT, loop->number);
	if (loop->lived_ns.count)
		step_fact_number(step, "time from start to death, the median", UNIT_SECONDS,
				 (double)loop->lived_ns.median / 1e9);
	if (loop->lived_ns.trend != LOOP_TREND_UNKNOWN)
		step_fact_text(step, "from life to life that is",
			       loop_trend_name(loop->lived_ns.trend));
	if (loop->memory_bytes.count)
		step_fact_bytes(step, "memory at death, the median",
				(double)loop->memory_bytes.median, findings->limit_bytes);
	if (loop->half_ns.count)
		step_fact_number(step, "after its start each held half of that within",
				 UNIT_SECONDS, (double)loop->half_ns.most / 1e9);
	if (loop->stack_count)
		step_fact_text(step, "each life allocated most in",
			       step_telling_frame(loop->stacks[0].row));
}

static void advise(const struct crash_loop *loop, struct verdict_step *step)
{
	bool at_start = (loop->half_ns.count &&
			 loop->half_ns.most < START_SECONDS * UINT64_C(1000000000)) ||
			(loop->lived_ns.count &&
			 loop->lived_ns.most < START_SECONDS * UINT64_C(1000000000));

	if (at_start)
		step_advise(step, "what it does at its start needs more than the limit, and a "
				  "restart will not help: load less at once, or raise the limit");
	else
		step_advise(step, "each life runs into the same limit; a restart buys the time of "
				  "one life");
	step_advise(step, "compare it with the life before: oomtrace diff ID");
}

static double confidence_of(const struct crash_loop *loop)
{
	double sure = loop->number > CRASH_LOOP_LEAST ? CONFIDENCE_MORE : CONFIDENCE_THREE;

	return step_between((double)loop->lived_ns.median / 1e9, LONG_SECONDS, HOURS_SECONDS, sure,
			    CONFIDENCE_LONG);
}

void verdict_ask_loop(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct crash_loop *loop = &findings->incident->loop;

	if (!loop->life_count) {
		step->silent = "no life before this one is known to have been killed";
		return;
	}
	take_facts(loop, findings, step);
	if (loop->number < CRASH_LOOP_LEAST) {
		step->silent = "two in a row may be chance";
		return;
	}
	step_fire(step, confidence_of(loop));
	advise(loop, step);
}

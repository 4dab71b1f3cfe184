// SPDX-License-Identifier: GPL-2.0-or-later
/* The program's own memory: a spike, a leak, or a need. */
#include "model/verdict_rules.h"

#include <math.h>

#include "model/verdict_step.h"

/* Did the program's own memory fill the limit at all? */
static bool is_own_memory(const struct verdict_findings *findings, struct verdict_step *step)
{
	step_fact_bytes(step, "the victim held", findings->victim_bytes, findings->limit_bytes);
	if (!findings->limit_bytes || findings->victim_bytes < 0.3 * findings->limit_bytes) {
		step->silent = "the victim held less than 30 % of the limit";
		return false;
	}
	return true;
}

/* What it has inherited it has not grown by. NULL: there is nothing else. */
static const struct growth_row *largest_of_its_own(const struct growth *held)
{
	for (size_t i = 0; i < held->row_count; i++)
		if (!held->rows[i].inherited_from_pid)
			return held->rows[i].bytes > 0 ? &held->rows[i] : NULL;
	return NULL;
}

static void fact_top_stack(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct growth *held = &findings->incident->held;
	const struct growth_row *largest = largest_of_its_own(held);

	if (!largest)
		return;
	step_fact_text(step, "most of it allocated in", step_telling_frame(largest));
	step_fact_bytes(step, "by that one stack", (double)largest->bytes,
			(double)held->total_bytes);
}

/*
 * A spike takes ten seconds, or a tenth of the time that is known, but a minute at most: what fills
 * a server's memory in the last five minutes of a day is load.
 */
#define SPIKE_SECONDS 10
#define SPIKE_TIME_SHARE 0.1
#define SPIKE_SECONDS_MAX 60
/* So much faster than all of its growth: it may be one, it is one, it is nothing else. */
#define HASTE_LEAST 2
#define HASTE_NO_LEAK 3
#define HASTE_SURE 5
/* A curve that is shorter may be of a start. */
#define SHORT_SECONDS 20

/* It had no time to be seen: it was killed before anybody had looked at it twice. */
static bool died_at_once(const struct verdict_findings *findings)
{
	return findings->life_seconds > 0 && findings->life_seconds <= SPIKE_SECONDS;
}

static double seconds_allowed(const struct verdict_findings *findings)
{
	return fmin(SPIKE_SECONDS_MAX, fmax(SPIKE_SECONDS, SPIKE_TIME_SHARE * findings->seconds));
}

/* How much faster the end was than all of it: 1 for whoever grew as fast all the time. */
static double haste_of(const struct verdict_findings *findings)
{
	double all = fmax(findings->grown_bytes, findings->rise_bytes) / findings->seconds;

	return findings->rise_bytes / findings->rise_seconds / all;
}

static bool rose_at_the_end_alone(const struct verdict_findings *findings)
{
	return findings->seconds > 0 && findings->rise_seconds <= seconds_allowed(findings) &&
	       haste_of(findings) >= HASTE_NO_LEAK;
}

/*
 * Of a short curve the process's age tells: at that pace it would have been dead long ago, or it is
 * just starting up.
 */
static double spike_confidence(const struct verdict_findings *findings)
{
	double confidence;

	if (findings->seconds >= SHORT_SECONDS)
		confidence = step_between(haste_of(findings), HASTE_LEAST, HASTE_SURE, 0.55, 0.9);
	else
		confidence = findings->life_seconds > 60 ? 0.8 : 0.55;
	/* of all processes in the cgroup, so of the victim only by likelihood */
	return findings->of_level ? confidence - 0.1 : confidence;
}

/* NULL: it was one. */
static const char *why_no_spike(const struct verdict_findings *findings)
{
	if (findings->rise_seconds > seconds_allowed(findings))
		return "it took longer than a spike does to fill the limit";
	if (findings->peak_bytes > findings->end_bytes - findings->rise_bytes / 2)
		return "it had been as large before";
	if (findings->seconds >= SHORT_SECONDS && haste_of(findings) < HASTE_LEAST)
		return "it rose all the time, not only at the end";
	return NULL;
}

static void advise_of_spike(const struct verdict_findings *findings, struct verdict_step *step)
{
	fact_top_stack(findings, step);
	step_advise(
		step,
		"something asked for much at once: bound the size of one request, read in parts, "
		"or limit how many run at the same time");
}

void verdict_ask_spike(const struct verdict_findings *findings, struct verdict_step *step)
{
	if (!is_own_memory(findings, step))
		return;
	if (findings->seconds <= 0 && !died_at_once(findings)) {
		step->silent = "no curve is known";
		return;
	}
	if (findings->seconds <= 0) {
		step_fact_number(step, "it lived for", UNIT_SECONDS, findings->life_seconds);
		step_fire(step, 0.55);
		advise_of_spike(findings, step);
		return;
	}
	step_fact_bytes(step, "the last part of its growth", findings->rise_bytes,
			findings->limit_bytes);
	if (isfinite(findings->rise_seconds))
		step_fact_number(step, "took", UNIT_SECONDS, findings->rise_seconds);
	step_fact_number(step, "the curve is known for", UNIT_SECONDS, findings->seconds);
	step->silent = why_no_spike(findings);
	if (step->silent)
		return;
	step_fire(step, spike_confidence(findings));
	advise_of_spike(findings, step);
}

void verdict_ask_leak(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct trend *trend = &findings->trend;

	if (!is_own_memory(findings, step))
		return;
	step_fact_text(step, "the curve is", trend_shape_name(trend->shape));
	step_fact_number(step, "watched for", UNIT_SECONDS, trend->seconds);
	if (trend->shape != TREND_RISING || findings->of_level) {
		step->silent = trend->shape == TREND_UNKNOWN ? "too little of its history is known"
							     : "its memory did not rise for good";
		return;
	}
	step_fact_number(step, "it rose by", UNIT_RATE, trend->bytes_per_second);
	if (rose_at_the_end_alone(findings)) {
		step->silent = "most of it came at the end";
		return;
	}
	if (trend->seconds < 20 || findings->grown_bytes < 0.2 * findings->limit_bytes) {
		step->silent = "it rose too briefly, or by too little, to tell a leak from a start";
		return;
	}
	fact_top_stack(findings, step);
	step_fire(step, step_between(trend->seconds, 20, 600, 0.65, 0.95));
	step_advise(
		step,
		"the stacks that grew are in the flame graph of this incident; compare two lives "
		"with oomtrace diff");
}

void verdict_ask_limit(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct trend *trend = &findings->level_trend;
	double limit = findings->limit_bytes;

	if (!is_own_memory(findings, step))
		return;
	step_fact_bytes(step, "it usually held", findings->median_bytes, limit);
	step_fact_number(step, "watched for", UNIT_SECONDS, trend->seconds);
	if (trend->shape != TREND_FLAT || trend->seconds < 60) {
		step->silent = trend->shape == TREND_FLAT ? "it was watched for less than a minute"
							  : "its memory was not steady";
		return;
	}
	if (rose_at_the_end_alone(findings)) {
		step->silent = "it was far smaller before it filled the limit at once";
		return;
	}
	if (findings->median_bytes < 0.75 * limit) {
		step->silent = "it usually held less than three quarters of the limit";
		return;
	}
	step_fire(step, step_between(findings->median_bytes / limit, 0.75, 0.92, 0.6, 0.9));
	step_advise(step,
		    "the program needs about what the limit is, all the time: raise the limit by a "
		    "quarter, or make it hold less");
}

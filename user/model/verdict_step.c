// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/verdict_step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

void step_fact(struct verdict_step *step, struct verdict_fact fact)
{
	if (step->fact_count < VERDICT_FACTS_MAX)
		step->facts[step->fact_count++] = fact;
}

void step_fact_bytes(struct verdict_step *step, const char *what, double bytes, double of)
{
	step_fact(step, (struct verdict_fact){what, UNIT_BYTES, bytes, of, NULL});
}

void step_fact_number(struct verdict_step *step, const char *what, enum verdict_unit unit,
		      double value)
{
	step_fact(step, (struct verdict_fact){what, unit, value, 0, NULL});
}

void step_fact_text(struct verdict_step *step, const char *what, const char *text)
{
	step_fact(step, (struct verdict_fact){what, UNIT_TEXT, 0, 0, text});
}

void step_advise(struct verdict_step *step, const char *advice)
{
	if (step->advice_count < VERDICT_ADVICE_MAX)
		step->advice[step->advice_count++] = advice;
}

void step_advise_setting(const struct verdict_findings *findings, struct verdict_step *step,
			 const char *format, double value)
{
	char setting[96], words[128];
	const char *kept;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(setting, sizeof(setting), format, value);
#pragma GCC diagnostic pop
	snprintf(words, sizeof(words), "set %s", setting);
	kept = arena_strdup(findings->arena, words);
	if (kept)
		step_advise(step, kept);
}

const char *step_telling_frame(const struct growth_row *row)
{
	for (uint32_t i = row->frame_count; i > 0; i--) {
		const struct growth_module *module = row->places[i - 1].module;
		const char *slash = module ? strrchr(module->path, '/') : NULL;

		if (!slash ||
		    (strncmp(slash, "/libc.", 6) != 0 && strncmp(slash, "/libc-", 6) != 0))
			return row->frames[i - 1];
	}
	return row->frames[row->frame_count - 1];
}

void step_fire(struct verdict_step *step, double confidence)
{
	step->fired = true;
	step->confidence = confidence;
}

/* From `low` to `high` confidence while `value` goes from `from` to `to`. */
double step_between(double value, double from, double to, double low, double high)
{
	double share = (value - from) / (to - from);

	return low + (high - low) * fmin(1, fmax(0, share));
}

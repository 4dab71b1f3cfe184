// SPDX-License-Identifier: GPL-2.0-or-later
/* Somebody else. */
#include "model/verdict_rules.h"

#include <math.h>

#include "model/verdict_step.h"

/* Whoever grew the most, among those that were not killed. NULL: nobody is known to. */
static const struct incident_holder *grower_of(const struct incident *incident)
{
	const struct incident_holder *grower = NULL;

	for (size_t i = 0; i < incident->candidate_count; i++) {
		const struct incident_holder *holder = &incident->candidates[i];

		if (holder->candidate.chosen || !holder->growth_known)
			continue;
		if (!grower || holder->growth_bytes > grower->growth_bytes)
			grower = holder;
	}
	return grower;
}

void verdict_ask_neighbour(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct incident *incident = findings->incident;
	const struct incident_holder *grower = grower_of(incident);
	double grown = grower ? (double)grower->growth_bytes : 0;
	double own = incident->growth_rate.known && !incident->growth_rate.of_level
			     ? (double)incident->growth_rate.bytes
			     : 0;

	if (!grower || !findings->limit_bytes) {
		step->silent = "nobody else is known to have grown";
		return;
	}
	step_fact_text(step, "who grew", grower->candidate.comm);
	step_fact_number(step, "its pid", UNIT_COUNT, grower->candidate.pid);
	step_fact_bytes(step, "it grew by", grown, findings->limit_bytes);
	step_fact_bytes(step, "the victim grew by", own, findings->limit_bytes);
	if (grown < 0.2 * findings->limit_bytes) {
		step->silent = "nobody else grew by a fifth of the limit";
		return;
	}
	if (grown < 3 * fmax(0, own)) {
		step->silent = "the victim grew as well";
		return;
	}
	step_fire(step, step_between(grown / findings->limit_bytes, 0.2, 0.6, 0.65, 0.9));
	step_advise(step, "look at the process that grew, not at the one that was killed");
	if (findings->victim && findings->victim->kill.oom_score_adj > 0)
		step_advise(step, "the victim was chosen for its oom_score_adj");
}

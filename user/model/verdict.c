// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/verdict.h"

#include <errno.h>

#include "base/arena.h"
#include "model/verdict_findings.h"
#include "model/verdict_rules.h"

/* Below this a rule's answer is no answer. */
#define CONFIDENT_ENOUGH 0.5

static bool is_answer(const struct verdict_step *step)
{
	return step->fired && step->confidence >= CONFIDENT_ENOUGH;
}

/* What was set wrong is told in any case; and a crash loop has a cause in each of its lives. */
static const struct verdict_step *find_also(const struct verdict *verdict)
{
	bool is_loop = verdict->kind == VERDICT_CRASH_LOOP;
	const struct verdict_step *also = NULL;

	for (size_t i = 0; i < verdict->step_count; i++) {
		const struct verdict_step *step = &verdict->steps[i];

		if (step == verdict->winner || !step->fired)
			continue;
		if (step->rule->kind == VERDICT_RUNTIME_MISCONFIGURED)
			return step;
		if (is_loop && is_answer(step) && (!also || step->confidence > also->confidence))
			also = step;
	}
	return also;
}

int verdict_make(const struct incident *incident, struct arena *arena, struct verdict *ret_verdict)
{
	struct verdict_findings findings;
	struct verdict verdict = {.kind = VERDICT_UNSURE, .step_count = verdict_rule_count};
	struct verdict_step *steps = arena_alloc(arena, verdict_rule_count, sizeof(*steps));
	int err = steps ? verdict_findings_make(incident, arena, &findings) : -ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < verdict_rule_count; i++) {
		steps[i].rule = &verdict_rules[i];
		verdict_rules[i].ask(&findings, &steps[i]);
		if (!is_answer(&steps[i]))
			continue;
		/* of two as confident the first in the table, which is the more specific one */
		if (!verdict.winner || steps[i].confidence > verdict.winner->confidence)
			verdict.winner = &steps[i];
	}
	verdict.steps = steps;
	if (verdict.winner)
		verdict.kind = verdict.winner->rule->kind;
	verdict.also = find_also(&verdict);
	*ret_verdict = verdict;
	return 0;
}

const char *verdict_kind_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_UNSURE] = "unsure",
		[VERDICT_LEAK] = "leak",
		[VERDICT_SPIKE] = "spike",
		[VERDICT_LIMIT_TOO_SMALL] = "limit_too_small",
		[VERDICT_NEIGHBOUR] = "neighbour",
		[VERDICT_PAGE_CACHE] = "page_cache",
		[VERDICT_TMPFS] = "tmpfs",
		[VERDICT_KERNEL_MEMORY] = "kernel_memory",
		[VERDICT_RUNTIME_MISCONFIGURED] = "runtime_misconfigured",
		[VERDICT_CRASH_LOOP] = "crash_loop",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == VERDICT_KIND_COUNT, "all have a name");
	return names[kind];
}

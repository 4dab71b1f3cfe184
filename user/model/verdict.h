/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why it came to a kill: one of a few answers, with what was measured for it. Pure arithmetic over
 * a finished incident, so the same from a file on another machine. Each rule is a row of the table
 * in verdict_rules.c, asked by itself; the most confident of those that fire is the verdict, and
 * where none is confident enough the verdict is "unsure", for a wrong one is worse.
 */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

struct incident;
struct arena;

/* What other programs rely on by name: docs/verdicts.md. */
enum verdict_kind {
	VERDICT_UNSURE,
	VERDICT_LEAK,
	VERDICT_SPIKE,
	VERDICT_LIMIT_TOO_SMALL,
	VERDICT_NEIGHBOUR,
	VERDICT_PAGE_CACHE,
	VERDICT_TMPFS,
	VERDICT_KERNEL_MEMORY,
	VERDICT_RUNTIME_MISCONFIGURED,
	VERDICT_CRASH_LOOP,
	VERDICT_KIND_COUNT,
};

enum verdict_unit {
	UNIT_BYTES, /* `of`: the whole that it is a share of, 0: none */
	UNIT_RATE,  /* bytes a second */
	UNIT_SECONDS,
	UNIT_COUNT,
	UNIT_TEXT,
};

/* One thing that was measured. */
struct verdict_fact {
	const char *what;
	enum verdict_unit unit;
	double value, of;
	const char *text; /* UNIT_TEXT; may be hostile bytes */
};

#define VERDICT_FACTS_MAX 6
#define VERDICT_ADVICE_MAX 3

/* What one rule found. */
struct verdict_step {
	const struct verdict_rule *rule;
	bool fired;
	double confidence; /* 0 to 1; means something when it fired */
	struct verdict_fact facts[VERDICT_FACTS_MAX];
	size_t fact_count;
	const char *silent; /* why it did not fire */
	const char *advice[VERDICT_ADVICE_MAX];
	size_t advice_count;
};

struct verdict_findings;

struct verdict_rule {
	enum verdict_kind kind;
	const char *measures; /* for people: what it looks at */
	const char *silent_when;
	void (*ask)(const struct verdict_findings *findings, struct verdict_step *step);
};

struct verdict {
	enum verdict_kind kind;
	const struct verdict_step *winner; /* NULL: unsure */
	/* a setting to change that is not it, or what each life of a crash loop died of; NULL: none
	 */
	const struct verdict_step *also;
	const struct verdict_step *steps; /* every rule's, in the table's order */
	size_t step_count;
};

/* Everything lies in `arena`, strings may be the incident's. 0 or -ENOMEM. */
int verdict_make(const struct incident *incident, struct arena *arena, struct verdict *ret_verdict);

/* "leak", "limit_too_small" … */
const char *verdict_kind_name(enum verdict_kind kind);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rules of a verdict ask about, worked out once for all of them. Private to verdict*.c.
 */
#ifndef MODEL_VERDICT_FINDINGS_H
#define MODEL_VERDICT_FINDINGS_H

#include "model/incident.h"
#include "model/trend.h"

struct verdict_findings {
	const struct incident *incident;
	struct arena *arena;                  /* for what is worded */
	const struct incident_victim *victim; /* the chosen one; NULL: unknown */
	double limit_bytes;                   /* of what fired; 0: unknown */
	/* anon, shmem and swap at the kill, of the chosen one and of those killed with its group;
	 * 0: unknown */
	double victim_bytes;
	double life_seconds;      /* of the victim; 0: unknown */
	bool facts_known;         /* of the victim: its environment was looked at */
	bool of_level;            /* what is below is of the cgroup's usage, not of the victim */
	struct trend level_trend; /* of all of it */
	struct trend trend;       /* until it reached its end, as is what follows but the median */
	double seconds;           /* of the curve; 0: there is none */
	double grown_bytes;       /* over that time */
	double median_bytes;      /* of all moments */
	double end_bytes;         /* at the kill */
	double peak_bytes;        /* of all moments before the rise */
	double rise_bytes;        /* a share of the limit: */
	double rise_seconds;      /* it grew by so much, up to the kill; INFINITY: by less */
};

/* verdict_curve.c: fills in what is of the curve. 0 or -ENOMEM. */
int verdict_findings_curve(struct verdict_findings *findings);

/* 0 or -ENOMEM. */
int verdict_findings_make(const struct incident *incident, struct arena *arena,
			  struct verdict_findings *ret_findings);

/* Sum of the account's terms of one key; 0 where there is none. */
double findings_term(const struct verdict_findings *findings, const char *key);

/* A figure of the level that fired, by the kernel's own word for it; 0 where there is none. */
double findings_figure(const struct verdict_findings *findings, const char *key);

/* What was taken of the victim before it was killed. NULL: nothing. */
const struct figure_event *findings_fact(const struct verdict_findings *findings, const char *key);
/* The text of it: a variable of its environment. NULL: it has none. */
const char *findings_text(const struct verdict_findings *findings, const char *key);

/* Do its stacks have functions of Go's runtime in them? */
bool findings_is_go(const struct verdict_findings *findings);

#endif

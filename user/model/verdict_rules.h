/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of a verdict, the more specific ones first. docs/verdicts.md is their prose. */
#ifndef MODEL_VERDICT_RULES_H
#define MODEL_VERDICT_RULES_H

#include "model/verdict.h"

extern const struct verdict_rule verdict_rules[];
extern const size_t verdict_rule_count;

/* --- verdict_runtime.c --- */

void verdict_ask_runtime(const struct verdict_findings *findings, struct verdict_step *step);

/* --- verdict_other_memory.c --- */

void verdict_ask_tmpfs(const struct verdict_findings *findings, struct verdict_step *step);
void verdict_ask_kernel(const struct verdict_findings *findings, struct verdict_step *step);
void verdict_ask_page_cache(const struct verdict_findings *findings, struct verdict_step *step);

/* --- verdict_neighbour.c --- */

void verdict_ask_neighbour(const struct verdict_findings *findings, struct verdict_step *step);

/* --- verdict_crash_loop.c --- */

void verdict_ask_loop(const struct verdict_findings *findings, struct verdict_step *step);

/* --- verdict_own_memory.c --- */

void verdict_ask_spike(const struct verdict_findings *findings, struct verdict_step *step);
void verdict_ask_leak(const struct verdict_findings *findings, struct verdict_step *step);
void verdict_ask_limit(const struct verdict_findings *findings, struct verdict_step *step);

#endif

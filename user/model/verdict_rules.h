/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of a verdict, the more specific ones first. docs/verdicts.md is their prose. */
#ifndef MODEL_VERDICT_RULES_H
#define MODEL_VERDICT_RULES_H

#include "model/verdict.h"

extern const struct verdict_rule verdict_rules[];
extern const size_t verdict_rule_count;

#endif

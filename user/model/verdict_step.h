/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule writes down of what it measured. Private to verdict*.c. */
#ifndef MODEL_VERDICT_STEP_H
#define MODEL_VERDICT_STEP_H

#include "model/verdict_findings.h"

void step_fact(struct verdict_step *step, struct verdict_fact fact);
void step_fact_bytes(struct verdict_step *step, const char *what, double bytes, double of);
void step_fact_number(struct verdict_step *step, const char *what, enum verdict_unit unit,
		      double value);
void step_fact_text(struct verdict_step *step, const char *what, const char *text);
void step_advise(struct verdict_step *step, const char *advice);

/* memset and malloc are where memory is touched, not why: the first frame that is not the C
 * library's. */
const char *step_telling_frame(const struct growth_row *row);
/* "set " and the setting, where `format` has one number for printf. */
void step_advise_setting(const struct verdict_findings *findings, struct verdict_step *step,
			 const char *format, double value);
void step_fire(struct verdict_step *step, double confidence);

/* From `low` to `high` confidence while `value` goes from `from` to `to`. */
double step_between(double value, double from, double to, double low, double high);

#endif

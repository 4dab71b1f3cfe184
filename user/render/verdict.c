// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/verdict.h"

#include <math.h>

#include "base/escape.h"
#include "render/quantity.h"

/* As "title     " of the other lines of the heading. */
#define INDENT "            "

static uint64_t whole(double value)
{
	return value <= 0 ? 0 : value >= (double)INT64_MAX ? INT64_MAX : (uint64_t)llround(value);
}

static int64_t whole_signed(double value)
{
	return value < 0 ? -(int64_t)whole(-value) : (int64_t)whole(value);
}

static void fact_value(const struct verdict_fact *fact, struct buf *out)
{
	switch (fact->unit) {
	case UNIT_BYTES:
		quantity_signed_bytes(out, whole_signed(fact->value));
		if (fact->of > 0 && fact->value >= 0) {
			buf_append_string(out, ", ");
			quantity_share(out, whole(fact->value), whole(fact->of));
			buf_append_string(out, " of ");
			quantity_bytes(out, whole(fact->of));
		}
		break;
	case UNIT_RATE:
		quantity_signed_bytes(out, whole_signed(fact->value));
		buf_append_string(out, "/s");
		break;
	case UNIT_SECONDS:
		quantity_duration(out, whole(fact->value * 1e9));
		break;
	case UNIT_COUNT:
		buf_printf(out, "%.0f", fact->value);
		break;
	case UNIT_TEXT:
		escape_terminal_string(out, fact->text);
		break;
	}
}

static void fact_words(const struct verdict_fact *fact, struct buf *out)
{
	buf_printf(out, "%s: ", fact->what);
	fact_value(fact, out);
}

static const char *kind_words(enum verdict_kind kind)
{
	static const char *const words[] = {
		[VERDICT_UNSURE] = "unsure",
		[VERDICT_LEAK] = "a leak",
		[VERDICT_SPIKE] = "a spike",
		[VERDICT_LIMIT_TOO_SMALL] = "the limit is too small",
		[VERDICT_NEIGHBOUR] = "a neighbour filled the memory",
		[VERDICT_PAGE_CACHE] = "page cache that could not be dropped",
		[VERDICT_TMPFS] = "files in a tmpfs, or shared memory",
		[VERDICT_KERNEL_MEMORY] = "kernel memory",
		[VERDICT_RUNTIME_MISCONFIGURED] = "the runtime was told of more than the limit",
		[VERDICT_CRASH_LOOP] = "a crash loop",
	};

	_Static_assert(sizeof(words) / sizeof(words[0]) == VERDICT_KIND_COUNT, "all have words");
	return words[kind];
}

static void verdict_words(const struct verdict *verdict, struct buf *out)
{
	buf_append_string(out, kind_words(verdict->kind));
	if (verdict->winner)
		buf_printf(out, " (confidence %.0f %%)", 100 * verdict->winner->confidence);
	else
		buf_append_string(out,
				  ": no rule fits well enough; --explain shows what each measured");
}

/* What was found besides, on one line with what to do about it. */
static void text_also(const struct verdict_step *also, struct buf *out)
{
	if (!also)
		return;
	buf_append_string(out, "  also      ");
	if (also->rule->kind != VERDICT_RUNTIME_MISCONFIGURED)
		buf_printf(out, "each life by itself: %s (confidence %.0f %%)",
			   kind_words(also->rule->kind), 100 * also->confidence);
	else
		for (size_t i = 0; i < also->fact_count && i < 2; i++) {
			buf_append_string(out, i ? ", " : "");
			fact_words(&also->facts[i], out);
		}
	if (also->advice_count)
		buf_printf(out, ": %s", also->advice[0]);
	buf_append_byte(out, '\n');
}

void text_verdict(const struct verdict *verdict, struct buf *out)
{
	const struct verdict_step *winner = verdict->winner;

	buf_append_string(out, "  verdict   ");
	verdict_words(verdict, out);
	buf_append_byte(out, '\n');
	for (size_t i = 0; winner && i < winner->fact_count; i++) {
		buf_append_string(out, INDENT);
		fact_words(&winner->facts[i], out);
		buf_append_byte(out, '\n');
	}
	for (size_t i = 0; winner && i < winner->advice_count; i++)
		buf_printf(out, "  do        %s\n", winner->advice[i]);
	text_also(verdict->also, out);
}

void text_verdict_explain(const struct verdict *verdict, struct buf *out)
{
	buf_append_string(out, "\nHow the verdict was found\n");
	for (size_t i = 0; i < verdict->step_count; i++) {
		const struct verdict_step *step = &verdict->steps[i];

		buf_printf(out, "\n  %s: %s\n", verdict_kind_name(step->rule->kind),
			   step->rule->measures);
		for (size_t fact = 0; fact < step->fact_count; fact++) {
			buf_append_string(out, "    ");
			fact_words(&step->facts[fact], out);
			buf_append_byte(out, '\n');
		}
		if (step->fired)
			buf_printf(out, "    fired, confidence %.0f %%%s\n", 100 * step->confidence,
				   step == verdict->winner ? ": the verdict" : "");
		else
			buf_printf(out, "    silent: %s\n", step->silent);
	}
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void put_evidence(struct json_maker *object, const struct verdict_step *winner)
{
	const char *lines[VERDICT_FACTS_MAX];
	struct buf texts[VERDICT_FACTS_MAX] = {0};

	for (size_t i = 0; i < winner->fact_count; i++) {
		fact_words(&winner->facts[i], &texts[i]);
		lines[i] = buf_string(&texts[i]);
	}
	json_put_names(object, "evidence", lines, winner->fact_count);
	for (size_t i = 0; i < winner->fact_count; i++)
		buf_release(&texts[i]);
}

static void put_step(struct json_maker *object, const struct verdict_step *step)
{
	json_put(object, "confidence", json_real(round(100 * step->confidence) / 100));
	put_evidence(object, step);
	json_put_names(object, "advice", step->advice, step->advice_count);
}

void json_put_verdict(struct json_maker *object, const struct verdict *verdict)
{
	struct json_maker made = json_make_object();

	json_put_name(&made, "kind", verdict_kind_name(verdict->kind));
	if (verdict->winner)
		put_step(&made, verdict->winner);
	if (verdict->also) {
		struct json_maker also = json_make_object();

		json_put_name(&also, "kind", verdict_kind_name(verdict->also->rule->kind));
		put_step(&also, verdict->also);
		json_put_made(&made, "also", &also);
	}
	json_put_made(object, "verdict", &made);
}

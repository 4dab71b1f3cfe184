// SPDX-License-Identifier: GPL-2.0-or-later
/* A runtime that was told of another limit. */
#include "model/verdict_rules.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/verdict_step.h"

#define HEAP_SHARE_MAX 0.95

/* How a runtime is told how much it may take. */
static const struct knob {
	const char *prefix; /* of a word of the command line; the value follows at once */
	double unit_bytes;  /* of a number without a suffix */
} knobs[] = {
	{"-Xmx", 1},
	{"-XX:MaxHeapSize=", 1},
	{"--max-old-space-size=", 1048576}, /* node, in MiB */
	{"--max_old_space_size=", 1048576},
};

/* "512m", "2G", "1073741824". 0: it is none. */
static double size_of_word(const char *text, double unit_bytes)
{
	static const char suffixes[] = "kmgt";
	char *end;
	double size = strtod(text, &end);
	const char *suffix;

	if (end == text || !isfinite(size) || size <= 0)
		return 0;
	if (!*end)
		return size * unit_bytes;
	suffix = strchr(suffixes, tolower((unsigned char)*end));
	if (!suffix || (end[1] && tolower((unsigned char)end[1]) != 'b'))
		return 0;
	return size * pow(1024, (double)(suffix - suffixes) + 1);
}

/* The last one counts, as it does for the runtimes. NULL: no word sets a heap. */
static const char *heap_word(const struct incident_victim *victim, double *ret_bytes)
{
	const char *word = NULL;

	for (size_t i = 0; i < victim->word_count; i++) {
		for (size_t k = 0; k < sizeof(knobs) / sizeof(knobs[0]); k++) {
			size_t len = strlen(knobs[k].prefix);
			double bytes;

			if (strncmp(victim->words[i], knobs[k].prefix, len) != 0)
				continue;
			bytes = size_of_word(victim->words[i] + len, knobs[k].unit_bytes);
			if (!bytes)
				continue;
			word = victim->words[i];
			*ret_bytes = bytes;
		}
	}
	return word;
}

void verdict_ask_runtime(const struct verdict_findings *findings, struct verdict_step *step)
{
	double heap_bytes = 0;
	const char *word = findings->victim ? heap_word(findings->victim, &heap_bytes) : NULL;

	if (!word || !findings->limit_bytes) {
		step->silent = "the command line sets no heap size";
		return;
	}
	step_fact_text(step, "the command line says", word);
	step_fact_bytes(step, "heap allowed to the runtime", heap_bytes, findings->limit_bytes);
	if (heap_bytes < HEAP_SHARE_MAX * findings->limit_bytes) {
		step->silent = "the heap fits below the limit";
		return;
	}
	/* it must have been the runtime that filled the limit */
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return;
	}
	step_fire(step, heap_bytes >= findings->limit_bytes ? 0.95 : 0.85);
	step_advise(step,
		    "lower the heap size to about three quarters of the limit, or raise the limit: "
		    "code, stacks and buffers of the runtime come on top of the heap");
}

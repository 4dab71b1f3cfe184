// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A runtime that was told of more than the limit, or of nothing: Go knows no limit but GOMEMLIMIT,
 * malloc makes an arena for each thread up to eight a processor, and a heap size that somebody set
 * is taken at its word.
 */
#include "model/verdict_rules.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/verdict_step.h"

#define HEAP_SHARE_MAX 0.95
/* What may be the heap of a runtime that needs memory beside it, and of Go, which counts all. */
#define HEAP_SHARE_GOOD 0.75
#define GO_SHARE_GOOD 0.9
/* So many of them are no accident of a few threads. */
#define ARENAS_MANY 64
/* A Go program that is as large as ever for so long waits for a collection, not for a fix. */
#define STEADY_SECONDS 20
#define STEADY_SECONDS_SURE 60

/* --- sizes --------------------------------------------------------------------------------- */

/* "512m", "2G", "230MiB", "1073741824". 0: it is none. */
static double size_of_word(const char *text, size_t len, double unit_bytes)
{
	static const char suffixes[] = "kmgt";
	char number[32], *end;
	const char *suffix;
	double size;

	if (len >= sizeof(number))
		return 0;
	memcpy(number, text, len);
	number[len] = '\0';
	size = strtod(number, &end);
	if (end == number || !isfinite(size) || size <= 0)
		return 0;
	if (!*end)
		return size * unit_bytes;
	suffix = strchr(suffixes, tolower((unsigned char)*end));
	end += suffix && *suffix ? 1 : 0;
	end += *end == 'i';
	end += tolower((unsigned char)*end) == 'b';
	return suffix && !*end ? size * pow(1024, (double)(suffix - suffixes) + 1) : 0;
}

/* --- heaps that were set ------------------------------------------------------------------- */

/* How a runtime is told how much it may take, by a word. */
static const struct knob {
	const char *prefix;  /* of the word; the value follows at once */
	double unit_bytes;   /* of a number without a suffix; 0: it is a percentage of the limit */
	double good_share;   /* of the limit */
	const char *setting; /* for printf, with a number of MiB; NULL: of the limit's percent */
} knobs[] = {
	{"-Xmx", 1, HEAP_SHARE_GOOD, "-Xmx%.0fm"},
	{"-XX:MaxHeapSize=", 1, HEAP_SHARE_GOOD, "-XX:MaxHeapSize=%.0fm"},
	{"-XX:MaxRAMPercentage=", 0, HEAP_SHARE_GOOD, NULL},
	{"--max-old-space-size=", 1048576, HEAP_SHARE_GOOD, "--max-old-space-size=%.0f"},
	{"--max_old_space_size=", 1048576, HEAP_SHARE_GOOD, "--max-old-space-size=%.0f"},
};

struct heap {
	const char *where; /* "the command line says" */
	const char *word;  /* the whole text it was in */
	const char *setting;
	double good_share;
	double bytes; /* 0: nobody set it */
};

static void heap_take(struct heap *heap, const char *where, const char *text, const char *word,
		      size_t len, double limit_bytes)
{
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		size_t prefix = strlen(knobs[i].prefix);
		double bytes;

		if (len <= prefix || strncmp(word, knobs[i].prefix, prefix) != 0)
			continue;
		bytes = size_of_word(word + prefix, len - prefix,
				     knobs[i].unit_bytes > 0 ? knobs[i].unit_bytes
							     : limit_bytes / 100);
		if (bytes > 0)
			*heap = (struct heap){where, text, knobs[i].setting, knobs[i].good_share,
					      bytes};
	}
}

static void heap_of_options(struct heap *heap, const char *where, const char *text,
			    double limit_bytes)
{
	for (const char *at = text; at && *at;) {
		size_t len = strcspn(at, " ");

		heap_take(heap, where, text, at, len, limit_bytes);
		at += len + strspn(at + len, " ");
	}
}

/* A variable is there for everybody in a container; only its own runtime reads it. */
static bool runtime_is(const struct verdict_findings *findings, const char *name)
{
	const char *runtime = findings_text(findings, "runtime");

	return runtime && strcmp(runtime, name) == 0;
}

/* The last one counts, and the command line more than the environment, as for the runtimes. */
static struct heap heap_of(const struct verdict_findings *findings)
{
	const struct incident_victim *victim = findings->victim;
	const char *go = findings_text(findings, "GOMEMLIMIT");
	double limit = findings->limit_bytes;
	struct heap heap = {0};

	if (runtime_is(findings, "jvm"))
		heap_of_options(&heap, "JAVA_TOOL_OPTIONS is",
				findings_text(findings, "JAVA_TOOL_OPTIONS"), limit);
	if (runtime_is(findings, "node"))
		heap_of_options(&heap, "NODE_OPTIONS is", findings_text(findings, "NODE_OPTIONS"),
				limit);
	if (go && findings_is_go(findings) && size_of_word(go, strlen(go), 1) > 0)
		heap = (struct heap){"GOMEMLIMIT is", go, "GOMEMLIMIT=%.0fMiB", GO_SHARE_GOOD,
				     size_of_word(go, strlen(go), 1)};
	for (size_t i = 0; victim && i < victim->word_count; i++)
		heap_take(&heap, "the command line says", victim->words[i], victim->words[i],
			  strlen(victim->words[i]), limit);
	return heap;
}

static bool ask_heap(const struct verdict_findings *findings, struct verdict_step *step)
{
	struct heap heap = heap_of(findings);

	if (heap.bytes <= 0)
		return false;
	step_fact_text(step, heap.where, heap.word);
	step_fact_bytes(step, "heap allowed to the runtime", heap.bytes, findings->limit_bytes);
	if (heap.bytes < HEAP_SHARE_MAX * findings->limit_bytes) {
		step->silent = "the heap fits below the limit";
		return true;
	}
	/* it must have been the runtime that filled the limit */
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return true;
	}
	step_fire(step, heap.bytes >= findings->limit_bytes ? 0.95 : 0.85);
	if (heap.setting)
		step_advise_setting(findings, step, heap.setting,
				    heap.good_share * findings->limit_bytes / 1048576);
	else
		step_advise_setting(findings, step, "-XX:MaxRAMPercentage=%.0f",
				    100 * heap.good_share);
	step_advise(step, "or raise the limit: code, stacks and buffers come on top of the heap");
	return true;
}

/* --- the JVM that is told to look at the host ----------------------------------------------- */

static bool has_word(const struct verdict_findings *findings, const char *word)
{
	const char *options = findings_text(findings, "JAVA_TOOL_OPTIONS");
	const struct incident_victim *victim = findings->victim;

	for (size_t i = 0; victim && i < victim->word_count; i++)
		if (strcmp(victim->words[i], word) == 0)
			return true;
	return options && strstr(options, word);
}

static bool ask_container_support(const struct verdict_findings *findings,
				  struct verdict_step *step)
{
	if (!has_word(findings, "-XX:-UseContainerSupport"))
		return false;
	step_fact_text(step, "the JVM is told", "-XX:-UseContainerSupport");
	step_fact_bytes(step, "it held", findings->victim_bytes, findings->limit_bytes);
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return true;
	}
	step_fire(step, 0.9);
	step_advise(step, "take -XX:-UseContainerSupport off: the heap is a quarter of the host's "
			  "memory with it, and of the limit without");
	return true;
}

/* --- Go that knows no limit ------------------------------------------------------------------ */

static bool ask_go(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct trend *trend = &findings->trend;
	const char *gogc = findings_text(findings, "GOGC");

	if (!findings_is_go(findings) || !findings->facts_known ||
	    findings_text(findings, "GOMEMLIMIT"))
		return false;
	step_fact_text(step, "the program is written in", "Go");
	step_fact_text(step, "GOMEMLIMIT is", "not set");
	if (gogc)
		step_fact_text(step, "GOGC is", gogc);
	step_fact_bytes(step, "it held", findings->victim_bytes, findings->limit_bytes);
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return true;
	}
	/* what lives on would fill a heap that knows its limit as well, only later */
	if (trend->shape == TREND_RISING)
		step_fire(step, 0.5);
	else if (trend->shape == TREND_FLAT)
		step_fire(step, step_between(trend->seconds, STEADY_SECONDS, STEADY_SECONDS_SURE,
					     0.7, 0.91));
	else
		step_fire(step, 0.6);
	step_advise_setting(findings, step, "GOMEMLIMIT=%.0fMiB",
			    GO_SHARE_GOOD * findings->limit_bytes / 1048576);
	step_advise(step, "without it the heap may become twice what lives before it is collected");
	return true;
}

/* --- malloc's arenas ------------------------------------------------------------------------- */

static bool ask_arenas(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct figure_event *arenas = findings_fact(findings, "malloc_arenas");
	const struct figure_event *threads = findings_fact(findings, "threads");

	const char *most = findings_text(findings, "MALLOC_ARENA_MAX");

	if (!arenas || arenas->value < ARENAS_MANY || findings_is_go(findings) ||
	    (most && atoi(most) < ARENAS_MANY))
		return false;
	step_fact_number(step, "arenas of malloc", UNIT_COUNT, (double)arenas->value);
	if (threads)
		step_fact_number(step, "threads", UNIT_COUNT, (double)threads->value);
	step_fact_bytes(step, "it held", findings->victim_bytes, findings->limit_bytes);
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return true;
	}
	step_fire(step, 0.75);
	step_advise(step, "set MALLOC_ARENA_MAX=2: each arena keeps what its threads gave back");
	return true;
}

void verdict_ask_runtime(const struct verdict_findings *findings, struct verdict_step *step)
{
	static bool (*const asks[])(const struct verdict_findings *, struct verdict_step *) = {
		ask_heap,
		ask_container_support,
		ask_go,
		ask_arenas,
	};

	if (findings->limit_bytes <= 0) {
		step->silent = "no limit is known";
		return;
	}
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		if (asks[i](findings, step))
			return;
	step->silent = findings->facts_known
			       ? "no heap size was set, and no runtime is known to need one"
			       : "the command line sets no heap size; the environment was not seen";
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each rule measures one thing, says what it measured whether it fires or not, and why it did not.
 * Thresholds are shares of the limit that was hit.
 */
#include "model/verdict_rules.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/verdict_findings.h"

static void fact(struct verdict_step *step, struct verdict_fact fact)
{
	if (step->fact_count < VERDICT_FACTS_MAX)
		step->facts[step->fact_count++] = fact;
}

static void fact_bytes(struct verdict_step *step, const char *what, double bytes, double of)
{
	fact(step, (struct verdict_fact){what, UNIT_BYTES, bytes, of, NULL});
}

static void fact_number(struct verdict_step *step, const char *what, enum verdict_unit unit,
			double value)
{
	fact(step, (struct verdict_fact){what, unit, value, 0, NULL});
}

static void fact_text(struct verdict_step *step, const char *what, const char *text)
{
	fact(step, (struct verdict_fact){what, UNIT_TEXT, 0, 0, text});
}

static void advise(struct verdict_step *step, const char *advice)
{
	if (step->advice_count < VERDICT_ADVICE_MAX)
		step->advice[step->advice_count++] = advice;
}

static void fire(struct verdict_step *step, double confidence)
{
	step->fired = true;
	step->confidence = confidence;
}

/* From `low` to `high` confidence while `value` goes from `from` to `to`. */
static double between(double value, double from, double to, double low, double high)
{
	double share = (value - from) / (to - from);

	return low + (high - low) * fmin(1, fmax(0, share));
}

/* --- a runtime that was told of another limit ---------------------------------------------- */

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

static void ask_runtime(const struct verdict_findings *findings, struct verdict_step *step)
{
	double heap_bytes = 0;
	const char *word = findings->victim ? heap_word(findings->victim, &heap_bytes) : NULL;

	if (!word || !findings->limit_bytes) {
		step->silent = "the command line sets no heap size";
		return;
	}
	fact_text(step, "the command line says", word);
	fact_bytes(step, "heap allowed to the runtime", heap_bytes, findings->limit_bytes);
	if (heap_bytes < HEAP_SHARE_MAX * findings->limit_bytes) {
		step->silent = "the heap fits below the limit";
		return;
	}
	/* it must have been the runtime that filled the limit */
	if (findings->victim_bytes < 0.5 * findings->limit_bytes) {
		step->silent = "the runtime held less than half of the limit";
		return;
	}
	fire(step, heap_bytes >= findings->limit_bytes ? 0.95 : 0.85);
	advise(step,
	       "lower the heap size to about three quarters of the limit, or raise the limit: "
	       "code, stacks and buffers of the runtime come on top of the heap");
}

/* --- what is not the program's own memory -------------------------------------------------- */

static void ask_tmpfs(const struct verdict_findings *findings, struct verdict_step *step)
{
	double shmem = findings_term(findings, "shmem"), limit = findings->limit_bytes;

	fact_bytes(step, "shmem and tmpfs", shmem, limit);
	if (!limit || shmem < 0.4 * limit) {
		step->silent = "less than 40 % of the limit was shmem or tmpfs";
		return;
	}
	fire(step, between(shmem / limit, 0.4, 0.7, 0.7, 0.95));
	advise(step,
	       "files in a tmpfs (/dev/shm, /tmp, emptyDir with medium Memory) count until they "
	       "are removed: look at them with du, and give the mount a size");
}

static void ask_kernel(const struct verdict_findings *findings, struct verdict_step *step)
{
	static const struct {
		const char *key, *what, *advice;
	} parts[] = {
		{"slab", "slab",
		 "slab is mostly dentries, inodes and sockets: see slabtop, and what "
		 "creates files or connections without end"},
		{"sockets", "socket buffers",
		 "data waits in sockets: a peer does not read, or too many "
		 "connections are open"},
		{"page_tables", "page tables",
		 "page tables grow with sparsely used address space, and with "
		 "processes that share a large mapping"},
		{"kernel_stacks", "kernel stacks",
		 "each thread has a kernel stack: count the threads"},
		{"percpu", "per-CPU memory",
		 "per-CPU memory comes with cgroups, BPF maps and sockets"},
		{"vmalloc", "vmalloc", "vmalloc is kernel stacks, BPF and modules"},
		{"kernel_other", "other kernel memory",
		 "see which kernel memory grows with "
		 "oomtrace --kernel-stacks --kinds=kernel"},
	};
	double sum = 0, most = 0;
	size_t largest = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double bytes = findings_term(findings, parts[i].key);

		sum += bytes;
		if (bytes > most) {
			most = bytes;
			largest = i;
		}
	}
	fact_bytes(step, "kernel memory", sum, findings->limit_bytes);
	if (!findings->limit_bytes || sum < 0.35 * findings->limit_bytes) {
		step->silent = "less than 35 % of the limit was kernel memory";
		return;
	}
	fact_bytes(step, parts[largest].what, most, findings->limit_bytes);
	fire(step, between(sum / findings->limit_bytes, 0.35, 0.6, 0.65, 0.95));
	advise(step, parts[largest].advice);
}

/* Page cache that can be dropped is dropped before anybody is killed. */
static void ask_page_cache(const struct verdict_findings *findings, struct verdict_step *step)
{
	double limit = findings->limit_bytes, cache = findings_term(findings, "page_cache");
	double stuck = findings_figure(findings, "file_dirty") +
		       findings_figure(findings, "file_writeback") +
		       findings_figure(findings, "total_dirty") +
		       findings_figure(findings, "total_writeback");
	double locked = findings_figure(findings, "unevictable") +
			findings_figure(findings, "total_unevictable");

	fact_bytes(step, "page cache", cache, limit);
	fact_bytes(step, "of it waiting to be written", stuck, limit);
	fact_bytes(step, "locked in memory", locked, limit);
	if (!limit || cache < 0.4 * limit) {
		step->silent = "less than 40 % of the limit was page cache";
		return;
	}
	if (stuck + locked < 0.25 * limit) {
		step->silent = "the page cache could have been reclaimed";
		return;
	}
	fire(step, between((stuck + locked) / limit, 0.25, 0.5, 0.6, 0.9));
	advise(step, stuck > locked
			     ? "the disk does not keep up with what is written: write less at "
			       "once, use fsync in between, or raise the limit"
			     : "files are locked in memory: see mlock in the program");
}

/* --- somebody else ------------------------------------------------------------------------- */

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

static void ask_neighbour(const struct verdict_findings *findings, struct verdict_step *step)
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
	fact_text(step, "who grew", grower->candidate.comm);
	fact_number(step, "its pid", UNIT_COUNT, grower->candidate.pid);
	fact_bytes(step, "it grew by", grown, findings->limit_bytes);
	fact_bytes(step, "the victim grew by", own, findings->limit_bytes);
	if (grown < 0.2 * findings->limit_bytes) {
		step->silent = "nobody else grew by a fifth of the limit";
		return;
	}
	if (grown < 3 * fmax(0, own)) {
		step->silent = "the victim grew as well";
		return;
	}
	fire(step, between(grown / findings->limit_bytes, 0.2, 0.6, 0.65, 0.9));
	advise(step, "look at the process that grew, not at the one that was killed");
	if (findings->victim && findings->victim->kill.oom_score_adj > 0)
		advise(step, "the victim was chosen for its oom_score_adj");
}

/* --- the program's own memory -------------------------------------------------------------- */

/* Did the program's own memory fill the limit at all? */
static bool is_own_memory(const struct verdict_findings *findings, struct verdict_step *step)
{
	fact_bytes(step, "the victim held", findings->victim_bytes, findings->limit_bytes);
	if (!findings->limit_bytes || findings->victim_bytes < 0.3 * findings->limit_bytes) {
		step->silent = "the victim held less than 30 % of the limit";
		return false;
	}
	return true;
}

/* memset and malloc are where memory is touched, not why: the first frame that is not the C
 * library's. */
static const char *telling_frame(const struct growth_row *row)
{
	for (uint32_t i = row->frame_count; i > 0; i--) {
		const struct growth_module *module = row->places[i - 1].module;
		const char *slash = module ? strrchr(module->path, '/') : NULL;

		if (!slash ||
		    (strncmp(slash, "/libc.", 6) != 0 && strncmp(slash, "/libc-", 6) != 0))
			return row->frames[i - 1];
	}
	return row->frames[row->frame_count - 1];
}

static void fact_top_stack(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct growth *held = &findings->incident->held;

	if (!held->row_count || held->rows[0].bytes <= 0)
		return;
	fact_text(step, "most of it allocated in", telling_frame(&held->rows[0]));
	fact_bytes(step, "by that one stack", (double)held->rows[0].bytes,
		   (double)held->total_bytes);
}

#define SPIKE_SECONDS 10
#define SPIKE_SHARE 0.4

/* A process that has lived for no longer may just be starting up. */
static double spike_confidence(const struct verdict_findings *findings, bool was_calm)
{
	double confidence = was_calm ? 0.9 : findings->life_seconds > 60 ? 0.8 : 0.55;

	/* of all processes in the cgroup, so of the victim only by likelihood */
	return findings->incident->growth_rate.of_level ? confidence - 0.1 : confidence;
}

static void ask_spike(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct incident_growth *growth = &findings->incident->growth_rate;
	double limit = findings->limit_bytes, recent = (double)growth->recent_bytes;
	double seconds = (double)growth->recent_ns / 1e9, span = (double)growth->span_ns / 1e9;

	if (!is_own_memory(findings, step))
		return;
	if (!growth->known) {
		step->silent = "no curve is known";
		return;
	}
	fact_bytes(step, "grown at the end by", recent, limit);
	fact_number(step, "within", UNIT_SECONDS, seconds);
	if (recent < SPIKE_SHARE * limit || seconds > SPIKE_SECONDS * 1.5) {
		step->silent = "it took longer than ten seconds to fill the limit";
		return;
	}
	if (findings->trend.shape == TREND_RISING) {
		step->silent = "it rose all the time, not only at the end";
		return;
	}
	/* a process that lives for less than that may just be starting up */
	fire(step, spike_confidence(findings, span > 3 * seconds));
	fact_top_stack(findings, step);
	advise(step,
	       "something asked for much at once: bound the size of one request, read in parts, "
	       "or limit how many run at the same time");
}

static void ask_leak(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct trend *trend = &findings->trend;

	if (!is_own_memory(findings, step))
		return;
	fact_text(step, "the curve is", trend_shape_name(trend->shape));
	fact_number(step, "watched for", UNIT_SECONDS, trend->seconds);
	if (trend->shape != TREND_RISING || findings->of_level) {
		step->silent = trend->shape == TREND_UNKNOWN ? "too little of its history is known"
							     : "its memory did not rise for good";
		return;
	}
	fact_number(step, "it rose by", UNIT_RATE, trend->bytes_per_second);
	if (trend->seconds < 20 || findings->grown_bytes < 0.2 * findings->limit_bytes) {
		step->silent = "it rose too briefly, or by too little, to tell a leak from a start";
		return;
	}
	fact_top_stack(findings, step);
	fire(step, between(trend->seconds, 20, 600, 0.65, 0.95));
	advise(step,
	       "the stacks that grew are in the flame graph of this incident; compare two lives "
	       "with oomtrace diff");
}

static void ask_limit(const struct verdict_findings *findings, struct verdict_step *step)
{
	const struct trend *trend = &findings->trend;
	double limit = findings->limit_bytes;

	if (!is_own_memory(findings, step))
		return;
	fact_bytes(step, "it usually held", findings->median_bytes, limit);
	fact_number(step, "watched for", UNIT_SECONDS, trend->seconds);
	if (trend->shape != TREND_FLAT || trend->seconds < 60) {
		step->silent = trend->shape == TREND_FLAT ? "it was watched for less than a minute"
							  : "its memory was not steady";
		return;
	}
	if (findings->median_bytes < 0.75 * limit) {
		step->silent = "it usually held less than three quarters of the limit";
		return;
	}
	fire(step, between(findings->median_bytes / limit, 0.75, 0.92, 0.6, 0.9));
	advise(step,
	       "the program needs about what the limit is, all the time: raise the limit by a "
	       "quarter, or make it hold less");
}

const struct verdict_rule verdict_rules[] = {
	{VERDICT_RUNTIME_MISCONFIGURED, "heap sizes on the command line against the limit",
	 "no word sets a heap, it fits below the limit, or the runtime did not fill the limit",
	 ask_runtime},
	{VERDICT_TMPFS, "the share of the limit that is shmem and tmpfs", "it is below 40 %",
	 ask_tmpfs},
	{VERDICT_KERNEL_MEMORY, "the share of the limit that is kernel memory", "it is below 35 %",
	 ask_kernel},
	{VERDICT_PAGE_CACHE, "page cache that cannot be dropped: dirty, under writeback, or locked",
	 "page cache is below 40 % of the limit, or could have been reclaimed", ask_page_cache},
	{VERDICT_NEIGHBOUR, "growth of the other processes below the same limit",
	 "nobody else grew by a fifth of the limit and three times as much as the victim",
	 ask_neighbour},
	{VERDICT_SPIKE, "growth of the victim in its last ten seconds",
	 "it is less than 40 % of the limit, or the victim rose all the time", ask_spike},
	{VERDICT_LEAK, "the trend of the victim's memory below the teeth of its garbage collector",
	 "it does not rise for good, for 20 seconds at least, by a fifth of the limit", ask_leak},
	{VERDICT_LIMIT_TOO_SMALL, "what the victim usually held, against the limit",
	 "its memory was not steady for a minute, or below three quarters of the limit", ask_limit},
};
const size_t verdict_rule_count = sizeof(verdict_rules) / sizeof(verdict_rules[0]);

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fills the limit, to 100 %: every term is named with its source, what none of them explains
 * is a term, too. Kinds that are parts of others are subtracted from those, so nothing counts
 * twice.
 */
#include "model/incident_events.h"

#include <string.h>

#include "model/estimate.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KEYS_MAX 3

/* One term of the kernel's own sums. `keys`: as v2, v1 or meminfo write it; the first found counts.
 */
struct kind_of_term {
	const char *key;
	const char *keys[KEYS_MAX];
	const char *plus[KEYS_MAX]; /* these are added to it */
	const char
		*part_of; /* the term that has it in its own figure; it comes later in the table */
};

static const struct kind_of_term cgroup_kinds[] = {
	{"anon", {"anon", "total_rss", "rss"}, {NULL}, NULL},
	{"shmem", {"shmem", "total_shmem"}, {NULL}, "page_cache"},
	{"page_cache", {"file", "total_cache", "cache"}, {NULL}, NULL},
	{"page_tables", {"pagetables"}, {"sec_pagetables"}, "kernel_other"},
	{"kernel_stacks", {"kernel_stack"}, {NULL}, "kernel_other"},
	{"slab", {"slab", "slab_unreclaimable"}, {NULL}, "kernel_other"},
	{"percpu", {"percpu"}, {NULL}, "kernel_other"},
	{"vmalloc", {"vmalloc"}, {NULL}, "kernel_other"},
	{"zswap", {"zswap"}, {NULL}, "kernel_other"},
	{"kernel_other", {"kernel", "memory.kmem.usage_in_bytes"}, {NULL}, NULL},
	{"sockets", {"sock"}, {NULL}, NULL},
};

static const struct kind_of_term host_kinds[] = {
	{"anon", {"AnonPages"}, {NULL}, NULL},
	{"shmem", {"Shmem"}, {NULL}, "page_cache"},
	{"page_cache", {"Cached"}, {"Buffers", "SwapCached"}, NULL},
	{"page_tables", {"PageTables"}, {"SecPageTables"}, NULL},
	{"kernel_stacks", {"KernelStack"}, {NULL}, NULL},
	{"slab", {"Slab"}, {NULL}, NULL},
	{"percpu", {"Percpu"}, {NULL}, NULL},
	{"unused", {"MemFree"}, {NULL}, NULL},
};

#define TERMS_MAX (ARRAY_COUNT(cgroup_kinds) + INCIDENT_ANON_TERMS_MAX + 4)

_Static_assert(ARRAY_COUNT(cgroup_kinds) >= ARRAY_COUNT(host_kinds), "TERMS_MAX is of the longer");

struct accounting {
	struct incident_draft *draft;
	const struct incident *incident;
	uint32_t level; /* or LEVEL_HOST */
	struct incident_term *terms;
	size_t count;
	int64_t by_process_bytes; /* anon that is somebody's */
};

static const struct figure_event *figure_find(const struct accounting *accounting, const char *key)
{
	const struct incident *incident = accounting->incident;
	enum figure_source source =
		accounting->level == LEVEL_HOST ? FIGURE_MEMINFO : FIGURE_MEMORY_STAT;

	for (size_t i = 0; i < incident->figure_count; i++)
		if (incident->figures[i].level == accounting->level &&
		    incident->figures[i].source == source &&
		    strcmp(incident->figures[i].key, key) == 0)
			return &incident->figures[i];
	return NULL;
}

/* False: the kernel does not tell it here. */
static bool kind_figure(const struct accounting *accounting, const struct kind_of_term *kind,
			uint64_t *ret_bytes, enum taken_when *ret_when)
{
	const struct figure_event *figure = NULL;
	uint64_t bytes;

	for (size_t i = 0; i < KEYS_MAX && kind->keys[i] && !figure; i++)
		figure = figure_find(accounting, kind->keys[i]);
	if (!figure)
		return false;
	bytes = figure->value;
	*ret_when = figure->when;
	for (size_t i = 0; i < KEYS_MAX && kind->plus[i]; i++) {
		figure = figure_find(accounting, kind->plus[i]);
		bytes = estimate_add(bytes, figure ? figure->value : 0);
	}
	*ret_bytes = estimate_add(bytes, 0);
	return true;
}

static void term_add(struct accounting *accounting, struct incident_term term)
{
	accounting->terms[accounting->count++] = term;
}

/* --- the kernel's sums --------------------------------------------------------------------- */

/* What of a sum is in terms of its own: parts, or anon of processes that are known. */
static int64_t parts_of(const struct accounting *accounting, const struct kind_of_term *kinds,
			size_t count, const struct kind_of_term *whole)
{
	int64_t sum = strcmp(whole->key, "anon") == 0 ? accounting->by_process_bytes : 0;
	enum taken_when when;
	uint64_t bytes;

	for (size_t i = 0; i < count; i++)
		if (kinds[i].part_of && strcmp(kinds[i].part_of, whole->key) == 0 &&
		    kind_figure(accounting, &kinds[i], &bytes, &when))
			sum = estimate_add_signed(sum, (int64_t)bytes);
	return sum;
}

static void sums_add(struct accounting *accounting, const struct kind_of_term *kinds, size_t count)
{
	enum account_source source = accounting->level == LEVEL_HOST ? ACCOUNT_HOST : ACCOUNT_STAT;
	enum taken_when when;
	uint64_t bytes;

	for (size_t i = 0; i < count; i++) {
		int64_t left;

		if (!kind_figure(accounting, &kinds[i], &bytes, &when))
			continue;
		left = (int64_t)bytes - parts_of(accounting, kinds, count, &kinds[i]);
		/* taken at another moment than its parts: the difference is left unexplained */
		if (left <= 0)
			continue;
		term_add(accounting, (struct incident_term){.key = kinds[i].key,
							    .bytes = left,
							    .source = source,
							    .when = when});
	}
}

static void rest_add(struct accounting *accounting, const char *key, int64_t bytes)
{
	term_add(accounting, (struct incident_term){.key = key,
						    .bytes = bytes,
						    .source = ACCOUNT_REST,
						    .when = TAKEN_AT_KILL});
}

static int64_t terms_sum(const struct accounting *accounting)
{
	int64_t sum = 0;

	for (size_t i = 0; i < accounting->count; i++)
		sum = estimate_add_signed(sum, accounting->terms[i].bytes);
	return sum;
}

/* --- all together -------------------------------------------------------------------------- */

/* Which level's limit is accounted for: the one that fired, else the victim's own. */
static const struct level_event *accounted_level(const struct incident *incident)
{
	if (incident->fired)
		return incident->fired;
	return incident->event.scope == SCOPE_MEMCG && incident->level_count ? &incident->levels[0]
									     : NULL;
}

static uint64_t host_total(const struct accounting *accounting)
{
	const struct figure_event *total = figure_find(accounting, "MemTotal");

	return total ? estimate_add(total->value, 0) : 0;
}

/* Of a level without a limit, its usage is what is accounted for. */
static uint64_t level_limit(const struct level_event *level)
{
	if (level->known & LEVEL_LIMIT)
		return estimate_add(level->limit_bytes, 0);
	return level->known & LEVEL_USAGE ? estimate_add(level->usage_bytes, 0) : 0;
}

static void level_unused(struct accounting *accounting, const struct level_event *level)
{
	uint64_t usage_bytes = estimate_add(level->usage_bytes, 0);

	if (level->known & LEVEL_LIMIT && level->known & LEVEL_USAGE &&
	    usage_bytes < estimate_add(level->limit_bytes, 0))
		rest_add(accounting, "unused",
			 (int64_t)(estimate_add(level->limit_bytes, 0) - usage_bytes));
}

int incident_account_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct incident_account *account = &incident->account;
	const struct level_event *level = accounted_level(incident);
	struct accounting accounting = {
		.draft = draft,
		.incident = incident,
		.level = level ? level->index : LEVEL_HOST,
		.terms = arena_alloc(&draft->owned->arena, TERMS_MAX, sizeof(*accounting.terms)),
	};
	int64_t limit_bytes = (int64_t)(level ? level_limit(level) : host_total(&accounting));

	if (!accounting.terms)
		return -ENOMEM;
	if (!limit_bytes)
		return 0;
	accounting.count = incident_anon_terms(draft, accounting.terms);
	accounting.by_process_bytes = terms_sum(&accounting);
	if (level) {
		sums_add(&accounting, cgroup_kinds, ARRAY_COUNT(cgroup_kinds));
		level_unused(&accounting, level);
	} else {
		sums_add(&accounting, host_kinds, ARRAY_COUNT(host_kinds));
	}
	rest_add(&accounting, "unexplained", limit_bytes - terms_sum(&accounting));
	*account = (struct incident_account){
		.known = true,
		.level = level,
		.limit_bytes = (uint64_t)limit_bytes,
		.terms = accounting.terms,
		.term_count = accounting.count,
	};
	return 0;
}

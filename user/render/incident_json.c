// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident.h"

#include "render/crash_loop.h"
#include "render/incident_sender.h"
#include "render/incident_warning.h"
#include "render/incident_who.h"
#include "render/json.h"
#include "render/verdict.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *incident_kind_name(enum incident_kind kind)
{
	static const char *const names[] = {
		[INCIDENT_OOM_KILL] = "oom_kill",
		[INCIDENT_SIGKILL] = "sigkill",
		[INCIDENT_WARNING] = "warning",
	};

	_Static_assert(ARRAY_COUNT(names) == INCIDENT_KIND_COUNT, "every kind has a name");
	return names[kind];
}

const char *incident_scope_name(enum incident_scope scope)
{
	static const char *const names[] = {
		[SCOPE_UNKNOWN] = "unknown", [SCOPE_MEMCG] = "memcg",
		[SCOPE_CPUSET] = "cpuset",   [SCOPE_MEMPOLICY] = "mempolicy",
		[SCOPE_GLOBAL] = "global",
	};

	_Static_assert(ARRAY_COUNT(names) == SCOPE_COUNT, "every scope has a name");
	return names[scope];
}

const char *taken_when_name(enum taken_when when)
{
	static const char *const names[] = {
		[TAKEN_AT_KILL] = "at_kill",
		[TAKEN_BEFORE] = "before",
		[TAKEN_AFTER] = "after",
	};

	_Static_assert(ARRAY_COUNT(names) == TAKEN_COUNT, "every time has a name");
	return names[when];
}

/* --- why ---------------------------------------------------------------------------------- */

static const struct level_member {
	const char *key;
	enum level_known known;
	size_t offset; /* of a uint64_t in struct level_event */
} level_members[] = {
	{"usage_bytes", LEVEL_USAGE, offsetof(struct level_event, usage_bytes)},
	{"limit_bytes", LEVEL_LIMIT, offsetof(struct level_event, limit_bytes)},
	{"swap_bytes", LEVEL_SWAP, offsetof(struct level_event, swap_bytes)},
	{"peak_bytes", LEVEL_PEAK, offsetof(struct level_event, peak_bytes)},
};

static void put_levels(struct json_maker *object, const struct incident *incident)
{
	struct json_maker levels = json_make_array();

	for (size_t i = 0; i < incident->level_count; i++) {
		const struct level_event *level = &incident->levels[i];
		struct json_maker entry = json_make_object();

		json_put_name(&entry, "path", level->path);
		if (level->id)
			json_put_count(&entry, "id", level->id);
		for (size_t member = 0; member < ARRAY_COUNT(level_members); member++)
			if (level->known & level_members[member].known)
				json_put_count(&entry, level_members[member].key,
					       *(const uint64_t *)((const char *)level +
								   level_members[member].offset));
		json_put_bool(&entry, "fired", level->fired);
		json_put_name(&entry, "taken", taken_when_name(level->when));
		json_append_made(&levels, &entry);
	}
	json_put_made(object, "cgroups", &levels);
}

static void put_candidates(struct json_maker *object, const struct incident *incident)
{
	struct json_maker candidates = json_make_array();

	for (size_t i = 0; i < incident->candidate_count; i++) {
		const struct incident_holder *holder = &incident->candidates[i];
		const struct candidate_event *event = &holder->candidate;
		struct json_maker entry = json_make_object();

		json_put_count(&entry, "pid", event->pid);
		json_put_name(&entry, "comm", event->comm);
		json_put_count(&entry, "rss_bytes", event->rss_bytes);
		if (event->known & CANDIDATE_SWAP)
			json_put_count(&entry, "swap_bytes", event->swap_bytes);
		if (event->known & CANDIDATE_PAGE_TABLES)
			json_put_count(&entry, "pgtables_bytes", event->page_table_bytes);
		json_put_signed(&entry, "oom_score_adj", event->oom_score_adj);
		if (event->known & CANDIDATE_BADNESS)
			json_put_signed(&entry, "badness_pages", event->badness_pages);
		if (holder->growth_known) {
			json_put_signed(&entry, "growth_bytes", holder->growth_bytes);
			json_put_count(&entry, "growth_ns", holder->growth_ns);
		}
		json_put_bool(&entry, "chosen", event->chosen);
		json_put_name(&entry, "taken", taken_when_name(event->when));
		json_append_made(&candidates, &entry);
	}
	json_put_made(object, "candidates", &candidates);
}

/* --- what --------------------------------------------------------------------------------- */

static const char *const account_sources[] = {
	[ACCOUNT_RSS] = "rss",      [ACCOUNT_LEDGER] = "ledger", [ACCOUNT_STAT] = "memory.stat",
	[ACCOUNT_HOST] = "meminfo", [ACCOUNT_REST] = "rest",
};

_Static_assert(ARRAY_COUNT(account_sources) == ACCOUNT_SOURCE_COUNT, "every source has a name");

static void put_account(struct json_maker *object, const struct incident_account *account)
{
	struct json_maker terms = json_make_array();

	for (size_t i = 0; i < account->term_count; i++) {
		const struct incident_term *term = &account->terms[i];
		struct json_maker entry = json_make_object();

		json_put_name(&entry, "what", term->key);
		json_put_signed(&entry, "bytes", term->bytes);
		if (term->inherited_bytes)
			json_put_count(&entry, "inherited_bytes", term->inherited_bytes);
		if (term->pid) {
			json_put_count(&entry, "pid", term->pid);
			json_put_name(&entry, "comm", term->comm);
		}
		json_put_name(&entry, "source", account_sources[term->source]);
		json_put_name(&entry, "taken", taken_when_name(term->when));
		json_append_made(&terms, &entry);
	}
	json_put_made(object, "account", &terms);
	if (!account->known)
		return;
	json_put_count(object, "account_limit_bytes", account->limit_bytes);
	if (account->level)
		json_put_name(object, "account_cgroup", account->level->path);
}

static void put_pid_of(struct json_maker *object, const struct incident *incident, uint32_t process)
{
	const struct growth_process *known = incident_process(incident, process);

	if (known)
		json_put_count(object, "pid", known->pid);
}

static void put_figures(struct json_maker *object, const struct incident *incident)
{
	static const char *const sources[] = {
		[FIGURE_LEDGER] = "ledger",   [FIGURE_MEMORY_STAT] = "memory.stat",
		[FIGURE_MEMINFO] = "meminfo", [FIGURE_PSI] = "psi",
		[FIGURE_PROC] = "proc",       [FIGURE_ENVIRONMENT] = "environment",
		[FIGURE_SETTING] = "setting",
	};
	struct json_maker figures = json_make_array();

	_Static_assert(ARRAY_COUNT(sources) == FIGURE_SOURCE_COUNT, "every source has a name");
	for (size_t i = 0; i < incident->figure_count; i++) {
		const struct figure_event *figure = &incident->figures[i];
		struct json_maker entry = json_make_object();

		if (figure->level == LEVEL_PROCESS)
			put_pid_of(&entry, incident, figure->process);
		else if (figure->level != LEVEL_HOST)
			json_put_count(&entry, "level", figure->level);
		json_put_name(&entry, "key", figure->key);
		if (figure->text)
			json_put_name(&entry, "text", figure->text);
		else
			json_put_count(&entry, "value", figure->value);
		json_put_name(&entry, "source", sources[figure->source]);
		json_put_name(&entry, "taken", taken_when_name(figure->when));
		json_append_made(&figures, &entry);
	}
	json_put_made(object, "figures", &figures);
}

/* --- how it got there --------------------------------------------------------------------- */

static void append_moment(struct json_maker *timeline, const struct incident *incident,
			  const struct moment_event *moment)
{
	struct json_maker entry = json_make_object();

	if (moment->before_ns <= incident->event.realtime_ns)
		json_put_time(&entry, "time", incident->event.realtime_ns - moment->before_ns);
	json_put_count(&entry, "before_ns", moment->before_ns);
	if (moment->process)
		put_pid_of(&entry, incident, moment->process);
	else if (moment->level != LEVEL_HOST)
		json_put_count(&entry, "level", moment->level);
	if (moment->known & MOMENT_RSS) {
		json_put_count(&entry, "anon_bytes", moment->anon_bytes);
		json_put_count(&entry, "file_bytes", moment->file_bytes);
		json_put_count(&entry, "shmem_bytes", moment->shmem_bytes);
		json_put_count(&entry, "rss_bytes", moment_rss_bytes(moment));
	}
	if (moment->known & MOMENT_SWAP)
		json_put_count(&entry, "swap_bytes", moment->swap_bytes);
	if (moment->known & MOMENT_USAGE)
		json_put_count(&entry, "usage_bytes", moment->usage_bytes);
	if (moment->known & MOMENT_LIMIT)
		json_put_count(&entry, "limit_bytes", moment->limit_bytes);
	if (moment->known & MOMENT_PRESSURE) {
		json_put_count(&entry, "stall_some_us", moment->stall_some_us);
		json_put_count(&entry, "stall_full_us", moment->stall_full_us);
	}
	json_append_made(timeline, &entry);
}

static void put_growth(struct json_maker *object, const char *key,
		       const struct incident_growth *rate)
{
	struct json_maker growth;

	if (!rate->known)
		return;
	growth = json_make_object();
	json_put_name(&growth, "of", rate->of_level ? "cgroup" : "victim");
	json_put_signed(&growth, "bytes", rate->bytes);
	json_put_count(&growth, "span_ns", rate->span_ns);
	if (rate->recent_ns) {
		json_put_signed(&growth, "recent_bytes", rate->recent_bytes);
		json_put_count(&growth, "recent_ns", rate->recent_ns);
	}
	json_put_made(object, key, &growth);
}

static void put_timeline(struct json_maker *object, const struct incident *incident)
{
	struct json_maker timeline = json_make_array();

	for (size_t i = 0; i < incident->moment_count; i++)
		append_moment(&timeline, incident, &incident->moments[i]);
	json_put_made(object, "timeline", &timeline);
	put_growth(object, "growth", &incident->growth_rate);
	put_growth(object, "cgroup_growth", &incident->level_growth);
}

/* --- all together ------------------------------------------------------------------------- */

static void put_sources(struct json_maker *object, const struct incident_event *event)
{
	static const char *const names[] = {"bpf", "kmsg", "kprobe"};
	const char *found[ARRAY_COUNT(names)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (event->sources & 1U << i)
			found[count++] = names[i];
	json_put_names(object, "sources", found, count);
}

static void put_nodes(struct json_maker *object, uint64_t nodes)
{
	json_t *array = json_array();

	for (unsigned int node = 0; node < 64; node++)
		if (nodes >> node & 1)
			json_array_append_new(array, json_integer(node));
	json_put(object, "nodes", array);
}

static void put_facts(struct json_maker *object, const struct incident *incident)
{
	const struct incident_event *event = &incident->event;
	const struct growth_session *session = &incident->held.session;

	json_put_name(object, "id", event->id);
	json_put_time(object, "time", event->realtime_ns);
	json_put_count(object, "sequence", event->sequence);
	json_put_name(object, "scope", incident_scope_name(event->scope));
	if (event->known & INCIDENT_ORDER) {
		json_put_count(object, "order", event->order);
		json_put_count(object, "gfp", event->gfp);
	}
	if (event->known & INCIDENT_DOMAIN)
		json_put_count(object, "domain_pages", event->domain_pages);
	if (event->known & INCIDENT_BADNESS)
		json_put_signed(object, "badness_pages", event->badness_pages);
	if (event->known & INCIDENT_NODES)
		put_nodes(object, event->nodes);
	json_put_name(object, "hostname", session->hostname);
	json_put_name(object, "kernel", session->kernel_release);
	json_put_name(object, "version", session->tool_version);
	json_put_count(object, "period_pages", session->period_pages);
	json_put_bool(object, "complete", incident->complete);
	json_put_degraded(object, session);
}

/* As docs/schema/sigkill.schema.json has it: no incident, only who was killed by whom. */
static void put_brief(struct json_maker *object, const struct incident *incident)
{
	const struct growth_session *session = &incident->held.session;

	json_put_time(object, "time", incident->event.realtime_ns);
	json_put_name(object, "hostname", session->hostname);
	json_put_name(object, "kernel", session->kernel_release);
	json_put_name(object, "version", session->tool_version);
	json_put_victims(object, incident);
	json_put_sender(object, incident);
	put_levels(object, incident);
	json_put_losses(object, &incident->held);
}

static void put_whole(struct json_maker *object, const struct incident *incident,
		      const struct render_options *options)
{
	put_facts(object, incident);
	if (options->unkept)
		json_put_bool(object, "in_spool", false);
	json_put_victims(object, incident);
	json_put_sender(object, incident);
	json_put_trigger(object, incident);
	put_levels(object, incident);
	put_account(object, &incident->account);
	json_put_stacks(object, "stacks", incident->held.rows, incident->held.row_count);
	json_put_stacks(object, "other_stacks", incident->other, incident->other_count);
	put_timeline(object, incident);
	json_put_warnings(object, incident);
	put_candidates(object, incident);
	put_figures(object, incident);
	json_put_early(object, &incident->early);
	json_put_loop(object, &incident->loop);
	json_put_verdict(object, &incident->verdict);
	put_sources(object, &incident->event);
	json_put_losses(object, &incident->held);
}

int json_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream)
{
	_cleanup_(json_maker_release) struct json_maker object = json_make_object();

	json_put_count(&object, "schema", JSON_SCHEMA);
	json_put_name(&object, "kind", incident_kind_name(incident->event.kind));
	if (incident->event.kind == INCIDENT_WARNING)
		json_put_warning(&object, incident);
	else if (incident_is_brief(incident))
		put_brief(&object, incident);
	else
		put_whole(&object, incident, options);
	return json_print_line(&object, stream);
}

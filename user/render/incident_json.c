// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident.h"

#include "render/crash_loop.h"
#include "render/incident_sender.h"
#include "render/incident_warning.h"
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

static void put_optional(struct json_maker *object, const char *key, const char *name)
{
	if (name)
		json_put_name(object, key, name);
}

/* --- who ---------------------------------------------------------------------------------- */

static const struct rss_member {
	const char *key;
	enum victim_known known;
	size_t offset; /* of a uint64_t in struct victim_event */
} rss_members[] = {
	{"anon_bytes", VICTIM_RSS, offsetof(struct victim_event, rss_anon_bytes)},
	{"file_bytes", VICTIM_RSS, offsetof(struct victim_event, rss_file_bytes)},
	{"shmem_bytes", VICTIM_RSS, offsetof(struct victim_event, rss_shmem_bytes)},
	{"swap_bytes", VICTIM_RSS, offsetof(struct victim_event, swap_bytes)},
	{"pgtables_bytes", VICTIM_PAGE_TABLES, offsetof(struct victim_event, page_table_bytes)},
	{"peak_bytes", VICTIM_PEAK, offsetof(struct victim_event, peak_bytes)},
};

static const char *taken_of(const struct victim_event *kill, uint32_t bit)
{
	return taken_when_name(kill->before & bit ? TAKEN_BEFORE : TAKEN_AT_KILL);
}

static void put_rss(struct json_maker *object, const struct victim_event *kill)
{
	struct json_maker rss = json_make_object();

	for (size_t i = 0; i < ARRAY_COUNT(rss_members); i++) {
		const struct rss_member *member = &rss_members[i];
		const uint64_t *bytes = (const void *)((const char *)kill + member->offset);

		if (kill->known & member->known &&
		    !(kill->known & VICTIM_SWAP_UNKNOWN && &kill->swap_bytes == bytes))
			json_put_count(&rss, member->key, *bytes);
	}
	if (kill->known & VICTIM_RSS)
		json_put_name(&rss, "taken", taken_of(kill, VICTIM_RSS));
	json_put_made(object, "rss", &rss);
}

static void put_identity(struct json_maker *object, const struct victim_event *kill)
{
	if (!(kill->known & (VICTIM_IDENTITY | VICTIM_LOGGED)))
		return;
	json_put_count(object, "tid", kill->tid);
	if (kill->known & VICTIM_IDENTITY)
		json_put_count(object, "parent_pid", kill->parent_pid);
	json_put_count(object, "uid", kill->uid);
	if (kill->known & VICTIM_IDENTITY)
		json_put_count(object, "threads", kill->threads);
	json_put_signed(object, "oom_score_adj", kill->oom_score_adj);
	json_put_name(object, "identity_taken", taken_of(kill, VICTIM_IDENTITY));
}

/* Address space that was reserved, next to what of it was resident. */
static void put_mapped(struct json_maker *object, const struct victim_event *kill)
{
	struct json_maker mapped;

	if (!(kill->known & VICTIM_MAPPED))
		return;
	mapped = json_make_object();
	json_put_count(&mapped, "all_bytes", kill->mapped_bytes);
	json_put_count(&mapped, "data_bytes", kill->data_bytes);
	json_put_count(&mapped, "stack_bytes", kill->stack_bytes);
	json_put_count(&mapped, "exec_bytes", kill->exec_bytes);
	json_put_name(&mapped, "taken", taken_of(kill, VICTIM_MAPPED));
	json_put_made(object, "reserved", &mapped);
}

static void put_mappings(struct json_maker *object, const struct incident_victim *victim)
{
	struct json_maker mappings;

	if (!victim->mapping_count)
		return;
	mappings = json_make_array();
	for (size_t i = 0; i < victim->mapping_count; i++) {
		const struct incident_mapping *mapping = &victim->mappings[i];
		struct json_maker entry = json_make_object();

		json_put_name(&entry, "kind", mapping->kind ? mapping->kind : "others");
		put_optional(&entry, "name", mapping->name);
		json_put_count(&entry, "count", mapping->count);
		json_put_count(&entry, "reserved_bytes", mapping->bytes);
		json_append_made(&mappings, &entry);
	}
	json_put_made(object, "mappings", &mappings);
	json_put_name(object, "mappings_taken", taken_when_name(TAKEN_BEFORE));
	json_put_count(object, "mappings_before_ns", victim->mappings_before_ns);
}

/* They add up to rss.anon_bytes. */
static void put_anon_sums(struct json_maker *object, const struct incident_victim *victim)
{
	const struct growth_account *anon;
	struct json_maker sums;

	if (!victim->process || !(victim->kill.known & VICTIM_RSS))
		return;
	anon = &victim->process->accounts[KIND_ANON];
	sums = json_make_object();
	json_put_account_terms(&sums, anon);
	json_put_signed(&sums, "unexplained_bytes", incident_unexplained_anon(victim));
	if (anon->before_by_subtraction)
		json_put_bool(&sums, "resident_before_subtracted", true);
	if (anon->inherited_by_subtraction)
		json_put_bool(&sums, "inherited_subtracted", true);
	json_put_made(object, "anon_sums", &sums);
}

static struct json_maker make_victim(const struct incident *incident,
				     const struct incident_victim *victim)
{
	static const char *const roles[] = {
		[VICTIM_CHOSEN] = "chosen",
		[VICTIM_GROUP] = "group",
		[VICTIM_SHARER] = "sharer",
	};
	struct json_maker object = json_make_object();

	_Static_assert(ARRAY_COUNT(roles) == VICTIM_ROLE_COUNT, "every role has a name");
	json_put_count(&object, "pid", victim->pid);
	json_put_name(&object, "comm", victim->comm);
	json_put_name(&object, "role", roles[victim->kill.role]);
	put_optional(&object, "exe", victim->exe);
	if (victim->exe && victim->kill.known & VICTIM_EXE)
		json_put_name(&object, "exe_taken", taken_of(&victim->kill, VICTIM_EXE));
	if (victim->word_count) {
		json_put_names(&object, "argv", victim->words, victim->word_count);
		json_put_bool(&object, "argv_cut", victim->words_cut);
		if (victim->kill.known & VICTIM_ARGV)
			json_put_name(&object, "argv_taken", taken_of(&victim->kill, VICTIM_ARGV));
	}
	put_identity(&object, &victim->kill);
	if (victim->start_ns)
		json_put_count(&object, "start_boottime_ns", victim->start_ns);
	put_optional(&object, "cgroup", victim->kill.cgroup);
	if (victim->kill.known & VICTIM_CGROUP)
		json_put_count(&object, "cgroup_id", victim->kill.cgroup_id);
	json_put_place(&object, &victim->place, victim->names, victim->image);
	put_rss(&object, &victim->kill);
	if (!incident_is_brief(incident))
		put_anon_sums(&object, victim);
	put_mapped(&object, &victim->kill);
	put_mappings(&object, victim);
	json_put_ancestors(&object, victim->ancestors, victim->ancestor_count);
	return object;
}

static void put_victims(struct json_maker *object, const struct incident *incident)
{
	struct json_maker co_victims = json_make_array();

	for (size_t i = 0; i < incident->victim_count; i++) {
		struct json_maker victim = make_victim(incident, &incident->victims[i]);

		if (i)
			json_append_made(&co_victims, &victim);
		else
			json_put_made(object, "victim", &victim);
	}
	json_put_made(object, "co_victims", &co_victims);
}

static void put_trigger(struct json_maker *object, const struct incident *incident)
{
	const struct incident_event *event = &incident->event;
	struct json_maker trigger;

	if (!(event->known & INCIDENT_TRIGGER))
		return;
	trigger = json_make_object();
	json_put_count(&trigger, "pid", event->trigger_pid);
	json_put_count(&trigger, "tid", event->trigger_tid);
	json_put_name(&trigger, "comm", event->trigger_comm);
	put_optional(&trigger, "cgroup", event->trigger_cgroup);
	if (incident->trigger.user.frame_count)
		json_put_names(&trigger, "user_stack", incident->trigger.user.frames,
			       incident->trigger.user.frame_count);
	if (incident->trigger.kernel.frame_count)
		json_put_names(&trigger, "kernel_stack", incident->trigger.kernel.frames,
			       incident->trigger.kernel.frame_count);
	json_put_made(object, "trigger", &trigger);
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
	put_victims(object, incident);
	json_put_sender(object, incident);
	put_levels(object, incident);
	json_put_losses(object, &incident->held);
}

static void put_whole(struct json_maker *object, const struct incident *incident)
{
	put_facts(object, incident);
	put_victims(object, incident);
	json_put_sender(object, incident);
	put_trigger(object, incident);
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

int json_incident(const struct incident *incident,
		  const struct render_options *options __attribute__((unused)), FILE *stream)
{
	_cleanup_(json_maker_release) struct json_maker object = json_make_object();

	json_put_count(&object, "schema", JSON_SCHEMA);
	json_put_name(&object, "kind", incident_kind_name(incident->event.kind));
	if (incident->event.kind == INCIDENT_WARNING)
		json_put_warning(&object, incident);
	else
		(incident_is_brief(incident) ? put_brief : put_whole)(&object, incident);
	return json_print_line(&object, stream);
}

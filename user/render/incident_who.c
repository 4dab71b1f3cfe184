// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident_who.h"

#include "render/incident.h"
#include "render/incident_sender.h"
#include "render/json.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
		json_put_optional(&entry, "name", mapping->name);
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
	json_put_optional(&object, "exe", victim->exe);
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
	json_put_optional(&object, "cgroup", victim->kill.cgroup);
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

void json_put_victims(struct json_maker *object, const struct incident *incident)
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

void json_put_trigger(struct json_maker *object, const struct incident *incident)
{
	const struct incident_event *event = &incident->event;
	struct json_maker trigger;

	if (!(event->known & INCIDENT_TRIGGER))
		return;
	trigger = json_make_object();
	json_put_count(&trigger, "pid", event->trigger_pid);
	json_put_count(&trigger, "tid", event->trigger_tid);
	json_put_name(&trigger, "comm", event->trigger_comm);
	json_put_optional(&trigger, "cgroup", event->trigger_cgroup);
	if (incident->trigger.user.frame_count)
		json_put_names(&trigger, "user_stack", incident->trigger.user.frames,
			       incident->trigger.user.frame_count);
	if (incident->trigger.kernel.frame_count)
		json_put_names(&trigger, "kernel_stack", incident->trigger.kernel.frames,
			       incident->trigger.kernel.frame_count);
	json_put_made(object, "trigger", &trigger);
}

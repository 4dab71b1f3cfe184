// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/incident.h"
#include "capture/pod_names.h"
#include "capture/watch_state.h"

/* What was found for the victim before. */
struct workload {
	uint64_t cgroup_id;
	bool found;
	struct pod_names names;
};

#define ARGUMENT_MAX 4095

static uint64_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

static uint64_t rss_bytes(const struct ot_kill_record *record, enum ot_rss kind)
{
	/* what no CPU has added up may be below zero */
	return record->rss_pages[kind] > 0 ? record->rss_pages[kind] * page_bytes() : 0;
}

static uint64_t resident_bytes(const struct ot_kill_record *record)
{
	return rss_bytes(record, OT_RSS_ANON) + rss_bytes(record, OT_RSS_FILE) +
	       rss_bytes(record, OT_RSS_SHMEM);
}

/* The life that the record is of, if there is one and it is still that one. */
static const struct life *life_of(const struct incident *incident,
				  const struct ot_kill_record *record)
{
	struct life *life = lives_get(&incident->live->lives, record->account);

	return life && life->mm_life == record->life ? life : NULL;
}

static uint32_t queue_process(const struct incident *incident, const struct life *life,
			      const struct ot_kill_record *record)
{
	struct event event = {
		.type = EVENT_PROCESS,
		.process = {.id = life ? life->id : ++incident->live->lives.last_id,
			    .pid = record->tgid,
			    .parent_pid = record->parent_tgid,
			    .start_time_ns = record->start_time_ns,
			    .target = true,
			    .ended = true,
			    .exe = life ? life->exe : NULL},
	};

	memcpy(event.process.comm, record->comm, sizeof(event.process.comm) - 1);
	event_queue_push(incident->queue, &event);
	return event.process.id;
}

static void queue_victim(const struct incident *incident, const struct ot_kill_record *record,
			 uint32_t process, enum victim_role role)
{
	char path[INCIDENT_PATH_MAX];
	uint64_t resident = resident_bytes(record), peak = record->peak_pages * page_bytes();
	struct event event = {
		.type = EVENT_VICTIM,
		.victim = {.process = process,
			   .role = role,
			   .known = VICTIM_IDENTITY,
			   .tid = record->tid,
			   .parent_pid = record->parent_tgid,
			   .uid = record->uid,
			   .threads = record->threads,
			   .oom_score_adj = record->oom_score_adj},
	};

	if (record->level_count > 0) {
		incident_level_path(record, 0, path);
		event.victim.known |= VICTIM_CGROUP;
		event.victim.cgroup_id = record->levels[0].id;
		event.victim.cgroup = path;
	}
	if (record->life) {
		event.victim.known |= VICTIM_RSS | VICTIM_PAGE_TABLES | VICTIM_PEAK;
		event.victim.rss_anon_bytes = rss_bytes(record, OT_RSS_ANON);
		event.victim.rss_file_bytes = rss_bytes(record, OT_RSS_FILE);
		event.victim.rss_shmem_bytes = rss_bytes(record, OT_RSS_SHMEM);
		event.victim.swap_bytes = rss_bytes(record, OT_RSS_SWAP);
		event.victim.page_table_bytes = record->page_table_bytes;
		event.victim.peak_bytes = peak > resident ? peak : resident;
	}
	event_queue_push(incident->queue, &event);
}

/* Words end in a NUL each; the last one may be cut. */
static void queue_arguments(const struct incident *incident, uint32_t process, const char *argv,
			    uint32_t bytes, bool cut)
{
	char text[ARGUMENT_MAX + 1];
	uint32_t index = 0;

	for (uint32_t at = 0; at < bytes; index++) {
		size_t len = strnlen(argv + at, bytes - at);
		struct event event = {
			.type = EVENT_ARGUMENT,
			.argument = {.process = process,
				     .index = index,
				     .text = text,
				     .cut = (cut && at + len >= bytes) || len > ARGUMENT_MAX},
		};

		snprintf(text, sizeof(text), "%.*s", (int)len, argv + at);
		event_queue_push(incident->queue, &event);
		at += len + 1;
	}
}

/* Taken before the kill, or at the kill where the victim itself was running. */
static void queue_command_line(const struct incident *incident, const struct life *life,
			       const struct ot_kill_record *record, uint32_t process)
{
	if (life && life->argv_bytes)
		queue_arguments(incident, process, life->argv, life->argv_bytes, life->argv_cut);
	else if (record->argv_bytes <= sizeof(record->argv))
		queue_arguments(incident, process, record->argv, record->argv_bytes,
				record->argv_bytes == sizeof(record->argv));
}

static void queue_parents(const struct incident *incident, const struct ot_kill_record *record,
			  uint32_t process)
{
	for (uint32_t i = 0; i < record->parent_count && i < OT_KILL_PARENTS; i++) {
		struct event event = {
			.type = EVENT_ANCESTOR,
			.ancestor = {.process = process,
				     .depth = i + 1,
				     .pid = record->parents[i].pid},
		};

		memcpy(event.ancestor.comm, record->parents[i].comm,
		       sizeof(event.ancestor.comm) - 1);
		event_queue_push(incident->queue, &event);
	}
}

/* Those of the cgroup and the host go with the one that was chosen. */
static void queue_facts(const struct incident *incident, const struct ot_kill_record *record,
			uint32_t process, bool chosen)
{
	const struct facts *facts = watch_facts(incident->watch, record->life);

	for (uint32_t i = 0; facts && i < facts->count; i++) {
		const struct fact *fact = &facts->facts[i];
		const struct event event = {
			.type = EVENT_FIGURE,
			.figure = {.level = fact->level,
				   .key = fact->key,
				   .value = fact->value,
				   .source = fact->source,
				   .when = TAKEN_BEFORE,
				   .process = fact->level == LEVEL_PROCESS ? process : 0,
				   .text = fact_text(facts, fact)},
		};

		if (chosen || fact->level == LEVEL_PROCESS)
			event_queue_push(incident->queue, &event);
	}
}

static const char *name_or_null(const char *name)
{
	return name[0] ? name : NULL;
}

/* Members of a group that is killed live in one place: its directories are read once. */
static void queue_workload(const struct incident *incident, const struct ot_kill_record *record,
			   uint32_t process, struct workload *known)
{
	char path[INCIDENT_PATH_MAX], room[PLACE_ROOM];
	struct place place;
	struct event event = {
		.type = EVENT_WORKLOAD,
		.workload = {.process = process,
			     .kube_namespace = known->names.kube_namespace,
			     .pod = known->names.pod,
			     .container = name_or_null(known->names.container)},
	};

	if (!record->level_count)
		return;
	if (known->cgroup_id != record->levels[0].id) {
		incident_level_path(record, 0, path);
		place_of_cgroup(path, room, &place);
		known->cgroup_id = record->levels[0].id;
		known->found = pod_names_find(&incident->live->root, &place, &known->names);
		event.workload.container = name_or_null(known->names.container);
	}
	if (known->found)
		event_queue_push(incident->queue, &event);
}

uint32_t incident_queue_victim(const struct incident *incident, const struct ot_kill_record *record,
			       enum victim_role role)
{
	const struct life *life = life_of(incident, record);
	uint32_t process = queue_process(incident, life, record);

	queue_victim(incident, record, process, role);
	queue_command_line(incident, life, record, process);
	queue_parents(incident, record, process);
	queue_facts(incident, record, process, role == VICTIM_CHOSEN);
	return process;
}

void incident_queue_victims(struct incident *incident)
{
	const struct kill_cases *cases = &incident->watch->cases;
	struct workload workload = {.cgroup_id = 0};

	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i]) {
		const struct ot_kill_record *record = &cases->records[i];

		incident->processes[i] = incident_queue_victim(incident, record, cases->roles[i]);
		queue_workload(incident, record, incident->processes[i], &workload);
	}
}

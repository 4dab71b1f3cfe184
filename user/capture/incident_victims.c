// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/container_state.h"
#include "capture/incident.h"
#include "capture/pod_names.h"
#include "capture/sender.h"
#include "capture/watch_state.h"

/* What was found for the victim before. */
struct workload {
	uint64_t cgroup_id;
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

/*
 * Who runs what its parent ran, for it has executed nothing since it was forked, is known as that
 * one is: it may have lived too shortly to be looked at itself.
 */
static const struct life *life_of_image(const struct incident *incident,
					const struct ot_kill_record *record)
{
	const struct life *life = life_of(incident, record);
	uint32_t author = incident_author_of(incident, record);

	return life && !life->exe && !life->argv && author
		       ? lives_known(&incident->live->lives, author)
		       : life;
}

/* A life is an address space's: who shares the one chosen's is another process, and has its own
 * number. */
static uint32_t queue_process(const struct incident *incident, const struct life *image,
			      const struct ot_kill_record *record, enum victim_role role)
{
	const struct life *life = role == VICTIM_SHARER ? NULL : life_of(incident, record);
	char path[PROGRAM_PATH_MAX];
	struct event event = {
		.type = EVENT_PROCESS,
		.process = {.id = life ? life->id : ++incident->live->lives.last_id,
			    .pid = record->tgid,
			    .parent_pid = record->parent_tgid,
			    .start_time_ns = record->start_time_ns,
			    .target = true,
			    .ended = true,
			    .exe = image ? image->exe : NULL},
	};

	if (!event.process.exe && program_path(&record->program, path))
		event.process.exe = path;
	memcpy(event.process.comm, record->comm, sizeof(event.process.comm) - 1);
	event_queue_push(incident->queue, &event);
	return event.process.id;
}

/* How its program and its command line are known: what was read before goes first. */
static void fill_image(const struct life *image, const struct ot_kill_record *record,
		       struct victim_event *victim)
{
	if (image && image->exe)
		victim->before |= VICTIM_EXE;
	if ((image && image->argv_bytes) || record->flags & OT_KILL_ARGV_BEFORE)
		victim->before |= VICTIM_ARGV;
	if ((image && image->exe) || record->program.count)
		victim->known |= VICTIM_EXE;
	if ((image && image->argv_bytes) || record->argv_bytes)
		victim->known |= VICTIM_ARGV;
}

static void fill_memory(const struct ot_kill_record *record, struct victim_event *victim)
{
	uint64_t resident = resident_bytes(record), peak = record->peak_pages * page_bytes();

	victim->known |= VICTIM_RSS | VICTIM_PAGE_TABLES | VICTIM_PEAK | VICTIM_MAPPED;
	victim->rss_anon_bytes = rss_bytes(record, OT_RSS_ANON);
	victim->rss_file_bytes = rss_bytes(record, OT_RSS_FILE);
	victim->rss_shmem_bytes = rss_bytes(record, OT_RSS_SHMEM);
	victim->swap_bytes = rss_bytes(record, OT_RSS_SWAP);
	victim->page_table_bytes = record->page_table_bytes;
	victim->peak_bytes = peak > resident ? peak : resident;
	victim->mapped_bytes = record->mapped_pages[OT_MAPPED_ALL] * page_bytes();
	victim->data_bytes = record->mapped_pages[OT_MAPPED_DATA] * page_bytes();
	victim->stack_bytes = record->mapped_pages[OT_MAPPED_STACK] * page_bytes();
	victim->exec_bytes = record->mapped_pages[OT_MAPPED_EXEC] * page_bytes();
}

static void queue_victim(const struct incident *incident, const struct life *image,
			 const struct ot_kill_record *record, uint32_t process,
			 enum victim_role role)
{
	char path[INCIDENT_PATH_MAX];
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
	fill_image(image, record, &event.victim);
	if (record->life)
		fill_memory(record, &event.victim);
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

/*
 * Taken before the kill, by the recorder or as the victim was executed, or at the kill where it was
 * running itself.
 */
static void queue_command_line(const struct incident *incident, const struct life *image,
			       const struct ot_kill_record *record, uint32_t process)
{
	if (image && image->argv_bytes)
		queue_arguments(incident, process, image->argv, image->argv_bytes, image->argv_cut);
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

void incident_queue_workload(struct event_queue *queue, const struct sysroot *root,
			     uint32_t process, const struct place *place,
			     const struct pod_names *names)
{
	struct event event = {
		.type = EVENT_WORKLOAD,
		.workload = {.process = process,
			     .kube_namespace = name_or_null(names->kube_namespace),
			     .pod = name_or_null(names->pod),
			     .container = name_or_null(names->container)},
	};
	int fd = place ? container_state_open(root, place, &event.workload.state_format) : -ENOENT;

	if (fd >= 0) {
		event.workload.state_fd = fd;
		snprintf(event.workload.container_id, sizeof(event.workload.container_id), "%s",
			 place->container_id);
	} else if (!event.workload.pod) {
		return;
	}
	event_queue_push(queue, &event);
}

static void queue_mapped(const struct incident *incident, struct mapped_event mapped)
{
	const struct event event = {.type = EVENT_MAPPED, .mapped = mapped};

	event_queue_push(incident->queue, &event);
}

/* What it had reserved, when its facts were taken. */
static void queue_mappings(const struct incident *incident, const struct ot_kill_record *record,
			   uint32_t process)
{
	const struct facts *facts = watch_facts(incident->watch, record->life);
	const struct largest_mappings *largest = facts ? &facts->mappings : NULL;
	uint64_t before_ns =
		facts && record->time_ns > facts->time_ns ? record->time_ns - facts->time_ns : 0;

	for (uint32_t i = 0; largest && i < largest->count; i++)
		queue_mapped(incident, (struct mapped_event){
					       .process = process,
					       .kind = largest->items[i].kind,
					       .count = largest->items[i].count,
					       .bytes = largest->items[i].bytes,
					       .name = name_or_null(largest->items[i].name),
					       .before_ns = before_ns,
				       });
	if (largest && largest->other_count)
		queue_mapped(incident, (struct mapped_event){
					       .process = process,
					       .count = largest->other_count,
					       .bytes = largest->other_bytes,
					       .before_ns = before_ns,
					       .others = true,
				       });
}

/* Members of a group that is killed live in one place: its directories are read once. */
static void queue_workload(const struct incident *incident, const struct ot_kill_record *record,
			   uint32_t process, struct workload *known)
{
	const struct sysroot *root = &incident->live->root;
	char path[INCIDENT_PATH_MAX], room[PLACE_ROOM];
	struct place place;
	bool new;

	if (!record->level_count)
		return;
	new = known->cgroup_id != record->levels[0].id;
	if (new) {
		incident_level_path(record, 0, path);
		place_of_cgroup(path, room, &place);
		known->cgroup_id = record->levels[0].id;
		pod_names_find(root, &place, &known->names);
	}
	incident_queue_workload(incident->queue, root, process, new ? &place : NULL, &known->names);
}

uint32_t incident_queue_victim(const struct incident *incident, const struct ot_kill_record *record,
			       enum victim_role role)
{
	const struct life *image = life_of_image(incident, record);
	uint32_t process = queue_process(incident, image, record, role);

	queue_victim(incident, image, record, process, role);
	queue_command_line(incident, image, record, process);
	queue_parents(incident, record, process);
	queue_facts(incident, record, process, role == VICTIM_CHOSEN);
	queue_mappings(incident, record, process);
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

// SPDX-License-Identifier: GPL-2.0-or-later
/* Who was killed: what is spread over several events of a process, put together. */
#include <string.h>

#include "model/estimate.h"
#include "model/incident_events.h"

/* The latest of its process events: it is declared again when its state has changed. */
const struct process_event *incident_process_event(const struct incident_draft *draft, uint32_t id)
{
	const struct kept_of_process *kept = kept_of(draft->builder, EVENT_PROCESS, id);

	return kept ? &kept->last->event.process : NULL;
}

static int words_make(struct incident_draft *draft, struct incident_victim *victim)
{
	const struct kept_of_process *kept =
		kept_of(draft->builder, EVENT_ARGUMENT, victim->kill.process);
	const char **words;

	if (!kept)
		return 0;
	words = arena_alloc(&draft->owned->arena, kept->count, sizeof(*words));
	if (!words)
		return -ENOMEM;
	for (const struct kept_event *at = kept->first; at; at = at->next_of_same) {
		const struct argument_event *word = &at->event.argument;

		victim->words_cut |= word->cut || word->index != victim->word_count;
		words[victim->word_count++] = word->text;
	}
	victim->words = words;
	return 0;
}

int incident_ancestors_make(struct incident_draft *draft, uint32_t process,
			    const struct incident_ancestor **ret_ancestors, size_t *ret_count)
{
	const struct kept_of_process *kept = kept_of(draft->builder, EVENT_ANCESTOR, process);
	struct incident_ancestor *ancestors;
	size_t count = 0;

	if (!kept)
		return 0;
	ancestors = arena_alloc(&draft->owned->arena, kept->count, sizeof(*ancestors));
	if (!ancestors)
		return -ENOMEM;
	for (const struct kept_event *at = kept->first; at; at = at->next_of_same)
		ancestors[count++] = (struct incident_ancestor){
			.pid = at->event.ancestor.pid,
			.comm = at->event.ancestor.comm,
		};
	*ret_ancestors = ancestors;
	*ret_count = count;
	return 0;
}

static int mappings_make(struct incident_draft *draft, struct incident_victim *victim)
{
	const struct kept_of_process *kept =
		kept_of(draft->builder, EVENT_MAPPED, victim->kill.process);
	struct incident_mapping *mappings;

	if (!kept)
		return 0;
	mappings = arena_alloc(&draft->owned->arena, kept->count, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	for (const struct kept_event *at = kept->first; at; at = at->next_of_same) {
		const struct mapped_event *mapped = &at->event.mapped;

		victim->mappings_before_ns = mapped->before_ns;
		mappings[victim->mapping_count++] = (struct incident_mapping){
			.kind = mapped->others ? NULL : mapping_kind_name(mapped->kind),
			.name = mapped->name,
			.count = mapped->count,
			.bytes = estimate_add(mapped->bytes, 0),
		};
	}
	victim->mappings = mappings;
	return 0;
}

static const struct workload_event *names_of(const struct incident_draft *draft, uint32_t process)
{
	const struct kept_of_process *kept = kept_of(draft->builder, EVENT_WORKLOAD, process);

	return kept ? &kept->last->event.workload : NULL;
}

static int place_make(struct incident_draft *draft, struct incident_victim *victim)
{
	char *room = arena_alloc(&draft->owned->arena, PLACE_ROOM, 1);

	if (!room)
		return -ENOMEM;
	place_of_cgroup(victim->kill.cgroup, room, &victim->place);
	return 0;
}

int64_t incident_unexplained_anon(const struct incident_victim *victim)
{
	return (int64_t)estimate_add(victim->kill.rss_anon_bytes, 0) -
	       (int64_t)victim->process->accounts[KIND_ANON].held_bytes;
}

uint64_t incident_inherited_bytes(const struct incident_victim *victim)
{
	return victim->process ? victim->process->accounts[KIND_ANON].inherited_bytes : 0;
}

static int victim_make(struct incident_draft *draft, const struct victim_event *event,
		       struct incident_victim *victim)
{
	const struct process_event *process = incident_process_event(draft, event->process);
	int err;

	victim->kill = *event;
	victim->comm = process ? process->comm : "?";
	if (process) {
		victim->pid = process->pid;
		victim->start_ns = process->start_time_ns;
		victim->exe = process->exe;
	}
	victim->process = incident_process(&draft->owned->incident, event->process);
	victim->names = names_of(draft, event->process);
	err = place_make(draft, victim);
	if (!err)
		err = words_make(draft, victim);
	if (!err)
		err = mappings_make(draft, victim);
	return err ? err
		   : incident_ancestors_make(draft, event->process, &victim->ancestors,
					     &victim->ancestor_count);
}

static int victim_index(struct incident_owned *owned, struct incident_victim *victim)
{
	int err = table_put(&owned->victims, (struct table_key){.major = victim->kill.process},
			    victim);

	return err ? err
		   : table_put(&owned->victim_pids, (struct table_key){.major = victim->pid},
			       victim);
}

/* The file of a container is looked for once, for the first victim in it. */
static const char *image_of(const struct incident_owned *owned,
			    const struct incident_victim *victim)
{
	const struct incident *incident = &owned->incident;

	if (victim->names && victim->names->image)
		return victim->names->image;
	for (size_t i = 0; i < incident->victim_count && victim->place.container_id; i++) {
		const struct incident_victim *other = &incident->victims[i];

		if (other->image && other->place.container_id &&
		    strcmp(other->place.container_id, victim->place.container_id) == 0)
			return other->image;
	}
	return NULL;
}

int incident_victims_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct incident_victim *victims = arena_alloc(
		&draft->owned->arena, kept_count(draft, EVENT_VICTIM), sizeof(*victims));
	int err = victims ? 0 : -ENOMEM;

	incident->victims = victims;
	for (const struct kept_event *kept = kept_first(draft, EVENT_VICTIM); kept && !err;
	     kept = kept->next) {
		struct incident_victim *victim = &victims[incident->victim_count++];

		err = victim_make(draft, &kept->event.victim, victim);
		victim->image = image_of(draft->owned, victim);
		if (!err)
			err = victim_index(draft->owned, victim);
	}
	return err;
}

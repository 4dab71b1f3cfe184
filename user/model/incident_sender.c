// SPDX-License-Identifier: GPL-2.0-or-later
/* Who sent the SIGKILL: what is spread over several events, put together. */
#include "model/incident_events.h"

int incident_sender_make(struct incident_draft *draft)
{
	const struct kept_event *kept = kept_first(draft, EVENT_SENDER);
	const struct process_event *process;
	struct incident_sender *sender;
	char *room;

	if (!kept)
		return 0;
	sender = arena_alloc(&draft->owned->arena, 1, sizeof(*sender));
	room = arena_alloc(&draft->owned->arena, 1, PLACE_ROOM);
	if (!sender || !room)
		return -ENOMEM;
	sender->event = kept->event.sender;
	process = incident_process_event(draft, sender->event.process);
	sender->comm = process ? process->comm : "?";
	if (process) {
		sender->pid = process->pid;
		sender->exe = process->exe;
	}
	place_of_cgroup(sender->event.cgroup, room, &sender->place);
	draft->owned->incident.sender = sender;
	return incident_ancestors_make(draft, sender->event.process, &sender->ancestors,
				       &sender->ancestor_count);
}

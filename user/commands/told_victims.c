// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/told_victims.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void declare(struct told_victims *victims, const struct process_event *process)
{
	victims->declared = (struct told_process){.id = process->id, .pid = process->pid};
	memcpy(victims->declared.comm, process->comm, sizeof(process->comm));
}

void told_victims_note(struct told_victims *victims, const struct event *event)
{
	if (event->type == EVENT_PROCESS)
		declare(victims, &event->process);
	if (event->type != EVENT_VICTIM)
		return;
	if (event->victim.role == VICTIM_CHOSEN && event->victim.process == victims->declared.id)
		victims->chosen = victims->declared;
	victims->count++;
}

void told_victims_words(const struct told_victims *victims, char ret_words[TOLD_VICTIMS_MAX])
{
	const struct told_process *chosen = &victims->chosen;
	char more[32] = "";

	if (victims->count > 1)
		snprintf(more, sizeof(more), " and %" PRIu64 " more", victims->count - 1);
	if (chosen->id)
		snprintf(ret_words, TOLD_VICTIMS_MAX, "%.*s (pid %" PRIu32 ")%s",
			 EVENT_COMM_LEN - 1, chosen->comm, chosen->pid, more);
	else
		snprintf(ret_words, TOLD_VICTIMS_MAX, "a process that is not known%s", more);
}

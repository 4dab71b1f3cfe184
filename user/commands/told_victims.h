/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom an incident is about, for a line about one that is not in the spool. For watch.c.
 */
#ifndef COMMANDS_TOLD_VICTIMS_H
#define COMMANDS_TOLD_VICTIMS_H

#include "capture/event.h"

/* "comm (pid 4294967295) and 18446744073709551615 more" */
#define TOLD_VICTIMS_MAX 80

struct told_process {
	uint32_t id, pid;
	char comm[EVENT_COMM_LEN]; /* hostile bytes */
};

/* Starts as {}, for each incident. */
struct told_victims {
	struct told_process declared; /* last: a victim comes after its process */
	struct told_process chosen;
	uint64_t count;
};

/* Takes in each event of an incident. */
void told_victims_note(struct told_victims *victims, const struct event *event);

/* As people are told it. */
void told_victims_words(const struct told_victims *victims, char ret_words[TOLD_VICTIMS_MAX]);

#endif

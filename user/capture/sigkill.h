/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGKILLs that no OOM explains: most are told in passing, as a group of events without a number
 * that is kept nowhere; those of OOM daemons become cases, and so incidents, like the kernel's own.
 * For watch.c and incident.c alone.
 */
#ifndef CAPTURE_SIGKILL_H
#define CAPTURE_SIGKILL_H

#include "capture/incident.h"

/* A record of the ring of others' SIGKILLs. */
void sigkill_take(struct live *live, const struct ot_sigkill_record *record);

/* One that the kernel sent by itself, and which no mark has followed. */
void sigkill_take_unmarked(struct live *live, const struct ot_kill_record *record);

/* The events that tell of a case's sender. */
void sigkill_queue_sender(const struct incident *incident, const struct ot_kill_sender *sender);

#endif

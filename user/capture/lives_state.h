/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lives.c and lives_code.c ask of each other; for them alone. */
#ifndef CAPTURE_LIVES_STATE_H
#define CAPTURE_LIVES_STATE_H

#include "capture/lives.h"

/*
 * Reads the mappings again, or takes what else is known of them, unless that was done a moment ago.
 * True: they may be others now, and are going to be published.
 */
bool lives_reread(struct lives *lives, uint32_t account);

/* Other code is going to be where this account's was. */
void lives_tell_other_code(struct lives *lives, uint32_t account);

/* Forgets what the walk saw mapped. */
void lives_told_release(struct life *life);

/* At the next lives_publish_missing(). `stale`: its mappings are read before. */
void lives_publish_later(struct lives *lives, struct life *life, bool stale);

#endif

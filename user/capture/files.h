/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files the page cache of the ledger is of (--files): looked up when a snapshot is taken,
 * page by page, in the kernel (bpf/files.bpf.c), added up and named here. Names are anybody's:
 * bounded, and passed on as they are.
 */
#ifndef CAPTURE_FILES_H
#define CAPTURE_FILES_H

#include "base/sysroot.h"
#include "capture/event_queue.h"
#include "capture/ledger.h"
#include "capture/programs.h"

/* Files that are told apart; what else there is counts as one. */
#define FILES_MAX 65536
/* Of them, the largest, that are named and told. */
#define FILES_TOLD 1024

/* Queues an event for each file, the largest first, and one for all others. 0 or -errno. */
int files_queue(const struct sysroot *root, const struct ledger *ledger,
		const struct programs *programs, struct event_queue *queue);

#endif

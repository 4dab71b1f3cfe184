/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's log says of an OOM kill: fed record by record, as /dev/kmsg gives them, it
 * keeps the latest few dumps. Names in the log are their owners' to choose, and may look like any
 * part of a line: what counts is read from where no name can be, or by what must follow the name.
 */
#ifndef CAPTURE_KMSG_OOM_H
#define CAPTURE_KMSG_OOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/event.h"

/* Rows kept of one table of tasks: those with the most memory. */
#define KMSG_TASKS_MAX 512
/* Bytes kept of the cgroup's figures: 2 KiB is usual. */
#define KMSG_STATS_MAX 4096
/* Dumps that are kept until the incidents they belong to ask for them. */
#define KMSG_DUMPS_MAX 4

struct kmsg_task {
	uint32_t pid;
	int32_t oom_score_adj;
	uint64_t rss_pages;
	uint64_t swap_pages;
	uint64_t page_table_bytes;
	bool has_page_tables, has_swap;
	char comm[EVENT_COMM_LEN];
};

struct kmsg_dump {
	uint32_t pid; /* of the thread that is killed; 0: the dump is not complete */
	bool has_order;
	uint32_t order;
	uint32_t gfp;
	enum incident_scope scope;
	bool has_kernel; /* what the kernel has for itself, where the log tells: v1 */
	uint64_t kernel_bytes;
	size_t stats_len;
	char stats[KMSG_STATS_MAX]; /* "key value" lines, as in memory.stat: of the cgroup that
				       fired */
	uint32_t task_count;
	uint32_t tasks_left_out;
	struct kmsg_task tasks[KMSG_TASKS_MAX];
};

/* Which number of a row is what: the header of the table says. */
enum kmsg_column {
	KMSG_COLUMN_OTHER,
	KMSG_COLUMN_RSS,
	KMSG_COLUMN_PAGE_TABLES,
	KMSG_COLUMN_SWAP,
	KMSG_COLUMN_ADJ,
	KMSG_COLUMN_TGID,
};

#define KMSG_COLUMNS_MAX 16

struct kmsg_oom {
	struct kmsg_dump dumps[KMSG_DUMPS_MAX];
	uint32_t next; /* the one that is being read */
	bool in_stats;
	bool in_table;
	enum kmsg_column columns[KMSG_COLUMNS_MAX];
	uint32_t column_count;
	uint64_t overruns; /* times that the log was written faster than it was read */
};

/* One record: "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT". Others than the kernel's own are passed over. */
void kmsg_oom_feed(struct kmsg_oom *oom, const char *record);

/* The dump of the kill of a thread, the latest one first; NULL: it was not printed. */
const struct kmsg_dump *kmsg_oom_find(const struct kmsg_oom *oom, uint32_t tid);

#endif

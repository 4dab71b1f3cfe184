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
/* Dumps that are kept until the incidents they belong to ask for them: the kernel prints ten in
 * five seconds, and one is being read. */
#define KMSG_DUMPS_MAX 12
/* Kills that wait to be asked for. */
#define KMSG_KILLS_MAX 256
/* A group is killed line by line: what comes later than this was not of it. */
#define KMSG_GROUP_QUIET_US 50000
/* Bytes of a cgroup's path, unescaped: the kernel's own lines are not longer. */
#define KMSG_PATH_MAX 1024

struct kmsg_task {
	uint32_t pid;
	uint32_t tid; /* of the thread that has the memory, mostly the first */
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
	uint64_t policy_nodes; /* a bit for each node; 0: any, or not to be told */
	uint64_t cpuset_nodes; /* the same, of the cpuset of who asked */
	uint32_t trigger_tid;  /* 0: not told */
	char trigger_comm[EVENT_COMM_LEN];
	char fired[KMSG_PATH_MAX]; /* the cgroup whose limit was hit; "": none, or not to be told */
	char home[KMSG_PATH_MAX];  /* the cgroup of the victim; "": not to be told */
	bool has_usage;            /* of the cgroup that fired: */
	uint64_t usage_bytes, limit_bytes;
	bool has_kernel; /* what the kernel has for itself, where the log tells: v1 */
	uint64_t kernel_bytes;
	size_t stats_len;
	char stats[KMSG_STATS_MAX]; /* "key value" lines, as in memory.stat: of the cgroup that
				       fired */
	uint32_t task_count;
	uint32_t tasks_left_out;
	struct kmsg_task tasks[KMSG_TASKS_MAX];
};

/* "Killed process": every kill has such a line, however many there are. */
struct kmsg_kill {
	uint64_t logged_us; /* by the clock of the log */
	uint32_t pid;       /* of the thread that is killed */
	uint32_t leader;    /* of whose group kill it is a part: the pid chosen; 0: of none */
	char comm[EVENT_COMM_LEN];
	bool of_memcg;    /* a limit was hit, not the end of memory */
	bool has_figures; /* all that follow */
	uint64_t anon_bytes, file_bytes, shmem_bytes, page_table_bytes;
	uint32_t uid;
	int32_t oom_score_adj;
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
	struct kmsg_kill kills[KMSG_KILLS_MAX]; /* oldest first */
	uint32_t kill_count;
	struct kmsg_kill last; /* the latest of all */
	uint64_t now_us;       /* of the record that is being read */
	uint32_t leader;       /* of the group that is being killed; 0: none is */
	uint64_t repeated; /* kills of who was killed already, with its group: counted twice by the
			      kernel */
	uint64_t crowded;  /* kills that found no room here */
	uint64_t overruns; /* times that the log was written faster than it was read */
};

/* One record: "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT". Others than the kernel's own are passed over. */
void kmsg_oom_feed(struct kmsg_oom *oom, const char *record);

/* The dump of the kill of a thread, the latest one first; NULL: it was not printed. */
const struct kmsg_dump *kmsg_oom_find(const struct kmsg_oom *oom, uint32_t tid);

/* Forgets the oldest kills. */
void kmsg_oom_drop(struct kmsg_oom *oom, uint32_t count);

#endif

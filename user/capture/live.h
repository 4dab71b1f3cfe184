/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live kernel as a source of trace events. Loads the BPF programs, follows its target until the
 * session ends (signal, duration, end of the target), then hands out the ledger. Says nothing
 * itself; the command asks for what it wants to tell people.
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/failure.h"
#include "capture/rows_provider.h"
#include "capture/programs.h"
#include "capture/source.h"
#include "capture/warn_percents.h"

struct live_options {
	/* one of pids, argv, comm, cgroup and all */
	const uint32_t *pids;
	size_t pid_count;
	char *const *argv;  /* a command to start */
	const char *comm;   /* processes of this name */
	const char *cgroup; /* processes in this cgroup, as people write its path */
	bool all;
	bool children;             /* follow forks; always on for a command */
	bool kernel_stacks;        /* the kernel's part of stacks, too */
	bool mappings;             /* follow what is mapped; not with `all` */
	enum unwind_method unwind; /* how user stacks are taken */
	struct rows_provider rows; /* of unwind data; get is NULL: nobody has any */
	bool files;                /* tell what files the page cache is of */
	bool watch_kills;          /* make incidents, hand nothing out: watch.h */
	int (*take_incident)(void *context, const struct event *event); /* their events */
	int (*take_brief)(void *context,
			  const struct event *event); /* of what is told in passing */
	void *take_context;
	bool by_log;               /* with watch_kills: without BPF, by the kernel's log alone */
	bool sigkills;             /* of all SIGKILLs */
	struct warn_percents warn; /* when limits come near */
	uint64_t last_sequence;    /* of the incidents of this boot that there are already */
	uint64_t duration_ns;      /* 0: no limit */
	uint64_t snapshot_interval_ns; /* 0: a snapshot at the end alone */
	uint64_t period_pages;         /* 0: chosen */
	const char *target;            /* for the session event */
};

struct live_facts {
	size_t target_count; /* of processes named by pid, or the command */
	uint32_t pid;        /* of the first of them */
	const char *comm;
	const char *cgroup;     /* its path in its hierarchy; NULL: none */
	bool cgroup_has_memory; /* the kernel accounts for it */
	size_t process_count;   /* traced now */
	uint64_t period_pages;
	uint64_t map_bytes;          /* kernel memory of all maps */
	uint64_t row_bytes;          /* of the unwind rows of all programs, on top of them */
	uint32_t files_without_room; /* whose rows have none */
	uint64_t own_bytes;          /* anonymous memory of this process; 0: unknown */
	int kernel_symbols_error;    /* why kernel functions have no names, or 0 */
	int adopt_error;             /* why what was there before could not be adopted, or 0 */
	bool unwind_rows;            /* stacks are walked by unwind rows */
	bool period_costly;          /* the ledger takes more than 1/1024 of memory */
};

/*
 * Probes are live when this returns, and a command is running. From here on SIGINT, SIGTERM and
 * SIGHUP end the session; a second one ends the program. 0, or -errno with *ret_failure.
 */
int live_open(const struct live_options *options, struct source **ret_source,
	      struct failure *ret_failure);

/* Somebody who looks on meanwhile: `ready` is called when `fd` can be read. False ends the session.
 */
struct live_onlooker {
	int fd;
	bool (*ready)(void *context);
	void *context;
};

void live_set_onlooker(struct source *source, const struct live_onlooker *onlooker);

/*
 * What to do while the caller waits for something else, with `live_busy_fd()` readable: takes the
 * records that wait, so that none is lost for want of room, and makes the incidents that are due.
 * Queues events, hands out none.
 */
int live_busy_fd(const struct source *source);
void live_while_busy(struct source *source);

/* Of a source that live_open() made. Borrowed until it is closed. */
struct live_facts live_facts(const struct source *source);

/*
 * Waits for the command, if there is one and it has not been waited for. False when there is none.
 */
bool live_wait_command(struct source *source, int *ret_status);

#endif

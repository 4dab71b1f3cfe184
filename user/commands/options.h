/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, parsed once into a struct opts that everyone else reads. One table in
 * options.c holds name, help, type, range and member of every option.
 */
#ifndef COMMANDS_OPTIONS_H
#define COMMANDS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/programs.h"
#include "capture/warn_percents.h"
#include "model/growth_builder.h"
#include "render/format.h"

enum command_id {
	COMMAND_GROWTH, /* no command word: record */
	COMMAND_WATCH,  /* no command word: --watch-oom-kills */
	COMMAND_LIST,
	COMMAND_REPORT,
	COMMAND_DIFF,
	COMMAND_CHECK,
	COMMAND_COUNT,
};

/* Of running processes, in one command line. */
#define PIDS_MAX 128

/* Where module files are kept from one run to the next. */
#define CACHE_PATH "/var/cache/oomtrace"
#define CACHE_NONE "none"

struct opts {
	enum command_id command;

	/* what to trace: exactly one of these for COMMAND_GROWTH */
	uint32_t pids[PIDS_MAX];
	size_t pid_count;
	const char *comm;          /* processes of this name */
	const char *cgroup;        /* processes in this cgroup or below it */
	bool all;                  /* every process of the host */
	char *const *command_argv; /* -- CMD ARGS, NULL-terminated; NULL: not given */

	bool watch;                /* for OOM kills, of the whole host */
	bool sigkills;             /* and report all other SIGKILLs, too */
	struct warn_percents warn; /* and tell of limits that come near */
	const char *on_warn;       /* a command to run then; NULL: none */
	const char *on_warn_user;  /* whose it is; NULL: nobody's */
	uint64_t on_warn_deadline_ns;
	const char *spool;    /* directory of incidents */
	uint64_t spool_bytes; /* that they may take together */
	uint64_t keep_free;   /* percent of the spool's file system */

	/* COMMAND_LIST, with pids and comm: which incidents */
	const char *container;
	struct growth_moment since, until; /* not absolute: so long ago */
	bool reverse, last;

	bool children;             /* follow forked children */
	bool kernel_stacks;        /* the kernel's part of stacks, too */
	bool files;                /* tell what files the page cache is of */
	bool lines, inlines;       /* what DWARF says of frames */
	enum unwind_method unwind; /* how user stacks are taken */
	uint64_t duration_ns;      /* 0: until interrupted or the target ends */
	uint64_t period_pages;     /* 0: chosen by the recorder */
	uint64_t interval_ns;      /* between snapshots in a trace file, 0: none but the last */
	uint64_t max_bytes;        /* of a trace file */
	const char *cache_path;    /* for module files; "none" */
	bool debuginfod;           /* fetch debug files of servers */
	const char *debuginfod_urls;

	const char *
		report_path; /* COMMAND_REPORT: the trace file, "-" is stdin; the old one to diff */
	const char *diff_path; /* COMMAND_DIFF: the new trace file; NULL: report_path is, and the
				  old one is the life before it */
	struct growth_interval shown; /* of the recording */

	/* what to print */
	bool since_start;
	bool reserved; /* mapped addresses instead of memory */
	bool show_kinds;
	bool by_cgroup; /* the cgroup is the root of each stack */
	bool explain;
	bool annotate;         /* mark the frames of the kernel */
	uint32_t kinds;        /* bits (1 << kind), 0: all */
	uint64_t top;          /* stacks in text */
	const char *output;    /* NULL or "-": stdout */
	enum format_id format; /* resolved from --format, else from the ending of `output` */

	bool stats; /* say how stacks ended */
	bool strict;
	bool verbose;
};

/*
 * Parses, checks and says what is wrong, once. Returns -1 when `ret_opts` is filled and a command
 * should run, else the exit code to leave with (--help and --version were printed: 0).
 * Pointers in `ret_opts` borrow from `argv`.
 */
int options_parse(int argc, char **argv, struct opts *ret_opts);

#endif

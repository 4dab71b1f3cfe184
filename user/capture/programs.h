/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF object's life: open, size, load, calibrate (programs.c), attach, detach
 * (program_links.c), and what is asked of it in between (program_calls.c). Which program serves
 * which need is the table in hooks.c.
 */
#ifndef CAPTURE_PROGRAMS_H
#define CAPTURE_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/sysroot.h"
#include "bpf/oomtrace.h"
#include "capture/failure.h"
#include "capture/physical.h"
#include "capture/sizes.h"

/*
 * The kernel's statistics of one program are three lines, but more than it keeps goes through the
 * buffer, and has to fit.
 */
#define PROGRAMS_VERIFIER_TEXT_BYTES (1 << 20)

/* Where raw tracepoints may be preempted, and tracefs does not give the events' numbers. */
#define PROGRAMS_WITHOUT_EVENTS                                                                   \
	"whoever is preempted while a page of it is counted keeps others on that CPU from being " \
	"counted, "                                                                               \
	"which is told as lost (recursion): tracefs is not mounted"

struct hook;
struct bpf_program;
struct oomtrace_bpf;

struct programs {
	struct oomtrace_bpf *skeleton;
	struct sizes sizes;
	uint32_t period_shift;
	uint32_t cell_count; /* fixed ones included */
	bool host;
	bool kernel_stacks, mappings;
	bool unwind_rows; /* stacks are walked by them */
	/* Raw tracepoints may be preempted, and so pages are told of by perf; or cannot be. */
	bool by_perf, preempted;
	enum ot_choice choice;
	bool watch_kills, sigkills;
	uint32_t missing_hooks; /* bit for each of hooks[] that was of use and is not there */
	char *verifier_texts;   /* one for each program, where that was asked for */
};

/* By what processes become targets, besides by programs_add_target(). */
struct programs_rule {
	enum ot_choice choice;
	uint32_t flags;     /* enum ot_target_flag bits they get */
	const char *name;   /* OT_CHOOSE_NAME */
	uint64_t cgroup_id; /* OT_CHOOSE_CGROUP, and whether it is of the v2 hierarchy */
	bool cgroup_unified;
};

/* How user stacks are taken. */
enum unwind_method {
	UNWIND_AUTO,           /* by rows where the kernel and the machine can, else: */
	UNWIND_ROWS,           /* by unwind rows, or not at all */
	UNWIND_FRAME_POINTERS, /* by the kernel */
};

struct programs_options {
	enum capture_mode mode;
	struct programs_rule rule;
	uint64_t period_pages; /* 0: chosen */
	bool kernel_stacks;
	bool mappings;    /* tell of what is mapped and unmapped */
	bool files;       /* programs that look pages up in files */
	bool watch_kills; /* tell of OOM kills */
	bool measure;     /* keep what the verifier says a program cost it */
	bool sigkills;    /* and of all other SIGKILLs */
	enum unwind_method unwind;
};

/*
 * Loads everything, attached to nothing yet, with the maps filled in and frames calibrated.
 * 0, or -errno with *ret_failure saying why.
 */
int programs_load(const struct sysroot *root, const struct physical *physical,
		  const struct programs_options *options, struct programs **ret_programs,
		  struct failure *ret_failure);

/* From here on pages are counted. */
int programs_attach(struct programs *programs, struct failure *ret_failure);

/*
 * Watches where movers put pages, or stops to: that costs a program on every LRU insertion. 0 or
 * -errno.
 */
int programs_watch_movers(struct programs *programs, bool watch);

/*
 * Is that done only while they move? The few pages moved before the program is attached lose their
 * author: too many where every page is counted.
 */
bool programs_watch_on_demand(const struct programs *programs);

/* Nobody has moved pages for a while. */
bool programs_movers_are_idle(const struct programs *programs);

/* No event is seen any more; the maps stay readable. */
void programs_detach(struct programs *programs);

void programs_free(struct programs *programs);
DEFINE_CLEANUP(struct programs *, programs_free)

/* Is this hook of use in this mode? */
bool programs_want(const struct programs *programs, const struct hook *hook);

/* Traces a thread group, with enum ot_target_flag bits. 0 or -errno. */
int programs_add_target(struct programs *programs, uint32_t tgid, uint32_t flags);

/*
 * Looks at all tasks: opens the accounts of targets that have none, and marks the accounts whose mm
 * is in use (ot_account.scan and user_tid). 0 or -errno.
 */
int programs_scan(struct programs *programs);
/* Runs a program that is not attached, in our own context. 0 or -errno. */
int programs_run(const struct bpf_program *program);

/* Has no task used the account's mm at the last scan? */
bool programs_unused_at_scan(const struct programs *programs, const struct ot_account *account);

/* Settles the allocation each CPU has pending. 0 or -errno. */
int programs_settle_cpus(const struct programs *programs);

/* How often the kernel kept a program that is attached from interrupting itself. */
uint64_t programs_recursion_misses(const struct programs *programs);

/*
 * Instructions the verifier went through for each program that was loaded, where options had
 * `measure`: what loading costs, and how far it is from the kernel's limit of a million.
 */
typedef void (*programs_cost_fn)(const char *name, uint64_t instructions, void *context);
void programs_each_cost(const struct programs *programs, programs_cost_fn callback, void *context);

/* One row of the byte table: what a map takes of kernel memory. */
typedef void (*programs_map_fn)(const char *name, uint64_t bytes, void *context);
void programs_each_map(const struct programs *programs, programs_map_fn callback, void *context);

#endif

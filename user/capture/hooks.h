/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which BPF program serves which need, on which tracepoint, when it is attached and what is missing
 * without it: a table. `oomtrace check` prints it, program_links.c attaches by it.
 */
#ifndef CAPTURE_HOOKS_H
#define CAPTURE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct sysroot;

enum hook_use {
	HOOK_ALWAYS,
	HOOK_ON_DEMAND, /* while movers move, unless every page is counted */
	/* in some modes, elsewhere not even loaded: */
	HOOK_FOR_MAPPINGS, /* --virtual */
	HOOK_FOR_NAMES,    /* --comm */
	HOOK_FOR_CGROUPS,  /* --cgroup */
	HOOK_FOR_KILLS,    /* --watch-oom-kills */
	HOOK_FOR_SIGKILLS, /* --sigkills */
};

enum hook_kind {
	HOOK_TRACEPOINT,
	HOOK_FUNCTION, /* of the kernel: enriches what tracepoints tell */
};

struct hook {
	const char *need;       /* what it is for */
	const char *program;    /* in the BPF object */
	const char *tracepoint; /* category/name */
	enum hook_use use;
	enum hook_kind kind;
	bool required;
	bool by_perf;            /* its event of perf tells as much (bpf/page_event.bpf.h) */
	const char *without;     /* what is missing without it; NULL when it is required */
	uint32_t argument_count; /* of the tracepoint, where it has changed; 0: any */
};

#define HOOKS_MAX 32
extern const struct hook hooks[];
extern const size_t hook_count;

/* The name of the event, without its category. */
const char *hook_event(const struct hook *hook);

/*
 * Is there such a tracepoint or function, as far as this kernel's BTF tells? False without BTF
 * (NULL), and of a function where the kernel has no kprobes.
 */
bool hook_exists(const struct hook *hook, const struct sysroot *root, const struct btf *btf);

#endif

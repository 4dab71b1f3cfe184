// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaching by the table in hooks.c, and detaching. */
#include "capture/programs.h"

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/hooks.h"
#include "oomtrace.skel.h"

/* How long after the last mover lru_insertion stays attached. */
#define MOVERS_IDLE_NS UINT64_C(2000000000)

static int no_hook(struct failure *ret_failure, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = FAILURE_NO_HOOK, .error = error, .where = where};
	return error;
}

static struct bpf_link **link_of(struct programs *programs, const char *program)
{
	struct bpf_object_skeleton *skeleton = programs->skeleton->skeleton;

	for (int i = 0; i < skeleton->prog_cnt; i++)
		if (strcmp(skeleton->progs[i].name, program) == 0)
			return skeleton->progs[i].link;
	return NULL;
}

static struct bpf_link *attach_by_perf(struct bpf_program *program, const struct hook *hook)
{
	char category[64];

	snprintf(category, sizeof(category), "%.*s", (int)(hook_event(hook) - 1 - hook->tracepoint),
		 hook->tracepoint);
	return bpf_program__attach_tracepoint(program, category, hook_event(hook));
}

static int hook_attach(struct programs *programs, const struct hook *hook)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(programs->skeleton->obj, hook->program);
	struct bpf_link **place = link_of(programs, hook->program), *link;

	if (!program || !place)
		return -ENOENT;
	if (hook->kind == HOOK_FUNCTION)
		link = bpf_program__attach_kprobe(program, false, hook_event(hook));
	else if (hook->by_perf && programs->by_perf)
		link = attach_by_perf(program, hook);
	else
		link = bpf_program__attach_raw_tracepoint(program, hook_event(hook));
	if (!link)
		return -errno;
	*place = link;
	return 0;
}

int programs_watch_movers(struct programs *programs, bool watch)
{
	struct bpf_link **link = &programs->skeleton->links.lru_insertion;
	int error = 0;

	if (watch == (*link != NULL))
		return 0;
	if (watch) {
		for (size_t i = 0; i < hook_count; i++)
			if (hooks[i].use == HOOK_ON_DEMAND)
				error = hook_attach(programs, &hooks[i]);
	} else {
		bpf_link__destroy(*link);
		*link = NULL;
	}
	programs->skeleton->bss->lru_attached = *link != NULL;
	return error;
}

bool programs_watch_on_demand(const struct programs *programs)
{
	return programs->period_shift > 0;
}

bool programs_movers_are_idle(const struct programs *programs)
{
	const struct oomtrace_bpf__bss *state = programs->skeleton->bss;

	return state->movers_active == 0 &&
	       clock_monotonic_ns() - state->movers_last_ns > MOVERS_IDLE_NS;
}

int programs_attach(struct programs *programs, struct failure *ret_failure)
{
	/* Frees before allocations: what is opened must be seen to close. So, from the end. */
	for (size_t i = hook_count; i-- > 0;) {
		int error;

		if (hooks[i].use == HOOK_ON_DEMAND || !programs_want(programs, &hooks[i]))
			continue;
		error = hook_attach(programs, &hooks[i]);
		if (error && hooks[i].required)
			return no_hook(ret_failure, error, hooks[i].tracepoint);
		if (error) {
			programs->missing_hooks |= 1u << i;
			log_debug("no %s: %s", hooks[i].tracepoint, hooks[i].without);
		}
	}
	if (!programs_watch_on_demand(programs) && programs_watch_movers(programs, true))
		log_debug("moved pages lose their stack: their new places cannot be seen");
	return 0;
}

void programs_detach(struct programs *programs)
{
	oomtrace_bpf__detach(programs->skeleton);
}

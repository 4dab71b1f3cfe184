// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why the kernel killed: what had run out, how much of it there is, which allocation failed. Asked
 * where it chose its victim (bpf/oom_cause.bpf.h), or taken from its log; where both are silent,
 * from where whoever asked for memory was.
 */
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture/incident.h"
#include "capture/watch_state.h"

/* By enum oom_constraint of the kernel (include/linux/oom.h), which has not changed since 2.6. */
static const enum incident_scope scopes[] = {
	SCOPE_GLOBAL,
	SCOPE_CPUSET,
	SCOPE_MEMPOLICY,
	SCOPE_MEMCG,
};

/* NULL: it was not asked. */
static const struct ot_kill_cause *cause_of(const struct incident *incident)
{
	const struct ot_kill_record *chosen = incident->chosen;

	return chosen->flags & OT_KILL_HAS_CAUSE &&
			       chosen->cause.constraint < sizeof(scopes) / sizeof(scopes[0])
		       ? &chosen->cause
		       : NULL;
}

/* What the trigger was in tells whether a cgroup had run out, on every kernel. */
static enum incident_scope scope_of_stack(const struct incident *incident)
{
	const struct ot_kernel_stack_record *stack = &incident->chosen->trigger_kernel_stack;
	struct event_frame frames[OT_MAX_KERNEL_FRAMES + 1];
	uint32_t count = kernel_symbols_resolve(incident->live->kernel_symbols, stack->frames,
						stack->frame_count, frames);

	for (uint32_t i = 0; i < count; i++) {
		const char *name = declared_name(&incident->watch->declared, &frames[i]);

		if (name && strcmp(name, "mem_cgroup_out_of_memory") == 0)
			return SCOPE_MEMCG;
	}
	return SCOPE_UNKNOWN;
}

enum incident_scope incident_find_scope(const struct incident *incident)
{
	const struct ot_kill_cause *cause = cause_of(incident);

	if (cause)
		return scopes[cause->constraint];
	if (incident->dump && incident->dump->scope != SCOPE_UNKNOWN)
		return incident->dump->scope;
	return scope_of_stack(incident);
}

/* mm/oom_kill.c: constrained_alloc() */
bool incident_host_domain(uint64_t *ret_pages)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return false;
	*ret_pages =
		((uint64_t)info.totalram + info.totalswap) * info.mem_unit / sysconf(_SC_PAGESIZE);
	return true;
}

/*
 * Where the kernel was not asked: all there is, or the limit, and the swap that comes with it,
 * which is known where there is none; else the kernel takes the lesser of two limits that a kill
 * does not carry.
 */
bool incident_find_domain(const struct incident *incident, uint64_t *ret_pages)
{
	const struct ot_kill_cause *cause = cause_of(incident);
	uint32_t fired = incident_level_fired(incident->chosen);

	if (cause) {
		*ret_pages = cause->total_pages;
		return true;
	}
	if (incident->scope == SCOPE_GLOBAL)
		return incident_host_domain(ret_pages);
	if (incident->scope != SCOPE_MEMCG || fired >= incident->chosen->level_count ||
	    !incident->no_swap)
		return false;
	*ret_pages = incident->chosen->levels[fired].max;
	return true;
}

static void set_nodes(struct incident_event *event, uint64_t nodes)
{
	if (!nodes || (event->scope != SCOPE_CPUSET && event->scope != SCOPE_MEMPOLICY))
		return;
	event->known |= INCIDENT_NODES;
	event->nodes = nodes;
}

void incident_fill_logged_cause(const struct kmsg_dump *dump, struct incident_event *event)
{
	if (dump->has_order) {
		event->known |= INCIDENT_ORDER;
		event->order = dump->order;
		event->gfp = dump->gfp;
	}
	set_nodes(event, event->scope == SCOPE_MEMPOLICY ? dump->policy_nodes : dump->cpuset_nodes);
}

/* An order of -1 is of no allocation: somebody pressed a key. */
static void fill_asked_cause(const struct ot_kill_cause *cause, struct incident_event *event)
{
	event->sources |= INCIDENT_ENRICHED;
	event->known |= INCIDENT_BADNESS | (cause->order >= 0 ? INCIDENT_ORDER : 0);
	event->order = cause->order < 0 ? 0 : cause->order;
	event->gfp = cause->gfp;
	event->badness_pages = cause->points;
	set_nodes(event, cause->nodes);
}

void incident_fill_cause(const struct incident *incident, struct incident_event *event)
{
	const struct ot_kill_cause *cause = cause_of(incident);

	event->scope = incident->scope;
	if (incident->dump) {
		event->sources |= INCIDENT_FROM_KMSG;
		incident_fill_logged_cause(incident->dump, event);
	}
	if (cause)
		fill_asked_cause(cause, event);
	if (incident_find_domain(incident, &event->domain_pages))
		event->known |= INCIDENT_DOMAIN;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_builder.h"

#include <string.h>

#include "model/growth_added.h"
#include "model/growth_forget.h"

int growth_builder_new(struct growth_builder **ret_builder)
{
	struct growth_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return -ENOMEM;
	builder->last_process = &builder->first_process;
	builder->last_stack = &builder->first_stack;
	*ret_builder = builder;
	return 0;
}

static void free_all(struct growth_builder *builder)
{
	for (struct known_process *process = builder->first_process, *next; process;
	     process = next) {
		next = process->next;
		free(process);
	}
	for (struct known_stack *stack = builder->first_stack, *next; stack; stack = next) {
		next = stack->next;
		free(stack);
	}
}

void growth_builder_free(struct growth_builder *builder)
{
	free_all(builder);
	table_release(&builder->wanted);
	table_release(&builder->processes);
	table_release(&builder->modules);
	table_release(&builder->stacks);
	table_release(&builder->names);
	table_release(&builder->lines);
	table_release(&builder->cgroups);
	snapshots_release(&builder->snapshots);
	arena_release(&builder->arena);
	free(builder);
}

void growth_builder_limit(struct growth_builder *builder, const struct growth_interval *interval)
{
	builder->interval = *interval;
}

void growth_builder_name_all(struct growth_builder *builder)
{
	builder->name_all = true;
}

void growth_builder_keep_previous(struct growth_builder *builder)
{
	builder->snapshots.keep_previous = true;
}

struct growth_snapshots growth_builder_snapshots(const struct growth_builder *builder)
{
	return builder->snapshots.seen;
}

/* Negative before the session began; times and differences beyond 2^63 ns are no times. */
static int64_t moment_ns(const struct growth_moment *moment, const struct session_event *session)
{
	uint64_t start_ns = moment->absolute ? session->start_realtime_ns : 0;

	if (moment->ns < start_ns)
		return -1;
	return (int64_t)estimate_add(moment->ns - start_ns, 0);
}

static void limit_snapshots(struct growth_builder *builder)
{
	const struct growth_interval *interval = &builder->interval;

	builder->snapshots.has_from = interval->from.given;
	builder->snapshots.has_to = interval->to.given;
	builder->snapshots.from_ns = moment_ns(&interval->from, &builder->session);
	builder->snapshots.to_ns = moment_ns(&interval->to, &builder->session);
}

static int add_session(struct growth_builder *builder, const struct event *event)
{
	struct session_event session = event->session;
	const char **const strings[] = {
		&session.tool_version, &session.kernel_release, &session.machine,
		&session.hostname,     &session.boot_id,        &session.target,
	};

	if (builder->has_session || session.period_pages == 0)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (keep_string(&builder->arena, strings[i]))
			return -ENOMEM;
	builder->session = session;
	builder->has_session = true;
	limit_snapshots(builder);
	return 0;
}

static int add_end(struct growth_builder *builder, const struct event *event)
{
	builder->end = event->end;
	builder->has_end = true;
	snapshots_close(&builder->snapshots);
	return 0;
}

static int add_snapshot(struct growth_builder *builder, const struct event *event)
{
	int err = snapshots_open(&builder->snapshots, &event->snapshot);

	return err ? err : growth_forget(builder);
}

static int add_whole(struct growth_builder *builder,
		     const struct event *event __attribute__((unused)))
{
	snapshots_close(&builder->snapshots);
	return 0;
}

static int add_incident(struct growth_builder *builder,
			const struct event *event __attribute__((unused)))
{
	builder->incident = true;
	return 0;
}

static int add_level(struct growth_builder *builder, const struct event *event)
{
	return limits_declare(&builder->limits, &builder->arena, &event->level);
}

static int add_charge(struct growth_builder *builder, const struct event *event)
{
	return limits_add(&builder->limits, &builder->arena, &event->charge);
}

/* A kernel lacks a few things; a file may say so ever so often. */
#define DEGRADED_BYTES_MAX 8192

/* What the kernel does not tell becomes lines. */
static int add_degraded(struct growth_builder *builder, const struct event *event)
{
	_cleanup_free_ char *lines = NULL;

	if (builder->degraded && strlen(builder->degraded) > DEGRADED_BYTES_MAX)
		return -EBADMSG;
	if (asprintf(&lines, "%s%s\n", builder->degraded ? builder->degraded : "",
		     event->degraded.without) < 0)
		return -ENOMEM;
	builder->degraded = arena_strdup(&builder->arena, lines);
	return builder->degraded ? 0 : -ENOMEM;
}

/* What else is of an incident is the business of whoever reads incidents. */
static int add_nothing(struct growth_builder *builder __attribute__((unused)),
		       const struct event *event __attribute__((unused)))
{
	return 0;
}

static int (*const adders[])(struct growth_builder *, const struct event *) = {
	[EVENT_SESSION] = add_session,
	[EVENT_PROCESS] = growth_add_process,
	[EVENT_MODULE] = growth_add_module,
	[EVENT_STACK] = growth_add_stack,
	[EVENT_CELL] = growth_add_cell,
	[EVENT_INHERITED] = growth_add_inherited,
	[EVENT_MEMORY] = growth_add_memory,
	[EVENT_LOST] = growth_add_lost,
	[EVENT_NAME] = growth_add_name,
	[EVENT_END] = add_end,
	[EVENT_RESERVED] = growth_add_reserved,
	[EVENT_MAPPINGS] = growth_add_mappings,
	[EVENT_SNAPSHOT] = add_snapshot,
	[EVENT_WHOLE] = add_whole,
	[EVENT_FORGOTTEN] = growth_mark_forgotten,
	[EVENT_INCIDENT] = add_incident,
	[EVENT_VICTIM] = add_nothing,
	[EVENT_ARGUMENT] = add_nothing,
	[EVENT_ANCESTOR] = add_nothing,
	[EVENT_LEVEL] = add_level,
	[EVENT_FIGURE] = add_nothing,
	[EVENT_CANDIDATE] = add_nothing,
	[EVENT_MOMENT] = add_nothing,
	[EVENT_HOST] = growth_add_host,
	[EVENT_FILE] = growth_add_file,
	[EVENT_CGROUP] = growth_add_cgroup,
	[EVENT_MEMBER] = growth_add_member,
	[EVENT_WORKLOAD] = add_nothing,
	[EVENT_STACK_END] = growth_add_stack_end,
	[EVENT_LINE] = growth_add_line,
	[EVENT_SENDER] = add_nothing,
	[EVENT_CHARGE] = add_charge,
	[EVENT_DEGRADED] = add_degraded,
	[EVENT_WARNING] = add_nothing,
	[EVENT_LIFE] = add_nothing,
	[EVENT_MAPPED] = add_nothing,
	[EVENT_EARLY] = add_nothing,
};

_Static_assert(sizeof(adders) / sizeof(adders[0]) == EVENT_TYPE_END,
	       "every event type is taken in");

/* After the last snapshot asked for only names still matter, and that the recording is whole. */
static bool is_too_late(const struct growth_builder *builder, enum event_type type)
{
	return builder->snapshots.past_to && type != EVENT_NAME && type != EVENT_LINE &&
	       type != EVENT_SNAPSHOT && type != EVENT_END;
}

int growth_builder_add(struct growth_builder *builder, const struct event *event)
{
	if (event->type >= EVENT_TYPE_END || !adders[event->type])
		return -EBADMSG;
	if (is_too_late(builder, event->type))
		return 0;
	return adders[event->type](builder, event);
}

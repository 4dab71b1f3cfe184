// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_builder.h"

#include <string.h>

#include "model/growth_events.h"
#include "model/growth_files.h"
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

/* Replaces a borrowed string by a copy. NULL stays NULL. */
static int keep_string(struct arena *arena, const char **string)
{
	if (!*string)
		return 0;
	*string = arena_strdup(arena, *string);
	return *string ? 0 : -ENOMEM;
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

static struct known_process *process_declare(struct growth_builder *builder, uint32_t id)
{
	struct known_process *process = table_get(&builder->processes, id_key(id));

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process || table_put(&builder->processes, id_key(id), process)) {
		free(process);
		return NULL;
	}
	*builder->last_process = process;
	builder->last_process = &process->next;
	return process;
}

static int add_process(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process = process_declare(builder, event->process.id);

	if (!process)
		return -ENOMEM;
	process->event = event->process;
	process->event.comm[EVENT_COMM_LEN - 1] = '\0';
	process->event.exe = NULL; /* borrowed, and nobody asks for it */
	return 0;
}

static int add_module(struct growth_builder *builder, const struct event *event)
{
	const struct module_event *from = &event->module;
	struct growth_module *module;

	if (!from->path || from->id == 0 || from->build_id_len > EVENT_BUILD_ID_MAX)
		return -EBADMSG;
	module = arena_alloc(&builder->arena, 1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	module->id = from->id;
	module->path = from->path;
	module->perf_map = strncmp(from->path, EVENT_JIT_MODULE, strlen(EVENT_JIT_MODULE)) == 0;
	module->build_id_len = from->build_id_len;
	memcpy(module->build_id, from->build_id, from->build_id_len);
	if (keep_string(&builder->arena, &module->path))
		return -ENOMEM;
	return table_put(&builder->modules, id_key(from->id), module);
}

static bool frames_are_known(const struct growth_builder *builder, const struct stack_event *stack)
{
	if (stack->frame_count > EVENT_MAX_FRAMES)
		return false;
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		uint32_t module = stack->frames[i].module;

		if (module && !table_get(&builder->modules, id_key(module)))
			return false;
	}
	return true;
}

/* The kernel's frames are those at the leaf. */
static uint32_t kernel_frame_count(const struct growth_builder *builder,
				   const struct stack_event *stack)
{
	const struct growth_module *module;
	uint32_t count = 0;

	for (; count < stack->frame_count; count++) {
		module = table_get(&builder->modules, id_key(stack->frames[count].module));
		if (!module ||
		    strncmp(module->path, EVENT_KERNEL_MODULE, strlen(EVENT_KERNEL_MODULE)) != 0)
			break;
	}
	return count;
}

static int add_stack(struct growth_builder *builder, const struct event *event)
{
	const struct stack_event *from = &event->stack;
	size_t frames_bytes = from->frame_count * sizeof(*from->frames);
	struct known_stack *stack;

	/* of two that claim one id the first could be named by a snapshot already */
	if (!frames_are_known(builder, from) || table_get(&builder->stacks, id_key(from->id)))
		return -EBADMSG;
	stack = calloc(1, sizeof(*stack) + frames_bytes);
	if (!stack || table_put(&builder->stacks, id_key(from->id), stack)) {
		free(stack);
		return -ENOMEM;
	}
	stack->id = from->id;
	stack->origin = from->origin;
	stack->end = from->end;
	memcpy(stack->comm, from->comm, sizeof(stack->comm) - 1);
	stack->frame_count = from->frame_count;
	stack->kernel_frame_count = kernel_frame_count(builder, from);
	if (frames_bytes)
		memcpy(stack->frames, from->frames, frames_bytes);
	*builder->last_stack = stack;
	builder->last_stack = &stack->next;
	return 0;
}

static int add_cell(struct growth_builder *builder, const struct event *event)
{
	const struct cell_event *from = &event->cell;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_cell *cell;

	if (!process || !stack)
		return -EBADMSG;
	cell = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*cell)) : NULL;
	if (!cell)
		return -ENOMEM;
	cell->process = process;
	cell->stack = stack;
	memcpy(cell->live_slots, from->live_slots, sizeof(cell->live_slots));
	memcpy(cell->held_slots, from->held_slots, sizeof(cell->held_slots));
	cell->allocated_slots = from->allocated_slots;
	*snapshot->last_cell = cell;
	snapshot->last_cell = &cell->next;
	return 0;
}

static int add_inherited(struct growth_builder *builder, const struct event *event)
{
	const struct inherited_event *from = &event->inherited;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_inherited *inherited;

	if (!process || !stack)
		return -EBADMSG;
	inherited = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*inherited)) : NULL;
	if (!inherited)
		return -ENOMEM;
	inherited->process = process;
	inherited->author = table_get(&builder->processes, id_key(from->author));
	inherited->stack = stack;
	inherited->event = *from;
	*snapshot->last_inherited = inherited;
	snapshot->last_inherited = &inherited->next;
	return 0;
}

static int keep_memory(struct known_snapshot *snapshot, const struct memory_event *event)
{
	struct memory_event *memory = arena_copy(&snapshot->arena, event, sizeof(*event));

	if (!memory)
		return -ENOMEM;
	return table_put(&snapshot->memories, id_key(event->process), memory);
}

static int add_memory(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process =
		table_get(&builder->processes, id_key(event->memory.process));

	if (!process)
		return -EBADMSG;
	if (event->memory.when != MEMORY_START) {
		struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

		return snapshot ? keep_memory(snapshot, &event->memory) : -ENOMEM;
	}
	process->start = event->memory;
	process->has_start = true;
	return 0;
}

static int add_lost(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_loss *loss;

	loss = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*loss)) : NULL;
	if (!loss)
		return -ENOMEM;
	loss->event = event->lost;
	if (keep_string(&snapshot->arena, &loss->event.cause) ||
	    keep_string(&snapshot->arena, &loss->event.meaning))
		return -ENOMEM;
	*snapshot->last_loss = loss;
	snapshot->last_loss = &loss->next;
	return 0;
}

static int add_stack_end(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	if (!snapshot)
		return -ENOMEM;
	snapshot->stack_ends[event->stack_end.end] += event->stack_end.count;
	return 0;
}

static int add_name(struct growth_builder *builder, const struct event *event)
{
	const char *name = event->name.name;

	if (!name || !name[0])
		return -EBADMSG;
	if (keep_string(&builder->arena, &name))
		return -ENOMEM;
	return table_put(&builder->names, frame_key(event->name.module, event->name.offset),
			 (void *)name);
}

/* Behind those of lower depths; a first one begins anew. */
static int link_line(struct growth_builder *builder, const struct line_event *from,
		     struct known_line *line)
{
	const struct table_key key = frame_key(from->module, from->offset);
	struct known_line *last = table_get(&builder->lines, key);
	uint32_t depth = 1;

	if (from->depth == 0)
		return table_put(&builder->lines, key, line);
	for (; last && last->next; last = last->next)
		depth++;
	if (!last || depth != from->depth)
		return -EBADMSG;
	last->next = line;
	return 0;
}

static int add_line(struct growth_builder *builder, const struct event *event)
{
	const struct line_event *from = &event->line;
	struct known_line *line;

	if (from->depth >= EVENT_LINE_DEPTHS || (from->depth && (!from->name || !from->name[0])))
		return -EBADMSG;
	line = arena_alloc(&builder->arena, 1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->name = from->depth ? from->name : NULL;
	line->file = from->file;
	line->line = from->line;
	if (keep_string(&builder->arena, &line->name) || keep_string(&builder->arena, &line->file))
		return -ENOMEM;
	return link_line(builder, from, line);
}

static int add_end(struct growth_builder *builder, const struct event *event)
{
	builder->end = event->end;
	builder->has_end = true;
	snapshots_close(&builder->snapshots);
	return 0;
}

static int add_reserved(struct growth_builder *builder, const struct event *event)
{
	const struct reserved_event *from = &event->reserved;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct known_reserved *reserved;

	if (!process || !stack)
		return -EBADMSG;
	reserved = snapshot ? arena_alloc(&snapshot->arena, 1, sizeof(*reserved)) : NULL;
	if (!reserved)
		return -ENOMEM;
	reserved->process = process;
	reserved->stack = stack;
	reserved->bytes = from->bytes;
	*snapshot->last_reserved = reserved;
	snapshot->last_reserved = &reserved->next;
	return 0;
}

static int keep_mappings(struct known_snapshot *snapshot, const struct mappings_event *event)
{
	struct known_mappings *mappings = table_get(&snapshot->mappings, id_key(event->process));
	int err = 0;

	if (!mappings) {
		mappings = arena_alloc(&snapshot->arena, 1, sizeof(*mappings));
		err = mappings ? table_put(&snapshot->mappings, id_key(event->process), mappings)
			       : -ENOMEM;
	}
	if (!err)
		mappings->by_kind[event->kind] = *event;
	return err;
}

static int add_mappings(struct growth_builder *builder, const struct event *event)
{
	const struct mappings_event *from = &event->mappings;
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	if (!table_get(&builder->processes, id_key(from->process)) ||
	    from->kind >= MAPPING_KIND_COUNT)
		return -EBADMSG;
	return snapshot ? keep_mappings(snapshot, from) : -ENOMEM;
}

static int add_host(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot;

	if (event->host.when == MEMORY_START) {
		builder->host = event->host;
		return 0;
	}
	snapshot = snapshots_filling(&builder->snapshots);
	if (!snapshot)
		return -ENOMEM;
	snapshot->host = event->host;
	return 0;
}

static int add_file(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);

	return snapshot ? growth_file_add(snapshot, &event->file) : -ENOMEM;
}

static int keep_cgroup(struct arena *arena, struct table *cgroups, const struct cgroup_event *event)
{
	struct cgroup_event *cgroup = arena_copy(arena, event, sizeof(*event));

	if (!cgroup || keep_string(arena, &cgroup->path))
		return -ENOMEM;
	return table_put(cgroups, id_key(event->id), cgroup);
}

static int add_cgroup(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot;

	if (!event->cgroup.path)
		return -EBADMSG;
	if (event->cgroup.when == MEMORY_START)
		return keep_cgroup(&builder->arena, &builder->cgroups, &event->cgroup);
	snapshot = snapshots_filling(&builder->snapshots);
	return snapshot ? keep_cgroup(&snapshot->arena, &snapshot->cgroups, &event->cgroup)
			: -ENOMEM;
}

/* The cgroup's figures may come later, or never. */
static int add_member(struct growth_builder *builder, const struct event *event)
{
	struct known_snapshot *snapshot = snapshots_filling(&builder->snapshots);
	struct member_event *member;

	if (!table_get(&builder->processes, id_key(event->member.process)))
		return -EBADMSG;
	member = snapshot ? arena_copy(&snapshot->arena, &event->member, sizeof(*member)) : NULL;
	if (!member)
		return -ENOMEM;
	return table_put(&snapshot->members, id_key(member->process), member);
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

/* What the kernel does not tell becomes lines. */
static int add_degraded(struct growth_builder *builder, const struct event *event)
{
	_cleanup_free_ char *lines = NULL;

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
	[EVENT_PROCESS] = add_process,
	[EVENT_MODULE] = add_module,
	[EVENT_STACK] = add_stack,
	[EVENT_CELL] = add_cell,
	[EVENT_INHERITED] = add_inherited,
	[EVENT_MEMORY] = add_memory,
	[EVENT_LOST] = add_lost,
	[EVENT_NAME] = add_name,
	[EVENT_END] = add_end,
	[EVENT_RESERVED] = add_reserved,
	[EVENT_MAPPINGS] = add_mappings,
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
	[EVENT_HOST] = add_host,
	[EVENT_FILE] = add_file,
	[EVENT_CGROUP] = add_cgroup,
	[EVENT_MEMBER] = add_member,
	[EVENT_WORKLOAD] = add_nothing,
	[EVENT_STACK_END] = add_stack_end,
	[EVENT_LINE] = add_line,
	[EVENT_SENDER] = add_nothing,
	[EVENT_CHARGE] = add_charge,
	[EVENT_DEGRADED] = add_degraded,
	[EVENT_WARNING] = add_nothing,
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

/* One walk over what has no name; `seen` keeps a frame from being asked for twice. */
struct unnamed_walk {
	const struct growth_builder *builder;
	growth_unnamed_fn callback;
	void *context;
	struct table seen;
};

static int walk_frame(struct unnamed_walk *walk, uint32_t module, uint64_t offset)
{
	struct table_key key = frame_key(module, offset);
	int err;

	if (!module || table_get(&walk->builder->names, key) || table_get(&walk->seen, key))
		return 0;
	err = table_put(&walk->seen, key, walk);
	return err ? err : walk->callback(module, offset, walk->context);
}

static int walk_stack(struct unnamed_walk *walk, const struct known_stack *stack)
{
	int err = 0;

	for (uint32_t i = 0; i < stack->frame_count && !err; i++)
		err = walk_frame(walk, stack->frames[i].module, stack->frames[i].offset);
	return err;
}

static int walk_wanted(struct unnamed_walk *walk)
{
	const struct table *wanted = &walk->builder->wanted;
	int err = 0;

	for (size_t i = 0; i < wanted->capacity && !err; i++)
		if (wanted->entries[i].value)
			err = walk_frame(walk, (uint32_t)wanted->entries[i].key.major,
					 wanted->entries[i].key.minor);
	return err;
}

int growth_builder_unnamed(const struct growth_builder *builder, growth_unnamed_fn callback,
			   void *context)
{
	struct unnamed_walk walk = {
		.builder = builder,
		.callback = callback,
		.context = context,
	};
	int err = 0;

	for (const struct known_stack *stack = builder->first_stack; stack && !err;
	     stack = stack->next)
		err = walk_stack(&walk, stack);
	if (!err)
		err = walk_wanted(&walk);
	table_release(&walk.seen);
	return err;
}

int growth_builder_unnamed_of(const struct growth_builder *builder, uint32_t stack_id,
			      growth_unnamed_fn callback, void *context)
{
	const struct known_stack *stack = table_get(&builder->stacks, id_key(stack_id));
	struct unnamed_walk walk = {
		.builder = builder,
		.callback = callback,
		.context = context,
	};
	int err = stack ? walk_stack(&walk, stack) : 0;

	table_release(&walk.seen);
	return err;
}

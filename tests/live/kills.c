// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watches for OOM kills and prints each incident's events, one a line, as they are made: what live
 * tests look at. Frames of the kernel have their names, those of programs the file they are in.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/watch.h"

#define MODULES 8192
#define NAMES 4096

static char *paths[MODULES];
static struct name_event names[NAMES];
static size_t name_count;

static const char *name_of(const struct event_frame *frame)
{
	for (size_t i = name_count; i-- > 0;)
		if (names[i].module == frame->module && names[i].offset == frame->offset)
			return names[i].name;
	return frame->module < MODULES && paths[frame->module] ? paths[frame->module] : "?";
}

static void print_session(const struct event *event)
{
	printf("session boot=%s target=%s\n", event->session.boot_id, event->session.target);
}

static void print_process(const struct event *event)
{
	const struct process_event *process = &event->process;

	printf("process id=%u pid=%u parent=%u ended=%d comm=%s exe=%s\n", process->id,
	       process->pid, process->parent_pid, process->ended, process->comm,
	       process->exe ? process->exe : "?");
}

static void print_module(const struct event *event)
{
	free(paths[event->module.id % MODULES]);
	paths[event->module.id % MODULES] = strdup(event->module.path);
	printf("module id=%u file=%d path=%s\n", event->module.id, event->module.fd >= 0,
	       event->module.path);
}

static void print_name(const struct event *event)
{
	struct name_event *name = &names[name_count % NAMES];

	name_count += name_count < NAMES - 1;
	*name = event->name;
	name->name = strdup(event->name.name);
}

static void print_stack(const struct event *event)
{
	static const char *const origins[STACK_ORIGIN_COUNT] = {
		"user", "lost",    "before",        "moved",
		"none", "retired", "mapped-before", "mapped-fork",
	};

	printf("stack id=%u origin=%s comm=%s frames=", event->stack.id,
	       origins[event->stack.origin], event->stack.comm);
	for (uint32_t i = 0; i < event->stack.frame_count; i++)
		printf("%s%s+%" PRIx64, i ? ";" : "", name_of(&event->stack.frames[i]),
		       event->stack.frames[i].offset);
	putchar('\n');
}

static void print_cell(const struct event *event)
{
	const struct cell_event *cell = &event->cell;

	printf("cell process=%u stack=%u anon=%" PRIu64 " shmem=%" PRIu64 " file=%" PRIu64
	       " kernel=%" PRIu64 " pending=%" PRIu64 "\n",
	       cell->process, cell->stack,
	       cell->live_slots[KIND_ANON] + cell->held_slots[KIND_ANON],
	       cell->live_slots[KIND_SHMEM] + cell->held_slots[KIND_SHMEM],
	       cell->live_slots[KIND_FILE] + cell->held_slots[KIND_FILE],
	       cell->live_slots[KIND_KERNEL] + cell->held_slots[KIND_KERNEL],
	       cell->live_slots[KIND_PENDING] + cell->held_slots[KIND_PENDING]);
}

static void print_inherited(const struct event *event)
{
	const struct inherited_event *inherited = &event->inherited;

	printf("inherited process=%u author_pid=%u stack=%u anon=%" PRIu64 "\n", inherited->process,
	       inherited->author_pid, inherited->stack, inherited->slots[KIND_ANON]);
}

static void print_memory(const struct event *event)
{
	printf("memory process=%u anon=%" PRIu64 "\n", event->memory.process,
	       event->memory.rss_anon_bytes);
}

static void print_lost(const struct event *event)
{
	printf("lost cause=%s count=%" PRIu64 "\n", event->lost.cause, event->lost.count);
}

static void print_end(const struct event *event)
{
	printf("end ms=%" PRIu64 "\n", event->end.duration_ns / 1000000);
	fflush(stdout);
}

static void print_incident(const struct event *event)
{
	static const char *const scopes[SCOPE_COUNT] = {"unknown", "memcg", "cpuset", "mempolicy",
							"global"};
	const struct incident_event *incident = &event->incident;

	name_count = 0;
	printf("incident id=%s sequence=%" PRIu64 " scope=%s sources=%u order=%d gfp=%x"
	       " trigger_pid=%u trigger_tid=%u trigger_comm=%s user_stack=%u kernel_stack=%u"
	       " trigger_cgroup=%s after_us=%" PRIu64 "\n",
	       incident->id, incident->sequence, scopes[incident->scope], incident->sources,
	       incident->known & INCIDENT_ORDER ? (int)incident->order : -1, incident->gfp,
	       incident->trigger_pid, incident->trigger_tid, incident->trigger_comm,
	       incident->trigger_user_stack, incident->trigger_kernel_stack,
	       incident->trigger_cgroup ? incident->trigger_cgroup : "?",
	       (clock_monotonic_ns() - incident->monotonic_ns) / 1000);
}

static void print_victim(const struct event *event)
{
	static const char *const roles[VICTIM_ROLE_COUNT] = {"?", "chosen", "group", "sharer"};
	const struct victim_event *victim = &event->victim;

	printf("victim process=%u role=%s known=%x before=%x tid=%u parent=%u uid=%u threads=%u"
	       " adj=%d anon=%" PRIu64 " file=%" PRIu64 " shmem=%" PRIu64 " swap=%" PRIu64
	       " tables=%" PRIu64 " peak=%" PRIu64 " cgroup=%s\n",
	       victim->process, roles[victim->role], victim->known, victim->before, victim->tid,
	       victim->parent_pid, victim->uid, victim->threads, victim->oom_score_adj,
	       victim->rss_anon_bytes, victim->rss_file_bytes, victim->rss_shmem_bytes,
	       victim->swap_bytes, victim->page_table_bytes, victim->peak_bytes,
	       victim->cgroup ? victim->cgroup : "?");
}

static void print_argument(const struct event *event)
{
	printf("argument process=%u index=%u cut=%d text=%s\n", event->argument.process,
	       event->argument.index, event->argument.cut, event->argument.text);
}

static void print_ancestor(const struct event *event)
{
	printf("ancestor process=%u depth=%u pid=%u comm=%s\n", event->ancestor.process,
	       event->ancestor.depth, event->ancestor.pid, event->ancestor.comm);
}

static void print_level(const struct event *event)
{
	const struct level_event *level = &event->level;

	printf("level index=%u fired=%d known=%x usage=%" PRIu64 " limit=%" PRIu64 " swap=%" PRIu64
	       " peak=%" PRIu64 " when=%d id=%" PRIu64 " path=%s\n",
	       level->index, level->fired, level->known, level->usage_bytes, level->limit_bytes,
	       level->swap_bytes, level->peak_bytes, level->when, level->id, level->path);
}

static void print_figure(const struct event *event)
{
	printf("figure level=%d source=%d when=%d %s=%" PRIu64 "\n", (int)event->figure.level,
	       event->figure.source, event->figure.when, event->figure.key, event->figure.value);
}

static void print_candidate(const struct event *event)
{
	const struct candidate_event *candidate = &event->candidate;

	printf("candidate pid=%u rss=%" PRIu64 " adj=%d badness=%" PRId64 " chosen=%d comm=%s\n",
	       candidate->pid, candidate->rss_bytes, candidate->oom_score_adj,
	       candidate->known & CANDIDATE_BADNESS ? candidate->badness_pages : -1,
	       candidate->chosen, candidate->comm);
}

static void print_moment(const struct event *event)
{
	const struct moment_event *moment = &event->moment;

	printf("moment before_ms=%" PRIu64 " process=%u level=%u known=%x anon=%" PRIu64
	       " usage=%" PRIu64 "\n",
	       moment->before_ns / 1000000, moment->process, moment->level, moment->known,
	       moment->anon_bytes, moment->usage_bytes);
}

static void (*const printers[EVENT_TYPE_END])(const struct event *event) = {
	[EVENT_SESSION] = print_session,   [EVENT_PROCESS] = print_process,
	[EVENT_MODULE] = print_module,     [EVENT_NAME] = print_name,
	[EVENT_STACK] = print_stack,       [EVENT_CELL] = print_cell,
	[EVENT_MEMORY] = print_memory,     [EVENT_LOST] = print_lost,
	[EVENT_END] = print_end,           [EVENT_INCIDENT] = print_incident,
	[EVENT_VICTIM] = print_victim,     [EVENT_ARGUMENT] = print_argument,
	[EVENT_ANCESTOR] = print_ancestor, [EVENT_LEVEL] = print_level,
	[EVENT_FIGURE] = print_figure,     [EVENT_CANDIDATE] = print_candidate,
	[EVENT_MOMENT] = print_moment,     [EVENT_INHERITED] = print_inherited,
};

static int take(void *context, const struct event *event)
{
	(void)context;
	if (printers[event->type])
		printers[event->type](event);
	return 0;
}

int main(void)
{
	const struct watch_options options = {.target = "--watch-oom-kills", .take = take};
	struct source *source;
	struct failure failure;
	struct event none;
	int more = watch_open(&options, &source, &failure);

	if (more) {
		fprintf(stderr, "cannot watch: %s\n", strerror(-more));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	more = source->next(source, &none);
	source->close(source);
	return more ? EXIT_FAILURE : EXIT_SUCCESS;
}

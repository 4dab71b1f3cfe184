// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/sigkill.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture/sender.h"
#include "capture/watch_state.h"

/* The kubelet evicts below so much, unless it is told otherwise; large hosts set more. */
#define EVICTION_BYTES (100ULL << 20)
#define EVICTION_PART 20

/* --- is it for lack of memory? --------------------------------------------------------------- */

/* As the kubelet counts it: what is free, and page cache that nobody has used for a while. */
static bool host_is_short(const struct live *live)
{
	int fd = openat(live->root.proc_fd, "meminfo", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	uint64_t total = 0, available = 0, kib;
	char line[256], key[64];

	while (stream && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%63[^:]: %" SCNu64 " kB", key, &kib) != 2)
			continue;
		if (strcmp(key, "MemTotal") == 0)
			total = kib * 1024;
		else if (strcmp(key, "MemFree") == 0 || strcmp(key, "Inactive(file)") == 0)
			available += kib * 1024;
	}
	return total && (available < EVICTION_BYTES || available < total / EVICTION_PART);
}

static bool is_in_pod(const struct ot_kill_record *record)
{
	char path[INCIDENT_PATH_MAX];

	incident_level_path(record, 0, path);
	return strstr(path, "kubepods") != NULL;
}

/*
 * The kubelet has its evictions carried out by the container runtime, which kills for other reasons
 * as well; with the host short of memory this is one.
 */
static bool is_for_memory(const struct live *live, const struct ot_sigkill_record *record,
			  enum sender_kind kind)
{
	if (sender_is_oom_daemon(kind))
		return true;
	return kind == SENDER_RUNTIME && is_in_pod(&record->kill) && host_is_short(live);
}

/* --- who ------------------------------------------------------------------------------------ */

/* The life of whoever was running, if the recorder knows it and it is still that process. */
static const struct life *life_of_sender(const struct live *live,
					 const struct ot_kill_record *record,
					 const struct ot_kill_sender *sender)
{
	struct life *life = lives_known((struct lives *)&live->lives, record->trigger_account);

	return life && life->process.pid == record->trigger_tgid &&
			       life->process.start_time_ns == sender->start_time_ns
		       ? life
		       : NULL;
}

static void queue_ancestors(const struct incident *incident, const struct ot_kill_sender *sender,
			    uint32_t process)
{
	for (uint32_t i = 0; i < sender->parent_count && i < OT_KILL_PARENTS; i++) {
		struct event event = {
			.type = EVENT_ANCESTOR,
			.ancestor = {.process = process,
				     .depth = i + 1,
				     .pid = sender->parents[i].pid},
		};

		memcpy(event.ancestor.comm, sender->parents[i].comm,
		       sizeof(event.ancestor.comm) - 1);
		event_queue_push(incident->queue, &event);
	}
}

/* A process of its own in the file, also where it is the victim: it is another role. */
static uint32_t queue_process(const struct incident *incident, const struct ot_kill_sender *sender)
{
	const struct ot_kill_record *chosen = incident->chosen;
	const struct life *life = life_of_sender(incident->live, chosen, sender);
	char path[PROGRAM_PATH_MAX];
	struct event event = {
		.type = EVENT_PROCESS,
		.process = {.id = ++incident->live->lives.last_id,
			    .pid = chosen->trigger_tgid,
			    .parent_pid = sender->parent_count ? sender->parents[0].pid : 0,
			    .start_time_ns = sender->start_time_ns,
			    .exe = life ? life->exe : NULL},
	};

	if (!event.process.exe && program_path(&sender->program, path))
		event.process.exe = path;
	memcpy(event.process.comm, sender->comm, sizeof(event.process.comm) - 1);
	event_queue_push(incident->queue, &event);
	return event.process.id;
}

/* Of the kernel's side of the stack; NULL for what has no name. */
static size_t functions_of(struct live *live, const struct ot_kernel_stack_record *stack,
			   const char *ret_names[OT_MAX_KERNEL_FRAMES + 1])
{
	struct event_frame frames[OT_MAX_KERNEL_FRAMES + 1];
	uint32_t count = kernel_symbols_resolve(live->kernel_symbols, stack->frames,
						stack->frame_count, frames);

	for (uint32_t i = 0; i < count; i++)
		ret_names[i] = declared_name(&live->watch->declared, &frames[i]);
	return count;
}

void sigkill_queue_sender(const struct incident *incident, const struct ot_kill_sender *sender)
{
	const struct ot_kill_record *chosen = incident->chosen;
	const char *functions[OT_MAX_KERNEL_FRAMES + 1];
	size_t count = functions_of(incident->live, &chosen->trigger_kernel_stack, functions);
	struct ot_sigkill_record record = {.kill = *chosen, .sender = *sender};
	char path[SENDER_CGROUP_MAX];
	struct event event = {
		.type = EVENT_SENDER,
		.sender = {.process = queue_process(incident, sender),
			   .kind = sender_kind_of(&record),
			   .how = sender_how(sender, functions, count),
			   .tid = chosen->trigger_tid,
			   .uid = sender->uid,
			   .oom_killer = incident->item != NULL},
	};

	memcpy(event.sender.thread_comm, chosen->trigger_comm,
	       sizeof(event.sender.thread_comm) - 1);
	if (sender_cgroup(sender, path))
		event.sender.cgroup = path;
	event_queue_push(incident->queue, &event);
	queue_ancestors(incident, sender, event.sender.process);
}

/* --- told in passing ------------------------------------------------------------------------- */

static void queue_brief(struct live *live, const struct ot_kill_record *record,
			const struct ot_kill_sender *sender)
{
	struct incident incident = {
		.live = live,
		.watch = live->watch,
		.chosen = record,
		.queue = &live->watch->brief,
	};

	declared_begin(&live->watch->declared);
	incident_queue_brief(&incident, sender);
}

void sigkill_take(struct live *live, const struct ot_sigkill_record *record)
{
	live->watch->sigkills++;
	if (is_for_memory(live, record, sender_kind_of(record)))
		kill_cases_add_sent(&live->watch->cases, record);
	else
		queue_brief(live, &record->kill, &record->sender);
}

/* The record says who was running, not more: where it is known, so is the rest. */
void sigkill_take_unmarked(struct live *live, const struct ot_kill_record *record)
{
	const char *functions[OT_MAX_KERNEL_FRAMES + 1];
	size_t count = functions_of(live, &record->trigger_kernel_stack, functions);
	struct ot_kill_sender sender = {.source = OT_SIGNAL_BY_KERNEL};
	const struct life *life;

	if (sender_is_oom_killer(functions, count))
		return;
	live->watch->sigkills++;
	memcpy(sender.comm, record->trigger_comm, sizeof(sender.comm));
	life = lives_known(&live->lives, record->trigger_account);
	if (life && life->process.pid == record->trigger_tgid)
		sender.start_time_ns = life->process.start_time_ns;
	queue_brief(live, record, &sender);
}

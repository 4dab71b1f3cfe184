// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kill that the kernel's log alone has told of: BPF cannot be used here, or its record was lost.
 * There are no stacks and no curve. What the log printed is of the kill; /proc/PID is not looked
 * at, for it is being torn down. Files of the cgroups are those of after it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "capture/incident.h"
#include "capture/pod_names.h"
#include "capture/watch_state.h"

struct logged {
	struct live *live;
	struct watch *watch;
	struct event_queue *queue;
	const struct kmsg_kill *kills; /* the one chosen first */
	uint32_t count;
	const struct kmsg_dump *dump; /* NULL: not printed */
};

static const struct kmsg_task *task_of(const struct kmsg_dump *dump, uint32_t tid)
{
	for (uint32_t i = 0; dump && i < dump->task_count; i++)
		if (dump->tasks[i].tid == tid)
			return &dump->tasks[i];
	return NULL;
}

static bool host_has_swap(void)
{
	struct sysinfo info;

	return sysinfo(&info) != 0 || info.totalswap != 0;
}

/* --- who asked ---------------------------------------------------------------------------- */

/* The log has the thread; its process is told by the table, where it is its first one. */
static void fill_trigger(const struct kmsg_dump *dump, struct incident_event *event)
{
	const struct kmsg_task *task = task_of(dump, dump->trigger_tid);

	if (!dump->trigger_tid || !task)
		return;
	event->known |= INCIDENT_TRIGGER;
	event->trigger_tid = dump->trigger_tid;
	event->trigger_pid = task->pid;
	memcpy(event->trigger_comm, dump->trigger_comm, sizeof(event->trigger_comm));
}

static enum incident_scope scope_of(const struct logged *logged)
{
	if (logged->dump && logged->dump->scope != SCOPE_UNKNOWN)
		return logged->dump->scope;
	return logged->kills->of_memcg ? SCOPE_MEMCG : SCOPE_UNKNOWN;
}

/* totalpages: of a cgroup the limit, where there is no swap. 0: unknown. */
static uint64_t domain_pages(const struct logged *logged)
{
	uint64_t pages;

	if (scope_of(logged) == SCOPE_GLOBAL)
		return incident_host_domain(&pages) ? pages : 0;
	if (scope_of(logged) != SCOPE_MEMCG || !logged->dump || !logged->dump->has_usage ||
	    host_has_swap())
		return 0;
	return logged->dump->limit_bytes / sysconf(_SC_PAGESIZE);
}

/* The clock of the log is not the host's: what counts is when the line was read. */
static void queue_incident(const struct logged *logged)
{
	char id[64];
	struct event event = {
		.type = EVENT_INCIDENT,
		.incident = {.kind = INCIDENT_OOM_KILL,
			     .scope = scope_of(logged),
			     .sources = INCIDENT_FROM_KMSG,
			     .id = id,
			     .sequence = logged->watch->sequence,
			     .realtime_ns = clock_ns(CLOCK_REALTIME),
			     .monotonic_ns = clock_monotonic_ns(),
			     .domain_pages = domain_pages(logged)},
	};

	event.incident.known = event.incident.domain_pages ? INCIDENT_DOMAIN : 0;
	if (logged->dump) {
		incident_fill_logged_cause(logged->dump, &event.incident);
		fill_trigger(logged->dump, &event.incident);
	}
	incident_make_id(logged->watch, event.incident.realtime_ns, id);
	event_queue_push(logged->queue, &event);
}

/* --- who ---------------------------------------------------------------------------------- */

static void fill_figures(const struct logged *logged, const struct kmsg_kill *kill,
			 struct victim_event *event)
{
	const struct kmsg_task *task = task_of(logged->dump, kill->pid);

	if (!kill->has_figures)
		return;
	event->known |= VICTIM_LOGGED | VICTIM_RSS | VICTIM_PAGE_TABLES;
	event->uid = kill->uid;
	event->oom_score_adj = kill->oom_score_adj;
	event->rss_anon_bytes = kill->anon_bytes;
	event->rss_file_bytes = kill->file_bytes;
	event->rss_shmem_bytes = kill->shmem_bytes;
	event->page_table_bytes = kill->page_table_bytes;
	if (task && task->has_swap)
		event->swap_bytes = task->swap_pages * sysconf(_SC_PAGESIZE);
	else if (host_has_swap())
		event->known |= VICTIM_SWAP_UNKNOWN;
}

static uint32_t queue_victim(const struct logged *logged, const struct kmsg_kill *kill)
{
	const struct kmsg_dump *dump = logged->dump;
	const struct kmsg_task *task = task_of(dump, kill->pid);
	struct event process = {
		.type = EVENT_PROCESS,
		.process = {.id = ++logged->live->lives.last_id,
			    .pid = task ? task->pid : kill->pid,
			    .target = true,
			    .ended = true},
	};
	struct event victim = {
		.type = EVENT_VICTIM,
		.victim = {.process = process.process.id,
			   .role = kill == logged->kills ? VICTIM_CHOSEN : VICTIM_GROUP,
			   .tid = kill->pid,
			   .cgroup = dump && dump->home[0] && kill == logged->kills ? dump->home
										    : NULL},
	};

	memcpy(process.process.comm, kill->comm, sizeof(process.process.comm));
	fill_figures(logged, kill, &victim.victim);
	event_queue_push(logged->queue, &process);
	event_queue_push(logged->queue, &victim);
	return process.process.id;
}

static void queue_workload(const struct logged *logged, uint32_t process)
{
	char room[PLACE_ROOM];
	struct pod_names names;
	struct place place;

	if (!logged->dump || !logged->dump->home[0])
		return;
	place_of_cgroup(logged->dump->home, room, &place);
	pod_names_find(&logged->live->root, &place, &names);
	incident_queue_workload(logged->queue, &logged->live->root, process, &place, &names);
}

/* --- why ---------------------------------------------------------------------------------- */

static uint64_t read_number(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[32] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtoull(text, NULL, 10) : 0;
}

static void fill_peak(const struct logged *logged, const char *path, struct level_event *level)
{
	char below_sys[PATH_MAX];
	struct stat status;
	_cleanup_close_ int fd = -1;

	if (!incident_files_cgroup(logged->watch->unified, path, below_sys))
		return;
	fd = openat(logged->live->root.sys_fd, below_sys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		return;
	level->id = status.st_ino;
	level->peak_bytes = read_number(fd, logged->watch->unified ? "memory.peak"
								   : "memory.max_usage_in_bytes");
	level->known |= level->peak_bytes ? LEVEL_PEAK : 0;
}

/* One level; of the one that fired the log has figures, of the others nothing. */
static void queue_level(const struct logged *logged, uint32_t index, const char *path)
{
	const struct kmsg_dump *dump = logged->dump;
	bool fired = dump->fired[0] && strcmp(dump->fired, path) == 0;
	struct event event = {
		.type = EVENT_LEVEL,
		.level = {.index = index, .path = path, .fired = fired, .when = TAKEN_AFTER},
	};

	if (fired && dump->has_usage) {
		event.level.known = LEVEL_USAGE | LEVEL_LIMIT;
		event.level.usage_bytes = dump->usage_bytes;
		event.level.limit_bytes = dump->limit_bytes;
		event.level.when = TAKEN_AT_KILL;
	}
	fill_peak(logged, path, &event.level);
	event_queue_push(logged->queue, &event);
}

/* From the victim's own up to the root, which has no name. */
static void queue_levels(const struct logged *logged)
{
	char path[KMSG_PATH_MAX];
	uint32_t index = 0, fired = UINT32_MAX;

	if (!logged->dump || !logged->dump->home[0])
		return;
	strcpy(path, logged->dump->home);
	for (char *slash = path; slash && index < OT_KILL_LEVELS; index++) {
		if (strcmp(path, logged->dump->fired) == 0)
			fired = index;
		queue_level(logged, index, path);
		slash = path[1] ? strrchr(path, '/') : NULL;
		if (slash)
			slash[slash == path] = '\0';
	}
	if (fired != UINT32_MAX)
		incident_queue_log_figures(logged->queue, logged->dump, fired);
}

/* --- all together ------------------------------------------------------------------------- */

static uint32_t count_of_group(const struct kmsg_oom *kmsg)
{
	uint32_t count = 1;

	while (count < kmsg->kill_count && kmsg->kills[count].leader &&
	       kmsg->kills[count].leader == kmsg->kills[0].pid)
		count++;
	return count;
}

uint32_t incident_queue_logged(struct live *live)
{
	struct kmsg_oom *kmsg = &live->watch->kmsg;
	const struct logged logged = {
		.live = live,
		.watch = live->watch,
		.queue = &live->watch->out,
		.kills = kmsg->kills,
		.count = count_of_group(kmsg),
		.dump = kmsg_oom_find(kmsg, kmsg->kills[0].pid),
	};
	const struct event end = {
		.type = EVENT_END,
		.end = {.duration_ns = live_elapsed_ns(live), .reason = END_TARGET_ENDED},
	};

	live->watch->sequence++;
	/* without a ring all of them were counted before the first */
	live->watch->logged += live->watch->ring ? logged.count : 0;
	live_queue_session(live, logged.queue);
	queue_incident(&logged);
	for (uint32_t i = 0; i < logged.count; i++) {
		uint32_t process = queue_victim(&logged, &logged.kills[i]);

		if (i == 0)
			queue_workload(&logged, process);
	}
	queue_levels(&logged);
	incident_queue_tasks(logged.queue, logged.dump, domain_pages(&logged));
	incident_queue_losses(live, logged.queue);
	event_queue_push(logged.queue, &end);
	return logged.count;
}

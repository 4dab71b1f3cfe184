// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "capture/incident.h"
#include "capture/watch_state.h"

struct figures {
	struct event_queue *queue;
	const struct incident_file *file;
	enum taken_when when;
};

static void queue_figure(const char *key, uint64_t value, void *context)
{
	const struct figures *figures = context;
	const struct event event = {
		.type = EVENT_FIGURE,
		.figure = {.level = figures->file->level,
			   .key = key,
			   .value = value,
			   .source = figures->file->source,
			   .when = figures->when},
	};

	event_queue_push(figures->queue, &event);
}

static void queue_file(struct event_queue *queue, const struct incident_file *file,
		       enum taken_when when)
{
	struct figures figures = {queue, file, when};

	incident_file_each(file, queue_figure, &figures);
}

/* The kernel prints the figures of the cgroup that fired just before it kills. */
bool incident_queue_log_figures(struct event_queue *queue, const struct kmsg_dump *dump,
				uint32_t level)
{
	struct incident_file file = {.level = level, .source = FIGURE_MEMORY_STAT};

	if (!dump || !dump->stats_len)
		return false;
	_Static_assert(sizeof(file.text) >= sizeof(dump->stats), "all of it");
	memcpy(file.text, dump->stats, dump->stats_len + 1);
	queue_file(queue, &file, TAKEN_AT_KILL);
	if (dump->has_kernel) {
		file.key = "memory.kmem.usage_in_bytes";
		snprintf(file.text, sizeof(file.text), "%" PRIu64, dump->kernel_bytes);
		queue_file(queue, &file, TAKEN_AT_KILL);
	}
	return true;
}

/* Is it told better by the log? Not so what the log does not have. */
static bool is_superseded(const struct incident *incident, const struct incident_file *file,
			  uint32_t fired)
{
	if (file->level != fired || file->source != FIGURE_MEMORY_STAT)
		return false;
	return !file->key ||
	       (incident->dump->has_kernel && strcmp(file->key, "memory.kmem.usage_in_bytes") == 0);
}

/* In v1 the second counter is of memory and swap, and counts nothing where that is switched off. */
static void fill_swap(const struct incident *incident, const struct ot_kill_level *level,
		      uint64_t page_bytes, struct level_event *event)
{
	uint64_t pages = level->swap;

	if (!incident->watch->unified) {
		if (pages < level->usage)
			return;
		pages -= level->usage;
	}
	event->known |= LEVEL_SWAP;
	event->swap_bytes = pages * page_bytes;
}

static void queue_level(const struct incident *incident, uint32_t index, uint32_t fired)
{
	const struct ot_kill_level *level = &incident->chosen->levels[index];
	uint64_t page_bytes = sysconf(_SC_PAGESIZE);
	char path[INCIDENT_PATH_MAX];
	struct event event = {
		.type = EVENT_LEVEL,
		.level = {.index = index,
			  .id = level->id,
			  .path = path,
			  .known = LEVEL_USAGE | LEVEL_PEAK,
			  .usage_bytes = level->usage * page_bytes,
			  .peak_bytes = level->watermark * page_bytes,
			  .fired = index == fired && incident->scope == SCOPE_MEMCG,
			  .when = TAKEN_AT_KILL},
	};

	incident_level_path(incident->chosen, index, path);
	if (incident_level_has_limit(level)) {
		event.level.known |= LEVEL_LIMIT;
		event.level.limit_bytes = level->max * page_bytes;
	}
	fill_swap(incident, level, page_bytes, &event.level);
	event_queue_push(incident->queue, &event);
}

void incident_queue_levels(const struct incident *incident)
{
	uint32_t fired = incident_level_fired(incident->chosen);
	bool logged;

	for (uint32_t i = 0; i < incident->chosen->level_count && i < OT_KILL_LEVELS; i++)
		queue_level(incident, i, fired);
	logged = fired < incident->chosen->level_count &&
		 incident_queue_log_figures(incident->queue, incident->dump, fired);
	for (uint32_t i = 0; incident->files && i < incident->files->count; i++)
		if (!logged || !is_superseded(incident, &incident->files->files[i], fired))
			queue_file(incident->queue, &incident->files->files[i], TAKEN_AFTER);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/limits.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_NS UINT64_C(1000000000)
#define LOOK_FAST_NS UINT64_C(100000000)
/* One that grows by such a part of its limit in a second is looked at more often. */
#define FAST_PART 64
/* What has changed by less is not told, but each so often, so that it is known to be flat. */
#define CHANGE_PART 1024
#define STILL_NS UINT64_C(10000000000)

static void level_open(struct limits *limits, const struct sysroot *root, const char *path)
{
	struct limit_level *level = &limits->levels[limits->count];
	struct failure failure;

	*level = (struct limit_level){.cgroup = CGROUP_NONE};
	limits->count += cgroup_open(root, path, &level->cgroup, &failure) == 0;
}

void limits_open(struct limits *limits, const struct sysroot *root, const char *path)
{
	_cleanup_free_ char *at = strdup(path);
	char *slash;

	/* the root of the hierarchy has no limit */
	while (at && limits->count < OT_KILL_LEVELS && (slash = strrchr(at, '/')) && slash[1]) {
		level_open(limits, root, at);
		*slash = '\0';
	}
}

void limits_close(struct limits *limits)
{
	while (limits->count)
		cgroup_close(&limits->levels[--limits->count].cgroup);
}

static void declare(const struct limits *limits, uint32_t index, struct event_queue *queue)
{
	const struct cgroup *cgroup = &limits->levels[index].cgroup;
	const struct event event = {
		.type = EVENT_LEVEL,
		.level = {.index = index,
			  .id = cgroup->id,
			  .path = cgroup->path,
			  .when = TAKEN_BEFORE},
	};

	event_queue_push(queue, &event);
}

static bool is_worth_telling(const struct limit_level *level, const struct cgroup_charge *charge,
			     uint64_t now_ns)
{
	uint64_t change = charge->held_bytes > level->told_bytes
				  ? charge->held_bytes - level->told_bytes
				  : level->told_bytes - charge->held_bytes;

	return !level->declared || now_ns - level->told_ns >= STILL_NS ||
	       change > charge->limit_bytes / CHANGE_PART;
}

static bool grows_fast(const struct limit_level *level, const struct cgroup_charge *charge,
		       uint64_t now_ns)
{
	double seconds = (double)(now_ns - level->told_ns) / 1e9;

	return charge->held_bytes > level->told_bytes &&
	       (double)(charge->held_bytes - level->told_bytes) >
		       seconds * (double)(charge->limit_bytes / FAST_PART);
}

static void level_look(struct limits *limits, uint32_t index, uint64_t now_ns,
		       struct event_queue *queue)
{
	struct limit_level *level = &limits->levels[index];
	struct cgroup_charge charge;
	struct event event = {.type = EVENT_CHARGE};

	if (cgroup_charge(&level->cgroup, &charge) || !is_worth_telling(level, &charge, now_ns))
		return;
	if (!level->declared)
		declare(limits, index, queue);
	else
		limits->fast |= grows_fast(level, &charge, now_ns);
	event.charge = (struct charge_event){
		.time_ns = now_ns,
		.level = index,
		.held_bytes = charge.held_bytes,
		.usage_bytes = charge.usage_bytes,
		.limit_bytes = charge.limit_bytes,
	};
	level->declared = true;
	level->told_ns = now_ns;
	level->told_bytes = charge.held_bytes;
	event_queue_push(queue, &event);
}

void limits_look(struct limits *limits, uint64_t now_ns, bool force, struct event_queue *queue)
{
	bool fast = limits->fast;

	if (!force && limits->looked_ns &&
	    now_ns - limits->looked_ns < (fast ? LOOK_FAST_NS : LOOK_NS))
		return;
	limits->looked_ns = now_ns;
	limits->fast = false;
	for (uint32_t i = 0; i < limits->count; i++)
		level_look(limits, i, now_ns, queue);
}

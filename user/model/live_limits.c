// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/live_limits.h"

#include <stdlib.h>
#include <string.h>

/* Of the past, whole: where there are more, every second one goes. */
#define POINTS 128

struct limited {
	struct live_limit now;
	char *path;
	uint64_t seen_ns; /* time of the growth that had it last */
	size_t count;
	struct trend_point points[POINTS];
};

#define HASH_SEED 0xcbf29ce484222325ULL

static uint64_t hash_add(uint64_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * 0x100000001b3ULL;
}

/* FNV-1a and the length: whoever gets both alike is told apart by the path itself. */
static struct table_key key_of(const char *path)
{
	struct table_key key = {.major = HASH_SEED};

	while (path[key.minor])
		key.major = hash_add(key.major, path[key.minor++]);
	return key;
}

static void limited_free(struct limited *limited)
{
	free(limited->path);
	free(limited);
}

void live_limits_release(struct live_limits *limits)
{
	for (size_t i = 0; i < limits->by_path.capacity; i++)
		if (limits->by_path.entries[i].value)
			limited_free(limits->by_path.entries[i].value);
	table_release(&limits->by_path);
}

static struct limited *limited_new(const char *path)
{
	struct limited *limited = calloc(1, sizeof(*limited));

	if (!limited)
		return NULL;
	limited->path = strdup(path);
	if (!limited->path) {
		free(limited);
		return NULL;
	}
	limited->now.path = limited->path;
	return limited;
}

/* NULL: no memory. */
static struct limited *limited_get(struct live_limits *limits, const char *path)
{
	struct table_key key = key_of(path);
	struct limited *limited = table_get(&limits->by_path, key);

	if (limited && strcmp(limited->path, path) == 0)
		return limited;
	if (limited)
		limited_free(table_take(&limits->by_path, key));
	limited = limited_new(path);
	if (limited && table_put(&limits->by_path, key, limited)) {
		limited_free(limited);
		return NULL;
	}
	return limited;
}

static void add_point(struct limited *limited, uint64_t time_ns, uint64_t bytes)
{
	if (limited->count == POINTS) {
		limited->count /= 2;
		for (size_t i = 0; i < limited->count; i++)
			limited->points[i] = limited->points[2 * i + 1];
	}
	limited->points[limited->count++] = (struct trend_point){time_ns, bytes};
}

static int update_one(struct live_limits *limits, const struct growth_cgroup *cgroup,
		      uint64_t time_ns)
{
	struct limited *limited = limited_get(limits, cgroup->path);
	struct trend trend;
	int err;

	if (!limited)
		return -ENOMEM;
	limited->seen_ns = time_ns;
	limited->now.used_bytes = cgroup->firm_bytes;
	limited->now.limit_bytes = cgroup->limit_bytes;
	add_point(limited, time_ns, cgroup->firm_bytes);
	err = trend_fit(limited->points, limited->count, &trend);
	if (!err)
		limited->now.forecast_known =
			trend_forecast(&trend, cgroup->limit_bytes, &limited->now.forecast);
	return err;
}

static void forget_others(struct live_limits *limits, uint64_t time_ns)
{
	for (size_t i = 0; i < limits->by_path.capacity; i++) {
		struct limited *limited = limits->by_path.entries[i].value;

		if (!limited || limited->seen_ns == time_ns)
			continue;
		limited_free(table_take(&limits->by_path, limits->by_path.entries[i].key));
		/* another one may have come to its place */
		i--;
	}
}

int live_limits_update(struct live_limits *limits, const struct growth *growth)
{
	int err = 0;

	for (size_t i = 0; i < growth->cgroup_count && !err; i++)
		if (growth->cgroups[i].limit_known && growth->cgroups[i].usage_known)
			err = update_one(limits, &growth->cgroups[i], growth->time_ns);
	forget_others(limits, growth->time_ns);
	return err;
}

static const struct live_limit *fuller(const struct live_limit *a, const struct live_limit *b)
{
	double share_a = a ? (double)a->used_bytes / (double)a->limit_bytes : -1;
	double share_b = (double)b->used_bytes / (double)b->limit_bytes;

	return share_b >= share_a ? b : a;
}

const struct live_limit *live_limits_of(const struct live_limits *limits, const char *path)
{
	const struct live_limit *nearest = NULL;
	struct table_key key = {.major = HASH_SEED};

	while (path && path[key.minor]) {
		const struct limited *limited;
		char next;

		key.major = hash_add(key.major, path[key.minor++]);
		next = path[key.minor];
		limited = next == '/' || !next ? table_get(&limits->by_path, key) : NULL;
		if (limited && strncmp(limited->path, path, key.minor) == 0 &&
		    !limited->path[key.minor])
			nearest = fuller(nearest, &limited->now);
	}
	return nearest;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/cgroup_curves.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Known cgroups looked at in one second: a host may have thousands. */
#define KNOWN_PER_LOOK 16
/* Candidates for a place whose page cache is asked for in one second, those looked at among them.
 */
#define CANDIDATES_PER_LOOK 32
/* What has been quiet for so long makes room for whoever fills up. */
#define STALE_NS UINT64_C(60000000000)

_Static_assert((int)CGROUP_VALUE_COUNT == CURVE_VALUES, "a point has all values");

int cgroup_curves_init(struct cgroup_curves *curves, const struct sysroot *root,
		       struct cgroups *cgroups)
{
	*curves = (struct cgroup_curves){
		.cgroups = cgroups,
		.items = calloc(CGROUP_CURVES, sizeof(*curves->items)),
		.host_pressure_fd = openat(root->proc_fd, "pressure/memory", O_RDONLY | O_CLOEXEC),
	};
	for (int i = 0; i < CGROUP_CURVES && curves->items; i++)
		curves->items[i].usage_fd = curves->items[i].pressure_fd = -1;
	return curves->items ? 0 : -ENOMEM;
}

static void stop_reading(struct cgroup_curve *item)
{
	cleanup_close(&item->usage_fd);
	cleanup_close(&item->pressure_fd);
	item->usage_fd = item->pressure_fd = -1;
}

void cgroup_curves_release(struct cgroup_curves *curves)
{
	for (int i = 0; i < CGROUP_CURVES && curves->items; i++)
		stop_reading(&curves->items[i]);
	/* never opened when nothing was set up */
	if (curves->items)
		cleanup_close(&curves->host_pressure_fd);
	free(curves->items);
	*curves = (struct cgroup_curves){.host_pressure_fd = -1};
}

/* --- files -------------------------------------------------------------------------------- */

/* "123", or "max". */
static bool read_pages(int fd, uint32_t *ret_pages)
{
	char text[32];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t pages;

	if (len <= 0)
		return false;
	text[len] = '\0';
	pages = strtoull(text, NULL, 10) / sysconf(_SC_PAGESIZE);
	*ret_pages = text[0] == 'm' || pages >= CGROUP_NO_LIMIT ? CGROUP_NO_LIMIT : (uint32_t)pages;
	return true;
}

static bool read_pages_at(int dir_fd, const char *name, uint32_t *ret_pages)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read_pages(fd, ret_pages);
}

static uint32_t stalled_ms(const char *text, const char *who)
{
	const char *line = strstr(text, who), *total = line ? strstr(line, "total=") : NULL;

	return total ? (uint32_t)(strtoull(total + strlen("total="), NULL, 10) / 1000) : 0;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same for "full"; in microseconds. */
static void read_pressure(int fd, uint32_t values[CURVE_VALUES])
{
	char text[256];
	ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return;
	text[len] = '\0';
	values[CGROUP_VALUE_SOME] = stalled_ms(text, "some ");
	values[CGROUP_VALUE_FULL] = stalled_ms(text, "full ");
	values[CGROUP_VALUE_HAS_PRESSURE] = 1;
}

static void open_files(const struct cgroup_curves *curves, struct cgroup_curve *item)
{
	const struct known_cgroup *known =
		cgroups_get(curves->cgroups, cgroups_id(curves->cgroups, item->id));
	_cleanup_close_ int dir_fd = known ? cgroups_open(curves->cgroups, known) : -1;
	bool unified = curves->cgroups->root.unified;

	item->asked = true;
	if (dir_fd < 0)
		return;
	item->usage_fd = openat(dir_fd, unified ? "memory.current" : "memory.usage_in_bytes",
				O_RDONLY | O_CLOEXEC);
	item->pressure_fd = openat(dir_fd, "memory.pressure", O_RDONLY | O_CLOEXEC);
}

/* Of its usage, page cache of files: no reason for a kill. 0 where nobody can tell. */
static uint32_t read_reclaimable(const struct cgroup_curves *curves, uint64_t id)
{
	/* a kill may wait: new ones are not looked for */
	const struct known_cgroup *known =
		cgroups_get(curves->cgroups, cgroups_known(curves->cgroups, id));
	_cleanup_close_ int dir_fd = known ? cgroups_open(curves->cgroups, known) : -1;
	struct cgroup cgroup = {.fd = dir_fd, .unified = curves->cgroups->root.unified};
	struct cgroup_charge charge;

	if (dir_fd < 0 || cgroup_charge(&cgroup, &charge))
		return 0;
	return (uint32_t)((charge.usage_bytes - charge.held_bytes) / sysconf(_SC_PAGESIZE));
}

/* --- which are followed ------------------------------------------------------------------- */

static const struct curve_point *last_point(const struct curve *curve)
{
	return curve->count ? &curve->points[curve->count - 1] : NULL;
}

/* Of what is held, as a warning judges it: any container's page cache fills its limit in time. */
static double fullness(uint32_t usage_pages, uint32_t reclaimable_pages, uint32_t limit_pages)
{
	if (!limit_pages || limit_pages == CGROUP_NO_LIMIT || usage_pages <= reclaimable_pages)
		return 0;
	return (double)(usage_pages - reclaimable_pages) / (double)limit_pages;
}

/* Of what nobody has heard of for a while: nothing. */
static double fullness_of(const struct cgroup_curve *item, uint64_t now_ns)
{
	const struct curve_point *last = last_point(&item->curve);

	if (!last || (item->usage_fd < 0 && now_ns > last->time_ns + STALE_NS))
		return 0;
	return fullness(last->values[CGROUP_VALUE_USAGE], item->reclaimable_pages,
			last->values[CGROUP_VALUE_LIMIT]);
}

static struct cgroup_curve *item_find(const struct cgroup_curves *curves, uint64_t id)
{
	for (int i = 0; i < CGROUP_CURVES && id; i++)
		if (curves->items[i].id == id)
			return &curves->items[i];
	return NULL;
}

static bool is_crowded(const struct cgroup_curves *curves)
{
	for (int i = 0; i < CGROUP_CURVES; i++)
		if (!curves->items[i].id)
			return false;
	return true;
}

/* One that is free, or that of whoever is least full. */
static struct cgroup_curve *item_least(const struct cgroup_curves *curves, uint64_t now_ns)
{
	struct cgroup_curve *least = curves->items;

	for (int i = 0; i < CGROUP_CURVES; i++) {
		struct cgroup_curve *item = &curves->items[i];

		if (!item->id)
			return item;
		if (fullness_of(item, now_ns) < fullness_of(least, now_ns))
			least = item;
	}
	return least;
}

/* Is there more to a candidate than `least_full`? Its files are read only where it may be. */
static bool is_fuller(struct cgroup_curves *curves, uint64_t id, uint32_t usage_pages,
		      uint32_t limit_pages, double least_full, uint32_t *ret_reclaimable_pages)
{
	uint32_t reclaimable_pages;

	if (fullness(usage_pages, 0, limit_pages) <= least_full)
		return false;
	if (least_full <= 0)
		return true; /* nobody misses that place */
	if (!curves->candidates_left)
		return false;
	curves->candidates_left--;
	reclaimable_pages = read_reclaimable(curves, id);
	if (fullness(usage_pages, reclaimable_pages, limit_pages) <= least_full)
		return false;
	*ret_reclaimable_pages = reclaimable_pages;
	return true;
}

/* That of the cgroup; or one that is free, or of whoever is less full. NULL: all are fuller. */
static struct cgroup_curve *item_get(struct cgroup_curves *curves, uint64_t id,
				     uint32_t usage_pages, uint32_t limit_pages, uint64_t now_ns)
{
	struct cgroup_curve *item = item_find(curves, id);
	uint32_t reclaimable_pages = 0;

	if (item)
		return item;
	item = item_least(curves, now_ns);
	if (item->id && !is_fuller(curves, id, usage_pages, limit_pages, fullness_of(item, now_ns),
				   &reclaimable_pages))
		return NULL;
	stop_reading(item);
	item->id = id;
	item->asked = false;
	item->reclaimable_pages = reclaimable_pages;
	item->curve.count = 0;
	return item;
}

static void add(struct cgroup_curves *curves, uint64_t id, uint32_t usage_pages,
		uint32_t limit_pages, uint64_t now_ns)
{
	struct cgroup_curve *item = item_get(curves, id, usage_pages, limit_pages, now_ns);
	uint32_t values[CURVE_VALUES] = {
		[CGROUP_VALUE_USAGE] = usage_pages,
		[CGROUP_VALUE_LIMIT] = limit_pages,
	};

	if (!item)
		return;
	read_pressure(item->pressure_fd, values);
	curve_add(&item->curve, values, usage_pages, now_ns);
}

static uint32_t pages_of(uint64_t pages)
{
	return pages < CGROUP_NO_LIMIT ? (uint32_t)pages : CGROUP_NO_LIMIT;
}

void cgroup_curves_take(struct cgroup_curves *curves, const struct ot_curve_record *record)
{
	for (uint32_t i = 0; i < record->level_count && i < OT_CURVE_LEVELS; i++) {
		const struct ot_curve_level *level = &record->levels[i];

		if (pages_of(level->max) != CGROUP_NO_LIMIT)
			add(curves, level->id, pages_of(level->usage), pages_of(level->max),
			    record->time_ns);
	}
}

/* --- once a second ------------------------------------------------------------------------ */

static bool is_half_full(uint32_t usage_pages, uint32_t limit_pages)
{
	return limit_pages != CGROUP_NO_LIMIT && usage_pages >= limit_pages / 2;
}

/* By its path alone, which is all that most are asked for: another one may have the name by now. */
static bool has_limit(const struct cgroup_curves *curves, const struct known_cgroup *known,
		      const char *file)
{
	char path[PATH_MAX];
	int len =
		snprintf(path, sizeof(path), "%s/%s", known->path[1] ? known->path + 1 : ".", file);
	uint32_t pages;

	return len > 0 && len < (int)sizeof(path) &&
	       read_pages_at(curves->cgroups->root.fd, path, &pages) && pages != CGROUP_NO_LIMIT;
}

static void read_known(struct cgroup_curves *curves, const struct known_cgroup *known,
		       uint64_t now_ns)
{
	bool unified = curves->cgroups->root.unified;
	const char *limit_file = unified ? "memory.max" : "memory.limit_in_bytes";
	_cleanup_close_ int dir_fd = -1;
	uint32_t usage_pages, limit_pages;

	if (!has_limit(curves, known, limit_file))
		return;
	dir_fd = cgroups_open(curves->cgroups, known);
	if (dir_fd >= 0 && read_pages_at(dir_fd, limit_file, &limit_pages) &&
	    limit_pages != CGROUP_NO_LIMIT &&
	    read_pages_at(dir_fd, unified ? "memory.current" : "memory.usage_in_bytes",
			  &usage_pages) &&
	    is_half_full(usage_pages, limit_pages))
		add(curves, known->inode, usage_pages, limit_pages, now_ns);
}

static void look_at_known(struct cgroup_curves *curves, uint64_t now_ns)
{
	uint32_t count = curves->cgroups->count;

	for (uint32_t i = 0; i < KNOWN_PER_LOOK && i < count; i++)
		read_known(curves, &curves->cgroups->items[curves->next_known++ % count], now_ns);
}

/* Its limit is looked at again when its turn among the known comes. */
static void look_at(struct cgroup_curves *curves, struct cgroup_curve *item, uint64_t now_ns)
{
	const struct curve_point *last = last_point(&item->curve);
	uint32_t usage_pages, limit_pages = last ? last->values[CGROUP_VALUE_LIMIT] : 0;

	if (!last || !is_half_full(last->values[CGROUP_VALUE_USAGE], limit_pages)) {
		stop_reading(item);
		item->asked = false;
		item->reclaimable_pages = 0;
		return;
	}
	if (!item->asked)
		open_files(curves, item);
	if (item->usage_fd >= 0 && !read_pages(item->usage_fd, &usage_pages))
		stop_reading(item); /* the cgroup is gone; its curve may still be asked for */
	else if (item->usage_fd >= 0)
		add(curves, item->id, usage_pages, limit_pages, now_ns);
}

/* Of the host where some cgroup is near its limit: on v1 nothing else tells of pressure. */
static void look_at_host(struct cgroup_curves *curves, uint64_t now_ns)
{
	uint32_t values[CURVE_VALUES] = {0};

	read_pressure(curves->host_pressure_fd, values);
	if (values[CGROUP_VALUE_HAS_PRESSURE])
		curve_add(&curves->host, values, values[CGROUP_VALUE_SOME], now_ns);
}

void cgroup_curves_look(struct cgroup_curves *curves, uint64_t now_ns)
{
	bool busy = false, crowded = is_crowded(curves);

	curves->candidates_left = CANDIDATES_PER_LOOK;
	for (int i = 0; i < CGROUP_CURVES; i++) {
		if (!curves->items[i].id)
			continue;
		look_at(curves, &curves->items[i], now_ns);
		busy |= curves->items[i].usage_fd >= 0;
		if (crowded && curves->items[i].usage_fd >= 0)
			curves->items[i].reclaimable_pages =
				read_reclaimable(curves, curves->items[i].id);
	}
	if (busy)
		look_at_host(curves, now_ns);
	look_at_known(curves, now_ns);
}

const struct curve *cgroup_curves_find(const struct cgroup_curves *curves, uint64_t id)
{
	const struct cgroup_curve *item = item_find(curves, id);

	return item && item->curve.count ? &item->curve : NULL;
}

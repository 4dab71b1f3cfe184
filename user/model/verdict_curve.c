// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The curve that rules look at. The recorder keeps a point where something changed: between two it
 * was what it was at the first, and here that is filled in, so that time without a change counts.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/verdict_findings.h"

/* Points that are filled in, at most. */
#define FILLED 256
/*
 * A longer gap is one that nobody knows anything of: where nothing changes the recorder keeps a
 * point each ten seconds, and of old ones some of them.
 */
#define GAP_NS UINT64_C(30000000000)
#define GAP_SHARE 8
/*
 * Once it holds so much of the limit, and keeps it, it is at the limit: the kernel may reclaim for
 * minutes before it kills, and that is no history of growth.
 */
#define FULL_SHARE 0.93
/* The last part of the limit whose time is measured. */
#define RISE_SHARE 0.4

/* Time runs forward; there is room for what was recorded, FILLED more and the kill. */
struct points {
	struct trend_point *items;
	size_t count;
	uint64_t step_ns; /* of what is filled in */
	uint64_t gap_ns;  /* longer ones are not */
};

static bool is_of_victim(const struct moment_event *moment, const struct incident_victim *victim)
{
	return victim && moment->process && moment->process == victim->kill.process &&
	       moment->known & MOMENT_RSS;
}

static bool is_of_level(const struct moment_event *moment, const struct level_event *fired)
{
	return fired && !moment->process && moment->level == fired->index &&
	       moment->known & MOMENT_USAGE;
}

/* What cannot be reclaimed: page cache comes and goes, and is no growth. */
static uint64_t unreclaimable(const struct moment_event *moment)
{
	return moment->anon_bytes + moment->shmem_bytes +
	       (moment->known & MOMENT_SWAP ? moment->swap_bytes : 0);
}

static void points_add(struct points *points, uint64_t time_ns, uint64_t bytes)
{
	struct trend_point *last = points->count ? &points->items[points->count - 1] : NULL;

	bool is_known = last && time_ns - last->time_ns <= points->gap_ns;

	/* a file may claim any order */
	if (last && time_ns < last->time_ns)
		return;
	while (is_known && time_ns - last->time_ns > 2 * points->step_ns) {
		last[1] = (struct trend_point){last->time_ns + points->step_ns, last->bytes};
		last = &points->items[points->count++];
	}
	points->items[points->count++] = (struct trend_point){time_ns, bytes};
}

/* The kernel's own figure ends the curve of the victim, without what it has never grown by. */
static void points_end(struct points *points, const struct verdict_findings *findings,
		       uint64_t begin_ns)
{
	const struct victim_event *kill = &findings->victim->kill;
	uint64_t inherited_bytes = incident_inherited_bytes(findings->victim);
	uint64_t anon_bytes =
		kill->rss_anon_bytes > inherited_bytes ? kill->rss_anon_bytes - inherited_bytes : 0;

	if (points->count && kill->known & ~kill->before & VICTIM_RSS)
		points_add(points, begin_ns, anon_bytes + kill->rss_shmem_bytes + kill->swap_bytes);
}

/*
 * Who was watched from its start on was too small for a curve before that begins
 * (capture/timeline.c has a few slots as the least).
 */
static uint64_t begin_of(const struct verdict_findings *findings, uint64_t first_before_ns)
{
	const struct growth *session = &findings->incident->held;
	uint64_t life_ns = (uint64_t)(findings->life_seconds * 1e9);

	if (!findings->victim || !session->session.complete ||
	    life_ns >= session->session.duration_ns)
		return first_before_ns;
	return life_ns > first_before_ns ? life_ns : first_before_ns;
}

static void points_begin(struct points *points, uint64_t begin_ns, uint64_t first_before_ns)
{
	points->step_ns = begin_ns / FILLED + 1;
	points->gap_ns = begin_ns;
	if (begin_ns > first_before_ns) {
		points_add(points, 0, 0);
		points_add(points, begin_ns - first_before_ns - 1, 0);
	}
	points->gap_ns = begin_ns / GAP_SHARE > GAP_NS ? begin_ns / GAP_SHARE : GAP_NS;
}

static void points_of(const struct verdict_findings *findings, bool of_level, struct points *points)
{
	const struct incident *incident = findings->incident;
	uint64_t begin_ns = 0;

	points->count = 0;
	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];
		bool wanted = of_level ? is_of_level(moment, incident->fired)
				       : is_of_victim(moment, findings->victim);

		if (!wanted)
			continue;
		if (!points->count) {
			begin_ns = of_level ? moment->before_ns
					    : begin_of(findings, moment->before_ns);
			points_begin(points, begin_ns, moment->before_ns);
		}
		if (moment->before_ns <= begin_ns)
			points_add(points, begin_ns - moment->before_ns,
				   of_level ? moment->usage_bytes : unreclaimable(moment));
	}
	if (!of_level && findings->victim)
		points_end(points, findings, begin_ns);
}

/* When it last was below its end by so much; `count`: never. */
static size_t rise_begin(const struct points *points, double by_bytes)
{
	double end = (double)points->items[points->count - 1].bytes;

	for (size_t i = points->count; i-- > 0;)
		if ((double)points->items[i].bytes <= end - by_bytes)
			return i;
	return points->count;
}

static void look_at_rise(struct verdict_findings *findings, const struct points *points)
{
	const struct trend_point *end = &points->items[points->count - 1];
	size_t begin = rise_begin(points, findings->rise_bytes);

	findings->end_bytes = (double)end->bytes;
	if (begin == points->count)
		return;
	findings->rise_seconds = (double)(end->time_ns - points->items[begin].time_ns) / 1e9;
	for (size_t i = 0; i <= begin; i++)
		findings->peak_bytes = fmax(findings->peak_bytes, (double)points->items[i].bytes);
}

/* To the first moment from which on the limit was full. */
static void points_cut(struct points *points, double limit_bytes)
{
	while (points->count > 2 && limit_bytes > 0 &&
	       (double)points->items[points->count - 2].bytes >= FULL_SHARE * limit_bytes)
		points->count--;
}

static int compare_points(const void *left, const void *right)
{
	const struct trend_point *a = left, *b = right;

	return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static void look_at_growth(struct verdict_findings *findings, const struct points *points)
{
	const struct trend_point *begin = &points->items[0];
	const struct trend_point *end = &points->items[points->count - 1];

	findings->seconds = (double)(end->time_ns - begin->time_ns) / 1e9;
	findings->grown_bytes = (double)end->bytes - (double)begin->bytes;
	findings->rise_bytes = RISE_SHARE * findings->limit_bytes;
	look_at_rise(findings, points);
}

static double median_of(const struct points *points)
{
	qsort(points->items, points->count, sizeof(*points->items), compare_points);
	return (double)points->items[points->count / 2].bytes;
}

/* Of the victim where its curve is known, else of what fired. */
int verdict_findings_curve(struct verdict_findings *findings)
{
	_cleanup_free_ struct trend_point *items =
		calloc(2 * (findings->incident->moment_count + FILLED), sizeof(*items));
	struct points points = {.items = items};
	size_t all;
	int err;

	if (!items)
		return -ENOMEM;
	findings->rise_seconds = INFINITY;
	points_of(findings, false, &points);
	if (points.count < 2) {
		findings->of_level = true;
		points_of(findings, true, &points);
	}
	err = trend_fit(points.items, points.count, &findings->level_trend);
	all = points.count;
	points_cut(&points, findings->limit_bytes);
	if (!err)
		err = trend_fit(points.items, points.count, &findings->trend);
	if (err || points.count < 2)
		return err;
	look_at_growth(findings, &points);
	points.count = all;
	findings->median_bytes = median_of(&points);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/verdict_findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

double findings_term(const struct verdict_findings *findings, const char *key)
{
	const struct incident_account *account = &findings->incident->account;
	double sum = 0;

	for (size_t i = 0; i < account->term_count; i++)
		if (strcmp(account->terms[i].key, key) == 0)
			sum += (double)account->terms[i].bytes;
	return sum;
}

double findings_figure(const struct verdict_findings *findings, const char *key)
{
	const struct incident *incident = findings->incident;
	uint32_t level = incident->fired ? incident->fired->index : LEVEL_HOST;

	for (size_t i = 0; i < incident->figure_count; i++)
		if (incident->figures[i].level == level &&
		    strcmp(incident->figures[i].key, key) == 0)
			return (double)incident->figures[i].value;
	return 0;
}

/* --- the curve ----------------------------------------------------------------------------- */

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

/* Time runs forward in the points; the kill is at the end of it. */
static size_t points_of(const struct verdict_findings *findings, bool of_level,
			struct trend_point *points)
{
	const struct incident *incident = findings->incident;
	uint64_t begin_ns = incident->moment_count ? incident->moments[0].before_ns : 0;
	size_t count = 0;

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];
		bool wanted = of_level ? is_of_level(moment, incident->fired)
				       : is_of_victim(moment, findings->victim);

		/* a file may claim any order */
		if (!wanted || moment->before_ns > begin_ns ||
		    (count && begin_ns - moment->before_ns < points[count - 1].time_ns))
			continue;
		points[count++] = (struct trend_point){
			.time_ns = begin_ns - moment->before_ns,
			.bytes = of_level ? moment->usage_bytes : unreclaimable(moment),
		};
	}
	return count;
}

static int compare_points(const void *left, const void *right)
{
	const struct trend_point *a = left, *b = right;

	return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static void look_at_levels(struct verdict_findings *findings, struct trend_point *points,
			   size_t count)
{
	findings->grown_bytes = (double)points[count - 1].bytes - (double)points[0].bytes;
	qsort(points, count, sizeof(*points), compare_points);
	findings->median_bytes = (double)points[count / 2].bytes;
}

/* Of the victim where its curve is known, else of what fired. */
static int look_at_curve(struct verdict_findings *findings)
{
	_cleanup_free_ struct trend_point *points =
		calloc(findings->incident->moment_count + 1, sizeof(*points));
	size_t count;
	int err;

	if (!points)
		return -ENOMEM;
	count = points_of(findings, false, points);
	if (count < 2) {
		findings->of_level = true;
		count = points_of(findings, true, points);
	}
	err = trend_fit(points, count, &findings->trend);
	if (!err && count >= 2)
		look_at_levels(findings, points, count);
	return err;
}

/* --- the rest ------------------------------------------------------------------------------ */

/* The two clocks differ by time spent suspended, of which servers have none. */
static double life_of(const struct incident *incident, const struct incident_victim *victim)
{
	if (!victim->start_ns || victim->start_ns > incident->event.monotonic_ns)
		return 0;
	return (double)(incident->event.monotonic_ns - victim->start_ns) / 1e9;
}

/* Who shares an mm has the same memory. */
static double own_bytes(const struct victim_event *kill)
{
	if (!(kill->known & VICTIM_RSS) || kill->role == VICTIM_SHARER)
		return 0;
	return (double)kill->rss_anon_bytes + (double)kill->rss_shmem_bytes +
	       (double)kill->swap_bytes;
}

int verdict_findings_make(const struct incident *incident, struct verdict_findings *ret_findings)
{
	struct verdict_findings findings = {
		.incident = incident,
		.victim = incident->victim_count ? &incident->victims[0] : NULL,
		.limit_bytes = incident->account.known ? (double)incident->account.limit_bytes : 0,
	};
	int err;

	for (size_t i = 0; i < incident->victim_count; i++)
		findings.victim_bytes += own_bytes(&incident->victims[i].kill);
	if (findings.victim)
		findings.life_seconds = life_of(incident, findings.victim);
	err = look_at_curve(&findings);
	if (err)
		return err;
	*ret_findings = findings;
	return 0;
}

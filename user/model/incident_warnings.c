// SPDX-License-Identifier: GPL-2.0-or-later
/* What had been told before the kill: which limits were how full, and what was to be expected. */
#include "model/growth_events.h"
#include "model/incident_events.h"

/* Of one incident. Each is a trend to be fitted, and a hostile file could have any number. */
#define WARNINGS_MAX 256

static const struct level_event *level_of(const struct incident *incident, uint32_t index)
{
	for (size_t i = 0; i < incident->level_count; i++)
		if (incident->levels[i].index == index)
			return &incident->levels[i];
	return NULL;
}

/* The points of the limit are of the session's time, the warning is of the kill's. */
static int forecast(const struct incident_draft *draft, const struct warning_event *event,
		    struct incident_warning *warning)
{
	const struct growth_builder *growth = draft->builder->growth;
	uint64_t killed_ns = growth->end.duration_ns;

	if (!growth->has_end || event->before_ns > killed_ns)
		return 0;
	return limits_forecast_at(&growth->limits, event->level, killed_ns - event->before_ns,
				  event->limit_bytes, &warning->forecast_known, &warning->forecast);
}

static int compare(const void *left, const void *right)
{
	const struct incident_warning *a = left, *b = right;

	if (a->before_ns != b->before_ns)
		return a->before_ns > b->before_ns ? -1 : 1;
	return (a->percent > b->percent) - (a->percent < b->percent);
}

int incident_warnings_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	size_t count = kept_count(draft, EVENT_WARNING);
	struct incident_warning *warnings =
		arena_alloc(&draft->owned->arena, count < WARNINGS_MAX ? count : WARNINGS_MAX,
			    sizeof(*warnings));
	int err = warnings ? 0 : -ENOMEM;

	if (incident->event.kind == INCIDENT_WARNING)
		return 0;
	for (const struct kept_event *kept = kept_first(draft, EVENT_WARNING);
	     kept && !err && incident->warning_count < WARNINGS_MAX; kept = kept->next) {
		const struct warning_event *event = &kept->event.warning;
		const struct level_event *level = level_of(incident, event->level);

		/* a level that is not known is not the host */
		if (!level && event->level != LEVEL_HOST)
			continue;
		warnings[incident->warning_count] = (struct incident_warning){
			.before_ns = event->before_ns,
			.percent = event->percent,
			.level = level,
			.held_bytes = event->held_bytes,
			.limit_bytes = event->limit_bytes,
		};
		err = forecast(draft, event, &warnings[incident->warning_count++]);
	}
	if (err)
		return err;
	qsort(warnings, incident->warning_count, sizeof(*warnings), compare);
	incident->warnings = warnings;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident_warning.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/incident.h"
#include "render/json.h"
#include "render/limit.h"
#include "render/quantity.h"

void json_put_warning(struct json_maker *object, const struct incident *incident)
{
	const struct growth_session *session = &incident->held.session;

	json_put_time(object, "time", incident->event.realtime_ns);
	json_put_name(object, "hostname", session->hostname);
	json_put_name(object, "kernel", session->kernel_release);
	json_put_name(object, "version", session->tool_version);
	json_put_name(object, "scope", incident_scope_name(incident->event.scope));
	if (incident->warning)
		json_put_count(object, "percent", incident->warning->percent);
	if (incident->held.limit.known)
		json_put_limit(object, &incident->held.limit);
	json_put_growing(object, incident);
}

void text_warning(const struct incident *incident, struct buf *out)
{
	const struct growth_limit *limit = &incident->held.limit;

	buf_append_string(out, "Short of memory: ");
	if (limit->path) {
		buf_append_string(out, "cgroup ");
		escape_terminal_string(out, limit->path);
	} else {
		buf_append_string(out,
				  incident->event.scope == SCOPE_MEMCG ? "a cgroup" : "the host");
	}
	if (incident->warning)
		buf_printf(out, " has passed %" PRIu32 " %% of its limit",
			   incident->warning->percent);
	buf_append_string(out, " at ");
	quantity_time(out, incident->event.realtime_ns);
	buf_append_byte(out, '\n');
	if (!limit->known)
		return;
	buf_printf(out, "\n  %-9s ", "held");
	quantity_bytes(out, limit->held_bytes);
	buf_append_string(out, " of ");
	quantity_bytes(out, limit->limit_bytes);
	limit_course(out, limit);
	buf_append_byte(out, '\n');
}

/* --- those that came before a kill ---------------------------------------------------------- */

static void append_warning(struct json_maker *warnings, const struct incident *incident,
			   const struct incident_warning *warning)
{
	struct json_maker entry = json_make_object();

	if (warning->before_ns <= incident->event.realtime_ns)
		json_put_time(&entry, "time", incident->event.realtime_ns - warning->before_ns);
	json_put_count(&entry, "before_ns", warning->before_ns);
	json_put_count(&entry, "percent", warning->percent);
	if (warning->level)
		json_put_count(&entry, "level", (size_t)(warning->level - incident->levels));
	json_put_count(&entry, "held_bytes", warning->held_bytes);
	json_put_count(&entry, "limit_bytes", warning->limit_bytes);
	if (warning->forecast_known)
		json_put_forecast(&entry, &warning->forecast);
	json_append_made(warnings, &entry);
}

void json_put_warnings(struct json_maker *object, const struct incident *incident)
{
	struct json_maker warnings = json_make_array();

	for (size_t i = 0; i < incident->warning_count; i++)
		append_warning(&warnings, incident, &incident->warnings[i]);
	json_put_made(object, "warnings", &warnings);
}

static void warned_line(const struct incident *incident, const struct incident_warning *warning,
			struct buf *out)
{
	buf_printf(out, "  warned: %" PRIu32 " %%", warning->percent);
	if (!warning->level) {
		buf_append_string(out, " of the host");
	} else if (warning->level != incident->fired) {
		buf_append_string(out, " of ");
		escape_terminal_string(out, warning->level->path);
	}
	buf_append_byte(out, ' ');
	quantity_duration(out, warning->before_ns);
	buf_append_string(out, " before, ");
	quantity_bytes(out, warning->held_bytes);
	buf_append_string(out, " of ");
	quantity_bytes(out, warning->limit_bytes);
	if (warning->forecast_known) {
		buf_append_string(out, "; forecast then: in ");
		limit_seconds(out, warning->forecast.low_seconds);
		buf_append_string(out, " to ");
		limit_seconds(out, warning->forecast.high_seconds);
	}
	buf_append_byte(out, '\n');
}

void text_warned(const struct incident *incident, struct buf *out)
{
	if (incident->warning_count)
		buf_append_byte(out, '\n');
	for (size_t i = 0; i < incident->warning_count; i++)
		warned_line(incident, &incident->warnings[i], out);
}

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

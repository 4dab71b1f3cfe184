// SPDX-License-Identifier: GPL-2.0-or-later
/* What a victim, its cgroup and the host were set to, as it was found before the kill. */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "render/incident.h"
#include "render/quantity.h"

static bool is_fact(const struct figure_event *figure)
{
	return figure->source == FIGURE_PROC || figure->source == FIGURE_ENVIRONMENT ||
	       figure->source == FIGURE_SETTING;
}

static bool ends_in(const char *key, const char *end)
{
	size_t len = strlen(key), end_len = strlen(end);

	return len >= end_len && strcmp(key + len - end_len, end) == 0;
}

static bool is_bytes(const char *key)
{
	static const char *const ends[] = {"_bytes",         ".stack",         ".data",
					   ".address_space", ".locked_memory", "memory.high",
					   "swap.max"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_in(key, ends[i]))
			return true;
	return false;
}

/* What v1 writes for "no limit" is its largest number of whole pages. */
static bool is_no_limit(const struct figure_event *figure)
{
	return figure->text
		       ? strcmp(figure->text, "unlimited") == 0 || strcmp(figure->text, "max") == 0
		       : figure->value >= INT64_MAX - 65535;
}

static void fact_value(const struct figure_event *figure, struct buf *out)
{
	if (is_no_limit(figure))
		buf_append_string(out, "no limit");
	else if (figure->text)
		escape_terminal_string(out, figure->text);
	else if (is_bytes(figure->key))
		quantity_bytes(out, figure->value);
	else
		buf_printf(out, "%" PRIu64, figure->value);
}

static void fact_line(const struct incident *incident, const struct figure_event *figure,
		      struct buf *out)
{
	const struct growth_process *process =
		figure->level == LEVEL_PROCESS ? incident_process(incident, figure->process) : NULL;
	_cleanup_(buf_release) struct buf key = {0};

	escape_terminal_string(&key, figure->key);
	buf_printf(out, "  %-30s ", buf_string(&key));
	fact_value(figure, out);
	if (process && incident->victim_count > 1)
		buf_printf(out, "  (pid %" PRIu32 ")", process->pid);
	buf_append_byte(out, '\n');
}

void text_incident_facts(const struct incident *incident, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < incident->figure_count; i++) {
		if (!is_fact(&incident->figures[i]))
			continue;
		if (!any)
			buf_append_string(out, "\nWhat it had and was set to, before the kill\n\n");
		any = true;
		fact_line(incident, &incident->figures[i], out);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of the victim's fields were taken at the kill and which before it: a process that is killed
 * cannot be looked at any more.
 */
#include "render/incident.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	uint32_t bit; /* enum victim_known */
	const char *what;
} fields[] = {
	{VICTIM_IDENTITY, "ids and threads"},
	{VICTIM_CGROUP, "cgroup"},
	{VICTIM_RSS, "resident memory"},
	{VICTIM_MAPPED, "reserved addresses"},
	{VICTIM_EXE, "program"},
	{VICTIM_ARGV, "command line"},
};

static void append(struct buf *line, const char *what)
{
	if (line->len_bytes)
		buf_append_string(line, ", ");
	buf_append_string(line, what);
}

static void line_end(const char *title, const struct buf *line, struct buf *out)
{
	if (line->len_bytes)
		buf_printf(out, "  %-15s %s\n", title, buf_string(line));
}

static bool has_facts(const struct incident *incident)
{
	for (size_t i = 0; i < incident->figure_count; i++)
		if (incident->figures[i].when == TAKEN_BEFORE)
			return true;
	return false;
}

void text_incident_taken(const struct incident *incident, struct buf *out)
{
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;
	_cleanup_(buf_release) struct buf at_kill = {0}, before = {0}, after = {0};

	if (!victim)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (victim->kill.known & fields[i].bit)
			append(victim->kill.before & fields[i].bit ? &before : &at_kill,
			       fields[i].what);
	if (victim->mapping_count)
		append(&before, "mappings");
	if (has_facts(incident))
		append(&before, "settings");
	if (victim->names && (victim->names->pod || victim->names->container))
		append(&after, "names of pod and container");
	if (victim->image)
		append(&after, "image");
	if (!at_kill.len_bytes && !before.len_bytes)
		return;
	buf_append_string(out, "\nWhen it was taken\n\n");
	line_end("at the kill", &at_kill, out);
	line_end("before it", &before, out);
	line_end("after it", &after, out);
}

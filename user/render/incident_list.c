// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident_list.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "render/quantity.h"

static void cell_time(const struct incident *incident, struct buf *cell)
{
	quantity_time(cell, incident->event.realtime_ns);
}

static void cell_id(const struct incident *incident, struct buf *cell)
{
	escape_terminal_string(cell, incident->event.id);
}

static void cell_scope(const struct incident *incident, struct buf *cell)
{
	buf_append_string(cell, incident_scope_name(incident->event.scope));
}

static void cell_victim(const struct incident *incident, struct buf *cell)
{
	escape_terminal_string(cell, incident_comm(incident));
	if (incident->victim_count)
		buf_printf(cell, " (pid %" PRIu32 ")", incident->victims[0].pid);
	if (incident->victim_count > 1)
		buf_printf(cell, " +%zu", incident->victim_count - 1);
}

static void cell_anon(const struct incident *incident, struct buf *cell)
{
	if (incident->victim_count && incident->victims[0].kill.known & VICTIM_RSS)
		quantity_bytes(cell, incident->victims[0].kill.rss_anon_bytes);
	else
		buf_append_byte(cell, '?');
}

static void cell_limit(const struct incident *incident, struct buf *cell)
{
	if (incident->account.known)
		quantity_bytes(cell, incident->account.limit_bytes);
	else
		buf_append_byte(cell, '?');
}

/* How many of its workload were killed in a row, this one among them; nothing before the second. */
static void cell_life(const struct incident *incident, struct buf *cell)
{
	if (incident->loop.life_count)
		buf_printf(cell, "%" PRIu32, incident->loop.number);
}

/* By its name and its image, or as much as is known; the id where neither is. */
static void container_append(const struct incident_victim *victim, struct buf *cell)
{
	const char *name = victim->names ? victim->names->container : NULL;

	if (name)
		escape_terminal_string(cell, name);
	if (victim->image) {
		buf_append_string(cell, name ? " of " : "");
		escape_terminal_string(cell, victim->image);
	}
	if (!name && !victim->image)
		escape_terminal(cell, victim->place.container_id,
				strnlen(victim->place.container_id, 12));
}

/* What a person calls the place: the pod's container, the unit, else the cgroup. */
static void cell_where(const struct incident *incident, struct buf *cell)
{
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;

	if (!victim)
		return;
	if (victim->names && victim->names->pod) {
		escape_terminal_string(cell, victim->names->pod);
		buf_append_byte(cell, '/');
		escape_terminal_string(cell,
				       victim->names->container ? victim->names->container : "?");
	} else if (victim->place.unit) {
		escape_terminal_string(cell, victim->place.unit);
	} else if (victim->place.container_id) {
		container_append(victim, cell);
	} else if (victim->kill.cgroup) {
		escape_terminal_string(cell, victim->kill.cgroup);
	}
}

static const struct list_column {
	struct text_column column;
	void (*cell)(const struct incident *incident, struct buf *cell);
} list_columns[] = {
	{{"id", false}, cell_id},         {{"time", false}, cell_time},
	{{"scope", false}, cell_scope},   {{"anon", true}, cell_anon},
	{{"limit", true}, cell_limit},    {{"life", true}, cell_life},
	{{"victim", false}, cell_victim}, {{"where", false}, cell_where},
};

#define LIST_COLUMNS (sizeof(list_columns) / sizeof(list_columns[0]))

void incident_list_release(struct incident_list *list)
{
	text_table_release(&list->table);
}

int incident_list_add(struct incident_list *list, const struct incident *incident)
{
	_cleanup_(buf_release) struct buf cell = {0};

	list->table.column_count = LIST_COLUMNS;
	text_table_line(&list->table);
	for (size_t i = 0; i < LIST_COLUMNS; i++) {
		list_columns[i].cell(incident, &cell);
		text_table_cell(&list->table, &cell);
	}
	return list->table.error;
}

int incident_list_print(const struct incident_list *list, FILE *stream)
{
	_cleanup_(buf_release) struct buf out = {0};
	struct text_column columns[LIST_COLUMNS];
	struct text_table table = list->table;
	int err;

	if (!table.line_count)
		return 0;
	for (size_t i = 0; i < LIST_COLUMNS; i++)
		columns[i] = list_columns[i].column;
	table.columns = columns;
	err = text_table_print(&table, 0, 0, &out);
	return err ? err : buf_write(&out, stream);
}

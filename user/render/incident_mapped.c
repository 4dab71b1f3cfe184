// SPDX-License-Identifier: GPL-2.0-or-later
/* What the victim had reserved, next to what of it was resident, and by which mappings. */
#include "render/incident.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2

static void sizes(const struct victim_event *kill, struct buf *out)
{
	buf_append_string(out, "  ");
	quantity_bytes(out, kill->mapped_bytes);
	buf_append_string(out, " of addresses at the kill: data ");
	quantity_bytes(out, kill->data_bytes);
	buf_append_string(out, ", stack ");
	quantity_bytes(out, kill->stack_bytes);
	buf_append_string(out, ", code ");
	quantity_bytes(out, kill->exec_bytes);
	if (kill->known & VICTIM_RSS) {
		buf_append_string(out, "; resident ");
		quantity_bytes(out,
			       kill->rss_anon_bytes + kill->rss_file_bytes + kill->rss_shmem_bytes);
	}
	buf_append_byte(out, '\n');
}

static void line(struct text_table *table, const struct incident_mapping *mapping)
{
	_cleanup_(buf_release) struct buf cell = {0};

	text_table_line(table);
	quantity_bytes(&cell, mapping->bytes);
	text_table_cell(table, &cell);
	buf_printf(&cell, "%" PRIu32, mapping->count);
	text_table_cell(table, &cell);
	buf_append_string(&cell, mapping->kind ? mapping->kind : "others");
	text_table_cell(table, &cell);
	if (mapping->name)
		escape_terminal_string(&cell, mapping->name);
	text_table_cell(table, &cell);
}

int text_incident_mapped(const struct incident *incident, const struct render_options *options,
			 struct buf *out)
{
	static const struct text_column columns[] = {
		{"reserved", true}, {"mappings", true}, {"kind", false}, {"name", false}};
	_cleanup_(text_table_release) struct text_table table = {.columns = columns,
								 .column_count = 4};
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;

	if (!victim || (!(victim->kill.known & VICTIM_MAPPED) && !victim->mapping_count))
		return 0;
	buf_append_string(out, "\nWhat it had reserved\n\n");
	if (victim->kill.known & VICTIM_MAPPED)
		sizes(&victim->kill, out);
	if (!victim->mapping_count)
		return 0;
	buf_append_string(out, "  By mapping, as it was ");
	quantity_duration(out, victim->mappings_before_ns);
	buf_append_string(out, " before the kill:\n\n");
	for (size_t i = 0; i < victim->mapping_count; i++)
		line(&table, &victim->mappings[i]);
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

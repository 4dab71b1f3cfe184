// SPDX-License-Identifier: GPL-2.0-or-later
/* Which stacks have grown before a warning: what they hold at its last snapshot, and how much more.
 */
#include "model/incident_events.h"

#include "model/estimate.h"

static struct incident_growing growing_of(const struct growth_row *row,
					  const struct estimate *estimate)
{
	return (struct incident_growing){
		.row = row,
		.grown_bytes = row->change_bytes,
		.error_bytes = estimate_error_bytes(
			estimate, estimate_changed_slots(row->from_samples, row->samples,
							 row->allocated_slots)),
	};
}

static int compare(const void *left, const void *right)
{
	const struct incident_growing *a = left, *b = right;

	if (a->grown_bytes != b->grown_bytes)
		return a->grown_bytes > b->grown_bytes ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

int incident_growing_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	const struct growth *growth = draft->owned->growth;
	const struct estimate estimate = {growth->session.period_pages,
					  growth->session.page_size_bytes};
	struct incident_growing *growing;

	if (!incident->warning || !growth->previous_known)
		return 0;
	growing = arena_alloc(&draft->owned->arena, growth->row_count, sizeof(*growing));
	if (!growing)
		return -ENOMEM;
	for (size_t i = 0; i < growth->row_count; i++)
		if (growth->rows[i].change_bytes > 0)
			growing[incident->growing_count++] =
				growing_of(&growth->rows[i], &estimate);
	qsort(growing, incident->growing_count, sizeof(*growing), compare);
	incident->growing = growing;
	incident->grown_ns = growth->time_ns - growth->previous_ns;
	incident->grown_bytes = estimate_bytes(&estimate, incident->warning->grown_slots);
	return 0;
}

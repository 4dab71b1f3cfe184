/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Incidents as a table, one a line. */
#ifndef RENDER_INCIDENT_LIST_H
#define RENDER_INCIDENT_LIST_H

#include "render/incident.h"
#include "render/text_table.h"

/* {0} is empty. */
struct incident_list {
	struct text_table table;
};

void incident_list_release(struct incident_list *list);

/* Copies what it needs. 0 or -ENOMEM. */
int incident_list_add(struct incident_list *list, const struct incident *incident);

/* Nothing at all for an empty list. 0 or -errno. */
int incident_list_print(const struct incident_list *list, FILE *stream);

#endif

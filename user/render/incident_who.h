/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Victims and trigger of an incident, for programs. Escapes every name. Private to render/. */
#ifndef RENDER_INCIDENT_WHO_H
#define RENDER_INCIDENT_WHO_H

#include "model/incident.h"
#include "render/json_value.h"

/* "victim" and "co_victims". */
void json_put_victims(struct json_maker *object, const struct incident *incident);

/* "trigger": nothing where it is not known. */
void json_put_trigger(struct json_maker *object, const struct incident *incident);

#endif

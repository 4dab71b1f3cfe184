/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A warning that a limit comes near, for people and for programs. Private to render/. */
#ifndef RENDER_INCIDENT_WARNING_H
#define RENDER_INCIDENT_WARNING_H

#include "base/buf.h"
#include "model/incident.h"
#include "render/format.h"
#include "render/json_value.h"

/* As docs/schema/warning.schema.json has it, without schema and kind. */
void json_put_warning(struct json_maker *object, const struct incident *incident);

void text_warning(const struct incident *incident, struct buf *out);

/* incident_growing.c: what grew there; nothing where that is not known. 0 or -ENOMEM. */
void json_put_growing(struct json_maker *object, const struct incident *incident);
int text_growing(const struct incident *incident, const struct render_options *options,
		 struct buf *out);

/* Of a kill: those that were told before it. */
void json_put_warnings(struct json_maker *object, const struct incident *incident);
void text_warned(const struct incident *incident, struct buf *out);

#endif

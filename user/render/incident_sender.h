/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sent a SIGKILL, for people and for programs. Escapes every name. Private to render/. */
#ifndef RENDER_INCIDENT_SENDER_H
#define RENDER_INCIDENT_SENDER_H

#include "base/buf.h"
#include "model/incident.h"
#include "render/json_value.h"

/* "sender": nothing where there is none. */
void json_put_sender(struct json_maker *object, const struct incident *incident);

/* The lines of the heading that tell of it. */
void text_sender(const struct incident *incident, struct buf *out);

/* Members that victim and sender have in common. */
void json_put_ancestors(struct json_maker *object, const struct incident_ancestor *ancestors,
			size_t count);
void json_put_place(struct json_maker *object, const struct place *place,
		    const struct workload_event *names, const char *image);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An incident for people (text) and for programs (one line of JSON, as
 * docs/schema/incident.schema.json describes it). Both escape every name.
 */
#ifndef RENDER_INCIDENT_H
#define RENDER_INCIDENT_H

#include "base/buf.h"
#include "render/format.h"

/* 0 or -errno. */
int text_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream);
int json_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream);

/* Words that both use: stable keys in JSON. */
const char *incident_kind_name(enum incident_kind kind);
const char *incident_scope_name(enum incident_scope scope);
const char *taken_when_name(enum taken_when when);

/* The sections below the stacks (incident_detail.c). 0 or -ENOMEM. */
int text_incident_detail(const struct incident *incident, const struct render_options *options,
			 struct buf *out);

/* incident_taken.c: which fields are of the kill and which from before it. */
void text_incident_taken(const struct incident *incident, struct buf *out);

/* incident_mapped.c: reserved against resident; nothing where it is not known. 0 or -ENOMEM. */
int text_incident_mapped(const struct incident *incident, const struct render_options *options,
			 struct buf *out);

/* incident_facts.c: what was set, as found before the kill; nothing where nothing was. */
void text_incident_facts(const struct incident *incident, struct buf *out);

#endif

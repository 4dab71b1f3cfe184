/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function for each event that a growth_builder keeps: it copies what it needs into the builder
 * or into the snapshot that is being filled. 0, -ENOMEM, or -EBADMSG for an event that names an id
 * nobody declared. Called by growth_builder.c alone.
 */
#ifndef MODEL_GROWTH_ADDED_H
#define MODEL_GROWTH_ADDED_H

#include "model/growth_events.h"

/* Replaces a borrowed string by a copy. NULL stays NULL. */
static inline int keep_string(struct arena *arena, const char **string)
{
	if (!*string)
		return 0;
	*string = arena_strdup(arena, *string);
	return *string ? 0 : -ENOMEM;
}

/* --- growth_declared.c --- */
int growth_add_process(struct growth_builder *builder, const struct event *event);
int growth_add_module(struct growth_builder *builder, const struct event *event);
int growth_add_stack(struct growth_builder *builder, const struct event *event);
int growth_add_name(struct growth_builder *builder, const struct event *event);
int growth_add_line(struct growth_builder *builder, const struct event *event);

/* --- growth_figures.c --- */
int growth_add_cell(struct growth_builder *builder, const struct event *event);
int growth_add_inherited(struct growth_builder *builder, const struct event *event);
int growth_add_memory(struct growth_builder *builder, const struct event *event);
int growth_add_lost(struct growth_builder *builder, const struct event *event);
int growth_add_stack_end(struct growth_builder *builder, const struct event *event);
int growth_add_reserved(struct growth_builder *builder, const struct event *event);
int growth_add_mappings(struct growth_builder *builder, const struct event *event);
int growth_add_host(struct growth_builder *builder, const struct event *event);
int growth_add_file(struct growth_builder *builder, const struct event *event);
int growth_add_cgroup(struct growth_builder *builder, const struct event *event);
int growth_add_member(struct growth_builder *builder, const struct event *event);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folds trace events into a struct growth. Takes events from any source in the order of event.h,
 * prints nothing, asks nobody: names of functions come in as events, and the builder says which
 * are missing. Called by the commands `growth` and `report`.
 */
#ifndef MODEL_GROWTH_BUILDER_H
#define MODEL_GROWTH_BUILDER_H

#include "model/growth.h"

struct growth_builder;

int growth_builder_new(struct growth_builder **ret_builder);
void growth_builder_free(struct growth_builder *builder);
DEFINE_CLEANUP(struct growth_builder *, growth_builder_free)

/* A moment of a session: since it began, or by the clock on the wall. */
struct growth_moment {
	bool given;
	bool absolute; /* `ns` is of CLOCK_REALTIME */
	uint64_t ns;
};

/* Of each moment the latest snapshot at or before it counts. */
struct growth_interval {
	struct growth_moment from; /* not given: what is live, instead of what has grown since */
	struct growth_moment to;   /* not given: the last snapshot */
};

/* Before any event. Without it the last snapshot counts. */
void growth_builder_limit(struct growth_builder *builder, const struct growth_interval *interval);

/*
 * Before any event. Names of all stacks will be asked for, of those that are gone by then as well:
 * what a trace file needs, which has the snapshots that held them.
 */
void growth_builder_name_all(struct growth_builder *builder);

/* Before any event. Keeps the snapshot before the last, for growth_options.since_previous. */
void growth_builder_keep_previous(struct growth_builder *builder);

/* What snapshots a session has; both times are since it began. */
struct growth_snapshots {
	uint64_t count;
	uint64_t first_ns;
	uint64_t last_ns;
};

struct growth_snapshots growth_builder_snapshots(const struct growth_builder *builder);

/* Copies what it keeps. 0, -ENOMEM, or -EBADMSG for an event that names an id nobody declared. */
int growth_builder_add(struct growth_builder *builder, const struct event *event);

/* Called with a module (never 0) and a file offset in it; anything but 0 ends the walk. */
typedef int (*growth_unnamed_fn)(uint32_t module, uint64_t offset, void *context);

/*
 * Walks the frames of all stacks, of earlier snapshots too, that have no name yet, each
 * (module, offset) once. 0, -ENOMEM, or what the callback returned. The callback may not add to
 * the builder.
 */
int growth_builder_unnamed(const struct growth_builder *builder, growth_unnamed_fn callback,
			   void *context);

/* The same for one stack, by its id: what is on the screen needs its names now. */
int growth_builder_unnamed_of(const struct growth_builder *builder, uint32_t stack_id,
			      growth_unnamed_fn callback, void *context);

struct growth_options {
	bool since_start; /* rows count gross allocation */
	bool reserved;    /* rows count mapped addresses; excludes since_start and kinds */
	uint32_t kinds;   /* bits (1 << kind) of the kinds that become rows; 0: all */
	/* rows tell how they have changed since the snapshot before, too: growth_row.change_bytes
	 */
	bool since_previous;
	/* bounds for events that anybody may have made; 0: none */
	uint64_t frames_bytes_max; /* of the frames that stacks become */
	uint64_t text_bytes_max;   /* of the frames of all rows, as text */
};

/*
 * Makes the figures. The builder stays usable; the result borrows strings from it, so free the
 * result first. 0, -ENOMEM, -ENODATA when no session event was seen, -ERANGE when no snapshot
 * lies where growth_builder_limit() asks for one, or -EFBIG beyond the bounds of the options.
 */
int growth_builder_finish(const struct growth_builder *builder,
			  const struct growth_options *options, struct growth **ret_growth);

#endif

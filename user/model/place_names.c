// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/place_names.h"

#include <inttypes.h>
#include <string.h>

static const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *function_name(const struct growth_builder *builder, struct arena *arena,
				 const struct growth_place *place)
{
	const char *name;

	name = place->module
		       ? table_get(&builder->names, frame_key(place->module->id, place->offset))
		       : NULL;
	if (name)
		return name;
	if (!place->module || place->module->perf_map)
		return arena_printf(arena, "0x%" PRIx64, place->offset);
	return arena_printf(arena, "%s+0x%" PRIx64, path_basename(place->module->path),
			    place->offset);
}

/* "grow (heap.c:12)", or the function alone where nothing is known of its source. */
static const char *frame_text(struct arena *arena, const struct growth_place *place)
{
	if (!place->file || !place->function)
		return place->function;
	return place->line ? arena_printf(arena, "%s (%s:%" PRIu32 ")", place->function,
					  path_basename(place->file), place->line)
			   : arena_printf(arena, "%s (%s)", place->function,
					  path_basename(place->file));
}

/* What is known of a frame's source; NULL: nothing. */
static const struct known_line *lines_of(const struct growth_builder *builder,
					 const struct event_frame *frame)
{
	return frame->module ? table_get(&builder->lines, frame_key(frame->module, frame->offset))
			     : NULL;
}

/* Room for the function and for all that was inlined. */
static struct place_names *names_start(struct arena *arena, const struct known_line *line)
{
	struct place_names *names = arena_alloc(arena, 1, sizeof(*names));
	uint32_t most = 1;

	for (line = line ? line->next : NULL; line; line = line->next)
		most++;
	if (!names)
		return NULL;
	names->frames = arena_alloc(arena, most, sizeof(*names->frames));
	names->places = arena_alloc(arena, most, sizeof(*names->places));
	return names->frames && names->places ? names : NULL;
}

static int names_add(struct place_names *names, struct arena *arena,
		     const struct growth_place *place)
{
	names->places[names->count] = *place;
	names->frames[names->count] = frame_text(arena, place);
	return names->frames[names->count++] ? 0 : -ENOMEM;
}

static struct place_names *names_make(const struct growth_builder *builder, struct arena *arena,
				      const struct event_frame *frame)
{
	const struct known_line *line = lines_of(builder, frame);
	struct place_names *names = names_start(arena, line);
	struct growth_place place = {
		.module = table_get(&builder->modules, id_key(frame->module)),
		.offset = frame->offset,
	};
	int err;

	if (!names)
		return NULL;
	place.function = function_name(builder, arena, &place);
	do {
		place.file = line ? line->file : NULL;
		place.line = line ? line->line : 0;
		err = names_add(names, arena, &place);
		line = line ? line->next : NULL;
		place.inlined = true;
		place.function = line ? line->name : NULL;
	} while (!err && line);
	return err ? NULL : names;
}

const struct place_names *place_names_get(const struct growth_builder *builder, struct arena *arena,
					  struct table *made, const struct event_frame *frame)
{
	const struct table_key key = frame_key(frame->module, frame->offset);
	struct place_names *names = table_get(made, key);

	if (names)
		return names;
	names = names_make(builder, arena, frame);
	return names && !table_put(made, key, names) ? names : NULL;
}

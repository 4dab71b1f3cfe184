// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the frames of a profile are: files as mappings, functions, and places in them. */
#include "base/buf.h"
#include "render/pprof_messages.h"

/*
 * Offsets of all files share the one address space of a profile: each file has a part of it, this
 * long. `address - memory_start` is the offset again.
 */
#define FILE_SPAN (UINT64_C(1) << 40)

static int64_t intern_build_id(struct profile *profile, const struct growth_module *module)
{
	_cleanup_(buf_release) struct buf hex = {0};

	for (size_t i = 0; i < module->build_id_len; i++)
		buf_printf(&hex, "%02x", module->build_id[i]);
	return profile_intern(profile, buf_string(&hex));
}

Perftools__Profiles__Mapping *profile_mapping(struct profile *profile,
					      const struct growth_module *module)
{
	const struct table_key key = {.major = module->id};
	Perftools__Profiles__Mapping *mapping = table_get(&profile->mapping_index, key);

	if (mapping)
		return mapping;
	mapping = profile_make(profile, 1, sizeof(*mapping));
	if (!mapping)
		return NULL;
	perftools__profiles__mapping__init(mapping);
	mapping->id = profile_list_add(profile, &profile->mappings, mapping);
	mapping->memory_start = mapping->id * FILE_SPAN;
	mapping->memory_limit = mapping->memory_start + FILE_SPAN;
	mapping->filename = profile_intern_hostile(profile, module->path);
	mapping->build_id = intern_build_id(profile, module);
	mapping->has_functions = true;
	profile_index_put(profile, &profile->mapping_index, key, mapping);
	return mapping;
}

static const Perftools__Profiles__Function *function_of(struct profile *profile, const char *name,
							const char *file)
{
	int64_t number = profile_intern_hostile(profile, name);
	int64_t file_number = file ? profile_intern_hostile(profile, file) : 0;
	const struct table_key key = {(uint64_t)number, (uint64_t)file_number};
	Perftools__Profiles__Function *function = table_get(&profile->function_index, key);

	if (function)
		return function;
	function = profile_make(profile, 1, sizeof(*function));
	if (!function)
		return NULL;
	perftools__profiles__function__init(function);
	function->id = profile_list_add(profile, &profile->functions, function);
	function->name = function->system_name = number;
	function->filename = file_number;
	profile_index_put(profile, &profile->function_index, key, function);
	return function;
}

static const Perftools__Profiles__Function *
frame_function(struct profile *profile, const struct growth_row *row, uint32_t frame)
{
	const struct growth_place *place = &row->places[frame];

	return function_of(profile, place->function ? place->function : row->frames[frame],
			   place->file);
}

/* The innermost comes first. */
static void location_add_lines(struct profile *profile, Perftools__Profiles__Location *location,
			       const struct place_frames *frames)
{
	uint32_t count = frames->end - frames->first;

	location->line = profile_make(profile, count, sizeof(*location->line));
	for (uint32_t i = frames->end; i > frames->first && location->line; i--) {
		Perftools__Profiles__Line *line = profile_make(profile, 1, sizeof(*line));
		const Perftools__Profiles__Function *function =
			frame_function(profile, frames->row, i - 1);

		if (!line || !function)
			return;
		perftools__profiles__line__init(line);
		line->function_id = function->id;
		line->line = frames->row->places[i - 1].line;
		location->line[location->n_line++] = line;
	}
}

/* A label has no address: its name is what tells it from others. */
static struct table_key location_key(const struct growth_place *place,
				     const Perftools__Profiles__Function *function)
{
	if (place->module)
		return (struct table_key){place->module->id, place->offset};
	return (struct table_key){0, function->id};
}

uint64_t profile_location(struct profile *profile, const struct place_frames *frames)
{
	const struct growth_place *place = &frames->row->places[frames->first];
	const Perftools__Profiles__Function *function =
		frame_function(profile, frames->row, frames->first);
	Perftools__Profiles__Mapping *mapping =
		place->module ? profile_mapping(profile, place->module) : NULL;
	Perftools__Profiles__Location *location;
	struct table_key key;

	if (profile->err)
		return 0;
	key = location_key(place, function);
	location = table_get(&profile->location_index, key);
	if (location)
		return location->id;
	location = profile_make(profile, 1, sizeof(*location));
	if (!location)
		return 0;
	perftools__profiles__location__init(location);
	location->id = profile_list_add(profile, &profile->locations, location);
	location->mapping_id = mapping ? mapping->id : 0;
	location->address = (mapping ? mapping->memory_start : 0) + place->offset;
	location_add_lines(profile, location, frames);
	if (mapping) {
		mapping->has_filenames |= place->file != NULL;
		mapping->has_line_numbers |= place->line != 0;
		mapping->has_inline_frames |= frames->end - frames->first > 1;
	}
	profile_index_put(profile, &profile->location_index, key, location);
	return location->id;
}

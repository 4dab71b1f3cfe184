// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fields mean is said in profile.proto of github.com/google/pprof. In short: everything
 * refers to everything else by number from 1, strings by their place in a table that begins with
 * "", the leaf is the first location of a sample, and every sample has a value for each type.
 */
#include "render/pprof.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/table.h"
#include "base/utf8.h"
#include "render/folded_lines.h"
#include "render/profile.pb-c.h"

#define REPLACEMENT "\xef\xbf\xbd"
/*
 * Offsets of all files share the one address space of a profile: each file has a part of it, this
 * long. `address - memory_start` is the offset again.
 */
#define FILE_SPAN (UINT64_C(1) << 40)

/* --- what a sample counts ------------------------------------------------------------------ */

struct value {
	const char *type, *unit;
	uint64_t (*of)(const struct folded_line *line, uint64_t page_bytes);
};

static uint64_t line_bytes(const struct folded_line *line,
			   uint64_t page_bytes __attribute__((unused)))
{
	return (uint64_t)line->bytes;
}

static uint64_t line_pages(const struct folded_line *line, uint64_t page_bytes)
{
	return (uint64_t)line->bytes / page_bytes;
}

static uint64_t line_allocated_bytes(const struct folded_line *line,
				     uint64_t page_bytes __attribute__((unused)))
{
	return line->allocated_bytes;
}

static uint64_t line_allocated_pages(const struct folded_line *line, uint64_t page_bytes)
{
	return line->allocated_bytes / page_bytes;
}

#define VALUES_MAX 4

/* Counts first, as pprof has it; the objects are pages. */
static const struct view {
	struct value values[VALUES_MAX];
	size_t count;
	const char *shown_first;
} view_live =
	{
		{{"inuse_objects", "count", line_pages},
		 {"inuse_space", "bytes", line_bytes},
		 {"alloc_objects", "count", line_allocated_pages},
		 {"alloc_space", "bytes", line_allocated_bytes}},
		4,
		"inuse_space",
},
  view_since_start =
	  {
		  {{"alloc_objects", "count", line_pages}, {"alloc_space", "bytes", line_bytes}},
		  2,
		  "alloc_space",
},
  view_reserved = {
	  {{"reserved_objects", "count", line_pages}, {"reserved_space", "bytes", line_bytes}},
	  2,
	  "reserved_space",
};

static const struct view *view_of(const struct growth *growth)
{
	if (growth->reserved)
		return &view_reserved;
	return growth->since_start ? &view_since_start : &view_live;
}

/* --- the messages under way ---------------------------------------------------------------- */

/* An array of pointers to messages, as protobuf-c wants them. */
struct list {
	void **items;
	size_t count;
	size_t capacity;
};

struct profile {
	struct arena arena; /* all messages and strings */
	struct list strings, samples, mappings, locations, functions;
	struct table string_index;   /* hash of the text -> struct known_string */
	struct table mapping_index;  /* module id -> Mapping */
	struct table location_index; /* module id and offset, or 0 and the name -> Location */
	struct table function_index; /* numbers of its name and file -> Function */
	const struct view *view;
	uint64_t page_bytes;
	int err;
};

struct known_string {
	const char *text;
	int64_t number;
	struct known_string *same_hash;
};

static void profile_release(struct profile *profile)
{
	struct list *lists[] = {&profile->strings, &profile->samples, &profile->mappings,
				&profile->locations, &profile->functions};
	struct table *tables[] = {&profile->string_index, &profile->mapping_index,
				  &profile->location_index, &profile->function_index};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->items);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		table_release(tables[i]);
	arena_release(&profile->arena);
}

/* The first thing that goes wrong is kept; what follows does nothing of use, and does no harm. */
static void fail(struct profile *profile, int err)
{
	if (!profile->err)
		profile->err = err;
}

static void *make(struct profile *profile, size_t count, size_t bytes)
{
	void *made = arena_alloc(&profile->arena, count, bytes);

	if (!made)
		fail(profile, -ENOMEM);
	return made;
}

/* Returns the number of the item, from 1. */
static uint64_t list_add(struct profile *profile, struct list *list, void *item)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		void **items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items) {
			fail(profile, -ENOMEM);
			return 0;
		}
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = item;
	return list->count;
}

static void index_put(struct profile *profile, struct table *table, struct table_key key,
		      void *value)
{
	int err = table_put(table, key, value);

	if (err)
		fail(profile, err);
}

/* --- strings ------------------------------------------------------------------------------- */

/* Valid UTF-8, as protobuf requires, and nothing that controls how it reads. */
static void clean_text(struct buf *out, const char *text)
{
	size_t left = strlen(text), length;
	uint32_t character;

	for (; left; text += length, left -= length) {
		length = utf8_decode(text, left, &character);
		if (length && !utf8_is_control(character))
			buf_append(out, text, length);
		else
			buf_append_string(out, REPLACEMENT);
		length = length ? length : 1;
	}
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * UINT64_C(1099511628211);
	return hash;
}

/* The number of a clean string, which it is given when it is new. */
static int64_t intern(struct profile *profile, const char *text)
{
	const struct table_key key = {.major = hash_of(text)};
	struct known_string *first = table_get(&profile->string_index, key), *known = first;

	while (known && strcmp(known->text, text) != 0)
		known = known->same_hash;
	if (known)
		return known->number;
	known = make(profile, 1, sizeof(*known));
	text = arena_strdup(&profile->arena, text);
	if (!known || !text) {
		fail(profile, -ENOMEM);
		return 0;
	}
	known->text = text;
	known->same_hash = first;
	/* the first one is "", and has number 0 */
	known->number = (int64_t)list_add(profile, &profile->strings, (char *)text) - 1;
	index_put(profile, &profile->string_index, key, known);
	return known->number;
}

static int64_t intern_hostile(struct profile *profile, const char *text)
{
	_cleanup_(buf_release) struct buf clean = {0};

	clean_text(&clean, text);
	if (buf_error(&clean)) {
		fail(profile, buf_error(&clean));
		return 0;
	}
	return intern(profile, buf_string(&clean));
}

/* --- where frames are ---------------------------------------------------------------------- */

static int64_t intern_build_id(struct profile *profile, const struct growth_module *module)
{
	_cleanup_(buf_release) struct buf hex = {0};

	for (size_t i = 0; i < module->build_id_len; i++)
		buf_printf(&hex, "%02x", module->build_id[i]);
	return intern(profile, buf_string(&hex));
}

static Perftools__Profiles__Mapping *mapping_of(struct profile *profile,
						const struct growth_module *module)
{
	const struct table_key key = {.major = module->id};
	Perftools__Profiles__Mapping *mapping = table_get(&profile->mapping_index, key);

	if (mapping)
		return mapping;
	mapping = make(profile, 1, sizeof(*mapping));
	if (!mapping)
		return NULL;
	perftools__profiles__mapping__init(mapping);
	mapping->id = list_add(profile, &profile->mappings, mapping);
	mapping->memory_start = mapping->id * FILE_SPAN;
	mapping->memory_limit = mapping->memory_start + FILE_SPAN;
	mapping->filename = intern_hostile(profile, module->path);
	mapping->build_id = intern_build_id(profile, module);
	mapping->has_functions = true;
	index_put(profile, &profile->mapping_index, key, mapping);
	return mapping;
}

static const Perftools__Profiles__Function *function_of(struct profile *profile, const char *name,
							const char *file)
{
	int64_t number = intern_hostile(profile, name);
	int64_t file_number = file ? intern_hostile(profile, file) : 0;
	const struct table_key key = {(uint64_t)number, (uint64_t)file_number};
	Perftools__Profiles__Function *function = table_get(&profile->function_index, key);

	if (function)
		return function;
	function = make(profile, 1, sizeof(*function));
	if (!function)
		return NULL;
	perftools__profiles__function__init(function);
	function->id = list_add(profile, &profile->functions, function);
	function->name = function->system_name = number;
	function->filename = file_number;
	index_put(profile, &profile->function_index, key, function);
	return function;
}

/* A frame, and those that were inlined into it. */
struct place_frames {
	const struct growth_row *row;
	uint32_t first, end;
};

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

	location->line = make(profile, count, sizeof(*location->line));
	for (uint32_t i = frames->end; i > frames->first && location->line; i--) {
		Perftools__Profiles__Line *line = make(profile, 1, sizeof(*line));
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

static uint64_t location_of(struct profile *profile, const struct place_frames *frames)
{
	const struct growth_place *place = &frames->row->places[frames->first];
	const Perftools__Profiles__Function *function =
		frame_function(profile, frames->row, frames->first);
	Perftools__Profiles__Mapping *mapping =
		place->module ? mapping_of(profile, place->module) : NULL;
	Perftools__Profiles__Location *location;
	struct table_key key;

	if (profile->err)
		return 0;
	key = location_key(place, function);
	location = table_get(&profile->location_index, key);
	if (location)
		return location->id;
	location = make(profile, 1, sizeof(*location));
	if (!location)
		return 0;
	perftools__profiles__location__init(location);
	location->id = list_add(profile, &profile->locations, location);
	location->mapping_id = mapping ? mapping->id : 0;
	location->address = (mapping ? mapping->memory_start : 0) + place->offset;
	location_add_lines(profile, location, frames);
	if (mapping) {
		mapping->has_filenames |= place->file != NULL;
		mapping->has_line_numbers |= place->line != 0;
		mapping->has_inline_frames |= frames->end - frames->first > 1;
	}
	index_put(profile, &profile->location_index, key, location);
	return location->id;
}

/* --- samples ------------------------------------------------------------------------------- */

static Perftools__Profiles__Label *label_make(struct profile *profile, const char *key)
{
	Perftools__Profiles__Label *label = make(profile, 1, sizeof(*label));

	if (!label)
		return NULL;
	perftools__profiles__label__init(label);
	label->key = intern(profile, key);
	return label;
}

static void sample_add_labels(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct growth_row *row)
{
	Perftools__Profiles__Label *pid = label_make(profile, "pid");
	Perftools__Profiles__Label *thread = label_make(profile, "thread");

	sample->label = make(profile, 2, sizeof(*sample->label));
	if (!pid || !thread || !sample->label)
		return;
	pid->num = row->process->pid;
	thread->str = intern_hostile(profile, row->comm);
	sample->label[sample->n_label++] = pid;
	sample->label[sample->n_label++] = thread;
}

static void sample_add_values(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct folded_line *line)
{
	const struct view *view = profile->view;

	sample->value = make(profile, view->count, sizeof(*sample->value));
	for (size_t i = 0; i < view->count && sample->value; i++)
		sample->value[sample->n_value++] =
			(int64_t)view->values[i].of(line, profile->page_bytes);
}

static void sample_add_frames(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct growth_row *row)
{
	sample->location_id = make(profile, row->frame_count, sizeof(*sample->location_id));
	for (uint32_t end = row->frame_count; end > 0 && sample->location_id;) {
		struct place_frames frames = {row, end - 1, end};

		while (frames.first > 0 && row->places[frames.first].inlined)
			frames.first--;
		sample->location_id[sample->n_location_id++] = location_of(profile, &frames);
		end = frames.first;
	}
}

static void sample_add(struct profile *profile, const struct folded_line *line)
{
	Perftools__Profiles__Sample *sample = make(profile, 1, sizeof(*sample));

	if (!sample)
		return;
	perftools__profiles__sample__init(sample);
	sample_add_frames(profile, sample, line->row);
	sample_add_values(profile, sample, line);
	sample_add_labels(profile, sample, line->row);
	list_add(profile, &profile->samples, sample);
}

/* --- the profile --------------------------------------------------------------------------- */

static bool is_program_of(const struct growth_module *module, const struct growth_process *process)
{
	const char *slash = module ? strrchr(module->path, '/') : NULL;

	/* a comm is cut, and may have been changed: then any file is as good */
	return slash && strncmp(slash + 1, process->comm, strlen(process->comm)) == 0;
}

/* pprof takes the first mapping for the program itself. */
static void put_program_first(struct profile *profile, const struct growth *growth)
{
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *row = &growth->rows[i];

		for (uint32_t frame = 0; frame < row->frame_count; frame++) {
			if (!row->process->target ||
			    !is_program_of(row->places[frame].module, row->process))
				continue;
			mapping_of(profile, row->places[frame].module);
			return;
		}
	}
}

static Perftools__Profiles__ValueType *value_type_make(struct profile *profile, const char *type,
						       const char *unit)
{
	Perftools__Profiles__ValueType *made = make(profile, 1, sizeof(*made));

	if (!made)
		return NULL;
	perftools__profiles__value_type__init(made);
	made->type = intern(profile, type);
	made->unit = intern(profile, unit);
	return made;
}

static void build(struct profile *profile, const struct growth *growth,
		  const struct folded_lines *lines)
{
	intern(profile, "");
	put_program_first(profile, growth);
	for (size_t i = 0; i < lines->count; i++)
		if (lines->line[i].bytes > 0)
			sample_add(profile, &lines->line[i]);
}

static int write_packed(const Perftools__Profiles__Profile *message, FILE *stream)
{
	size_t bytes = perftools__profiles__profile__get_packed_size(message);
	_cleanup_free_ uint8_t *packed = malloc(bytes ? bytes : 1);
	_cleanup_free_ uint8_t *squeezed = NULL;
	z_stream deflater = {0};
	size_t bound;
	int err = 0;

	/* 15 bits of window, and 16 for a gzip header */
	if (!packed || deflateInit2(&deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
				    Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	perftools__profiles__profile__pack(message, packed);
	bound = deflateBound(&deflater, bytes);
	squeezed = bytes <= UINT32_MAX ? malloc(bound) : NULL;
	deflater.next_in = packed;
	deflater.avail_in = (uInt)bytes;
	deflater.next_out = squeezed;
	deflater.avail_out = (uInt)bound;
	if (!squeezed || deflate(&deflater, Z_FINISH) != Z_STREAM_END)
		err = -ENOMEM;
	else if (fwrite(squeezed, 1, deflater.total_out, stream) != deflater.total_out)
		err = errno ? -errno : -EIO;
	deflateEnd(&deflater);
	return err;
}

static int write_profile(struct profile *profile, const struct growth *growth, FILE *stream)
{
	Perftools__Profiles__ValueType *types[VALUES_MAX];
	const struct view *view = profile->view;
	Perftools__Profiles__Profile message = PERFTOOLS__PROFILES__PROFILE__INIT;

	for (size_t i = 0; i < view->count; i++)
		types[i] = value_type_make(profile, view->values[i].type, view->values[i].unit);
	message.sample_type = types;
	message.n_sample_type = view->count;
	message.default_sample_type = intern(profile, view->shown_first);
	message.period_type = value_type_make(profile, "space", "bytes");
	message.period = (int64_t)(growth->session.period_pages * profile->page_bytes);
	message.time_nanos = (int64_t)growth->session.start_realtime_ns;
	message.duration_nanos = (int64_t)growth->session.duration_ns;
	message.sample = (Perftools__Profiles__Sample **)profile->samples.items;
	message.n_sample = profile->samples.count;
	message.mapping = (Perftools__Profiles__Mapping **)profile->mappings.items;
	message.n_mapping = profile->mappings.count;
	message.location = (Perftools__Profiles__Location **)profile->locations.items;
	message.n_location = profile->locations.count;
	message.function = (Perftools__Profiles__Function **)profile->functions.items;
	message.n_function = profile->functions.count;
	message.string_table = (char **)profile->strings.items;
	message.n_string_table = profile->strings.count;
	return profile->err ? profile->err : write_packed(&message, stream);
}

int pprof_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	_cleanup_(profile_release) struct profile profile = {
		.view = view_of(growth),
		.page_bytes =
			growth->session.page_size_bytes ? growth->session.page_size_bytes : 4096,
	};
	int err = folded_lines_make(&lines, growth, options);

	if (err)
		return err;
	build(&profile, growth, &lines);
	return write_profile(&profile, growth, stream);
}

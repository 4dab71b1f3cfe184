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

#include "render/folded_lines.h"
#include "render/pprof_messages.h"

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

/* --- samples ------------------------------------------------------------------------------- */

static Perftools__Profiles__Label *label_make(struct profile *profile, const char *key)
{
	Perftools__Profiles__Label *label = profile_make(profile, 1, sizeof(*label));

	if (!label)
		return NULL;
	perftools__profiles__label__init(label);
	label->key = profile_intern(profile, key);
	return label;
}

static void sample_add_labels(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct growth_row *row)
{
	Perftools__Profiles__Label *pid = label_make(profile, "pid");
	Perftools__Profiles__Label *thread = label_make(profile, "thread");

	sample->label = profile_make(profile, 2, sizeof(*sample->label));
	if (!pid || !thread || !sample->label)
		return;
	pid->num = row->process->pid;
	thread->str = profile_intern_hostile(profile, row->comm);
	sample->label[sample->n_label++] = pid;
	sample->label[sample->n_label++] = thread;
}

static void sample_add_values(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct folded_line *line)
{
	const struct view *view = profile->view;

	sample->value = profile_make(profile, view->count, sizeof(*sample->value));
	for (size_t i = 0; i < view->count && sample->value; i++)
		sample->value[sample->n_value++] =
			(int64_t)view->values[i].of(line, profile->page_bytes);
}

static void sample_add_frames(struct profile *profile, Perftools__Profiles__Sample *sample,
			      const struct growth_row *row)
{
	sample->location_id = profile_make(profile, row->frame_count, sizeof(*sample->location_id));
	for (uint32_t end = row->frame_count; end > 0 && sample->location_id;) {
		struct place_frames frames = {row, end - 1, end};

		while (frames.first > 0 && row->places[frames.first].inlined)
			frames.first--;
		sample->location_id[sample->n_location_id++] = profile_location(profile, &frames);
		end = frames.first;
	}
}

static void sample_add(struct profile *profile, const struct folded_line *line)
{
	Perftools__Profiles__Sample *sample = profile_make(profile, 1, sizeof(*sample));

	if (!sample)
		return;
	perftools__profiles__sample__init(sample);
	sample_add_frames(profile, sample, line->row);
	sample_add_values(profile, sample, line);
	sample_add_labels(profile, sample, line->row);
	profile_list_add(profile, &profile->samples, sample);
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
			profile_mapping(profile, row->places[frame].module);
			return;
		}
	}
}

static Perftools__Profiles__ValueType *value_type_make(struct profile *profile, const char *type,
						       const char *unit)
{
	Perftools__Profiles__ValueType *made = profile_make(profile, 1, sizeof(*made));

	if (!made)
		return NULL;
	perftools__profiles__value_type__init(made);
	made->type = profile_intern(profile, type);
	made->unit = profile_intern(profile, unit);
	return made;
}

static void build(struct profile *profile, const struct growth *growth,
		  const struct folded_lines *lines)
{
	profile_intern(profile, "");
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
	message.default_sample_type = profile_intern(profile, view->shown_first);
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

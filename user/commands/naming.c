// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/naming.h"

#include <string.h>

#include "base/log.h"
#include "base/sysroot.h"
#include "capture/debug_files.h"

_Static_assert(SYMBOLIZER_DEBUG_FILES_MAX >= DEBUG_FILES_MAX, "all that are found");

/* While the process lives, and before the module's file is read. */
static void add_debug_files(struct symbolizer *symbolizer, uint32_t module,
			    const struct found_module *found)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	_cleanup_(debug_files_release) struct debug_files files = {0};
	struct symbolizer_debug_names names = symbolizer_debug_names(symbolizer, module);
	const struct debug_wanted wanted = {
		.pid = found->pid,
		.path = found->path,
		.fd = found->fd,
		.build_id = names.build_id,
		.build_id_bytes = names.build_id_len,
		.name = names.file,
	};

	if (sysroot_open_host(&root))
		return;
	debug_files_find(&root, &wanted, &files);
	symbolizer_add_debug_files(symbolizer, module, files.fds, files.count);
}

/* Fills in the build-id, of a module that is there as well. */
static int add_module(struct symbolizer *symbolizer, uint32_t module,
		      const struct found_module *found, uint8_t *ret_build_id, uint8_t *ret_len)
{
	int error = symbolizer_add_module(symbolizer, module, found->fd, ret_build_id, ret_len);

	/* of a file that was handed on its debug files are, too */
	if (!error && found->path)
		add_debug_files(symbolizer, module, found);
	if (error == -EEXIST)
		*ret_len = symbolizer_build_id(symbolizer, module, ret_build_id);
	return error == -EEXIST ? 0 : error;
}

static int rows_get(void *context, uint32_t module, const struct found_module *found,
		    struct module_rows *ret_rows)
{
	uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX], len;
	int error = found ? add_module(context, module, found, build_id, &len) : 0;

	return error ? error : symbolizer_rows(context, module, ret_rows);
}

static void rows_copied(void *context, uint32_t module)
{
	symbolizer_rest(context, module);
}

struct rows_provider naming_rows(struct symbolizer *symbolizer)
{
	return (struct rows_provider){symbolizer, symbolizer ? rows_get : NULL, rows_copied};
}

static void say_fetch_error(int error)
{
	if (error == -ELIBACC)
		log_warning("no debug files are fetched: libdebuginfod.so.1 is not installed");
	else if (error)
		log_warning("no debug files are fetched: %s", strerror(-error));
}

static struct symbolizer *open_with(const struct opts *opts, struct symbolizer_places *places)
{
	struct symbolizer *symbolizer = NULL;

	if (strcmp(opts->cache_path, CACHE_NONE) != 0)
		places->cache = opts->cache_path;
	if (symbolizer_open(places, &symbolizer))
		log_warning("functions will have no names: the process that reads them did not "
			    "start");
	else
		say_fetch_error(symbolizer_fetch_error(symbolizer));
	return symbolizer;
}

struct symbolizer *naming_open(const struct opts *opts)
{
	struct symbolizer_places places = {
		.lines = opts->lines,
		.inlines = opts->inlines,
		.debuginfod_urls = opts->debuginfod_urls,
	};

	return open_with(opts, &places);
}

struct symbolizer *naming_open_for_rows(const struct opts *opts)
{
	struct symbolizer_places places = {.keep_debug_files = true};

	return open_with(opts, &places);
}

void naming_add_module(struct symbolizer *symbolizer, struct module_event *module)
{
	const struct found_module found = {module->fd, module->pid, module->path};
	uint8_t len = 0;

	_Static_assert(SYMBOLIZER_BUILD_ID_MAX == EVENT_BUILD_ID_MAX, "build-ids fit");
	if (!symbolizer || module->fd < 0)
		return;
	if (module->perf_map) {
		symbolizer_add_perf_map(symbolizer, module->id, module->fd);
		return;
	}
	/* it may have been added for its unwind rows */
	add_module(symbolizer, module->id, &found, module->build_id, &len);
	module->build_id_len = len;
}

void naming_add_known(struct symbolizer *symbolizer, const struct module_event *module)
{
	const struct found_module nowhere = {.fd = -1};

	if (symbolizer_add_known(symbolizer, module->id, module->build_id, module->build_id_len) ==
	    0)
		add_debug_files(symbolizer, module->id, &nowhere);
}

struct asked_place {
	uint32_t module;
	uint64_t offset;
};

/* All places without a name, to be asked for module by module. */
struct places {
	struct asked_place *items;
	size_t count, capacity;
	struct naming_asked *asked; /* NULL: all are asked for */
};

static int place_add(uint32_t module, uint64_t offset, void *context)
{
	struct places *places = context;
	struct table_key key = {.major = module, .minor = offset};

	if (places->asked) {
		if (table_get(&places->asked->places, key))
			return 0;
		if (table_put(&places->asked->places, key, places->asked))
			return -ENOMEM;
	}
	if (places->count == places->capacity) {
		size_t capacity = places->capacity ? places->capacity * 2 : 1024;
		struct asked_place *items = reallocarray(places->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		places->items = items;
		places->capacity = capacity;
	}
	places->items[places->count++] = (struct asked_place){module, offset};
	return 0;
}

static int place_compare(const void *a, const void *b)
{
	const struct asked_place *left = a, *right = b;

	if (left->module != right->module)
		return left->module < right->module ? -1 : 1;
	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

struct keeping {
	naming_fn keep;
	void *context;
	int error;
};

static void keep_name(void *context, uint32_t module, uint64_t offset, const char *name)
{
	struct keeping *keeping = context;
	struct event event = {
		.type = EVENT_NAME,
		.name = {.module = module, .offset = offset, .name = name},
	};

	if (name && !keeping->error)
		keeping->error = keeping->keep(&event, keeping->context);
}

static void keep_line(void *context, uint32_t module, uint64_t offset,
		      const struct symbolizer_line *line)
{
	struct keeping *keeping = context;
	struct event event = {
		.type = EVENT_LINE,
		.line =
			{
				.module = module,
				.offset = offset,
				.depth = line->depth,
				.name = line->name,
				.file = line->file,
				.line = line->line,
			},
	};

	if (!keeping->error)
		keeping->error = keeping->keep(&event, keeping->context);
}

/* One module's places, from `first` on. Returns how many they are. */
static size_t name_module(struct symbolizer *symbolizer, const struct asked_place *first,
			  size_t most, struct keeping *keeping)
{
	_cleanup_free_ uint64_t *offsets = calloc(most, sizeof(*offsets));
	size_t count = 0;

	while (count < most && first[count].module == first->module) {
		if (offsets)
			offsets[count] = first[count].offset;
		count++;
	}
	/* A module that has no names, or lost them, leaves its frames as module+0xoffset. */
	if (!offsets) {
		keeping->error = -ENOMEM;
		return count;
	}
	symbolizer_name(symbolizer, first->module, offsets, count, keep_name, keeping);
	symbolizer_lines(symbolizer, first->module, offsets, count, keep_line, keeping);
	return count;
}

/* Asks for all of them, module by module. */
static int name_places(struct symbolizer *symbolizer, const struct places *places, naming_fn keep,
		       void *context)
{
	struct keeping keeping = {keep, context, 0};

	if (places->count > 0)
		qsort(places->items, places->count, sizeof(*places->items), place_compare);
	for (size_t i = 0; i < places->count && !keeping.error;)
		i += name_module(symbolizer, &places->items[i], places->count - i, &keeping);
	return keeping.error;
}

int naming_run(struct symbolizer *symbolizer, const struct growth_builder *builder, naming_fn keep,
	       void *context)
{
	struct places places = {0};
	int error;

	if (!symbolizer)
		return 0;
	symbolizer_refresh(symbolizer);
	error = growth_builder_unnamed(builder, place_add, &places);
	if (!error)
		error = name_places(symbolizer, &places, keep, context);
	free(places.items);
	return error;
}

void naming_asked_release(struct naming_asked *asked)
{
	table_release(&asked->places);
}

int naming_run_for(struct symbolizer *symbolizer, const struct growth_builder *builder,
		   struct naming_asked *asked, const uint32_t *stack_ids, size_t count,
		   naming_fn keep, void *context)
{
	struct places places = {.asked = asked};
	int error = 0;

	if (!symbolizer)
		return 0;
	for (size_t i = 0; i < count && !error; i++)
		error = growth_builder_unnamed_of(builder, stack_ids[i], place_add, &places);
	if (!error)
		error = name_places(symbolizer, &places, keep, context);
	free(places.items);
	return error;
}

void naming_report_rows(uint32_t files_without_room)
{
	if (files_without_room)
		log_warning("there was no room for the unwind rows of %u files: stacks through "
			    "them may be [incomplete stack]",
			    files_without_room);
}

void naming_report(const struct symbolizer *symbolizer)
{
	struct symbolizer_losses losses;

	if (!symbolizer)
		return;
	symbolizer_losses(symbolizer, &losses);
	if (losses.modules_given_up)
		log_warning("%u files have no names: reading them hung or crashed",
			    losses.modules_given_up);
	log_debug("%u files were read, %u were known from earlier runs", losses.modules_built,
		  losses.modules_found);
	if (losses.modules_unreadable)
		log_debug("%u files have no names: not ELF, or too large a symbol table",
			  losses.modules_unreadable);
	if (losses.lines_given_up)
		log_warning("%u files have no source lines: reading them failed or took too long",
			    losses.lines_given_up);
	if (losses.files_fetched)
		log_info("%u debug file%s fetched", losses.files_fetched,
			 losses.files_fetched == 1 ? " was" : "s were");
	if (losses.fetches_failed)
		log_warning("%u debug file%s could not be fetched: the servers do not answer",
			    losses.fetches_failed, losses.fetches_failed == 1 ? "" : "s");
	if (losses.stopped)
		log_warning("names were given up: too many files could not be read");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/unwind_follow.h"

#include <string.h>

#include "base/clock.h"
#include "capture/code_files.h"

enum module_state {
	MODULE_NEW,     /* its file could not be had yet */
	MODULE_WAITING, /* its rows have been asked for */
	MODULE_LOADED,
	MODULE_WITHOUT, /* it has no rows */
	MODULE_REFUSED, /* no room */
};

/* All slices of a busy host are a hundred thousand entries; looked at for a new file, or for old
 * ones. */
#define MAKE_ROOM_NS UINT64_C(1000000000)
#define TRY_AGAIN_NS UINT64_C(5000000000)

struct module_code {
	enum module_state state;
	uint64_t text_offset; /* in the file, of what rows count from */
	struct unwind_parts parts;
};

struct unwind_follow {
	struct rows_provider provider;
	struct modules *files;
	struct unwind_tables *tables;
	struct code_slices *slices;
	int code_files_fd;
	struct module_code *modules; /* by module id - 1 */
	uint32_t module_count;
	uint32_t refused;      /* modules that have no room now */
	uint64_t made_room_ns; /* all slices were looked at last */
};

int unwind_follow_new(const struct rows_provider *provider, struct modules *files,
		      struct unwind_tables *tables, struct code_slices *slices, int code_files_fd,
		      struct unwind_follow **ret_follow)
{
	struct unwind_follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		return -ENOMEM;
	*follow = (struct unwind_follow){.provider = *provider,
					 .files = files,
					 .tables = tables,
					 .slices = slices,
					 .code_files_fd = code_files_fd};
	*ret_follow = follow;
	return 0;
}

void unwind_follow_free(struct unwind_follow *follow)
{
	for (uint32_t i = 0; i < follow->module_count; i++)
		free(follow->modules[i].parts.items);
	free(follow->modules);
	free(follow);
}

uint32_t unwind_follow_refused(const struct unwind_follow *follow)
{
	return follow->refused;
}

/* NULL when there is no memory for it. */
static struct module_code *module_get(struct unwind_follow *follow, uint32_t id)
{
	struct module_code *modules;

	if (id <= follow->module_count)
		return &follow->modules[id - 1];
	modules = reallocarray(follow->modules, id, sizeof(*modules));
	if (!modules)
		return NULL;
	memset(modules + follow->module_count, 0, (id - follow->module_count) * sizeof(*modules));
	follow->modules = modules;
	follow->module_count = id;
	return &modules[id - 1];
}

static void mark_used(const struct ot_code_mapping *mapping, void *context)
{
	bool *used = context;

	used[mapping->table] = true;
}

static bool is_used(const struct module_code *module, const bool *used)
{
	for (size_t i = 0; i < module->parts.count; i++)
		if (used[module->parts.items[i].table])
			return true;
	return false;
}

/* Tells the walk of the module's rows, or that it has none, whoever maps it next. */
static void tell(const struct unwind_follow *follow, uint32_t id, const struct module_code *module)
{
	struct ot_code_key key;

	if (modules_key(follow->files, id, &key))
		code_files_tell(follow->code_files_fd, &key, module->text_offset, &module->parts);
}

static void untell(const struct unwind_follow *follow, uint32_t id)
{
	struct ot_code_key key;

	if (modules_key(follow->files, id, &key))
		code_files_forget(follow->code_files_fd, &key);
}

/* Lets go of the modules that no process maps any more. False: there are none, or it is too soon.
 */
static bool make_room(struct unwind_follow *follow, uint64_t interval_ns)
{
	uint32_t table_count = unwind_tables_count(follow->tables);
	_cleanup_free_ bool *used = calloc(table_count, sizeof(*used));
	uint64_t now_ns = clock_monotonic_ns();
	bool made = false;

	if (now_ns - follow->made_room_ns < interval_ns)
		return false;
	follow->made_room_ns = now_ns;
	if (!used || code_slices_each(follow->slices, mark_used, used))
		return false;
	for (uint32_t i = 0; i < follow->module_count; i++) {
		struct module_code *module = &follow->modules[i];

		if (module->state != MODULE_LOADED || is_used(module, used))
			continue;
		untell(follow, i + 1);
		unwind_tables_drop(follow->tables, &module->parts);
		module->state = MODULE_WAITING;
		made = true;
	}
	return made;
}

bool unwind_follow_make_room(struct unwind_follow *follow)
{
	if (!follow->refused || !make_room(follow, TRY_AGAIN_NS))
		return false;
	for (uint32_t i = 0; i < follow->module_count; i++)
		if (follow->modules[i].state == MODULE_REFUSED)
			follow->modules[i].state = MODULE_WAITING;
	follow->refused = 0;
	return true;
}

static enum module_state enter(struct unwind_follow *follow, struct module_code *module,
			       const struct module_rows *rows)
{
	int error = unwind_tables_add(follow->tables, rows, &module->parts);

	if (error == -ENOSPC && make_room(follow, MAKE_ROOM_NS))
		error = unwind_tables_add(follow->tables, rows, &module->parts);
	if (error) {
		follow->refused++;
		return MODULE_REFUSED;
	}
	module->text_offset = rows->text_offset;
	return module->parts.count ? MODULE_LOADED : MODULE_WITHOUT;
}

/* Brings a module as far as it can be now. */
static void module_load(struct unwind_follow *follow, uint32_t id, struct module_code *module)
{
	struct found_module found = {.fd = -1};
	struct module_rows rows;
	int error;

	if (module->state != MODULE_NEW && module->state != MODULE_WAITING)
		return;
	if (module->state == MODULE_NEW) {
		found = modules_take_file(follow->files, id);
		/* perhaps it can be had from another process */
		if (found.fd < 0)
			return;
	}
	error = follow->provider.get(follow->provider.context, id, found.fd < 0 ? NULL : &found,
				     &rows);
	cleanup_close(&found.fd);
	if (error == -EINPROGRESS)
		module->state = MODULE_WAITING;
	else if (error)
		module->state = MODULE_WITHOUT;
	else
		module->state = enter(follow, module, &rows);
	if (module->state == MODULE_LOADED || module->state == MODULE_WITHOUT)
		tell(follow, id, module);
	if (!error && follow->provider.copied)
		follow->provider.copied(follow->provider.context, id);
}

static enum unwind_rows_state rows_state(enum module_state state)
{
	switch (state) {
	case MODULE_WAITING:
		return UNWIND_ROWS_WAITED_FOR;
	case MODULE_REFUSED:
		return UNWIND_ROWS_NO_ROOM;
	default:
		return UNWIND_ROWS_ALL;
	}
}

enum unwind_rows_state unwind_follow_load(struct unwind_follow *follow,
					  const struct mappings *mappings)
{
	enum unwind_rows_state worst = UNWIND_ROWS_ALL, state;

	for (size_t i = 0; i < mappings->count; i++) {
		uint32_t id = mappings->items[i].module;
		struct module_code *module = id ? module_get(follow, id) : NULL;

		if (!module)
			continue;
		module_load(follow, id, module);
		state = rows_state(module->state);
		worst = state > worst ? state : worst;
	}
	return worst;
}

struct code_list {
	struct store *store; /* NULL: malloc()'s */
	struct ot_code_mapping *items;
	size_t count, capacity;
};

static void list_release(struct code_list *list)
{
	store_free(list->items);
}

static int list_add(struct code_list *list, const struct ot_code_mapping *mapping)
{
	struct ot_code_mapping *items;

	if (mapping->start >= mapping->end)
		return 0;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 32;
		items = store_resize(list->store, list->items, list->capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
	}
	list->items[list->count++] = *mapping;
	return 0;
}

/*
 * One entry for each part of the module that the mapping shows. What lies before the first part and
 * behind the last has no rows, which their tables say.
 */
static int list_add_loaded(struct code_list *list, const struct mapping *mapping, uint32_t identity,
			   const struct module_code *module)
{
	uint64_t base = mapping->start - mapping->offset + module->text_offset;
	const struct unwind_parts *parts = &module->parts;
	int error = 0;

	for (size_t i = 0; i < parts->count && !error; i++) {
		uint64_t start = i == 0 ? mapping->start : base + parts->items[i].start;
		uint64_t end = i + 1 == parts->count ? mapping->end : base + parts->items[i].end;
		const struct ot_code_mapping code = {
			.start = start < mapping->start ? mapping->start : start,
			.end = end > mapping->end ? mapping->end : end,
			.base = base,
			.table = parts->items[i].table,
			.code = OT_CODE_ROWS,
			.identity = identity,
		};

		error = list_add(list, &code);
	}
	return error;
}

/* By which the walk sees whether this is still what is mapped there. 0: it cannot. */
static uint32_t identity_of(const struct unwind_follow *follow, const struct mapping *mapping)
{
	struct ot_code_key key;

	if (!modules_key(follow->files, mapping->module, &key))
		return 0;
	return ot_code_identity(&key, mapping->start - mapping->offset);
}

static int list_add_mapping(struct code_list *list, const struct mapping *mapping,
			    const struct unwind_follow *follow)
{
	const struct module_code *module = NULL;
	struct ot_code_mapping code = {
		.start = mapping->start,
		.end = mapping->end,
		.code = OT_CODE_REFUSED,
		.identity = identity_of(follow, mapping),
	};

	if (mapping->module && mapping->module <= follow->module_count)
		module = &follow->modules[mapping->module - 1];
	if (module && module->state == MODULE_LOADED)
		return list_add_loaded(list, mapping, code.identity, module);
	if (!mapping->module || (module && module->state == MODULE_WITHOUT))
		code.code = OT_CODE_NO_ROWS;
	if (module && module->state == MODULE_WAITING)
		code.code = OT_CODE_PENDING;
	return list_add(list, &code);
}

/* The list is the caller's. */
static int list_make(const struct unwind_follow *follow, const struct mappings *mappings,
		     struct code_list *list)
{
	int error = 0;

	for (size_t i = 0; i < mappings->count && !error; i++)
		error = list_add_mapping(list, &mappings->items[i], follow);
	return error;
}

int unwind_follow_publish(struct unwind_follow *follow, uint32_t tgid,
			  const struct mappings *mappings, enum unwind_rows_state *ret_state)
{
	enum unwind_rows_state state = unwind_follow_load(follow, mappings);
	_cleanup_(list_release) struct code_list list = {0};
	int error = list_make(follow, mappings, &list);

	if (!error)
		error = code_slices_publish(follow->slices, tgid, list.items, list.count);
	if (!error)
		*ret_state = state;
	return error;
}

int unwind_follow_walk(const struct unwind_follow *follow, struct store *store,
		       const struct mappings *mappings, const struct unwinder_input *input,
		       struct unwinder_stack *ret_stack)
{
	_cleanup_(list_release) struct code_list list = {.store = store};
	struct unwinder_input complete = *input;
	int error = list_make(follow, mappings, &list);

	if (error)
		return error;
	complete.code = list.items;
	complete.code_count = list.count;
	unwinder_walk(follow->tables, &complete, ret_stack);
	return 0;
}

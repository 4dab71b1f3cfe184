// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kernel_symbols.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/table.h"
#include "bpf/oomtrace.h"
#include "capture/event_queue.h"
#include "capture/modules.h"

/* KSYM_NAME_LEN is 512 since 6.1; module names are shorter. */
#define NAME_MAX_BYTES 511
#define MODULE_MAX_BYTES 63
/* No function is longer: beyond that an address lies in something that has no name. */
#define FUNCTION_MAX_BYTES (1u << 20)
/* Modules and kinds of generated code; an index is a byte of the table. */
#define KERNEL_MODULES_MAX 1024
/* Where our tracing's own frames are looked for. */
#define PLUMBING_FRAMES 12
/* Of what has no name of its own. */
#define UNNAMED "[kernel]"

struct symbol {
	uint64_t address;
	uint32_t name; /* offset in names */
	uint32_t module;
};

struct kernel_module {
	const char *name; /* "" is the kernel itself */
	uint64_t base;    /* its lowest function */
	uint32_t id;      /* of the session, 0: not announced */
};

struct kernel_symbols {
	struct modules *modules;
	struct event_queue *queue;
	struct symbol *items; /* by address */
	size_t count, capacity;
	struct buf names; /* each with its NUL */
	struct kernel_module kernel_modules[KERNEL_MODULES_MAX];
	uint32_t module_count;
	struct table named; /* (module, offset) -> itself: announced */
	bool keeps_names;   /* for who asks: nothing is announced */
	struct arena arena;
	int error; /* why there are no names */
};

/* --- reading ------------------------------------------------------------------------------ */

struct line {
	uint64_t address;
	char type;
	char name[NAME_MAX_BYTES + 1];
	char module[MODULE_MAX_BYTES + 1]; /* "" for the kernel itself */
};

static bool parse_line(const char *text, struct line *ret_line)
{
	ret_line->module[0] = '\0';
	return sscanf(text, "%" SCNx64 " %c %511s [%63[^]]]", &ret_line->address, &ret_line->type,
		      ret_line->name, ret_line->module) >= 3;
}

/*
 * Padding before a function has a name of its own where the kernel is built with call padding
 * (objtool --prefix, since 6.2): half of the table. What the kernel may patch into it calls
 * nothing, so it is in no stack.
 */
static bool is_padding(const struct line *line)
{
	static const char prefix[] = "__pfx_";

	return strncmp(line->name, prefix, sizeof(prefix) - 1) == 0;
}

static bool is_function(const struct line *line)
{
	return strchr("tTwW", line->type) && !is_padding(line);
}

/* The kernel itself is the first; what finds no room belongs to it as well, under its own name. */
static uint32_t module_index(struct kernel_symbols *symbols, const struct line *line)
{
	struct kernel_module *modules = symbols->kernel_modules;
	uint32_t last = symbols->module_count - 1;

	if (!line->module[0])
		return 0;
	/* symbols of one module follow each other */
	if (strcmp(modules[last].name, line->module) == 0)
		return last;
	for (uint32_t i = 0; i < last; i++)
		if (strcmp(modules[i].name, line->module) == 0)
			return i;
	if (symbols->module_count == KERNEL_MODULES_MAX)
		return 0;
	modules[last + 1].name = arena_strdup(&symbols->arena, line->module);
	if (!modules[last + 1].name)
		return 0;
	return symbols->module_count++;
}

static int add_symbol(struct kernel_symbols *symbols, const struct line *line)
{
	struct symbol *items = symbols->items;

	if (symbols->count == KERNEL_SYMBOLS_MAX)
		return -E2BIG;
	if (symbols->count == symbols->capacity) {
		size_t capacity = symbols->capacity ? symbols->capacity * 2 : 1u << 16;

		items = reallocarray(items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		symbols->items = items;
		symbols->capacity = capacity;
	}
	items[symbols->count++] = (struct symbol){
		.address = line->address,
		.name = (uint32_t)symbols->names.len_bytes,
		.module = module_index(symbols, line),
	};
	buf_append(&symbols->names, line->name, strlen(line->name) + 1);
	return buf_error(&symbols->names);
}

static int read_lines(struct kernel_symbols *symbols, FILE *stream)
{
	_cleanup_free_ char *text = NULL;
	size_t capacity = 0;
	struct line line;

	while (getline(&text, &capacity, stream) > 0) {
		int error;

		if (!parse_line(text, &line) || !is_function(&line))
			continue;
		/* hidden ones are all 0 */
		if (!line.address)
			return -EPERM;
		error = add_symbol(symbols, &line);
		if (error)
			return error;
	}
	return symbols->count ? 0 : -ENODATA;
}

/* Of several names for one place the first in kallsyms: its place in the names. */
static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/*
 * What doubling left over goes back, and so do further names of one place, which nobody asks for:
 * of what a watcher holds for good this table is the largest part.
 */
static void fit(struct kernel_symbols *symbols)
{
	struct symbol *items = symbols->items;
	size_t count = 1;

	for (size_t i = 1; i < symbols->count; i++)
		if (items[i].address != items[count - 1].address)
			items[count++] = items[i];
	symbols->count = count;
	items = reallocarray(items, count, sizeof(*items));
	if (items) {
		symbols->items = items;
		symbols->capacity = count;
	}
	buf_fit(&symbols->names);
}

static void find_bases(struct kernel_symbols *symbols)
{
	for (size_t i = symbols->count; i > 0; i--)
		symbols->kernel_modules[symbols->items[i - 1].module].base =
			symbols->items[i - 1].address;
}

static int read_table(struct kernel_symbols *symbols, const struct sysroot *root)
{
	int fd = openat(root->proc_fd, "kallsyms", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	int error;

	if (!stream)
		return -errno;
	error = read_lines(symbols, stream);
	if (error) {
		symbols->count = 0;
		return error;
	}
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare_symbols);
	fit(symbols);
	find_bases(symbols);
	return 0;
}

int kernel_symbols_read(const struct sysroot *root, struct modules *modules,
			struct event_queue *queue, struct kernel_symbols **ret_symbols)
{
	_cleanup_(kernel_symbols_freep) struct kernel_symbols *symbols =
		calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	symbols->modules = modules;
	symbols->queue = queue;
	symbols->kernel_modules[0].name = "";
	symbols->module_count = 1;
	symbols->error = read_table(symbols, root);
	if (symbols->error == -ENOMEM)
		return -ENOMEM;
	*ret_symbols = TAKE_PTR(symbols);
	return 0;
}

void kernel_symbols_free(struct kernel_symbols *symbols)
{
	table_release(&symbols->named);
	arena_release(&symbols->arena);
	buf_release(&symbols->names);
	free(symbols->items);
	free(symbols);
}

int kernel_symbols_error(const struct kernel_symbols *symbols)
{
	return symbols->error;
}

/* --- looking up --------------------------------------------------------------------------- */

/* The function an address lies in; NULL: unknown. */
static const struct symbol *find(const struct kernel_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - symbols->items[low - 1].address > FUNCTION_MAX_BYTES)
		return NULL;
	return &symbols->items[low - 1];
}

/* A return address may already belong to the next function: one byte back it does not. */
static const struct symbol *find_frame(const struct kernel_symbols *symbols, const __u64 *addresses,
				       uint32_t i)
{
	return find(symbols, addresses[i] - (i > 0 && addresses[i] > 0));
}

static const char *name_of(const struct kernel_symbols *symbols, const struct symbol *symbol)
{
	return symbols->names.data + symbol->name;
}

static bool is_plumbing(const char *name)
{
	static const char *const prefixes[] = {"bpf_", "__bpf_", "__traceiter_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* How many frames belong to the tracing of the event, not to the event. */
static uint32_t plumbing_count(const struct kernel_symbols *symbols, const __u64 *addresses,
			       uint32_t count)
{
	uint32_t plumbing = 0;

	for (uint32_t i = 0; i < count && i < PLUMBING_FRAMES; i++) {
		const struct symbol *symbol = find_frame(symbols, addresses, i);

		if (symbol && is_plumbing(name_of(symbols, symbol)))
			plumbing = i + 1;
	}
	return plumbing;
}

/* --- announcing --------------------------------------------------------------------------- */

static uint32_t announce_module(struct kernel_symbols *symbols, uint32_t index)
{
	struct kernel_module *module = &symbols->kernel_modules[index];
	char path[sizeof(EVENT_KERNEL_MODULE) + MODULE_MAX_BYTES + 2];

	if (module->id)
		return module->id;
	snprintf(path, sizeof(path), EVENT_KERNEL_MODULE "%s%s]", index ? " " : "", module->name);
	module->id = modules_of_kernel(symbols->modules, path);
	return module->id;
}

static void announce_name(struct kernel_symbols *symbols, struct event_frame frame,
			  const char *name)
{
	const struct table_key key = {frame.module, frame.offset};
	struct event event = {
		.type = EVENT_NAME,
		.name = {.module = frame.module, .offset = frame.offset, .name = name},
	};

	if (symbols->keeps_names || table_get(&symbols->named, key))
		return;
	table_put(&symbols->named, key, symbols);
	event_queue_push(symbols->queue, &event);
}

/* A function of the kernel as a frame; what has no name is the kernel's, and no more. */
static struct event_frame frame_of(struct kernel_symbols *symbols, const struct symbol *symbol)
{
	uint32_t index = symbol ? symbol->module : 0;
	struct event_frame frame = {.module = announce_module(symbols, index)};

	/* no room for the module: an address that says nothing */
	if (!frame.module)
		return frame;
	/* one byte on, so that the first function is not the place that stands for all */
	if (symbol)
		frame.offset = symbol->address - symbols->kernel_modules[index].base + 1;
	announce_name(symbols, frame, symbol ? name_of(symbols, symbol) : UNNAMED);
	return frame;
}

int kernel_symbols_keep_names(struct kernel_symbols *symbols)
{
	symbols->keeps_names = true;
	for (uint32_t i = 0; i < symbols->module_count; i++)
		if (!announce_module(symbols, i))
			return -ENOMEM;
	return 0;
}

/* NULL: it is none of the kernel's. They were announced one after the other. */
static const struct kernel_module *module_of(const struct kernel_symbols *symbols, uint32_t id)
{
	uint32_t index = id - symbols->kernel_modules[0].id;

	return index < symbols->module_count ? &symbols->kernel_modules[index] : NULL;
}

const char *kernel_symbols_name(const struct kernel_symbols *symbols,
				const struct event_frame *frame)
{
	const struct kernel_module *module = module_of(symbols, frame->module);
	const struct symbol *symbol;

	if (!module)
		return NULL;
	if (!frame->offset)
		return UNNAMED;
	symbol = find(symbols, module->base + frame->offset - 1);
	return symbol ? name_of(symbols, symbol) : NULL;
}

uint32_t kernel_symbols_resolve(struct kernel_symbols *symbols, const __u64 *addresses,
				uint32_t count, struct event_frame *ret_frames)
{
	uint32_t frames = 0;

	for (uint32_t i = plumbing_count(symbols, addresses, count); i < count; i++) {
		const struct symbol *symbol = find_frame(symbols, addresses, i);

		/* places without a name are one frame, however many they are */
		if (!symbol && frames && ret_frames[frames - 1].offset == 0)
			continue;
		ret_frames[frames++] = frame_of(symbols, symbol);
	}
	if (count == OT_MAX_KERNEL_FRAMES)
		ret_frames[frames++] = frame_of(symbols, NULL);
	return frames;
}

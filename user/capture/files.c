// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "base/table.h"
#include "capture/inode_paths.h"
#include "capture/trace_format.h"
#include "oomtrace.skel.h"

struct file {
	struct ot_file_page seen;
	uint64_t slots;
};

struct files {
	const struct programs *programs;
	uint64_t *asked;              /* frames, OT_SETTLE_BATCH of them */
	struct ot_file_page *answers; /* one for each */
	struct file *items;
	size_t count, capacity;
	struct table by_number; /* (device, number) -> index + 1 */
	uint64_t unknown_slots; /* of files that found no room, or of none any more */
	struct inode_paths paths;
};

/* --- what the kernel answers -------------------------------------------------------------- */

static void *map_values(const struct bpf_map *map, size_t bytes)
{
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return address == MAP_FAILED ? NULL : address;
}

#define ASKED_BYTES (OT_SETTLE_BATCH * sizeof(uint64_t))
#define ANSWERS_BYTES (OT_SETTLE_BATCH * sizeof(struct ot_file_page))

static int open_maps(struct files *files)
{
	const struct oomtrace_bpf *skeleton = files->programs->skeleton;

	files->asked = map_values(skeleton->maps.settle_frames, ASKED_BYTES);
	files->answers = map_values(skeleton->maps.file_pages, ANSWERS_BYTES);
	return files->asked && files->answers ? 0 : -errno;
}

static void files_release(struct files *files)
{
	if (files->asked)
		munmap(files->asked, ASKED_BYTES);
	if (files->answers)
		munmap(files->answers, ANSWERS_BYTES);
	table_release(&files->by_number);
	inode_paths_close(&files->paths);
	free(files->items);
}

/* --- adding up ---------------------------------------------------------------------------- */

static struct file *file_get(struct files *files, const struct ot_file_page *page)
{
	const struct table_key key = {page->device, page->number};
	size_t index = (size_t)table_get(&files->by_number, key);

	if (index)
		return &files->items[index - 1];
	if (files->count == FILES_MAX)
		return NULL;
	if (files->count == files->capacity) {
		size_t capacity = files->capacity ? files->capacity * 2 : 256;
		struct file *items = reallocarray(files->items, capacity, sizeof(*items));

		if (!items)
			return NULL;
		files->items = items;
		files->capacity = capacity;
	}
	if (table_put(&files->by_number, key, (void *)(files->count + 1)))
		return NULL;
	files->items[files->count] = (struct file){.seen = *page};
	return &files->items[files->count++];
}

static void count_page(struct files *files, const struct ot_file_page *page)
{
	struct file *file = page->inode ? file_get(files, page) : NULL;

	*(file ? &file->slots : &files->unknown_slots) += 1;
}

static int look_up(struct files *files, size_t filled)
{
	int error;

	memset(&files->asked[filled], 0, (OT_SETTLE_BATCH - filled) * sizeof(*files->asked));
	error = programs_run(files->programs->skeleton->progs.files_batch);
	for (size_t i = 0; !error && i < filled; i++)
		count_page(files, &files->answers[i]);
	return error;
}

static int count_pages(struct files *files, const struct ledger *ledger)
{
	size_t filled = 0;
	int error = 0;

	for (uint32_t index = 0; index < ledger->entry_count && !error; index++) {
		struct ot_entry entry = ledger_read(ledger, index);

		if (!entry.cell || entry.kind != OT_KIND_FILE)
			continue;
		files->asked[filled++] = ledger_frame(&ledger->layout, index);
		if (filled < OT_SETTLE_BATCH)
			continue;
		error = look_up(files, filled);
		filled = 0;
	}
	return error || !filled ? error : look_up(files, filled);
}

/* --- naming ------------------------------------------------------------------------------- */

static void append_device(const struct sysroot *root, uint32_t device, struct buf *out)
{
	char path[64], target[256];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "dev/block/%" PRIu32 ":%" PRIu32, MOUNTS_MAJOR(device),
		 MOUNTS_MINOR(device));
	len = readlinkat(root->sys_fd, path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	name = strrchr(target, '/');
	buf_append_string(out, "/dev/");
	buf_append_string(out, name ? name + 1 : target);
}

/* The end of a path says more than its beginning. */
static const char *bounded(const struct buf *path)
{
	const char *text = buf_string(path);

	if (!path->len_bytes)
		return NULL;
	return path->len_bytes > TRACE_STRING_MAX ? text + path->len_bytes - TRACE_STRING_MAX
						  : text;
}

static void queue_file(struct files *files, const struct sysroot *root, const struct file *file,
		       struct event_queue *queue)
{
	_cleanup_(buf_release) struct buf path = {0};
	struct event event = {
		.type = EVENT_FILE,
		.file = {.device = file->seen.device,
			 .number = file->seen.number,
			 .count = 1,
			 .block_device = file->seen.flags & OT_FILE_BLOCK_DEVICE,
			 .deleted = file->seen.flags & OT_FILE_DELETED,
			 .size_bytes = file->seen.size_bytes,
			 .slots = file->slots},
	};

	if (event.file.block_device)
		append_device(root, file->seen.device, &path);
	else
		inode_paths_append(&files->paths, &file->seen, &path);
	event.file.path = bounded(&path);
	event_queue_push(queue, &event);
}

static void queue_others(const struct files *files, struct event_queue *queue)
{
	struct event event = {.type = EVENT_FILE, .file = {.slots = files->unknown_slots}};

	for (size_t i = FILES_TOLD; i < files->count; i++) {
		event.file.count++;
		event.file.slots += files->items[i].slots;
	}
	if (event.file.slots)
		event_queue_push(queue, &event);
}

static int compare_files(const void *left, const void *right)
{
	const struct file *a = left, *b = right;

	if (a->slots != b->slots)
		return a->slots > b->slots ? -1 : 1;
	return (a->seen.number > b->seen.number) - (a->seen.number < b->seen.number);
}

int files_queue(const struct sysroot *root, const struct ledger *ledger,
		const struct programs *programs, struct event_queue *queue)
{
	_cleanup_(files_release) struct files files = {.programs = programs};
	int error = open_maps(&files);

	if (!error)
		error = inode_paths_open(root, programs, &files.paths);
	if (!error)
		error = count_pages(&files, ledger);
	if (error)
		return error;
	if (files.count)
		qsort(files.items, files.count, sizeof(*files.items), compare_files);
	for (size_t i = 0; i < files.count && i < FILES_TOLD; i++)
		queue_file(&files, root, &files.items[i], queue);
	queue_others(&files, queue);
	return 0;
}

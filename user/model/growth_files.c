// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_files.h"

#include <string.h>

struct known_file {
	struct known_file *next;
	struct file_event event;
};

int growth_file_add(struct known_snapshot *snapshot, const struct file_event *event)
{
	struct known_file *file = arena_alloc(&snapshot->arena, 1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->event = *event;
	if (event->path) {
		file->event.path = arena_strdup(&snapshot->arena, event->path);
		if (!file->event.path)
			return -ENOMEM;
	}
	file->next = snapshot->files;
	snapshot->files = file;
	return 0;
}

static struct growth_file file_of(const struct growth_draft *draft, const struct file_event *event)
{
	return (struct growth_file){
		.path = event->path,
		.device_major = event->device >> 20,
		.device_minor = event->device & 0xfffff,
		.number = event->number,
		.block_device = event->block_device,
		.deleted = event->deleted,
		.size_bytes = estimate_add(event->size_bytes, 0),
		.bytes = estimate_bytes(&draft->estimate, event->slots),
		.error_bytes = estimate_error_bytes(&draft->estimate, event->slots),
	};
}

static int compare_files(const void *left, const void *right)
{
	const struct growth_file *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->path ? a->path : "", b->path ? b->path : "");
}

int growth_files_make(struct growth_draft *draft)
{
	struct growth *growth = &draft->owned->growth;
	struct growth_file *files;
	size_t count = 0;

	for (const struct known_file *known = draft->to->files; known; known = known->next)
		count++;
	files = arena_alloc(&draft->owned->arena, count, sizeof(*files));
	if (!files)
		return -ENOMEM;
	for (const struct known_file *known = draft->to->files; known; known = known->next) {
		uint64_t bytes = estimate_bytes(&draft->estimate, known->event.slots);

		growth->files_bytes = estimate_add(growth->files_bytes, bytes);
		if (known->event.count == 1) {
			files[growth->file_count++] = file_of(draft, &known->event);
			continue;
		}
		growth->other_files = estimate_add(growth->other_files, known->event.count);
		growth->other_files_bytes = estimate_add(growth->other_files_bytes, bytes);
	}
	if (growth->file_count)
		qsort(files, growth->file_count, sizeof(*files), compare_files);
	growth->files = files;
	return 0;
}

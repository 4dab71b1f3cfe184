// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth.h"

#include "model/growth_owned.h"

const char *memory_kind_name(enum memory_kind kind)
{
	static const char *const names[] = {
		[KIND_PENDING] = "undecided", [KIND_ANON] = "anon",     [KIND_SHMEM] = "shmem",
		[KIND_FILE] = "file",         [KIND_KERNEL] = "kernel", [GROWTH_KIND_ANY] = "any",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == KIND_COUNT + 1, "every kind is named");
	return names[kind];
}

const char *mapping_kind_name(enum mapping_kind kind)
{
	static const char *const names[] = {
		[MAPPING_HEAP] = "heap",           [MAPPING_ANON] = "anonymous",
		[MAPPING_ARENA] = "arenas",        [MAPPING_THREAD_STACK] = "thread stacks",
		[MAPPING_STACK] = "main stack",    [MAPPING_JIT] = "JIT code",
		[MAPPING_FILE] = "files",          [MAPPING_SHARED] = "shared memory",
		[MAPPING_NO_ACCESS] = "no access", [MAPPING_SPECIAL] = "the kernel's",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == MAPPING_KIND_COUNT,
		       "every kind of mapping is named");
	return names[kind];
}

void growth_free(struct growth *growth)
{
	struct growth_owned *owned = (struct growth_owned *)growth;

	arena_release(&owned->arena);
	free(owned);
}

const char *growth_frame_mark(const struct growth_row *row, uint32_t i)
{
	const struct growth_module *module = row->places[i].module;

	if (growth_frame_is_kernel(row, i))
		return "_[k]";
	if (row->places[i].inlined)
		return "_[i]";
	return module && module->perf_map ? "_[j]" : "";
}

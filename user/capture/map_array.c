// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/map_array.h"

#include <sys/mman.h>

#include <bpf/libbpf.h>

void *map_array(const struct bpf_map *map, size_t *ret_count)
{
	size_t count = bpf_map__max_entries(map);
	size_t bytes = count * bpf_map__value_size(map);
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (address == MAP_FAILED)
		return NULL;
	/* The names child is forked from us and must not be able to count. */
	madvise(address, bytes, MADV_DONTFORK);
	*ret_count = count;
	return address;
}

void unmap_array(void *address, size_t count, size_t value_bytes)
{
	if (address)
		munmap(address, count * value_bytes);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of a BPF array, mapped into the recorder: no system call to read or write one. */
#ifndef CAPTURE_MAP_ARRAY_H
#define CAPTURE_MAP_ARRAY_H

#include <stddef.h>

struct bpf_map;

/* Of an mmapable array whose values are multiples of 8 bytes. NULL with errno set. */
void *map_array(const struct bpf_map *map, size_t *ret_count);

/* Accepts NULL. */
void unmap_array(void *address, size_t count, size_t value_bytes);

#endif

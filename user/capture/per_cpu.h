/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that each CPU has its own of. */
#ifndef CAPTURE_PER_CPU_H
#define CAPTURE_PER_CPU_H

#include <stdint.h>

/* The sum of a counter of a per-CPU array; 0 when it cannot be read. */
uint64_t per_cpu_sum(int map_fd, uint32_t key);

#endif

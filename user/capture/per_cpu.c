// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/per_cpu.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

uint64_t per_cpu_sum(int map_fd, uint32_t key)
{
	int cpus = libbpf_num_possible_cpus();
	/* the kernel has 8192 at most, and a recorder may ask where there is no memory */
	uint64_t values[cpus > 0 ? cpus : 1], sum = 0;

	if (cpus <= 0 || bpf_map_lookup_elem(map_fd, &key, values))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += values[cpu];
	return sum;
}

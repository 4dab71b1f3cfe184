// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that do nothing, on the hooks of the ledger or of the mappings: what being there costs.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("?raw_tp/mm_page_alloc")
int empty_alloc(void *context)
{
	(void)context;
	return 0;
}

SEC("?raw_tp/mm_page_free")
int empty_free(void *context)
{
	(void)context;
	return 0;
}

SEC("?raw_tp/ma_write")
int empty_stored(void *context)
{
	(void)context;
	return 0;
}

SEC("?raw_tp/mmap_lock_released")
int empty_done(void *context)
{
	(void)context;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

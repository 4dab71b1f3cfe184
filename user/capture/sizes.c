// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/sizes.h"

#include "bpf/oomtrace.h"

static const struct sizes by_mode[CAPTURE_MODE_COUNT] = {
	[CAPTURE_ONE] = {.accounts = 512,
			 .cells = 32768,
			 .cells_per_account = 32768,
			 .targets = 256,
			 .ring_bytes = 4u << 20,
			 .mapping_ring_bytes = 2u << 20,
			 .period_pages = 16,
			 .unwind_segments = 32,
			 .unwind_tables = 1024,
			 .code_mappings = 16384,
			 .code_slices = 256,
			 .code_files = 1024},
	[CAPTURE_FOLLOW] = {.accounts = 4096,
			    .cells = 65536,
			    .cells_per_account = 32768,
			    .targets = 16384,
			    .ring_bytes = 16u << 20,
			    .mapping_ring_bytes = 4u << 20,
			    .period_pages = 16,
			    .unwind_segments = 32,
			    .unwind_tables = 4096,
			    .code_mappings = 65536,
			    .code_slices = 16384,
			    .code_files = 4096},
	[CAPTURE_HOST] = {.accounts = 12288,
			  .cells = 32768,
			  .cells_per_account = 4096,
			  .targets = 256,
			  .ring_bytes = 2u << 20,
			  /* nothing is sent: the smallest ring there is */
			  .mapping_ring_bytes = 4096,
			  .period_pages = 64,
			  /* taken as they fill; who finds no room is tried again */
			  .unwind_segments = 16,
			  .unwind_tables = 4096,
			  .code_mappings = (2u << 20) / sizeof(struct ot_code_mapping),
			  .code_slices = 16384,
			  .code_files = 4096},
};

static uint64_t period_for_ledger(uint64_t period_pages, uint64_t frame_count)
{
	while (frame_count / period_pages * sizeof(struct ot_entry) > SIZES_HOST_LEDGER_BYTES &&
	       period_pages < 1u << OT_MAX_PERIOD_SHIFT)
		period_pages *= 2;
	return period_pages;
}

struct sizes sizes_for(enum capture_mode mode, uint64_t period_pages, uint64_t frame_count)
{
	struct sizes sizes = by_mode[mode];

	if (period_pages)
		sizes.period_pages = period_pages;
	else if (mode == CAPTURE_HOST)
		sizes.period_pages = period_for_ledger(sizes.period_pages, frame_count);
	return sizes;
}

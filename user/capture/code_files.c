// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/code_files.h"

#include <bpf/bpf.h>

void code_files_tell(int map_fd, const struct ot_code_key *key, uint64_t text_offset,
		     const struct unwind_parts *parts)
{
	struct ot_code_file file = {
		.text_offset = text_offset,
		.code = parts->count ? OT_CODE_ROWS : OT_CODE_NO_ROWS,
		.part_count = (uint32_t)parts->count,
	};

	if (parts->count > OT_CODE_PARTS)
		return;
	for (size_t i = 0; i < parts->count; i++) {
		file.parts[i].start = parts->items[i].start;
		file.parts[i].end = parts->items[i].end;
		file.parts[i].table = parts->items[i].table;
	}
	bpf_map_update_elem(map_fd, key, &file, BPF_ANY);
}

void code_files_forget(int map_fd, const struct ot_code_key *key)
{
	bpf_map_delete_elem(map_fd, key);
}

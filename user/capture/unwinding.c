// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/unwinding.h"

#include <bpf/libbpf.h>

#include "capture/map_array.h"
#include "oomtrace.skel.h"

void unwinding_close(struct unwinding *unwinding)
{
	if (unwinding->follow)
		unwind_follow_free(unwinding->follow);
	if (unwinding->slices)
		code_slices_free(unwinding->slices);
	if (unwinding->tables)
		unwind_tables_free(unwinding->tables);
	unmap_array(unwinding->table_map, unwinding->table_count, sizeof(*unwinding->table_map));
	unmap_array(unwinding->mapping_map, unwinding->mapping_count,
		    sizeof(*unwinding->mapping_map));
	free(unwinding);
}

static int open_keepers(struct unwinding *unwinding, const struct programs *programs,
			const struct rows_provider *provider, struct modules *files)
{
	struct oomtrace_bpf *skeleton = programs->skeleton;
	const struct unwind_store store = {
		.segments_fd = bpf_map__fd(skeleton->maps.unwind_segments),
		.tables = unwinding->table_map,
		.table_count = unwinding->table_count,
		.segment_limit = programs->sizes.unwind_segments,
	};
	int error = unwind_tables_new(&store, &unwinding->tables);

	if (!error)
		error = code_slices_new(bpf_map__fd(skeleton->maps.code_slices),
					unwinding->mapping_map, unwinding->mapping_count,
					&unwinding->slices);
	if (!error)
		error = unwind_follow_new(provider, files, unwinding->tables, unwinding->slices,
					  bpf_map__fd(skeleton->maps.code_files),
					  &unwinding->follow);
	return error;
}

int unwinding_open(const struct programs *programs, const struct rows_provider *provider,
		   struct modules *files, struct unwinding **ret_unwinding)
{
	_cleanup_(unwinding_closep) struct unwinding *unwinding = calloc(1, sizeof(*unwinding));
	struct oomtrace_bpf *skeleton = programs->skeleton;
	int error;

	if (!unwinding)
		return -ENOMEM;
	unwinding->table_map = map_array(skeleton->maps.unwind_tables, &unwinding->table_count);
	unwinding->mapping_map = map_array(skeleton->maps.code_mappings, &unwinding->mapping_count);
	if (!unwinding->table_map || !unwinding->mapping_map)
		return -errno;
	error = open_keepers(unwinding, programs, provider, files);
	if (error)
		return error;
	*ret_unwinding = TAKE_PTR(unwinding);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/inode_paths.h"

#include <string.h>
#include <sys/mman.h>

#include "oomtrace.skel.h"

int inode_paths_open(const struct sysroot *root, const struct programs *programs,
		     struct inode_paths *ret_paths)
{
	int fd = bpf_map__fd(programs->skeleton->maps.file_path);
	void *answer =
		mmap(NULL, sizeof(struct ot_file_path), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (answer == MAP_FAILED)
		return -errno;
	*ret_paths = (struct inode_paths){.programs = programs, .answer = answer};
	mounts_read(root, &ret_paths->mounts);
	return 0;
}

void inode_paths_close(struct inode_paths *paths)
{
	if (paths->answer)
		munmap(paths->answer, sizeof(*paths->answer));
	mounts_release(&paths->mounts);
}

/* The names as a path, from the root of the file system, or from where they were cut. */
static void append_names(const struct ot_file_path *path, struct buf *out)
{
	uint32_t count = path->count < OT_PATH_DEPTH ? path->count : OT_PATH_DEPTH;

	if (path->cut)
		buf_append_string(out, "/...");
	for (uint32_t i = count; i > 0; i--) {
		buf_append_byte(out, '/');
		buf_append(out, path->names[i - 1], strnlen(path->names[i - 1], OT_NAME_LEN - 1));
	}
}

void inode_paths_append(struct inode_paths *paths, const struct ot_file_page *file, struct buf *out)
{
	struct oomtrace_bpf *skeleton = paths->programs->skeleton;
	_cleanup_(buf_release) struct buf within = {0};

	skeleton->bss->file_asked = *file;
	if (programs_run(skeleton->progs.file_name) || !paths->answer->count)
		return;
	append_names(paths->answer, &within);
	mounts_append_path(&paths->mounts, file->device, buf_string(&within), out);
}

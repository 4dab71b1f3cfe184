// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/inode_paths.h"

#include <string.h>
#include <sys/mman.h>

#include "oomtrace.skel.h"

/* Where the kernel side leaves its answer; NULL with errno set. */
static struct ot_file_path *map_answer(const struct programs *programs)
{
	int fd = bpf_map__fd(programs->skeleton->maps.file_path);
	void *answer =
		mmap(NULL, sizeof(struct ot_file_path), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return answer == MAP_FAILED ? NULL : answer;
}

static void unmap_answer(struct ot_file_path *answer)
{
	if (answer)
		munmap(answer, sizeof(*answer));
}

int inode_paths_open(const struct sysroot *root, const struct programs *programs,
		     struct inode_paths *ret_paths)
{
	struct ot_file_path *answer = map_answer(programs);

	if (!answer)
		return -errno;
	*ret_paths = (struct inode_paths){.programs = programs, .answer = answer};
	mounts_read(root, &ret_paths->mounts);
	return 0;
}

void inode_paths_close(struct inode_paths *paths)
{
	unmap_answer(paths->answer);
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

/* The path within its file system; false: it has none. */
static bool ask(const struct programs *programs, const struct ot_file_path *answer,
		const struct ot_file_page *file, struct buf *out)
{
	struct oomtrace_bpf *skeleton = programs->skeleton;

	skeleton->bss->file_asked = *file;
	if (programs_run(skeleton->progs.file_name) || !answer->count)
		return false;
	append_names(answer, out);
	return true;
}

void inode_paths_append(struct inode_paths *paths, const struct ot_file_page *file, struct buf *out)
{
	char memory[INODE_PATH_BYTES];
	struct buf within = buf_within(memory, sizeof(memory));

	if (ask(paths->programs, paths->answer, file, &within))
		mounts_append_path(&paths->mounts, file->device, buf_string(&within), out);
}

void inode_path_look_up(const struct sysroot *root, const struct programs *programs,
			const struct ot_file_page *file, struct buf *out)
{
	char memory[INODE_PATH_BYTES];
	struct buf within = buf_within(memory, sizeof(memory));
	struct ot_file_path *answer = map_answer(programs);

	if (answer && ask(programs, answer, file, &within))
		mounts_look_up(root, file->device, buf_string(&within), out);
	unmap_answer(answer);
}

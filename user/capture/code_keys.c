// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/code_keys.h"

#include <sys/mman.h>

#include "capture/inode_paths.h"
#include "oomtrace.skel.h"

/* It is mapped for the time of the question, and never touched. */
int code_key_of_file(const struct programs *programs, int fd, struct ot_code_key *ret_key)
{
	struct oomtrace_bpf *skeleton = programs->skeleton;
	void *address = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	if (address == MAP_FAILED)
		return -errno;
	skeleton->bss->code_asked = (uint64_t)address;
	error = programs_run(skeleton->progs.code_key);
	munmap(address, 1);
	if (!error && !skeleton->bss->code_answer.inode)
		error = -ENOENT;
	if (!error)
		*ret_key = skeleton->bss->code_answer.key;
	return error;
}

void code_key_path(const struct programs *programs, const struct sysroot *root,
		   const struct ot_code_area *area, struct buf *out)
{
	const struct ot_file_page file = {
		.inode = area->inode,
		.number = area->key.inode,
		.device = area->key.device,
	};

	inode_path_look_up(root, programs, &file, out);
}

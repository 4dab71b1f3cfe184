// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/container_files.h"

#include <fcntl.h>
#include <string.h>

_Static_assert(WORKLOAD_ID_LEN == CONTAINER_ID_LEN, "the same id");

void container_files_add(struct container_files *files, const struct workload_event *workload,
			 int fd)
{
	struct container_file *file = &files->files[files->count];

	if (files->count == CONTAINER_FILES_MAX)
		return;
	*file = (struct container_file){
		.process = workload->process,
		.format = workload->state_format,
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
	};
	memcpy(file->id, workload->container_id, WORKLOAD_ID_LEN);
	files->count += file->fd >= 0;
}

static void read_names(struct container_file *file, struct symbolizer *symbolizer)
{
	if (file->fd < 0)
		return;
	if (symbolizer_container(symbolizer, file->format, file->id, file->fd, &file->names))
		memset(&file->names, 0, sizeof(file->names));
	close(TAKE_FD(file->fd));
}

void container_files_learn(struct container_files *files, struct symbolizer *symbolizer,
			   struct workload_event *workload)
{
	for (size_t i = 0; i < files->count && symbolizer; i++) {
		struct container_file *file = &files->files[i];

		if (file->process != workload->process)
			continue;
		read_names(file, symbolizer);
		if (!workload->image && file->names.image[0])
			workload->image = file->names.image;
		if (!workload->container && file->names.name[0])
			workload->container = file->names.name;
	}
}

void container_files_clear(struct container_files *files)
{
	while (files->count > 0)
		cleanup_close(&files->files[--files->count].fd);
}

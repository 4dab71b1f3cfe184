/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A /proc of our own: a temporary directory with files of chosen content. */
#ifndef TESTS_FAKE_PROC_H
#define TESTS_FAKE_PROC_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sysroot.h"

struct fake_proc {
	char path[64];
	struct sysroot root;
};

static inline void fake_proc_make(struct fake_proc *fake)
{
	strcpy(fake->path, "/tmp/oomtrace-proc-XXXXXX");
	if (!mkdtemp(fake->path))
		abort();
	fake->root.proc_fd = open(fake->path, O_RDONLY | O_DIRECTORY);
	fake->root.sys_fd = fake->root.log_fd = fake->root.root_fd = fake->root.proc_fd;
}

/* `name` may have directories in it; they are made. */
static inline void fake_proc_write(const struct fake_proc *fake, const char *name,
				   const char *content)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", fake->path, name);
	for (char *slash = path + strlen(fake->path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	stream = fopen(path, "w");
	if (!stream || fputs(content, stream) < 0 || fclose(stream))
		abort();
}

/* A link in a directory that is there. */
static inline void fake_proc_link(const struct fake_proc *fake, const char *name,
				  const char *content)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", fake->path, name);
	if (symlink(content, path))
		abort();
}

static inline void fake_proc_remove(struct fake_proc *fake)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", fake->path);
	close(fake->root.proc_fd);
	if (system(command))
		abort();
}

#endif

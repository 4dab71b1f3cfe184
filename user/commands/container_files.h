/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that runtimes keep of containers, on their way from the recorder to the incident that they
 * are of: held open until then, and read by the names child, once each. Called by the finisher and
 * what it does to an incident.
 */
#ifndef COMMANDS_CONTAINER_FILES_H
#define COMMANDS_CONTAINER_FILES_H

#include "capture/event.h"
#include "symbols/symbolizer.h"

/* Containers of one incident: a group that is killed may have some. */
#define CONTAINER_FILES_MAX 16

struct container_file {
	uint32_t process;
	enum container_format format;
	int fd; /* -1: was read */
	char id[WORKLOAD_ID_LEN + 1];
	struct container_names names;
};

struct container_files {
	struct container_file files[CONTAINER_FILES_MAX];
	size_t count;
};

/* Takes a duplicate of the descriptor of a victim's workload. More than there is room for have no
 * image. */
void container_files_add(struct container_files *files, const struct workload_event *workload,
			 int fd);

/* Fills in image and, where it has none, name. Strings are borrowed until the next clear. */
void container_files_learn(struct container_files *files, struct symbolizer *symbolizer,
			   struct workload_event *workload);

/* Before the next incident. */
void container_files_clear(struct container_files *files);

#endif

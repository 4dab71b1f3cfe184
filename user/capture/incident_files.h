/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files of the kernel show right after a kill, before the victim's memory goes: read as they
 * are into room that was taken at the start, and looked through later.
 */
#ifndef CAPTURE_INCIDENT_FILES_H
#define CAPTURE_INCIDENT_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "bpf/oomtrace.h"
#include "capture/event.h"

/* memory.stat has some 2 KiB, meminfo 1.5. */
#define INCIDENT_FILE_MAX 4096

struct incident_file {
	uint32_t level; /* of the chain, or LEVEL_HOST */
	enum figure_source source;
	const char *key; /* of a file that is one number; NULL: of "key value" lines */
	char text[INCIDENT_FILE_MAX];
};

/* memory.stat and two figures of v1 for the victim's cgroup and the one that fired; the host's. */
#define INCIDENT_FILES_MAX 10

struct incident_files {
	uint64_t time_ns; /* of the kill they are for; 0: not in use */
	uint32_t count;
	struct incident_file files[INCIDENT_FILES_MAX];
};

/* Is the memory controller that of cgroup v2? */
bool incident_files_unified(const struct sysroot *root);

/* Where the directory of a cgroup is, below /sys; false: its path is too long. */
bool incident_files_cgroup(bool unified, const char *cgroup, char ret_path[PATH_MAX]);

/* Reads what is there. `fired` is a level of the record's chain, or its count. */
void incident_files_read(struct incident_files *files, const struct sysroot *root,
			 const struct ot_kill_record *record, uint32_t fired);

/* One "key value" line after the other; units are turned into bytes. */
typedef void (*incident_figure_fn)(const char *key, uint64_t value, void *context);
void incident_file_each(const struct incident_file *file, incident_figure_fn callback,
			void *context);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the perf map of a process, /tmp/perf-PID.map as the process sees it, without being led
 * anywhere else: on its own root, past no symbolic link, on no file system that may hang, a regular
 * file that belongs to the process's user or to root. Its bytes are for the names child.
 */
#ifndef CAPTURE_PERF_MAPS_H
#define CAPTURE_PERF_MAPS_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/sysroot.h"

#define PERF_MAP_PATH_BYTES 32

struct perf_map {
	int fd; /* opened with O_PATH: names the file, reads nothing */
	struct stat status;
	char path[PERF_MAP_PATH_BYTES]; /* "/tmp/perf-12.map", with the pid as the process knows it
					 */
};

/* 0, -ENOENT: there is none, or -errno: there is none that may be read. */
int perf_map_find(const struct sysroot *root, uint32_t pid, struct perf_map *ret_map);

/* The file, for reading; or -errno. */
int perf_map_open(const struct sysroot *root, const struct perf_map *map);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc/PID tells about one process. Every file here is written by the kernel, but names in
 * it are the target's: lengths are bounded, bytes are passed on as they are.
 */
#ifndef CAPTURE_PROCFS_H
#define CAPTURE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/sysroot.h"
#include "capture/event.h"

#define PROCFS_PATH_MAX 4096

/* /proc/PID/status and stat, what we need of them. */
struct proc_status {
	uint32_t tgid;
	uint32_t parent_pid;
	uint64_t start_time_ns; /* CLOCK_BOOTTIME, to the clock tick */
	bool kernel_thread;
	char comm[EVENT_COMM_LEN];
};

/* 0, -ESRCH when there is no such task (a thread's id is one, too), or -errno. */
int procfs_status(const struct sysroot *root, uint32_t pid, struct proc_status *ret_status);

/* Opens /proc/PID/NAME for reading; NULL with errno set. */
FILE *procfs_open(const struct sysroot *root, uint32_t pid, const char *name);
/* The same as a descriptor, or -errno. */
int procfs_open_fd(const struct sysroot *root, uint32_t pid, const char *name, int flags);

/*
 * Fills the figures and known bits of `ret_memory` from smaps_rollup (anon, file, shmem, swap; it
 * walks the page tables, so threads' unflushed counters do not matter) and status (VmSize, VmPTE).
 * 0, or -errno when not even RSS is known.
 */
int procfs_memory(const struct sysroot *root, uint32_t pid, struct memory_event *ret_memory);

/* One line of /proc/PID/maps. */
struct proc_mapping {
	uint64_t start, end; /* addresses */
	uint64_t offset;     /* bytes into the file */
	bool executable;
	bool accessible; /* readable, writable or executable */
	uint32_t major, minor;
	uint64_t inode;
	char path[PROCFS_PATH_MAX]; /* as the kernel shows it; "" for anonymous memory */
};

/* Anything but 0 ends the walk. */
typedef int (*procfs_mapping_fn)(const struct proc_mapping *mapping, void *context);

/* 0, -errno, or what the callback returned. A process without mappings is -ESRCH. */
int procfs_each_mapping(const struct sysroot *root, uint32_t pid, procfs_mapping_fn callback,
			void *context);

/* Parses one line of maps. False when it is none. */
bool procfs_parse_mapping(const char *line, struct proc_mapping *ret_mapping);

#endif

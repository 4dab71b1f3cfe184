/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One cgroup that accounts for memory: found by how people write it, held by its directory, known
 * to the kernel by its inode number. Reads its figures by key, of v1 and v2, and passes over keys
 * it does not know. Never changes anything. Paths hold whatever bytes their owners liked.
 */
#ifndef CAPTURE_CGROUP_H
#define CAPTURE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "capture/event.h"
#include "capture/failure.h"

struct cgroup {
	int fd;       /* its directory */
	uint64_t id;  /* of its node in the kernel */
	bool unified; /* of the v2 hierarchy */
	char *path;   /* from the root of the hierarchy, as in /proc/PID/cgroup: "/", "/a/b" */
};

#define CGROUP_NONE      \
	{                \
		.fd = -1 \
	}

/*
 * `path` is a directory below a mounted hierarchy (/sys/fs/cgroup/a), or relative to the root of
 * the one that has the memory controller (/a, a), or failing that of the v2 hierarchy. 0, or -errno
 * with FAILURE_NO_CGROUP or FAILURE_OTHER_CGROUP.
 */
int cgroup_open(const struct sysroot *root, const char *path, struct cgroup *ret_cgroup,
		struct failure *ret_failure);
void cgroup_close(struct cgroup *cgroup);

/* Has its directory been removed? */
bool cgroup_is_gone(const struct cgroup *cgroup);

/* Bits of cgroup_memory.known: which figures are there. Unknown is absent, never zero. */
enum cgroup_known {
	CGROUP_ANON = 1 << 0,
	CGROUP_SHMEM = 1 << 1,
	CGROUP_FILE = 1 << 2,
	CGROUP_KERNEL = 1 << 3,
	CGROUP_USAGE = 1 << 4,
	CGROUP_LIMIT = 1 << 5, /* there is one */
	CGROUP_RECLAIMABLE = 1 << 6,
};

/* What is charged to a cgroup and everything below it. */
struct cgroup_memory {
	uint32_t known; /* enum cgroup_known bits */
	uint64_t anon_bytes;
	uint64_t shmem_bytes;
	uint64_t file_bytes;   /* page cache, shmem not included */
	uint64_t kernel_bytes; /* of v1: kmem.usage; of v2 before 5.18: the sum of its parts */
	uint64_t usage_bytes;
	uint64_t limit_bytes;
	uint64_t reclaimable_bytes; /* file pages that the kernel can take back */
	uint32_t parts_known;       /* bits (1 << enum cgroup_part); of v2 alone */
	uint64_t part_bytes[CGROUP_PART_COUNT];
};

/* 0, or -errno when not even memory.stat can be read: without the controller there is none. */
int cgroup_memory(const struct cgroup *cgroup, struct cgroup_memory *ret_memory);

/* What counts against a limit. */
struct cgroup_charge {
	uint64_t usage_bytes; /* all that is charged to it and everything below it */
	uint64_t held_bytes;  /* of it, what is no page cache of files: that can be reclaimed */
	uint64_t limit_bytes;
};

/* 0, -ENODATA where there is no limit, or -errno. */
int cgroup_charge(const struct cgroup *cgroup, struct cgroup_charge *ret_charge);

/* Of the whole host: what is not available, and all there is. 0 or -errno. */
int cgroup_charge_host(const struct sysroot *root, struct cgroup_charge *ret_charge);

/* Path of the cgroup that a process's memory is charged to, to be freed. 0 or -errno. */
int cgroup_path_of(const struct sysroot *root, uint32_t pid, char **ret_path);

#endif

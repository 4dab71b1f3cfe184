/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How full cgroups with a limit were in the time before. Whoever grows fast tells of all its
 * cgroups (bpf/curve.bpf.h); the files of those above half their limit are read once a second
 * besides, and a few of the others, so that one that fills slowly is found. All memory is taken at
 * the start.
 */
#ifndef CAPTURE_CGROUP_CURVES_H
#define CAPTURE_CGROUP_CURVES_H

#include "bpf/oomtrace.h"
#include "capture/cgroups.h"
#include "capture/curve.h"

/* Cgroups that are followed at once: the fullest, of what cannot be reclaimed. */
#define CGROUP_CURVES 32

/* What a point has. */
enum cgroup_value {
	CGROUP_VALUE_USAGE, /* pages */
	CGROUP_VALUE_LIMIT, /* pages; CGROUP_NO_LIMIT: none */
	CGROUP_VALUE_SOME,  /* milliseconds that some task waited for memory (PSI), since ever */
	CGROUP_VALUE_FULL,  /* that all did */
	CGROUP_VALUE_HAS_PRESSURE, /* are the two before known? */
	CGROUP_VALUE_COUNT,
};

#define CGROUP_NO_LIMIT UINT32_MAX

struct cgroup_curve {
	uint64_t id;                /* inode of its directory; 0: free */
	int usage_fd, pressure_fd;  /* -1: not open */
	bool asked;                 /* for the two: it is not looked for again */
	uint32_t reclaimable_pages; /* of its usage; read where places are rare */
	struct curve curve;         /* enum cgroup_value */
};

struct cgroup_curves {
	struct cgroups *cgroups;
	struct cgroup_curve *items; /* CGROUP_CURVES of them */
	uint32_t next_known;        /* of the cgroups: the next to be looked at */
	uint32_t candidates_left; /* that may be asked for their page cache before the next look */
	int host_pressure_fd;     /* -1: the kernel does not tell */
	struct curve host;        /* enum cgroup_value, of usage nothing */
};

/* Keeps the pointers. 0 or -ENOMEM. */
int cgroup_curves_init(struct cgroup_curves *curves, const struct sysroot *root,
		       struct cgroups *cgroups);
void cgroup_curves_release(struct cgroup_curves *curves);

/* What an account has told of its cgroups. */
void cgroup_curves_take(struct cgroup_curves *curves, const struct ot_curve_record *record);

/* Called once a second. */
void cgroup_curves_look(struct cgroup_curves *curves, uint64_t now_ns);

/* NULL: it was never seen near its limit. */
const struct curve *cgroup_curves_find(const struct cgroup_curves *curves, uint64_t id);

#endif

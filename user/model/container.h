/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a process lives, by the path of its cgroup alone: systemd unit, container, pod. Paths are
 * the convention of each runtime (a table in container.c), not an interface; what does not match is
 * in no container. Names of pods are somebody else's business: capture/pod_names.h.
 */
#ifndef MODEL_CONTAINER_H
#define MODEL_CONTAINER_H

#include "base/arena.h"

struct place {
	const char *unit;         /* "cron.service", unescaped; NULL: in none */
	const char *container_id; /* 64 hex digits, or a name for lxc; NULL: in none */
	const char *runtime;      /* "containerd", "docker" …; NULL: cannot be told */
	const char *pod_uid;      /* with dashes; NULL: in none */
};

/* Strings lie in `arena`. `path` may be NULL. 0 or -ENOMEM. */
int place_of_cgroup(const char *path, struct arena *arena, struct place *ret_place);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a process lives, by the path of its cgroup alone: systemd unit, container, pod. Paths are
 * the convention of each runtime (a table in container.c), not an interface; what does not match is
 * in no container. Names of pods are pod_names.h's business. Called at a kill, and by the model.
 */
#ifndef CAPTURE_CONTAINER_H
#define CAPTURE_CONTAINER_H

#include <limits.h>

/* For three strings. */
#define PLACE_ROOM (3 * (NAME_MAX + 1))

struct place {
	const char *unit;         /* "cron.service", unescaped; NULL: in none */
	const char *container_id; /* 64 hex digits, or a name for lxc; NULL: in none */
	const char *runtime;      /* "containerd", "docker" …; NULL: cannot be told */
	const char *pod_uid;      /* with dashes; NULL: in none */
};

/* Strings lie in `room`: nothing is allocated, so this may be asked at a kill. `path` may be NULL.
 */
void place_of_cgroup(const char *path, char room[PLACE_ROOM], struct place *ret_place);

#endif

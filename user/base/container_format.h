/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of files in which runtimes keep what they know of a container. */
#ifndef BASE_CONTAINER_FORMAT_H
#define BASE_CONTAINER_FORMAT_H

enum container_format {
	CONTAINER_NONE,   /* there is no file */
	CONTAINER_DOCKER, /* config.v2.json of dockerd: one container */
	CONTAINER_OCI,   /* config.json of the OCI runtime specification: one, by its annotations */
	CONTAINER_STORE, /* containers.json of containers/storage (podman, cri-o): all of them */
	CONTAINER_FORMAT_COUNT,
};

#endif

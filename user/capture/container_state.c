// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/container_state.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Fewer could be the name of an lxc container, which may be any. */
#define ID_DIGITS 64

/* Where they are unless somebody has moved them; "%s" is the container's id. */
static const struct state_place {
	const char *runtime;
	const char *path;
	enum container_format format;
} state_places[] = {
	{"docker", "var/lib/docker/containers/%s/config.v2.json", CONTAINER_DOCKER},
	{"containerd", "run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	 CONTAINER_OCI},
	{"containerd", "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	 CONTAINER_OCI},
	{"cri-o", "run/containers/storage/overlay-containers/%s/userdata/config.json",
	 CONTAINER_OCI},
	/* the config.json of podman has no image */
	{"podman", "var/lib/containers/storage/overlay-containers/containers.json",
	 CONTAINER_STORE},
	{"podman", "var/lib/containers/storage/vfs-containers/containers.json", CONTAINER_STORE},
};

/*
 * A data directory may be a link of the administrator's to another disk. The path is root's alone,
 * so its file systems are not asked for whether they answer, as those of a target are.
 */
static int open_path(const struct sysroot *root, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, root->root_fd, path, &how, sizeof(how));
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	return S_ISREG(status.st_mode) ? TAKE_FD(fd) : -ENOENT;
}

static int open_place(const struct sysroot *root, const struct state_place *state, const char *id)
{
	const char *mark = strstr(state->path, "%s");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s%s%s",
		 mark ? (int)(mark - state->path) : (int)strlen(state->path), state->path,
		 mark ? id : "", mark ? mark + strlen("%s") : "");
	return open_path(root, path);
}

int container_state_open(const struct sysroot *root, const struct place *place,
			 enum container_format *ret_format)
{
	if (root->root_fd < 0 || !place->container_id || strlen(place->container_id) != ID_DIGITS ||
	    strchr(place->container_id, '.'))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_COUNT(state_places); i++) {
		const struct state_place *state = &state_places[i];
		int fd;

		if (place->runtime && strcmp(place->runtime, state->runtime) != 0)
			continue;
		fd = open_place(root, state, place->container_id);
		if (fd < 0)
			continue;
		*ret_format = state->format;
		return fd;
	}
	return -ENOENT;
}

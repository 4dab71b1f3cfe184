/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container is called and which image it was made of, by the files that its runtime keeps:
 *
 *   docker  config.v2.json: Config.Image, Name ("/web") — daemon/container of moby
 *   OCI     config.json: annotations io.kubernetes.cri.image-name and .container-name (containerd's
 *           CRI plugin), io.kubernetes.cri-o.ImageName and io.kubernetes.container.name (cri-o)
 *   store   containers.json of containers/storage, which podman and cri-o use: of the one with the
 *           id, `metadata`, itself JSON in a string: image-name, name (podman), metadata-name
 * (cri-o)
 *
 * Much in them was written by whoever started the container, so only the names child comes here:
 * the file, its depth and what is taken of it are bounded, and whatever is no such JSON has no
 * image.
 */
#ifndef SYMBOLS_CONTAINER_CONFIG_H
#define SYMBOLS_CONTAINER_CONFIG_H

#include <stddef.h>

#include "base/container_format.h"

#define CONTAINER_ID_LEN 64
/* With its NUL; a reference has 255 bytes of name, a tag and a digest. Longer ones are none. */
#define CONTAINER_IMAGE_MAX 512
#define CONTAINER_NAME_MAX 256
/* Of one container; those of a thousand in one file. */
#define CONTAINER_CONFIG_BYTES (1 << 20)
#define CONTAINER_STORE_BYTES (4 << 20)

/* Empty: not told. Hostile bytes, but UTF-8 without NUL. */
struct container_names {
	char image[CONTAINER_IMAGE_MAX];
	char name[CONTAINER_NAME_MAX];
};

/* Before the process locks itself in: the JSON library looks for chance in a file, once. */
void container_config_prepare(void);

/* 0, -EFBIG, -EBADMSG: no such JSON, or -ENODATA: it says neither. */
int container_config_parse(const char *bytes, size_t len_bytes, enum container_format format,
			   const char *id, struct container_names *ret_names);

/* The same of a file, from its beginning; -errno of reading, too. */
int container_config_read(int fd, enum container_format format, const char *id,
			  struct container_names *ret_names);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/container_config.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

void container_config_prepare(void)
{
	json_object_seed(0);
}

static json_t *parse(const char *bytes, size_t len_bytes)
{
	json_error_t error;

	return json_loadb(bytes, len_bytes, 0, &error);
}

/* Only strings, whole ones, and the first that there is. */
static void take(char *to, size_t room, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!to[0] && text && strlen(text) < room)
		memcpy(to, text, strlen(text) + 1);
}

/* --- one function for each kind ------------------------------------------------------------- */

/* Of a member that is an object of strings, or of the file itself. */
static const struct docker_field {
	const char *object, *key;
	bool is_image;
} docker_fields[] = {
	{"Config", "Image", true},
	{NULL, "Name", false},
};

static void read_docker(const json_t *root, const char *id, struct container_names *names)
{
	(void)id;
	for (size_t i = 0; i < ARRAY_COUNT(docker_fields); i++) {
		const struct docker_field *field = &docker_fields[i];
		const json_t *object = field->object ? json_object_get(root, field->object) : root;
		const json_t *value = json_object_get(object, field->key);

		if (field->is_image)
			take(names->image, sizeof(names->image), value);
		else
			take(names->name, sizeof(names->name), value);
	}
	/* names are paths, for links had them below others' */
	if (names->name[0] == '/')
		memmove(names->name, names->name + 1, strlen(names->name));
}

static void read_oci(const json_t *root, const char *id, struct container_names *names)
{
	static const char *const images[] = {"io.kubernetes.cri.image-name",
					     "io.kubernetes.cri-o.ImageName"};
	static const char *const called[] = {"io.kubernetes.cri.container-name",
					     "io.kubernetes.container.name"};
	const json_t *annotations = json_object_get(root, "annotations");

	(void)id;
	for (size_t i = 0; i < ARRAY_COUNT(images); i++)
		take(names->image, sizeof(names->image), json_object_get(annotations, images[i]));
	for (size_t i = 0; i < ARRAY_COUNT(called); i++)
		take(names->name, sizeof(names->name), json_object_get(annotations, called[i]));
}

static void read_metadata(const char *text, struct container_names *names)
{
	_cleanup_(json_decrefp) json_t *metadata = text ? parse(text, strlen(text)) : NULL;

	take(names->image, sizeof(names->image), json_object_get(metadata, "image-name"));
	take(names->name, sizeof(names->name), json_object_get(metadata, "metadata-name"));
	take(names->name, sizeof(names->name), json_object_get(metadata, "name"));
}

static void read_store(const json_t *root, const char *id, struct container_names *names)
{
	const json_t *container;
	size_t index;

	json_array_foreach(root, index, container)
	{
		const char *its = json_string_value(json_object_get(container, "id"));

		if (!its || strcmp(its, id) != 0)
			continue;
		read_metadata(json_string_value(json_object_get(container, "metadata")), names);
		return;
	}
}

static const struct format {
	void (*read)(const json_t *root, const char *id, struct container_names *names);
	size_t bytes_max;
} formats[CONTAINER_FORMAT_COUNT] = {
	[CONTAINER_DOCKER] = {read_docker, CONTAINER_CONFIG_BYTES},
	[CONTAINER_OCI] = {read_oci, CONTAINER_CONFIG_BYTES},
	[CONTAINER_STORE] = {read_store, CONTAINER_STORE_BYTES},
};

/* --- all together --------------------------------------------------------------------------- */

static const struct format *format_of(enum container_format format)
{
	return (unsigned int)format < ARRAY_COUNT(formats) && formats[format].read
		       ? &formats[format]
		       : NULL;
}

int container_config_parse(const char *bytes, size_t len_bytes, enum container_format format,
			   const char *id, struct container_names *ret_names)
{
	const struct format *how = format_of(format);
	_cleanup_(json_decrefp) json_t *root = NULL;

	if (!how)
		return -EBADMSG;
	if (len_bytes > how->bytes_max)
		return -EFBIG;
	root = parse(bytes, len_bytes);
	if (!root)
		return -EBADMSG;
	memset(ret_names, 0, sizeof(*ret_names));
	how->read(root, id, ret_names);
	return ret_names->image[0] || ret_names->name[0] ? 0 : -ENODATA;
}

int container_config_read(int fd, enum container_format format, const char *id,
			  struct container_names *ret_names)
{
	const struct format *how = format_of(format);
	_cleanup_free_ char *bytes = how ? malloc(how->bytes_max + 1) : NULL;
	size_t len_bytes = 0;
	ssize_t got = 1;

	if (!how)
		return -EBADMSG;
	if (!bytes)
		return -ENOMEM;
	while (got > 0 && len_bytes <= how->bytes_max) {
		got = pread(fd, bytes + len_bytes, how->bytes_max + 1 - len_bytes,
			    (off_t)len_bytes);
		if (got < 0)
			return -errno;
		len_bytes += (size_t)got;
	}
	return container_config_parse(bytes, len_bytes, format, id, ret_names);
}

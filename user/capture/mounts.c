// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/mounts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* mountinfo writes blank, tab, newline and backslash as \ooo (fs/proc_namespace.c, mangle()). */
static void unescape(char *text)
{
	char *to = text;
	unsigned int byte;

	for (; *text; text++) {
		if (text[0] == '\\' && sscanf(text + 1, "%3o", &byte) == 1) {
			*to++ = (char)byte;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static int add(struct mounts *mounts, uint32_t device, const char *root, const char *point)
{
	struct mount *items = reallocarray(mounts->items, mounts->count + 1, sizeof(*items));
	struct mount mount = {.device = device};

	if (!items)
		return -ENOMEM;
	mounts->items = items;
	mount.root = arena_strdup(&mounts->arena, root);
	mount.point = arena_strdup(&mounts->arena, point);
	if (!mount.root || !mount.point)
		return -ENOMEM;
	items[mounts->count++] = mount;
	return 0;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc_pid_mountinfo(5)) */
static int add_line(struct mounts *mounts, char *line)
{
	char *save = NULL, *words[5];
	uint32_t major, minor;

	for (int i = 0; i < 5; i++) {
		words[i] = strtok_r(i ? NULL : line, " \n", &save);
		if (!words[i])
			return 0;
	}
	if (sscanf(words[2], "%" SCNu32 ":%" SCNu32, &major, &minor) != 2)
		return 0;
	unescape(words[3]);
	unescape(words[4]);
	return add(mounts, major << 20 | minor, words[3], words[4]);
}

int mounts_read(const struct sysroot *root, struct mounts *ret_mounts)
{
	int fd = openat(root->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	_cleanup_free_ char *line = NULL;
	size_t capacity = 0;
	int error = 0;

	*ret_mounts = (struct mounts){0};
	if (!stream)
		return -errno;
	while (!error && ret_mounts->count < MOUNTS_MAX && getline(&line, &capacity, stream) > 0)
		error = add_line(ret_mounts, line);
	return error;
}

void mounts_release(struct mounts *mounts)
{
	free(mounts->items);
	arena_release(&mounts->arena);
	*mounts = (struct mounts){0};
}

/* What of `path` lies below `root`; NULL: it does not. */
static const char *below(const char *path, const char *root)
{
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(path, root, len) != 0 || path[len] != '/')
		return NULL;
	return path + len;
}

/* All of a file system at its first place, else a part of it that has the file. */
static const struct mount *find(const struct mounts *mounts, uint32_t device, const char *path)
{
	const struct mount *part = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];

		if (mount->device != device || !below(path, mount->root))
			continue;
		if (strcmp(mount->root, "/") == 0)
			return mount;
		part = part ? part : mount;
	}
	return part;
}

void mounts_append_path(const struct mounts *mounts, uint32_t device, const char *path,
			struct buf *out)
{
	const struct mount *mount = find(mounts, device, path);

	if (!mount) {
		buf_printf(out, "[%" PRIu32 ":%" PRIu32 "]%s", MOUNTS_MAJOR(device),
			   MOUNTS_MINOR(device), path);
		return;
	}
	if (strcmp(mount->point, "/") != 0)
		buf_append_string(out, mount->point);
	buf_append_string(out, below(path, mount->root));
}

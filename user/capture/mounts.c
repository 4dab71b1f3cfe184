// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/mounts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"

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

static int add(struct mounts *mounts, const struct mount *mount)
{
	struct mount *items = reallocarray(mounts->items, mounts->count + 1, sizeof(*items));
	struct mount copy = {.device = mount->device};

	if (!items)
		return -ENOMEM;
	mounts->items = items;
	copy.root = arena_strdup(&mounts->arena, mount->root);
	copy.point = arena_strdup(&mounts->arena, mount->point);
	if (!copy.root || !copy.point)
		return -ENOMEM;
	items[mounts->count++] = copy;
	return 0;
}

/*
 * "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc_pid_mountinfo(5)); what is
 * found points into the line.
 */
static bool parse_line(char *line, struct mount *ret_mount)
{
	char *save = NULL, *words[5];
	uint32_t major, minor;

	for (int i = 0; i < 5; i++) {
		words[i] = strtok_r(i ? NULL : line, " \n", &save);
		if (!words[i])
			return false;
	}
	if (sscanf(words[2], "%" SCNu32 ":%" SCNu32, &major, &minor) != 2)
		return false;
	unescape(words[3]);
	unescape(words[4]);
	*ret_mount = (struct mount){major << 20 | minor, words[3], words[4]};
	return true;
}

static int open_table(const struct sysroot *root)
{
	int fd = openat(root->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int mounts_read(const struct sysroot *root, struct mounts *ret_mounts)
{
	_cleanup_close_ int fd = open_table(root);
	struct mount mount;
	struct lines lines;
	int error = 0;
	char *line;

	*ret_mounts = (struct mounts){0};
	if (fd < 0)
		return fd;
	lines_begin(&lines, fd);
	while (!error && ret_mounts->count < MOUNTS_MAX && (line = lines_next(&lines)))
		if (parse_line(line, &mount))
			error = add(ret_mounts, &mount);
	return error ? error : lines.error;
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

static bool has_file(const struct mount *mount, uint32_t device, const char *path)
{
	return mount->device == device && below(path, mount->root);
}

static bool is_whole(const struct mount *mount)
{
	return strcmp(mount->root, "/") == 0;
}

/* All of a file system at its first place, else a part of it that has the file. */
static const struct mount *find(const struct mounts *mounts, uint32_t device, const char *path)
{
	const struct mount *part = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];

		if (!has_file(mount, device, path))
			continue;
		if (is_whole(mount))
			return mount;
		part = part ? part : mount;
	}
	return part;
}

static void append_path(const struct mount *mount, uint32_t device, const char *path,
			struct buf *out)
{
	if (!mount) {
		buf_printf(out, "[%" PRIu32 ":%" PRIu32 "]%s", MOUNTS_MAJOR(device),
			   MOUNTS_MINOR(device), path);
		return;
	}
	if (strcmp(mount->point, "/") != 0)
		buf_append_string(out, mount->point);
	buf_append_string(out, below(path, mount->root));
}

void mounts_append_path(const struct mounts *mounts, uint32_t device, const char *path,
			struct buf *out)
{
	append_path(find(mounts, device, path), device, path, out);
}

/* The same choice as find() makes: a part is forgotten once the whole is found. */
void mounts_look_up(const struct sysroot *root, uint32_t device, const char *path, struct buf *out)
{
	_cleanup_close_ int fd = open_table(root);
	struct mount mount;
	struct lines lines;
	bool found = false;
	char *line;

	lines_begin(&lines, fd);
	for (size_t i = 0; fd >= 0 && i < MOUNTS_MAX && (line = lines_next(&lines)); i++) {
		if (!parse_line(line, &mount) || !has_file(&mount, device, path) ||
		    (found && !is_whole(&mount)))
			continue;
		buf_clear(out);
		append_path(&mount, device, path, out);
		found = true;
		if (is_whole(&mount))
			return;
	}
	if (!found)
		append_path(NULL, device, path, out);
}

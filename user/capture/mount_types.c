// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/mount_types.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "capture/procfs.h"

/* Thousands of mounts; a process may have more. */
#define MOUNTINFO_MAX_BYTES (1u << 20)

struct wanted {
	bool by_id;
	uint32_t id;
	uint32_t major, minor;
};

static bool type_may_hang(const char *type)
{
	static const char *const prefixes[] = {"fuse", "nfs", "cifs",      "smb",    "9p",
					       "ceph", "afs", "glusterfs", "lustre", "autofs"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(type, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc_pid_mountinfo(5)) */
static bool line_matches(const char *line, const struct wanted *wanted, bool *ret_hangs)
{
	const char *separator = strstr(line, " - ");
	uint32_t id, major, minor;
	char type[64];

	if (!separator ||
	    sscanf(line, "%" SCNu32 " %*d %" SCNu32 ":%" SCNu32, &id, &major, &minor) != 3)
		return false;
	if (wanted->by_id ? id != wanted->id : major != wanted->major || minor != wanted->minor)
		return false;
	if (sscanf(separator + 3, "%63s", type) != 1)
		return false;
	*ret_hangs = type_may_hang(type);
	return true;
}

/* False: not found. */
static bool table_has(const struct sysroot *root, uint32_t pid, const struct wanted *wanted,
		      bool *ret_hangs)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "mountinfo", O_RDONLY);
	size_t read_bytes = 0;
	struct lines lines;
	const char *line;

	lines_begin(&lines, fd);
	while (fd >= 0 && read_bytes < MOUNTINFO_MAX_BYTES && (line = lines_next(&lines))) {
		if (line_matches(line, wanted, ret_hangs))
			return true;
		read_bytes += strlen(line) + 1;
	}
	return false;
}

static bool answers(const struct sysroot *root, uint32_t pid, const struct wanted *wanted)
{
	bool hangs = true;

	return (table_has(root, pid, wanted, &hangs) ||
		table_has(root, (uint32_t)getpid(), wanted, &hangs)) &&
	       !hangs;
}

bool mount_answers_device(const struct sysroot *root, uint32_t pid, uint32_t major, uint32_t minor)
{
	return answers(root, pid, &(struct wanted){.major = major, .minor = minor});
}

uint32_t mount_of_fd(const struct sysroot *root, int fd)
{
	_cleanup_close_ int info_fd = -1;
	struct lines lines;
	const char *line;
	char name[32];
	uint32_t mount;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	info_fd = procfs_open_fd(root, (uint32_t)getpid(), name, O_RDONLY);
	lines_begin(&lines, info_fd);
	while (info_fd >= 0 && (line = lines_next(&lines)))
		if (sscanf(line, "mnt_id: %" SCNu32, &mount) == 1)
			return mount;
	return 0;
}

bool mount_answers(const struct sysroot *root, uint32_t pid, uint32_t mount)
{
	return answers(root, pid, &(struct wanted){.by_id = true, .id = mount});
}

bool mount_answers_fd(const struct sysroot *root, uint32_t pid, int fd)
{
	uint32_t mount = mount_of_fd(root, fd);

	return mount && mount_answers(root, pid, mount);
}

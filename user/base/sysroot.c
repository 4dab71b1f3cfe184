// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sysroot.h"

#include <fcntl.h>

int sysroot_open(const char *root, struct sysroot *ret_root)
{
	_cleanup_close_ int root_fd = -1;
	_cleanup_close_ int proc_fd = -1;
	_cleanup_close_ int sys_fd = -1;

	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	proc_fd = openat(root_fd, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	sys_fd = openat(root_fd, "sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sys_fd < 0)
		return -errno;

	ret_root->proc_fd = TAKE_FD(proc_fd);
	ret_root->sys_fd = TAKE_FD(sys_fd);
	ret_root->root_fd = TAKE_FD(root_fd);
	ret_root->log_fd = openat(ret_root->root_fd, "var/log", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

int sysroot_open_host(struct sysroot *ret_root)
{
	return sysroot_open("/", ret_root);
}

void sysroot_close(struct sysroot *root)
{
	cleanup_close(&root->proc_fd);
	cleanup_close(&root->sys_fd);
	cleanup_close(&root->log_fd);
	cleanup_close(&root->root_fd);
	root->proc_fd = -1;
	root->sys_fd = -1;
	root->log_fd = -1;
	root->root_fd = -1;
}

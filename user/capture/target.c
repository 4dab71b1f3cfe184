// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/target.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "capture/procfs.h"

static int fail(struct failure *ret_failure, enum failure_kind kind, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = kind, .error = error, .where = where};
	return error;
}

/* glibc before 2.36 has no wrapper. */
static int pidfd_open_cloexec(uint32_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int target_find(const struct sysroot *root, uint32_t pid, struct target *ret_target,
		struct failure *ret_failure)
{
	struct target target = TARGET_NONE;
	struct proc_status status;
	int error = procfs_status(root, pid, &status);

	if (error)
		return fail(ret_failure, FAILURE_NO_PROCESS, error, NULL);
	if (status.kernel_thread)
		return fail(ret_failure, FAILURE_KERNEL_THREAD, -EINVAL, NULL);
	target.pid = status.tgid;
	memcpy(target.comm, status.comm, sizeof(target.comm));
	target.pidfd = pidfd_open_cloexec(target.pid);
	if (target.pidfd < 0)
		return fail(ret_failure,
			    target.pidfd == -ESRCH ? FAILURE_NO_PROCESS : FAILURE_SYSTEM,
			    target.pidfd, "holding on to the process");
	/* A zombie still has a pid, but no memory any more. */
	if (target_has_ended(&target)) {
		target_close(&target);
		return fail(ret_failure, FAILURE_NO_PROCESS, -ESRCH, NULL);
	}
	*ret_target = target;
	return 0;
}

/* In the child. Never returns. */
static void child_run(char *const *argv, int release_fd, int exec_fd, const sigset_t *mask)
{
	ssize_t len;
	char byte;
	int error;

	do {
		len = read(release_fd, &byte, 1);
	} while (len < 0 && errno == EINTR);
	/* The recorder gave up, or died: then the command never runs untraced. */
	if (len != 1)
		_exit(125);
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	error = errno;
	if (write(exec_fd, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(error == ENOENT ? 127 : 126);
}

static void spawned_comm(const char *path, char comm[EVENT_COMM_LEN])
{
	const char *slash = strrchr(path, '/');

	snprintf(comm, EVENT_COMM_LEN, "%s", slash ? slash + 1 : path);
}

int target_spawn(char *const *argv, struct target *ret_target, struct failure *ret_failure)
{
	struct target target = TARGET_NONE;
	int release[2] = {-1, -1}, exec[2] = {-1, -1};
	sigset_t mask;
	pid_t pid = -1;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (pipe2(release, O_CLOEXEC) == 0 && pipe2(exec, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		/* Its own copy of the writing end would keep it waiting for itself. */
		close(release[1]);
		child_run(argv, release[0], exec[1], &mask);
	}
	target.child = true;
	target.pid = pid > 0 ? pid : 0;
	target.release_fd = release[1];
	target.exec_fd = exec[0];
	close(release[0]);
	close(exec[1]);
	target.pidfd = pid > 0 ? pidfd_open_cloexec(pid) : -errno;
	if (target.pidfd < 0) {
		int error = target.pidfd;

		target_close(&target);
		return fail(ret_failure, FAILURE_SYSTEM, error, "starting the command");
	}
	spawned_comm(argv[0], target.comm);
	*ret_target = target;
	return 0;
}

int target_release(struct target *target, struct failure *ret_failure)
{
	int error = 0;

	if (!target->child)
		return 0;
	if (write(target->release_fd, "", 1) != 1)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "starting the command");
	close(TAKE_FD(target->release_fd));
	/* Closed without a word by a successful exec. */
	if (read(target->exec_fd, &error, sizeof(error)) == sizeof(error))
		return fail(ret_failure, FAILURE_EXEC, -error, NULL);
	return 0;
}

bool target_has_ended(const struct target *target)
{
	struct pollfd pollfd = {.fd = target->pidfd, .events = POLLIN};

	return target->pidfd >= 0 && poll(&pollfd, 1, 0) == 1;
}

bool target_wait(const struct target *target, int *ret_status)
{
	int status;
	pid_t pid;

	if (!target->child || !target->pid)
		return false;
	do {
		pid = waitpid(target->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return false;
	*ret_status = status;
	return true;
}

void target_close(struct target *target)
{
	if (target->pidfd >= 0)
		close(target->pidfd);
	if (target->release_fd >= 0)
		close(target->release_fd);
	if (target->exec_fd >= 0)
		close(target->exec_fd);
	*target = (struct target)TARGET_NONE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/target.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
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

static int fail_for(struct failure *ret_failure, enum failure_kind kind, int error, uint32_t pid)
{
	*ret_failure = (struct failure){
		.kind = kind, .error = error, .where = "holding on to the process", .pid = pid};
	return error;
}

static bool has_ended(const struct target *target)
{
	struct pollfd pollfd = {.fd = target->pidfd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

static int target_find(const struct sysroot *root, uint32_t pid, struct target *ret_target,
		       struct failure *ret_failure)
{
	struct target target = {.pidfd = -1};
	struct proc_status status;
	int error = procfs_status(root, pid, &status);

	if (error)
		return fail_for(ret_failure, FAILURE_NO_PROCESS, error, pid);
	if (status.kernel_thread)
		return fail_for(ret_failure, FAILURE_KERNEL_THREAD, -EINVAL, pid);
	target.pid = status.tgid;
	memcpy(target.comm, status.comm, sizeof(target.comm));
	target.pidfd = pidfd_open_cloexec(target.pid);
	if (target.pidfd < 0)
		return fail_for(ret_failure,
				target.pidfd == -ESRCH ? FAILURE_NO_PROCESS : FAILURE_SYSTEM,
				target.pidfd, pid);
	/* A zombie still has a pid, but no memory any more. */
	if (has_ended(&target)) {
		close(target.pidfd);
		return fail_for(ret_failure, FAILURE_NO_PROCESS, -ESRCH, pid);
	}
	*ret_target = target;
	return 0;
}

static int targets_init(struct targets *targets, size_t capacity)
{
	*targets = (struct targets)TARGETS_NONE;
	targets->items = calloc(capacity, sizeof(*targets->items));
	targets->ended_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!targets->items)
		return -ENOMEM;
	return targets->ended_fd < 0 ? -errno : 0;
}

/* Takes the target's descriptor over, whatever happens. */
static int targets_add(struct targets *targets, struct target target)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = targets->count};

	if (epoll_ctl(targets->ended_fd, EPOLL_CTL_ADD, target.pidfd, &event)) {
		int error = -errno;

		close(target.pidfd);
		return error;
	}
	targets->items[targets->count++] = target;
	targets->running++;
	return 0;
}

int targets_find(const struct sysroot *root, const uint32_t *pids, size_t count,
		 struct targets *ret_targets, struct failure *ret_failure)
{
	_cleanup_(targets_close) struct targets targets;
	int error = targets_init(&targets, count);

	for (size_t i = 0; i < count && !error; i++) {
		struct target target;

		error = target_find(root, pids[i], &target, ret_failure);
		if (error)
			return error;
		/* the same process by the pids of two of its threads */
		if (targets_have(&targets, target.pid))
			close(target.pidfd);
		else
			error = targets_add(&targets, target);
	}
	if (error)
		return fail(ret_failure, FAILURE_SYSTEM, error, "holding on to the processes");
	*ret_targets = targets;
	targets = (struct targets)TARGETS_NONE;
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

static int add_child(struct targets *targets, pid_t pid, const char *path)
{
	struct target target = {.pid = pid, .pidfd = pidfd_open_cloexec(pid)};

	if (target.pidfd < 0)
		return target.pidfd;
	spawned_comm(path, target.comm);
	return targets_add(targets, target);
}

int targets_spawn(char *const *argv, struct targets *ret_targets, struct failure *ret_failure)
{
	_cleanup_(targets_close) struct targets targets;
	int release[2] = {-1, -1}, exec[2] = {-1, -1};
	int error = targets_init(&targets, 1);
	sigset_t mask;
	pid_t pid = -1;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (!error && pipe2(release, O_CLOEXEC) == 0 && pipe2(exec, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		/* Its own copy of the writing end would keep it waiting for itself. */
		close(release[1]);
		child_run(argv, release[0], exec[1], &mask);
	}
	if (!error)
		error = pid > 0 ? add_child(&targets, pid, argv[0]) : -errno;
	targets.child = pid > 0;
	targets.release_fd = release[1];
	targets.exec_fd = exec[0];
	close(release[0]);
	close(exec[1]);
	if (error)
		return fail(ret_failure, FAILURE_SYSTEM, error, "starting the command");
	*ret_targets = targets;
	targets = (struct targets)TARGETS_NONE;
	return 0;
}

int targets_let_go(struct targets *targets, struct failure *ret_failure)
{
	int error = 0;

	if (!targets->child)
		return 0;
	if (write(targets->release_fd, "", 1) != 1)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "starting the command");
	close(TAKE_FD(targets->release_fd));
	/* Closed without a word by a successful exec. */
	if (read(targets->exec_fd, &error, sizeof(error)) == sizeof(error))
		return fail(ret_failure, FAILURE_EXEC, -error, NULL);
	return 0;
}

bool targets_have(const struct targets *targets, uint32_t pid)
{
	for (size_t i = 0; i < targets->count; i++)
		if (targets->items[i].pid == pid)
			return true;
	return false;
}

bool targets_have_ended(struct targets *targets)
{
	struct epoll_event event;

	while (targets->running && epoll_wait(targets->ended_fd, &event, 1, 0) == 1) {
		int pidfd = targets->items[event.data.u64].pidfd;

		epoll_ctl(targets->ended_fd, EPOLL_CTL_DEL, pidfd, NULL);
		targets->running--;
	}
	return targets->count && !targets->running;
}

uint32_t targets_command_that_runs(const struct targets *targets)
{
	siginfo_t info = {0};

	if (!targets->child || !targets->count ||
	    waitid(P_PID, targets->items[0].pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
		return 0;
	return targets->items[0].pid;
}

bool targets_wait(const struct targets *targets, int *ret_status)
{
	int status;
	pid_t pid;

	if (!targets->child || !targets->count)
		return false;
	do {
		pid = waitpid(targets->items[0].pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return false;
	*ret_status = status;
	return true;
}

void targets_close(struct targets *targets)
{
	bool held = targets->release_fd >= 0;
	int status;

	cleanup_close(&targets->release_fd);
	cleanup_close(&targets->exec_fd);
	if (held)
		targets_wait(targets, &status);
	for (size_t i = 0; i < targets->count; i++)
		close(targets->items[i].pidfd);
	free(targets->items);
	cleanup_close(&targets->ended_fd);
	*targets = (struct targets)TARGETS_NONE;
}

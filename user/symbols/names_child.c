// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/names_child.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "symbols/fetch_server.h"
#include "symbols/server.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
/* errno values that the kernel knows (MAX_ERRNO). */
#define ERRNO_MAX 4095
/* A killed process is gone in microseconds, unless a network file system holds it. */
#define REAP_MS 1000

uint64_t deadline_after(unsigned int milliseconds)
{
	return clock_monotonic_ns() + milliseconds * NS_PER_MS;
}

/* Waits until `fd` can be read or its other end is gone. */
static int wait_readable(int fd, uint64_t deadline_ns, const struct names_meanwhile *meanwhile)
{
	struct pollfd wanted[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = meanwhile ? meanwhile->fd : -1, .events = POLLIN},
	};

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		uint64_t left_ns = now < deadline_ns ? deadline_ns - now : 0;
		struct timespec left = {
			.tv_sec = (time_t)(left_ns / NS_PER_S),
			.tv_nsec = (long)(left_ns % NS_PER_S),
		};
		int r = ppoll(wanted, 2, &left, NULL);

		if (r > 0 && wanted[0].revents)
			return 0;
		if (r > 0 && now < deadline_ns) {
			meanwhile->work(meanwhile->context);
			continue;
		}
		if (r > 0)
			return -ETIMEDOUT;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Forks with every signal blocked: the child must not run a handler of ours. */
static pid_t fork_quietly(void)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Forks a server onto one end of the pair: that of names, or with `places` the one that fetches. */
static int child_fork(int sockets[2], const struct fetch_places *places,
		      struct names_child *ret_child)
{
	pid_t parent = getpid();
	pid_t pid = fork_quietly();
	int pidfd;

	if (pid < 0)
		return -errno;
	if (pid == 0 && places)
		fetch_server_run(places, sockets[1], parent);
	if (pid == 0)
		server_run(sockets[1], parent);
	/* not yet waited for, so the number is still this child's */
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		int error = errno;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -error;
	}
	*ret_child = (struct names_child){.pidfd = pidfd, .socket = TAKE_FD(sockets[0])};
	return 0;
}

static int child_await_ready(const struct names_child *child, uint64_t deadline_ns)
{
	struct names_answer answer;
	int r;

	r = names_child_receive(child, deadline_ns, NULL, &answer);
	if (r < 0)
		return r;
	return answer.type == NAMES_READY ? answer.error : -EBADMSG;
}

static void close_pair(int (*sockets)[2])
{
	cleanup_close(&(*sockets)[0]);
	cleanup_close(&(*sockets)[1]);
}

static int child_start(struct names_child *ret_child, const struct fetch_places *places,
		       uint64_t deadline_ns)
{
	_cleanup_(close_pair) int sockets[2] = {-1, -1};
	struct names_child child = NAMES_CHILD_NONE;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	r = child_fork(sockets, places, &child);
	if (r < 0)
		return r;
	/* or we would never see the end of a child that dies */
	close(TAKE_FD(sockets[1]));
	r = child_await_ready(&child, deadline_ns);
	if (r < 0) {
		names_child_end(&child);
		return r;
	}
	*ret_child = child;
	return 0;
}

int names_child_start(struct names_child *ret_child, uint64_t deadline_ns)
{
	return child_start(ret_child, NULL, deadline_ns);
}

int names_child_start_fetching(struct names_child *ret_child, const struct fetch_places *places,
			       uint64_t deadline_ns)
{
	return child_start(ret_child, places, deadline_ns);
}

void names_child_end(struct names_child *child)
{
	siginfo_t info;

	if (child->pidfd < 0)
		return;
	pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
	wait_readable(child->pidfd, deadline_after(REAP_MS), NULL);
	waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG);
	close(child->pidfd);
	close(child->socket);
	*child = NAMES_CHILD_NONE;
}

bool names_child_is_running(const struct names_child *child)
{
	return child->pidfd >= 0 && wait_readable(child->pidfd, 0, NULL) == -ETIMEDOUT;
}

int names_child_send(const struct names_child *child, const struct names_request *request,
		     const int *fds, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(NAMES_FDS_MAX * sizeof(int))] = {};
	struct iovec data = {(void *)request, NAMES_REQUEST_HEADER + request->length};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd_count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(fd_count * sizeof(int)),
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, fd_count * sizeof(int));
	}
	if (sendmsg(child->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? -ECONNRESET : -errno;
	return 0;
}

static bool answer_is_valid(const struct names_answer *answer, size_t bytes)
{
	return bytes >= NAMES_ANSWER_HEADER && answer->length < NAMES_NAME_MAX &&
	       bytes == NAMES_ANSWER_HEADER + answer->length && answer->error <= 0 &&
	       answer->error >= -ERRNO_MAX;
}

int names_child_receive(const struct names_child *child, uint64_t deadline_ns,
			const struct names_meanwhile *meanwhile, struct names_answer *ret_answer)
{
	struct names_answer answer;
	ssize_t bytes;
	int r;

	r = wait_readable(child->socket, deadline_ns, meanwhile);
	if (r < 0)
		return r;
	/*
	 * No room for control messages: descriptors that a hijacked child sends are dropped. Room
	 * for one byte more than any answer has: a packet that was cut to it is none.
	 */
	bytes = recv(child->socket, &answer, sizeof(answer), MSG_DONTWAIT);
	if (bytes <= 0)
		return -ECONNRESET;
	if (!answer_is_valid(&answer, (size_t)bytes))
		return -EBADMSG;
	memcpy(ret_answer, &answer, (size_t)bytes);
	return 0;
}

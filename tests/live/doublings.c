// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whoever doubles wakes the watcher, which notes what it did so far. A child grows past one
 * doubling after the other and waits after each. What the watcher sleeps on is asked for new calls
 * alone: most of what the ring holds was put there without one, and would be found if anything else
 * woke it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/watch.h"
#include "capture/watch_state.h"

#define MIB (1UL << 20)
/* A call is there before the child says that it has grown, but for machines that call late. */
#define CALL_MS 1000

/* Each is past another power of two, and twice what the last one was, by what samples may be off.
 */
static const size_t sizes_mib[] = {12, 28, 60};
#define STAGES (sizeof(sizes_mib) / sizeof(sizes_mib[0]))

static void say(int fd)
{
	if (send(fd, "", 1, MSG_NOSIGNAL) != 1)
		err(1, "send");
}

static void hear(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, 0) != 1)
		errx(1, "the other one is gone");
}

static void grow(int fd)
{
	size_t done = 0, most = sizes_mib[STAGES - 1] * MIB;
	char *pages = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || madvise(pages, most, MADV_NOHUGEPAGE))
		err(1, "mmap");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < STAGES; i++) {
		hear(fd);
		memset(pages + done, 1, sizes_mib[i] * MIB - done);
		done = sizes_mib[i] * MIB;
		say(fd);
	}
	hear(fd);
}

static pid_t start_child(int *ret_fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(1, "socketpair");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(pair[0]);
		grow(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*ret_fd = pair[0];
	return pid;
}

/* An event is a call that came since the last one, whatever can be read. */
static int open_calls(const struct live *live)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, watch_curves_fd(&live->watch->curves), &event))
		err(1, "epoll");
	return fd;
}

static bool has_called(int fd, int patience_ms)
{
	struct epoll_event event;

	return epoll_wait(fd, &event, 1, patience_ms) == 1;
}

static uint32_t notes_of(const struct live *live, pid_t pid)
{
	for (uint32_t i = 0; i < TIMELINE_CURVES; i++) {
		const struct timeline_curve *curve = &live->watch->curves.timeline.curves[i];

		if (curve->life && live->ledger.accounts[curve->account].tgid == (uint32_t)pid &&
		    live->watch->early[i].life == curve->life)
			return live->watch->early[i].count;
	}
	return 0;
}

/* As the watcher does when it is called. */
static void look(struct live *live)
{
	watch_curves_take(&live->watch->curves);
	watch_look_early(live);
}

static void grow_to(struct live *live, pid_t pid, int fd, int calls, size_t stage)
{
	look(live);
	has_called(calls, 0);
	say(fd);
	hear(fd);
	if (!has_called(calls, CALL_MS))
		errx(1, "at %zu MiB nobody is called", sizes_mib[stage]);
	look(live);
	if (notes_of(live, pid) != stage + 1)
		errx(1, "at %zu MiB there are %u notes", sizes_mib[stage], notes_of(live, pid));
}

static int ignore(void *context, const struct event *event)
{
	(void)context;
	(void)event;
	return 0;
}

int main(void)
{
	const struct watch_options options = {
		.target = "doublings", .period_pages = 8, .take = ignore};
	struct source *source;
	struct failure failure;
	int fd, calls, error;
	pid_t pid = start_child(&fd);

	error = watch_open(&options, &source, &failure);
	if (error)
		errx(1, "cannot watch: %s", strerror(-error));
	calls = open_calls(live_of(source));
	for (size_t i = 0; i < STAGES; i++)
		grow_to(live_of(source), pid, fd, calls, i);
	say(fd);
	waitpid(pid, NULL, 0);
	close(calls);
	close(fd);
	source->close(source);
	puts("each doubling was told and noted");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that runs the command of --on-warn: once for each warning, a few at a time. */
#include "commands/hook_wire.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/drop.h"
#include "base/log.h"
#include "commands/commands.h"

/* As `ps` shows it. */
#define PROCESS_NAME "oomtrace-hook"
/* Commands that run at once. */
#define RUNS_MAX 4
/* Of what one prints, which is said when it fails. */
#define SAID_MAX 256
/* What a shell says, too, where there is no such program. */
#define EXIT_CODE_NOT_RUN 127

struct run {
	pid_t pid;  /* 0: it is free */
	int output; /* what it prints; -1: nobody has the other end any more */
	uint64_t deadline_ns;
	bool late; /* it was killed for its deadline */
	size_t said_bytes;
	char said[SAID_MAX];
};

struct running {
	const struct hook_command *command;
	int socket; /* -1: no warning will come */
	int child_fd;
	uint64_t skipped;
	struct run runs[RUNS_MAX];
	char message[HOOK_MESSAGE_MAX + 1];
};

/* --- a fresh process ------------------------------------------------------------------------- */

/* A command is no more protected from the OOM killer than anybody, whatever the watcher is. */
static void unprotect(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "0");
}

/* After the ids: the kernel forgets these settings when they change. */
static int follow(pid_t parent)
{
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

/* From here on it can do no more than the command. */
static int set_up(struct running *running, pid_t parent)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	int err = drop_signals(ignored, sizeof(ignored) / sizeof(ignored[0]));

	prctl(PR_SET_NAME, PROCESS_NAME);
	unprotect();
	umask(077);
	if (!err)
		err = drop_descriptors(running->socket, true);
	running->socket = DROP_FD;
	if (!err && fcntl(running->socket, F_SETFD, FD_CLOEXEC))
		err = -errno;
	if (!err && chdir("/"))
		err = -errno;
	if (!err)
		err = drop_identity(running->command->uid, running->command->gid);
	if (!err)
		err = follow(parent);
	if (!err && access(running->command->path, X_OK))
		err = -errno;
	return err;
}

/* --- one command ----------------------------------------------------------------------------- */

/*
 * NULL-terminated. False: these are no variables that the finisher would send, which reads what
 * others wrote.
 */
static bool read_variables(char *message, size_t bytes, char **environment)
{
	static char path[] = "PATH=" HOOK_PATH;
	size_t count = 0;

	environment[count++] = path;
	for (char *at = message; at < message + bytes; at += strlen(at) + 1) {
		if (count > HOOK_VARIABLES_MAX ||
		    strncmp(at, HOOK_PREFIX, strlen(HOOK_PREFIX)) != 0 || !strchr(at, '='))
			return false;
		environment[count++] = at;
	}
	environment[count] = NULL;
	return count > 1;
}

_Noreturn static void execute(const struct hook_command *command, char *const *environment,
			      int output)
{
	drop_signals(NULL, 0);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0u, 0))
		_exit(EXIT_CODE_NOT_RUN);
	execve(command->path, command->words, environment);
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(EXIT_CODE_NOT_RUN);
}

static int begin(const struct running *running, struct run *run, char *const *environment)
{
	int output[2];
	pid_t pid;

	if (pipe2(output, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	pid = fork();
	if (pid == 0) {
		/* whose end waits as any command's does */
		fcntl(output[1], F_SETFL, 0);
		execute(running->command, environment, output[1]);
	}
	close(output[1]);
	if (pid < 0) {
		close(output[0]);
		return -EAGAIN;
	}
	*run = (struct run){.pid = pid,
			    .output = output[0],
			    .deadline_ns = clock_monotonic_ns() + running->command->deadline_ns};
	return 0;
}

static struct run *free_run(struct running *running)
{
	for (int i = 0; i < RUNS_MAX; i++)
		if (!running->runs[i].pid)
			return &running->runs[i];
	return NULL;
}

static void take_warning(struct running *running, size_t bytes)
{
	char *environment[HOOK_VARIABLES_MAX + 2];
	struct run *run = free_run(running);
	int err;

	running->message[bytes] = '\0';
	if (!read_variables(running->message, bytes, environment)) {
		log_warning("--on-warn: a warning was not understood");
		return;
	}
	if (!run) {
		running->skipped++;
		log_warning("--on-warn: '%s' was not run, %d of it are running still",
			    running->command->path, RUNS_MAX);
		return;
	}
	err = begin(running, run, environment);
	if (err)
		log_warning("--on-warn: '%s' was not run: %s", running->command->path,
			    strerror(-err));
}

/* --- its end --------------------------------------------------------------------------------- */

/* More than is said is read, too: nobody is to wait for us. */
static void read_output(struct run *run)
{
	char bytes[4096];
	ssize_t got;

	while (run->output >= 0 && (got = read(run->output, bytes, sizeof(bytes))) != 0) {
		size_t room = SAID_MAX - run->said_bytes;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return;
		if ((size_t)got < room)
			room = (size_t)got;
		memcpy(run->said + run->said_bytes, bytes, room);
		run->said_bytes += room;
	}
	cleanup_close(&run->output);
	run->output = -1;
}

/* The first line of what it printed. */
static int said_len(const struct run *run)
{
	const char *end = memchr(run->said, '\n', run->said_bytes);

	return (int)(end ? end - run->said : (ptrdiff_t)run->said_bytes);
}

static void say_end(const struct running *running, const struct run *run, int status)
{
	const char *path = running->command->path;
	const char *colon = said_len(run) ? ": " : "";

	if (run->late)
		log_warning("--on-warn: '%s' was killed, it did not end in %.1f s%s%.*s", path,
			    (double)running->command->deadline_ns / 1e9, colon, said_len(run),
			    run->said);
	else if (WIFSIGNALED(status))
		log_warning("--on-warn: '%s' was killed by signal %d%s%.*s", path, WTERMSIG(status),
			    colon, said_len(run), run->said);
	else if (WEXITSTATUS(status) == EXIT_CODE_NOT_RUN)
		log_warning("--on-warn: '%s' could not be run%s%.*s", path, colon, said_len(run),
			    run->said);
	else if (WEXITSTATUS(status))
		log_warning("--on-warn: '%s' ended with %d%s%.*s", path, WEXITSTATUS(status), colon,
			    said_len(run), run->said);
	else
		log_debug("--on-warn: '%s' has run", path);
}

/* Its process group goes with it. */
static void end(const struct running *running, struct run *run, int status)
{
	kill(-run->pid, SIGKILL);
	read_output(run);
	cleanup_close(&run->output);
	say_end(running, run, status);
	run->pid = 0;
}

static void reap(struct running *running)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < RUNS_MAX; i++)
			if (running->runs[i].pid == pid)
				end(running, &running->runs[i], status);
}

static void kill_late(struct running *running, uint64_t now_ns)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		struct run *run = &running->runs[i];

		if (!run->pid || run->late || now_ns < run->deadline_ns)
			continue;
		run->late = true;
		/* before it has called setsid() it is in no group of its own */
		if (kill(-run->pid, SIGKILL))
			kill(run->pid, SIGKILL);
	}
}

/* --- all together -------------------------------------------------------------------------- */

/* A byte comes when a child has ended. */
static int child_pipe[2];

static void on_child(int number __attribute__((unused)))
{
	int saved = errno;

	if (write(child_pipe[1], "", 1) < 0)
		errno = saved; /* there is one already */
	errno = saved;
}

static int follow_children(struct running *running)
{
	const struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};

	if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK) || sigaction(SIGCHLD, &action, NULL))
		return -errno;
	running->child_fd = child_pipe[0];
	return 0;
}

static int timeout_ms(const struct running *running)
{
	uint64_t now_ns = clock_monotonic_ns(), first_ns = UINT64_MAX;

	for (int i = 0; i < RUNS_MAX; i++)
		if (running->runs[i].pid && !running->runs[i].late &&
		    running->runs[i].deadline_ns < first_ns)
			first_ns = running->runs[i].deadline_ns;
	if (first_ns == UINT64_MAX)
		return -1;
	return first_ns <= now_ns ? 0 : (int)((first_ns - now_ns) / 1000000) + 1;
}

static void take_message(struct running *running)
{
	ssize_t got =
		recv(running->socket, running->message, HOOK_MESSAGE_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (got > 0 && got <= HOOK_MESSAGE_MAX)
		take_warning(running, (size_t)got);
	else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		cleanup_close(&running->socket), running->socket = -1;
}

static void wait_once(struct running *running)
{
	struct pollfd fds[2 + RUNS_MAX] = {
		{.fd = running->socket, .events = POLLIN},
		{.fd = running->child_fd, .events = POLLIN},
	};
	char bytes[64];

	for (int i = 0; i < RUNS_MAX; i++)
		fds[2 + i] =
			(struct pollfd){.fd = running->runs[i].pid ? running->runs[i].output : -1,
					.events = POLLIN};
	if (poll(fds, 2 + RUNS_MAX, timeout_ms(running)) < 0)
		return;
	for (int i = 0; i < RUNS_MAX; i++)
		if (fds[2 + i].revents)
			read_output(&running->runs[i]);
	if (fds[1].revents) {
		while (read(running->child_fd, bytes, sizeof(bytes)) > 0)
			;
		reap(running);
	}
	kill_late(running, clock_monotonic_ns());
	if (fds[0].revents)
		take_message(running);
}

/* The watcher has ended, and does not wait for commands. */
static void end_all(struct running *running)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		if (!running->runs[i].pid)
			continue;
		log_warning("--on-warn: '%s' was killed, for watching has ended",
			    running->command->path);
		if (kill(-running->runs[i].pid, SIGKILL))
			kill(running->runs[i].pid, SIGKILL);
	}
	if (running->skipped)
		log_warning("--on-warn: %llu warnings had no command",
			    (unsigned long long)running->skipped);
}

void hook_run(const struct hook_command *command, int socket, pid_t parent)
{
	static struct running running;
	int err;

	running = (struct running){.command = command, .socket = socket};
	err = set_up(&running, parent);
	if (!err)
		err = follow_children(&running);
	if (send(running.socket, &err, sizeof(err), MSG_NOSIGNAL) < 0 || err)
		_exit(EXIT_CODE_FAILED);
	while (running.socket >= 0)
		wait_once(&running);
	end_all(&running);
	_exit(EXIT_CODE_PRINTED);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/finisher.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "commands/commands.h"
#include "commands/finisher_wire.h"

/* Module ids that can be told from each other: as many as the symbolizer takes. */
#define MODULES_MAX 65536
/* Incidents that the socket had no room for. */
#define UNSENT_MAX 256

struct finisher {
	int socket; /* -1: it has ended */
	pid_t pid;
	enum finisher_health health;
	uint8_t has_module[MODULES_MAX / 8];
	char unsent[UNSENT_MAX][SPOOL_ID_MAX]; /* oldest first */
	size_t unsent_count;
};

static pid_t fork_process(const struct opts *opts, struct spool *spool, struct hook *hook,
			  int sockets[2])
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		close(sockets[0]);
		finisher_run(opts, spool, hook, sockets[1], parent);
	}
	return pid < 0 ? -errno : pid;
}

int finisher_start(const struct opts *opts, struct spool *spool, struct hook *hook,
		   struct finisher **ret_finisher)
{
	_cleanup_free_ struct finisher *finisher = calloc(1, sizeof(*finisher));
	int sockets[2];

	if (!finisher)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	/* written to now: at a kill there may be no memory for it */
	memset(finisher->unsent, 0xff, sizeof(finisher->unsent));
	finisher->socket = sockets[0];
	finisher->pid = fork_process(opts, spool, hook, sockets);
	close(sockets[1]);
	if (finisher->pid < 0) {
		close(sockets[0]);
		return finisher->pid;
	}
	*ret_finisher = TAKE_PTR(finisher);
	return 0;
}

static enum finisher_health reap(struct finisher *finisher)
{
	int status = 0;
	bool known;

	close(TAKE_FD(finisher->socket));
	while ((known = waitpid(finisher->pid, &status, 0) == finisher->pid) == false &&
	       errno == EINTR)
		;
	if (known && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_PRINTED)
		finisher->health = FINISHER_WORKS;
	else if (known && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_FAILED)
		finisher->health = FINISHER_NO_OUTPUT;
	else
		finisher->health = FINISHER_DIED;
	return finisher->health;
}

void finisher_free(struct finisher *finisher)
{
	if (finisher->socket >= 0) {
		kill(finisher->pid, SIGKILL);
		reap(finisher);
	}
	free(finisher);
}

/* --- what it is told ----------------------------------------------------------------------- */

static int send_message(const struct finisher *finisher, const struct finisher_message *message,
			const int *fds, size_t fd_count, int flags)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FINISHER_FDS_MAX * sizeof(int))] = {0};
	struct iovec data = {(void *)message, sizeof(*message)};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd_count > 0) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		*CMSG_FIRSTHDR(&header) =
			(struct cmsghdr){.cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS,
					 .cmsg_len = CMSG_LEN(fd_count * sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), fds, fd_count * sizeof(int));
	}
	return sendmsg(finisher->socket, &header, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void finisher_module(struct finisher *finisher, const struct module_event *module,
		     const int *debug_fds, size_t debug_count)
{
	const struct finisher_message message = {.module = module->id,
						 .perf_map = module->perf_map};
	int fds[FINISHER_FDS_MAX] = {module->fd};
	uint8_t *byte, bit = (uint8_t)(1 << module->id % 8);

	if (finisher->socket < 0 || module->fd < 0 || !module->id || module->id >= MODULES_MAX)
		return;
	memcpy(fds + 1, debug_fds, debug_count * sizeof(*fds));
	byte = &finisher->has_module[module->id / 8];
	/* what finds no room now is sent with the next incident that refers to it */
	if (!(*byte & bit) &&
	    send_message(finisher, &message, fds, 1 + debug_count, MSG_DONTWAIT) == 0)
		*byte |= bit;
}

void finisher_container(struct finisher *finisher, const struct workload_event *workload)
{
	struct finisher_message message = {.container = workload->state_format,
					   .process = workload->process};

	if (finisher->socket < 0 || workload->state_format == CONTAINER_NONE)
		return;
	memcpy(message.container_id, workload->container_id, WORKLOAD_ID_LEN);
	/* incidents that wait come before this one: the file would be taken for theirs */
	if (!finisher->unsent_count)
		send_message(finisher, &message, &workload->state_fd, 1, MSG_DONTWAIT);
}

static int send_incident(const struct finisher *finisher, const char *id, int flags)
{
	struct finisher_message message = {0};

	snprintf(message.id, sizeof(message.id), "%s", id);
	return send_message(finisher, &message, NULL, 0, flags);
}

/* Those that had to wait, in their order. */
static void send_unsent(struct finisher *finisher, int flags)
{
	size_t sent = 0;

	while (sent < finisher->unsent_count &&
	       send_incident(finisher, finisher->unsent[sent], flags) == 0)
		sent++;
	finisher->unsent_count -= sent;
	memmove(finisher->unsent[0], finisher->unsent[sent], finisher->unsent_count * SPOOL_ID_MAX);
}

void finisher_incident(struct finisher *finisher, const char *id)
{
	if (finisher->socket < 0)
		return;
	send_unsent(finisher, MSG_DONTWAIT);
	if (!finisher->unsent_count && send_incident(finisher, id, MSG_DONTWAIT) == 0)
		return;
	/* of more than that those that find no room are finished by the next watcher */
	if (finisher->unsent_count < UNSENT_MAX)
		snprintf(finisher->unsent[finisher->unsent_count++], SPOOL_ID_MAX, "%s", id);
}

int finisher_brief(struct finisher *finisher, const char *id, const void *bytes, size_t len_bytes)
{
	struct finisher_message message = {0};
	struct iovec data[] = {{&message, sizeof(message)}, {(void *)bytes, len_bytes}};
	const struct msghdr header = {.msg_iov = data, .msg_iovlen = 2};

	if (finisher->socket < 0)
		return -EPIPE;
	snprintf(message.id, sizeof(message.id), "%s", id ? id : "");
	return sendmsg(finisher->socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* --- what it says -------------------------------------------------------------------------- */

int finisher_fd(const struct finisher *finisher)
{
	return finisher->socket;
}

enum finisher_health finisher_attend(struct finisher *finisher)
{
	ssize_t got;
	char byte;

	if (finisher->socket < 0)
		return finisher->health;
	got = recv(finisher->socket, &byte, sizeof(byte), MSG_DONTWAIT);
	if (got > 0)
		send_unsent(finisher, MSG_DONTWAIT);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return FINISHER_WORKS;
	return reap(finisher) == FINISHER_WORKS ? (finisher->health = FINISHER_DIED)
						: finisher->health;
}

enum finisher_health finisher_end(struct finisher *finisher)
{
	if (finisher->socket < 0)
		return finisher->health;
	send_unsent(finisher, 0);
	return reap(finisher);
}

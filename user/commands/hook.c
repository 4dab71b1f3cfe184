// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/hook.h"

#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/drop.h"
#include "base/log.h"
#include "commands/hook_wire.h"
#include "render/incident.h"
#include "render/quantity.h"

struct hook {
	int socket; /* -1: the other process has it */
	pid_t pid;  /* 0: it has ended */
	bool failed;
	struct hook_command command;
};

/* --- what is run, and as whom ---------------------------------------------------------------- */

/* No shell, so no quotes: words are what blanks leave. */
static int split(struct hook_command *command, const char *line)
{
	size_t count = 0;

	if (strlen(line) >= sizeof(command->line))
		return -E2BIG;
	strcpy(command->line, line);
	for (char *rest, *word = strtok_r(command->line, " \t\n", &rest); word;
	     word = strtok_r(NULL, " \t\n", &rest)) {
		if (count == HOOK_WORDS_MAX)
			return -E2BIG;
		command->words[count++] = word;
	}
	return count ? 0 : -EINVAL;
}

/* Whether it may be run is seen by who will run it. */
static int find_program(struct hook_command *command)
{
	const char *name = command->words[0];
	_cleanup_free_ char *places = strdup(HOOK_PATH);

	if (strlen(name) >= sizeof(command->path) - sizeof(HOOK_PATH))
		return -ENAMETOOLONG;
	strcpy(command->path, name);
	if (name[0] == '/')
		return 0;
	if (!places || strchr(name, '/'))
		return places ? -EINVAL : -ENOMEM;
	for (char *rest, *place = strtok_r(places, ":", &rest); place;
	     place = strtok_r(NULL, ":", &rest)) {
		snprintf(command->path, sizeof(command->path), "%s/%s", place, name);
		if (access(command->path, F_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static int find_user(struct hook_command *command, const char *name)
{
	const struct passwd *user = name ? getpwnam(name) : NULL;

	command->uid = user ? user->pw_uid : DROP_NOBODY;
	command->gid = user ? user->pw_gid : DROP_NOBODY;
	if (name && !user) {
		log_error("--on-warn-user: there is no user '%s'", name);
		return -EINVAL;
	}
	if (!command->uid || !command->gid) {
		log_error("--on-warn-user: '%s' is root, and the command of --on-warn never is",
			  name);
		return -EPERM;
	}
	if (!drop_can_change_ids() && !getuid()) {
		log_error("--on-warn: its command would be root's, for there are no CAP_SETUID and "
			  "CAP_SETGID to make it anybody else's");
		return -EPERM;
	}
	return 0;
}

static int make_command(const struct opts *opts, struct hook_command *command)
{
	int err = split(command, opts->on_warn);

	if (!err)
		err = find_program(command);
	if (err == -EINVAL)
		log_error("--on-warn: '%s' does not begin with an absolute path, or with the name "
			  "of a program in " HOOK_PATH,
			  opts->on_warn);
	else if (err)
		log_error("--on-warn: '%s' cannot be run: %s", opts->on_warn, strerror(-err));
	if (err)
		return err;
	command->deadline_ns = opts->on_warn_deadline_ns;
	return find_user(command, opts->on_warn_user);
}

/* --- its process --------------------------------------------------------------------------- */

static pid_t fork_process(const struct hook_command *command, const int sockets[2])
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		close(sockets[0]);
		hook_run(command, sockets[1], parent);
	}
	return pid < 0 ? -errno : pid;
}

/* It says whether it could begin. */
static int wait_for_begin(struct hook *hook)
{
	int err = -EPIPE;

	if (recv(hook->socket, &err, sizeof(err), 0) != sizeof(err))
		err = -EPIPE;
	if (err)
		log_error("--on-warn: '%s' cannot be run: %s", hook->command.path, strerror(-err));
	return err;
}

int hook_start(const struct opts *opts, struct hook **ret_hook)
{
	_cleanup_(hook_freep) struct hook *hook = NULL;
	int sockets[2], err;

	if (!opts->on_warn)
		return 0;
	hook = calloc(1, sizeof(*hook));
	if (!hook)
		return -ENOMEM;
	hook->socket = -1;
	err = make_command(opts, &hook->command);
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	hook->socket = sockets[0];
	hook->pid = fork_process(&hook->command, sockets);
	close(sockets[1]);
	if (hook->pid < 0) {
		err = hook->pid;
		hook->pid = 0;
		log_error("--on-warn: %s", strerror(-err));
		return err;
	}
	err = wait_for_begin(hook);
	if (err)
		return err;
	*ret_hook = TAKE_PTR(hook);
	return 0;
}

void hook_leave(struct hook *hook)
{
	if (hook)
		cleanup_close(&hook->socket);
	if (hook)
		hook->socket = -1;
}

void hook_end(struct hook *hook)
{
	if (!hook || !hook->pid)
		return;
	hook_leave(hook);
	while (waitpid(hook->pid, NULL, 0) < 0 && errno == EINTR)
		;
	hook->pid = 0;
}

void hook_free(struct hook *hook)
{
	if (hook->pid)
		kill(hook->pid, SIGKILL);
	hook_end(hook);
	cleanup_close(&hook->socket);
	free(hook);
}

/* --- a warning ------------------------------------------------------------------------------- */

/* What a cgroup or a process is called is a value, whatever is in it. */
static void add_string(struct buf *variables, const char *name, const char *value)
{
	buf_printf(variables, HOOK_PREFIX "%s=%s", name, value);
	buf_append_byte(variables, '\0');
}

static void add_count(struct buf *variables, const char *name, uint64_t count)
{
	buf_printf(variables, HOOK_PREFIX "%s=%" PRIu64, name, count);
	buf_append_byte(variables, '\0');
}

static void add_seconds(struct buf *variables, const char *name, double seconds)
{
	buf_printf(variables, HOOK_PREFIX "%s=%.1f", name, seconds);
	buf_append_byte(variables, '\0');
}

static void add_limit(struct buf *variables, const struct growth_limit *limit)
{
	if (limit->path)
		add_string(variables, "CGROUP", limit->path);
	add_count(variables, "HELD_BYTES", limit->held_bytes);
	add_count(variables, "USAGE_BYTES", limit->usage_bytes);
	add_count(variables, "LIMIT_BYTES", limit->limit_bytes);
	add_string(variables, "TREND", trend_shape_name(limit->trend.shape));
	if (limit->rate_known) {
		buf_printf(variables, HOOK_PREFIX "RATE_BYTES_PER_SECOND=%.0f",
			   limit->bytes_per_second);
		buf_append_byte(variables, '\0');
	}
	if (!limit->forecast_known)
		return;
	add_seconds(variables, "FORECAST_SECONDS", limit->forecast.seconds);
	add_seconds(variables, "FORECAST_LOW_SECONDS", limit->forecast.low_seconds);
	add_seconds(variables, "FORECAST_HIGH_SECONDS", limit->forecast.high_seconds);
}

/* Whose heap to dump. */
static void add_top(struct buf *variables, const struct incident_growing *growing)
{
	add_count(variables, "TOP_PID", growing->row->process->pid);
	add_string(variables, "TOP_COMM", growing->row->process->comm);
	add_count(variables, "TOP_GROWN_BYTES", (uint64_t)growing->grown_bytes);
}

static void add_all(struct buf *variables, const struct incident *incident)
{
	_cleanup_(buf_release) struct buf time = {0};

	quantity_time(&time, incident->event.realtime_ns);
	add_string(variables, "TIME", buf_string(&time));
	add_string(variables, "SCOPE", incident_scope_name(incident->event.scope));
	add_count(variables, "PERCENT", incident->warning->percent);
	if (incident->held.limit.known)
		add_limit(variables, &incident->held.limit);
	if (incident->growing_count)
		add_top(variables, &incident->growing[0]);
}

void hook_warn(struct hook *hook, const struct incident *incident)
{
	_cleanup_(buf_release) struct buf variables = {0};
	ssize_t sent = -1;

	if (!hook || hook->failed || !incident->warning)
		return;
	add_all(&variables, incident);
	errno = -buf_error(&variables);
	if (!errno)
		sent = send(hook->socket, buf_string(&variables), variables.len_bytes,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno == EPIPE) {
		hook->failed = true;
		log_warning("the process that runs the command of --on-warn has died: it is not "
			    "run any more");
	} else if (sent < 0) {
		log_warning("the command of --on-warn was not run: %s", strerror(errno));
	}
}

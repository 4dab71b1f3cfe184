// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "capture/privileges.h"
#include "commands/commands.h"
#include "commands/container_files.h"
#include "commands/finish.h"
#include "commands/finisher_wire.h"
#include "commands/naming.h"
#include "commands/printer.h"
#include "commands/replay.h"

/* As `ps` shows it. */
#define PROCESS_NAME "oomtrace-finish"
/* How long the last reports wait for a reader of stdout that does not read. */
#define LAST_PATIENCE_MS 2000

struct finishing {
	const struct opts *opts;
	const struct spool *spool;
	struct finish finish;
	struct container_files containers; /* of the next incident */
	struct printer *printer;
	struct hook *hook;              /* what warnings are told to; NULL: nothing */
	int socket;                     /* -1: the recorder has closed it */
	char brief[FINISHER_BRIEF_MAX]; /* what is kept nowhere */
	size_t brief_bytes;
	bool told; /* something since the last time that all was read */
};

/* It ends with the recorder's end of the socket, after all that there is to do. */
static int set_up_process(pid_t parent)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, PROCESS_NAME);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static int set_up(struct finishing *finishing, struct spool *spool, pid_t parent)
{
	int err = set_up_process(parent);

	if (err)
		return err;
	spool_leave_lock(spool);
	finishing->finish.spool = spool;
	finishing->finish.containers = &finishing->containers;
	/* while it may still change its ids, which the child that reads files does */
	finishing->finish.symbolizer = naming_open(finishing->opts);
	err = spool_writer_new(spool, SPOOL_FINISHED, &finishing->finish.writer);
	if (!err)
		err = earlier_new(spool, &finishing->finish.earlier);
	if (!err)
		err = printer_new(finishing->opts, spool, &finishing->printer);
	return err ? err : privileges_drop();
}

/* --- incidents ----------------------------------------------------------------------------- */

static void prune(const struct finishing *finishing)
{
	unsigned int dropped = 0;
	int err = spool_prune(finishing->spool, finishing->opts->spool_bytes,
			      finishing->opts->keep_free, &dropped);

	if (err)
		log_warning("old incidents cannot be dropped: %s", strerror(-err));
	if (dropped)
		log_info("the oldest %u incidents were dropped to keep the spool in its bounds",
			 dropped);
}

static void finish_one(const struct finishing *finishing, const struct finish *finish,
		       const char *id)
{
	int err = finish_incident(finish, id);

	if (err)
		log_warning("incident %s has no names in '%s': %s", id, finishing->opts->spool,
			    strerror(-err));
}

/* Ids of modules are another watch's: a symbolizer that has none yet. */
static void finish_leftover(const struct finishing *finishing, const char *id)
{
	struct finish finish = finishing->finish;

	finish.symbolizer = naming_open_for_rows(finishing->opts);
	finish.containers = NULL;
	finish_one(finishing, &finish, id);
	if (finish.symbolizer)
		symbolizer_close(finish.symbolizer);
}

/* What a watcher before has left raw. Nobody waits for a report of it any more. */
static void finish_leftovers(const struct finishing *finishing)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	unsigned int count = 0;

	if (spool_list(finishing->spool, &ids))
		return;
	for (size_t i = 0; i < ids.count; i++)
		if (spool_is_raw(finishing->spool, ids.ids[i])) {
			finish_leftover(finishing, ids.ids[i]);
			count++;
		}
	if (count)
		log_info("%u incident%s of the watcher before had no names yet", count,
			 count == 1 ? "" : "s");
}

/* --- the recorder's messages --------------------------------------------------------------- */

/* The descriptors that came with a message. */
struct files {
	int fds[FINISHER_FDS_MAX];
	size_t count;
};

static void files_release(struct files *files)
{
	while (files->count > 0)
		close(files->fds[--files->count]);
}

static void take_module(const struct finishing *finishing, const struct finisher_message *message,
			const struct files *files)
{
	struct symbolizer *symbolizer = finishing->finish.symbolizer;
	struct module_event module = {.id = message->module,
				      .fd = files->count > 0 ? files->fds[0] : -1,
				      .perf_map = message->perf_map};

	naming_add_module(symbolizer, &module);
	if (symbolizer && files->count > 1)
		symbolizer_add_debug_files(symbolizer, module.id, files->fds + 1, files->count - 1);
}

static void take_container(struct finishing *finishing, const struct finisher_message *message,
			   const struct files *files)
{
	struct workload_event workload = {.process = message->process,
					  .state_format = message->container};

	memcpy(workload.container_id, message->container_id, WORKLOAD_ID_LEN);
	if (files->count > 0)
		container_files_add(&finishing->containers, &workload, files->fds[0]);
}

static void take_incident(struct finishing *finishing, const char *id)
{
	finish_one(finishing, &finishing->finish, id);
	container_files_clear(&finishing->containers);
	printer_add(finishing->printer, id);
	prune(finishing);
}

static void run_hook(const struct finishing *finishing, const char *bytes, size_t len_bytes)
{
	_cleanup_(replay_release) struct replay replay = {0};

	if (replay_stream("what is kept nowhere", fmemopen((void *)bytes, len_bytes, "r"),
			  finishing->opts, &replay) &&
	    replay.incident)
		hook_warn(finishing->hook, replay.incident);
}

/* Without names rather than not at all. The id is that of an incident, or "". */
static void take_brief(struct finishing *finishing, const char *id)
{
	_cleanup_free_ char *named = NULL;
	const char *bytes = finishing->brief;
	size_t len_bytes = finishing->brief_bytes;

	if (!finish_brief(&finishing->finish, id[0], bytes, len_bytes, &named, &len_bytes))
		bytes = named;
	if (id[0])
		container_files_clear(&finishing->containers);
	/* not when it is printed: nobody may be reading that */
	if (finishing->hook)
		run_hook(finishing, bytes, len_bytes);
	printer_add_brief(finishing->printer, id[0], bytes, len_bytes);
}

static void files_of(const struct msghdr *header, struct files *files)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);

	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
		return;
	files->count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(files->fds, CMSG_DATA(control), files->count * sizeof(int));
}

/* 1: a message, 0: none waits, -1: none will come any more. */
static int receive(struct finishing *finishing, struct finisher_message *ret_message,
		   struct files *files)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FINISHER_FDS_MAX * sizeof(int))];
	struct iovec data[] = {{ret_message, sizeof(*ret_message)},
			       {finishing->brief, sizeof(finishing->brief)}};
	struct msghdr header = {.msg_iov = data,
				.msg_iovlen = 2,
				.msg_control = control,
				.msg_controllen = CMSG_LEN(FINISHER_FDS_MAX * sizeof(int))};
	ssize_t got = recvmsg(finishing->socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	files_of(&header, files);
	if (got < (ssize_t)sizeof(*ret_message))
		return -1;
	finishing->brief_bytes = (size_t)got - sizeof(*ret_message);
	return 1;
}

/* One at a time: between two of them stdout is looked at. */
static void take_message(struct finishing *finishing)
{
	struct finisher_message message;
	_cleanup_(files_release) struct files files = {.count = 0};
	int got = receive(finishing, &message, &files);

	if (got < 0) {
		close(TAKE_FD(finishing->socket));
		finishing->told = false;
	} else if (got == 0) {
		if (finishing->told)
			send(finishing->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		finishing->told = false;
	} else {
		finishing->told = true;
		message.id[sizeof(message.id) - 1] = '\0';
		if (message.module)
			take_module(finishing, &message, &files);
		else if (message.container != CONTAINER_NONE)
			take_container(finishing, &message, &files);
		else if (finishing->brief_bytes)
			take_brief(finishing, message.id);
		else
			take_incident(finishing, message.id);
	}
}

/* --- all together -------------------------------------------------------------------------- */

static void say_end(const struct finishing *finishing)
{
	uint64_t left_out = printer_left_out(finishing->printer);

	if (left_out)
		log_warning("%" PRIu64 " report%s not printed: 'oomtrace list' has what is in '%s'",
			    left_out, left_out == 1 ? " was" : "s were", finishing->opts->spool);
	naming_report(finishing->finish.symbolizer);
}

/* 0: go on, 1: done, or -errno of stdout. */
static int wait_once(struct finishing *finishing)
{
	bool print = printer_has_more(finishing->printer);
	struct pollfd fds[] = {
		{.fd = finishing->socket, .events = POLLIN},
		{.fd = print ? STDOUT_FILENO : -1, .events = POLLOUT},
	};
	/* told of something: it may have been all, which the recorder is to know */
	int timeout_ms = finishing->told ? 0 : finishing->socket < 0 ? LAST_PATIENCE_MS : -1;
	int ready;

	if (finishing->socket < 0 && !print)
		return 1;
	ready = poll(fds, 2, timeout_ms);
	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents || finishing->told)
		take_message(finishing);
	if (fds[1].revents)
		return printer_step(finishing->printer);
	return ready == 0 && finishing->socket < 0;
}

void finisher_run(const struct opts *opts, struct spool *spool, struct hook *hook, int socket,
		  pid_t parent)
{
	static struct finishing finishing;
	int err;

	finishing =
		(struct finishing){.opts = opts, .spool = spool, .hook = hook, .socket = socket};
	err = set_up(&finishing, spool, parent);
	if (err) {
		log_warning("incidents will have no names and are not printed: %s", strerror(-err));
		_exit(EXIT_CODE_DATA_LOST);
	}
	finish_leftovers(&finishing);
	while (!(err = wait_once(&finishing)))
		;
	if (err < 0)
		log_error("cannot write to stdout: %s", strerror(-err));
	else
		say_end(&finishing);
	if (finishing.finish.symbolizer)
		symbolizer_close(finishing.finish.symbolizer);
	_exit(err < 0 ? EXIT_CODE_FAILED : EXIT_CODE_PRINTED);
}

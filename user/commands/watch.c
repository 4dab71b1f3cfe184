// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `oomtrace --watch-oom-kills`: each kill's events go to the spool as they come, and are safe there
 * before anything else is done; then frames get names and the incident is printed.
 */
#include "commands/commands.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/sysroot.h"
#include "capture/trace_reader.h"
#include "capture/vmstat.h"
#include "capture/live.h"
#include "capture/recorder.h"
#include "capture/watch.h"
#include "commands/failures.h"
#include "commands/finish.h"
#include "commands/naming.h"
#include "fleet/spool_state.h"

struct watch_command {
	const struct opts *opts;
	struct spool *spool;
	struct spool_writer *writer;
	struct symbolizer *symbolizer; /* NULL: no names */
	struct finisher *finisher;
	struct source *source;
	struct spool_state state;
	char id[SPOOL_ID_MAX]; /* of the incident that is being written */
	uint64_t sequence, kills;
	uint64_t written, failed; /* incidents */
	bool data_lost;           /* an incident says so */
	int write_error;          /* of the one that is being written */
	int output_error;
};

static void watch_close(struct watch_command *watch)
{
	if (watch->source)
		watch->source->close(watch->source);
	if (watch->finisher)
		finisher_free(watch->finisher);
	if (watch->symbolizer)
		symbolizer_close(watch->symbolizer);
	if (watch->writer)
		spool_writer_free(watch->writer);
	if (watch->spool)
		spool_close(watch->spool);
}

/* --- what the one before has left --------------------------------------------------------- */

static int read_boot_id(const struct sysroot *root, char boot_id[SPOOL_BOOT_ID_LEN])
{
	_cleanup_close_ int fd =
		openat(root->proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, SPOOL_BOOT_ID_LEN - 1);

	if (got < 0)
		return -errno;
	boot_id[got] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
	return 0;
}

/* What a file says of its boot, its number and its kills; the rest of it is not read. */
struct head {
	bool same_boot;
	uint64_t sequence;
	uint64_t kills; /* as the kernel counts them */
};

static void head_take(const struct watch_command *watch, const struct event *event,
		      struct head *head)
{
	if (event->type == EVENT_SESSION)
		head->same_boot = strcmp(event->session.boot_id, watch->state.boot_id) == 0;
	else if (event->type == EVENT_INCIDENT)
		head->sequence = event->incident.sequence;
	else if (event->type == EVENT_VICTIM)
		head->kills += event->victim.role != VICTIM_SHARER;
}

static bool head_read(const struct watch_command *watch, const char *id, struct head *head)
{
	struct source *source;
	struct event event;
	FILE *stream;

	*head = (struct head){0};
	if (spool_read(watch->spool, id, &stream))
		return false;
	if (trace_reader_new(stream, &source)) {
		fclose(stream);
		return false;
	}
	while (source->next(source, &event) > 0 && event.type != EVENT_SNAPSHOT)
		head_take(watch, &event, head);
	source->close(source);
	return head->sequence != 0;
}

/* Incidents that were written after the state was: the one before was killed in between. */
static int count_later(struct watch_command *watch)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	uint64_t sequence = watch->state.sequence;
	int err = spool_list(watch->spool, &ids);
	struct head head;

	for (size_t i = ids.count; i-- > 0 && head_read(watch, ids.ids[i], &head);) {
		if (!head.same_boot || head.sequence <= sequence)
			break;
		watch->state.kills += head.kills;
		if (head.sequence > watch->state.sequence)
			watch->state.sequence = head.sequence;
	}
	return err;
}

static void say_gap(const struct watch_command *watch, uint64_t kills_now, bool seen_before)
{
	uint64_t gap = kills_now > watch->state.kills ? kills_now - watch->state.kills : 0;

	if (gap && seen_before)
		log_warning("%" PRIu64 " OOM kills since the last incident were not recorded: "
			    "nobody was watching",
			    gap);
	else if (gap)
		log_info("%" PRIu64 " OOM kills of this boot came before anybody was watching",
			 gap);
}

static int take_over(struct watch_command *watch)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	struct spool_state before = {0};
	uint64_t kills_now = 0;
	bool seen_before;
	int err = sysroot_open_host(&root);

	if (!err)
		err = read_boot_id(&root, watch->state.boot_id);
	if (!err)
		err = vmstat_oom_kills(&root, &kills_now);
	if (err)
		return err;
	seen_before = spool_state_read(watch->spool, &before) == 0 &&
		      strcmp(before.boot_id, watch->state.boot_id) == 0;
	if (seen_before)
		watch->state = before;
	err = count_later(watch);
	say_gap(watch, kills_now, seen_before);
	watch->state.kills = kills_now;
	return err ? err : spool_state_write(watch->spool, &watch->state);
}

/* --- one incident ------------------------------------------------------------------------- */

static void show(const struct incident *incident, void *context)
{
	struct watch_command *watch = context;
	const struct opts *opts = watch->opts;
	const struct render_options options = {.top = (unsigned int)opts->top};
	const struct format *format =
		format_get(opts->format == FORMAT_AUTO ? FORMAT_TEXT : opts->format);
	int err;

	errno = 0;
	if (format->id == FORMAT_TEXT && watch->written > 1)
		fputs("\n\n", stdout);
	err = format_incident(format, incident, &options, stdout);
	if (!err && fflush(stdout) != 0)
		err = errno ? -errno : -EIO;
	watch->output_error = err;
}

static void prune(const struct watch_command *watch)
{
	unsigned int dropped = 0;
	int err = spool_prune(watch->spool, watch->opts->spool_bytes, watch->opts->keep_free,
			      &dropped);

	if (err)
		log_warning("old incidents cannot be dropped: %s", strerror(-err));
	if (dropped)
		log_info("the oldest %u incidents were dropped to keep the spool in its bounds",
			 dropped);
}

static void write_begin(struct watch_command *watch)
{
	watch->id[0] = '\0';
	watch->kills = 0;
	watch->write_error = spool_writer_begin(watch->writer);
}

static void write_event(struct watch_command *watch, const struct event *event)
{
	if (!watch->write_error)
		watch->write_error = spool_writer_add(watch->writer, event);
}

/* The incident is durable when this has returned 0. */
static int write_end(struct watch_command *watch)
{
	int err = watch->write_error;

	if (!err)
		err = spool_writer_commit(watch->writer, watch->id);
	else
		spool_writer_abort(watch->writer);
	watch->written += !err;
	watch->failed += err != 0;
	return err;
}

static void incident_end(struct watch_command *watch)
{
	int err = write_end(watch);

	if (err) {
		log_error("incident %s is lost: it cannot be written to '%s': %s", watch->id,
			  watch->opts->spool, strerror(-err));
		prune(watch);
		return;
	}
	watch->state.sequence = watch->sequence;
	watch->state.kills += watch->kills;
	err = spool_state_write(watch->spool, &watch->state);
	if (!err)
		err = finisher_run(watch->finisher, watch->id, show, watch);
	if (err)
		log_warning("incident %s has no names in '%s': %s", watch->id, watch->opts->spool,
			    strerror(-err));
	prune(watch);
}

static void take(struct watch_command *watch, const struct event *event)
{
	if (event->type == EVENT_SESSION)
		write_begin(watch);
	write_event(watch, event);
	if (event->type == EVENT_INCIDENT) {
		snprintf(watch->id, sizeof(watch->id), "%s", event->incident.id);
		watch->sequence = event->incident.sequence;
	} else if (event->type == EVENT_VICTIM) {
		watch->kills += event->victim.role != VICTIM_SHARER;
	} else if (event->type == EVENT_LOST) {
		watch->data_lost |= event->lost.data && event->lost.count > 0;
	} else if (event->type == EVENT_MODULE) {
		finisher_keep_module(watch->finisher, &event->module);
	} else if (event->type == EVENT_END) {
		incident_end(watch);
	}
}

static int pump(struct watch_command *watch)
{
	struct event event;
	int more = 1;

	while (!watch->output_error && (more = watch->source->next(watch->source, &event)) > 0)
		take(watch, &event);
	return more;
}

/* --- all together ------------------------------------------------------------------------- */

static int open_spool(struct watch_command *watch)
{
	int err = spool_open_writing(watch->opts->spool, &watch->spool);

	if (err == -EBUSY)
		log_error("another oomtrace writes to '%s': give --spool another directory",
			  watch->opts->spool);
	else if (err == -EPERM)
		log_error("'%s' is not safe: it must be ours, and nobody else may write there",
			  watch->opts->spool);
	else if (err)
		log_error("cannot keep incidents in '%s': %s", watch->opts->spool, strerror(-err));
	return err;
}

/* The names child takes its time over a file; what the kernel has to say does not wait. */
static void while_files_are_read(void *source)
{
	live_while_busy(source);
}

static int start(struct watch_command *watch)
{
	struct watch_options options = {
		.period_pages = watch->opts->period_pages,
		.duration_ns = watch->opts->duration_ns,
		.target = "--watch-oom-kills",
		.unwind = watch->opts->unwind,
	};
	struct failure failure = {0};

	if (open_spool(watch))
		return EXIT_CODE_FAILED;
	if (take_over(watch) || spool_writer_new(watch->spool, &watch->writer)) {
		log_error("cannot write to '%s'", watch->opts->spool);
		return EXIT_CODE_FAILED;
	}
	watch->symbolizer = naming_open(watch->opts);
	if (finisher_new(watch->spool, watch->writer, watch->symbolizer, &watch->finisher))
		return EXIT_CODE_FAILED;
	options.last_sequence = watch->state.sequence;
	options.rows = naming_rows(watch->symbolizer);
	if (watch_open(&options, &watch->source, &failure))
		return failure_report(&failure, watch->opts);
	if (watch->symbolizer)
		symbolizer_set_meanwhile(watch->symbolizer, live_busy_fd(watch->source),
					 while_files_are_read, watch->source);
	return EXIT_CODE_PRINTED;
}

static int end(const struct watch_command *watch)
{
	naming_report(watch->symbolizer);
	log_info("%" PRIu64 " incident%s written to '%s', %" PRIu64 " lost", watch->written,
		 watch->written == 1 ? "" : "s", watch->opts->spool, watch->failed);
	if (watch->output_error) {
		log_error("cannot write to stdout: %s", strerror(-watch->output_error));
		return EXIT_CODE_FAILED;
	}
	return watch->opts->strict && (watch->failed || watch->data_lost) ? EXIT_CODE_DATA_LOST
									  : EXIT_CODE_PRINTED;
}

/* Whoever watches for a lack of memory must not be its first victim. */
static void protect(void)
{
	const struct recorder_protection protection = recorder_protect();

	if (protection.lock_error)
		log_warning("its memory may be swapped out: %s", strerror(-protection.lock_error));
	if (protection.adj_error)
		log_warning("the OOM killer may choose it: %s", strerror(-protection.adj_error));
}

int command_watch(const struct opts *opts)
{
	_cleanup_(watch_close) struct watch_command watch = {.opts = opts};
	int code = start(&watch), err;

	if (code != EXIT_CODE_PRINTED)
		return code;
	protect();
	log_info("watching for OOM kills, incidents go to '%s'", opts->spool);
	err = pump(&watch);
	if (err < 0) {
		log_error("watching failed: %s", strerror(-err));
		return EXIT_CODE_FAILED;
	}
	return end(&watch);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `oomtrace --watch-oom-kills`: each kill's events go to the spool as they come, and are safe there
 * before anything else is done. Names and reports are another process's (finisher.h). What the
 * spool refuses is told all the same, from a copy in memory (brief.h).
 */
#include "commands/commands.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/live.h"
#include "capture/recorder.h"
#include "capture/watch.h"
#include "commands/brief.h"
#include "commands/failures.h"
#include "commands/finisher.h"
#include "commands/hook.h"
#include "commands/naming.h"
#include "commands/takeover.h"
#include "commands/told_losses.h"
#include "commands/told_victims.h"
#include "fleet/spool_writer.h"

struct watch_command {
	const struct opts *opts;
	struct spool *spool;
	struct spool_writer *writer;
	struct symbolizer *symbolizer; /* for unwind rows; NULL: there are none */
	struct hook *hook;             /* NULL: there is none */
	struct finisher *finisher;
	struct brief *brief; /* what is told in passing, or a copy of what is being written */
	struct source *source;
	struct spool_state state;
	bool state_is_old;     /* in the spool */
	char id[SPOOL_ID_MAX]; /* of the incident that is being written */
	uint64_t sequence, killed_ns, kills;
	uint64_t written, failed; /* incidents */
	struct told_losses told;
	struct told_victims victims; /* of the one that is being written */
	bool is_oom_kill;            /* the one that is being written: the kernel counts it */
	int write_error;             /* of the one that is being written */
};

static void watch_close(struct watch_command *watch)
{
	if (watch->source)
		watch->source->close(watch->source);
	if (watch->brief)
		brief_free(watch->brief);
	if (watch->finisher)
		finisher_free(watch->finisher);
	if (watch->hook)
		hook_free(watch->hook);
	if (watch->symbolizer)
		symbolizer_close(watch->symbolizer);
	if (watch->writer)
		spool_writer_free(watch->writer);
	if (watch->spool)
		spool_close(watch->spool);
}

/* --- one incident ------------------------------------------------------------------------- */

static void write_begin(struct watch_command *watch)
{
	watch->id[0] = '\0';
	watch->kills = 0;
	watch->victims = (struct told_victims){.count = 0};
	watch->write_error = spool_writer_begin(watch->writer);
}

static void write_event(struct watch_command *watch, const struct event *event)
{
	if (!watch->write_error)
		watch->write_error = spool_writer_add(watch->writer, event);
	brief_add(watch->brief, event);
}

/* By its build-id a module has names even if its file gets lost on the way. */
static void hand_over_module(const struct watch_command *watch, struct module_event *module)
{
	int debug_fds[SYMBOLIZER_DEBUG_FILES_MAX];
	size_t debug_count = 0;

	if (watch->symbolizer)
		debug_count = symbolizer_debug_files(watch->symbolizer, module->id, debug_fds);
	finisher_module(watch->finisher, module, debug_fds, debug_count);
	if (watch->symbolizer)
		module->build_id_len =
			symbolizer_build_id(watch->symbolizer, module->id, module->build_id);
}

static void write_module(struct watch_command *watch, const struct event *event)
{
	struct event module = *event;

	hand_over_module(watch, &module.module);
	write_event(watch, &module);
}

/* The incident is durable when this has returned 0. */
static int write_end(struct watch_command *watch)
{
	int err = watch->write_error;

	if (!err)
		err = spool_writer_commit(watch->writer, watch->id);
	else
		spool_writer_abort(watch->writer);
	return err;
}

/*
 * The finisher keeps the spool in its bounds, but not when a full disk keeps it from working.
 * False: there is no more room than before.
 */
static bool make_room(const struct watch_command *watch)
{
	unsigned int dropped = 0;

	spool_prune(watch->spool, watch->opts->spool_bytes, watch->opts->keep_free, &dropped);
	if (dropped)
		log_info("the oldest %u incidents were dropped to make room", dropped);
	return dropped > 0;
}

static bool write_copy(const struct watch_command *watch)
{
	size_t len_bytes;
	const void *bytes = brief_bytes(watch->brief, &len_bytes);

	return bytes && spool_writer_put(watch->writer, watch->id, bytes, len_bytes) == 0;
}

/* On stderr, too: whoever reads stdout does not look there, and it may find no room. */
static void tell_unkept(const struct watch_command *watch, int err)
{
	char victims[TOLD_VICTIMS_MAX];
	bool sent = brief_send(watch->brief, watch->id) == 0;

	told_victims_words(&watch->victims, victims);
	log_error("killed %s; its incident %s cannot be written to '%s' (%s) and is %s", victims,
		  watch->id, watch->opts->spool, strerror(-err),
		  sent ? "told on stdout alone" : "not printed either");
}

static void incident_end(struct watch_command *watch)
{
	int err = write_end(watch);

	if (err && make_room(watch) && write_copy(watch))
		err = 0;
	watch->written += !err;
	watch->failed += err != 0;
	/* one that was told is not one that nobody was there for */
	watch->state.kills += watch->kills;
	watch->state_is_old = true;
	if (err) {
		tell_unkept(watch, err);
		return;
	}
	log_debug("incident %s was durable %.1f ms after the kill", watch->id,
		  (double)(clock_monotonic_ns() - watch->killed_ns) / 1e6);
	watch->state.sequence = watch->sequence;
	err = spool_state_write(watch->spool, &watch->state);
	watch->state_is_old = err;
	if (err)
		log_warning("the next watcher will not know of incident %s: %s", watch->id,
			    strerror(-err));
	finisher_incident(watch->finisher, watch->id);
}

static int take(void *context, const struct event *event)
{
	struct watch_command *watch = context;

	if (event->type == EVENT_SESSION)
		write_begin(watch);
	if (event->type == EVENT_MODULE)
		write_module(watch, event);
	else
		write_event(watch, event);
	told_victims_note(&watch->victims, event);
	if (event->type == EVENT_WORKLOAD)
		finisher_container(watch->finisher, &event->workload);
	if (event->type == EVENT_INCIDENT) {
		snprintf(watch->id, sizeof(watch->id), "%s", event->incident.id);
		watch->sequence = event->incident.sequence;
		watch->killed_ns = event->incident.monotonic_ns;
		watch->is_oom_kill = event->incident.kind == INCIDENT_OOM_KILL;
	} else if (event->type == EVENT_VICTIM) {
		watch->kills += watch->is_oom_kill && event->victim.role != VICTIM_SHARER;
	} else if (event->type == EVENT_LOST) {
		told_losses_note(&watch->told, &event->lost);
	} else if (event->type == EVENT_END) {
		incident_end(watch);
	}
	return 0;
}

static int take_brief(void *context, const struct event *event)
{
	struct watch_command *watch = context;
	struct event known = *event;

	if (event->type == EVENT_MODULE)
		hand_over_module(watch, &known.module);
	brief_add(watch->brief, &known);
	if (event->type == EVENT_END)
		brief_send(watch->brief, NULL);
	return 0;
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
	else if (err == -EACCES)
		log_error("cannot keep incidents in '%s': Permission denied: run it as root, or "
			  "give --spool a directory of yours",
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

/* False: nobody reads what is printed, which was said. */
static bool attend_finisher(void *context)
{
	struct watch_command *watch = context;
	enum finisher_health health = finisher_attend(watch->finisher);

	if (health == FINISHER_DIED)
		log_warning("the process that names and prints incidents has died: from now on "
			    "they wait in '%s' for the next watcher's",
			    watch->opts->spool);
	if (health != FINISHER_WORKS)
		live_set_onlooker(watch->source, &(struct live_onlooker){.fd = -1});
	return health != FINISHER_NO_OUTPUT;
}

/* Whatever is forked is forked before there is anything to inherit. */
static int start_helpers(struct watch_command *watch)
{
	int err = hook_start(watch->opts, &watch->hook);

	if (err)
		return err;
	err = finisher_start(watch->opts, watch->spool, watch->hook, &watch->finisher);
	hook_leave(watch->hook);
	if (err)
		log_error("cannot start the process that names incidents: %s", strerror(-err));
	else
		watch->symbolizer = naming_open_for_rows(watch->opts);
	if (!err)
		err = brief_new(watch->finisher, &watch->brief);
	return err;
}

/* What the kernel's log does not tell. */
static void say_unwatched(const struct opts *opts)
{
	if (opts->warn.count)
		log_warning("--warn: nobody is warned of, for limits are watched with BPF alone%s",
			    opts->on_warn ? "; --on-warn never runs" : "");
	if (opts->sigkills)
		log_warning("--sigkills: none is told of, for the kernel's log has the OOM "
			    "killer's alone");
}

static int start(struct watch_command *watch)
{
	struct watch_options options = {
		.period_pages = watch->opts->period_pages,
		.duration_ns = watch->opts->duration_ns,
		.target = "--watch-oom-kills",
		.unwind = watch->opts->unwind,
		.take = take,
		.take_brief = take_brief,
		.sigkills = watch->opts->sigkills,
		.warn = watch->opts->warn,
		.context = watch,
	};
	struct failure failure = {0};
	int err = open_spool(watch);

	if (err)
		return err == -EACCES ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED;
	if (takeover(watch->spool, &watch->state) ||
	    spool_writer_new(watch->spool, SPOOL_RAW, &watch->writer)) {
		log_error("cannot write to '%s'", watch->opts->spool);
		return EXIT_CODE_FAILED;
	}
	if (start_helpers(watch))
		return EXIT_CODE_FAILED;
	options.last_sequence = watch->state.sequence;
	options.rows = naming_rows(watch->symbolizer);
	if (watch_open(&options, &watch->source, &failure))
		return failure_report(&failure, watch->opts);
	if (watch_is_by_log(watch->source)) {
		failure_report(&failure, watch->opts);
		log_warning("so the kernel's log alone is watched: incidents have no stacks and no "
			    "curve");
		say_unwatched(watch->opts);
	}
	if (watch->symbolizer)
		symbolizer_set_meanwhile(watch->symbolizer, live_busy_fd(watch->source),
					 while_files_are_read, watch->source);
	live_set_onlooker(watch->source, &(struct live_onlooker){.fd = finisher_fd(watch->finisher),
								 .ready = attend_finisher,
								 .context = watch});
	return EXIT_CODE_PRINTED;
}

static int end(struct watch_command *watch)
{
	enum finisher_health health = finisher_end(watch->finisher);

	hook_end(watch->hook);
	if (watch->state_is_old)
		spool_state_write(watch->spool, &watch->state);
	log_info("%" PRIu64 " incident%s written to '%s', %" PRIu64 " could not be", watch->written,
		 watch->written == 1 ? "" : "s", watch->opts->spool, watch->failed);
	watch_losses(watch->source, told_losses_take_late, &watch->told);
	told_losses_say(&watch->told, brief_lost(watch->brief, INCIDENT_SIGKILL), "SIGKILLs");
	told_losses_say(&watch->told, brief_lost(watch->brief, INCIDENT_WARNING), "warnings");
	if (!watch_is_by_log(watch->source))
		naming_report_rows(live_facts(watch->source).files_without_room);
	if (health == FINISHER_NO_OUTPUT)
		return EXIT_CODE_FAILED;
	return watch->opts->strict && (watch->failed || watch->told.data_lost) ? EXIT_CODE_DATA_LOST
									       : EXIT_CODE_PRINTED;
}

/* Whoever watches for a lack of memory must not be its first victim. */
static void protect(void)
{
	const struct recorder_protection protection = recorder_protect();

	if (protection.lock_error)
		log_warning("oomtrace's own memory may be swapped out: %s",
			    strerror(-protection.lock_error));
	if (protection.adj_error)
		log_warning("the OOM killer may choose oomtrace itself: %s",
			    strerror(-protection.adj_error));
}

int command_watch(const struct opts *opts)
{
	_cleanup_(watch_close) struct watch_command watch = {.opts = opts};
	struct event none;
	int code, err;

	recorder_outlive_readers();
	code = start(&watch);
	if (code != EXIT_CODE_PRINTED)
		return code;
	protect();
	log_info("watching for OOM kills%s, incidents go to '%s'",
		 watch_is_by_log(watch.source) ? " by the kernel's log" : "", opts->spool);
	err = watch.source->next(watch.source, &none);
	if (err < 0) {
		log_error("watching failed: %s", strerror(-err));
		return EXIT_CODE_FAILED;
	}
	return end(&watch);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recording: pumps events from the live source into the model and, when asked for, a trace file;
 * has the frames named once the session is over; prints.
 */
#include "commands/commands.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/log.h"
#include "capture/live.h"
#include "capture/recorder.h"
#include "capture/trace_file.h"
#include "commands/failures.h"
#include "commands/live_show.h"
#include "commands/naming.h"
#include "commands/output.h"

struct recording {
	const struct opts *opts;
	struct source *source;
	struct symbolizer *symbolizer; /* NULL: no names */
	struct growth_builder *builder;
	struct live_show *show;   /* NULL: not yet */
	struct atomic_file *file; /* of what is printed at the end; or */
	struct trace_file *trace; /* of events as they come */
};

static void recording_close(struct recording *recording)
{
	if (recording->show)
		live_show_close(recording->show);
	if (recording->trace)
		trace_file_abort(recording->trace);
	if (recording->file)
		atomic_file_abort(recording->file);
	if (recording->builder)
		growth_builder_free(recording->builder);
	if (recording->symbolizer)
		symbolizer_close(recording->symbolizer);
	if (recording->source)
		recording->source->close(recording->source);
}

/* For people, and for the session event: what the command line asked for. */
static void describe_target(const struct opts *opts, struct buf *out)
{
	if (opts->all) {
		buf_append_string(out, "--all");
	} else if (opts->pid_count) {
		for (size_t i = 0; i < opts->pid_count; i++)
			buf_printf(out, "%s%" PRIu32, i ? "," : "-p ", opts->pids[i]);
	} else if (opts->comm) {
		buf_printf(out, "--comm %s", opts->comm);
	} else if (opts->cgroup) {
		buf_printf(out, "--cgroup %s", opts->cgroup);
	} else {
		buf_append_string(out, "--");
		for (char *const *word = opts->command_argv; *word; word++)
			buf_printf(out, " %s", *word);
	}
}

/* A name that cannot be written is better known before the session than after it. */
static int open_output(struct recording *recording)
{
	const struct opts *opts = recording->opts;
	int error;

	if (opts->format != FORMAT_TRACE)
		return output_open(opts, &recording->file);
	error = trace_file_open(opts->output ? opts->output : "-", opts->max_bytes,
				&recording->trace);
	if (error)
		output_fail(opts, error);
	return error;
}

static int keep(struct recording *recording, const struct event *event)
{
	int error = growth_builder_add(recording->builder, event);

	if (!error && recording->trace)
		error = trace_file_add(recording->trace, event);
	return error;
}

/* Names come after everything else and before the end. */
static int keep_named(const struct event *event, void *context)
{
	return keep(context, event);
}

/* What a long recording costs, as it goes. */
static void say_memory(const struct recording *recording)
{
	struct live_facts facts;

	if (!log_is_verbose())
		return;
	facts = live_facts(recording->source);
	log_debug("the recorder holds %" PRIu64 " KiB, its maps %" PRIu64
		  " KiB, unwind rows %" PRIu64 " KiB; %" PRIu32 " files have no room for theirs",
		  facts.own_bytes >> 10, facts.map_bytes >> 10, facts.row_bytes >> 10,
		  facts.files_without_room);
}

static int take(struct recording *recording, struct event *event)
{
	int error;

	if (event->type == EVENT_SNAPSHOT && event->snapshot.last)
		live_show_end(recording->show);
	if (event->type == EVENT_SNAPSHOT)
		log_debug("snapshot at %.3f s", (double)event->snapshot.time_ns / 1e9);
	if (event->type == EVENT_MODULE)
		naming_add_module(recording->symbolizer, &event->module);
	if (event->type == EVENT_END) {
		error = naming_run(recording->symbolizer, recording->builder, keep_named,
				   recording);
		if (error)
			return error;
	}
	error = keep(recording, event);
	if (error || event->type != EVENT_WHOLE)
		return error;
	error = live_show_snapshot(recording->show);
	recorder_trim();
	say_memory(recording);
	return error;
}

static int pump(struct recording *recording)
{
	struct event event;
	int more;

	while ((more = recording->source->next(recording->source, &event)) > 0) {
		int error = take(recording, &event);

		if (error)
			return error;
	}
	return more;
}

static void say_whom(const struct opts *opts, const struct live_facts *facts)
{
	if (facts->target_count > 1)
		log_info("tracing %zu processes, one page in %" PRIu64, facts->target_count,
			 facts->period_pages);
	else if (facts->target_count)
		log_info("tracing pid %" PRIu32 " (%s), one page in %" PRIu64, facts->pid,
			 facts->comm, facts->period_pages);
	else if (opts->comm)
		log_info("tracing every process named '%s', %zu now, one page in %" PRIu64,
			 opts->comm, facts->process_count, facts->period_pages);
	else if (opts->cgroup)
		log_info("tracing the cgroup '%s', %zu process%s now, one page in %" PRIu64,
			 facts->cgroup, facts->process_count, facts->process_count == 1 ? "" : "es",
			 facts->period_pages);
	else
		log_info("tracing every process, one page in %" PRIu64, facts->period_pages);
}

static void say_ready(const struct source *source, const struct opts *opts)
{
	const struct live_facts facts = live_facts(source);

	if (facts.adopt_error)
		log_warning("what the process held before cannot be looked up: %s",
			    strerror(-facts.adopt_error));
	if (facts.kernel_symbols_error)
		log_warning("kernel functions have no names: /proc/kallsyms hides them (%s)",
			    strerror(-facts.kernel_symbols_error));
	if (opts->cgroup && !facts.cgroup_has_memory)
		log_warning(
			"the kernel does not account for the memory of this cgroup: there is no "
			"memory.stat to compare with");
	if (facts.period_pages == 1)
		log_info("every page is counted: that takes %" PRIu64 " MiB of kernel memory",
			 facts.map_bytes >> 20);
	say_whom(opts, &facts);
}

static int finish_trace(struct recording *recording)
{
	const struct opts *opts = recording->opts;
	unsigned int halvings;
	int error = trace_file_commit(TAKE_PTR(recording->trace), &halvings);

	if (error)
		return output_fail(opts, error);
	if (halvings)
		log_info(
			"snapshots were thinned to one each %.3f s, to keep the file below %" PRIu64
			" MiB",
			(double)opts->interval_ns * (double)(1ULL << halvings) / 1e9,
			opts->max_bytes >> 20);
	return EXIT_CODE_PRINTED;
}

static int print(struct recording *recording)
{
	const struct growth_options options = output_growth_options(recording->opts);
	_cleanup_(growth_freep) struct growth *growth = NULL;
	int error;

	naming_report(recording->symbolizer);
	naming_report_rows(live_facts(recording->source).files_without_room);
	if (recording->trace)
		return finish_trace(recording);
	error = growth_builder_finish(recording->builder, &options, &growth);
	if (error) {
		log_error("cannot add up what was recorded: %s", strerror(-error));
		return EXIT_CODE_FAILED;
	}
	return output_growth(growth, recording->opts, TAKE_PTR(recording->file));
}

/* The command's own status, as a shell shows it, unless we have failed ourselves. */
static int exit_code(struct recording *recording, int printed)
{
	int status;

	if (printed == EXIT_CODE_FAILED || !live_wait_command(recording->source, &status))
		return printed;
	if (status == 0)
		return printed;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start(struct recording *recording)
{
	const struct opts *opts = recording->opts;
	_cleanup_(buf_release) struct buf target = {0};
	struct live_options options = {
		.pids = opts->pids,
		.pid_count = opts->pid_count,
		.comm = opts->comm,
		.cgroup = opts->cgroup,
		.argv = opts->command_argv,
		.all = opts->all,
		.children = opts->children,
		.files = opts->files,
		.kernel_stacks = opts->kernel_stacks,
		.mappings = opts->reserved,
		.unwind = opts->unwind,
		.duration_ns = opts->duration_ns,
		.period_pages = opts->period_pages,
		.snapshot_interval_ns = live_show_interval_ns(opts),
	};
	struct failure failure = {0};

	describe_target(opts, &target);
	options.target = buf_string(&target);
	recording->symbolizer = naming_open(opts);
	options.rows = naming_rows(recording->symbolizer);
	if (live_open(&options, &recording->source, &failure))
		return failure_report(&failure, opts);
	return EXIT_CODE_PRINTED;
}

static void while_names_are_read(void *source)
{
	live_while_busy(source);
}

/* The session is on: now there is something to see, and records must be taken whatever we wait for.
 */
static int open_show(struct recording *recording)
{
	struct source *source = recording->source;
	int error = live_show_open(recording->opts, recording->builder, recording->symbolizer,
				   keep_named, recording, &recording->show);

	if (error) {
		log_error("cannot show what is going on: %s", strerror(-error));
		return error;
	}
	if (recording->symbolizer)
		symbolizer_set_meanwhile(recording->symbolizer, live_busy_fd(source),
					 while_names_are_read, source);
	live_set_onlooker(source, &(struct live_onlooker){.fd = live_show_fd(recording->show),
							  .ready = live_show_ready,
							  .context = recording->show});
	return 0;
}

int command_growth(const struct opts *opts)
{
	_cleanup_(recording_close) struct recording recording = {.opts = opts};
	int error, code;

	recorder_outlive_readers();
	if (growth_builder_new(&recording.builder))
		return EXIT_CODE_FAILED;
	if (opts->format == FORMAT_TRACE)
		growth_builder_name_all(recording.builder);
	if (live_show_kind(opts) != LIVE_SHOW_NOTHING)
		growth_builder_keep_previous(recording.builder);
	if (open_output(&recording))
		return EXIT_CODE_FAILED;
	code = start(&recording);
	if (code != EXIT_CODE_PRINTED)
		return code;
	say_ready(recording.source, opts);
	if (open_show(&recording))
		return EXIT_CODE_FAILED;
	error = pump(&recording);
	if (error) {
		log_error("recording failed: %s", strerror(-error));
		return EXIT_CODE_FAILED;
	}
	return exit_code(&recording, print(&recording));
}

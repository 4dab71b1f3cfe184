// SPDX-License-Identifier: GPL-2.0-or-later
/* The top of an incident's report, which fits a screen: who, why, what, and the largest stacks. */
#include "render/incident.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/crash_loop.h"
#include "render/incident_sender.h"
#include "render/incident_warning.h"
#include "render/quantity.h"
#include "render/text.h"
#include "render/verdict.h"

/* Below the heading, on a terminal of 24 lines. */
#define STACKS_AT_TOP 5
#define ANCESTORS_AT_TOP 4

/* One line of the heading; what follows is appended by the caller. */
static void line_begin(struct buf *out, const char *title)
{
	buf_printf(out, "  %-9s ", title);
}

/* --- who ---------------------------------------------------------------------------------- */

/* As a shell would show it, but for what would need quotes: every word is escaped. */
static void who_command(const struct incident_victim *victim, struct buf *out)
{
	if (!victim->word_count && !victim->exe)
		return;
	line_begin(out, "command");
	if (!victim->word_count)
		escape_terminal_string(out, victim->exe);
	for (size_t i = 0; i < victim->word_count; i++) {
		buf_append_string(out, i ? " " : "");
		escape_terminal_string(out, victim->words[i]);
	}
	buf_append_string(out, victim->words_cut ? " …\n" : "\n");
}

static void who_identity(const struct incident_victim *victim, struct buf *out)
{
	const struct victim_event *kill = &victim->kill;

	if (!(kill->known & (VICTIM_IDENTITY | VICTIM_LOGGED)) && !victim->ancestor_count)
		return;
	line_begin(out, "");
	if (kill->known & VICTIM_LOGGED)
		buf_printf(out, "uid %" PRIu32 ", oom_score_adj %" PRId32, kill->uid,
			   kill->oom_score_adj);
	if (kill->known & VICTIM_IDENTITY)
		buf_printf(out,
			   "uid %" PRIu32 ", %" PRIu32 " thread%s, oom_score_adj %" PRId32 "%s",
			   kill->uid, kill->threads, kill->threads == 1 ? "" : "s",
			   kill->oom_score_adj, victim->ancestor_count ? "; " : "");
	for (size_t i = 0; i < victim->ancestor_count && i < ANCESTORS_AT_TOP; i++) {
		buf_append_string(out, i ? " < " : "child of ");
		escape_terminal_string(out, victim->ancestors[i].comm);
		buf_printf(out, " (%" PRIu32 ")", victim->ancestors[i].pid);
	}
	buf_append_string(out, victim->ancestor_count > ANCESTORS_AT_TOP ? " < …\n" : "\n");
}

static void name_append(struct buf *out, const char **separator, const char *title,
			const char *name)
{
	if (!name)
		return;
	buf_printf(out, "%s%s ", *separator, title);
	escape_terminal_string(out, name);
	*separator = ", ";
}

/* Its cgroup is told where no name of the place says more, and no table of cgroups follows. */
static void who_place(const struct incident_victim *victim, bool with_cgroup, struct buf *out)
{
	const struct place *place = &victim->place;
	bool has_name = place->unit || place->container_id || place->pod_uid;
	const char *separator = "";

	with_cgroup = with_cgroup && !has_name && victim->kill.cgroup;
	if (!has_name && !with_cgroup)
		return;
	line_begin(out, "in");
	if (victim->names) {
		name_append(out, &separator, "namespace", victim->names->kube_namespace);
		name_append(out, &separator, "pod", victim->names->pod);
		name_append(out, &separator, "container", victim->names->container);
	}
	name_append(out, &separator, "image", victim->image);
	name_append(out, &separator, place->runtime ? place->runtime : "container",
		    place->container_id);
	name_append(out, &separator, "pod uid", place->pod_uid);
	name_append(out, &separator, "unit", place->unit);
	name_append(out, &separator, "cgroup", with_cgroup ? victim->kill.cgroup : NULL);
	buf_append_byte(out, '\n');
}

/* --- why ---------------------------------------------------------------------------------- */

static void why_level(const struct level_event *level, struct buf *out)
{
	buf_append_string(out, "a memory limit was reached");
	if (level->known & LEVEL_USAGE && level->known & LEVEL_LIMIT) {
		buf_append_string(out, ", ");
		quantity_bytes(out, level->usage_bytes);
		buf_append_string(out, " of ");
		quantity_bytes(out, level->limit_bytes);
	}
	buf_append_string(out, ", of cgroup ");
	escape_terminal_string(out, level->path);
	buf_append_byte(out, '\n');
}

/* ": nodes 0, 3" */
static void why_nodes(const struct incident_event *event, struct buf *out)
{
	const char *separator = event->nodes & (event->nodes - 1) ? ": nodes " : ": node ";

	if (!(event->known & INCIDENT_NODES))
		return;
	for (unsigned int node = 0; node < 64; node++) {
		if (!(event->nodes >> node & 1))
			continue;
		buf_printf(out, "%s%u", separator, node);
		separator = ", ";
	}
}

static void why(const struct incident *incident, struct buf *out)
{
	static const char *const scopes[] = {
		[SCOPE_UNKNOWN] = "the kernel did not tell what had run out",
		[SCOPE_MEMCG] = "a cgroup's memory limit was reached; which one is not known",
		[SCOPE_CPUSET] = "the memory nodes of its cpuset had run out",
		[SCOPE_MEMPOLICY] = "the memory nodes of its policy had run out",
		[SCOPE_GLOBAL] = "the whole host had run out of memory",
	};

	_Static_assert(sizeof(scopes) / sizeof(scopes[0]) == SCOPE_COUNT, "every scope has words");
	line_begin(out, "why");
	if (incident->fired && incident->event.scope != SCOPE_GLOBAL) {
		why_level(incident->fired, out);
		return;
	}
	buf_append_string(out, scopes[incident->event.scope]);
	why_nodes(&incident->event, out);
	buf_append_byte(out, '\n');
}

static void why_trigger(const struct incident *incident, struct buf *out)
{
	const struct incident_event *event = &incident->event;

	if (!(event->known & INCIDENT_TRIGGER))
		return;
	line_begin(out, "trigger");
	if (incident->victim_count && event->trigger_pid == incident->victims[0].pid) {
		buf_append_string(out, "the victim itself asked for memory");
		if (event->trigger_tid != event->trigger_pid)
			buf_printf(out, " (thread %" PRIu32 ")", event->trigger_tid);
	} else {
		escape_terminal_string(out, event->trigger_comm);
		buf_printf(out, " (pid %" PRIu32 ") asked for memory, and another one was killed",
			   event->trigger_pid);
	}
	buf_append_byte(out, '\n');
}

/* --- what --------------------------------------------------------------------------------- */

static void what_figure(struct buf *out, bool known, const char *separator, const char *title,
			uint64_t bytes)
{
	if (!known)
		return;
	buf_printf(out, "%s%s ", separator, title);
	quantity_bytes(out, bytes);
}

static void what(const struct incident_victim *victim, struct buf *out)
{
	const struct victim_event *kill = &victim->kill;
	bool rss = kill->known & VICTIM_RSS;

	if (!(kill->known & (VICTIM_RSS | VICTIM_PAGE_TABLES | VICTIM_PEAK)))
		return;
	line_begin(out, "held");
	what_figure(out, rss, "", "anon", kill->rss_anon_bytes);
	what_figure(out, rss, ", ", "file", kill->rss_file_bytes);
	what_figure(out, rss, ", ", "shmem", kill->rss_shmem_bytes);
	what_figure(out, rss && !(kill->known & VICTIM_SWAP_UNKNOWN), ", ", "swap",
		    kill->swap_bytes);
	what_figure(out, kill->known & VICTIM_PAGE_TABLES, rss ? ", " : "", "page tables",
		    kill->page_table_bytes);
	what_figure(out, kill->known & VICTIM_PEAK, ", ", "peak RSS", kill->peak_bytes);
	buf_append_string(out, kill->before & VICTIM_RSS ? " (last seen before the kill)\n" : "\n");
}

static void grew_by(struct buf *out, int64_t bytes, uint64_t ns)
{
	buf_append_string(out, bytes < 0 ? "" : "+");
	quantity_signed_bytes(out, bytes);
	buf_append_string(out, " in ");
	quantity_duration(out, ns);
}

static void growth(const struct incident_growth *rate, struct buf *out)
{
	if (!rate->known)
		return;
	line_begin(out, "growth");
	grew_by(out, rate->bytes, rate->span_ns);
	if (rate->recent_ns && rate->recent_ns < rate->span_ns) {
		buf_append_string(out, ", of it ");
		grew_by(out, rate->recent_bytes, rate->recent_ns);
		buf_append_string(out, " before the end");
	}
	buf_append_string(out, rate->of_level ? " (the whole cgroup)\n" : "\n");
}

/* Pressure, as the kernel calls it (PSI). */
static void stalled(const struct incident_stall *stall, struct buf *out)
{
	if (!stall->known)
		return;
	line_begin(out, "stalled");
	quantity_duration(out, stall->some_us * 1000);
	buf_append_string(out, " of ");
	quantity_duration(out, stall->span_ns);
	buf_append_string(out, " some task waited for memory, ");
	quantity_duration(out, stall->full_us * 1000);
	buf_printf(out, " all of them (%s)\n", stall->of_host ? "the whole host" : "the cgroup");
}

static void recorded(const struct incident *incident, const struct render_options *options,
		     struct buf *out)
{
	const struct growth_session *session = &incident->held.session;

	line_begin(out, "incident");
	escape_terminal_string(out, incident->event.id);
	buf_append_string(out, " on ");
	escape_terminal_string(out, session->hostname);
	buf_append_string(out, ", Linux ");
	escape_terminal_string(out, session->kernel_release);
	buf_append_string(out, incident->complete ? "\n" : "; its end is missing\n");
	if (options->unkept) {
		line_begin(out, "kept");
		buf_append_string(out, "nowhere: it could not be written to the spool\n");
	}
	text_degraded(session, out);
}

/* --- all together ------------------------------------------------------------------------- */

static void heading(const struct incident *incident, const struct render_options *options,
		    struct buf *out)
{
	static const char *const titles[] = {
		[INCIDENT_OOM_KILL] = "Out of memory: killed ",
		[INCIDENT_SIGKILL] = "Killed by a signal: ",
		[INCIDENT_WARNING] = "Short of memory: ", /* text_warning() */
	};
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;

	_Static_assert(sizeof(titles) / sizeof(titles[0]) == INCIDENT_KIND_COUNT,
		       "every kind has a title");
	buf_append_string(out, titles[incident->event.kind]);
	if (victim) {
		escape_terminal_string(out, victim->comm);
		buf_printf(out, " (pid %" PRIu32 ")", victim->pid);
	} else {
		buf_append_string(out, "a process that is not known");
	}
	if (incident->victim_count > 1)
		buf_printf(out, " and %zu more", incident->victim_count - 1);
	buf_append_string(out, " at ");
	quantity_time(out, incident->event.realtime_ns);
	buf_append_string(out, "\n\n");
	if (victim) {
		who_command(victim, out);
		who_identity(victim, out);
		who_place(victim, incident_is_brief(incident), out);
	}
	if (incident->sender)
		text_sender(incident, out);
	else
		why(incident, out);
	why_trigger(incident, out);
	if (victim)
		what(victim, out);
	if (incident_is_brief(incident))
		return;
	growth(&incident->growth_rate, out);
	stalled(&incident->stall, out);
	text_loop_line(&incident->loop, out);
	text_verdict(&incident->verdict, out);
	recorded(incident, options, out);
}

static int stacks(const struct incident *incident, const struct render_options *options,
		  struct buf *out)
{
	const struct growth *held = &incident->held;
	size_t most = options->top && options->top < STACKS_AT_TOP ? options->top : STACKS_AT_TOP;
	size_t count = held->row_count < most ? held->row_count : most;

	if (!count) {
		buf_append_string(out, "\nNo stack is known to have held its memory.\n");
		return 0;
	}
	text_stacks_title(count, held->row_count, " that held its memory, leaf first", out);
	return text_stacks_table(held, count, options, out);
}

int text_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream)
{
	_cleanup_(buf_release) struct buf out = {0};
	int err = 0;

	if (incident->event.kind != INCIDENT_WARNING) {
		heading(incident, options, &out);
	} else {
		text_warning(incident, &out);
		err = text_growing(incident, options, &out);
	}
	if (err)
		return err;
	if (incident_is_brief(incident)) {
		if (incident->held.loss_count)
			text_losses(&incident->held, &out);
		return buf_write(&out, stream);
	}
	err = stacks(incident, options, &out);
	if (!err)
		err = text_loop(&incident->loop, options, &out);
	if (!err)
		err = text_incident_detail(incident, options, &out);
	if (err)
		return err;
	if (options->explain)
		text_verdict_explain(&incident->verdict, &out);
	text_losses(&incident->held, &out);
	return buf_write(&out, stream);
}

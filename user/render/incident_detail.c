// SPDX-License-Identifier: GPL-2.0-or-later
/* The sections below the top of an incident's report: each is left out where nothing is known. */
#include "render/incident.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "render/incident_warning.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2
#define TIMELINE_LINES 12
/* Without those of the cgroup. */
#define TIMELINE_COLUMNS 3
#define CANDIDATES_MAX 10
#define BAR_COLUMNS 24

/* --- who else was killed ------------------------------------------------------------------ */

static void co_victims(const struct incident *incident, struct buf *out)
{
	static const char *const roles[] = {
		[VICTIM_CHOSEN] = "chosen, too",
		[VICTIM_GROUP] = "of the same cgroup, killed as a group (memory.oom.group)",
		[VICTIM_SHARER] = "shares the victim's memory",
	};

	_Static_assert(sizeof(roles) / sizeof(roles[0]) == VICTIM_ROLE_COUNT,
		       "every role has words");
	if (incident->victim_count < 2)
		return;
	buf_append_string(out, "\nKilled with it\n\n");
	for (size_t i = 1; i < incident->victim_count; i++) {
		const struct incident_victim *victim = &incident->victims[i];

		buf_append_string(out, "  ");
		escape_terminal_string(out, victim->comm);
		buf_printf(out, " (pid %" PRIu32 "), %s", victim->pid, roles[victim->kill.role]);
		if (victim->kill.known & VICTIM_RSS && victim->kill.role != VICTIM_SHARER) {
			buf_append_string(out, ", anon ");
			quantity_bytes(out, victim->kill.rss_anon_bytes);
		}
		buf_append_byte(out, '\n');
	}
}

/* --- what filled the limit ---------------------------------------------------------------- */

static const struct {
	const char *key, *title;
} term_titles[] = {
	{"anon", "anonymous memory"},
	{"shmem", "tmpfs and shared memory"},
	{"page_cache", "page cache"},
	{"page_tables", "page tables"},
	{"kernel_stacks", "kernel stacks"},
	{"slab", "slab"},
	{"percpu", "per-CPU memory"},
	{"vmalloc", "vmalloc"},
	{"zswap", "compressed swap"},
	{"kernel_other", "other kernel memory"},
	{"sockets", "sockets"},
	{"unused", "unused"},
	{"unexplained", "unexplained"},
};

static const char *term_title(const char *key)
{
	for (size_t i = 0; i < sizeof(term_titles) / sizeof(term_titles[0]); i++)
		if (strcmp(term_titles[i].key, key) == 0)
			return term_titles[i].title;
	return key;
}

static void cell_term(const struct incident_account *account, size_t index, struct buf *cell)
{
	const struct incident_term *term = &account->terms[index];
	bool others = strcmp(term->key, "anon") == 0 && !term->pid && index;

	buf_append_string(cell, term_title(term->key));
	if (term->pid) {
		buf_append_string(cell, " of ");
		escape_terminal_string(cell, term->comm);
		buf_printf(cell, " (pid %" PRIu32 ")", term->pid);
	} else if (others) {
		buf_append_string(cell, " of others");
	}
}

static void cell_source(const struct incident_term *term, struct buf *cell)
{
	static const char *const sources[] = {
		[ACCOUNT_RSS] = "the kernel's RSS counters",
		[ACCOUNT_LEDGER] = "the timeline",
		[ACCOUNT_STAT] = "memory.stat",
		[ACCOUNT_HOST] = "/proc/meminfo",
		[ACCOUNT_REST] = "",
	};
	static const char *const times[] = {
		[TAKEN_AT_KILL] = "",
		[TAKEN_BEFORE] = ", before the kill",
		[TAKEN_AFTER] = ", after the kill",
	};

	_Static_assert(sizeof(sources) / sizeof(sources[0]) == ACCOUNT_SOURCE_COUNT,
		       "every source has words");
	buf_append_string(cell, sources[term->source]);
	if (term->source != ACCOUNT_REST)
		buf_append_string(cell, times[term->when]);
	if (!term->inherited_bytes)
		return;
	buf_append_string(cell, ", without ");
	quantity_bytes(cell, term->inherited_bytes);
	buf_append_string(cell, " inherited");
}

static int account(const struct incident *incident, const struct render_options *options,
		   struct buf *out)
{
	static const struct text_column columns[] = {
		{NULL, true}, {NULL, true}, {NULL, false}, {NULL, false}};
	_cleanup_(text_table_release) struct text_table table = {.columns = columns,
								 .column_count = 4};
	_cleanup_(buf_release) struct buf cell = {0};
	const struct incident_account *sums = &incident->account;

	if (!sums->known)
		return 0;
	buf_append_string(out, "\nWhat filled the ");
	quantity_bytes(out, sums->limit_bytes);
	if (sums->level) {
		buf_append_string(out, " of ");
		escape_terminal_string(out, sums->level->path);
	} else {
		buf_append_string(out, " of the host");
	}
	buf_append_string(out, "\n\n");
	for (size_t i = 0; i < sums->term_count; i++) {
		const struct incident_term *term = &sums->terms[i];

		text_table_line(&table);
		quantity_signed_bytes(&cell, term->bytes);
		text_table_cell(&table, &cell);
		if (term->bytes < 0)
			buf_append_byte(&cell, '-');
		else
			quantity_share(&cell, (uint64_t)term->bytes, sums->limit_bytes);
		text_table_cell(&table, &cell);
		cell_term(sums, i, &cell);
		text_table_cell(&table, &cell);
		cell_source(term, &cell);
		text_table_cell(&table, &cell);
	}
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

/* --- how the victim's stacks add up ------------------------------------------------------- */

static int64_t signed_of(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

static void sum_line(struct buf *out, const char *title, int64_t bytes, uint64_t error_bytes)
{
	_cleanup_(buf_release) struct buf figure = {0};

	quantity_signed_bytes(&figure, bytes);
	buf_printf(out, "  %-34s %12s", title, buf_string(&figure));
	if (error_bytes) {
		buf_append_string(out, "  sampling explains up to ");
		quantity_bytes(out, error_bytes);
	}
	buf_append_byte(out, '\n');
}

/* Of the ledger, next to the kernel's own counter, with the remainder. */
static void adds_up(const struct incident *incident, struct buf *out)
{
	static const struct {
		const char *title;
		size_t offset; /* of a uint64_t in struct growth_account */
	} terms[] = {
		{"   stacks", offsetof(struct growth_account, stacks_bytes)},
		{"+  resident before watching", offsetof(struct growth_account, before_bytes)},
		{"+  inherited from other processes",
		 offsetof(struct growth_account, inherited_bytes)},
		{"+  moved by the kernel", offsetof(struct growth_account, moved_bytes)},
		{"+  lost stacks", offsetof(struct growth_account, lost_bytes)},
	};
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;
	const struct growth_account *anon;

	if (!victim || !victim->process || !(victim->kill.known & VICTIM_RSS))
		return;
	anon = &victim->process->accounts[KIND_ANON];
	buf_append_string(out, "\nHow the victim's anonymous memory adds up\n\n");
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		sum_line(out, terms[i].title,
			 *(const int64_t *)((const char *)anon + terms[i].offset), 0);
	if (anon->before_by_subtraction)
		buf_append_string(out, "     (what was there before watching is what nothing else"
				       " explains)\n");
	if (anon->inherited_by_subtraction)
		buf_append_string(out,
				  "     (what was inherited is what its own pages leave, by the"
				  " stacks of whom it was forked from)\n");
	sum_line(out, "+  unexplained", incident_unexplained_anon(victim), anon->error_bytes);
	sum_line(out, "=  RSS, anonymous", signed_of(victim->kill.rss_anon_bytes), 0);
}

/* --- the limits --------------------------------------------------------------------------- */

static void cell_known(struct text_table *table, struct buf *cell, bool known, uint64_t bytes,
		       const char *otherwise)
{
	if (known)
		quantity_bytes(cell, bytes);
	else
		buf_append_string(cell, otherwise);
	text_table_cell(table, cell);
}

static int levels(const struct incident *incident, const struct render_options *options,
		  struct buf *out)
{
	static const struct text_column columns[] = {{"usage", true},
						     {"limit", true},
						     {"swap", true},
						     {"peak", true},
						     {"cgroup", false}};
	_cleanup_(text_table_release) struct text_table table = {.columns = columns,
								 .column_count = 5};
	_cleanup_(buf_release) struct buf cell = {0};

	if (!incident->level_count)
		return 0;
	buf_append_string(out, "\nThe victim's cgroups, its own first\n\n");
	for (size_t i = 0; i < incident->level_count; i++) {
		const struct level_event *level = &incident->levels[i];

		text_table_line(&table);
		cell_known(&table, &cell, level->known & LEVEL_USAGE, level->usage_bytes, "?");
		cell_known(&table, &cell, level->known & LEVEL_LIMIT, level->limit_bytes, "none");
		cell_known(&table, &cell, level->known & LEVEL_SWAP, level->swap_bytes, "?");
		cell_known(&table, &cell, level->known & LEVEL_PEAK, level->peak_bytes, "?");
		escape_terminal_string(&cell, level->path);
		buf_append_string(&cell, level->fired ? "  <- this limit was reached" : "");
		text_table_cell(&table, &cell);
	}
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

/* --- who could have been killed ----------------------------------------------------------- */

static void cell_growth(struct text_table *table, struct buf *cell,
			const struct incident_holder *holder)
{
	if (holder->growth_known) {
		buf_append_string(cell, holder->growth_bytes < 0 ? "" : "+");
		quantity_signed_bytes(cell, holder->growth_bytes);
		buf_append_string(cell, " in ");
		quantity_duration(cell, holder->growth_ns);
	} else {
		buf_append_byte(cell, '-');
	}
	text_table_cell(table, cell);
}

static void candidate_line(struct text_table *table, struct buf *cell,
			   const struct incident_holder *holder)
{
	const struct candidate_event *candidate = &holder->candidate;

	text_table_line(table);
	quantity_bytes(cell, candidate->rss_bytes);
	text_table_cell(table, cell);
	cell_known(table, cell, candidate->known & CANDIDATE_SWAP, candidate->swap_bytes, "?");
	cell_growth(table, cell, holder);
	buf_printf(cell, "%" PRId32, candidate->oom_score_adj);
	text_table_cell(table, cell);
	if (candidate->known & CANDIDATE_BADNESS)
		buf_printf(cell, "%" PRId64, candidate->badness_pages);
	else
		buf_append_byte(cell, '?');
	text_table_cell(table, cell);
	escape_terminal_string(cell, candidate->comm);
	buf_printf(cell, " (pid %" PRIu32 ")%s", candidate->pid,
		   candidate->chosen ? "  <- chosen" : "");
	text_table_cell(table, cell);
}

static int candidates(const struct incident *incident, const struct render_options *options,
		      struct buf *out)
{
	static const struct text_column columns[] = {{"RSS", true},     {"swap", true},
						     {"growth", true},  {"adj", true},
						     {"badness", true}, {"process", false}};
	_cleanup_(text_table_release) struct text_table table = {.columns = columns,
								 .column_count = 6};
	_cleanup_(buf_release) struct buf cell = {0};
	size_t count = incident->candidate_count;

	if (!count)
		return 0;
	if (count > CANDIDATES_MAX)
		count = CANDIDATES_MAX;
	buf_printf(out, "\nWho could have been killed, %zu of %zu\n\n", count,
		   incident->candidate_count);
	for (size_t i = 0; i < count; i++)
		candidate_line(&table, &cell, &incident->candidates[i]);
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

/* --- how it got there --------------------------------------------------------------------- */

static bool is_of_level(const struct incident *incident, const struct moment_event *moment)
{
	return !moment->process && moment->known & MOMENT_USAGE &&
	       moment->level == (incident->fired ? incident->fired->index : 0);
}

static bool is_of_curve(const struct incident *incident, const struct moment_event *moment)
{
	const struct incident_growth *rate = &incident->growth_rate;

	if (rate->of_level)
		return is_of_level(incident, moment);
	return incident->victim_count && moment->known & MOMENT_RSS &&
	       moment->process == incident->victims[0].kill.process;
}

static uint64_t curve_bytes(const struct incident *incident, const struct moment_event *moment)
{
	return incident->growth_rate.of_level ? moment->usage_bytes : moment_rss_bytes(moment);
}

/* Of the cgroup that fired, at this moment or the last one before. NULL: unknown. */
static const struct moment_event *usage_at(const struct incident *incident, uint64_t before_ns)
{
	const struct moment_event *latest = NULL;

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (moment->before_ns < before_ns)
			break;
		if (is_of_level(incident, moment))
			latest = moment;
	}
	return latest;
}

static void moment_line(struct text_table *table, struct buf *cell, const struct incident *incident,
			const struct moment_event *moment, uint64_t most_bytes)
{
	uint64_t bytes = curve_bytes(incident, moment);
	size_t bar = most_bytes ? (size_t)((double)bytes / (double)most_bytes * BAR_COLUMNS) : 0;
	const struct moment_event *usage = usage_at(incident, moment->before_ns);

	text_table_line(table);
	buf_append_byte(cell, '-');
	quantity_duration(cell, moment->before_ns);
	text_table_cell(table, cell);
	quantity_bytes(cell, bytes);
	text_table_cell(table, cell);
	if (table->column_count > TIMELINE_COLUMNS) {
		if (usage)
			quantity_bytes(cell, usage->usage_bytes);
		text_table_cell(table, cell);
		if (usage && usage->known & MOMENT_LIMIT)
			quantity_share(cell, usage->usage_bytes, usage->limit_bytes);
		text_table_cell(table, cell);
	}
	while (bar--)
		buf_append_byte(cell, '#');
	text_table_cell(table, cell);
}

/* So many of all, evenly, the first and the last among them. */
static bool line_is_shown(size_t index, size_t count)
{
	if (count <= TIMELINE_LINES || index == 0 || index + 1 == count)
		return true;
	return index * (TIMELINE_LINES - 1) / (count - 1) !=
	       (index - 1) * (TIMELINE_LINES - 1) / (count - 1);
}

static int timeline(const struct incident *incident, const struct render_options *options,
		    struct buf *out)
{
	static const struct text_column columns[] = {
		{"before", true}, {"bytes", true}, {"", false}};
	static const struct text_column with_cgroup[] = {{"before", true},
							 {"bytes", true},
							 {"cgroup", true},
							 {"of limit", true},
							 {"", false}};
	bool cgroup = incident->level_growth.known && !incident->growth_rate.of_level;
	_cleanup_(text_table_release) struct text_table table = {
		.columns = cgroup ? with_cgroup : columns,
		.column_count = cgroup ? TIMELINE_COLUMNS + 2 : TIMELINE_COLUMNS};
	_cleanup_(buf_release) struct buf cell = {0};
	uint64_t most_bytes = 0;
	size_t count = 0, index = 0;

	for (size_t i = 0; i < incident->moment_count; i++) {
		const struct moment_event *moment = &incident->moments[i];

		if (!is_of_curve(incident, moment))
			continue;
		count++;
		if (curve_bytes(incident, moment) > most_bytes)
			most_bytes = curve_bytes(incident, moment);
	}
	if (!count || !incident->growth_rate.known)
		return 0;
	buf_printf(out, "\nHow it got there: %s%s, %zu moments\n\n",
		   incident->growth_rate.of_level ? "the cgroup's usage" : "the victim's RSS",
		   incident->growth_rate.of_level || !incident->victim_count ||
				   !incident_inherited_bytes(&incident->victims[0])
			   ? ""
			   : " without what it inherited",
		   count);
	for (size_t i = 0; i < incident->moment_count; i++)
		if (is_of_curve(incident, &incident->moments[i]) && line_is_shown(index++, count))
			moment_line(&table, &cell, incident, &incident->moments[i], most_bytes);
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

/* --- what the trigger was doing ----------------------------------------------------------- */

static void frames(const struct incident_stack *stack, const char *title, struct buf *out)
{
	if (!stack->frame_count)
		return;
	buf_printf(out, "  %s  ", title);
	for (uint32_t i = stack->frame_count; i > 0; i--) {
		escape_terminal_string(out, stack->frames[i - 1]);
		buf_append_string(out, i > 1 ? " < " : "\n");
	}
}

static void trigger(const struct incident *incident, struct buf *out)
{
	const struct incident_trigger *stacks = &incident->trigger;

	if (!stacks->user.frame_count && !stacks->kernel.frame_count)
		return;
	buf_append_string(out, "\nWhat the trigger was doing, leaf first\n\n");
	frames(&stacks->kernel, "kernel ", out);
	frames(&stacks->user, "program", out);
}

/* --- all together ------------------------------------------------------------------------- */

int text_incident_detail(const struct incident *incident, const struct render_options *options,
			 struct buf *out)
{
	static int (*const tables[])(const struct incident *, const struct render_options *,
				     struct buf *) = {account, levels, text_incident_mapped,
						      candidates, timeline};
	int err = 0;

	co_victims(incident, out);
	adds_up(incident, out);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++)
		err = tables[i](incident, options, out);
	text_warned(incident, out);
	trigger(incident, out);
	text_incident_facts(incident, out);
	text_incident_taken(incident, out);
	return err;
}

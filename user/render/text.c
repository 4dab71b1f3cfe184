// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "base/escape.h"
#include "render/limit.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2

void text_process_name(struct buf *out, const struct growth_process *process)
{
	escape_terminal_string(out, process->comm);
	buf_printf(out, " (pid %" PRIu32 ")", process->pid);
}

/* --- what was recorded -------------------------------------------------------------------- */

static void heading_exit_status(int wait_status, struct buf *out)
{
	if (WIFSIGNALED(wait_status))
		buf_printf(out, " (killed by signal %d)", WTERMSIG(wait_status));
	else
		buf_printf(out, " (exit status %d)", WEXITSTATUS(wait_status));
}

static void heading_recorded(const struct growth_session *session, struct buf *out)
{
	static const char *const reasons[] = {
		[END_TARGET_ENDED] = "until the target ended",
		[END_INTERRUPTED] = "until interrupted",
		[END_DURATION] = "as long as asked for",
	};

	buf_append_string(out, "  recorded  ");
	if (session->complete) {
		quantity_duration(out, session->duration_ns);
		buf_printf(out, ", %s", reasons[session->reason]);
		if (session->has_exit_status)
			heading_exit_status(session->exit_status, out);
	} else {
		buf_append_string(out, "the end is missing");
	}
	buf_append_string(out, ", from ");
	quantity_time(out, session->start_realtime_ns);
	buf_append_byte(out, '\n');
}

static void heading_host(const struct growth_session *session, struct buf *out)
{
	buf_append_string(out, "  host      ");
	escape_terminal_string(out, session->hostname);
	buf_append_string(out, ", Linux ");
	escape_terminal_string(out, session->kernel_release);
	buf_append_byte(out, ' ');
	escape_terminal_string(out, session->machine);
	buf_append_string(out, ", oomtrace ");
	escape_terminal_string(out, session->tool_version);
	buf_append_byte(out, '\n');
}

static void heading_method(const struct growth *growth, struct buf *out)
{
	const struct growth_session *session = &growth->session;

	if (growth->reserved && growth->row_count)
		buf_append_string(out, "  method    every mapping followed, exact to the page\n");
	else if (growth->reserved)
		buf_append_string(
			out, "  method    no mappings were followed, which --virtual does as it "
			     "records\n");
	else if (session->period_pages == 1)
		buf_append_string(out, "  method    every page counted, exact to the page\n");
	else
		buf_printf(out,
			   "  method    one page in %" PRIu64
			   " sampled, ± is the 95 %% bound of each figure\n",
			   session->period_pages);
}

void text_degraded(const struct growth_session *session, struct buf *out)
{
	const char *line = session->degraded;

	while (*line) {
		size_t length = strcspn(line, "\n");

		buf_append_string(out, "  degraded  ");
		escape_terminal(out, line, length);
		buf_append_byte(out, '\n');
		line += length + (line[length] == '\n');
	}
}

/* A part of the recording alone. */
static void heading_interval(const struct growth *growth, struct buf *out)
{
	if (!growth->has_from && !growth->earlier)
		return;
	buf_append_string(out, "  shown     ");
	if (growth->has_from) {
		buf_append_string(out, "from ");
		quantity_duration(out, growth->from_ns);
		buf_append_string(out, " to ");
	} else {
		buf_append_string(out, "at ");
	}
	quantity_duration(out, growth->time_ns);
	buf_append_string(out, " after the start\n");
}

static bool is_at_exit(const struct growth *growth)
{
	return growth->session.reason == END_TARGET_ENDED && !growth->earlier &&
	       !growth->since_start && !growth->has_from && !growth->reserved;
}

/* What the bytes of all rows are: a process that has ended holds what it held then. */
static const char *heading_total_title(const struct growth *growth)
{
	if (growth->since_start)
		return "allocated";
	if (growth->has_from)
		return "grown by";
	if (growth->reserved)
		return "reserved";
	return is_at_exit(growth) ? "at exit" : "live";
}

static void heading_total(const struct growth *growth, struct buf *out)
{
	buf_printf(out, "  %-9s ", heading_total_title(growth));
	quantity_signed_bytes(out, growth->total_bytes);
	buf_printf(out, " (%" PRId64 " bytes) in %zu stacks%s\n", growth->total_bytes,
		   growth->row_count,
		   is_at_exit(growth) && growth->process_count > 1
			   ? ", of each process at its own end"
			   : "");
}

static void heading_kinds(const struct growth *growth, struct buf *out)
{
	static const enum memory_kind order[] = {KIND_ANON, KIND_SHMEM, KIND_FILE, KIND_KERNEL,
						 KIND_PENDING};
	const char *separator = "  of it     ";

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!growth->kind_bytes[order[i]])
			continue;
		buf_printf(out, "%s%s ", separator, memory_kind_name(order[i]));
		quantity_signed_bytes(out, growth->kind_bytes[order[i]]);
		separator = ", ";
	}
	if (separator[0] == ',')
		buf_append_byte(out, '\n');
}

/* Of processes that ended earlier only what outlives them is shown; somebody may look for more. */
static void heading_gone(const struct growth *growth, struct buf *out)
{
	size_t gone = growth->gone_count;

	for (size_t i = 0; i < growth->process_count; i++)
		gone += growth->processes[i].ended && !growth->processes[i].at_end;
	if (gone && !growth->since_start)
		buf_printf(out,
			   "  gone      %zu %s, by exit or exec: what they left behind is shown\n",
			   gone, gone == 1 ? "process" : "processes");
}

static const char *heading_subject(const struct growth *growth)
{
	if (growth->reserved)
		return "Addresses reserved";
	if (!growth->since_start)
		return "Memory growth";
	return growth->has_from ? "Memory allocated" : "Memory allocated since the start";
}

static void text_heading(const struct growth *growth, struct buf *out)
{
	buf_append_string(out, heading_subject(growth));
	buf_append_string(out, ": oomtrace ");
	escape_terminal_string(out, growth->session.target);
	buf_append_string(out, "\n\n");
	heading_recorded(&growth->session, out);
	heading_interval(growth, out);
	heading_host(&growth->session, out);
	heading_method(growth, out);
	text_degraded(&growth->session, out);
	heading_total(growth, out);
	heading_kinds(growth, out);
	heading_gone(growth, out);
}

/* --- the largest stacks ------------------------------------------------------------------- */

/* What rows count decides which columns mean something. */
enum stack_view { VIEW_LIVE, VIEW_GROWN, VIEW_ALLOCATED, VIEW_RESERVED, VIEW_RESERVED_GROWN };

#define IN_LIVE (1U << VIEW_LIVE)
#define IN_GROWN (1U << VIEW_GROWN)
#define IN_ALLOCATED (1U << VIEW_ALLOCATED)
#define IN_RESERVED (1U << VIEW_RESERVED)
#define IN_ALL (IN_LIVE | IN_GROWN | IN_ALLOCATED | IN_RESERVED | 1U << VIEW_RESERVED_GROWN)

static enum stack_view view_of(const struct growth *growth)
{
	if (growth->reserved)
		return growth->has_from ? VIEW_RESERVED_GROWN : VIEW_RESERVED;
	if (growth->since_start)
		return VIEW_ALLOCATED;
	return growth->has_from ? VIEW_GROWN : VIEW_LIVE;
}

/* A column of the table of stacks: how its cell is made of a row. */
struct stack_column {
	struct text_column column;
	unsigned int views; /* bits (1 << enum stack_view) in which it says something */
	void (*cell)(const struct growth *growth, const struct growth_row *row, struct buf *cell);
};

static void cell_bytes(const struct growth *growth __attribute__((unused)),
		       const struct growth_row *row, struct buf *cell)
{
	quantity_signed_bytes(cell, row->bytes);
}

static void cell_error(const struct growth *growth, const struct growth_row *row, struct buf *cell)
{
	if (!row->samples && !row->from_samples)
		buf_append_string(cell, "subtracted");
	else if (growth->reserved || growth->session.period_pages == 1)
		buf_append_string(cell, "exact");
	else
		quantity_bytes(cell, row->error_bytes);
}

static void cell_share(const struct growth *growth, const struct growth_row *row, struct buf *cell)
{
	/* what was retired meanwhile counts as allocated by [ended processes] instead */
	if (row->bytes > 0 && growth->total_bytes > 0)
		quantity_share(cell, (uint64_t)row->bytes, (uint64_t)growth->total_bytes);
	else
		buf_append_byte(cell, '-');
}

static void cell_allocated(const struct growth *growth __attribute__((unused)),
			   const struct growth_row *row, struct buf *cell)
{
	if (row->allocated_bytes)
		quantity_bytes(cell, row->allocated_bytes);
	else if (row->allocated_above)
		buf_append_string(cell, "above");
	else
		buf_append_byte(cell, '-');
}

static void cell_kind(const struct growth *growth __attribute__((unused)),
		      const struct growth_row *row, struct buf *cell)
{
	buf_append_string(cell, memory_kind_name(row->kind));
}

static void cell_process(const struct growth *growth __attribute__((unused)),
			 const struct growth_row *row, struct buf *cell)
{
	text_process_name(cell, row->process);
	if (strcmp(row->comm, row->process->comm) == 0)
		return;
	buf_append_string(cell, " thread ");
	escape_terminal_string(cell, row->comm);
}

static const struct stack_column stack_columns[] = {
	{{"bytes", true}, IN_ALL, cell_bytes},
	{{"±", true}, IN_ALL, cell_error},
	{{"share", true}, IN_LIVE | IN_ALLOCATED | IN_RESERVED, cell_share},
	{{"since start", true}, IN_LIVE, cell_allocated},
	{{"allocated", true}, IN_GROWN, cell_allocated},
	{{"kind", false}, IN_LIVE | IN_GROWN, cell_kind},
	{{"process", false}, IN_ALL, cell_process},
};

#define STACK_COLUMNS (sizeof(stack_columns) / sizeof(stack_columns[0]))

static bool column_is_shown(const struct growth *growth, const struct stack_column *column)
{
	return column->views & 1U << view_of(growth);
}

void text_frames(const struct growth_row *row, const struct render_options *options,
		 struct buf *out)
{
	for (uint32_t i = row->frame_count; i > 0; i--) {
		escape_terminal_string(out, row->frames[i - 1]);
		if (options->annotate)
			buf_append_string(out, growth_frame_mark(row, i - 1));
		if (i > 1)
			buf_append_string(out, " < ");
	}
}

int text_stacks_table(const struct growth *growth, size_t count,
		      const struct render_options *options, struct buf *out)
{
	_cleanup_(text_table_release) struct text_table table = {0};
	_cleanup_(buf_release) struct buf cell = {0};
	struct text_column columns[STACK_COLUMNS];

	for (size_t i = 0; i < STACK_COLUMNS; i++)
		if (column_is_shown(growth, &stack_columns[i]))
			columns[table.column_count++] = stack_columns[i].column;
	table.columns = columns;

	for (size_t i = 0; i < count; i++) {
		const struct growth_row *row = &growth->rows[i];

		text_table_line(&table);
		for (size_t column = 0; column < STACK_COLUMNS; column++) {
			if (!column_is_shown(growth, &stack_columns[column]))
				continue;
			stack_columns[column].cell(growth, row, &cell);
			text_table_cell(&table, &cell);
		}
		text_frames(row, options, &cell);
		text_table_detail(&table, &cell);
	}
	return text_table_print(&table, TEXT_INDENT, options->columns, out);
}

void text_stacks_title(size_t count, size_t of, const char *rest, struct buf *out)
{
	if (count < of)
		buf_printf(out, "\nThe %zu largest of %zu stacks", count, of);
	else if (of == 1)
		buf_append_string(out, "\nThe only stack");
	else
		buf_printf(out, "\nAll %zu stacks", of);
	buf_printf(out, "%s\n\n", rest);
}

static int text_stacks(const struct growth *growth, const struct render_options *options,
		       struct buf *out)
{
	size_t count = growth->row_count < options->top ? growth->row_count : options->top;

	if (!count)
		return 0;
	text_stacks_title(count, growth->row_count, ", leaf first", out);
	return text_stacks_table(growth, count, options, out);
}

/* --- what was lost ------------------------------------------------------------------------ */

void text_losses(const struct growth *growth, struct buf *out)
{
	buf_append_string(out, "\nWhat was lost\n\n");
	if (!growth->session.complete)
		buf_append_string(out, "  the end of the recording\n");
	else if (!growth->loss_count)
		buf_append_string(out, "  nothing\n");
	for (size_t i = 0; i < growth->loss_count; i++) {
		const struct growth_loss *loss = &growth->losses[i];

		buf_printf(out, "  %" PRIu64 " ", loss->count);
		escape_terminal_string(out, loss->cause);
		buf_append_string(out, loss->data ? ": " : " (no data lost): ");
		escape_terminal_string(out, loss->meaning);
		buf_append_byte(out, '\n');
	}
}

int text_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_(buf_release) struct buf out = {0};
	int err;

	text_heading(growth, &out);
	if (growth->limit.known) {
		buf_append_string(&out, "  limit     ");
		limit_line(&out, &growth->limit);
		buf_append_byte(&out, '\n');
	}
	err = text_stacks(growth, options, &out);
	if (err)
		return err;
	err = text_host(growth, options, &out);
	if (err)
		return err;
	err = text_cgroups(growth, options, &out);
	if (err)
		return err;
	err = text_files(growth, options, &out);
	if (err)
		return err;
	err = text_accounts(growth, options, &out);
	if (err)
		return err;
	err = text_mappings(growth, options, &out);
	if (err)
		return err;
	text_losses(growth, &out);
	return buf_write(&out, stream);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include "model/estimate.h"
#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2
/* Beyond these the report would be about processes, not about stacks. */
#define TEXT_PROCESSES_MAX 8

/* The cells of a line: kind, sign, what, bytes, remark. No titles. */
static const struct text_column account_columns[] = {
	{NULL, false}, {NULL, false}, {NULL, false}, {NULL, true}, {NULL, false},
};

static void put_text(struct text_table *table, const char *text)
{
	_cleanup_(buf_release) struct buf cell = {0};

	buf_append_string(&cell, text);
	text_table_cell(table, &cell);
}

static void put_line(struct text_table *table, const char *kind, const char *sign, const char *what,
		     int64_t bytes, const char *remark)
{
	_cleanup_(buf_release) struct buf cell = {0};

	text_table_line(table);
	put_text(table, kind);
	put_text(table, sign);
	put_text(table, what);
	quantity_signed_bytes(&cell, bytes);
	text_table_cell(table, &cell);
	put_text(table, remark);
}

static void put_unknown(struct text_table *table, const char *sign, const char *what)
{
	text_table_line(table);
	put_text(table, "");
	put_text(table, sign);
	put_text(table, what);
	put_text(table, "unknown");
	put_text(table, "");
}

/* --- anon: an equation, with its remainder ------------------------------------------------ */

static const struct {
	const char *what;
	size_t offset; /* of a uint64_t in struct growth_account */
} anon_terms[] = {
	{"stacks", offsetof(struct growth_account, stacks_bytes)},
	{"resident before tracing", offsetof(struct growth_account, before_bytes)},
	{"inherited from other processes", offsetof(struct growth_account, inherited_bytes)},
	{"moved by the kernel", offsetof(struct growth_account, moved_bytes)},
	{"lost stacks", offsetof(struct growth_account, lost_bytes)},
};

static const char *anon_term_remark(const struct growth_account *anon, size_t offset)
{
	bool before = offset == offsetof(struct growth_account, before_bytes);

	return before && anon->before_by_subtraction
		       ? "by subtraction: frame numbers are not readable"
		       : "";
}

static void put_anon_terms(struct text_table *table, const struct growth_account *anon)
{
	for (size_t i = 0; i < sizeof(anon_terms) / sizeof(anon_terms[0]); i++) {
		const uint64_t *term = (const void *)((const char *)anon + anon_terms[i].offset);

		put_line(table, i ? "" : "anon", i ? "+" : "", anon_terms[i].what, (int64_t)*term,
			 anon_term_remark(anon, anon_terms[i].offset));
	}
}

static void put_anon(struct text_table *table, const struct growth_account *anon)
{
	_cleanup_(buf_release) struct buf remark = {0};

	put_anon_terms(table, anon);
	if (!anon->kernel_known) {
		put_unknown(table, "=", "RssAnon");
		return;
	}
	if (anon->error_bytes) {
		buf_append_string(&remark, "sampling explains up to ");
		quantity_bytes(&remark, anon->error_bytes);
	}
	put_line(table, "", "+", "unexplained", anon->unexplained_bytes, buf_string(&remark));
	put_line(table, "", "=", "RssAnon", (int64_t)anon->kernel_bytes, "");
	put_line(table, "", "+", "in partly unmapped huge pages", (int64_t)anon->split_huge_bytes,
		 "no RSS counts these");
	if (anon->elsewhere_bytes)
		put_line(table, "", "+", "mapped by other processes alone",
			 (int64_t)anon->elsewhere_bytes, "after a fork: their RSS counts these");
}

/* --- the other kinds: two figures side by side -------------------------------------------- */

/* Page cache and tmpfs outlive and precede their readers, so the two are never added. */
static void put_mapped(struct text_table *table, enum memory_kind kind,
		       const struct growth_account *account, const char *kernel_name)
{
	if (!account->held_bytes && !account->kernel_known)
		return;
	put_line(table, memory_kind_name(kind), "", "brought in by this process",
		 (int64_t)account->held_bytes, "");
	if (account->kernel_known)
		put_line(table, "", "", kernel_name, (int64_t)account->kernel_bytes,
			 "mapped now, whoever brought it in");
	else
		put_unknown(table, "", kernel_name);
}

static void put_kernel(struct text_table *table, const struct growth_account *kernel)
{
	int64_t unexplained = kernel->unexplained_bytes;

	if (!kernel->held_bytes && !kernel->kernel_known)
		return;
	put_line(table, "kernel", "", "allocated for this process", (int64_t)kernel->held_bytes,
		 "");
	if (!kernel->kernel_known) {
		put_unknown(table, "", "VmPTE");
		return;
	}
	put_line(table, "", "", "VmPTE", (int64_t)kernel->kernel_bytes, "page tables");
	if (unexplained > 0)
		put_line(table, "", "", "remainder", unexplained,
			 "page tables from before tracing, or not seen");
	else
		put_line(table, "", "", "remainder", -unexplained,
			 "kernel memory other than page tables");
}

static void put_undecided(struct text_table *table, const struct growth_account *pending)
{
	if (pending->held_bytes)
		put_line(table, "undecided", "", "of a kind not yet known",
			 (int64_t)pending->held_bytes, "allocated just before the end");
}

/* "name (pid 1), RSS 3.0 MiB at the start, 9.0 MiB at the end, ..." as far as it is known. */
static void account_title(const struct growth_process *process, struct buf *out)
{
	buf_append_string(out, "\n  ");
	text_process_name(out, process);
	if (process->start_known) {
		buf_append_string(out, ", RSS ");
		quantity_bytes(out, process->rss_start_bytes);
		buf_append_string(out, " at the start");
	}
	if (process->end_known) {
		buf_append_string(out, process->start_known ? ", " : ", RSS ");
		quantity_bytes(out, process->rss_end_bytes);
		buf_append_string(out,
				  process->ended ? " at its end, swap " : " at the end, swap ");
		quantity_bytes(out, process->swap_end_bytes);
	}
	if (process->virtual_known) {
		buf_append_string(out, ", address space ");
		quantity_bytes(out, process->virtual_end_bytes);
	}
	buf_append_byte(out, '\n');
}

static int account_section(const struct growth_process *process,
			   const struct render_options *options, struct buf *out)
{
	_cleanup_(text_table_release) struct text_table table = {
		.columns = account_columns,
		.column_count = sizeof(account_columns) / sizeof(account_columns[0]),
	};
	const struct growth_account *accounts = process->accounts;

	put_anon(&table, &accounts[KIND_ANON]);
	put_mapped(&table, KIND_SHMEM, &accounts[KIND_SHMEM], "RssShmem");
	put_mapped(&table, KIND_FILE, &accounts[KIND_FILE], "RssFile");
	put_kernel(&table, &accounts[KIND_KERNEL]);
	put_undecided(&table, &accounts[KIND_PENDING]);

	account_title(process, out);
	return text_table_print(&table, 2 * TEXT_INDENT, options->columns, out);
}

/* --- the processes that matter ------------------------------------------------------------ */

static uint64_t process_held(const struct growth_process *process)
{
	uint64_t held = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		held = estimate_add(held, process->accounts[kind].held_bytes);
	return held;
}

/* Those that were asked for, then those that hold the most. */
static int compare_processes(const void *left, const void *right)
{
	const struct growth_process *a = *(const struct growth_process *const *)left;
	const struct growth_process *b = *(const struct growth_process *const *)right;
	uint64_t a_held = process_held(a), b_held = process_held(b);

	if (a->target != b->target)
		return a->target ? -1 : 1;
	if (a_held != b_held)
		return a_held > b_held ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The processes to speak of, in order. NULL when memory has run out. */
static const struct growth_process **pick_processes(const struct growth *growth, size_t *ret_count)
{
	const struct growth_process **picked = calloc(growth->process_count + 1, sizeof(*picked));
	size_t count = 0;

	for (size_t i = 0; picked && i < growth->process_count; i++)
		if (growth->processes[i].shown &&
		    (!growth->processes[i].ended || growth->processes[i].at_end))
			picked[count++] = &growth->processes[i];
	if (count)
		qsort(picked, count, sizeof(*picked), compare_processes);
	*ret_count = count;
	return picked;
}

int text_accounts(const struct growth *growth, const struct render_options *options,
		  struct buf *out)
{
	_cleanup_free_ const struct growth_process **picked = NULL;
	size_t count;

	picked = pick_processes(growth, &count);
	if (!picked)
		return -ENOMEM;
	buf_append_string(out, "\nHow it adds up\n");
	for (size_t i = 0; i < count && i < TEXT_PROCESSES_MAX; i++) {
		int err = account_section(picked[i], options, out);

		if (err)
			return err;
	}
	if (count > TEXT_PROCESSES_MAX)
		buf_printf(out, "\n  and %zu more processes\n", count - TEXT_PROCESSES_MAX);
	return buf_error(out);
}

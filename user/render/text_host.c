// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include "render/quantity.h"
#include "render/text_table.h"

#define TEXT_INDENT 2

static const struct text_column columns[] = {
	{"kind", false}, {"before", true},    {"by stacks", true}, {"±", true},
	{"now", true},   {"remainder", true}, {"now is", false},
};

/* Which of meminfo's figures a kind is held against. */
static const char *const figures[] = {
	[KIND_PENDING] = "no figure of the kernel",
	[KIND_ANON] = "AnonPages",
	[KIND_SHMEM] = "Shmem",
	[KIND_FILE] = "Cached + Buffers - Shmem",
	[KIND_KERNEL] = "Slab + PageTables + KernelStack + Percpu",
};

_Static_assert(sizeof(figures) / sizeof(figures[0]) == KIND_COUNT, "every kind has its figure");

static void put_signed(struct text_table *table, bool known, int64_t bytes)
{
	_cleanup_(buf_release) struct buf cell = {0};

	if (known)
		quantity_signed_bytes(&cell, bytes);
	else
		buf_append_byte(&cell, '-');
	text_table_cell(table, &cell);
}

static void put_words(struct text_table *table, const char *words)
{
	_cleanup_(buf_release) struct buf cell = {0};

	buf_append_string(&cell, words);
	text_table_cell(table, &cell);
}

static void put_kind(struct text_table *table, enum memory_kind kind,
		     const struct growth_host_kind *figure, bool exact)
{
	text_table_line(table);
	put_words(table, memory_kind_name(kind));
	put_signed(table, figure->known, (int64_t)figure->before_bytes);
	put_signed(table, true, figure->ledger_bytes);
	if (exact)
		put_words(table, "exact");
	else
		put_signed(table, true, (int64_t)figure->error_bytes);
	put_signed(table, figure->known, (int64_t)figure->now_bytes);
	put_signed(table, figure->known, figure->remainder_bytes);
	put_words(table, figures[kind]);
}

int text_host(const struct growth *growth, const struct render_options *options, struct buf *out)
{
	static const enum memory_kind order[] = {KIND_ANON, KIND_SHMEM, KIND_FILE, KIND_KERNEL,
						 KIND_PENDING};
	_cleanup_(text_table_release) struct text_table table = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
	};
	const struct growth_host *host = &growth->host;
	int err;

	if (!host->known)
		return 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (host->kinds[order[i]].known || host->kinds[order[i]].ledger_bytes)
			put_kind(&table, order[i], &host->kinds[order[i]],
				 growth->session.period_pages == 1);
	buf_append_string(out, "\nMemory of the host: ");
	quantity_bytes(out, host->total_bytes);
	buf_append_string(out, ", ");
	quantity_bytes(out, host->free_bytes);
	buf_append_string(out, " free\n\n");
	err = text_table_print(&table, TEXT_INDENT, options->columns, out);
	buf_append_string(out,
			  "\n  before + by stacks + remainder = now. In the remainder: what was "
			  "there before and\n  has been released (-), kernel stacks and percpu "
			  "memory (+), which have no event, and\n  pages of pipes and sockets, "
			  "which are in none of these figures (-).\n");
	return err ? err : buf_error(out);
}

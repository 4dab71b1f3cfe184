// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include "render/quantity.h"
#include "render/text_table.h"

static const struct text_column columns[] = {
	{"kind", false}, {"before", true},    {"by stacks", true}, {"±", true},
	{"now", true},   {"remainder", true}, {"now is", false},
};

/* Where one of the kinds knows what was released. */
static const struct text_column columns_with_released[] = {
	{"kind", false}, {"before", true}, {"released", true},  {"by stacks", true},
	{"±", true},     {"now", true},    {"remainder", true}, {"now is", false},
};

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
		     const struct growth_balance *balance, const char *figure, bool exact,
		     bool with_released)
{
	text_table_line(table);
	put_words(table, memory_kind_name(kind));
	put_signed(table, balance->known, (int64_t)balance->before_bytes);
	if (with_released)
		put_signed(table, balance->released_known, balance->released_bytes);
	put_signed(table, true, balance->ledger_bytes);
	if (exact)
		put_words(table, "exact");
	else
		put_signed(table, true, (int64_t)balance->error_bytes);
	put_signed(table, balance->known, (int64_t)balance->now_bytes);
	put_signed(table, balance->known, balance->remainder_bytes);
	put_words(table, figure);
}

static bool any_released(const struct growth_balance balances[KIND_COUNT])
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (balances[kind].released_known)
			return true;
	return false;
}

int text_balances(const struct growth *growth, const struct growth_balance balances[KIND_COUNT],
		  const char *const figures[KIND_COUNT], size_t indent,
		  const struct render_options *options, struct buf *out)
{
	static const enum memory_kind order[] = {KIND_ANON, KIND_SHMEM, KIND_FILE, KIND_KERNEL,
						 KIND_PENDING};
	bool with_released = any_released(balances);
	_cleanup_(text_table_release) struct text_table table = {
		.columns = with_released ? columns_with_released : columns,
		.column_count = sizeof(columns) / sizeof(columns[0]) + with_released,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (balances[order[i]].known || balances[order[i]].ledger_bytes)
			put_kind(&table, order[i], &balances[order[i]], figures[order[i]],
				 growth->session.period_pages == 1, with_released);
	return text_table_print(&table, indent, options->columns, out);
}

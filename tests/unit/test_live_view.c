// SPDX-License-Identifier: GPL-2.0-or-later
/* The live view: what moves, on screens of any size, and what keys do. */
#include "golden.h"

#include <locale.h>
#include <math.h>

#include "model/growth_builder.h"
#include "model/live_table.h"
#include "render/frame_short.h"
#include "render/live_line.h"
#include "render/live_view.h"
#include "scenes.h"

#define SLOT_BYTES (16 * 4096)
#define MANY 30 /* processes that hold something and stay as they are */

enum actor { SHOP = 1, SHRINKING, WORKER, HOSTILE, STEADY };

/* A recording on its way, one snapshot a second. */
struct session {
	struct growth_builder *builder;
	struct growth *growth;
	struct live_table *table;
	uint32_t seconds;
	bool named;
};

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static void play_actors(const struct stage *stage)
{
	play_session(stage, 16, "--all");
	play_module(stage, 1, "/usr/bin/shop");
	play_process(stage, SHOP, 8816, 1, "shop", false, false);
	play_process(stage, SHRINKING, 700, 1, "redis-server", false, false);
	play_process(stage, WORKER, 9000, 8816, "worker", false, false);
	play_process(stage, HOSTILE, 666, 1, "\033[31mX\n\xe4\xb8\xad\xe6\x96\x87", false, false);
	for (uint32_t i = 0; i < MANY; i++)
		play_process(stage, STEADY + i, 1000 + i, 1, "bash", false, false);
	play_stack(stage, 1, "shop", STACK(0x100, 0x200, 0x300));
	play_stack(stage, 2, "shop", STACK(0x400, 0x300));
	play_stack(stage, 3, "io_thread", STACK(0x500));
	play_label(stage, 4, STACK_BEFORE);
}

static void play_names(const struct stage *stage)
{
	play_name(stage, 0x100, "runtime.mallocgc");
	play_name(stage, 0x200, "example.com/shop/cart.(*Cart).Add");
	play_name(stage, 0x300, "net/http.HandlerFunc.ServeHTTP");
	play_name(stage, 0x400, "std::vector<int, std::allocator<int> >::push_back(int const&)");
	play_name(stage, 0x500, "dictResize");
}

enum group { ROOT = 1, PODS, POD, CACHE };

/* What cannot be reclaimed of it are so many slots; page cache comes on top of that. */
static void play_limited(const struct stage *stage, uint32_t id, const char *path, uint64_t slots,
			 uint64_t cache_slots, uint64_t limit_slots)
{
	play(stage,
	     (struct event){.type = EVENT_CGROUP,
			    .cgroup = {.id = id,
				       .when = MEMORY_END,
				       .known = CGROUP_USAGE_KNOWN | CGROUP_RECLAIMABLE_KNOWN |
						(limit_slots ? CGROUP_LIMIT_KNOWN : 0),
				       .path = path,
				       .usage_bytes = (slots + cache_slots) * SLOT_BYTES,
				       .reclaimable_bytes = cache_slots * SLOT_BYTES,
				       .limit_bytes = limit_slots * SLOT_BYTES}});
}

/* The shop's pod has no limit, what it is in has one; another one is full of page cache. */
static void play_groups(const struct stage *stage, uint32_t second)
{
	play_limited(stage, ROOT, "/", 9000 + 100 * second, 0, 0);
	play_limited(stage, PODS, "/kubepods", 1500 + 100 * second, 0, 5000);
	play_limited(stage, POD, "/kubepods/pod\033[31m;", 1300 + 100 * second, 0, 0);
	play_limited(stage, CACHE, "/cache", 100, 800, 1000);
	play_member(stage, SHOP, POD);
	play_member(stage, HOSTILE, CACHE);
	play_member(stage, SHRINKING, ROOT);
}

/* The shop gains 100 slots a second in one stack, redis loses 50, the worker is gone after 20. */
static void play_second(const struct stage *stage, uint32_t second)
{
	play_snapshot(stage, second, false);
	play_groups(stage, second);
	play_cell(stage, SHOP, 1, KIND_ANON, 1000 + 100 * second, 1000);
	play_cell(stage, SHOP, 2, KIND_ANON, 300, 300);
	play_cell(stage, SHRINKING, 3, KIND_ANON, 5000 - 50 * second, 5000);
	if (second <= 20)
		play_cell(stage, WORKER, 2, KIND_SHMEM, 64, 64);
	play_cell(stage, HOSTILE, 4, KIND_ANON, 10 + second % 2, 0);
	for (uint32_t i = 0; i < MANY; i++)
		play_cell(stage, STEADY + i, 4, KIND_ANON, 100 - i, 0);
	play_lost(stage, "ring-full", "a stack could not be sent", second > 24 ? 7 : 0, true);
	play_whole(stage, second);
}

static void take_figures(struct session *session,
			 int (*take)(struct live_table *table, const struct growth *growth))
{
	struct growth *growth = NULL;

	assert_int_equal(growth_builder_finish(session->builder,
					       &(struct growth_options){.since_previous = true},
					       &growth),
			 0);
	assert_int_equal(take(session->table, growth), 0);
	if (session->growth)
		growth_free(session->growth);
	session->growth = growth;
}

static void advance(struct session *session, uint32_t seconds)
{
	const struct stage stage = {into_builder, session->builder};

	while (seconds--) {
		play_second(&stage, session->seconds++);
		take_figures(session, live_table_update);
	}
}

static struct session begin(void)
{
	struct session session = {0};

	assert_int_equal(growth_builder_new(&session.builder), 0);
	growth_builder_keep_previous(session.builder);
	assert_int_equal(live_table_new(&session.table), 0);
	play_actors(&(struct stage){into_builder, session.builder});
	return session;
}

static void name(struct session *session)
{
	play_names(&(struct stage){into_builder, session->builder});
	take_figures(session, live_table_replace);
}

static void end(struct session *session)
{
	live_table_free(session->table);
	if (session->growth)
		growth_free(session->growth);
	growth_builder_free(session->builder);
}

static const struct live_row *row_of(struct live_rows rows, uint32_t process, const char *leaf)
{
	for (size_t i = 0; i < rows.count; i++) {
		const struct growth_row *stack = rows.row[i].stack;

		if (rows.row[i].process->id == process &&
		    (!leaf || strcmp(stack->frames[stack->frame_count - 1], leaf) == 0))
			return &rows.row[i];
	}
	fail_msg("no row of process %u", process);
	return NULL;
}

/* --- what moves --------------------------------------------------------------------------- */

static void test_rates_are_of_a_second_and_steady_where_growth_is(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_row *row;

	(void)state;
	advance(&session, 1);
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHOP, NULL);
	assert_true(row->rate_bytes == 0);
	assert_int_equal(row->history_count, 1);
	advance(&session, 10);
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHOP, NULL);
	assert_int_equal(row->bytes, (1000 + 100 * 10 + 300) * SLOT_BYTES);
	assert_int_equal(row->change_bytes, 100 * SLOT_BYTES);
	assert_true(fabs(row->rate_bytes - 100.0 * SLOT_BYTES) < 1);
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHRINKING, NULL);
	assert_true(fabs(row->rate_bytes + 50.0 * SLOT_BYTES) < 1);
}

/* A stack that begins to grow comes up over seconds; one that stops goes down as slowly. */
static void test_rates_follow_smoothly(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_row *row;

	(void)state;
	advance(&session, 22); /* the worker's memory is gone in the last one */
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), WORKER, NULL);
	assert_int_equal(row->bytes, 0);
	assert_int_equal(row->change_bytes, -64 * SLOT_BYTES);
	assert_in_range((int64_t)-row->rate_bytes, 64 * SLOT_BYTES / 7, 64 * SLOT_BYTES / 5);
	advance(&session, 1);
	assert_int_equal(live_table_processes(session.table, LIVE_BY_RATE).count, MANY + 3);
}

static void test_history_is_the_latest_and_oldest_first(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_row *row;

	(void)state;
	advance(&session, LIVE_HISTORY + 5);
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHOP, NULL);
	assert_int_equal(row->history_count, LIVE_HISTORY);
	for (uint64_t i = 0; i < LIVE_HISTORY; i++)
		assert_int_equal(row->history_bytes[i], (1300 + 100 * (i + 5)) * SLOT_BYTES);
}

/* Names come after a snapshot was shown without: then the same one is shown again. */
static void test_a_snapshot_that_is_replaced_counts_once(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_row *row;

	(void)state;
	advance(&session, 5);
	name(&session);
	row = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHOP, NULL);
	assert_int_equal(row->history_count, 5);
	assert_true(fabs(row->rate_bytes - 100.0 * SLOT_BYTES) < 1);
	row = row_of(live_table_stacks(session.table, LIVE_OF_PROCESS, SHOP, LIVE_BY_RATE), SHOP,
		     "runtime.mallocgc");
	assert_true(fabs(row->rate_bytes - 100.0 * SLOT_BYTES) < 1);
}

static void test_every_order_puts_its_most_first(void **state)
{
	_cleanup_(end) struct session session = begin();
	struct live_rows rows;

	(void)state;
	advance(&session, 3);
	rows = live_table_processes(session.table, LIVE_BY_BYTES);
	assert_int_equal(rows.row[0].process->id, SHRINKING);
	for (size_t i = 1; i < rows.count; i++)
		assert_true(rows.row[i - 1].bytes >= rows.row[i].bytes);
	for (enum live_order order = 0; order < LIVE_ORDER_COUNT; order++) {
		rows = live_table_processes(session.table, order);
		assert_int_equal(rows.count, MANY + 4);
		if (order != LIVE_BY_BYTES)
			assert_int_equal(rows.row[0].process->id, SHOP);
	}
	rows = live_table_stacks(session.table, LIVE_OF_PROCESS, SHOP, LIVE_BY_BYTES);
	assert_int_equal(rows.count, 2);
}

/* --- limits ------------------------------------------------------------------------------- */

static const struct live_row *cgroup_of(struct live_rows rows, const char *path)
{
	for (size_t i = 0; i < rows.count; i++)
		if (strcmp(rows.row[i].cgroup->path, path) == 0)
			return &rows.row[i];
	fail_msg("no row of %s", path);
	return NULL;
}

/* At 29 s 4400 slots of 5000 are used, 100 more each second. */
static void test_the_limit_that_fires_is_told_with_its_time(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_limit *limit;

	(void)state;
	advance(&session, 30);
	limit = row_of(live_table_processes(session.table, LIVE_BY_RATE), SHOP, NULL)->limit;
	assert_non_null(limit);
	assert_string_equal(limit->path, "/kubepods");
	assert_int_equal(limit->used_bytes, 4400 * SLOT_BYTES);
	assert_int_equal(limit->limit_bytes, 5000 * SLOT_BYTES);
	assert_true(limit->forecast_known);
	assert_true(fabs(limit->forecast.seconds - 6) < 1);
	assert_true(limit->forecast.low_seconds <= 6 && limit->forecast.high_seconds >= 6);
	/* of the pod itself it is the same one */
	assert_ptr_equal(
		cgroup_of(live_table_cgroups(session.table, LIVE_BY_RATE), "/kubepods/pod\033[31m;")
			->limit,
		limit);
	assert_null(
		row_of(live_table_processes(session.table, LIVE_BY_RATE), SHRINKING, NULL)->limit);
}

static void test_page_cache_fills_no_limit(void **state)
{
	_cleanup_(end) struct session session = begin();
	const struct live_row *row;

	(void)state;
	advance(&session, 30);
	row = cgroup_of(live_table_cgroups(session.table, LIVE_BY_BYTES), "/cache");
	assert_int_equal(row->bytes, 100 * SLOT_BYTES);
	assert_int_equal(row->limit->used_bytes, 100 * SLOT_BYTES);
	assert_false(row->limit->forecast_known);
}

/* Of a long time, too: half of the points have gone by then, more than once. */
static void test_a_forecast_of_hours_is_as_good(void **state)
{
	struct growth_cgroup cgroup = {
		.path = "/slow", .usage_known = true, .limit_known = true, .limit_bytes = 1 << 30};
	struct growth growth = {.cgroups = &cgroup, .cgroup_count = 1};
	struct live_limits limits = {0};
	const struct live_limit *limit;

	(void)state;
	for (uint64_t second = 1; second <= 5000; second++) {
		growth.time_ns = second * 1000000000;
		cgroup.firm_bytes = (100 << 20) + second * 65536;
		assert_int_equal(live_limits_update(&limits, &growth), 0);
	}
	limit = live_limits_of(&limits, "/slow/below");
	assert_non_null(limit);
	assert_true(limit->forecast_known);
	/* (924 MiB - 312.5 MiB) / 64 KiB */
	assert_true(fabs(limit->forecast.seconds - 9784) < 100);
	assert_null(live_limits_of(&limits, "/slower"));
	assert_null(live_limits_of(&limits, NULL));

	/* gone */
	growth.time_ns++;
	growth.cgroup_count = 0;
	assert_int_equal(live_limits_update(&limits, &growth), 0);
	assert_null(live_limits_of(&limits, "/slow"));
	live_limits_release(&limits);
}

static void test_there_is_no_page_of_cgroups_where_there_are_none(void **state)
{
	_cleanup_(end) struct session session = begin();
	struct live_view view = live_view_new(true, true, 1000000000);

	(void)state;
	live_view_key(&view, session.table, LIVE_KEY_CGROUPS);
	assert_int_equal(view.page, LIVE_PROCESSES);
	advance(&session, 3);
	live_view_key(&view, session.table, LIVE_KEY_CGROUPS);
	assert_int_equal(view.page, LIVE_CGROUPS);
}

static void test_cgroups_open_to_the_stacks_of_all_below(void **state)
{
	_cleanup_(end) struct session session = begin();
	struct live_view view = live_view_new(true, true, 1000000000);
	_cleanup_(screen_release) struct screen screen = {0};
	struct live_rows rows;

	(void)state;
	advance(&session, 3);
	assert_int_equal(screen_resize(&screen, 24, 80), 0);
	live_view_key(&view, session.table, LIVE_KEY_CGROUPS);
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.page, LIVE_CGROUPS);
	assert_int_equal(view.row_count, 4);
	rows = live_table_cgroups(session.table, LIVE_BY_RATE);
	while (strcmp(rows.row[view.place].cgroup->path, "/kubepods") != 0)
		live_view_key(&view, session.table, LIVE_KEY_DOWN);
	live_view_key(&view, session.table, LIVE_KEY_OPEN);
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.page, LIVE_STACKS);
	assert_int_equal(view.row_count, 2);
	live_view_key(&view, session.table, LIVE_KEY_BACK);
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.page, LIVE_CGROUPS);
	live_view_key(&view, session.table, LIVE_KEY_BACK);
	assert_int_equal(view.page, LIVE_PROCESSES);
}

/* --- screens ------------------------------------------------------------------------------ */

static void expect_screen(struct session *session, struct live_view *view, unsigned int rows,
			  unsigned int columns, const char *title)
{
	_cleanup_(screen_release) struct screen screen = {0};
	_cleanup_(buf_release) struct buf text = {0};
	char path[128];

	assert_int_equal(screen_resize(&screen, rows, columns), 0);
	live_view_draw(view, session->table, &screen);
	screen_text(&screen, &text);
	snprintf(path, sizeof(path), "tests/expected/live.%s.%ux%u.screen", title, columns, rows);
	expect_file(path, buf_string(&text), text.len_bytes);
}

static void test_screens_of_all_sizes_are_drawn_as_ever(void **state)
{
	static const struct {
		unsigned int rows, columns;
	} sizes[] = {{10, 40}, {24, 80}, {50, 200}};
	_cleanup_(end) struct session session = begin();

	(void)state;
	advance(&session, 30);
	name(&session);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct live_view processes = live_view_new(true, true, 1000000000);
		struct live_view cgroups = live_view_new(true, true, 1000000000);
		struct live_view stacks = live_view_new(false, false, 1000000000);

		expect_screen(&session, &processes, sizes[i].rows, sizes[i].columns, "processes");
		live_view_key(&cgroups, session.table, LIVE_KEY_CGROUPS);
		expect_screen(&session, &cgroups, sizes[i].rows, sizes[i].columns, "cgroups");
		expect_screen(&session, &stacks, sizes[i].rows, sizes[i].columns, "stacks");
	}
}

/* Whatever the size, nothing is drawn outside, and no wide character is cut in two. */
static void test_no_size_is_too_small(void **state)
{
	_cleanup_(end) struct session session = begin();
	struct live_view view = live_view_new(true, true, 1000000000);

	(void)state;
	advance(&session, 3);
	for (unsigned int rows = 0; rows < 30; rows++) {
		for (unsigned int columns = 0; columns < 60; columns++) {
			_cleanup_(screen_release) struct screen screen = {0};

			assert_int_equal(screen_resize(&screen, rows, columns), 0);
			live_view_draw(&view, session.table, &screen);
			view.page = (view.page + 1) % 3;
		}
	}
}

static void test_before_the_first_snapshot_it_says_so(void **state)
{
	_cleanup_(end) struct session session = begin();
	struct live_view view = live_view_new(true, true, 5000000000);

	(void)state;
	expect_screen(&session, &view, 5, 60, "waiting");
	for (enum live_key key = 0; key < LIVE_KEY_COUNT; key++)
		if (key != LIVE_KEY_QUIT)
			assert_true(live_view_key(&view, session.table, key));
}

static void test_keys_select_open_go_back_sort_and_quit(void **state)
{
	_cleanup_(end) struct session session = begin();
	_cleanup_(screen_release) struct screen screen = {0};
	struct live_view view = live_view_new(true, true, 1000000000);

	(void)state;
	advance(&session, 3);
	assert_int_equal(screen_resize(&screen, 24, 80), 0);
	live_view_draw(&view, session.table, &screen);
	assert_true(screen_at(&screen, 4, 0)->selected);
	assert_true(live_view_key(&view, session.table, LIVE_KEY_DOWN));
	live_view_draw(&view, session.table, &screen);
	assert_false(screen_at(&screen, 4, 0)->selected);
	assert_true(screen_at(&screen, 5, 0)->selected);

	/* the end, and not beyond it; what is selected can be seen */
	for (int i = 0; i < 10; i++) {
		live_view_key(&view, session.table, LIVE_KEY_PAGE_DOWN);
		live_view_draw(&view, session.table, &screen);
	}
	assert_int_equal(view.place, MANY + 3);
	assert_true(screen_at(&screen, 4 + view.page_rows - 1, 0)->selected);
	assert_int_equal(view.selected, SHRINKING);

	assert_true(live_view_key(&view, session.table, LIVE_KEY_OPEN));
	assert_int_equal(view.page, LIVE_STACKS);
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.row_count, 1);
	assert_int_equal(view.drawn_count, 1);
	assert_int_equal(view.drawn[0], 3);

	assert_true(live_view_key(&view, session.table, LIVE_KEY_BACK));
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.selected, SHRINKING);
	assert_int_equal(view.place, MANY + 3);

	/* another order: it is the largest, and still selected */
	assert_true(live_view_key(&view, session.table, LIVE_KEY_SORT));
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.order, LIVE_BY_BYTES);
	assert_int_equal(view.place, 0);
	assert_true(screen_at(&screen, 4, 0)->selected);
	assert_false(live_view_key(&view, session.table, LIVE_KEY_QUIT));
}

static void test_a_selected_process_that_is_gone_leaves_its_place(void **state)
{
	_cleanup_(end) struct session session = begin();
	_cleanup_(screen_release) struct screen screen = {0};
	struct live_view view = live_view_new(true, true, 1000000000);

	(void)state;
	assert_int_equal(screen_resize(&screen, 24, 80), 0);
	advance(&session, 21);
	view.selected = WORKER;
	live_view_draw(&view, session.table, &screen);
	live_view_key(&view, session.table, LIVE_KEY_OPEN);
	advance(&session, 2);
	live_view_draw(&view, session.table, &screen);
	assert_int_equal(view.row_count, 0);
	live_view_key(&view, session.table, LIVE_KEY_BACK);
	live_view_draw(&view, session.table, &screen);
	assert_true(view.place < MANY + 3);
}

/* --- names and lines ---------------------------------------------------------------------- */

static void test_frames_are_shortened_where_that_hides_nothing(void **state)
{
	static const struct {
		const char *name, *wanted;
	} cases[] = {
		{"main", "main"},
		{"net/http.(*conn).serve", "http.(*conn).serve"},
		{"example.com/a/b.Map[string]", "b.Map[string]"},
		{"std::vector<int, std::allocator<int> >::push_back(int const&)",
		 "std::vector::push_back"},
		{"(anonymous namespace)::f(int)", "(anonymous namespace)::f(int)"},
		{"foo::(anonymous namespace)::bar(char const*)", "foo::(anonymous namespace)::bar"},
		{"operator new(unsigned long)", "operator new(unsigned long)"},
		{"bool operator<(A const&, B const&)", "bool operator<(A const&, B const&)"},
		{"[resident before tracing]", "[resident before tracing]"},
		{"<alloc::vec::Vec<T> as Clone>::clone", "<alloc::vec::Vec<T> as Clone>::clone"},
		{"unbalanced(((", "unbalanced((("},
		{"shop+0x400", "shop+0x400"},
		{"\033[31mred", "\\x1b[31mred"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(buf_release) struct buf out = {0};

		frame_short(&out, cases[i].name);
		assert_string_equal(buf_string(&out), cases[i].wanted);
	}
}

static void expect_short(const char *const *frames, uint32_t count, size_t width,
			 const char *wanted)
{
	const struct growth_row row = {.frames = frames, .frame_count = count};
	_cleanup_(buf_release) struct buf out = {0};

	stack_short(&out, &row, width);
	assert_string_equal(buf_string(&out), wanted);
}

static void test_a_short_stack_begins_where_somebody_wanted_memory(void **state)
{
	static const char *const frames[] = {"main", "load", "operator new(unsigned long)",
					     "malloc", "_int_malloc"};

	(void)state;
	expect_short(frames, 5, 80, "load < main");
	/* nothing but plumbing is better than nothing */
	expect_short(frames + 2, 3, 80, "_int_malloc < malloc < operator new(unsigned long)");
	expect_short(frames, 2, 1, "load");
}

static void test_a_line_says_what_grows_most_and_what_was_lost(void **state)
{
	_cleanup_(end) struct session session = begin();
	_cleanup_(buf_release) struct buf line = {0};

	(void)state;
	advance(&session, 30);
	name(&session);
	live_line(&line, session.table);
	assert_string_equal(buf_string(&line),
			    "29.0 s: 645.4 MiB, +3.2 MiB in 1.0 s; most by cart.(*Cart).Add < "
			    "http.HandlerFunc.ServeHTTP in shop (pid 8816) +6.2 MiB/s; lost: "
			    "ring-full, 7 times");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_are_of_a_second_and_steady_where_growth_is),
		cmocka_unit_test(test_rates_follow_smoothly),
		cmocka_unit_test(test_history_is_the_latest_and_oldest_first),
		cmocka_unit_test(test_a_snapshot_that_is_replaced_counts_once),
		cmocka_unit_test(test_every_order_puts_its_most_first),
		cmocka_unit_test(test_the_limit_that_fires_is_told_with_its_time),
		cmocka_unit_test(test_page_cache_fills_no_limit),
		cmocka_unit_test(test_a_forecast_of_hours_is_as_good),
		cmocka_unit_test(test_there_is_no_page_of_cgroups_where_there_are_none),
		cmocka_unit_test(test_cgroups_open_to_the_stacks_of_all_below),
		cmocka_unit_test(test_screens_of_all_sizes_are_drawn_as_ever),
		cmocka_unit_test(test_no_size_is_too_small),
		cmocka_unit_test(test_before_the_first_snapshot_it_says_so),
		cmocka_unit_test(test_keys_select_open_go_back_sort_and_quit),
		cmocka_unit_test(test_a_selected_process_that_is_gone_leaves_its_place),
		cmocka_unit_test(test_frames_are_shortened_where_that_hides_nothing),
		cmocka_unit_test(test_a_short_stack_begins_where_somebody_wanted_memory),
		cmocka_unit_test(test_a_line_says_what_grows_most_and_what_was_lost),
	};

	/* widths of characters; every system has this one */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

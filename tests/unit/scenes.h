/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that never took place: each scene plays the trace events of one into a callback, so that
 * writer, reader, model and renderers can be tested against figures known in advance.
 */
#ifndef TESTS_SCENES_H
#define TESTS_SCENES_H

#include <string.h>

#include "capture/event.h"

#define SCENE_MIB_PAGES 256 /* 4 KiB pages in 1 MiB */

typedef void (*scene_sink)(const struct event *event, void *context);

struct stage {
	scene_sink sink;
	void *context;
};

static inline void play(const struct stage *stage, struct event event)
{
	stage->sink(&event, stage->context);
}

static inline void play_session(const struct stage *stage, uint64_t period_pages,
				const char *target)
{
	play(stage, (struct event){.type = EVENT_SESSION,
				   .session = {.start_realtime_ns = 1700000000000000000ULL,
					       .period_pages = period_pages,
					       .page_size_bytes = 4096,
					       .tool_version = "0.1.0",
					       .kernel_release = "6.18.0-test",
					       .machine = "x86_64",
					       .hostname = "stage",
					       .boot_id = "4a7d3e6c-0000-4000-8000-000000000000",
					       .target = target}});
}

static inline void play_process(const struct stage *stage, uint32_t id, uint32_t pid,
				uint32_t parent_pid, const char *comm, bool target, bool ended)
{
	struct event event = {.type = EVENT_PROCESS,
			      .process = {.id = id,
					  .pid = pid,
					  .parent_pid = parent_pid,
					  .start_time_ns = 1000000ULL * pid,
					  .target = target,
					  .ended = ended,
					  .exe = "/usr/bin/actor"}};

	strncpy(event.process.comm, comm, EVENT_COMM_LEN - 1);
	play(stage, event);
}

static inline void play_module(const struct stage *stage, uint32_t id, const char *path)
{
	play(stage, (struct event){.type = EVENT_MODULE,
				   .module = {.id = id,
					      .build_id_len = 20,
					      .build_id = {0xde, 0xad, (uint8_t)id},
					      .path = path,
					      .fd = -1}});
}

/* `offsets` are in module 1, leaf first, and end in 0. */
static inline void play_stack(const struct stage *stage, uint32_t id, const char *comm,
			      const uint64_t *offsets)
{
	struct event_frame frames[EVENT_MAX_FRAMES];
	struct event event = {.type = EVENT_STACK, .stack = {.id = id, .frames = frames}};

	strncpy(event.stack.comm, comm, EVENT_COMM_LEN - 1);
	for (uint32_t i = 0; offsets[i]; i++) {
		frames[i] = (struct event_frame){.module = 1, .offset = offsets[i]};
		event.stack.frame_count++;
	}
	play(stage, event);
}

#define STACK(...) ((const uint64_t[]){__VA_ARGS__, 0})

static inline void play_label(const struct stage *stage, uint32_t id, enum stack_origin origin)
{
	play(stage, (struct event){.type = EVENT_STACK, .stack = {.id = id, .origin = origin}});
}

static inline void play_name(const struct stage *stage, uint64_t offset, const char *name)
{
	play(stage, (struct event){.type = EVENT_NAME,
				   .name = {.module = 1, .offset = offset, .name = name}});
}

static inline void play_cell(const struct stage *stage, uint32_t process, uint32_t stack,
			     enum memory_kind kind, uint64_t live_slots, uint64_t allocated_slots)
{
	struct event event = {
		.type = EVENT_CELL,
		.cell = {.process = process, .stack = stack, .allocated_slots = allocated_slots}};

	event.cell.live_slots[kind] = live_slots;
	play(stage, event);
}

/* What a process held when it ended, all of it closed since. */
static inline void play_held(const struct stage *stage, uint32_t process, uint32_t stack,
			     enum memory_kind kind, uint64_t held_slots, uint64_t allocated_slots)
{
	struct event event = {
		.type = EVENT_CELL,
		.cell = {.process = process, .stack = stack, .allocated_slots = allocated_slots}};

	event.cell.held_slots[kind] = held_slots;
	play(stage, event);
}

static inline void play_inherited(const struct stage *stage, uint32_t process, uint32_t author,
				  uint32_t author_pid, uint32_t stack, uint64_t slots,
				  uint64_t exclusive_slots)
{
	struct event event = {.type = EVENT_INHERITED,
			      .inherited = {.process = process,
					    .author = author,
					    .author_pid = author_pid,
					    .stack = stack}};

	event.inherited.slots[KIND_ANON] = slots;
	event.inherited.exclusive_slots[KIND_ANON] = exclusive_slots;
	play(stage, event);
}

static inline void play_rss(const struct stage *stage, uint32_t process, enum memory_when when,
			    uint64_t anon_pages)
{
	play(stage, (struct event){.type = EVENT_MEMORY,
				   .memory = {.process = process,
					      .when = when,
					      .known = MEMORY_RSS | MEMORY_VIRTUAL |
						       MEMORY_PAGE_TABLES | MEMORY_SPLIT_HUGE,
					      .rss_anon_bytes = anon_pages * 4096,
					      .rss_file_bytes = 900 * 4096,
					      .rss_shmem_bytes = 64 * 4096,
					      .virtual_bytes = 1ULL << 30,
					      .page_table_bytes = 80 * 4096}});
}

static inline void play_lost(const struct stage *stage, const char *cause, const char *meaning,
			     uint64_t count, bool data)
{
	play(stage,
	     (struct event){
		     .type = EVENT_LOST,
		     .lost = {.cause = cause, .meaning = meaning, .count = count, .data = data}});
}

static inline void play_snapshot(const struct stage *stage, uint64_t seconds, bool last)
{
	play(stage, (struct event){.type = EVENT_SNAPSHOT,
				   .snapshot = {.time_ns = seconds * 1000000000ULL, .last = last}});
}

static inline void play_whole(const struct stage *stage, uint64_t seconds)
{
	play(stage,
	     (struct event){.type = EVENT_WHOLE, .snapshot = {.time_ns = seconds * 1000000000ULL}});
}

static inline void play_forgotten(const struct stage *stage, uint32_t process, uint32_t stack)
{
	play(stage, (struct event){.type = EVENT_FORGOTTEN, .forgotten = {process, stack}});
}

static inline void play_end(const struct stage *stage, enum end_reason reason)
{
	play(stage, (struct event){.type = EVENT_END,
				   .end = {.duration_ns = 30000000000ULL, .reason = reason}});
}

/* A server with two threads: every kind, every origin, names and no names, losses. */
static inline void scene_server(const struct stage *stage)
{
	play_session(stage, 16, "-p 1234");
	play_process(stage, 1, 1234, 1, "redis-server", true, false);
	play_rss(stage, 1, MEMORY_START, 3 * SCENE_MIB_PAGES);
	play_module(stage, 1, "/usr/bin/redis-server");
	/* 1 and 2 differ in the line of dictExpand alone: one stack to people */
	play_stack(stage, 1, "redis-server", STACK(0x100, 0x210, 0x300));
	play_stack(stage, 2, "redis-server", STACK(0x100, 0x220, 0x300));
	play_stack(stage, 3, "bio_lazy_free", STACK(0x400, 0x500));
	play_stack(stage, 4, "redis-server", STACK(0x600, 0x300)); /* 0x600 has no name */
	play_stack(stage, 5, "redis-server", STACK(0x700, 0x300));
	play_label(stage, 6, STACK_BEFORE);
	play_label(stage, 7, STACK_MOVED);
	play_label(stage, 8, STACK_LOST);
	play_label(stage, 9, STACK_NO_STACK);
	play_cell(stage, 1, 1, KIND_ANON, 1000, 1500);
	play_cell(stage, 1, 2, KIND_ANON, 600, 800);
	play_cell(stage, 1, 3, KIND_SHMEM, 64, 64);
	play_cell(stage, 1, 4, KIND_FILE, 300, 310);
	play_cell(stage, 1, 5, KIND_ANON, 3, 90); /* too few: [others] */
	play_cell(stage, 1, 3, KIND_ANON, 2, 2);
	play_cell(stage, 1, 6, KIND_ANON, 48, 0);
	play_cell(stage, 1, 7, KIND_ANON, 10, 0);
	play_cell(stage, 1, 8, KIND_ANON, 5, 5);
	play_cell(stage, 1, 9, KIND_KERNEL, 7, 9);
	play_cell(stage, 1, 4, KIND_PENDING, 8, 0);
	play_rss(stage, 1, MEMORY_END, 104 * SCENE_MIB_PAGES);
	play_lost(stage, "ring-full", "a stack could not be sent", 12, true);
	play_lost(stage, "null-page", "an allocation failed", 0, false);
	play_lost(stage, "ghost", "a free was not seen", 3, false);
	play_name(stage, 0x100, "zmalloc");
	play_name(stage, 0x210, "dictExpand");
	play_name(stage, 0x220, "dictExpand");
	play_name(stage, 0x300, "main");
	play_name(stage, 0x400, "lazyfreeFreeObject(robj*)");
	play_name(stage, 0x500, "bioProcessBackgroundJobs");
	play_end(stage, END_DURATION);
}

/* A parent that has ended, and its two children, who share 8 MiB of it; exact. */
static inline void scene_prefork(const struct stage *stage)
{
	play_session(stage, 1, "--children -p 100");
	play_process(stage, 1, 100, 1, "parent", true, true);
	play_process(stage, 2, 101, 100, "child", false, false);
	play_process(stage, 3, 102, 100, "child", false, false);
	play_process(stage, 4, 103, 100, "short", false, true);
	play_module(stage, 1, "/usr/bin/prefork");
	play_stack(stage, 1, "parent", STACK(0x100, 0x300));
	play_stack(stage, 2, "child", STACK(0x200, 0x300));
	play_name(stage, 0x100, "load_table");
	play_name(stage, 0x200, "serve");
	play_name(stage, 0x300, "main");
	play_cell(stage, 1, 1, KIND_ANON, 2048, 2048);
	play_cell(stage, 2, 2, KIND_ANON, 100, 200);
	play_cell(stage, 3, 2, KIND_ANON, 50, 50);
	play_held(stage, 4, 2, KIND_ANON, 5, 5);
	play_inherited(stage, 2, 1, 100, 1, 2048, 2048);
	play_inherited(stage, 3, 1, 100, 1, 2000, 0);
	play_rss(stage, 2, MEMORY_END, 2148);
	play_rss(stage, 3, MEMORY_END, 2050);
	play_end(stage, END_INTERRUPTED);
}

/* CMD replaced a shell and has ended; no frame numbers, so what was before is subtracted. */
static inline void scene_command(const struct stage *stage)
{
	struct event memory = {.type = EVENT_MEMORY,
			       .memory = {.process = 2,
					  .when = MEMORY_START,
					  .known = MEMORY_RSS | MEMORY_BEFORE_BY_SUBTRACTION,
					  .rss_anon_bytes = 40 * 4096}};

	play_session(stage, 64, "-- sh -c 'exec sort'");
	play_process(stage, 1, 200, 1, "sh", true, true);
	play_process(stage, 2, 200, 1, "sort", true, true);
	play_module(stage, 1, "/usr/bin/sort");
	play_stack(stage, 1, "sort", STACK(0x100, 0x200));
	play_stack(stage, 2, "sh", STACK(0x300));
	play(stage, memory);
	play_held(stage, 1, 2, KIND_ANON, 9, 9);
	play_held(stage, 2, 1, KIND_ANON, 100, 120);
	play_rss(stage, 2, MEMORY_END, 6500);
	play_name(stage, 0x100, "xmalloc");
	play_name(stage, 0x200, "main");
	play(stage, (struct event){.type = EVENT_END,
				   .end = {.duration_ns = 2500000000ULL,
					   .reason = END_TARGET_ENDED,
					   .has_exit_status = true,
					   .exit_status = 256}});
}

static inline void play_reserved(const struct stage *stage, uint32_t process, uint32_t stack,
				 uint64_t pages)
{
	play(stage,
	     (struct event){.type = EVENT_RESERVED, .reserved = {process, stack, pages * 4096}});
}

static inline void play_mappings(const struct stage *stage, uint32_t process,
				 enum mapping_kind kind, uint64_t count, uint64_t pages,
				 uint64_t resident_pages)
{
	play(stage, (struct event){.type = EVENT_MAPPINGS,
				   .mappings = {process, kind, count, pages * 4096,
						resident_pages * 4096}});
}

/* Much address space, little memory; and a child that has its share of it from the fork. */
static inline void scene_reserving(const struct stage *stage)
{
	play_session(stage, 16, "--children -p 300");
	play_process(stage, 1, 300, 1, "java", true, false);
	play_process(stage, 2, 301, 300, "worker", false, false);
	play_module(stage, 1, "/usr/bin/java");
	play_stack(stage, 1, "java", STACK(0x100, 0x300));
	play_stack(stage, 2, "java",
		   STACK(0x200, 0x300)); /* holds nothing, has a name all the same */
	play_label(stage, 3, STACK_MAPPED_BEFORE);
	play_label(stage, 4, STACK_MAPPED_FORK);
	play_cell(stage, 1, 1, KIND_ANON, 96, 96);
	play_rss(stage, 1, MEMORY_END, 6 * SCENE_MIB_PAGES);
	play_reserved(stage, 1, 1, 64 * SCENE_MIB_PAGES);
	play_reserved(stage, 1, 2, 40960 * SCENE_MIB_PAGES);
	play_reserved(stage, 1, 3, 3 * SCENE_MIB_PAGES);
	play_reserved(stage, 2, 4, 67 * SCENE_MIB_PAGES);
	play_mappings(stage, 1, MAPPING_HEAP, 1, 64 * SCENE_MIB_PAGES, 6 * SCENE_MIB_PAGES);
	play_mappings(stage, 1, MAPPING_NO_ACCESS, 1, 40960 * SCENE_MIB_PAGES, 0);
	play_mappings(stage, 1, MAPPING_FILE, 9, 3 * SCENE_MIB_PAGES, 200);
	play_name(stage, 0x100, "os::malloc");
	play_name(stage, 0x200, "os::reserve_memory");
	play_name(stage, 0x300, "main");
	play_end(stage, END_DURATION);
}

/* Names from people who do not wish us well. */
static inline void scene_hostile(const struct stage *stage)
{
	play_session(stage, 1, "-p 666");
	play_process(stage, 1, 666, 1, "a;b\n\x1b[31mX 9", true, false);
	play_module(stage, 1, "/tmp/\xff\xfe;x\r\n 7");
	play_stack(stage, 1, "a;b\n\x1b[31mX 9", STACK(0x100, 0x200));
	play_stack(stage, 2, "", STACK(0x300));
	play_stack(stage, 3, "nul\t 12", STACK(0x400, 0x100));
	play_cell(stage, 1, 1, KIND_ANON, 10, 10);
	play_cell(stage, 1, 2, KIND_ANON, 20, 20);
	play_cell(stage, 1, 3, KIND_ANON, 30, 30);
	play_name(stage, 0x100, "evil;frame 12.5");
	play_name(stage, 0x200, "\xe2\x80\xaeright to left");
	play_name(stage, 0x300, "</title><script>alert(1)</script>leaf 42");
	play_end(stage, END_INTERRUPTED);
}

/* Four snapshots: one stack grows, one shrinks, one is gone when its process is. */
static inline void scene_snapshots(const struct stage *stage)
{
	play_session(stage, 16, "-i 10 -p 77");
	play_process(stage, 1, 77, 1, "cache", true, false);
	play_process(stage, 2, 78, 77, "worker", false, false);
	play_rss(stage, 1, MEMORY_START, 4 * SCENE_MIB_PAGES);
	play_module(stage, 1, "/usr/bin/cache");

	play_snapshot(stage, 0, false);
	play_label(stage, 1, STACK_BEFORE);
	play_cell(stage, 1, 1, KIND_ANON, 64, 0);
	play_rss(stage, 1, MEMORY_END, 4 * SCENE_MIB_PAGES);
	play_lost(stage, "ring-full", "a stack could not be sent", 0, true);

	play_snapshot(stage, 10, false);
	play_stack(stage, 2, "cache", STACK(0x100, 0x300));
	play_stack(stage, 3, "cache", STACK(0x200, 0x300));
	play_stack(stage, 4, "worker", STACK(0x400));
	play_cell(stage, 1, 1, KIND_ANON, 64, 0);
	play_cell(stage, 1, 2, KIND_ANON, 100, 100);
	play_cell(stage, 1, 3, KIND_ANON, 300, 300);
	play_cell(stage, 2, 4, KIND_ANON, 50, 60);
	play_rss(stage, 1, MEMORY_END, 29 * SCENE_MIB_PAGES);
	play_rss(stage, 2, MEMORY_END, 4 * SCENE_MIB_PAGES);
	play_lost(stage, "ring-full", "a stack could not be sent", 0, true);

	play_snapshot(stage, 20, false);
	play_cell(stage, 1, 1, KIND_ANON, 60, 0);
	play_cell(stage, 1, 2, KIND_ANON, 400, 450);
	play_cell(stage, 1, 3, KIND_ANON, 100, 320);
	play_cell(stage, 2, 4, KIND_ANON, 50, 60);
	play_rss(stage, 1, MEMORY_END, 35 * SCENE_MIB_PAGES);
	play_rss(stage, 2, MEMORY_END, 3 * SCENE_MIB_PAGES);
	play_lost(stage, "ring-full", "a stack could not be sent", 2, true);

	play_snapshot(stage, 30, true);
	play_process(stage, 2, 78, 77, "worker", false, true);
	play_cell(stage, 1, 1, KIND_ANON, 60, 0);
	play_cell(stage, 1, 2, KIND_ANON, 500, 560);
	play_cell(stage, 1, 3, KIND_ANON, 100, 320);
	play_held(stage, 2, 4, KIND_ANON, 50, 60);
	play_rss(stage, 1, MEMORY_END, 42 * SCENE_MIB_PAGES);
	play_lost(stage, "ring-full", "a stack could not be sent", 2, true);
	play_name(stage, 0x100, "cache_insert");
	play_name(stage, 0x200, "cache_parse");
	play_name(stage, 0x300, "main");
	play_name(stage, 0x400, "worker_run");
	play_end(stage, END_INTERRUPTED);
}

/* Stacks with their kernel part: one with no user frames, one of a module, one without names. */
static inline void scene_kernel(const struct stage *stage)
{
	static const struct event_frame read[] = {{2, 0x41}, {2, 0x31}, {1, 0x100}, {1, 0x300}};
	static const struct event_frame inode[] = {{3, 0x1}, {2, 0x31}, {1, 0x100}, {1, 0x300}};
	static const struct event_frame worker[] = {{2, 0x41}, {2, 0x51}};
	static const struct event_frame hidden[] = {{2, 0}, {1, 0x300}};
	const struct stack_event stacks[] = {
		{.id = 1, .comm = "find", .frame_count = 4, .frames = read},
		{.id = 2, .comm = "find", .frame_count = 4, .frames = inode},
		{.id = 3, .comm = "iou-wrk-77", .frame_count = 2, .frames = worker},
		{.id = 4, .comm = "find", .frame_count = 2, .frames = hidden},
	};
	const struct name_event names[] = {
		{2, 0x41, "alloc_pages"}, {2, 0x31, "do_syscall_64"},  {2, 0x51, "io_wq_worker"},
		{2, 0, "[kernel]"},       {3, 0x1, "xfs_inode_alloc"},
	};

	play_session(stage, 16, "-p 77");
	play_process(stage, 1, 77, 1, "find", true, false);
	play_module(stage, 1, "/usr/bin/find");
	play_module(stage, 2, EVENT_KERNEL_MODULE "]");
	play_module(stage, 3, EVENT_KERNEL_MODULE " xfs]");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		play(stage, (struct event){.type = EVENT_NAME, .name = names[i]});
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		play(stage, (struct event){.type = EVENT_STACK, .stack = stacks[i]});
	play_cell(stage, 1, 1, KIND_FILE, 100, 120);
	play_cell(stage, 1, 2, KIND_KERNEL, 50, 50);
	play_cell(stage, 1, 3, KIND_KERNEL, 20, 20);
	play_cell(stage, 1, 4, KIND_KERNEL, 10, 10);
	play_name(stage, 0x100, "read_all");
	play_name(stage, 0x300, "main");
	play_end(stage, END_INTERRUPTED);
}

static inline void play_line(const struct stage *stage, uint64_t offset, uint32_t depth,
			     const char *name, const char *file, uint32_t line)
{
	play(stage, (struct event){.type = EVENT_LINE,
				   .line = {.module = 1,
					    .offset = offset,
					    .depth = depth,
					    .name = name,
					    .file = file,
					    .line = line}});
}

/*
 * What DWARF tells: calls inlined into calls, a line alone, a file without a line, an inlined
 * function of no known place; and a JIT's code, of which one function has no name.
 */
static inline void scene_inlined(const struct stage *stage)
{
	static const struct event_frame jit[] = {{2, 0x7f0010}, {2, 0x7f0800}, {1, 0x300}};
	const struct stack_event jitted = {
		.id = 4, .comm = "shop", .frame_count = 3, .frames = jit};

	play_session(stage, 16, "-p 99");
	play_process(stage, 1, 99, 1, "shop", true, false);
	play_module(stage, 1, "/srv/shop/shop");
	play_module(stage, 2, EVENT_JIT_MODULE "/tmp/perf-99.map]");
	play_stack(stage, 1, "shop", STACK(0x110, 0x200, 0x300));
	play_stack(stage, 2, "shop", STACK(0x130, 0x300));
	play_stack(stage, 3, "shop", STACK(0x400, 0x300));
	play(stage, (struct event){.type = EVENT_STACK, .stack = jitted});
	play_cell(stage, 1, 1, KIND_ANON, 1000, 1000);
	play_cell(stage, 1, 2, KIND_ANON, 200, 300);
	play_cell(stage, 1, 3, KIND_ANON, 50, 50);
	play_cell(stage, 1, 4, KIND_ANON, 400, 400);
	play_name(stage, 0x110, "grow_shelf");
	play_name(stage, 0x130, "grow_shelf");
	play_name(stage, 0x200, "serve");
	play_name(stage, 0x300, "main");
	play_line(stage, 0x110, 0, NULL, "/srv/shop/shelf.cc", 25);
	play_line(stage, 0x110, 1, "shelf<int>::put", "/srv/shop/shelf.h", 11);
	play_line(stage, 0x110, 2, "shelf<int>::fill", "/srv/shop/shelf.h", 17);
	play_line(stage, 0x130, 0, NULL, NULL, 0);
	play_line(stage, 0x130, 1, "shelf<int>::put", NULL, 0);
	play_line(stage, 0x200, 0, NULL, "serve.cc", 0);
	play_line(stage, 0x300, 0, NULL, "../src/main.cc", 32);
	play(stage,
	     (struct event){.type = EVENT_NAME,
			    .name = {2, 0x7f0010, "LazyCompile:*grow /srv/shop/app.js:12:3"}});
	play_end(stage, END_INTERRUPTED);
}

static inline void play_host(const struct stage *stage, enum memory_when when, uint64_t anon_pages,
			     uint64_t cached_pages)
{
	struct event event = {
		.type = EVENT_HOST,
		.host = {.when = when,
			 .known = ((1U << HOST_FIGURE_COUNT) - 1) & ~(1U << HOST_OTHER_TABLES)}};

	for (int figure = 0; figure < HOST_FIGURE_COUNT; figure++)
		event.host.bytes[figure] = (uint64_t)(figure + 1) << 20;
	event.host.bytes[HOST_TOTAL] = 1ULL << 33;
	event.host.bytes[HOST_FREE] = 1ULL << 32;
	event.host.bytes[HOST_ANON] = anon_pages * 4096;
	event.host.bytes[HOST_CACHED] = cached_pages * 4096;
	play(stage, event);
}

static inline void play_file(const struct stage *stage, struct file_event file)
{
	play(stage, (struct event){.type = EVENT_FILE, .file = file});
}

static inline void play_cgroup(const struct stage *stage, enum memory_when when, uint32_t id,
			       const char *path, uint64_t file_pages)
{
	struct event event = {.type = EVENT_CGROUP,
			      .cgroup = {.id = id,
					 .when = when,
					 .known = 1U << KIND_FILE | CGROUP_USAGE_KNOWN,
					 .path = path,
					 .usage_bytes = file_pages * 4096 + 4096}};

	event.cgroup.bytes[KIND_FILE] = file_pages * 4096;
	play(stage, event);
}

static inline void play_cgroup_with_parts(const struct stage *stage, enum memory_when when,
					  uint32_t id, const char *path, uint64_t file_pages)
{
	struct event event = {.type = EVENT_CGROUP,
			      .cgroup = {.id = id,
					 .when = when,
					 .known = 1U << KIND_FILE | 1U << KIND_KERNEL,
					 .path = path,
					 .parts_known = 1U << CGROUP_SLAB | 1U << CGROUP_PERCPU |
							1U << CGROUP_KERNEL_STACKS}};

	event.cgroup.bytes[KIND_FILE] = file_pages * 4096;
	event.cgroup.bytes[KIND_KERNEL] = file_pages * 4096;
	event.cgroup.part_bytes[CGROUP_SLAB] = file_pages * 2048;
	event.cgroup.part_bytes[CGROUP_KERNEL_STACKS] = file_pages * 1024;
	play(stage, event);
}

static inline void play_member(const struct stage *stage, uint32_t process, uint32_t cgroup)
{
	play(stage, (struct event){.type = EVENT_MEMBER, .member = {process, cgroup}});
}

/*
 * Cgroups in cgroups: one with a hostile name, one that came during the session, one that is gone,
 * what the dead of one have left, a process that nobody knows the cgroup of.
 */
static inline void scene_cgroups(const struct stage *stage)
{
	play_session(stage, 16, "--all");
	play_cgroup(stage, MEMORY_START, 1, "/", 1000);
	play_cgroup_with_parts(stage, MEMORY_START, 2, "/app", 500);
	play_cgroup(stage, MEMORY_START, 4, "/app/gone", 100);
	play_process(stage, 1, 300, 1, "cat", false, false);
	play_process(stage, 2, 301, 1, "tar", false, false);
	play_process(stage, 3, 302, 1, "lost", false, false);
	play_process(stage, 4, 0, 0, "[ended]", false, false);
	play_module(stage, 1, "/usr/bin/cat");
	play_stack(stage, 1, "cat", STACK(0x100, 0x200));
	play_stack(stage, 2, "tar", STACK(0x100, 0x200));
	play_stack(stage, 3, "lost", STACK(0x200));
	play_label(stage, 4, STACK_RETIRED);
	play_label(stage, 5, STACK_BEFORE);
	play_snapshot(stage, 10, false);
	play_member(stage, 1, 2);
	play_member(stage, 2, 3);
	play_cgroup(stage, MEMORY_END, 1, "/", 2000);
	play_cgroup(stage, MEMORY_END, 2, "/app", 1300);
	play_cgroup(stage, MEMORY_END, 3, "/app/;\x1b[31m\xff", 700);
	play_cell(stage, 1, 1, KIND_FILE, 10, 10);
	play_cell(stage, 2, 2, KIND_FILE, 30, 30);
	play_snapshot(stage, 20, true);
	play_member(stage, 1, 2);
	play_member(stage, 2, 3);
	play_member(stage, 4, 4);
	play_cgroup(stage, MEMORY_END, 1, "/", 4000);
	play_cgroup_with_parts(stage, MEMORY_END, 2, "/app", 3000);
	play_cgroup(stage, MEMORY_END, 3, "/app/;\x1b[31m\xff", 1700);
	play(stage, (struct event){.type = EVENT_CGROUP,
				   .cgroup = {.id = 4, .when = MEMORY_END, .path = "/app/gone"}});
	play_cell(stage, 1, 1, KIND_FILE, 20, 20);
	play_cell(stage, 2, 2, KIND_FILE, 100, 110);
	play_cell(stage, 2, 5, KIND_ANON, 40, 0);
	play_cell(stage, 3, 3, KIND_FILE, 7, 7);
	play_cell(stage, 4, 4, KIND_FILE, 25, 25);
	play_cell(stage, 2, 2, KIND_KERNEL, 50, 50);
	play_name(stage, 0x100, "read");
	play_name(stage, 0x200, "main");
	play_end(stage, END_INTERRUPTED);
}

static inline void play_chosen(const struct stage *stage, enum memory_when when,
			       uint64_t anon_pages, uint64_t file_pages)
{
	struct event event = {
		.type = EVENT_CGROUP,
		.cgroup = {.id = 1,
			   .when = when,
			   .known = 1U << KIND_ANON | 1U << KIND_FILE | CGROUP_USAGE_KNOWN,
			   .path = "/pods/;\x1b[31mred",
			   .usage_bytes = (anon_pages + file_pages) * 4096,
			   .chosen = true}};

	event.cgroup.bytes[KIND_ANON] = anon_pages * 4096;
	event.cgroup.bytes[KIND_FILE] = file_pages * 4096;
	play(stage, event);
}

/*
 * A cgroup that was chosen: a process that was there and has given some of its memory back since,
 * one that moved in with memory of its own, and half a huge page that no memory.stat counts.
 */
static inline void scene_container(const struct stage *stage)
{
	play_session(stage, 1, "--cgroup /pods");
	play_chosen(stage, MEMORY_START, 1000, 300);
	play_process(stage, 1, 300, 1, "redis-server", false, false);
	play_process(stage, 2, 301, 1, "sh", false, false);
	play_rss(stage, 1, MEMORY_START, 1000);
	play(stage, (struct event){.type = EVENT_MEMORY,
				   .memory = {.process = 2,
					      .when = MEMORY_START,
					      .known = MEMORY_RSS | MEMORY_JOINED,
					      .rss_anon_bytes = 80 * 4096}});
	play_module(stage, 1, "/usr/bin/redis-server");
	play_stack(stage, 1, "redis-server", STACK(0x100, 0x200));
	play_label(stage, 2, STACK_BEFORE);
	play_snapshot(stage, 10, false);
	play_member(stage, 1, 1);
	play_chosen(stage, MEMORY_END, 1050, 310);
	play_cell(stage, 1, 2, KIND_ANON, 900, 0);
	play_cell(stage, 1, 1, KIND_ANON, 150, 150);
	play_snapshot(stage, 20, true);
	play_member(stage, 1, 1);
	play_member(stage, 2, 1);
	play_chosen(stage, MEMORY_END, 790, 320);
	play(stage,
	     (struct event){.type = EVENT_MEMORY,
			    .memory = {.process = 1,
				       .when = MEMORY_END,
				       .known = MEMORY_RSS | MEMORY_SPLIT_HUGE | MEMORY_ELSEWHERE,
				       .rss_anon_bytes = 787 * 4096,
				       .split_huge_slots = 10,
				       .elsewhere_slots = 3}});
	play_cell(stage, 1, 2, KIND_ANON, 500, 0);
	play_cell(stage, 2, 2, KIND_ANON, 80, 0);
	play_cell(stage, 1, 1, KIND_ANON, 300, 400);
	play_cell(stage, 1, 1, KIND_FILE, 15, 15);
	play_name(stage, 0x100, "zmalloc");
	play_name(stage, 0x200, "main");
	play_end(stage, END_INTERRUPTED);
}

/* A whole host: its figures, and a process that nobody asked for by name. */
static inline void scene_host(const struct stage *stage)
{
	play_session(stage, 16, "--all");
	play_host(stage, MEMORY_START, 1000, 5000);
	play_process(stage, 1, 300, 1, "cat", false, false);
	play_module(stage, 1, "/usr/bin/cat");
	play_stack(stage, 1, "cat", STACK(0x100, 0x200));
	play_snapshot(stage, 10, false);
	play_host(stage, MEMORY_END, 1400, 8000);
	play_cell(stage, 1, 1, KIND_ANON, 25, 30);
	play_cell(stage, 1, 1, KIND_FILE, 200, 220);
	play_snapshot(stage, 20, true);
	play_host(stage, MEMORY_END, 2700, 8900);
	play_cell(stage, 1, 1, KIND_ANON, 100, 120);
	play_cell(stage, 1, 1, KIND_FILE, 250, 300);
	play_cell(stage, 1, 1, KIND_PENDING, 5, 0);
	play_file(stage, (struct file_event){.device = 254 << 20,
					     .number = 12,
					     .count = 1,
					     .path = "/var/log/\x1b[31mred;\n\xff 7",
					     .size_bytes = 8 << 20,
					     .slots = 100});
	play_file(stage, (struct file_event){.device = 254 << 20,
					     .number = 13,
					     .count = 1,
					     .deleted = true,
					     .path = "/tmp/gone",
					     .size_bytes = 4096,
					     .slots = 120});
	play_file(stage, (struct file_event){.device = 254 << 20 | 1,
					     .number = 14,
					     .count = 1,
					     .block_device = true,
					     .path = "/dev/vdb",
					     .slots = 16});
	play_file(stage, (struct file_event){.device = 7, .number = 15, .count = 1, .slots = 8});
	play_file(stage, (struct file_event){.count = 3, .slots = 6});
	play_name(stage, 0x100, "read");
	play_name(stage, 0x200, "main");
	play_end(stage, END_INTERRUPTED);
}

/* Nothing has grown. */
static inline void scene_idle(const struct stage *stage)
{
	play_session(stage, 16, "-p 5");
	play_process(stage, 1, 5, 1, "idle", true, false);
	play_rss(stage, 1, MEMORY_START, 10);
	play_rss(stage, 1, MEMORY_END, 10);
	play_end(stage, END_DURATION);
}

static const struct scene {
	const char *name;
	void (*play)(const struct stage *stage);
} scenes[] = {
	{"server", scene_server},       {"prefork", scene_prefork},
	{"command", scene_command},     {"hostile", scene_hostile},
	{"idle", scene_idle},           {"reserving", scene_reserving},
	{"snapshots", scene_snapshots}, {"kernel", scene_kernel},
	{"host", scene_host},           {"cgroups", scene_cgroups},
	{"container", scene_container}, {"inlined", scene_inlined},
};

#define SCENE_COUNT (sizeof(scenes) / sizeof(scenes[0]))

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is written to a trace file is read back the same; what is damaged is noticed. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "capture/trace_format.h"
#include "capture/trace_reader.h"
#include "capture/trace_writer.h"
#include "scenes.h"

/* --- a file in memory --------------------------------------------------------------------- */

struct file {
	char *bytes;
	size_t len_bytes;
	size_t event_count;
};

struct recording {
	struct trace_writer *writer;
	struct file *file;
};

static void record(const struct event *event, void *context)
{
	struct recording *recording = context;

	assert_int_equal(trace_writer_add(recording->writer, event), 0);
	recording->file->event_count++;
}

static struct file record_file(void (*scene)(const struct stage *stage))
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	struct file file = {0};
	FILE *stream = open_memstream(&file.bytes, &file.len_bytes);
	struct recording recording = {.file = &file};

	assert_int_equal(trace_writer_new(stream, &writer), 0);
	recording.writer = writer;
	scene(&(struct stage){record, &recording});
	assert_int_equal(trace_writer_finish(writer), 0);
	assert_int_equal(fclose(stream), 0);
	return file;
}

/* Reads events until the end or an error; returns that and how many there were. */
static int read_all(const char *bytes, size_t len_bytes, size_t *ret_count)
{
	/* fmemopen() refuses a size of 0 */
	FILE *stream = len_bytes ? fmemopen((void *)bytes, len_bytes, "r") : tmpfile();
	struct source *source = NULL;
	struct event event;
	int more;

	*ret_count = 0;
	assert_non_null(stream);
	more = trace_reader_new(stream, &source);
	if (more) {
		fclose(stream);
		return more;
	}
	while ((more = source->next(source, &event)) > 0)
		++*ret_count;
	assert_int_equal(source->next(source, &event), more);
	source->close(source);
	return more;
}

/* --- round trip --------------------------------------------------------------------------- */

static uint64_t random_state = 42;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t random_between(uint64_t min, uint64_t max)
{
	return min + random_u64() % (max - min + 1);
}

/* Any bytes but NUL, of any length up to most, from a ring of strings. */
static char *random_string(size_t most)
{
	static char strings[16][4200];
	static size_t turn;
	char *string = strings[turn++ % 16];
	size_t len = random_between(0, most);

	for (size_t i = 0; i < len; i++)
		string[i] = (char)random_between(1, 255);
	string[len] = '\0';
	return string;
}

static void random_slots(uint64_t slots[KIND_COUNT])
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		slots[kind] = random_u64();
}

static void random_session(struct event *event)
{
	event->session = (struct session_event){
		.start_realtime_ns = random_u64(),
		.period_pages = random_between(1, 512),
		.page_size_bytes = (uint32_t)random_between(4096, 65536),
		.tool_version = random_string(40),
		.kernel_release = random_string(40),
		.machine = random_string(40),
		.hostname = random_string(64),
		.boot_id = random_string(40),
		.target = random_string(4095),
	};
}

static void random_process(struct event *event)
{
	event->process = (struct process_event){
		.id = (uint32_t)random_u64(),
		.pid = (uint32_t)random_u64(),
		.parent_pid = (uint32_t)random_u64(),
		.start_time_ns = random_u64(),
		.target = random_u64() & 1,
		.ended = random_u64() & 1,
		.exe = random_u64() & 1 ? random_string(4095) : NULL,
	};
	strcpy(event->process.comm, random_string(EVENT_COMM_LEN - 1));
}

static void random_module(struct event *event)
{
	event->module = (struct module_event){
		.id = (uint32_t)random_between(1, UINT32_MAX),
		.build_id_len = (uint8_t)random_between(0, EVENT_BUILD_ID_MAX),
		.path = random_string(4095),
		.fd = -1,
	};
	for (size_t i = 0; i < event->module.build_id_len; i++)
		event->module.build_id[i] = (uint8_t)random_u64();
}

static void random_stack(struct event *event)
{
	static struct event_frame frames[EVENT_MAX_FRAMES];

	for (size_t i = 0; i < EVENT_MAX_FRAMES; i++)
		frames[i] = (struct event_frame){(uint32_t)random_u64(), random_u64()};
	event->stack = (struct stack_event){
		.id = (uint32_t)random_between(1, UINT32_MAX),
		.origin = random_between(0, STACK_ORIGIN_COUNT - 1),
		.end = random_u64() % STACK_END_COUNT,
		.frame_count = (uint32_t)random_between(0, EVENT_MAX_FRAMES),
		.frames = frames,
	};
	strcpy(event->stack.comm, random_string(EVENT_COMM_LEN - 1));
}

static void random_cell(struct event *event)
{
	event->cell = (struct cell_event){
		.process = (uint32_t)random_u64(),
		.stack = (uint32_t)random_u64(),
		.allocated_slots = random_u64(),
	};
	random_slots(event->cell.live_slots);
	random_slots(event->cell.held_slots);
}

static void random_inherited(struct event *event)
{
	event->inherited = (struct inherited_event){
		.process = (uint32_t)random_u64(),
		.author = (uint32_t)random_u64(),
		.author_pid = (uint32_t)random_u64(),
		.stack = (uint32_t)random_u64(),
	};
	random_slots(event->inherited.slots);
	random_slots(event->inherited.exclusive_slots);
}

static void random_memory(struct event *event)
{
	event->memory = (struct memory_event){
		.process = (uint32_t)random_u64(),
		.when = random_between(MEMORY_START, MEMORY_END),
		.known = (uint32_t)random_u64(),
		.rss_anon_bytes = random_u64(),
		.rss_file_bytes = random_u64(),
		.rss_shmem_bytes = random_u64(),
		.swap_bytes = random_u64(),
		.virtual_bytes = random_u64(),
		.page_table_bytes = random_u64(),
		.split_huge_slots = random_u64(),
		.elsewhere_slots = random_u64(),
	};
}

static void random_lost(struct event *event)
{
	event->lost = (struct lost_event){random_string(40), random_string(200), random_u64(),
					  random_u64() & 1};
}

static void random_stack_end(struct event *event)
{
	event->stack_end = (struct stack_end_event){random_u64() % STACK_END_COUNT, random_u64()};
}

static void random_name(struct event *event)
{
	event->name = (struct name_event){(uint32_t)random_between(1, UINT32_MAX), random_u64(),
					  random_string(4095)};
}

static void random_end(struct event *event)
{
	event->end =
		(struct end_event){random_u64(), random_between(END_TARGET_ENDED, END_DURATION),
				   random_u64() & 1, (int)random_u64()};
}

static void random_reserved(struct event *event)
{
	event->reserved = (struct reserved_event){(uint32_t)random_u64(), (uint32_t)random_u64(),
						  random_u64()};
}

static void random_mappings(struct event *event)
{
	event->mappings = (struct mappings_event){(uint32_t)random_u64(),
						  random_between(0, MAPPING_KIND_COUNT - 1),
						  random_u64(), random_u64(), random_u64()};
}

static void random_snapshot(struct event *event)
{
	event->snapshot = (struct snapshot_event){random_u64(), random_u64() & 1};
}

static void random_forgotten(struct event *event)
{
	event->forgotten = (struct forgotten_event){(uint32_t)random_u64(), (uint32_t)random_u64()};
}

static void random_incident(struct event *event)
{
	event->incident = (struct incident_event){
		.kind = random_between(INCIDENT_OOM_KILL, INCIDENT_KIND_COUNT - 1),
		.scope = random_between(0, SCOPE_COUNT - 1),
		.sources = (uint32_t)random_u64(),
		.known = (uint32_t)random_u64(),
		.id = random_string(200),
		.sequence = random_u64(),
		.realtime_ns = random_u64(),
		.monotonic_ns = random_u64(),
		.order = (uint32_t)random_u64(),
		.gfp = (uint32_t)random_u64(),
		.domain_pages = random_u64(),
		.trigger_pid = (uint32_t)random_u64(),
		.trigger_tid = (uint32_t)random_u64(),
		.trigger_user_stack = (uint32_t)random_u64(),
		.trigger_kernel_stack = (uint32_t)random_u64(),
		.trigger_cgroup = random_u64() & 1 ? NULL : random_string(200),
		.nodes = random_u64(),
		.badness_pages = (int64_t)random_u64(),
	};
	strcpy(event->incident.trigger_comm, random_string(EVENT_COMM_LEN - 1));
}

static void random_victim(struct event *event)
{
	event->victim = (struct victim_event){
		.process = (uint32_t)random_u64(),
		.role = random_between(VICTIM_CHOSEN, VICTIM_ROLE_COUNT - 1),
		.known = (uint32_t)random_u64(),
		.before = (uint32_t)random_u64(),
		.tid = (uint32_t)random_u64(),
		.parent_pid = (uint32_t)random_u64(),
		.uid = (uint32_t)random_u64(),
		.threads = (uint32_t)random_u64(),
		.oom_score_adj = (int32_t)random_u64(),
		.cgroup_id = random_u64(),
		.cgroup = random_u64() & 1 ? NULL : random_string(200),
		.rss_anon_bytes = random_u64(),
		.rss_file_bytes = random_u64(),
		.rss_shmem_bytes = random_u64(),
		.swap_bytes = random_u64(),
		.page_table_bytes = random_u64(),
		.peak_bytes = random_u64(),
	};
}

static void random_argument(struct event *event)
{
	event->argument = (struct argument_event){
		.process = (uint32_t)random_u64(),
		.index = (uint32_t)random_u64(),
		.text = random_string(200),
		.cut = random_u64() & 1,
	};
}

static void random_ancestor(struct event *event)
{
	event->ancestor = (struct ancestor_event){
		.process = (uint32_t)random_u64(),
		.depth = (uint32_t)random_between(1, UINT32_MAX),
		.pid = (uint32_t)random_u64(),
	};
	strcpy(event->ancestor.comm, random_string(EVENT_COMM_LEN - 1));
}

static void random_level(struct event *event)
{
	event->level = (struct level_event){
		.index = (uint32_t)random_u64(),
		.id = random_u64(),
		.path = random_string(200),
		.known = (uint32_t)random_u64(),
		.usage_bytes = random_u64(),
		.limit_bytes = random_u64(),
		.swap_bytes = random_u64(),
		.peak_bytes = random_u64(),
		.fired = random_u64() & 1,
		.when = random_between(TAKEN_AT_KILL, TAKEN_COUNT - 1),
	};
}

static void random_figure(struct event *event)
{
	event->figure = (struct figure_event){
		.level = (uint32_t)random_u64(),
		.key = random_string(200),
		.value = random_u64(),
		.source = random_between(FIGURE_LEDGER, FIGURE_SOURCE_COUNT - 1),
		.when = random_between(TAKEN_AT_KILL, TAKEN_COUNT - 1),
	};
}

static void random_candidate(struct event *event)
{
	event->candidate = (struct candidate_event){
		.pid = (uint32_t)random_u64(),
		.known = (uint32_t)random_u64(),
		.rss_bytes = random_u64(),
		.swap_bytes = random_u64(),
		.page_table_bytes = random_u64(),
		.oom_score_adj = (int32_t)random_u64(),
		.badness_pages = (int64_t)random_u64(),
		.chosen = random_u64() & 1,
		.when = random_between(TAKEN_AT_KILL, TAKEN_COUNT - 1),
	};
	strcpy(event->candidate.comm, random_string(EVENT_COMM_LEN - 1));
}

static void random_moment(struct event *event)
{
	event->moment = (struct moment_event){
		.before_ns = random_u64(),
		.process = (uint32_t)random_u64(),
		.level = (uint32_t)random_u64(),
		.known = (uint32_t)random_u64(),
		.anon_bytes = random_u64(),
		.file_bytes = random_u64(),
		.shmem_bytes = random_u64(),
		.swap_bytes = random_u64(),
		.usage_bytes = random_u64(),
	};
}

static void random_host(struct event *event)
{
	event->host.when = random_between(MEMORY_START, MEMORY_END);
	event->host.known = (uint32_t)random_u64();
	for (int figure = 0; figure < HOST_FIGURE_COUNT; figure++)
		event->host.bytes[figure] = random_u64();
}

static void random_file(struct event *event)
{
	event->file = (struct file_event){
		.device = (uint32_t)random_u64(),
		.number = random_u64(),
		.count = (uint32_t)random_u64(),
		.block_device = random_u64() & 1,
		.deleted = random_u64() & 1,
		.path = random_u64() & 1 ? NULL : random_string(4095),
		.size_bytes = random_u64(),
		.slots = random_u64(),
	};
}

static void random_cgroup(struct event *event)
{
	event->cgroup = (struct cgroup_event){
		.id = (uint32_t)random_between(1, UINT32_MAX),
		.when = random_between(MEMORY_START, MEMORY_END),
		.known = (uint32_t)random_u64(),
		.path = random_string(4095),
		.usage_bytes = random_u64(),
	};
	random_slots(event->cgroup.bytes);
	event->cgroup.parts_known = (uint32_t)random_u64();
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		event->cgroup.part_bytes[part] = random_u64();
	event->cgroup.chosen = random_u64() & 1;
}

static void random_member(struct event *event)
{
	event->member = (struct member_event){(uint32_t)random_u64(),
					      (uint32_t)random_between(1, UINT32_MAX)};
}

static void random_workload(struct event *event)
{
	event->workload = (struct workload_event){
		.process = (uint32_t)random_u64(),
		.kube_namespace = random_string(200),
		.pod = random_string(200),
		.container = random_u64() & 1 ? random_string(200) : NULL,
		.image = random_u64() & 1 ? random_string(200) : NULL,
	};
}

static void random_sender(struct event *event)
{
	event->sender = (struct sender_event){
		.process = (uint32_t)random_u64(),
		.kind = random_between(0, SENDER_KIND_COUNT - 1),
		.how = random_between(0, HOW_COUNT - 1),
		.tid = (uint32_t)random_u64(),
		.uid = (uint32_t)random_u64(),
		.cgroup = random_u64() & 1 ? NULL : random_string(4095),
		.oom_killer = random_u64() & 1,
	};
	snprintf(event->sender.thread_comm, EVENT_COMM_LEN, "thread");
}

static void random_charge(struct event *event)
{
	memset(&event->charge, 0, sizeof(event->charge));
	event->charge.time_ns = random_u64();
	event->charge.level = (uint32_t)random_u64();
	event->charge.held_bytes = random_u64();
	event->charge.usage_bytes = random_u64();
	event->charge.limit_bytes = random_u64();
}

static void random_degraded(struct event *event)
{
	event->degraded.without = random_string(200);
}

static void random_line(struct event *event)
{
	event->line = (struct line_event){
		.module = (uint32_t)random_between(1, UINT32_MAX),
		.offset = random_u64(),
		.depth = (uint32_t)random_between(0, EVENT_LINE_DEPTHS - 1),
		.name = random_u64() & 1 ? random_string(1023) : NULL,
		.file = random_u64() & 1 ? random_string(4095) : NULL,
		.line = (uint32_t)random_u64(),
	};
}

static void random_warning(struct event *event)
{
	event->warning.level = (uint32_t)random_u64();
	event->warning.percent = random_between(1, 100);
}

static void random_life(struct event *event)
{
	struct life_event *life = &event->life;

	life->id = random_string(60);
	life->number = (uint32_t)random_u64();
	life->pid = (uint32_t)random_u64();
	life->realtime_ns = random_u64();
	life->known = (uint32_t)random_u64();
	life->lived_ns = random_u64();
	life->memory_bytes = random_u64();
	life->limit_bytes = random_u64();
	life->half_ns = random_u64();
	life->early_ns = random_u64();
	life->early_held_bytes = random_u64();
	for (int i = 0; i < LIFE_STACKS; i++) {
		life->stack_hashes[i] = random_u64();
		life->stack_bytes[i] = random_u64();
		life->early_hashes[i] = random_u64();
		life->early_bytes[i] = random_u64();
	}
}

static void random_early(struct event *event)
{
	event->early = (struct early_event){
		.process = (uint32_t)random_u64(),
		.stack = (uint32_t)random_u64(),
		.before_ns = random_u64(),
		.held_bytes = random_u64(),
		.bytes = random_u64(),
	};
}

static void random_mapped(struct event *event)
{
	event->mapped = (struct mapped_event){
		.process = (uint32_t)random_u64(),
		.kind = random_between(0, MAPPING_KIND_COUNT - 1),
		.count = (uint32_t)random_u64(),
		.bytes = random_u64(),
		.name = random_u64() & 1 ? random_string(63) : NULL,
		.before_ns = random_u64(),
		.others = random_u64() & 1,
	};
}

static void (*const random_events[])(struct event *) = {
	[EVENT_SESSION] = random_session,     [EVENT_PROCESS] = random_process,
	[EVENT_MODULE] = random_module,       [EVENT_STACK] = random_stack,
	[EVENT_CELL] = random_cell,           [EVENT_INHERITED] = random_inherited,
	[EVENT_MEMORY] = random_memory,       [EVENT_LOST] = random_lost,
	[EVENT_NAME] = random_name,           [EVENT_END] = random_end,
	[EVENT_RESERVED] = random_reserved,   [EVENT_MAPPINGS] = random_mappings,
	[EVENT_SNAPSHOT] = random_snapshot,   [EVENT_WHOLE] = random_snapshot,
	[EVENT_FORGOTTEN] = random_forgotten, [EVENT_INCIDENT] = random_incident,
	[EVENT_VICTIM] = random_victim,       [EVENT_ARGUMENT] = random_argument,
	[EVENT_ANCESTOR] = random_ancestor,   [EVENT_LEVEL] = random_level,
	[EVENT_FIGURE] = random_figure,       [EVENT_CANDIDATE] = random_candidate,
	[EVENT_MOMENT] = random_moment,       [EVENT_HOST] = random_host,
	[EVENT_FILE] = random_file,           [EVENT_CGROUP] = random_cgroup,
	[EVENT_MEMBER] = random_member,       [EVENT_WORKLOAD] = random_workload,
	[EVENT_STACK_END] = random_stack_end, [EVENT_SENDER] = random_sender,
	[EVENT_CHARGE] = random_charge,       [EVENT_DEGRADED] = random_degraded,
	[EVENT_LINE] = random_line,           [EVENT_WARNING] = random_warning,
	[EVENT_LIFE] = random_life,           [EVENT_MAPPED] = random_mapped,
	[EVENT_EARLY] = random_early,
};

_Static_assert(sizeof(random_events) / sizeof(random_events[0]) == EVENT_TYPE_END,
	       "every event type goes to a file and back");

static void expect_same_string(const char *got, const char *wanted)
{
	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
}

/* What pointers lead to; then the pointers are made equal, so that the rest can be compared. */
static void expect_pointed_to(struct event *got, const struct event *wanted)
{
	const size_t strings[][6] = {
		[EVENT_SESSION] = {offsetof(struct event, session.tool_version),
				   offsetof(struct event, session.kernel_release),
				   offsetof(struct event, session.machine),
				   offsetof(struct event, session.hostname),
				   offsetof(struct event, session.boot_id),
				   offsetof(struct event, session.target)},
		[EVENT_PROCESS] = {offsetof(struct event, process.exe)},
		[EVENT_MODULE] = {offsetof(struct event, module.path)},
		[EVENT_LOST] = {offsetof(struct event, lost.cause),
				offsetof(struct event, lost.meaning)},
		[EVENT_NAME] = {offsetof(struct event, name.name)},
		[EVENT_INCIDENT] = {offsetof(struct event, incident.id),
				    offsetof(struct event, incident.trigger_cgroup)},
		[EVENT_VICTIM] = {offsetof(struct event, victim.cgroup)},
		[EVENT_ARGUMENT] = {offsetof(struct event, argument.text)},
		[EVENT_LEVEL] = {offsetof(struct event, level.path)},
		[EVENT_FIGURE] = {offsetof(struct event, figure.key)},
		[EVENT_CGROUP] = {offsetof(struct event, cgroup.path)},
		[EVENT_FILE] = {offsetof(struct event, file.path)},
		[EVENT_LINE] = {offsetof(struct event, line.name),
				offsetof(struct event, line.file)},
		[EVENT_WORKLOAD] = {offsetof(struct event, workload.kube_namespace),
				    offsetof(struct event, workload.pod),
				    offsetof(struct event, workload.container),
				    offsetof(struct event, workload.image)},
		[EVENT_SENDER] = {offsetof(struct event, sender.cgroup)},
		[EVENT_MAPPED] = {offsetof(struct event, mapped.name)},
		[EVENT_DEGRADED] = {offsetof(struct event, degraded.without)},
		[EVENT_LIFE] = {offsetof(struct event, life.id)},
		[EVENT_TYPE_END] = {0},
	};

	for (size_t i = 0; i < 6 && strings[wanted->type][i]; i++) {
		const char **mine = (void *)((char *)got + strings[wanted->type][i]);

		expect_same_string(
			*mine, *(char *const *)((const char *)wanted + strings[wanted->type][i]));
		memcpy(mine, (const char *)wanted + strings[wanted->type][i], sizeof(*mine));
	}
	if (wanted->type != EVENT_STACK)
		return;
	for (size_t i = 0; i < wanted->stack.frame_count; i++) {
		assert_int_equal(got->stack.frames[i].module, wanted->stack.frames[i].module);
		assert_int_equal(got->stack.frames[i].offset, wanted->stack.frames[i].offset);
	}
	got->stack.frames = wanted->stack.frames;
}

static void expect_round_trip(const struct event *event)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	_cleanup_free_ char *bytes = NULL;
	struct source *source = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&bytes, &len_bytes);
	struct event got, end;

	assert_int_equal(trace_writer_new(stream, &writer), 0);
	assert_int_equal(trace_writer_add(writer, event), 0);
	assert_int_equal(trace_writer_finish(writer), 0);
	assert_int_equal(fclose(stream), 0);

	assert_int_equal(trace_reader_new(fmemopen(bytes, len_bytes, "r"), &source), 0);
	assert_int_equal(source->next(source, &got), 1);
	assert_int_equal(got.type, event->type);
	expect_pointed_to(&got, event);
	assert_memory_equal(&got, event, sizeof(got));
	assert_int_equal(source->next(source, &end), 0);
	source->close(source);
}

static void test_every_event_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (enum event_type type = EVENT_SESSION; type < EVENT_TYPE_END; type++) {
		for (int i = 0; i < 300; i++) {
			struct event event;

			/* padding too: the comparison is of all bytes */
			memset(&event, 0, sizeof(event));
			event.type = type;
			random_events[type](&event);
			expect_round_trip(&event);
		}
	}
}

/* --- damage ------------------------------------------------------------------------------- */

static void test_a_file_cut_anywhere_yields_what_came_before(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct file file = record_file(scene_server);
	size_t count, last = 0;

	(void)state;
	bytes = file.bytes;
	for (size_t len = 0; len < file.len_bytes; len++) {
		int err = read_all(bytes, len, &count);

		assert_true(err == -ENODATA || (len < 12 && err == -EMEDIUMTYPE));
		assert_true(count >= last && count <= file.event_count);
		last = count;
	}
	assert_int_equal(last, file.event_count);
	assert_int_equal(read_all(bytes, file.len_bytes, &count), 0);
	assert_int_equal(count, file.event_count);
}

static void test_every_flipped_bit_is_noticed(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct file file = record_file(scene_prefork);
	size_t count;

	(void)state;
	bytes = file.bytes;
	for (size_t bit = 0; bit < 8 * file.len_bytes; bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		assert_true(read_all(bytes, file.len_bytes, &count) < 0);
		assert_true(count < file.event_count + 1);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void test_a_missing_record_is_noticed(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct file file = record_file(scene_idle);
	size_t first = 16;
	uint32_t length;
	size_t count;

	(void)state;
	bytes = file.bytes;
	memcpy(&length, bytes + first + 4, sizeof(length));
	length += 12;
	memmove(bytes + first, bytes + first + length, file.len_bytes - first - length);
	assert_int_equal(read_all(bytes, file.len_bytes - length, &count), -EBADMSG);
	assert_int_equal(count, 0);
}

static void test_bytes_after_the_end_are_noticed(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct file file = record_file(scene_idle);
	size_t count;

	(void)state;
	bytes = realloc(file.bytes, file.len_bytes + 1);
	bytes[file.len_bytes] = '\n';
	assert_int_equal(read_all(bytes, file.len_bytes + 1, &count), -EBADMSG);
	assert_int_equal(count, file.event_count);
}

static void test_a_foreign_file_is_told_as_such(void **state)
{
	static const char elf[] = "\177ELF and then something that is long enough for a header";
	size_t count;

	(void)state;
	assert_int_equal(read_all(elf, sizeof(elf), &count), -EMEDIUMTYPE);
	assert_int_equal(read_all("", 0, &count), -EMEDIUMTYPE);
}

/* --- other versions ----------------------------------------------------------------------- */

static uint32_t crc_of(uint32_t crc, const void *bytes, size_t len_bytes)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	while (len_bytes--) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static char *put_u32(char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/* A record of our own making, with the running checksum as the format wants it. */
static char *put_record(char *at, uint32_t *crc, uint32_t type, const char *payload, uint32_t len)
{
	char *record = at;

	at = put_u32(at, type);
	at = put_u32(at, len);
	memcpy(at, payload, len);
	*crc = crc_of(*crc, record, 8 + len);
	return put_u32(at + len, *crc);
}

static char *put_header(char *at, uint32_t *crc, uint32_t version)
{
	memcpy(at, "oomtrace", 8);
	put_u32(at + 8, version);
	*crc = crc_of(0, at, 12);
	return put_u32(at + 12, *crc);
}

static void test_a_newer_format_is_told_as_such(void **state)
{
	char bytes[16];
	uint32_t crc;
	size_t count;

	(void)state;
	put_header(bytes, &crc, 2);
	assert_int_equal(read_all(bytes, sizeof(bytes), &count), -EPROTONOSUPPORT);
}

static void test_records_of_unknown_types_are_skipped(void **state)
{
	static const char end[] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 'n', 'e', 'w'};
	char bytes[256];
	uint32_t crc;
	size_t count;
	char *at;

	(void)state;
	at = put_header(bytes, &crc, 1);
	at = put_record(at, &crc, 4711, "from the future", 15);
	at = put_record(at, &crc, EVENT_END, end, sizeof(end)); /* with a field too many */
	at = put_record(at, &crc, 0xffffffff, "", 0);
	assert_int_equal(read_all(bytes, (size_t)(at - bytes), &count), 0);
	assert_int_equal(count, 1);
}

static uint64_t little_endian(const char *bytes, size_t len_bytes)
{
	uint64_t value = 0;

	while (len_bytes--)
		value = value << 8 | (uint8_t)bytes[len_bytes];
	return value;
}

/* What a field that begins there takes. */
static size_t field_bytes(const struct trace_field *field, const char *at)
{
	switch (field->type) {
	case TRACE_FIELD_NUMBER:
		return field->wire_bytes;
	case TRACE_FIELD_SLOTS:
		return 1 + 8 * little_endian(at, 1);
	case TRACE_FIELD_BUILD_ID:
		return 1 + little_endian(at, 1);
	case TRACE_FIELD_FRAMES:
		return 2 + 12 * little_endian(at, 2);
	default:
		return little_endian(at, 2) == TRACE_STRING_ABSENT ? 2 : 3 + little_endian(at, 2);
	}
}

static int read_one_record(uint32_t type, const char *payload, size_t len_bytes, size_t *ret_count)
{
	_cleanup_free_ char *bytes = malloc(len_bytes + 64);
	uint32_t crc;
	char *at = put_header(bytes, &crc, 1);

	at = put_record(at, &crc, type, payload, (uint32_t)len_bytes);
	at = put_record(at, &crc, 0xffffffff, "", 0);
	return read_all(bytes, (size_t)(at - bytes), ret_count);
}

/* As the first version of the format wrote it: without what was appended to the event since. */
static void expect_older_is_read(uint32_t type)
{
	const struct trace_layout *layout = trace_layout_of(type);
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	_cleanup_free_ char *file = NULL;
	size_t file_bytes, len_bytes = 0, count;
	FILE *stream = open_memstream(&file, &file_bytes);
	const char *payload;
	struct event event = {.type = type};

	random_events[type](&event);
	assert_int_equal(trace_writer_new(stream, &writer), 0);
	assert_int_equal(trace_writer_add(writer, &event), 0);
	assert_int_equal(fclose(stream), 0);
	payload = file + TRACE_HEADER_BYTES + TRACE_RECORD_HEADER_BYTES;
	for (size_t i = 0; i < layout->required; i++)
		len_bytes += field_bytes(&layout->fields[i], payload + len_bytes);
	assert_int_equal(read_one_record(type, payload, len_bytes, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(read_one_record(type, payload, len_bytes - 1, &count), -EBADMSG);
	assert_int_equal(count, 0);
}

static void test_records_of_an_older_writer_are_read(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < EVENT_TYPE_END; type++)
		expect_older_is_read(type);
}

static void test_values_out_of_range_are_refused(void **state)
{
	static const char reason[] = {1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0};
	static const char frames[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, (char)0xff, 0x7f};
	static const char string[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 'a', 0, 'b', 0};
	static const struct {
		uint32_t type;
		const char *payload;
		uint32_t len;
	} cases[] = {
		{EVENT_END, reason, sizeof(reason)},
		{EVENT_END, reason, 3},
		{EVENT_STACK, frames, sizeof(frames)},
		{EVENT_NAME, string, sizeof(string)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[256];
		uint32_t crc;
		size_t count;
		char *at = put_header(bytes, &crc, 1);

		at = put_record(at, &crc, cases[i].type, cases[i].payload, cases[i].len);
		at = put_record(at, &crc, 0xffffffff, "", 0);
		assert_int_equal(read_all(bytes, (size_t)(at - bytes), &count), -EBADMSG);
		assert_int_equal(count, 0);
	}
}

static void test_the_writer_refuses_what_the_format_cannot_hold(void **state)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	_cleanup_fclose_ FILE *stream = tmpfile();
	const struct event cases[] = {
		{.type = 99},
		{.type = EVENT_MODULE, .module = {.id = 1, .path = NULL}},
		{.type = EVENT_MODULE, .module = {.id = 1, .path = "", .build_id_len = 21}},
		{.type = EVENT_STACK, .stack = {.id = 1, .frame_count = EVENT_MAX_FRAMES + 1}},
		{.type = EVENT_END, .end = {.reason = 0}},
	};

	(void)state;
	assert_int_equal(trace_writer_new(stream, &writer), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(trace_writer_add(writer, &cases[i]), -EINVAL);
}

static void test_the_writer_tells_a_full_disk(void **state)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	_cleanup_fclose_ FILE *stream = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(stream);
	setvbuf(stream, NULL, _IONBF, 0);
	assert_int_equal(trace_writer_new(stream, &writer), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event_is_read_as_it_was_written),
		cmocka_unit_test(test_a_file_cut_anywhere_yields_what_came_before),
		cmocka_unit_test(test_every_flipped_bit_is_noticed),
		cmocka_unit_test(test_a_missing_record_is_noticed),
		cmocka_unit_test(test_bytes_after_the_end_are_noticed),
		cmocka_unit_test(test_a_foreign_file_is_told_as_such),
		cmocka_unit_test(test_a_newer_format_is_told_as_such),
		cmocka_unit_test(test_records_of_unknown_types_are_skipped),
		cmocka_unit_test(test_records_of_an_older_writer_are_read),
		cmocka_unit_test(test_values_out_of_range_are_refused),
		cmocka_unit_test(test_the_writer_refuses_what_the_format_cannot_hold),
		cmocka_unit_test(test_the_writer_tells_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

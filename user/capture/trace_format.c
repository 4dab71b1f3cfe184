// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_format.h"

#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NUMBER_IN(member, wire, least, most)                                               \
	{                                                                                  \
		.type = TRACE_FIELD_NUMBER, .offset = offsetof(struct event, member),      \
		.memory_bytes = sizeof(((struct event *)0)->member), .wire_bytes = (wire), \
		.min = (least), .max = (most)                                              \
	}
#define U32(member) NUMBER_IN(member, 4, 0, UINT32_MAX)
#define U64(member) NUMBER_IN(member, 8, 0, UINT64_MAX)
#define BOOL(member) NUMBER_IN(member, 1, 0, 1)
#define FIELD(kind, member)                                                          \
	{                                                                            \
		.type = TRACE_FIELD_##kind, .offset = offsetof(struct event, member) \
	}
#define STRING(member) FIELD(STRING, member)
#define OPTIONAL(member) FIELD(OPTIONAL, member)
#define COMM(member) FIELD(COMM, member)
#define SLOTS(member) FIELD(SLOTS, member)

/*
 * One table for each event type, in the order of the file. Fields may be appended, never changed,
 * moved or removed: an older reader skips what it does not know at the end of a record. An appended
 * field is one where zero (no string, no bytes) means unknown, for that is what an older file says
 * of it, and the layout of its event becomes GROWN() with the number of fields before the first.
 */

static const struct trace_field session_fields[] = {
	U64(session.start_realtime_ns),
	NUMBER_IN(session.period_pages, 8, 1, 512),
	NUMBER_IN(session.page_size_bytes, 4, 4096, 65536),
	STRING(session.tool_version),
	STRING(session.kernel_release),
	STRING(session.machine),
	STRING(session.hostname),
	STRING(session.boot_id),
	STRING(session.target),
};

static const struct trace_field process_fields[] = {
	U32(process.id),         U32(process.pid),
	U32(process.parent_pid), U64(process.start_time_ns),
	BOOL(process.target),    BOOL(process.ended),
	COMM(process.comm),      OPTIONAL(process.exe),
};

static const struct trace_field module_fields[] = {
	NUMBER_IN(module.id, 4, 1, UINT32_MAX),
	FIELD(BUILD_ID, module.build_id),
	STRING(module.path),
};

static const struct trace_field stack_fields[] = {
	NUMBER_IN(stack.id, 4, 1, UINT32_MAX),
	NUMBER_IN(stack.origin, 1, 0, STACK_ORIGIN_COUNT - 1),
	NUMBER_IN(stack.end, 1, 0, STACK_END_COUNT - 1),
	COMM(stack.comm),
	FIELD(FRAMES, stack.frames),
};

static const struct trace_field cell_fields[] = {
	U32(cell.process),         U32(cell.stack),        SLOTS(cell.live_slots),
	U64(cell.allocated_slots), SLOTS(cell.held_slots),
};

static const struct trace_field inherited_fields[] = {
	U32(inherited.process), U32(inherited.author),  U32(inherited.author_pid),
	U32(inherited.stack),   SLOTS(inherited.slots), SLOTS(inherited.exclusive_slots),
};

static const struct trace_field memory_fields[] = {
	U32(memory.process),
	NUMBER_IN(memory.when, 1, MEMORY_START, MEMORY_END),
	U32(memory.known),
	U64(memory.rss_anon_bytes),
	U64(memory.rss_file_bytes),
	U64(memory.rss_shmem_bytes),
	U64(memory.swap_bytes),
	U64(memory.virtual_bytes),
	U64(memory.page_table_bytes),
	U64(memory.split_huge_slots),
	U64(memory.elsewhere_slots),
};

static const struct trace_field lost_fields[] = {
	STRING(lost.cause),
	STRING(lost.meaning),
	U64(lost.count),
	BOOL(lost.data),
};

static const struct trace_field stack_end_fields[] = {
	NUMBER_IN(stack_end.end, 1, 0, STACK_END_COUNT - 1),
	U64(stack_end.count),
};

static const struct trace_field name_fields[] = {
	NUMBER_IN(name.module, 4, 1, UINT32_MAX),
	U64(name.offset),
	STRING(name.name),
};

static const struct trace_field line_fields[] = {
	NUMBER_IN(line.module, 4, 1, UINT32_MAX),
	U64(line.offset),
	NUMBER_IN(line.depth, 4, 0, EVENT_LINE_DEPTHS - 1),
	OPTIONAL(line.name),
	OPTIONAL(line.file),
	U32(line.line),
};

static const struct trace_field end_fields[] = {
	U64(end.duration_ns),
	NUMBER_IN(end.reason, 1, END_TARGET_ENDED, END_DURATION),
	BOOL(end.has_exit_status),
	U32(end.exit_status),
};

static const struct trace_field reserved_fields[] = {
	U32(reserved.process),
	U32(reserved.stack),
	U64(reserved.bytes),
};

static const struct trace_field mappings_fields[] = {
	U32(mappings.process),        NUMBER_IN(mappings.kind, 1, 0, MAPPING_KIND_COUNT - 1),
	U64(mappings.count),          U64(mappings.reserved_bytes),
	U64(mappings.resident_bytes),
};

static const struct trace_field snapshot_fields[] = {
	U64(snapshot.time_ns),
	BOOL(snapshot.last),
};

static const struct trace_field forgotten_fields[] = {
	U32(forgotten.process),
	U32(forgotten.stack),
};

static const struct trace_field incident_fields[] = {
	NUMBER_IN(incident.kind, 1, INCIDENT_OOM_KILL, INCIDENT_KIND_COUNT - 1),
	NUMBER_IN(incident.scope, 1, 0, SCOPE_COUNT - 1),
	U32(incident.sources),
	U32(incident.known),
	STRING(incident.id),
	U64(incident.sequence),
	U64(incident.realtime_ns),
	U64(incident.monotonic_ns),
	U32(incident.order),
	U32(incident.gfp),
	U64(incident.domain_pages),
	U32(incident.trigger_pid),
	U32(incident.trigger_tid),
	COMM(incident.trigger_comm),
	U32(incident.trigger_user_stack),
	U32(incident.trigger_kernel_stack),
	OPTIONAL(incident.trigger_cgroup),
	U64(incident.nodes),
	U64(incident.badness_pages),
};

static const struct trace_field victim_fields[] = {
	U32(victim.process),
	NUMBER_IN(victim.role, 1, VICTIM_CHOSEN, VICTIM_ROLE_COUNT - 1),
	U32(victim.known),
	U32(victim.before),
	U32(victim.tid),
	U32(victim.parent_pid),
	U32(victim.uid),
	U32(victim.threads),
	U32(victim.oom_score_adj),
	U64(victim.cgroup_id),
	OPTIONAL(victim.cgroup),
	U64(victim.rss_anon_bytes),
	U64(victim.rss_file_bytes),
	U64(victim.rss_shmem_bytes),
	U64(victim.swap_bytes),
	U64(victim.page_table_bytes),
	U64(victim.peak_bytes),
	U64(victim.mapped_bytes),
	U64(victim.data_bytes),
	U64(victim.stack_bytes),
	U64(victim.exec_bytes),
};

static const struct trace_field argument_fields[] = {
	U32(argument.process),
	U32(argument.index),
	STRING(argument.text),
	BOOL(argument.cut),
};

static const struct trace_field ancestor_fields[] = {
	U32(ancestor.process),
	NUMBER_IN(ancestor.depth, 4, 1, UINT32_MAX),
	U32(ancestor.pid),
	COMM(ancestor.comm),
};

static const struct trace_field level_fields[] = {
	U32(level.index),       U64(level.id),
	STRING(level.path),     U32(level.known),
	U64(level.usage_bytes), U64(level.limit_bytes),
	U64(level.swap_bytes),  U64(level.peak_bytes),
	BOOL(level.fired),      NUMBER_IN(level.when, 1, TAKEN_AT_KILL, TAKEN_COUNT - 1),
};

static const struct trace_field figure_fields[] = {
	U32(figure.level),
	STRING(figure.key),
	U64(figure.value),
	NUMBER_IN(figure.source, 1, FIGURE_LEDGER, FIGURE_SOURCE_COUNT - 1),
	NUMBER_IN(figure.when, 1, TAKEN_AT_KILL, TAKEN_COUNT - 1),
	U32(figure.process),
	OPTIONAL(figure.text),
};

static const struct trace_field candidate_fields[] = {
	U32(candidate.pid),           COMM(candidate.comm),
	U32(candidate.known),         U64(candidate.rss_bytes),
	U64(candidate.swap_bytes),    U64(candidate.page_table_bytes),
	U32(candidate.oom_score_adj), U64(candidate.badness_pages),
	BOOL(candidate.chosen),       NUMBER_IN(candidate.when, 1, TAKEN_AT_KILL, TAKEN_COUNT - 1),
};

static const struct trace_field moment_fields[] = {
	U64(moment.before_ns),   U32(moment.process),       U32(moment.level),
	U32(moment.known),       U64(moment.anon_bytes),    U64(moment.file_bytes),
	U64(moment.shmem_bytes), U64(moment.swap_bytes),    U64(moment.usage_bytes),
	U64(moment.limit_bytes), U64(moment.stall_some_us), U64(moment.stall_full_us),
};

static const struct trace_field host_fields[] = {
	NUMBER_IN(host.when, 1, MEMORY_START, MEMORY_END),
	U32(host.known),
	U64(host.bytes[HOST_TOTAL]),
	U64(host.bytes[HOST_FREE]),
	U64(host.bytes[HOST_BUFFERS]),
	U64(host.bytes[HOST_CACHED]),
	U64(host.bytes[HOST_SWAP_CACHED]),
	U64(host.bytes[HOST_ANON]),
	U64(host.bytes[HOST_SHMEM]),
	U64(host.bytes[HOST_SLAB]),
	U64(host.bytes[HOST_KERNEL_STACKS]),
	U64(host.bytes[HOST_PAGE_TABLES]),
	U64(host.bytes[HOST_OTHER_TABLES]),
	U64(host.bytes[HOST_PERCPU]),
};

static const struct trace_field file_fields[] = {
	U32(file.device),   U64(file.number),    U32(file.count),      BOOL(file.block_device),
	BOOL(file.deleted), OPTIONAL(file.path), U64(file.size_bytes), U64(file.slots),
};

static const struct trace_field cgroup_fields[] = {
	NUMBER_IN(cgroup.id, 4, 1, UINT32_MAX),
	NUMBER_IN(cgroup.when, 1, MEMORY_START, MEMORY_END),
	U32(cgroup.known),
	STRING(cgroup.path),
	SLOTS(cgroup.bytes),
	U64(cgroup.usage_bytes),
	U32(cgroup.parts_known),
	U64(cgroup.part_bytes[CGROUP_SLAB]),
	U64(cgroup.part_bytes[CGROUP_PAGE_TABLES]),
	U64(cgroup.part_bytes[CGROUP_KERNEL_STACKS]),
	U64(cgroup.part_bytes[CGROUP_PERCPU]),
	U64(cgroup.part_bytes[CGROUP_VMALLOC]),
	U64(cgroup.part_bytes[CGROUP_SOCKETS]),
	BOOL(cgroup.chosen),
	U64(cgroup.limit_bytes),
	U64(cgroup.reclaimable_bytes),
};

static const struct trace_field member_fields[] = {
	U32(member.process),
	NUMBER_IN(member.cgroup, 4, 1, UINT32_MAX),
};

static const struct trace_field workload_fields[] = {
	U32(workload.process),        OPTIONAL(workload.kube_namespace), OPTIONAL(workload.pod),
	OPTIONAL(workload.container), OPTIONAL(workload.image),
};

static const struct trace_field sender_fields[] = {
	U32(sender.process),
	NUMBER_IN(sender.kind, 1, 0, SENDER_KIND_COUNT - 1),
	NUMBER_IN(sender.how, 1, 0, HOW_COUNT - 1),
	U32(sender.tid),
	U32(sender.uid),
	COMM(sender.thread_comm),
	OPTIONAL(sender.cgroup),
	BOOL(sender.oom_killer),
};

static const struct trace_field charge_fields[] = {
	U64(charge.time_ns),     U32(charge.level),       U64(charge.held_bytes),
	U64(charge.usage_bytes), U64(charge.limit_bytes),
};

static const struct trace_field degraded_fields[] = {
	STRING(degraded.without),
};

static const struct trace_field warning_fields[] = {
	U32(warning.level),        NUMBER_IN(warning.percent, 4, 1, 100),
	U64(warning.before_ns),    U64(warning.held_bytes),
	U64(warning.limit_bytes),  U64(warning.grown_slots),
	U32(warning.grown_stacks),
};

static const struct trace_field life_fields[] = {
	STRING(life.id),
	U32(life.number),
	U32(life.pid),
	U64(life.realtime_ns),
	U32(life.known),
	U64(life.lived_ns),
	U64(life.memory_bytes),
	U64(life.limit_bytes),
	U64(life.half_ns),
	U64(life.stack_hashes[0]),
	U64(life.stack_hashes[1]),
	U64(life.stack_hashes[2]),
	U64(life.stack_hashes[3]),
	U64(life.stack_bytes[0]),
	U64(life.stack_bytes[1]),
	U64(life.stack_bytes[2]),
	U64(life.stack_bytes[3]),
	U64(life.early_ns),
	U64(life.early_held_bytes),
	U64(life.early_hashes[0]),
	U64(life.early_hashes[1]),
	U64(life.early_hashes[2]),
	U64(life.early_hashes[3]),
	U64(life.early_bytes[0]),
	U64(life.early_bytes[1]),
	U64(life.early_bytes[2]),
	U64(life.early_bytes[3]),
};

static const struct trace_field early_fields[] = {
	U32(early.process),    U32(early.stack), U64(early.before_ns),
	U64(early.held_bytes), U64(early.bytes),
};

_Static_assert(LIFE_STACKS == 4, "all of them are in the table");

static const struct trace_field mapped_fields[] = {
	U32(mapped.process),   NUMBER_IN(mapped.kind, 1, 0, MAPPING_KIND_COUNT - 1),
	U32(mapped.count),     U64(mapped.bytes),
	OPTIONAL(mapped.name), U64(mapped.before_ns),
	BOOL(mapped.others),
};

#define GROWN(name, first_fields)                                             \
	{                                                                     \
		.fields = name##_fields, .count = ARRAY_COUNT(name##_fields), \
		.required = (first_fields)                                    \
	}
#define LAYOUT(name) GROWN(name, ARRAY_COUNT(name##_fields))

static const struct trace_layout layouts[] = {
	[EVENT_SESSION] = LAYOUT(session),     [EVENT_PROCESS] = LAYOUT(process),
	[EVENT_MODULE] = LAYOUT(module),       [EVENT_STACK] = LAYOUT(stack),
	[EVENT_CELL] = LAYOUT(cell),           [EVENT_INHERITED] = LAYOUT(inherited),
	[EVENT_MEMORY] = GROWN(memory, 10),    [EVENT_LOST] = LAYOUT(lost),
	[EVENT_NAME] = LAYOUT(name),           [EVENT_END] = LAYOUT(end),
	[EVENT_RESERVED] = LAYOUT(reserved),   [EVENT_MAPPINGS] = LAYOUT(mappings),
	[EVENT_SNAPSHOT] = LAYOUT(snapshot),   [EVENT_WHOLE] = LAYOUT(snapshot),
	[EVENT_FORGOTTEN] = LAYOUT(forgotten), [EVENT_INCIDENT] = GROWN(incident, 17),
	[EVENT_VICTIM] = GROWN(victim, 17),    [EVENT_ARGUMENT] = LAYOUT(argument),
	[EVENT_ANCESTOR] = LAYOUT(ancestor),   [EVENT_LEVEL] = LAYOUT(level),
	[EVENT_FIGURE] = GROWN(figure, 5),     [EVENT_CANDIDATE] = LAYOUT(candidate),
	[EVENT_MOMENT] = GROWN(moment, 9),     [EVENT_HOST] = LAYOUT(host),
	[EVENT_FILE] = LAYOUT(file),           [EVENT_CGROUP] = GROWN(cgroup, 14),
	[EVENT_MEMBER] = LAYOUT(member),       [EVENT_WORKLOAD] = GROWN(workload, 4),
	[EVENT_STACK_END] = LAYOUT(stack_end), [EVENT_SENDER] = LAYOUT(sender),
	[EVENT_CHARGE] = LAYOUT(charge),       [EVENT_DEGRADED] = LAYOUT(degraded),
	[EVENT_LINE] = LAYOUT(line),           [EVENT_WARNING] = GROWN(warning, 2),
	[EVENT_LIFE] = GROWN(life, 17),        [EVENT_MAPPED] = LAYOUT(mapped),
	[EVENT_EARLY] = LAYOUT(early),
};

_Static_assert(ARRAY_COUNT(layouts) == EVENT_TYPE_END, "every event type has a layout");
_Static_assert(sizeof(struct event) <= UINT16_MAX, "offsets of members fit a field");

const struct trace_layout *trace_layout_of(uint32_t type)
{
	if (type >= ARRAY_COUNT(layouts) || !layouts[type].fields)
		return NULL;
	return &layouts[type];
}

uint64_t trace_number_load(const void *memory, size_t bytes)
{
	uint8_t u8;
	uint32_t u32;
	uint64_t u64;

	switch (bytes) {
	case 1:
		memcpy(&u8, memory, 1);
		return u8;
	case 4:
		memcpy(&u32, memory, 4);
		return u32;
	default:
		memcpy(&u64, memory, 8);
		return u64;
	}
}

void trace_number_store(void *memory, size_t bytes, uint64_t value)
{
	uint8_t u8 = (uint8_t)value;
	uint32_t u32 = (uint32_t)value;

	switch (bytes) {
	case 1:
		memcpy(memory, &u8, 1);
		break;
	case 4:
		memcpy(memory, &u32, 4);
		break;
	default:
		memcpy(memory, &value, 8);
		break;
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/json.h"

#include <string.h>

#include "model/stack_ends.h"
#include "render/limit.h"

/* --- stacks ------------------------------------------------------------------------------- */

static const char *const origin_names[] = {
	[STACK_USER] = "user",
	[STACK_LOST] = "lost",
	[STACK_BEFORE] = "before",
	[STACK_MOVED] = "moved",
	[STACK_NO_STACK] = "no_stack",
	[STACK_RETIRED] = "ended",
	[STACK_MAPPED_BEFORE] = "mapped_before",
	[STACK_MAPPED_FORK] = "mapped_before_fork",
};

_Static_assert(sizeof(origin_names) / sizeof(origin_names[0]) == STACK_ORIGIN_COUNT,
	       "every origin has a name");

static void append_source(struct json_maker *sources, uint32_t frame,
			  const struct growth_place *place)
{
	struct json_maker source = json_make_object();

	json_put_count(&source, "frame", frame);
	json_put_name(&source, "function", place->function);
	if (place->file)
		json_put_name(&source, "file", place->file);
	if (place->line)
		json_put_count(&source, "line", place->line);
	if (place->inlined)
		json_put_bool(&source, "inlined", true);
	json_append_made(sources, &source);
}

/* Frames of which more is known than a name. */
static void put_sources(struct json_maker *stack, const struct growth_row *row)
{
	_cleanup_(json_maker_release) struct json_maker sources = json_make_array();
	bool any = false;

	for (uint32_t i = 0; i < row->frame_count; i++) {
		if (!row->places[i].file && !row->places[i].inlined)
			continue;
		append_source(&sources, i, &row->places[i]);
		any = true;
	}
	if (any)
		json_put_made(stack, "sources", &sources);
}

static void append_stack(struct json_maker *stacks, const struct growth_row *row)
{
	struct json_maker stack = json_make_object();

	json_put_count(&stack, "pid", row->process->pid);
	json_put_name(&stack, "comm", row->comm);
	/* addresses are of no kind, and gross allocation is of pages whatever became of them */
	if (row->kind != GROWTH_KIND_ANY)
		json_put_name(&stack, "kind", memory_kind_name(row->kind));
	json_put_name(&stack, "origin", origin_names[row->origin]);
	if (row->inherited_from_pid)
		json_put_count(&stack, "inherited_from_pid", row->inherited_from_pid);
	json_put_signed(&stack, "bytes", row->bytes);
	/* what is not sampled but subtracted has no bound */
	if (row->samples || row->from_samples)
		json_put_count(&stack, "error_bytes", row->error_bytes);
	json_put_count(&stack, "allocated_bytes", row->allocated_bytes);
	json_put_names(&stack, "frames", row->frames, row->frame_count);
	if (row->kernel_frame_count)
		json_put_count(&stack, "kernel_frame_count", row->kernel_frame_count);
	put_sources(&stack, row);
	json_append_made(stacks, &stack);
}

void json_put_stacks(struct json_maker *object, const char *key, const struct growth_row *rows,
		     size_t count)
{
	struct json_maker stacks = json_make_array();

	for (size_t i = 0; i < count; i++)
		append_stack(&stacks, &rows[i]);
	json_put_made(object, key, &stacks);
}

/* --- processes, and what they add up to --------------------------------------------------- */

static const char *const mapping_keys[] = {
	[MAPPING_HEAP] = "heap",           [MAPPING_ANON] = "anonymous",
	[MAPPING_ARENA] = "arena",         [MAPPING_THREAD_STACK] = "thread_stack",
	[MAPPING_STACK] = "main_stack",    [MAPPING_JIT] = "jit",
	[MAPPING_FILE] = "file",           [MAPPING_SHARED] = "shared",
	[MAPPING_NO_ACCESS] = "no_access", [MAPPING_SPECIAL] = "special",
};

_Static_assert(sizeof(mapping_keys) / sizeof(mapping_keys[0]) == MAPPING_KIND_COUNT,
	       "every kind of mapping has a key");

static void put_mappings(struct json_maker *entry, const struct growth_process *process)
{
	struct json_maker mappings = json_make_array();

	for (int kind = 0; kind < MAPPING_KIND_COUNT; kind++) {
		const struct growth_mappings *of_kind = &process->mappings[kind];
		struct json_maker mapping;

		if (!of_kind->count)
			continue;
		mapping = json_make_object();
		json_put_name(&mapping, "kind", mapping_keys[kind]);
		json_put_count(&mapping, "count", of_kind->count);
		json_put_count(&mapping, "reserved_bytes", of_kind->reserved_bytes);
		json_put_count(&mapping, "resident_bytes", of_kind->resident_bytes);
		json_append_made(&mappings, &mapping);
	}
	json_put_made(entry, "mappings", &mappings);
}

static void append_process(struct json_maker *processes, const struct growth_process *process)
{
	struct json_maker entry = json_make_object();

	json_put_count(&entry, "pid", process->pid);
	json_put_name(&entry, "comm", process->comm);
	if (process->cgroup)
		json_put_name(&entry, "cgroup", process->cgroup);
	json_put_bool(&entry, "target", process->target);
	json_put_bool(&entry, "ended", process->ended);
	if (process->start_known)
		json_put_count(&entry, "rss_start_bytes", process->rss_start_bytes);
	if (process->end_known) {
		json_put_count(&entry, "rss_bytes", process->rss_end_bytes);
		json_put_count(&entry, "swap_bytes", process->swap_end_bytes);
	}
	if (process->virtual_known)
		json_put_count(&entry, "reserved_bytes", process->virtual_end_bytes);
	if (process->mappings_known)
		put_mappings(&entry, process);
	json_append_made(processes, &entry);
}

static void put_processes(struct json_maker *object, const struct growth *growth)
{
	struct json_maker processes = json_make_array();

	for (size_t i = 0; i < growth->process_count; i++)
		if (growth->processes[i].shown)
			append_process(&processes, &growth->processes[i]);
	json_put_made(object, "processes", &processes);
}

static const struct {
	const char *key;
	size_t offset; /* of a uint64_t in struct growth_account */
} account_terms[] = {
	{"stacks_bytes", offsetof(struct growth_account, stacks_bytes)},
	{"resident_before_bytes", offsetof(struct growth_account, before_bytes)},
	{"inherited_bytes", offsetof(struct growth_account, inherited_bytes)},
	{"moved_bytes", offsetof(struct growth_account, moved_bytes)},
	{"lost_bytes", offsetof(struct growth_account, lost_bytes)},
	{"error_bytes", offsetof(struct growth_account, error_bytes)},
};

void json_put_account_terms(struct json_maker *object, const struct growth_account *account)
{
	for (size_t i = 0; i < sizeof(account_terms) / sizeof(account_terms[0]); i++) {
		const char *term = (const char *)account + account_terms[i].offset;

		json_put_count(object, account_terms[i].key, *(const uint64_t *)term);
	}
}

/* Only anon is an equation; what else is mapped stands next to what was brought in. */
static void put_kernel_side(struct json_maker *total, enum memory_kind kind,
			    const struct growth_account *account)
{
	if (!account->kernel_known)
		return;
	json_put_count(total, "mapped_bytes", account->kernel_bytes);
	if (kind != KIND_ANON)
		return;
	json_put_count(total, "split_huge_bytes", account->split_huge_bytes);
	json_put_count(total, "elsewhere_bytes", account->elsewhere_bytes);
	json_put_signed(total, "unexplained_bytes", account->unexplained_bytes);
}

static void append_total(struct json_maker *totals, const struct growth_process *process,
			 enum memory_kind kind)
{
	const struct growth_account *account = &process->accounts[kind];
	struct json_maker total = json_make_object();

	json_put_count(&total, "pid", process->pid);
	json_put_name(&total, "kind", memory_kind_name(kind));
	json_put_account_terms(&total, account);
	put_kernel_side(&total, kind, account);
	json_append_made(totals, &total);
}

static void put_totals(struct json_maker *object, const struct growth *growth)
{
	struct json_maker totals = json_make_array();

	for (size_t i = 0; i < growth->process_count; i++) {
		const struct growth_process *process = &growth->processes[i];

		for (int kind = 0; kind < KIND_COUNT && process->shown; kind++)
			if (process->accounts[kind].held_bytes ||
			    process->accounts[kind].kernel_known)
				append_total(&totals, process, kind);
	}
	json_put_made(object, "totals", &totals);
}

/* --- the host ----------------------------------------------------------------------------- */

static void append_balance(struct json_maker *kinds, enum memory_kind kind,
			   const struct growth_balance *figure)
{
	struct json_maker entry = json_make_object();

	json_put_name(&entry, "kind", memory_kind_name(kind));
	json_put_signed(&entry, "stacks_bytes", figure->ledger_bytes);
	json_put_count(&entry, "error_bytes", figure->error_bytes);
	if (figure->known) {
		json_put_count(&entry, "before_bytes", figure->before_bytes);
		if (figure->released_known)
			json_put_signed(&entry, "released_bytes", figure->released_bytes);
		json_put_count(&entry, "now_bytes", figure->now_bytes);
		json_put_signed(&entry, "remainder_bytes", figure->remainder_bytes);
	}
	json_append_made(kinds, &entry);
}

static void put_balances(struct json_maker *object, const struct growth_balance kinds[KIND_COUNT])
{
	struct json_maker balances = json_make_array();

	for (int kind = 0; kind < KIND_COUNT; kind++)
		append_balance(&balances, kind, &kinds[kind]);
	json_put_made(object, "kinds", &balances);
}

static void put_host(struct json_maker *object, const struct growth *growth)
{
	struct json_maker host = json_make_object();

	json_put_count(&host, "total_bytes", growth->host.total_bytes);
	json_put_count(&host, "free_bytes", growth->host.free_bytes);
	put_balances(&host, growth->host.kinds);
	json_put_made(object, "host", &host);
}

static const char *const part_keys[] = {
	[CGROUP_SLAB] = "slab",
	[CGROUP_PAGE_TABLES] = "page_tables",
	[CGROUP_KERNEL_STACKS] = "kernel_stacks",
	[CGROUP_PERCPU] = "percpu",
	[CGROUP_VMALLOC] = "vmalloc",
	[CGROUP_SOCKETS] = "sockets",
};

_Static_assert(sizeof(part_keys) / sizeof(part_keys[0]) == CGROUP_PART_COUNT,
	       "every part has a key");

static void put_parts(struct json_maker *entry, const struct growth_cgroup *cgroup)
{
	struct json_maker parts = json_make_array();

	for (int i = 0; i < CGROUP_PART_COUNT; i++) {
		const struct growth_part *known = &cgroup->parts[i];
		struct json_maker part;

		if (!known->known)
			continue;
		part = json_make_object();
		json_put_name(&part, "part", part_keys[i]);
		json_put_bool(&part, "has_event", known->has_event);
		json_put_count(&part, "before_bytes", known->before_bytes);
		json_put_count(&part, "now_bytes", known->now_bytes);
		json_append_made(&parts, &part);
	}
	json_put_made(entry, "kernel_parts", &parts);
}

static void append_cgroup(struct json_maker *cgroups, const struct growth_cgroup *cgroup)
{
	struct json_maker entry = json_make_object();

	json_put_name(&entry, "path", cgroup->path);
	json_put_bool(&entry, "gone", cgroup->gone);
	json_put_bool(&entry, "chosen", cgroup->chosen);
	if (cgroup->moved_in_bytes)
		json_put_count(&entry, "moved_in_bytes", cgroup->moved_in_bytes);
	if (cgroup->split_huge_bytes)
		json_put_count(&entry, "split_huge_bytes", cgroup->split_huge_bytes);
	if (cgroup->usage_known)
		json_put_count(&entry, "usage_bytes", cgroup->usage_bytes);
	put_balances(&entry, cgroup->kinds);
	put_parts(&entry, cgroup);
	json_append_made(cgroups, &entry);
}

static void put_cgroups(struct json_maker *object, const struct growth *growth)
{
	struct json_maker cgroups = json_make_array();

	for (size_t i = 0; i < growth->cgroup_count; i++)
		append_cgroup(&cgroups, &growth->cgroups[i]);
	json_put_made(object, "cgroups", &cgroups);
}

static void append_file(struct json_maker *files, const struct growth_file *file)
{
	struct json_maker entry = json_make_object();

	if (file->path)
		json_put_name(&entry, "path", file->path);
	json_put_count(&entry, "device_major", file->device_major);
	json_put_count(&entry, "device_minor", file->device_minor);
	json_put_count(&entry, "inode", file->number);
	json_put_bool(&entry, "block_device", file->block_device);
	json_put_bool(&entry, "deleted", file->deleted);
	json_put_count(&entry, "size_bytes", file->size_bytes);
	json_put_count(&entry, "bytes", file->bytes);
	json_put_count(&entry, "error_bytes", file->error_bytes);
	json_append_made(files, &entry);
}

static void put_files(struct json_maker *object, const struct growth *growth)
{
	struct json_maker files = json_make_array();

	for (size_t i = 0; i < growth->file_count; i++)
		append_file(&files, &growth->files[i]);
	json_put_made(object, "files", &files);
	json_put_count(object, "other_files", growth->other_files);
	json_put_count(object, "other_files_bytes", growth->other_files_bytes);
}

/* --- all together ------------------------------------------------------------------------- */

/* What the bytes of stacks count. */
static const char *view_name(const struct growth *growth)
{
	if (growth->reserved)
		return growth->has_from ? "reserved_growth" : "reserved";
	if (growth->since_start)
		return "allocated";
	return growth->has_from ? "growth" : "live";
}

#define MAX_DEGRADED 32

void json_put_degraded(struct json_maker *object, const struct growth_session *session)
{
	_cleanup_free_ char *lines = strdup(session->degraded);
	const char *found[MAX_DEGRADED];
	char *rest = lines, *line;
	size_t count = 0;

	while (rest && (line = strsep(&rest, "\n")) != NULL && count < MAX_DEGRADED)
		if (*line)
			found[count++] = line;
	if (count)
		json_put_names(object, "degraded", found, count);
}

static void put_session(struct json_maker *object, const struct growth *growth)
{
	const struct growth_session *session = &growth->session;

	json_put_time(object, "start", session->start_realtime_ns);
	if (growth->time_known) {
		json_put_time(object, "time", session->start_realtime_ns + growth->time_ns);
		json_put_count(object, "duration_ns", growth->time_ns - growth->from_ns);
	}
	if (growth->has_from)
		json_put_count(object, "from_ns", growth->from_ns);
	json_put_name(object, "view", view_name(growth));
	json_put_bool(object, "complete", session->complete);
	json_put_count(object, "period_pages", session->period_pages);
	json_put_count(object, "page_size_bytes", session->page_size_bytes);
	json_put_name(object, "target", session->target);
	json_put_name(object, "hostname", session->hostname);
	json_put_name(object, "kernel", session->kernel_release);
	json_put_name(object, "machine", session->machine);
	json_put_name(object, "version", session->tool_version);
	json_put_degraded(object, session);
}

void json_put_losses(struct json_maker *object, const struct growth *growth)
{
	struct json_maker lost = json_make_object();

	for (size_t i = 0; i < growth->loss_count; i++)
		json_put_name_count(&lost, growth->losses[i].cause, growth->losses[i].count);
	json_put_made(object, "lost", &lost);
	json_put_bool(object, "data_lost", growth->data_lost);
}

static void put_limit(struct json_maker *object, const struct growth *growth)
{
	struct json_maker limit = json_make_object();

	json_put_limit(&limit, &growth->limit);
	json_put_made(object, "limit", &limit);
}

static bool any_stack_ended(const struct growth *growth)
{
	for (int end = 0; end < STACK_END_COUNT; end++)
		if (growth->stack_ends[end])
			return true;
	return false;
}

static void put_stack_ends(struct json_maker *object, const struct growth *growth)
{
	struct json_maker ends = json_make_object();

	for (int end = 0; end < STACK_END_COUNT; end++)
		if (growth->stack_ends[end])
			json_put_count(&ends, stack_end_name(end), growth->stack_ends[end]);
	json_put_made(object, "stack_ends", &ends);
}

int json_growth(const struct growth *growth,
		const struct render_options *options __attribute__((unused)), FILE *stream)
{
	_cleanup_(json_maker_release) struct json_maker object = json_make_object();

	json_put_count(&object, "schema", JSON_SCHEMA);
	json_put_name(&object, "kind", "growth");
	put_session(&object, growth);
	json_put_signed(&object, "total_bytes", growth->total_bytes);
	put_processes(&object, growth);
	json_put_stacks(&object, "stacks", growth->rows, growth->row_count);
	put_totals(&object, growth);
	if (growth->cgroup_count)
		put_cgroups(&object, growth);
	if (growth->files_bytes)
		put_files(&object, growth);
	if (growth->host.known)
		put_host(&object, growth);
	if (growth->limit.known)
		put_limit(&object, growth);
	if (any_stack_ended(growth))
		put_stack_ends(&object, growth);
	json_put_losses(&object, growth);
	return json_print_line(&object, stream);
}

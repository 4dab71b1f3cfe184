// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/programs.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/calibrate.h"
#include "capture/kernel.h"
#include "capture/ledger.h"
#include "oomtrace.skel.h"

/* How long after the last mover lru_insertion stays attached. */
#define MOVERS_IDLE_NS UINT64_C(2000000000)

DEFINE_CLEANUP(struct btf *, btf__free)
DEFINE_CLEANUP(struct bpf_link *, bpf_link__destroy)

const struct hook hooks[] = {
	{"pages allocated", "page_alloc", "kmem/mm_page_alloc", true, NULL, false, 0},
	{"pages freed", "page_free", "kmem/mm_page_free", true, NULL, false, 0},
	{"compaction begins", "compaction_begin", "compaction/mm_compaction_begin", false,
	 "pages moved by compaction lose their stack", false, 0},
	{"compaction ends", "compaction_end", "compaction/mm_compaction_end", false,
	 "pages moved by compaction lose their stack", false, 0},
	{"pages put in a new place", "lru_insertion", "pagemap/mm_lru_insertion", false,
	 "pages moved by compaction lose their stack", false, 0},
	{"migration begins", "migrate_begin", "migrate/mm_migrate_pages_start", false,
	 "pages moved between NUMA nodes are counted for who moved them", false, 0},
	{"migration ends", "migrate_end", "migrate/mm_migrate_pages", false,
	 "pages moved between NUMA nodes are counted for who moved them", false, 0},
	{"huge page collapsed", "collapse_huge_page", "huge_memory/mm_collapse_huge_page", false,
	 "pages collapsed by khugepaged lose their stack", false, 0},
	{"huge file page collapsed", "collapse_file", "huge_memory/mm_khugepaged_collapse_file",
	 false, "file pages collapsed by khugepaged lose their stack", false, 0},
	{"process forked", "process_fork", "sched/sched_process_fork", true, NULL, false, 0},
	{"program executed", "process_exec", "sched/sched_process_exec", true, NULL, false, 0},
	{"process exited", "process_exit", "sched/sched_process_exit", true, NULL, false, 0},
	{.need = "addresses mapped",
	 .program = "mapping_stored",
	 .tracepoint = "maple_tree/ma_write",
	 .without = "mappings have no stack",
	 .per_target = true},
	/* Up to 6.13 it came with the path of the cgroup, which cost far more than the event. */
	{.need = "mappings changed",
	 .program = "mapping_done",
	 .tracepoint = "mmap_lock/mmap_lock_released",
	 .argument_count = 2,
	 .without = "what is unmapped between two mappings is seen at the end",
	 .per_target = true},
};
const size_t hook_count = sizeof(hooks) / sizeof(hooks[0]);
_Static_assert(sizeof(hooks) / sizeof(hooks[0]) <= HOOKS_MAX, "whoever keeps one of each has room");

static const char *hook_event(const struct hook *hook)
{
	return strchr(hook->tracepoint, '/') + 1;
}

/* The kernel keeps a tracepoint's arguments as those of a function, behind one of its own. */
static uint32_t argument_count(const struct btf *btf, uint32_t typedef_id)
{
	const struct btf_type *pointer =
		btf__type_by_id(btf, btf__type_by_id(btf, typedef_id)->type);
	const struct btf_type *function = btf__type_by_id(btf, pointer->type);

	return btf_vlen(function) - 1;
}

bool hook_exists(const struct hook *hook, const struct btf *btf)
{
	char name[96];
	int id;

	if (!btf)
		return false;
	snprintf(name, sizeof(name), "btf_trace_%s", hook_event(hook));
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id <= 0)
		return false;
	return !hook->argument_count || argument_count(btf, id) == hook->argument_count;
}

static int fail(struct failure *ret_failure, enum failure_kind kind, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = kind, .error = error, .where = where};
	return error;
}

/* libbpf explains refusals at length; that is for --verbose. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[1024];

	if (level == LIBBPF_DEBUG || !log_is_verbose())
		return 0;
	vsnprintf(line, sizeof(line), format, arguments);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

static int log2_exact(uint64_t value)
{
	return value && !(value & (value - 1)) ? __builtin_ctzll(value) : -1;
}

static int configure_constants(const struct sysroot *root, struct programs *programs,
			       struct failure *ret_failure)
{
	_cleanup_(btf__freep) struct btf *btf = btf__load_vmlinux_btf();
	struct oomtrace_bpf__rodata *constants = programs->skeleton->rodata;
	struct kernel_gfp gfp;
	int error, page_bytes;

	if (!btf)
		return fail(ret_failure, FAILURE_NO_BTF, -ENODATA, NULL);
	error = kernel_gfp(root, btf, &gfp);
	if (error)
		return fail(ret_failure, FAILURE_NO_GFP, error, NULL);
	page_bytes = kernel_page_struct_bytes(btf);
	if (page_bytes < 0)
		return fail(ret_failure, FAILURE_NO_BTF, page_bytes, NULL);
	constants->period_shift = programs->period_shift;
	constants->page_struct_bytes = page_bytes;
	constants->page_struct_shift = log2_exact(page_bytes) > 0 ? log2_exact(page_bytes) : 0;
	constants->trace_all = programs->host;
	constants->own_tid = gettid();
	constants->cells_per_account = programs->sizes.cells_per_account;
	constants->call_munmap = SYS_munmap;
	constants->call_mremap = SYS_mremap;
	constants->mapping_wake_bytes = programs->sizes.mapping_ring_bytes / 4;
	constants->gfp_movable = gfp.movable;
	constants->gfp_account = gfp.account;
	constants->gfp_direct_reclaim = gfp.direct_reclaim;
	constants->gfp_kswapd_reclaim = gfp.kswapd_reclaim;
	if (getrandom((void *)&constants->stack_seed, sizeof(constants->stack_seed), 0) < 0)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "getting a random number");
	programs->skeleton->bss->khugepaged_tid = kernel_khugepaged(root);
	return 0;
}

static int configure_maps(struct programs *programs, const struct physical *physical)
{
	const struct ledger_layout layout = {programs->period_shift, physical};
	const struct sizes *sizes = &programs->sizes;
	const struct {
		struct bpf_map *map;
		uint64_t entries;
	} table[] = {
		{programs->skeleton->maps.ledger, ledger_entry_count(&layout)},
		{programs->skeleton->maps.sections, physical->section_count},
		{programs->skeleton->maps.accounts, sizes->accounts},
		{programs->skeleton->maps.account_index, sizes->accounts},
		{programs->skeleton->maps.cells, programs->cell_count},
		{programs->skeleton->maps.cell_index, sizes->cells},
		{programs->skeleton->maps.free_accounts, sizes->accounts},
		{programs->skeleton->maps.free_cells, sizes->cells},
		{programs->skeleton->maps.targets, sizes->targets},
		{programs->skeleton->maps.records, sizes->ring_bytes},
		{programs->skeleton->maps.mapping_records, sizes->mapping_ring_bytes},
		{programs->skeleton->maps.mappings_told, programs->host ? 1 : sizes->accounts},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int error = table[i].entries > UINT32_MAX
				    ? -E2BIG
				    : bpf_map__set_max_entries(table[i].map, table[i].entries);

		if (error)
			return error;
	}
	return 0;
}

static int push_numbers(const struct bpf_map *queue, uint32_t first, uint32_t end)
{
	for (uint32_t number = first; number < end; number++)
		if (bpf_map_update_elem(bpf_map__fd(queue), NULL, &number, BPF_ANY))
			return -errno;
	return 0;
}

static int fill_sections(const struct programs *programs, const struct physical *physical)
{
	int fd = bpf_map__fd(programs->skeleton->maps.sections);

	for (uint32_t section = 0; section < physical->section_count; section++)
		if (physical->places[section] &&
		    bpf_map_update_elem(fd, &section, &physical->places[section], BPF_ANY))
			return -errno;
	return 0;
}

/* Fixed cells know their account; everything else is free. */
static int fill_tables(const struct programs *programs, const struct physical *physical)
{
	const struct sizes *sizes = &programs->sizes;
	struct ledger ledger;
	int error = ledger_map(programs, physical, &ledger);

	if (error)
		return error;
	for (uint32_t cell = 0; cell < ledger_first_stack_cell(&ledger); cell++) {
		ledger.cells[cell].account = cell / OT_FIXED_COUNT;
		ledger.cells[cell].in_use = 1;
	}
	ledger.accounts[OT_ACCOUNT_NOBODY].in_use = 1;
	error = push_numbers(programs->skeleton->maps.free_accounts, OT_ACCOUNT_NOBODY + 1,
			     sizes->accounts);
	if (!error)
		error = push_numbers(programs->skeleton->maps.free_cells,
				     ledger_first_stack_cell(&ledger), programs->cell_count);
	if (!error)
		error = fill_sections(programs, physical);
	ledger_unmap(&ledger);
	return error;
}

static struct programs *programs_new(const struct programs_options *options,
				     const struct physical *physical)
{
	struct programs *programs = calloc(1, sizeof(*programs));

	if (!programs)
		return NULL;
	programs->sizes = sizes_for(options->mode, options->period_pages,
				    (uint64_t)physical->present_count << OT_SECTION_SHIFT);
	programs->period_shift = log2_exact(programs->sizes.period_pages);
	programs->cell_count = programs->sizes.accounts * OT_FIXED_COUNT + programs->sizes.cells;
	programs->host = options->mode == CAPTURE_HOST;
	return programs;
}

/*
 * A program for targets is not even loaded where it would not be attached: it uses what older
 * kernels do not have, and a tracepoint that has changed since could be attached to all the same.
 */
static void leave_out_programs(struct programs *programs)
{
	_cleanup_(btf__freep) struct btf *btf = btf__load_vmlinux_btf();

	for (size_t i = 0; i < hook_count; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(programs->skeleton->obj, hooks[i].program);

		if (hooks[i].per_target && program)
			bpf_program__set_autoload(program,
						  !programs->host && hook_exists(&hooks[i], btf));
	}
}

static int load(struct programs *programs, struct failure *ret_failure)
{
	int error = oomtrace_bpf__load(programs->skeleton);

	if (error == -EPERM || error == -EACCES)
		return fail(ret_failure, FAILURE_CAPABILITY, error, "CAP_BPF and CAP_PERFMON");
	return error ? fail(ret_failure, FAILURE_LOAD, error, NULL) : 0;
}

int programs_load(const struct sysroot *root, const struct physical *physical,
		  const struct programs_options *options, struct programs **ret_programs,
		  struct failure *ret_failure)
{
	_cleanup_(programs_freep) struct programs *programs = programs_new(options, physical);
	int error;

	libbpf_set_print(print_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (!programs)
		return fail(ret_failure, FAILURE_SYSTEM, -ENOMEM, "loading the BPF programs");
	programs->skeleton = oomtrace_bpf__open();
	if (!programs->skeleton)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "opening the BPF programs");
	error = configure_constants(root, programs, ret_failure);
	if (error)
		return error;
	error = configure_maps(programs, physical);
	if (error)
		return fail(ret_failure, FAILURE_SYSTEM, error, "sizing the BPF maps");
	leave_out_programs(programs);
	error = load(programs, ret_failure);
	if (error)
		return error;
	error = fill_tables(programs, physical);
	if (error)
		return fail(ret_failure, FAILURE_SYSTEM, error, "filling the BPF maps");
	error = calibrate_frames(root, programs);
	if (error)
		return fail(ret_failure, error == -EPERM ? FAILURE_CAPABILITY : FAILURE_CALIBRATION,
			    error, "CAP_SYS_ADMIN");
	*ret_programs = TAKE_PTR(programs);
	return 0;
}

static struct bpf_link **link_of(struct programs *programs, const char *program)
{
	struct bpf_object_skeleton *skeleton = programs->skeleton->skeleton;

	for (int i = 0; i < skeleton->prog_cnt; i++)
		if (strcmp(skeleton->progs[i].name, program) == 0)
			return skeleton->progs[i].link;
	return NULL;
}

static int hook_attach(struct programs *programs, const struct hook *hook)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(programs->skeleton->obj, hook->program);
	struct bpf_link **place = link_of(programs, hook->program), *link;

	if (!program || !place)
		return -ENOENT;
	link = bpf_program__attach_raw_tracepoint(program, hook_event(hook));
	if (!link)
		return -errno;
	*place = link;
	return 0;
}

/* The program that is attached on demand, unless every page is counted. */
static bool is_on_demand(const struct hook *hook)
{
	return strcmp(hook->program, "lru_insertion") == 0;
}

int programs_watch_movers(struct programs *programs, bool watch)
{
	struct bpf_link **link = &programs->skeleton->links.lru_insertion;
	int error = 0;

	if (watch == (*link != NULL))
		return 0;
	if (watch) {
		for (size_t i = 0; i < hook_count; i++)
			if (is_on_demand(&hooks[i]))
				error = hook_attach(programs, &hooks[i]);
	} else {
		bpf_link__destroy(*link);
		*link = NULL;
	}
	programs->skeleton->bss->lru_attached = *link != NULL;
	return error;
}

bool programs_watch_on_demand(const struct programs *programs)
{
	return programs->period_shift > 0;
}

bool programs_movers_are_idle(const struct programs *programs)
{
	const struct oomtrace_bpf__bss *state = programs->skeleton->bss;

	return state->movers_active == 0 &&
	       clock_monotonic_ns() - state->movers_last_ns > MOVERS_IDLE_NS;
}

int programs_attach(struct programs *programs, struct failure *ret_failure)
{
	/* Frees before allocations: what is opened must be seen to close. So, from the end. */
	for (size_t i = hook_count; i-- > 0;) {
		int error;

		if (is_on_demand(&hooks[i]) || (hooks[i].per_target && programs->host))
			continue;
		error = hook_attach(programs, &hooks[i]);
		if (error && hooks[i].required)
			return fail(ret_failure, FAILURE_NO_HOOK, error, hooks[i].tracepoint);
		if (error)
			log_debug("no %s: %s", hooks[i].tracepoint, hooks[i].without);
	}
	if (!programs_watch_on_demand(programs) && programs_watch_movers(programs, true))
		log_debug("moved pages lose their stack: their new places cannot be seen");
	return 0;
}

void programs_detach(struct programs *programs)
{
	oomtrace_bpf__detach(programs->skeleton);
}

void programs_free(struct programs *programs)
{
	oomtrace_bpf__destroy(programs->skeleton);
	free(programs);
}

int programs_add_target(struct programs *programs, uint32_t tgid, uint32_t flags)
{
	int fd = bpf_map__fd(programs->skeleton->maps.targets);

	programs->skeleton->bss->target_marks[tgid % OT_TARGET_MARKS] = 1;
	return bpf_map_update_elem(fd, &tgid, &flags, BPF_ANY) ? -errno : 0;
}

int programs_scan(struct programs *programs)
{
	_cleanup_(bpf_link__destroyp) struct bpf_link *link = NULL;
	_cleanup_close_ int iterator = -1;
	char byte;

	link = bpf_program__attach_iter(programs->skeleton->progs.scan_task, NULL);
	if (!link)
		return -errno;
	programs->skeleton->bss->scan_number++;
	iterator = bpf_iter_create(bpf_link__fd(link));
	/* One read runs it over all tasks; it has nothing to say. */
	if (iterator < 0 || read(iterator, &byte, 1) < 0)
		return -errno;
	return 0;
}

bool programs_unused_at_scan(const struct programs *programs, const struct ot_account *account)
{
	return account->scan != programs->skeleton->bss->scan_number;
}

int programs_settle_cpus(const struct programs *programs)
{
	int fd = bpf_program__fd(programs->skeleton->progs.settle_cpu);
	int cpus = libbpf_num_possible_cpus();
	int last = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = cpu);

		/* A CPU that is not online has nothing pending. */
		if (bpf_prog_test_run_opts(fd, &options) && errno != ENXIO)
			last = -errno;
	}
	return last;
}

static uint64_t recursion_misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
		return 0;
	return info.recursion_misses;
}

uint64_t programs_recursion_misses(const struct programs *programs)
{
	return recursion_misses(programs->skeleton->progs.page_alloc) +
	       recursion_misses(programs->skeleton->progs.page_free);
}

/* The kernel's own figure: fdinfo's memlock. */
static uint64_t map_bytes(int fd)
{
	_cleanup_fclose_ FILE *stream = NULL;
	unsigned long long bytes = 0;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	stream = fopen(path, "re");
	while (stream && fgets(line, sizeof(line), stream))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	return bytes;
}

void programs_each_map(const struct programs *programs, programs_map_fn callback, void *context)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, programs->skeleton->obj)
		callback(bpf_map__name(map), map_bytes(bpf_map__fd(map)), context);
}

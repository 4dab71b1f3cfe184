// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/programs.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "capture/calibrate.h"
#include "capture/early_stacks.h"
#include "capture/hooks.h"
#include "capture/kernel.h"
#include "capture/ledger.h"
#include "capture/testing.h"
#include "oomtrace.skel.h"

DEFINE_CLEANUP(struct btf *, btf__free)

/* Some hundred kills at once; where nobody watches for them, the smallest ring there is. */
#define KILL_RING_BYTES (2u << 20)
#define MIN_RING_BYTES 4096
/* Command lines of who was executed last. */
#define EXEC_ARGVS 512
/* Points of curves: a few hundred, while the recorder does something else. */
#define CURVE_RING_BYTES (128u << 10)
/* Whoever gains less says nothing: 4 MiB of 4 KiB pages. */
#define CURVE_STEP_PAGES 1024
/* The walk in bpf/unwind.bpf.h knows the registers of x86-64 alone. */
#if defined(__x86_64__)
#define UNWIND_ROWS_POSSIBLE true
#else
#define UNWIND_ROWS_POSSIBLE false
#endif

static int fail(struct failure *ret_failure, enum failure_kind kind, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = kind, .error = error, .where = where};
	return error;
}

/* BPF_LOG_STATS (include/linux/bpf_verifier.h), since 5.2. */
#define PROGRAMS_VERIFIER_STATS 4

/* Of the verifier's account of a refusal, which may have megabytes, the end tells the reason. */
#define LIBBPF_LINES_SHOWN 40

static const char *last_lines(const char *text, size_t count)
{
	const char *start = text + strlen(text);

	while (start > text && (start[-1] != '\n' || !start[0] || count-- > 0))
		start--;
	return start;
}

/* libbpf explains refusals at length; that is for --verbose. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	_cleanup_free_ char *text = NULL;

	if (level == LIBBPF_DEBUG || !log_is_verbose())
		return 0;
	if (vasprintf(&text, format, arguments) < 0) {
		text = NULL;
		return 0;
	}
	for (const char *line = last_lines(text, LIBBPF_LINES_SHOWN); *line;) {
		size_t length = strcspn(line, "\n");

		log_debug("%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
	return 0;
}

static int log2_exact(uint64_t value)
{
	return value && !(value & (value - 1)) ? __builtin_ctzll(value) : -1;
}

/* How pages are told of; before loading, for it is another kind of program. */
static void choose_page_events(const struct sysroot *root, const struct btf *btf,
			       struct programs *programs)
{
	bool preempted = kernel_preempts_tracepoints(btf) || testing_page_events();

	programs->by_perf = preempted;
	for (size_t i = 0; i < hook_count && programs->by_perf; i++)
		if (hooks[i].by_perf && !kernel_has_event(root, hooks[i].tracepoint))
			programs->by_perf = false;
	programs->preempted = preempted && !programs->by_perf;
	programs->skeleton->rodata->pages_by_perf = programs->by_perf;
	for (size_t i = 0; i < hook_count && programs->by_perf; i++)
		if (hooks[i].by_perf)
			bpf_program__set_type(bpf_object__find_program_by_name(
						      programs->skeleton->obj, hooks[i].program),
					      BPF_PROG_TYPE_TRACEPOINT);
}

/* `btf`: the kernel's types, here and below. */
static int configure_constants(const struct sysroot *root, const struct btf *btf,
			       struct programs *programs, struct failure *ret_failure)
{
	struct oomtrace_bpf__rodata *constants = programs->skeleton->rodata;
	const struct testing_drop drop = testing_drop();
	struct kernel_gfp gfp;
	int error, page_bytes;

	error = kernel_gfp(root, btf, &gfp);
	if (error)
		return fail(ret_failure, FAILURE_NO_GFP, error, NULL);
	page_bytes = kernel_page_struct_bytes(btf);
	if (page_bytes < 0)
		return fail(ret_failure, FAILURE_NO_BTF, page_bytes, NULL);
	choose_page_events(root, btf, programs);
	constants->period_shift = programs->period_shift;
	constants->page_struct_bytes = page_bytes;
	constants->page_struct_shift = log2_exact(page_bytes) > 0 ? log2_exact(page_bytes) : 0;
	constants->trace_all = programs->host;
	constants->kernel_stacks = programs->kernel_stacks;
	constants->watch_kills = programs->watch_kills;
	constants->curve_step_slots = CURVE_STEP_PAGES >> programs->period_shift;
	constants->curve_wake_bytes = CURVE_RING_BYTES / 4;
	constants->curve_stage_slots =
		EARLY_BYTES / ((uint64_t)sysconf(_SC_PAGESIZE) << programs->period_shift);
	constants->mark_has_task = kernel_mark_has_task(btf);
	constants->cpu_count = libbpf_num_possible_cpus();
	constants->unwind_rows = programs->unwind_rows;
	constants->walk_twice = testing_walk_twice();
	constants->count_seen = testing_balance() != NULL;
	constants->late_stacks_per_account = programs->sizes.cells_per_account / 4;
	constants->own_tid = gettid();
	constants->cells_per_account = programs->sizes.cells_per_account;
	constants->call_munmap = SYS_munmap;
	constants->call_mremap = SYS_mremap;
	constants->mapping_wake_bytes = programs->sizes.mapping_ring_bytes / 4;
	constants->drop_causes = drop.causes;
	constants->drop_one_in = drop.one_in;
	constants->gfp_movable = gfp.movable;
	constants->gfp_account = gfp.account;
	constants->gfp_direct_reclaim = gfp.direct_reclaim;
	constants->gfp_kswapd_reclaim = gfp.kswapd_reclaim;
	if (getrandom((void *)&constants->stack_seed, sizeof(constants->stack_seed), 0) < 0)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "getting a random number");
	programs->skeleton->bss->khugepaged_tid = kernel_khugepaged(root);
	return 0;
}

static void configure_rule(struct oomtrace_bpf__rodata *constants, const struct programs_rule *rule)
{
	constants->choose_by = rule->choice;
	constants->chosen_flags = rule->flags;
	constants->chosen_cgroup = rule->cgroup_id;
	constants->chosen_cgroup_unified = rule->cgroup_unified;
	if (rule->name)
		snprintf((char *)constants->chosen_name, sizeof(constants->chosen_name), "%s",
			 rule->name);
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
		{programs->skeleton->maps.mapping_records,
		 programs->mappings ? sizes->mapping_ring_bytes : MIN_RING_BYTES},
		{programs->skeleton->maps.kills,
		 programs->watch_kills ? KILL_RING_BYTES : MIN_RING_BYTES},
		{programs->skeleton->maps.sigkills,
		 programs->sigkills ? KILL_RING_BYTES : MIN_RING_BYTES},
		{programs->skeleton->maps.exec_argvs, programs->sigkills ? EXEC_ARGVS : 1},
		{programs->skeleton->maps.curves,
		 programs->watch_kills ? CURVE_RING_BYTES : MIN_RING_BYTES},
		{programs->skeleton->maps.mappings_told, programs->mappings ? sizes->accounts : 1},
		{programs->skeleton->maps.unwind_tables,
		 programs->unwind_rows ? sizes->unwind_tables : 1},
		{programs->skeleton->maps.code_mappings,
		 programs->unwind_rows ? sizes->code_mappings : 1},
		{programs->skeleton->maps.code_files,
		 programs->unwind_rows ? sizes->code_files : 1},
		{programs->skeleton->maps.code_slices,
		 programs->unwind_rows ? sizes->code_slices : 1},
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

static int fill_queue(const struct programs *programs, bool of_accounts, uint32_t first,
		      uint32_t end)
{
	struct oomtrace_bpf__bss *asked = programs->skeleton->bss;
	int error = 0;

	asked->filling_accounts = of_accounts;
	asked->fill_next = first;
	asked->fill_end = end;
	while (!error && asked->fill_next < end)
		error = programs_run(programs->skeleton->progs.fill_batch);
	return error || !asked->fill_refused ? error : -ENOSPC;
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
	error = fill_queue(programs, true, OT_ACCOUNT_NOBODY + 1, sizes->accounts);
	if (!error)
		error = fill_queue(programs, false, ledger_first_stack_cell(&ledger),
				   programs->cell_count);
	if (!error)
		error = fill_sections(programs, physical);
	ledger_unmap(&ledger);
	return error;
}

static struct programs *programs_new(const struct programs_options *options,
				     const struct physical *physical, bool unwind_rows)
{
	struct programs *programs = calloc(1, sizeof(*programs));

	if (!programs)
		return NULL;
	programs->sizes = sizes_for(options->mode, options->period_pages,
				    (uint64_t)physical->present_count << OT_SECTION_SHIFT);
	testing_shrink(&programs->sizes);
	programs->period_shift = log2_exact(programs->sizes.period_pages);
	programs->cell_count = programs->sizes.accounts * OT_FIXED_COUNT + programs->sizes.cells;
	programs->host = options->mode == CAPTURE_HOST;
	programs->kernel_stacks = options->kernel_stacks;
	programs->choice = options->rule.choice;
	programs->watch_kills = options->watch_kills;
	programs->sigkills = options->sigkills;
	programs->mappings = options->mappings;
	programs->unwind_rows = unwind_rows;
	return programs;
}

bool programs_want(const struct programs *programs, const struct hook *hook)
{
	switch (hook->use) {
	case HOOK_FOR_MAPPINGS:
		return programs->mappings;
	case HOOK_FOR_NAMES:
		return programs->choice == OT_CHOOSE_NAME;
	case HOOK_FOR_CGROUPS:
		return programs->choice == OT_CHOOSE_CGROUP;
	case HOOK_FOR_KILLS:
		return programs->watch_kills;
	case HOOK_FOR_SIGKILLS:
		return programs->sigkills;
	default:
		return true;
	}
}

/*
 * A program for some modes is not even loaded where it would not be attached: it uses what older
 * kernels do not have, and a tracepoint that has changed since could be attached to all the same.
 */
static void leave_out_programs(const struct sysroot *root, const struct btf *btf,
			       struct programs *programs)
{
	for (size_t i = 0; i < hook_count; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(programs->skeleton->obj, hooks[i].program);

		if (programs_want(programs, &hooks[i]) && !hook_exists(&hooks[i], root, btf))
			programs->missing_hooks |= 1u << i;
		if (hooks[i].use >= HOOK_FOR_MAPPINGS && program)
			bpf_program__set_autoload(program,
						  programs_want(programs, &hooks[i]) &&
							  hook_exists(&hooks[i], root, btf));
	}
}

static void leave_out_files(struct programs *programs)
{
	bpf_program__set_autoload(programs->skeleton->progs.files_batch, false);
	bpf_map__set_autocreate(programs->skeleton->maps.file_pages, false);
}

/* The verifier's statistics and nothing else: they end in "processed N insns". */
static int ask_for_costs(struct programs *programs)
{
	struct bpf_program *program;
	size_t count = 0;

	programs->verifier_texts =
		calloc(programs->skeleton->skeleton->prog_cnt, PROGRAMS_VERIFIER_TEXT_BYTES);
	if (!programs->verifier_texts)
		return -ENOMEM;
	bpf_object__for_each_program(program, programs->skeleton->obj)
	{
		char *text = programs->verifier_texts + count++ * PROGRAMS_VERIFIER_TEXT_BYTES;

		bpf_program__set_log_level(program, PROGRAMS_VERIFIER_STATS);
		bpf_program__set_log_buf(program, text, PROGRAMS_VERIFIER_TEXT_BYTES);
	}
	return 0;
}

static int load(const struct sysroot *root, struct programs *programs, struct failure *ret_failure)
{
	int error = oomtrace_bpf__load(programs->skeleton);

	if (error && kernel_hides_memory(root))
		return fail(ret_failure, FAILURE_LOCKDOWN, error, NULL);
	if (error == -EPERM)
		return fail(ret_failure, FAILURE_CAPABILITY, error, "CAP_BPF and CAP_PERFMON");
	return error ? fail(ret_failure, FAILURE_LOAD, error, NULL) : 0;
}

/* Everything up to calibration, with stacks taken in one way. */
static int load_with(const struct sysroot *root, const struct physical *physical,
		     const struct programs_options *options, bool with_rows,
		     struct programs **ret_programs, struct failure *ret_failure)
{
	_cleanup_(programs_freep) struct programs *programs =
		programs_new(options, physical, with_rows);
	_cleanup_(btf__freep) struct btf *btf = btf__load_vmlinux_btf();
	int error;

	if (!programs)
		return fail(ret_failure, FAILURE_SYSTEM, -ENOMEM, "loading the BPF programs");
	if (!btf)
		return fail(ret_failure, FAILURE_NO_BTF, -ENODATA, NULL);
	programs->skeleton = oomtrace_bpf__open();
	if (!programs->skeleton)
		return fail(ret_failure, FAILURE_SYSTEM, -errno, "opening the BPF programs");
	error = configure_constants(root, btf, programs, ret_failure);
	if (error)
		return error;
	error = configure_maps(programs, physical);
	if (error)
		return fail(ret_failure, FAILURE_SYSTEM, error, "sizing the BPF maps");
	configure_rule(programs->skeleton->rodata, &options->rule);
	leave_out_programs(root, btf, programs);
	if (!options->files)
		leave_out_files(programs);
	if (options->measure && ask_for_costs(programs))
		return fail(ret_failure, FAILURE_SYSTEM, -ENOMEM, "loading the BPF programs");
	error = load(root, programs, ret_failure);
	if (error)
		return error;
	*ret_programs = TAKE_PTR(programs);
	return 0;
}

/* The best way of taking stacks that loads. */
static int load_best(const struct sysroot *root, const struct physical *physical,
		     const struct programs_options *options, struct programs **ret_programs,
		     struct failure *ret_failure)
{
	int error = -ENOSYS;

	if (options->unwind == UNWIND_ROWS && !UNWIND_ROWS_POSSIBLE)
		return fail(ret_failure, FAILURE_LOAD, error, NULL);
	if (options->unwind != UNWIND_FRAME_POINTERS && UNWIND_ROWS_POSSIBLE)
		error = load_with(root, physical, options, true, ret_programs, ret_failure);
	if (error && options->unwind != UNWIND_ROWS)
		error = load_with(root, physical, options, false, ret_programs, ret_failure);
	return error;
}

int programs_load(const struct sysroot *root, const struct physical *physical,
		  const struct programs_options *options, struct programs **ret_programs,
		  struct failure *ret_failure)
{
	_cleanup_(programs_freep) struct programs *programs = NULL;
	int error;

	libbpf_set_print(print_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	error = load_best(root, physical, options, &programs, ret_failure);
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

void programs_free(struct programs *programs)
{
	if (programs->skeleton && programs->skeleton->bss)
		testing_tell_walks(&programs->skeleton->bss->walks);
	oomtrace_bpf__destroy(programs->skeleton);
	free(programs->verifier_texts);
	free(programs);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `oomtrace check`: gathers what this kernel offers into one structure, then prints it as a table
 * or as JSON.
 */
#include "commands/commands.h"

#include <bpf/btf.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/atomic_file.h"
#include "base/buf.h"
#include "base/log.h"
#include "capture/hooks.h"
#include "capture/kmsg.h"
#include "capture/privileges.h"
#include "capture/programs.h"

#define MAX_MAPS 64

struct named_figure {
	char name[32];
	uint64_t value; /* bytes of a map, instructions of a program */
};

struct findings {
	struct utsname uts;
	bool btf;
	bool hook_present[HOOKS_MAX]; /* by place in hooks[] */
	bool hooks_complete;          /* the required ones are there */
	bool loaded;             /* BPF programs passed the verifier and frames were calibrated */
	bool unwind_rows;        /* stacks are walked by unwind data */
	bool by_perf, preempted; /* how pages are told of (programs.h) */
	uint64_t period_pages;   /* of the host-wide mode whose maps are listed */
	struct failure failure;  /* why not */
	struct named_figure
		costs[MAX_MAPS]; /* by program: instructions the verifier went through */
	size_t cost_count;
	struct named_figure maps[MAX_MAPS];
	size_t map_count;
	uint64_t map_bytes;
	bool usable; /* nothing required is missing */
	bool log;    /* the kernel's log can be read */
};

static void add_map(const char *name, uint64_t bytes, void *context)
{
	struct findings *findings = context;

	findings->map_bytes += bytes;
	if (findings->map_count == MAX_MAPS)
		return;
	snprintf(findings->maps[findings->map_count].name, sizeof(findings->maps[0].name), "%s",
		 name);
	findings->maps[findings->map_count++].value = bytes;
}

static void add_cost(const char *name, uint64_t instructions, void *context)
{
	struct findings *findings = context;
	struct named_figure *cost;

	if (findings->cost_count == MAX_MAPS)
		return;
	cost = &findings->costs[findings->cost_count++];
	snprintf(cost->name, sizeof(cost->name), "%s", name);
	cost->value = instructions;
}

/* Asks the kernel by loading the real programs: feature probes have been seen to be wrong. */
static int try_programs(struct findings *findings)
{
	struct programs_options options = {.mode = CAPTURE_HOST, .measure = true};
	_cleanup_(programs_freep) struct programs *programs = NULL;
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	_cleanup_(physical_release) struct physical physical = PHYSICAL_EMPTY;
	int error = sysroot_open_host(&root);

	if (!error)
		error = physical_read(&root, &physical);
	if (error)
		return error;
	error = programs_load(&root, &physical, &options, &programs, &findings->failure);
	if (error) {
		/* its reasons have no room next to the statistics */
		options.measure = false;
		error = programs_load(&root, &physical, &options, &programs, &findings->failure);
	}
	if (error)
		return error;
	findings->period_pages = programs->sizes.period_pages;
	findings->unwind_rows = programs->unwind_rows;
	findings->by_perf = programs->by_perf;
	findings->preempted = programs->preempted;
	programs_each_map(programs, add_map, findings);
	programs_each_cost(programs, add_cost, findings);
	return 0;
}

static void gather_hooks(struct findings *findings)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	struct btf *btf = btf__load_vmlinux_btf();

	findings->btf = btf != NULL;
	findings->hooks_complete = true;
	if (sysroot_open_host(&root)) {
		btf__free(btf);
		btf = NULL;
	}
	for (size_t i = 0; i < hook_count; i++) {
		findings->hook_present[i] = hook_exists(&hooks[i], &root, btf);
		if (hooks[i].required && !findings->hook_present[i])
			findings->hooks_complete = false;
	}
	btf__free(btf);
}

static bool try_log(void)
{
	_cleanup_close_ int fd = kmsg_open();

	return fd >= 0;
}

static void gather(struct findings *findings)
{
	uname(&findings->uts);
	gather_hooks(findings);
	findings->loaded = !privileges_missing() && try_programs(findings) == 0;
	findings->log = try_log();
	findings->usable = findings->btf && findings->loaded && findings->hooks_complete;
}

/* --- text ----------------------------------------------------------------------------------------
 */

static const char *state(bool present, bool required)
{
	return present ? "yes" : required ? "MISSING" : "no";
}

static void print_row(FILE *stream, const char *name, const char *is, const char *note)
{
	fprintf(stream, "  %-34s %-8s %s\n", name, is, note ? note : "");
}

static void print_privileges(FILE *stream)
{
	fprintf(stream, "\nCapabilities\n");
	for (size_t i = 0; i < privilege_count; i++) {
		bool held = privilege_held(&privileges[i]);

		print_row(stream, privileges[i].name, state(held, privileges[i].required),
			  held || !privileges[i].without ? privileges[i].need
							 : privileges[i].without);
	}
}

static void print_hooks(FILE *stream, const struct findings *findings)
{
	fprintf(stream, "\nHooks\n");
	for (size_t i = 0; i < hook_count; i++) {
		bool exists = findings->hook_present[i];

		print_row(stream, hooks[i].tracepoint, state(exists, hooks[i].required),
			  exists || !hooks[i].without ? hooks[i].need : hooks[i].without);
	}
}

static void print_maps(FILE *stream, const struct findings *findings)
{
	if (!findings->loaded)
		return;
	fprintf(stream, "\nKernel memory of a host-wide ledger, one page in %" PRIu64 "\n",
		findings->period_pages);
	for (size_t i = 0; i < findings->map_count; i++)
		fprintf(stream, "  %-34s %10" PRIu64 " KiB\n", findings->maps[i].name,
			findings->maps[i].value >> 10);
	fprintf(stream, "  %-34s %10" PRIu64 " KiB\n", "total", findings->map_bytes >> 10);
}

static const char *programs_note(const struct findings *findings)
{
	if (findings->loaded)
		return "load, and page frames are calibrated";
	if (privileges_missing())
		return "not tried without the capabilities below";
	if (findings->failure.kind == FAILURE_LOCKDOWN)
		return "the kernel is locked down (confidentiality), they may not read its memory";
	return "do not load here; -v shows why";
}

static int print_text(const struct findings *findings, FILE *stream)
{
	fprintf(stream, "Kernel %s %s\n\n", findings->uts.release, findings->uts.machine);
	print_row(stream, "BTF", state(findings->btf, true),
		  "the kernel's types, /sys/kernel/btf/vmlinux");
	print_row(stream, "BPF programs", state(findings->loaded, true), programs_note(findings));
	print_row(stream, "Stacks", findings->loaded ? "yes" : "no",
		  findings->unwind_rows ? "by unwind data, frame pointers where there is none"
					: "by frame pointers");
	print_row(stream, "Pages", findings->loaded && !findings->preempted ? "yes" : "no",
		  findings->preempted ? PROGRAMS_WITHOUT_EVENTS
		  : findings->by_perf ? "by events of perf: raw tracepoints may be preempted here"
				      : "by raw tracepoints");
	print_row(stream, "Kernel log", state(findings->log, false),
		  findings->log ? "tells of OOM kills: /dev/kmsg" : "cannot be read: /dev/kmsg");
	print_privileges(stream);
	print_hooks(stream, findings);
	print_maps(stream, findings);
	fprintf(stream, "\n%s\n",
		findings->usable ? "oomtrace works here."
		: findings->log  ? "oomtrace cannot trace here; --watch-oom-kills goes by the "
				   "kernel's log alone."
				 : "oomtrace cannot trace here.");
	return ferror(stream) ? -EIO : 0;
}

/* --- JSON ----------------------------------------------------------------------------------------
 */

static json_t *privileges_json(void)
{
	json_t *array = json_array();

	for (size_t i = 0; i < privilege_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:b, s:b}", "name", privileges[i].name, "need",
					 privileges[i].need, "required", privileges[i].required,
					 "held", privilege_held(&privileges[i])));
	return array;
}

static json_t *hooks_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < hook_count; i++)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:b, s:b, s:s*}", "need",
						       hooks[i].need, "program", hooks[i].program,
						       "tracepoint", hooks[i].tracepoint,
						       "required", hooks[i].required, "present",
						       findings->hook_present[i], "without",
						       hooks[i].without));
	return array;
}

static json_t *figures_json(const struct named_figure *figures, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(object, figures[i].name, json_integer(figures[i].value));
	return object;
}

static int print_json(const struct findings *findings, FILE *stream)
{
	json_t *document = json_pack(
		"{s:i, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:s, s:s*, s:o, s:o, s:o, s:I, s:o}",
		"schema", 1, "kind", "check", "kernel", findings->uts.release, "machine",
		findings->uts.machine, "btf", findings->btf, "programs_load", findings->loaded,
		"usable", findings->usable, "watch",
		findings->usable ? "bpf"
		: findings->log  ? "kmsg"
				 : "none",
		"stacks", findings->unwind_rows ? "eh_frame" : "frame_pointer", "pages",
		findings->by_perf ? "perf" : "raw_tracepoint", "pages_without",
		findings->preempted ? PROGRAMS_WITHOUT_EVENTS : NULL, "capabilities",
		privileges_json(), "hooks", hooks_json(findings), "map_bytes",
		figures_json(findings->maps, findings->map_count), "map_bytes_total",
		(json_int_t)findings->map_bytes, "verified_instructions",
		figures_json(findings->costs, findings->cost_count));
	int error = document && json_dumpf(document, stream, JSON_COMPACT | JSON_ENSURE_ASCII) == 0
			    ? 0
			    : -EIO;

	json_decref(document);
	fputc('\n', stream);
	return ferror(stream) ? -EIO : error;
}

int command_check(const struct opts *opts)
{
	_cleanup_(atomic_file_abortp) struct atomic_file *file = NULL;
	const char *path = opts->output ? opts->output : "-";
	struct findings findings = {.usable = false};
	int error;

	gather(&findings);
	error = atomic_file_open(path, &file);
	if (!error)
		error = (opts->format == FORMAT_JSON ? print_json : print_text)(
			&findings, atomic_file_stream(file));
	if (!error)
		error = atomic_file_commit(TAKE_PTR(file));
	if (error) {
		log_error("cannot write to '%s': %s", path, strerror(-error));
		return EXIT_CODE_FAILED;
	}
	return findings.usable ? EXIT_CODE_PRINTED : EXIT_CODE_CANNOT;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of programs while they are loaded: targets, scans, settling, what they cost. */
#include "capture/programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "capture/hooks.h"
#include "oomtrace.skel.h"

DEFINE_CLEANUP(struct bpf_link *, bpf_link__destroy)

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

int programs_run(const struct bpf_program *program)
{
	uint64_t arguments[1] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));

	return bpf_prog_test_run_opts(bpf_program__fd(program), &options);
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
	uint64_t misses = 0;

	for (size_t i = 0; i < hook_count; i++)
		if (programs_want(programs, &hooks[i]))
			misses += recursion_misses(bpf_object__find_program_by_name(
				programs->skeleton->obj, hooks[i].program));
	return misses;
}

void programs_each_cost(const struct programs *programs, programs_cost_fn callback, void *context)
{
	const char *text = programs->verifier_texts;
	struct bpf_program *program;

	if (!text)
		return;
	bpf_object__for_each_program(program, programs->skeleton->obj)
	{
		const char *processed = strstr(text, "processed ");

		if (processed && bpf_program__fd(program) >= 0)
			callback(bpf_program__name(program), strtoul(processed + 10, NULL, 10),
				 context);
		text += PROGRAMS_VERIFIER_TEXT_BYTES;
	}
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
		/* one that is left out is not there */
		if (bpf_map__fd(map) >= 0)
			callback(bpf_map__name(map), map_bytes(bpf_map__fd(map)), context);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaches empty programs, to the hooks of the ledger or, with the argument `mappings`, to those
 * that follow mappings; says `ready`, and leaves at the end of its input. Exits with 77 where that
 * is not possible: tests ask it whether this machine runs BPF at all.
 */
#include "empty.skel.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static struct empty_bpf *empty_start(bool mappings)
{
	struct empty_bpf *empty = empty_bpf__open();

	if (!empty)
		return NULL;
	bpf_program__set_autoload(empty->progs.empty_alloc, !mappings);
	bpf_program__set_autoload(empty->progs.empty_free, !mappings);
	bpf_program__set_autoload(empty->progs.empty_stored, mappings);
	bpf_program__set_autoload(empty->progs.empty_done, mappings);
	if (empty_bpf__load(empty) || empty_bpf__attach(empty)) {
		empty_bpf__destroy(empty);
		return NULL;
	}
	return empty;
}

int main(int argc, char **argv)
{
	struct empty_bpf *empty;
	char byte;

	libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	empty = empty_start(argc > 1 && strcmp(argv[1], "mappings") == 0);
	if (!empty) {
		fprintf(stderr, "empty: this kernel or user cannot run BPF tracing programs\n");
		return 77;
	}
	fputs("ready\n", stderr);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	empty_bpf__destroy(empty);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaches the empty programs, says `ready`, and leaves at the end of its input. Exits with 77
 * where that is not possible: tests ask it whether this machine runs BPF at all.
 */
#include "empty.skel.h"

#include <stdio.h>
#include <unistd.h>

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

int main(void)
{
	struct empty_bpf *empty;
	char byte;

	libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	empty = empty_bpf__open_and_load();
	if (!empty || empty_bpf__attach(empty)) {
		fprintf(stderr, "empty: this kernel or user cannot run BPF tracing programs\n");
		empty_bpf__destroy(empty);
		return 77;
	}
	fputs("ready\n", stderr);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	empty_bpf__destroy(empty);
	return 0;
}

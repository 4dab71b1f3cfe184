/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A victim: a program that grows in one known way, in a function with a known name, so that a test
 * knows the truth about it. It does nothing on its own account and never sleeps:
 *
 *   test      victim
 *             ready                       probes may be attached now
 *   go        region FUNCTION KIND PID ADDRESS BYTES ...
 *             grown                       what grew is there; the test may look
 *   free      freed                       and is gone again
 *   quit      (exit 0)                    also at the end of input
 *
 * Each region line names the memory for which FUNCTION alone is to blame: `KIND` says how a judge
 * finds it (tests/lib/truth.bash). A program holds a table of cases of one theme; its first
 * argument is the case, the second the size in MiB.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096UL
#define HUGE_BYTES (2UL << 20)
#define MIB (1UL << 20)

/* Not used by every victim that includes this. */
#define VICTIM_HELPER static __attribute__((unused))

/* What one case carries from step to step. */
struct victim {
	size_t size_bytes;
	char *memory;
	size_t memory_bytes; /* when it is not size_bytes */
	char **arguments;    /* what follows the size on the command line */
	int fds[2];
	pid_t child;
	void *more;
};

struct victim_case {
	const char *name;
	void (*prepare)(struct victim *victim); /* before `ready`; may be NULL */
	void (*grow)(struct victim *victim);
	void (*shed)(struct victim *victim);
};

/* One answer to the test. The whole line goes out at once: parent and child may share stdout. */
#define victim_say(...)                                                    \
	do {                                                               \
		char line_[256];                                           \
		int length_ = snprintf(line_, sizeof(line_), __VA_ARGS__); \
		if (write(STDOUT_FILENO, line_, length_) != length_)       \
			err(1, "stdout");                                  \
	} while (0)

VICTIM_HELPER void victim_region(const char *function, const char *kind, pid_t pid,
				 const void *address, size_t bytes)
{
	victim_say("region %s %s %d 0x%lx %zu\n", function, kind, pid, (unsigned long)address,
		   bytes);
}

/* Reads byte by byte: what follows the line belongs to whoever reads next, after fork or exec. */
VICTIM_HELPER void victim_expect(const char *word)
{
	char line[32];
	size_t length = 0;

	while (length < sizeof(line) - 1) {
		if (read(STDIN_FILENO, line + length, 1) <= 0)
			exit(0);
		if (line[length] == '\n')
			break;
		length++;
	}
	line[length] = '\0';
	if (!strcmp(line, "quit"))
		exit(0);
	if (strcmp(line, word))
		errx(1, "expected '%s', got '%s'", word, line);
}

/*
 * Gives the function a frame of its own, even a leaf that gcc thinks can do without (it does, even
 * with -fno-omit-frame-pointer), and keeps the call before it from becoming a jump.
 */
#define victim_stay() __asm__ volatile("" ::"r"(__builtin_frame_address(0)) : "memory")

/* Writes one byte into every page; with its caller on the stack, and no libc function. */
VICTIM_HELPER void victim_touch(char *memory, size_t bytes)
{
	victim_stay();
	for (size_t offset = 0; offset < bytes; offset += PAGE_BYTES)
		((volatile char *)memory)[offset] = 1;
}

VICTIM_HELPER char *victim_map(size_t bytes, int flags)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

VICTIM_HELPER void victim_unmap(struct victim *victim)
{
	if (munmap(victim->memory, victim->memory_bytes ?: victim->size_bytes))
		err(1, "munmap");
}

/* Private anonymous memory aligned to huge pages; where it begins in its mapping is forgotten. */
VICTIM_HELPER char *victim_map_aligned(size_t bytes)
{
	char *memory = victim_map(bytes + HUGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS);

	return (char *)(((uintptr_t)memory + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
}

/*
 * Calls a function that makes one system call. Kernel-side allocations find the user stack at the
 * call instruction in libc, whose frame pointer still is the caller's: that caller is then missing
 * from the stack. With one more frame in between, it is this one.
 */
#define VICTIM_SYSCALL_WRAPPER __attribute__((noinline)) VICTIM_HELPER

VICTIM_HELPER int victim_usage(const struct victim_case *cases, size_t count)
{
	fprintf(stderr, "usage: CASE [MIB [ARGUMENT...]]; cases:");
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", cases[i].name);
	fprintf(stderr, "\n");
	return 64;
}

VICTIM_HELPER void victim_run(const struct victim_case *how, struct victim *victim)
{
	if (how->prepare)
		how->prepare(victim);
	victim_say("ready\n");
	victim_expect("go");
	how->grow(victim);
	victim_say("grown\n");
	victim_expect("free");
	how->shed(victim);
	victim_say("freed\n");
	victim_expect("quit");
}

VICTIM_HELPER int victim_main(const struct victim_case *cases, size_t count, int argc, char **argv)
{
	struct victim victim = {
		.size_bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 16) * MIB,
		.arguments = argc > 3 ? argv + 3 : argv + argc,
		.fds = {-1, -1},
	};

	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (!strcmp(argv[1], cases[i].name)) {
			victim_run(&cases[i], &victim);
			return 0;
		}
	}
	return victim_usage(cases, count);
}

#define VICTIM_MAIN(cases)                                                                 \
	int main(int argc, char **argv)                                                    \
	{                                                                                  \
		return victim_main(cases, sizeof(cases) / sizeof((cases)[0]), argc, argv); \
	}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of the corpus share: one way to fill memory a case, chosen by name. Each runs
 * until it is killed. SCALE in the environment makes all that takes time take so many times longer.
 */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB(n) ((size_t)((n)*1048576.0))
#define WORKLOAD_MAIN(cases)                                                                \
	int main(int argc, char **argv)                                                     \
	{                                                                                   \
		for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof((cases)[0]); i++) \
			if (strcmp((cases)[i].name, argv[1]) == 0)                          \
				(cases)[i].run(argc > 2 ? MIB(atof(argv[2])) : 0);          \
		fprintf(stderr, "usage: %s CASE [MIB]\n", argv[0]);                         \
		return 64;                                                                  \
	}

/* `limit_bytes` is what it may have: the second word, in MiB. */
struct workload {
	const char *name;
	void (*run)(size_t limit_bytes);
};

static inline double scale(void)
{
	const char *text = getenv("SCALE");
	double factor = text ? atof(text) : 1;

	return factor > 0 ? factor : 1;
}

static inline void rest(double seconds)
{
	double all = seconds * scale();
	struct timespec time = {(time_t)all, (long)((all - floor(all)) * 1e9)};

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/* Touched, so that it is held. */
static inline char *take(size_t bytes)
{
	char *memory = malloc(bytes);

	if (!memory)
		exit(1);
	memset(memory, 0x5a, bytes);
	return memory;
}

/* In twenty parts. */
static inline void take_slowly(size_t bytes, double seconds)
{
	for (int i = 0; i < 20; i++) {
		take(bytes / 20);
		rest(seconds / 20);
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timed loop on command: for each line of input it does one round and answers with the round's
 * nanoseconds, so that rounds with and without a tracer alternate in one and the same process.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static inline void loop_run(void (*round)(void *state), void *state)
{
	char line[16];

	round(state); /* warm */
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t start_ns = now_ns();

		round(state);
		printf("%llu\n", (unsigned long long)(now_ns() - start_ns));
		fflush(stdout);
	}
}

#endif

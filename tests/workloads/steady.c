// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is needed all the time; and growth that ends by itself. */
#include "workload.h"

#include <fcntl.h>

#define STEADY_SECONDS 75

/* The last drop. */
static void overflow(size_t limit_bytes)
{
	for (;;) {
		take(limit_bytes / 25);
		rest(0.05);
	}
}

static void churn(size_t bytes, double seconds)
{
	for (double at = 0; at < seconds; at += 0.5) {
		char *memory = take(bytes);

		rest(0.5);
		free(memory);
	}
}

static void working_set(size_t limit_bytes)
{
	take_slowly(limit_bytes * 85 / 100, 3);
	churn(limit_bytes / 30, STEADY_SECONDS);
	overflow(limit_bytes);
}

static void pool_of_buffers(size_t limit_bytes)
{
	char *pool[48] = {0};
	unsigned int seed = 7;

	take(limit_bytes / 4);
	for (int turn = 0; turn < STEADY_SECONDS * 20; turn++) {
		unsigned int at = rand_r(&seed) % 48;

		free(pool[at]);
		pool[at] = take(limit_bytes * (85 + rand_r(&seed) % 20) / 100 * 6 / 10 / 48);
		rest(0.05);
	}
	overflow(limit_bytes);
}

/* As a collector of garbage would. */
static void teeth(size_t low_bytes, size_t high_bytes, double seconds)
{
	for (double at = 0; at < seconds; at += 4) {
		char *parts[16];

		for (int i = 0; i < 16; i++) {
			parts[i] = take((high_bytes - low_bytes) / 16);
			rest(0.25);
		}
		for (int i = 0; i < 16; i++)
			free(parts[i]);
	}
}

static void teeth_at_the_limit(size_t limit_bytes)
{
	take(limit_bytes * 76 / 100);
	teeth(limit_bytes * 76 / 100, limit_bytes * 94 / 100, STEADY_SECONDS);
	overflow(limit_bytes);
}

static void full_cache(size_t limit_bytes)
{
	char *cache[100] = {0};

	for (int turn = 0; turn < STEADY_SECONDS * 10; turn++) {
		free(cache[turn % 100]);
		cache[turn % 100] = take(limit_bytes * 88 / 10000);
		rest(turn < 100 ? 0.03 : 0.1);
	}
	overflow(limit_bytes);
}

/* --- what ends by itself ------------------------------------------------------------------- */

static void forever(double seconds)
{
	rest(seconds);
	exit(0);
}

static void plateau(size_t limit_bytes)
{
	take_slowly(limit_bytes * 60 / 100, 10);
	churn(limit_bytes / 50, 60);
	forever(60);
}

static void sawtooth(size_t limit_bytes)
{
	take(limit_bytes / 5);
	teeth(limit_bytes / 5, limit_bytes * 6 / 10, 120);
}

static void recovery(size_t limit_bytes)
{
	char *parts[40];

	for (int i = 0; i < 40; i++) {
		parts[i] = take(limit_bytes * 7 / 10 / 40);
		rest(0.3);
	}
	for (int i = 0; i < 40; i++) {
		free(parts[i]);
		rest(0.3);
	}
	forever(60);
}

static void wave(size_t limit_bytes)
{
	for (double at = 0; at < 120; at += 0.5) {
		char *memory = take((size_t)((double)limit_bytes * 0.3 * (1.1 + sin(at * 0.6))));

		rest(0.5);
		free(memory);
	}
}

static void saturating(size_t limit_bytes)
{
	double held = 0, goal = 0.6 * (double)limit_bytes;

	for (int i = 0; i < 400; i++) {
		double more = (goal - held) / 12;

		if (more > 4096)
			take((size_t)more);
		held += more;
		rest(0.3);
	}
}

static void reading(size_t limit_bytes)
{
	int fd = open("input", O_RDONLY);
	char buffer[65536];

	take(limit_bytes / 5);
	for (int turn = 0; turn < 400; turn++) {
		for (int i = 0; i < 30; i++)
			if (read(fd, buffer, sizeof(buffer)) <= 0)
				lseek(fd, 0, SEEK_SET);
		rest(0.3);
	}
}

static void hold(size_t limit_bytes)
{
	take_slowly(limit_bytes, 1);
	for (;;)
		pause();
}

static const struct workload cases[] = {
	{"set", working_set},
	{"pool", pool_of_buffers},
	{"teeth", teeth_at_the_limit},
	{"cache", full_cache},
	{"plateau", plateau},
	{"sawtooth", sawtooth},
	{"recovery", recovery},
	{"wave", wave},
	{"saturating", saturating},
	{"reading", reading},
	{"hold", hold},
};

WORKLOAD_MAIN(cases)

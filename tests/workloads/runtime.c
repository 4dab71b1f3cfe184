// SPDX-License-Identifier: GPL-2.0-or-later
/* Runtimes that were told too little: malloc with an arena for each of a hundred threads. */
#include "workload.h"

#include <pthread.h>

/* What each request takes it gives back, to its arena, which keeps it: one small piece stays. */
static void *arena_thread(void *limit)
{
	size_t bytes = (size_t)limit / 100;
	int turn = 0;

	for (;; turn++) {
		char *parts[64];

		for (int i = 0; i < 64; i++)
			parts[i] = take(bytes / 64);
		rest(0.2);
		for (int i = 0; i < 63; i++)
			free(parts[i]);
		rest(2);
		if (turn > 0)
			free(parts[63]);
	}
	return NULL;
}

static void hundred_arenas(size_t limit_bytes)
{
	for (int i = 0; i < 140; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, arena_thread, (void *)limit_bytes))
			break;
		rest(0.25);
	}
	pause();
}

static const struct workload cases[] = {{"arenas", hundred_arenas}};

WORKLOAD_MAIN(cases)

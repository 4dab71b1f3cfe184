// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that nobody gives back. */
#include "workload.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

static void message_copy(size_t limit_bytes)
{
	(void)limit_bytes;
	for (;;) {
		take(MIB(0.25));
		rest(0.1);
	}
}

static void table_extend(size_t limit_bytes)
{
	for (;;) {
		take(limit_bytes / 24);
		rest(1.9);
	}
}

/* What one batch needs comes and goes; a part of it stays. */
static void batch_results(size_t limit_bytes)
{
	for (;;) {
		char *parts[6];

		for (int i = 0; i < 6; i++) {
			parts[i] = take(limit_bytes / 40);
			rest(0.15);
		}
		for (int i = 0; i < 6; i++)
			free(parts[i]);
		take(limit_bytes / 50);
		rest(0.1);
	}
}

static void request_session(size_t limit_bytes)
{
	for (;;) {
		char *page = take(limit_bytes / 256);

		take(limit_bytes / 3000);
		rest(0.01);
		free(page);
		rest(0.005);
	}
}

static void audit_append(size_t limit_bytes)
{
	for (;;) {
		take(limit_bytes / 640);
		rest(0.12);
	}
}

static void *connection_thread(void *unused)
{
	volatile char buffer[400 * 1024];

	(void)unused;
	for (size_t i = 0; i < sizeof(buffer); i += 512)
		buffer[i] = 1;
	for (;;)
		pause();
	return NULL;
}

static void connection_threads(size_t limit_bytes)
{
	(void)limit_bytes;
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, connection_thread, NULL))
			pause();
		rest(0.15);
	}
}

struct job {
	struct job *next;
	char payload[48000];
};

/* Three come while two are worked off. */
static void jobs_unbounded(size_t limit_bytes)
{
	struct job *first = NULL, **last = &first;

	(void)limit_bytes;
	for (unsigned int turn = 0;; turn++) {
		struct job *job = (struct job *)take(sizeof(*job));

		job->next = NULL;
		*last = job;
		last = &job->next;
		if (turn % 3 != 0) {
			job = first;
			first = job->next;
			if (!first)
				last = &first;
			free(job);
		}
		rest(0.002);
	}
}

/* One buffer that is appended to, and grown by a quarter when it is full. */
static void log_buffer(size_t limit_bytes)
{
	size_t room = MIB(1), used = 0, part = limit_bytes / 300;
	char *buffer = malloc(room);

	for (;;) {
		while (used + part > room) {
			room += room / 4;
			buffer = realloc(buffer, room);
		}
		memset(buffer + used, 1, part);
		used += part;
		rest(0.1);
	}
}

static void maps_never_unmapped(size_t limit_bytes)
{
	size_t bytes = limit_bytes / 100;

	for (;;) {
		char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(memory, 1, bytes);
		rest(0.3);
	}
}

/* Three of four are given back, and no page with them. */
static void fragments(size_t limit_bytes)
{
	(void)limit_bytes;
	for (;;) {
		char *parts[400];

		for (int i = 0; i < 400; i++)
			parts[i] = take(1500);
		for (int i = 0; i < 400; i++)
			if (i % 4)
				free(parts[i]);
		rest(0.04);
		take(MIB(0.06));
	}
}

static void started_then_leaks(size_t limit_bytes)
{
	take_slowly(limit_bytes * 3 / 10, 2);
	for (;;) {
		take(limit_bytes / 400);
		rest(0.12);
	}
}

static void leak_below_waves(size_t limit_bytes)
{
	for (double at = 0;; at += 0.25) {
		char *wave = take((size_t)((double)limit_bytes * 0.06 * (1 + sin(at * 1.3))) + 1);

		take(limit_bytes / 160);
		rest(0.25);
		free(wave);
	}
}

/* Page cache comes and goes beside it. */
static void leak_beside_cache(size_t limit_bytes)
{
	int fd = open("input", O_RDONLY);
	char buffer[65536];

	for (;;) {
		for (int i = 0; i < 40; i++)
			if (read(fd, buffer, sizeof(buffer)) <= 0)
				lseek(fd, 0, SEEK_SET);
		take(limit_bytes / 300);
		rest(0.1);
	}
}

/* Busy by day, quiet by night; never back to where it was. */
static void day_and_night(size_t limit_bytes)
{
	for (unsigned int turn = 0;; turn++) {
		take(turn % 20 < 10 ? limit_bytes / 110 : limit_bytes / 900);
		rest(0.25);
	}
}

static const struct workload cases[] = {
	{"message", message_copy},    {"table", table_extend},      {"batch", batch_results},
	{"session", request_session}, {"audit", audit_append},      {"threads", connection_threads},
	{"jobs", jobs_unbounded},     {"log", log_buffer},          {"maps", maps_never_unmapped},
	{"fragments", fragments},     {"late", started_then_leaks}, {"waves", leak_below_waves},
	{"cache", leak_beside_cache}, {"days", day_and_night},
};

WORKLOAD_MAIN(cases)

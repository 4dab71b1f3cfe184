// SPDX-License-Identifier: GPL-2.0-or-later
/* Much at once. */
#include "workload.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#define CALM_SECONDS 25

/* Small work, as a server between two requests. */
static void calm(size_t limit_bytes, double seconds)
{
	take(limit_bytes / 8);
	for (double at = 0; at < seconds; at += 0.25) {
		char *page = take(limit_bytes / 50);

		rest(0.25);
		free(page);
	}
}

static void forever(void)
{
	for (;;)
		pause();
}

static void upload_read(size_t limit_bytes)
{
	int fd = open("input", O_RDONLY);
	struct stat status;
	char *buffer;

	calm(limit_bytes, CALM_SECONDS);
	if (fd < 0 || fstat(fd, &status))
		exit(1);
	buffer = malloc(status.st_size);
	for (off_t at = 0; at < status.st_size;) {
		ssize_t got = read(fd, buffer + at, MIB(1));

		if (got <= 0)
			break;
		at += got;
	}
	forever();
}

static void *worker(void *bytes)
{
	for (int i = 0; i < 8; i++) {
		take((size_t)bytes / 8);
		rest(0.05);
	}
	forever();
	return NULL;
}

static void workers_all_at_once(size_t limit_bytes)
{
	calm(limit_bytes, CALM_SECONDS);
	for (int i = 0; i < 64; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, worker, (void *)(limit_bytes / 40));
	}
	forever();
}

static void table_load(size_t limit_bytes)
{
	for (;;) {
		take(limit_bytes / 40);
		rest(0.04);
	}
}

static void matrix_square(size_t limit_bytes)
{
	calm(limit_bytes, CALM_SECONDS);
	take(2 * limit_bytes);
	forever();
}

/* A report that is made in four seconds, of a server that was warm. */
static void report_make(size_t limit_bytes)
{
	take_slowly(limit_bytes / 4, 3);
	calm(limit_bytes, CALM_SECONDS);
	for (;;) {
		take(limit_bytes / 60);
		rest(0.06);
	}
}

/* Bursts that fit, and one that does not. */
static void bursts(size_t limit_bytes)
{
	for (int i = 0;; i++) {
		size_t bytes = i < 6 ? limit_bytes / 5 : limit_bytes;
		char *burst;

		calm(limit_bytes / 50, 4);
		burst = take(bytes);
		rest(0.3);
		free(burst);
	}
}

/* Each thread finds that the table is not there yet, and loads it. */
static char *volatile table;

static void *table_serve(void *bytes)
{
	char *part = NULL;

	if (!table) {
		for (int i = 0; i < 40; i++) {
			part = take((size_t)bytes / 40);
			rest(0.08);
		}
		table = part;
	}
	forever();
	return NULL;
}

static void seed_tables(size_t limit_bytes)
{
	for (int i = 0; i < 16; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, table_serve, (void *)(limit_bytes / 8));
	}
	forever();
}

static const struct workload cases[] = {
	{"upload", upload_read},   {"workers", workers_all_at_once}, {"start", table_load},
	{"matrix", matrix_square}, {"report", report_make},          {"bursts", bursts},
	{"seed", seed_tables},
};

WORKLOAD_MAIN(cases)

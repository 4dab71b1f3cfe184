// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is not the program's own: of files, and of the kernel on its behalf. */
#include "workload.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void allow_files(void)
{
	const struct rlimit limit = {1048576, 1048576};

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void fill(const char *path, size_t limit_bytes, double pause_seconds)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t part = limit_bytes / 64;
	char *buffer = take(part);

	unlink(path);
	for (;;) {
		if (write(fd, buffer, part) < 0)
			exit(1);
		rest(pause_seconds);
	}
}

static void tmpfs_file(size_t limit_bytes)
{
	fill("shm/file", limit_bytes, 0.2);
}

static void tmpfs_files(size_t limit_bytes)
{
	char *buffer = take(limit_bytes / 200);

	for (int i = 0;; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "shm/part-%d", i);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (write(fd, buffer, limit_bytes / 200) < 0)
			exit(1);
		close(fd);
		rest(0.08);
	}
}

static void memfd_buffer(size_t limit_bytes)
{
	int fd = memfd_create("buffer", 0);
	char *memory;

	if (ftruncate(fd, 2 * limit_bytes))
		exit(1);
	memory = mmap(NULL, 2 * limit_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t at = 0;; at += limit_bytes / 100) {
		memset(memory + at, 1, limit_bytes / 100);
		rest(0.15);
	}
}

/* Page cache of ramfs has nowhere to go. */
static void ramfs_file(size_t limit_bytes)
{
	fill("ram/file", limit_bytes, 0.2);
}

static void locked_file(size_t limit_bytes)
{
	int fd = open("input", O_RDONLY);

	for (size_t at = 0;; at += limit_bytes / 64) {
		char *memory = mmap(NULL, limit_bytes / 64, PROT_READ, MAP_SHARED, fd, at);

		if (mlock(memory, limit_bytes / 64))
			exit(1);
		rest(0.2);
	}
}

/* --- the kernel ---------------------------------------------------------------------------- */

static void sockets_unread(size_t limit_bytes)
{
	char data[32768] = {1};

	(void)limit_bytes;
	allow_files();
	for (;;) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			pause();
		while (write(pair[0], data, sizeof(data)) > 0)
			;
		rest(0.05);
	}
}

static void pipes_unread(size_t limit_bytes)
{
	char data[4096] = {1};

	(void)limit_bytes;
	allow_files();
	for (;;) {
		int pair[2];

		if (pipe2(pair, O_NONBLOCK))
			pause();
		while (write(pair[1], data, sizeof(data)) > 0)
			;
		rest(0.02);
	}
}

static void empty_files(size_t limit_bytes)
{
	char path[300];

	(void)limit_bytes;
	memset(path, 'x', sizeof(path));
	for (int i = 0;; i++) {
		int fd;

		snprintf(path, sizeof(path), "shm/%0200d", i);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (fd >= 0)
			close(fd);
		if (i % 100 == 0)
			rest(0.03);
	}
}

/* Reads of untouched memory share one page; its page tables do not. */
static void page_tables(size_t limit_bytes)
{
	size_t span = 512UL << 30;
	char *memory =
		mmap(NULL, span, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	volatile char sum = 0;

	(void)limit_bytes;
	for (size_t at = 0; at < span; at += 2 << 20) {
		sum += memory[at];
		if (at % (512UL << 20) == 0)
			rest(0.02);
	}
	pause();
}

static void descriptors(size_t limit_bytes)
{
	(void)limit_bytes;
	allow_files();
	for (int i = 0;; i++) {
		if (eventfd(0, 0) < 0)
			pause();
		if (i % 400 == 0)
			rest(0.03);
	}
}

static void children(size_t limit_bytes)
{
	(void)limit_bytes;
	for (;;) {
		if (fork() == 0)
			for (;;)
				pause();
		rest(0.03);
	}
}

static void messages(size_t limit_bytes)
{
	struct {
		long type;
		char text[4096];
	} message = {1, {1}};

	(void)limit_bytes;
	for (;;) {
		int queue = msgget(IPC_PRIVATE, 0600);

		if (queue < 0)
			pause();
		while (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT) == 0)
			;
		rest(0.005);
	}
}

static const struct workload cases[] = {
	{"tmpfs", tmpfs_file},        {"files", tmpfs_files},    {"memfd", memfd_buffer},
	{"ramfs", ramfs_file},        {"locked", locked_file},   {"sockets", sockets_unread},
	{"pipes", pipes_unread},      {"dentries", empty_files}, {"tables", page_tables},
	{"descriptors", descriptors}, {"children", children},    {"messages", messages},
};

WORKLOAD_MAIN(cases)

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to make the module file of each FILE: processor time, the best of five, page cache
 * warm. The rows alone, all of it (names, and writing it down), and checking what was written.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbols/child_heap.h"
#include "symbols/image_unwind.h"
#include "symbols/module_writer.h"

#define TURNS 5

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void keep_least(double *least, double value)
{
	if (*least == 0 || value < *least)
		*least = value;
}

static int rows_cost(int fd, double *least)
{
	for (int turn = 0; turn < TURNS; turn++) {
		_cleanup_(image_closep) struct image *image = NULL;
		struct unwind_rows rows = {};
		double start = cpu_ms();
		int r = image_open(fd, &image);

		if (r == 0)
			r = image_unwind_rows(image, &rows);
		keep_least(least, cpu_ms() - start);
		unwind_rows_release(&rows);
		if (r < 0 && r != -ENODATA)
			return r;
	}
	return 0;
}

static int file_cost(int fd, double *least_built, double *least_checked,
		     struct module_file **ret_file)
{
	const struct module_identity identity = {};

	for (int turn = 0; turn < TURNS; turn++) {
		_cleanup_close_ int out = memfd_create("module", MFD_CLOEXEC);
		double start = cpu_ms();
		int r = module_write(&(struct module_sources){.fd = fd}, &identity, out);

		keep_least(least_built, cpu_ms() - start);
		if (r < 0)
			return r;
		module_file_unmapp(ret_file);
		*ret_file = NULL;
		start = cpu_ms();
		r = module_file_map(out, ret_file);
		keep_least(least_checked, cpu_ms() - start);
		if (r < 0)
			return r;
	}
	return 0;
}

static int measure(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;
	double rows = 0, built = 0, checked = 0;
	const struct module_file_header *header;
	int r = fd < 0 ? -errno : rows_cost(fd, &rows);

	if (r == 0)
		r = file_cost(fd, &built, &checked, &file);
	if (r < 0)
		return r;
	header = module_file_header(file);
	printf("| %s | %llu | %llu | %.2f | %.2f | %.1f | %.1f | %.1f |\n", path,
	       (unsigned long long)header->sections[MODULE_ROWS].count,
	       (unsigned long long)header->sections[MODULE_SYMBOLS].count,
	       (double)header->sections[MODULE_ROWS].count * 8 / (1 << 20),
	       (double)header->total_bytes / (1 << 20), rows, built, checked);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	child_heap_prepare();

	printf("| file | rows | names | rows, MiB | file, MiB | rows, ms | built, ms | checked, ms "
	       "|\n"
	       "|---|---|---|---|---|---|---|---|\n");
	for (int i = 1; i < argc; i++)
		if (measure(argv[i]) < 0) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			failed = 1;
		}
	return failed;
}

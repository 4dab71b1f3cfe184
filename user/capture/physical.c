// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/physical.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bpf/oomtrace.h"

struct span {
	uint64_t first_frame;
	uint64_t last_frame;
};

static bool iomem_span(const char *line, long page_bytes, struct span *ret_span)
{
	uint64_t first, last;
	int name;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " : %n", &first, &last, &name) < 2 || last == 0)
		return false;
	if (strncmp(line + name, "System RAM", 10) != 0)
		return false;
	ret_span->first_frame = first / page_bytes;
	ret_span->last_frame = last / page_bytes;
	return true;
}

static int places_mark(struct physical *physical, struct span span)
{
	uint64_t first = span.first_frame >> OT_SECTION_SHIFT;
	uint64_t last = span.last_frame >> OT_SECTION_SHIFT;

	if (last >= PHYSICAL_MAX_SECTIONS)
		return -ERANGE;
	for (uint64_t section = first; section <= last; section++)
		physical->places[section] = 1;
	if (last >= physical->section_count)
		physical->section_count = last + 1;
	return 0;
}

static FILE *open_proc(const struct sysroot *root, const char *name)
{
	_cleanup_close_ int fd = openat(root->proc_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");

	if (stream)
		TAKE_FD(fd);
	return stream;
}

static int read_iomem(const struct sysroot *root, struct physical *physical)
{
	_cleanup_fclose_ FILE *stream = open_proc(root, "iomem");
	long page_bytes = sysconf(_SC_PAGESIZE);
	struct span span;
	char line[256];
	int error = 0;

	if (!stream)
		return -errno;
	while (!error && fgets(line, sizeof(line), stream))
		if (iomem_span(line, page_bytes, &span))
			error = places_mark(physical, span);
	return error;
}

/* "spanned" precedes "start_pfn" in each zone (mm/vmstat.c: zoneinfo_show_print). */
static int read_zoneinfo(const struct sysroot *root, struct physical *physical)
{
	_cleanup_fclose_ FILE *stream = open_proc(root, "zoneinfo");
	uint64_t spanned = 0, start;
	char line[256];
	int error = 0;

	if (!stream)
		return -errno;
	while (!error && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, " spanned %" SCNu64, &spanned) == 1)
			continue;
		if (sscanf(line, " start_pfn: %" SCNu64, &start) == 1 && spanned > 0)
			error = places_mark(physical, (struct span){start, start + spanned - 1});
	}
	return error;
}

static int places_number(struct physical *physical)
{
	physical->sections = calloc(physical->section_count, sizeof(*physical->sections));
	if (!physical->sections)
		return -ENOMEM;
	for (size_t section = 0; section < physical->section_count; section++) {
		if (!physical->places[section])
			continue;
		physical->sections[physical->present_count++] = section;
		physical->places[section] = physical->present_count;
	}
	return 0;
}

int physical_read(const struct sysroot *root, struct physical *ret_physical)
{
	struct physical physical = PHYSICAL_EMPTY;
	int error;

	physical.places = calloc(PHYSICAL_MAX_SECTIONS, sizeof(*physical.places));
	if (!physical.places)
		return -ENOMEM;
	error = read_iomem(root, &physical);
	if (!error && physical.section_count == 0)
		error = read_zoneinfo(root, &physical);
	if (!error && physical.section_count == 0)
		error = -ENODATA;
	if (!error)
		error = places_number(&physical);
	if (error) {
		physical_release(&physical);
		return error;
	}
	*ret_physical = physical;
	return 0;
}

void physical_release(struct physical *physical)
{
	free(physical->places);
	free(physical->sections);
	*physical = (struct physical)PHYSICAL_EMPTY;
}

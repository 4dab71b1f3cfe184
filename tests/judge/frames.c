// SPDX-License-Identifier: GPL-2.0-or-later
/* Page frames as Documentation/admin-guide/mm/pagemap.rst describes them. */
#include "judge.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* include/uapi/linux/kernel-page-flags.h */
#define KPF_ANON (1ULL << 12)
#define KPF_SWAPBACKED (1ULL << 14)
#define KPF_COMPOUND_HEAD (1ULL << 15)
#define KPF_COMPOUND_TAIL (1ULL << 16)
#define KPF_THP (1ULL << 22)
#define KPF_ZERO_PAGE (1ULL << 24)

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME ((1ULL << 55) - 1)

/* Read at once: entries of one huge page and more. */
#define CHUNK_PAGES 512

static int open_for_reading(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

void frames_open(struct frame_files *ret_files, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	ret_files->pagemap = open_for_reading(path);
	ret_files->flags = open_for_reading("/proc/kpageflags");
	ret_files->counts = open_for_reading("/proc/kpagecount");
}

static uint64_t read_word(int fd, uint64_t index)
{
	uint64_t word;

	if (pread(fd, &word, sizeof(word), index * sizeof(word)) != (ssize_t)sizeof(word))
		err(1, "frame %" PRIu64, index);
	return word;
}

/* All frames of the compound page that this one is part of; once: `*head` remembers. */
static uint64_t compound_frames(const struct frame_files *files, uint64_t frame, uint64_t *head)
{
	uint64_t first = frame, end = frame + 1;

	while (read_word(files->flags, first) & KPF_COMPOUND_TAIL)
		first--;
	if (first == *head)
		return 0;
	*head = first;
	while (read_word(files->flags, end) & KPF_COMPOUND_TAIL)
		end++;
	return end - first;
}

static void count_frame(const struct frame_files *files, uint64_t frame, void *context)
{
	uint64_t flags = read_word(files->flags, frame);
	struct frame_counts *counts = context;

	if (flags & KPF_ZERO_PAGE)
		return;
	counts->present++;
	if (flags & KPF_ANON)
		counts->anon++;
	else if (flags & KPF_SWAPBACKED)
		counts->shmem++;
	else
		counts->file++;
	counts->huge += !!(flags & KPF_THP);
	counts->exclusive += read_word(files->counts, frame) == 1;
	if (flags & (KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL))
		counts->compound += compound_frames(files, frame, &counts->last_head);
	else
		counts->compound++;
}

/* Calls `found` for the frame of each page that is present. */
static void each_frame(const struct frame_files *files, uint64_t address, uint64_t bytes,
		       void (*found)(const struct frame_files *files, uint64_t frame,
				     void *context),
		       void *context)
{
	uint64_t entries[CHUNK_PAGES];
	uint64_t page = address / PAGE_BYTES, end = (address + bytes) / PAGE_BYTES;

	while (page < end) {
		uint64_t wanted = end - page < CHUNK_PAGES ? end - page : CHUNK_PAGES;
		ssize_t got = pread(files->pagemap, entries, wanted * 8, page * 8);

		if (got <= 0) /* beyond the address space, or the process is gone */
			return;
		for (uint64_t i = 0; i < (uint64_t)got / 8; i++) {
			if (!(entries[i] & PAGEMAP_PRESENT))
				continue;
			if (!(entries[i] & PAGEMAP_FRAME))
				errx(77, "no frame numbers in pagemap: CAP_SYS_ADMIN is missing");
			found(files, entries[i] & PAGEMAP_FRAME, context);
		}
		page += got / 8;
	}
}

void frames_count(const struct frame_files *files, uint64_t address, uint64_t bytes,
		  struct frame_counts *counts)
{
	each_frame(files, address, bytes, count_frame, counts);
}

static void print_frame(const struct frame_files *files, uint64_t frame, void *context)
{
	(void)files;
	(void)context;
	printf("%" PRIu64 "\n", frame);
}

void frames_list(const struct frame_files *files, uint64_t address, uint64_t bytes)
{
	each_frame(files, address, bytes, print_frame, NULL);
}

void frames_print(const struct frame_counts *counts)
{
	printf("present %" PRIu64 "\nanon %" PRIu64 "\nshmem %" PRIu64 "\nfile %" PRIu64 "\n",
	       counts->present, counts->anon, counts->shmem, counts->file);
	printf("huge %" PRIu64 "\nexclusive %" PRIu64 "\ncompound %" PRIu64 "\n", counts->huge,
	       counts->exclusive, counts->compound);
}

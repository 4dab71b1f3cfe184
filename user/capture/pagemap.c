// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/pagemap.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PRESENT (UINT64_C(1) << 63)
#define FILE_OR_SHARED (UINT64_C(1) << 61)
#define FRAME_MASK ((UINT64_C(1) << 55) - 1)

/* Entries read at once: 2 MiB worth of page tables' worth of one read. */
#define BATCH 512

/* include/uapi/linux/fs.h of 6.7; headers of older distributions lack it. */
struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan_argument {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t regions;
	uint64_t region_count;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define IOCTL_PAGEMAP_SCAN _IOWR('f', 16, struct scan_argument)
#define CATEGORY_PRESENT (UINT64_C(1) << 3)
#define SCAN_REGIONS 64

static struct pagemap_entry decode(uint64_t word)
{
	return (struct pagemap_entry){
		.present = word & PRESENT,
		.file_or_shared = word & FILE_OR_SHARED,
		.frame = word & PRESENT ? word & FRAME_MASK : 0,
	};
}

/* Reads up to BATCH words; returns how many, 0 at the end of the address space, or -errno. */
static int read_words(int pagemap_fd, uint64_t page, size_t count, uint64_t *ret_words)
{
	ssize_t len =
		pread(pagemap_fd, ret_words, count * sizeof(*ret_words), page * sizeof(*ret_words));

	return len < 0 ? -errno : (int)(len / sizeof(*ret_words));
}

int pagemap_read_one(int pagemap_fd, uint64_t address, struct pagemap_entry *ret_entry)
{
	uint64_t word;
	int count = read_words(pagemap_fd, address / sysconf(_SC_PAGESIZE), 1, &word);

	if (count < 1)
		return count < 0 ? count : -ENODATA;
	*ret_entry = decode(word);
	return 0;
}

static int walk_words(uint64_t page, const uint64_t *words, size_t count, pagemap_fn callback,
		      void *context)
{
	long page_bytes = sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < count; i++) {
		struct pagemap_entry entry = decode(words[i]);
		int result = entry.present ? callback((page + i) * page_bytes, &entry, context) : 0;

		if (result)
			return result;
	}
	return 0;
}

static int walk_range(int pagemap_fd, uint64_t start, uint64_t end, pagemap_fn callback,
		      void *context)
{
	long page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t page = start / page_bytes, last = end / page_bytes, words[BATCH];

	while (page < last) {
		size_t wanted = last - page < BATCH ? last - page : BATCH;
		int count = read_words(pagemap_fd, page, wanted, words);
		int result;

		if (count <= 0)
			return count;
		result = walk_words(page, words, count, callback, context);
		if (result)
			return result;
		page += count;
	}
	return 0;
}

/* Finds the next present regions from *start on, and moves it. Returns how many, or -errno. */
static int scan(int pagemap_fd, uint64_t *start, uint64_t end, struct scan_region *ret_regions)
{
	struct scan_argument argument = {
		.size = sizeof(argument),
		.start = *start,
		.end = end,
		.regions = (uintptr_t)ret_regions,
		.region_count = SCAN_REGIONS,
		.category_mask = CATEGORY_PRESENT,
		.return_mask = CATEGORY_PRESENT,
	};
	int count = ioctl(pagemap_fd, IOCTL_PAGEMAP_SCAN, &argument);

	if (count < 0)
		return -errno;
	*start = argument.walk_end;
	return count;
}

static int walk_scanned(int pagemap_fd, uint64_t start, uint64_t end, pagemap_fn callback,
			void *context)
{
	struct scan_region regions[SCAN_REGIONS];

	while (start < end) {
		int count = scan(pagemap_fd, &start, end, regions);

		if (count < 0)
			return count;
		for (int i = 0; i < count; i++) {
			int result = walk_range(pagemap_fd, regions[i].start, regions[i].end,
						callback, context);

			if (result)
				return result;
		}
	}
	return 0;
}

int pagemap_walk(int pagemap_fd, uint64_t start, uint64_t end, pagemap_fn callback, void *context)
{
	int result = walk_scanned(pagemap_fd, start, end, callback, context);

	/* ENOTTY is only ever the first answer: before it nothing was walked. */
	if (result != -ENOTTY)
		return result;
	if (end - start > PAGEMAP_MAX_RANGE_BYTES)
		return -E2BIG;
	return walk_range(pagemap_fd, start, end, callback, context);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/calibrate.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#include "capture/pagemap.h"
#include "oomtrace.skel.h"

/* Enough to meet several sections; each must tell the same. */
#define CALIBRATION_PAGES 64
/* Some pages come from elsewhere: a huge page, a page the probe was interrupted on. */
#define CALIBRATION_MIN_PAGES 16

DEFINE_CLEANUP(struct bpf_link *, bpf_link__destroy)

struct calibration {
	struct programs *programs;
	int pagemap_fd;
	uint64_t array; /* what the pages so far agree on */
	unsigned int agreeing;
};

/* Faults in one page and takes the array's address from it. */
static int calibrate_page(struct calibration *calibration, volatile char *page)
{
	volatile __u64 *seen = &calibration->programs->skeleton->bss->calibration_page;
	uint64_t struct_bytes = calibration->programs->skeleton->rodata->page_struct_bytes;
	struct pagemap_entry entry;
	uint64_t array;
	int error;

	*seen = 0;
	*page = 1;
	error = pagemap_read_one(calibration->pagemap_fd, (uintptr_t)page, &entry);
	if (error)
		return error;
	if (!entry.present || !*seen)
		return 0;
	if (!entry.frame)
		return -EPERM;
	array = *seen - entry.frame * struct_bytes;
	if (calibration->agreeing > 0 && array != calibration->array)
		return -EPROTO;
	calibration->array = array;
	calibration->agreeing++;
	return 0;
}

static int calibrate_pages(struct calibration *calibration)
{
	size_t page_bytes = sysconf(_SC_PAGESIZE), bytes = CALIBRATION_PAGES * page_bytes;
	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error = 0;

	if (pages == MAP_FAILED)
		return -errno;
	madvise(pages, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < CALIBRATION_PAGES && !error; i++)
		error = calibrate_page(calibration, pages + i * page_bytes);
	munmap(pages, bytes);
	if (!error && calibration->agreeing < CALIBRATION_MIN_PAGES)
		error = -EPROTO;
	return error;
}

int calibrate_frames(const struct sysroot *root, struct programs *programs)
{
	_cleanup_close_ int pagemap_fd =
		openat(root->proc_fd, "self/pagemap", O_RDONLY | O_CLOEXEC);
	_cleanup_(bpf_link__destroyp) struct bpf_link *link = NULL;
	struct calibration calibration = {.programs = programs, .pagemap_fd = pagemap_fd};
	int error;

	if (pagemap_fd < 0)
		return -errno;
	link = bpf_program__attach_raw_tracepoint(programs->skeleton->progs.calibrate,
						  "mm_page_alloc");
	if (!link)
		return -errno;
	error = calibrate_pages(&calibration);
	if (!error)
		programs->skeleton->bss->page_array = calibration.array;
	return error;
}

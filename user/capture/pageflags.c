// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/pageflags.h"

#include <fcntl.h>

/* include/uapi/linux/kernel-page-flags.h */
#define KPF_ANON (UINT64_C(1) << 12)
#define KPF_SWAPBACKED (UINT64_C(1) << 14)
#define KPF_COMPOUND_HEAD (UINT64_C(1) << 15)
#define KPF_COMPOUND_TAIL (UINT64_C(1) << 16)
#define KPF_HUGE (UINT64_C(1) << 17)
#define KPF_THP (UINT64_C(1) << 22)
#define KPF_ZERO_PAGE (UINT64_C(1) << 24)

int pageflags_open(const struct sysroot *root)
{
	int fd = openat(root->proc_fd, "kpageflags", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int pagecount_open(const struct sysroot *root)
{
	int fd = openat(root->proc_fd, "kpagecount", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Both files have eight bytes for each frame. */
static bool read_of_frame(int fd, uint64_t frame, uint64_t *ret_value)
{
	return pread(fd, ret_value, sizeof(*ret_value), frame * sizeof(*ret_value)) ==
	       sizeof(*ret_value);
}

enum ot_kind pageflags_kind(int pageflags_fd, uint64_t frame)
{
	uint64_t flags;

	if (!read_of_frame(pageflags_fd, frame, &flags) || flags & (KPF_HUGE | KPF_ZERO_PAGE))
		return OT_KIND_PENDING;
	if (flags & KPF_ANON)
		return OT_KIND_ANON;
	return flags & KPF_SWAPBACKED ? OT_KIND_SHMEM : OT_KIND_FILE;
}

bool pageflags_is_compound(int pageflags_fd, uint64_t frame)
{
	uint64_t flags;

	return read_of_frame(pageflags_fd, frame, &flags) &&
	       flags & (KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL | KPF_THP);
}

bool pagecount_is_mapped(int pagecount_fd, uint64_t frame)
{
	uint64_t count;

	return read_of_frame(pagecount_fd, frame, &count) && count > 0;
}

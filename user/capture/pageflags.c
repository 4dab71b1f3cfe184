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

static bool read_flags(int pageflags_fd, uint64_t frame, uint64_t *ret_flags)
{
	return pread(pageflags_fd, ret_flags, sizeof(*ret_flags), frame * sizeof(*ret_flags)) ==
	       sizeof(*ret_flags);
}

enum ot_kind pageflags_kind(int pageflags_fd, uint64_t frame)
{
	uint64_t flags;

	if (!read_flags(pageflags_fd, frame, &flags) || flags & (KPF_HUGE | KPF_ZERO_PAGE))
		return OT_KIND_PENDING;
	if (flags & KPF_ANON)
		return OT_KIND_ANON;
	return flags & KPF_SWAPBACKED ? OT_KIND_SHMEM : OT_KIND_FILE;
}

bool pageflags_is_compound(int pageflags_fd, uint64_t frame)
{
	uint64_t flags;

	return read_flags(pageflags_fd, frame, &flags) &&
	       flags & (KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL | KPF_THP);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own count of OOM kills, in /proc/vmstat: what nobody has seen is found by it.
 */
#ifndef CAPTURE_VMSTAT_H
#define CAPTURE_VMSTAT_H

#include <stdint.h>

#include "base/sysroot.h"

/* Processes the OOM killer has killed since the boot. 0, -ENOENT or -errno. */
int vmstat_oom_kills(const struct sysroot *root, uint64_t *ret_kills);

#endif

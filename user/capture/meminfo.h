/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/meminfo: what the kernel says about the memory of the whole host. */
#ifndef CAPTURE_MEMINFO_H
#define CAPTURE_MEMINFO_H

#include "base/sysroot.h"
#include "capture/event.h"

/* Fills in the figures and which are known. 0 or -errno. */
int meminfo_read(const struct sysroot *root, struct host_event *ret_host);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log, read as it grows.
 */
#ifndef CAPTURE_KMSG_H
#define CAPTURE_KMSG_H

#include "capture/kmsg_oom.h"

/* At its end, without waiting for more; or -errno: it takes CAP_SYSLOG. */
int kmsg_open(void);

/* Feeds what has come since; bounded, so that a flood does not hold anybody up. */
void kmsg_read(int fd, struct kmsg_oom *oom);

#endif

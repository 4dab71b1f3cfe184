/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At which percents of a limit somebody wants to be warned. Filled by the command line. */
#ifndef CAPTURE_WARN_PERCENTS_H
#define CAPTURE_WARN_PERCENTS_H

#include <stdint.h>

#define WARN_PERCENTS_MAX 16

struct warn_percents {
	uint32_t count; /* 0: no warnings */
	uint32_t items[WARN_PERCENTS_MAX];
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers as nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline uint64_t clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Of a timerfd: first after first_ns, then each interval_ns, if that is not 0. 0 or -1 with errno.
 */
static inline int clock_set_timer(int fd, uint64_t first_ns, uint64_t interval_ns)
{
	const struct itimerspec spec = {
		.it_value = {first_ns / 1000000000, first_ns % 1000000000},
		.it_interval = {interval_ns / 1000000000, interval_ns % 1000000000},
	};

	return timerfd_settime(fd, 0, &spec, NULL);
}

/* What CLOCK_REALTIME was, or would have been, at a moment of CLOCK_MONOTONIC. */
static inline uint64_t clock_realtime_of(uint64_t monotonic_ns)
{
	return clock_ns(CLOCK_REALTIME) - (clock_monotonic_ns() - monotonic_ns);
}

#endif

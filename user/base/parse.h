/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers out of text, checked: the whole string must be the number, and it must fit. Serves the
 * command line; knows nothing of options.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdint.h>

/* Decimal digits only. 0, -EINVAL for anything else, -ERANGE outside `min`…`max`. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* "65536", "64K", "1M", "2G": units of 1024. 0, -EINVAL, -ERANGE outside `min`…`max`. */
int parse_size_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes);

/*
 * "30", "1.5", "30s", "5m", "2h", "250ms": seconds unless a unit says otherwise, at most nine
 * decimals, more than zero and at most a year. 0, -EINVAL or -ERANGE.
 */
int parse_duration_ns(const char *text, uint64_t *ret_duration_ns);

#endif

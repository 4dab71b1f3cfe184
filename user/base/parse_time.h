/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time out of text, checked as in parse.h. Serves the command line. */
#ifndef BASE_PARSE_TIME_H
#define BASE_PARSE_TIME_H

#include <stdint.h>

/*
 * RFC 3339: "2024-05-01T12:00:00Z", "2024-05-01T14:00:00.25+02:00". From 1970 on, at most nine
 * decimals, no leap seconds. 0, -EINVAL or -ERANGE.
 */
int parse_rfc3339_ns(const char *text, uint64_t *ret_realtime_ns);

#endif

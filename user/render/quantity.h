/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities as people read them. Used by the text renderer only: data formats print integers. */
#ifndef RENDER_QUANTITY_H
#define RENDER_QUANTITY_H

#include <stdint.h>

#include "base/buf.h"

/* "512 B", "1.5 KiB", "393.0 MiB" */
void quantity_bytes(struct buf *out, uint64_t bytes);
/* the same with a sign where it is negative */
void quantity_signed_bytes(struct buf *out, int64_t bytes);
/* the same with a sign where it is positive, too */
void quantity_change(struct buf *out, int64_t bytes);
/* "0.250 s", "30.0 s", "5 min 12 s", "2 h 3 min" */
void quantity_duration(struct buf *out, uint64_t duration_ns);
/* "12.3 %" of `whole`, "-" when that is 0 */
void quantity_share(struct buf *out, uint64_t part, uint64_t whole);
/* RFC 3339 in UTC, to the second */
void quantity_time(struct buf *out, uint64_t realtime_ns);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for each snapshot, for a log: how much there is, how it changed, what grows most. */
#ifndef RENDER_LIVE_LINE_H
#define RENDER_LIVE_LINE_H

#include "base/buf.h"
#include "model/live_table.h"

/* Appends, escaped; the table must have a growth. */
void live_line(struct buf *out, struct live_table *table);

#endif

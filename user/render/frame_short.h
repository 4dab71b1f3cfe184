/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks where there is little room: leaf first, without the functions that merely hand memory out
 * or copy into it, and names without arguments, template parameters and paths. Only what is shown
 * on a terminal is shortened so; reports have all of it.
 */
#ifndef RENDER_FRAME_SHORT_H
#define RENDER_FRAME_SHORT_H

#include "base/buf.h"
#include "model/growth.h"

/* Appends the name, escaped: "net/http.(*conn).serve" becomes "http.(*conn).serve". */
void frame_short(struct buf *out, const char *name);

/* Appends the frames that say most, " < " between them, escaped, until about `width` characters. */
void stack_short(struct buf *out, const struct growth_row *row, size_t width);

#endif

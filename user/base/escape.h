/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes hostile bytes safe to show to a person: on a terminal, in a log line, in a text report.
 * The other outputs have encoders of their own, next to their renderer.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"

/*
 * Appends `bytes`; what controls a terminal and what is no UTF-8 becomes \xNN, byte by byte.
 * The result is UTF-8 of one line, whatever the input.
 */
void escape_terminal(struct buf *out, const char *bytes, size_t len_bytes);
void escape_terminal_string(struct buf *out, const char *string);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives of one workload that were killed in a row, for people and for programs. */
#ifndef RENDER_CRASH_LOOP_H
#define RENDER_CRASH_LOOP_H

#include "base/buf.h"
#include "render/format.h"
#include "render/json_value.h"

struct incident_early;

/* A line of the heading. Nothing where nothing was killed before; so are the others. */
void text_loop_line(const struct crash_loop *loop, struct buf *out);

/* The section. 0 or -ENOMEM. */
int text_loop(const struct crash_loop *loop, const struct render_options *options, struct buf *out);

/* "early": of one that was killed, whether it has lives before it or not. */
void json_put_early(struct json_maker *object, const struct incident_early *early);

/* "previous" and "crash_loop". */
void json_put_loop(struct json_maker *object, const struct crash_loop *loop);

#endif

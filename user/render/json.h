/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON Lines: a growth is one object on one line, as docs/schema/growth.schema.json describes it.
 * For programs: byte counts are integers, what is unknown is absent, names are what they were.
 */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

#include "render/format.h"

/* 0 or -errno. A growth without rows is an object, too. */
int json_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

#endif

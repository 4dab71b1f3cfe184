/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile for pprof, speedscope, Pyroscope and Parca: profile.proto, compressed. Its samples are
 * the lines that folded.h prints, and their inuse_space adds up to the same total.
 */
#ifndef RENDER_PPROF_H
#define RENDER_PPROF_H

#include "render/format.h"

/* 0 or -errno. What has shrunk is left out, as of folded stacks. */
int pprof_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page that needs nothing else: style, script, the flame graph and the data itself are inside,
 * nothing is fetched. The page is built from the JSON by page.js, in the reader's browser; without
 * scripts the text report is shown.
 */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include "render/format.h"

/* 0 or -errno. */
int html_growth(const struct growth *growth, const struct render_options *options, FILE *stream);
int html_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream);

#endif

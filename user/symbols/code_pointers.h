/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What points into code that is to be walked: words of data (tables of functions, relocations, what
 * runs at start), and the calls and addresses of code that need not be walked itself, found byte by
 * byte, for that is ten times faster than by instruction. One of a thousand is none: they are
 * mentions. Called by code_rows.c.
 */
#ifndef SYMBOLS_CODE_POINTERS_H
#define SYMBOLS_CODE_POINTERS_H

#include "symbols/code_walk.h"

/* Adds what the sections of the image point to, but for code in `ranges`. 0, or -ENOMEM. */
int code_pointers_add(struct code_walk *walk, const struct code_image *image,
		      const struct code_range *ranges, size_t count);

#endif

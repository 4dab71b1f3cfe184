/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether code that something points to looks like a function. Called by code_walk.c.
 */
#ifndef SYMBOLS_CODE_BEGIN_H
#define SYMBOLS_CODE_BEGIN_H

#include "symbols/code_step.h"

/* How many instructions are looked at to see whether a function may begin. */
#define CODE_LOOKED_AT 24

/*
 * Whether `code` may be a function, from its first instruction on: what the caller keeps in
 * registers is not used before it was saved, nor is the return address touched.
 */
bool code_begins_function(const struct code_decoder *decoder, struct bytes code);

#endif

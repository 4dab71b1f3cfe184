/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ways for a stack to end are called. */
#ifndef MODEL_STACK_ENDS_H
#define MODEL_STACK_ENDS_H

#include <stdbool.h>

#include "capture/event.h"

/* Short and stable, a key in JSON: "complete". */
const char *stack_end_name(enum stack_end end);
/* For people, one clause. */
const char *stack_end_meaning(enum stack_end end);
/* Frames are known to be missing, or may be, at other places than the root. */
bool stack_end_is_incomplete(enum stack_end end);

#endif

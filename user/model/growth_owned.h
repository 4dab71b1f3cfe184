/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growth and the memory its arrays lie in. Private to model/. */
#ifndef MODEL_GROWTH_OWNED_H
#define MODEL_GROWTH_OWNED_H

#include "base/arena.h"
#include "model/growth.h"

struct growth_owned {
	struct growth growth; /* first: growth_free() finds the rest from it */
	struct arena arena;
};

#endif

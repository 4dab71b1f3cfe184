/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of the whole host: the ledger's sums next to meminfo's. Private to model/. */
#ifndef MODEL_GROWTH_HOST_H
#define MODEL_GROWTH_HOST_H

#include "model/growth_rows.h"

/* Fills in the growth's `host`, where the recording has figures of it. */
void growth_host_make(struct growth_draft *draft);

#endif

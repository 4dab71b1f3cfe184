/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a cell of the ledger says, as events have it.
 */
#ifndef CAPTURE_CELL_FIGURES_H
#define CAPTURE_CELL_FIGURES_H

#include <stdbool.h>

#include "bpf/oomtrace.h"
#include "capture/event.h"

/* Fills the counters of *ret_figures. False when there is nothing to tell. */
bool cell_figures(const struct ot_cell *cell, struct cell_event *ret_figures);

/* What a fixed cell stands for, by its number. */
enum stack_origin cell_origin(uint32_t number);

#endif

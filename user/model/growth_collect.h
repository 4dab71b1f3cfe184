/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of one snapshot as rows, not yet merged: which slots count in the chosen view, whose
 * they are when their author is gone, what their frames are called. Private to model/.
 */
#ifndef MODEL_GROWTH_COLLECT_H
#define MODEL_GROWTH_COLLECT_H

#include "model/growth_rows.h"
#include "model/row_list.h"

/*
 * Adds the rows of a snapshot, as the counts of the beginning unless it is draft->to: what is held,
 * by kind, and for `gross` what was ever allocated, whose kind nobody knows when it is freed.
 * With options->since_start that is all.
 */
int rows_collect(struct row_list *rows, struct row_list *gross, struct growth_draft *draft,
		 const struct known_snapshot *snapshot);

/* The same of the addresses that stacks have mapped; those of draft->to are added up by process. */
int rows_collect_reserved(struct row_list *rows, struct growth_draft *draft,
			  const struct known_snapshot *snapshot);

/* Everything of a row but its kind and figures. 0, -ENOMEM or -EFBIG. */
int row_start(struct growth_draft *draft, const struct growth_process *process,
	      const struct known_stack *stack, uint32_t inherited_from_pid,
	      struct growth_row *ret_row);

bool row_kind_is_wanted(const struct growth_draft *draft, enum memory_kind kind);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a table of unwind rows says of one address, for tests that hold it against something else.
 */
#ifndef TESTS_ROWS_FIXTURE_H
#define TESTS_ROWS_FIXTURE_H

#include "symbols/unwind_rows.h"

/* Of the last row that begins at `pc` or before it, counted from where the text begins. */
static inline uint32_t rows_rule_at(const struct unwind_rows *rows, uint64_t pc)
{
	size_t low = 0, high = rows->row_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (OT_ROW_PC(rows->rows[middle]) <= pc)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)rows->rows[low];
}

#endif

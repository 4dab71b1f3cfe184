/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a growth while they are collected: equal ones become one, and they are put in
 * order. Knows what makes two rows the same, nothing of where they come from. Private to model/.
 */
#ifndef MODEL_ROW_LIST_H
#define MODEL_ROW_LIST_H

#include "model/growth.h"

/* {0} is empty; rows move as the list grows, so nobody points at one. */
struct row_list {
	struct growth_row *row;
	size_t count;
	size_t capacity;
};

void row_list_release(struct row_list *rows);

/* 0 or -ENOMEM. */
int row_list_add(struct row_list *rows, const struct growth_row *row);

/* Adds up the slots of rows that agree in all but figures. */
void row_list_merge(struct row_list *rows);

/*
 * What a stack has allocated in the time shown, by its row of no kind in `gross`, goes to its rows
 * of any kind; both lists are merged. The largest of them leads, by what it holds or how it has
 * grown.
 */
void row_list_attach_gross(struct row_list *rows, const struct row_list *gross, bool grown);

/* Most bytes first; ties in an order that does not depend on the order of events. */
void row_list_sort(struct row_list *rows);

#endif

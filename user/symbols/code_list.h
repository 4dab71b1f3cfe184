/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists that grow, of one type each, for code_walk.c and code_functions.c: struct code_x_list and
 * code_x_push(), which returns 0 or -ENOMEM. A list starts as {}; who has it frees its items.
 */
#ifndef SYMBOLS_CODE_LIST_H
#define SYMBOLS_CODE_LIST_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define DEFINE_CODE_LIST(type)                                                                  \
	struct type##_list {                                                                    \
		struct type *items;                                                             \
		size_t count, capacity;                                                         \
	};                                                                                      \
	static inline int type##_push(struct type##_list *list, struct type item)               \
	{                                                                                       \
		if (list->count == list->capacity) {                                            \
			size_t capacity = list->capacity ? 2 * list->capacity : 64;             \
			struct type *items = reallocarray(list->items, capacity, sizeof(item)); \
			if (!items)                                                             \
				return -ENOMEM;                                                 \
			list->items = items;                                                    \
			list->capacity = capacity;                                              \
		}                                                                               \
		list->items[list->count++] = item;                                              \
		return 0;                                                                       \
	}

#endif

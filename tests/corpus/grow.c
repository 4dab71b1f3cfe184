// SPDX-License-Identifier: GPL-2.0-or-later
/* Plain C, for a C library that is linked in: lists, sorting with a callback, formatted output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	struct item *next;
	char text[120];
};

static __attribute__((noinline)) struct item *item_make(int number, struct item *next)
{
	struct item *item = malloc(sizeof(*item));

	snprintf(item->text, sizeof(item->text), "%08d %s", number * 7919 % 1000003,
		 number % 2 ? "odd" : "even");
	item->next = next;
	return item;
}

static int by_text(const void *a, const void *b)
{
	return strcmp((*(struct item *const *)a)->text, (*(struct item *const *)b)->text);
}

int main(void)
{
	enum { COUNT = 200000 };
	struct item *head = NULL;
	struct item **all = calloc(COUNT, sizeof(*all));

	for (int i = 0; i < COUNT; i++)
		all[i] = head = item_make(i, head);
	qsort(all, COUNT, sizeof(*all), by_text);
	return puts(all[COUNT / 2]->text) < 0;
}

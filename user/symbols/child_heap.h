/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heap of the names child: what a large file needs is tens of megabytes that are written once,
 * and a third of the time went into faults of small pages, again for each file. So the heap grows
 * at once, may have huge pages, and is not given back in between. Called by server.c.
 */
#ifndef SYMBOLS_CHILD_HEAP_H
#define SYMBOLS_CHILD_HEAP_H

/* Before the first allocation of any size. Takes addresses, no memory. Without it all works,
 * slower. */
void child_heap_prepare(void);

/* After something large: nobody knows when the next comes. */
void child_heap_rest(void);

#endif

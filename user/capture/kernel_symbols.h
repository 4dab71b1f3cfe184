/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of the kernel and its modules, from /proc/kallsyms: read once, kept as a sorted table,
 * asked for each kernel address of a stack. What goes out are functions, by name and by distance
 * from the first of their module; where the kernel lies in memory never does.
 *
 * The kernel writes kallsyms itself, but loads modules and BPF programs with names of somebody's
 * choice into it: lines are bounded, and so is their number.
 */
#ifndef CAPTURE_KERNEL_SYMBOLS_H
#define CAPTURE_KERNEL_SYMBOLS_H

#include <stdint.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/sysroot.h"
#include "capture/event.h"

struct event_queue;
struct modules;

/* Several times what a kernel with every driver of a distribution loaded has. */
#define KERNEL_SYMBOLS_MAX (1u << 20)

struct kernel_symbols;

/*
 * Reads the table. Where addresses are hidden (kernel.kptr_restrict, no CAP_SYSLOG) the table is
 * empty, and every kernel part of a stack is one frame, "[kernel]". `modules` and `queue` are
 * borrowed: functions are announced as places in modules, with their names. 0 or -errno.
 */
int kernel_symbols_read(const struct sysroot *root, struct modules *modules,
			struct event_queue *queue, struct kernel_symbols **ret_symbols);
void kernel_symbols_free(struct kernel_symbols *symbols);
DEFINE_CLEANUP(struct kernel_symbols *, kernel_symbols_free)

/* Why there are no names, as -errno; 0: there are. */
int kernel_symbols_error(const struct kernel_symbols *symbols);

/*
 * From now on names are not announced: who is given a frame asks for its name. Modules of the
 * kernel are announced now, all of them, so that resolving takes no memory. 0 or -ENOMEM.
 */
int kernel_symbols_keep_names(struct kernel_symbols *symbols);

/* Of a frame that kernel_symbols_resolve() made, after that; NULL of any other. */
const char *kernel_symbols_name(const struct kernel_symbols *symbols,
				const struct event_frame *frame);

/*
 * Turns addresses, leaf first, into frames, announcing what is new. The frames of our own tracing,
 * at the leaf, are left out; where OT_MAX_KERNEL_FRAMES were taken, the last frame is "[kernel]",
 * for the rest. Returns how many frames there are, at most `count` + 1.
 */
uint32_t kernel_symbols_resolve(struct kernel_symbols *symbols, const __u64 *addresses,
				uint32_t count, struct event_frame *ret_frames);

#endif

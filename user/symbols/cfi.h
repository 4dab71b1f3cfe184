/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call frame information (.eh_frame, .debug_frame) of x86-64: for each address of a function, how
 * its caller's registers are found. Bounded and allocating nothing: the bytes are hostile.
 *
 * libdw does the same at five times the cost (150 ms for libLLVM, 27 here) and is what the tests
 * compare with, row by row. References: DWARF 5, 6.4; Linux Standard Base 5.0, 10.6.
 *
 * Called by unwind_rows.c, in the names child.
 */
#ifndef SYMBOLS_CFI_H
#define SYMBOLS_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/bytes.h"

/* DWARF's numbers of the registers that matter. */
#define CFI_RBP 6
#define CFI_RSP 7
#define CFI_RETURN_ADDRESS 16

/* How one register of the caller is found. */
enum cfi_how {
	CFI_SAME, /* it was not changed */
	CFI_UNDEFINED,
	CFI_AT_CFA, /* saved at CFA + offset */
	CFI_AT_EXPRESSION,
	CFI_OTHERWISE, /* by a rule that no compiler writes */
};

struct cfi_register {
	enum cfi_how how;
	int64_t offset;
	struct bytes expression;
};

struct cfi_rule {
	bool by_expression;      /* the CFA; otherwise it is base + offset */
	struct bytes expression; /* DWARF operations */
	uint64_t base;           /* a register */
	int64_t offset;
	struct cfi_register rbp;
	struct cfi_register return_address;
	bool signal_frame;
	bool broken; /* what follows could not be read */
};

struct cfi_section {
	struct bytes bytes;
	uint64_t address; /* where it is loaded: pointers in it are relative */
	bool is_eh_frame; /* .debug_frame otherwise */
	bool is_go_table; /* neither: read by go_frames_read(), `address` is where the text starts
			   */
};

/* Told of each function, then of its rules in ascending order of address. Not 0 ends it all. */
struct cfi_listener {
	int (*function)(void *context, uint64_t start, uint64_t end);
	int (*rule)(void *context, uint64_t address, const struct cfi_rule *rule);
	void *context;
};

/*
 * Reads a section until its end or until its structure breaks, which is no error: what was read is
 * right. Time is linear in its size, whatever it holds. 0, or what the listener returned.
 */
int cfi_read(const struct cfi_section *section, const struct cfi_listener *listener);

#endif

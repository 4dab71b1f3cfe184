/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions of call frame information: a small program for each function that says how its
 * rule changes from address to address. Called by cfi.c only.
 */
#ifndef SYMBOLS_CFI_PROGRAM_H
#define SYMBOLS_CFI_PROGRAM_H

#include "symbols/cfi.h"

/* Compilers nest one deep. */
#define CFI_STATES_MAX 16

struct cfi_program {
	const struct cfi_listener *listener; /* NULL: nobody, it is a preamble */
	const struct cfi_rule *initial;      /* what DW_CFA_restore goes back to */
	uint64_t code_factor;
	int64_t data_factor;
	struct bytes code;
	uint64_t address; /* the rule holds from here on */
	uint64_t end;     /* of the function */
	struct cfi_rule rule;
	struct cfi_rule *states; /* room for CFI_STATES_MAX remembered ones */
	unsigned int state_count;
	int error; /* of the listener */
};

/* Runs it to its end. A bad instruction leaves the rule broken. 0, or what the listener returned.
 */
int cfi_program_run(struct cfi_program *program);

#endif

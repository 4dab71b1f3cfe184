/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a rule as DWARF has it to the 32 bits of a row (bpf/oomtrace.h), and to the module's
 * dictionary for the few that do not fit. Called by unwind_rows.c only.
 */
#ifndef SYMBOLS_UNWIND_RULE_H
#define SYMBOLS_UNWIND_RULE_H

#include "bpf/oomtrace.h"
#include "symbols/cfi.h"

/* Real files have 25 at most; what comes after is OT_CFA_UNSUPPORTED. */
#define UNWIND_DICTIONARY_MAX 256

struct unwind_dictionary {
	uint32_t count;
	struct ot_dictionary_entry entries[UNWIND_DICTIONARY_MAX];
};

uint32_t unwind_rule(const struct cfi_rule *rule, struct unwind_dictionary *dictionary);

#endif

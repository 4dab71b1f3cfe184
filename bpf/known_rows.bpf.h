/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do at the addresses that walks went through last. One walk meets mostly what the one
 * before met, and searching mappings, pages and rows for it again is what a frame costs.
 *
 * It cannot be out of date: a slice of mappings, once published, is not changed, nor are the rows
 * that it leads to, and each has a number of its own, by which it is looked for here, together with
 * that of the epoch in which nothing else was mapped; of 31 bits, should two ever be the same. A
 * walk that had to ask the kernel what is mapped goes on without.
 *
 * One set for each program that walks often. It does not interrupt itself, so nobody finds an entry
 * half written.
 */
#ifndef BPF_KNOWN_ROWS_H
#define BPF_KNOWN_ROWS_H

#include "bpf/maps.bpf.h"
#include "bpf/rows.bpf.h"

#define KNOWN_ROWS_SHIFT 8
#define KNOWN_ROWS (1U << KNOWN_ROWS_SHIFT)

/* Steps of one call, for the verifier's sake. */
#define KNOWN_AT_ONCE 32

/* Kinds of rules besides RSP + offset, RBP + offset and END; rows have no such numbers. */
enum known_kind {
	KNOWN_FRAME_POINTER = 14,
	KNOWN_FRAME_POINTER_GO = 15,
};

/* By frame pointer the CFA is two words above it, where the caller's is. */
#define KNOWN_RULE(kind) OT_RULE(kind, 2, OT_RBP_AT_CFA, -2)

struct known_row {
	__u64 pc;
	__u32 tag; /* known_tag(); 0: empty */
	__u32 rule;
};

struct known_rows {
	struct known_row rows[KNOWN_ROWS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KNOWN_ROWS_USERS);
	__type(key, __u32);
	__type(value, struct known_rows);
} known_rows __weak SEC(".maps");

/*
 * What the same address may differ by: the slice, and what may be mapped since. Go's rules are for
 * leaves alone. 0: nothing is known.
 */
static __always_inline __u32 known_tag(const struct unwind *unwind, __u32 leaf)
{
	__u32 generation = unwind->looked_up ? 0 : unwind->slice.generation;
	__u32 tag = (generation << 1) ^ (unwind->epoch & ~1U);

	return generation ? (tag ?: 2) | !!leaf : 0;
}

/* The one entry that may be of this address. */
static __always_inline struct known_row *known_row(struct known_rows *known, __u64 pc, __u32 tag)
{
	__u64 at = (pc ^ (__u64)tag << 32) * OT_SLOT_HASH >> (64 - KNOWN_ROWS_SHIFT);

	asm volatile("" : "+r"(at));
	return &known->rows[at & (KNOWN_ROWS - 1)];
}

/* For the frame that unwind->registers are of, before they are changed. Rule 0 is none. */
static __always_inline void known_row_keep(const struct unwind *unwind, __u32 user, __u32 rule)
{
	__u64 pc = unwind->registers.ip - !unwind->leaf;
	__u32 tag = known_tag(unwind, unwind->leaf);
	struct known_rows *known;

	if (!tag || !rule)
		return;
	known = bpf_map_lookup_elem(&known_rows, &user);
	if (known)
		*known_row(known, pc, tag) = (struct known_row){.pc = pc, .tag = tag, .rule = rule};
}

/*
 * To the caller by a rule that is known. False: by the long way, which will also say what is wrong
 * with the stack; nothing has been changed then.
 */
static __always_inline bool step_known(struct unwind *unwind, __u32 user, __u32 rule,
				       struct registers *registers)
{
	__u64 cfa = OT_RULE_CFA_WORDS(rule) * 8, bp = registers->bp, ip;
	__u32 kind = OT_RULE_CFA(rule);

	cfa += kind == OT_CFA_RSP ? registers->sp : bp;
	if (kind == KNOWN_FRAME_POINTER) {
		if (bp < registers->sp || bp - registers->sp > FRAME_MAX_BYTES)
			return false;
	} else if (kind == KNOWN_FRAME_POINTER_GO) {
		if (!bp)
			return false;
	} else if (cfa <= registers->sp) {
		return false;
	}
	if (OT_RULE_RBP(rule) == OT_RBP_AT_CFA &&
	    !stack_word(unwind, user, cfa + (__s64)OT_RULE_RBP_WORDS(rule) * 8, &bp))
		return false;
	if (!stack_word(unwind, user, cfa - 8, &ip))
		return false;
	*registers = (struct registers){.ip = ip, .sp = cfa, .bp = bp};
	return true;
}

enum known_steps {
	KNOWN_NO_MORE, /* the next frame is not known */
	KNOWN_END,     /* that was the last */
	KNOWN_PERHAPS, /* ask again */
};

/* Notes frames and goes on to their callers, as far as they are known. */
__noinline __weak int unwind_known_steps(__u32 user)
{
	struct known_rows *known = bpf_map_lookup_elem(&known_rows, &user);
	struct stack_space *space = stack_space_get(user);
	int state = KNOWN_PERHAPS;
	struct registers registers;
	struct unwind *unwind;
	__u64 count;
	__u32 tag;

	if (!space || !known)
		return KNOWN_NO_MORE;
	unwind = &space->unwind;
	tag = known_tag(unwind, unwind->leaf);
	if (!tag)
		return KNOWN_NO_MORE;
	registers = unwind->registers;
	count = space->record.frame_count;
	for (int i = 0; i < KNOWN_AT_ONCE && state == KNOWN_PERHAPS; i++) {
		__u64 ip = registers.ip, pc = ip - !(tag & 1);
		const struct known_row *row = known_row(known, pc, tag);
		__u32 rule = row->rule;

		asm volatile("" : "+r"(count));
		if (row->pc != pc || row->tag != tag || count >= OT_MAX_FRAMES) {
			state = KNOWN_NO_MORE;
			break;
		}
		if (OT_RULE_CFA(rule) == OT_CFA_END) {
			unwind_stop(unwind, OT_STACK_END_COMPLETE);
			state = KNOWN_END;
		} else if (!step_known(unwind, user, rule, &registers)) {
			state = KNOWN_NO_MORE;
			break;
		}
		space->record.frames[count] = ip;
		count++;
		tag &= ~1U;
	}
	unwind->registers = registers;
	unwind->leaf = tag & 1;
	space->record.frame_count = count;
	return state;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a user stack by unwind rows (bpf/oomtrace.h has their format). Each step finds the
 * mapping of the address, the row of the address, and from it the caller's registers, unless what
 * to do there is known (bpf/known_rows.bpf.h). Where a file's rows are not there, or code has none,
 * the step follows the frame pointer, and how the stack ended says so.
 *
 * One step is a global function: verified once, whatever the number of frames, so that a plain loop
 * does on every kernel, without tail calls or bpf_loop. Such a function takes no pointers on old
 * kernels; what it works on is in a per-CPU value.
 */
#ifndef BPF_UNWIND_H
#define BPF_UNWIND_H

#include "bpf/known_rows.bpf.h"

/* The last step finds that there is no room for a frame. */
#define STEPS_AT_ONCE 16
OT_STATIC_ASSERT((OT_MAX_FRAMES / STEPS_AT_ONCE + 1) * STEPS_AT_ONCE > OT_MAX_FRAMES);

/* Registers in the ucontext that a signal frame begins with (struct rt_sigframe, x86-64 ABI). */
#define SIGNAL_BP 120
#define SIGNAL_SP 160
#define SIGNAL_IP 168

/*
 * The caller by frame pointer. Go's stacks are not in one piece: the frame pointer of a call that
 * changed stacks may point anywhere.
 */
static __always_inline int step_by_frame_pointer(struct unwind *unwind, __u32 user, bool go)
{
	struct registers *registers = &unwind->registers;
	__u64 bp = registers->bp;

	/* the x86-64 ABI: the outermost frame has none */
	if (!bp)
		return unwind_stop(unwind, OT_STACK_END_COMPLETE);
	if (!go && (bp < registers->sp || bp - registers->sp > FRAME_MAX_BYTES))
		return unwind_stop(unwind, OT_STACK_END_NO_DATA);
	if (!stack_word(unwind, user, bp, &registers->bp) ||
	    !stack_word(unwind, user, bp + 8, &registers->ip))
		return unwind_stop(unwind, OT_STACK_END_NO_DATA);
	registers->sp = bp + 16;
	unwind->leaf = 0;
	return 0;
}

/* What a signal interrupted. It ran: its address is no return address. */
static __always_inline int step_out_of_signal(struct unwind *unwind, __u32 user)
{
	struct registers *registers = &unwind->registers;
	__u64 sp = registers->sp;

	if (!stack_word(unwind, user, sp + SIGNAL_BP, &registers->bp) ||
	    !stack_word(unwind, user, sp + SIGNAL_SP, &registers->sp) ||
	    !stack_word(unwind, user, sp + SIGNAL_IP, &registers->ip))
		return unwind_stop(unwind, OT_STACK_END_UNREADABLE);
	unwind->leaf = 1;
	return 0;
}

/* The CFA by a rule that does not fit into a row. Nonzero: cannot be told. */
__noinline __weak int unwind_by_dictionary(__u32 user, __u32 segment_number, __u32 at)
{
	struct stack_space *space = stack_space_get(user);
	const __u64 *segment = segment_get(segment_number);
	struct ot_dictionary_entry entry;
	struct unwind *unwind;
	__u64 base, words[2];

	if (!space || !segment)
		return -1;
	unwind = &space->unwind;
	words[0] = segment_word(segment, at);
	words[1] = segment_word(segment, at + 1);
	__builtin_memcpy(&entry, words, sizeof(entry));
	base = entry.kind == OT_DICTIONARY_DEREF_RBP ||
			       (entry.kind == OT_DICTIONARY_LARGE && entry.reg == 6)
		       ? unwind->registers.bp
		       : unwind->registers.sp;
	base += (__s64)entry.offset;
	unwind->rule = entry.rule;
	switch (entry.kind) {
	case OT_DICTIONARY_PLT:
		base = unwind->registers.sp + 8;
		unwind->cfa = base + ((unwind->registers.ip & 15) >= entry.n ? 8 : 0);
		return 0;
	case OT_DICTIONARY_DEREF_RSP:
	case OT_DICTIONARY_DEREF_RBP:
		if (!stack_word(unwind, user, base, &unwind->cfa))
			return -1;
		unwind->cfa += (__s64)entry.offset2;
		return 0;
	case OT_DICTIONARY_LARGE:
		unwind->cfa = base;
		return 0;
	default:
		return -1;
	}
}

/* The rule of the dictionary's entry, whose RBP part takes the place of the row's. */
static __always_inline bool cfa_find(struct unwind *unwind, __u32 user,
				     const struct ot_unwind_table *table, __u32 *rule)
{
	__u64 words = OT_RULE_CFA_WORDS(*rule);

	switch (OT_RULE_CFA(*rule)) {
	case OT_CFA_RSP:
		unwind->cfa = unwind->registers.sp + words * 8;
		return true;
	case OT_CFA_RBP:
		unwind->cfa = unwind->registers.bp + words * 8;
		return true;
	case OT_CFA_DICTIONARY:
		if (words >= table->dictionary_count)
			return false;
		if (unwind_by_dictionary(user, table->segment, table->dictionary + words * 2))
			return false;
		*rule = unwind->rule;
		return true;
	default:
		return false;
	}
}

/* The caller by a rule that gives the CFA. */
static __always_inline int step_by_rule(struct unwind *unwind, __u32 user,
					const struct ot_unwind_table *table, __u32 rule)
{
	struct registers *registers = &unwind->registers;
	bool restored;
	__u64 saved;

	if (!cfa_find(unwind, user, table, &rule))
		return unwind_stop(unwind, OT_STACK_END_UNSUPPORTED);
	if (unwind->cfa <= registers->sp)
		return unwind_stop(unwind, OT_STACK_END_BROKEN);
	restored = OT_RULE_RBP(rule) == OT_RBP_AT_CFA;
	saved = unwind->cfa + (__s64)OT_RULE_RBP_WORDS(rule) * 8;
	/* Go says nothing of its frame pointer, which it saves next to the return address. */
	if (!restored && (table->flags & OT_UNWIND_GO) && registers->bp == unwind->cfa - 16) {
		restored = true;
		saved = unwind->cfa - 16;
	}
	if (restored && !stack_word(unwind, user, saved, &registers->bp))
		return unwind_stop(unwind, OT_STACK_END_UNREADABLE);
	if (!stack_word(unwind, user, unwind->cfa - 8, &registers->ip))
		return unwind_stop(unwind, OT_STACK_END_UNREADABLE);
	registers->sp = unwind->cfa;
	unwind->leaf = 0;
	return 0;
}

/* 0: this frame is for the long way each time. */
static __always_inline __u32 rule_to_keep(__u32 rule, bool go, bool leaf)
{
	switch (OT_RULE_CFA(rule)) {
	case OT_CFA_END:
		return rule;
	case OT_CFA_NONE:
		return KNOWN_RULE(go ? KNOWN_FRAME_POINTER_GO : KNOWN_FRAME_POINTER);
	case OT_CFA_RSP:
	case OT_CFA_RBP:
		if (!go)
			return rule;
		return leaf ? 0 : KNOWN_RULE(KNOWN_FRAME_POINTER_GO);
	default:
		return 0;
	}
}

static __always_inline int step_by_table(struct unwind *unwind, __u32 user, __u64 pc)
{
	const struct ot_unwind_table *table;
	__u32 rule;
	bool go;

	table = bpf_map_lookup_elem(&unwind_tables, &unwind->mapping.table);
	if (!table)
		return unwind_stop(unwind, OT_STACK_END_NO_DATA);
	rule = rule_find(table, pc - unwind->mapping.base);
	go = table->flags & OT_UNWIND_GO;
	known_row_keep(unwind, user, rule_to_keep(rule, go, unwind->leaf));
	switch (OT_RULE_CFA(rule)) {
	case OT_CFA_END:
		return unwind_stop(unwind, OT_STACK_END_COMPLETE);
	case OT_CFA_SIGNAL:
		return step_out_of_signal(unwind, user);
	case OT_CFA_NONE:
		return step_by_frame_pointer(unwind, user, go);
	default:
		if (go && !unwind->leaf)
			return step_by_frame_pointer(unwind, user, true);
		return step_by_rule(unwind, user, table, rule);
	}
}

/* Notes the frame and goes to its caller. Nonzero: that was the last. */
__noinline __weak int unwind_step(__u32 user)
{
	struct stack_space *space = stack_space_get(user);
	struct unwind *unwind;
	__u64 pc, count;

	if (!space)
		return -1;
	unwind = &space->unwind;
	if (walk_twice)
		unwind->searched++;
	pc = unwind->registers.ip;
	if (!pc)
		return unwind_stop(unwind, OT_STACK_END_COMPLETE);
	count = space->record.frame_count;
	asm volatile("" : "+r"(count));
	if (count >= OT_MAX_FRAMES)
		return unwind_stop(unwind, OT_STACK_END_TRUNCATED);
	space->record.frames[count] = pc;
	space->record.frame_count = count + 1;
	/* a call may be a function's last instruction: its return address is another's first */
	pc -= !unwind->leaf;
	if ((pc < unwind->mapping.start || pc >= unwind->mapping.end) &&
	    unwind_find_mapping(user, pc))
		return -1;
	if (unwind->mapping.code == OT_CODE_ROWS)
		return step_by_table(unwind, user, pc);
	if (unwind->mapping.code == OT_CODE_PENDING)
		unwind->pending = 1;
	if (unwind->mapping.code != OT_CODE_NO_ROWS)
		unwind->not_loaded = 1;
	else
		known_row_keep(unwind, user, KNOWN_RULE(KNOWN_FRAME_POINTER));
	return step_by_frame_pointer(unwind, user, false);
}

/* A walk is two loops, of which the verifier goes through one at a time. Nonzero: it has ended. */
__noinline __weak int unwind_steps(__u32 user)
{
	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		int state = unwind_known_steps(user);

		if (state == KNOWN_END || (state == KNOWN_NO_MORE && unwind_step(user)))
			return 1;
	}
	return 0;
}

/* From the registers in the user's work space; fills frames, frame_count and end of its record. */
static __always_inline void unwind_walk(struct stack_space *space, __u32 user)
{
	struct unwind *unwind = &space->unwind;

	space->record.frame_count = 0;
	unwind->not_loaded = unwind->pending = unwind->looked_up = unwind->searched = 0;
	unwind->mapping = (struct ot_code_mapping){0};
	unwind->window_bytes = 0;
	unwind->leaf = 1;
	unwind->end = OT_STACK_END_TRUNCATED;
	for (int i = 0; i <= OT_MAX_FRAMES / STEPS_AT_ONCE; i++)
		if (unwind_steps(user))
			break;
	space->record.end = unwind->end;
}

/* As unwind_walk(); of the current task. Nonzero: it has a stack that rows say nothing about. */
static __always_inline int unwind_stack(__u32 user)
{
	struct stack_space *space = stack_space_get(user);
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	const struct ot_code_slice *slice;
	enum registers_state state;

	if (!space)
		return -1;
	space->record.frame_count = 0;
	space->unwind.pending = space->unwind.looked_up = 0;
	state = registers_read(&space->unwind.registers);
	if (state == REGISTERS_32_BIT) {
		/* the kernel's walk will go through code that nobody has told of */
		space->unwind.looked_up = 1;
		return -1;
	}
	space->bytes.ip = space->unwind.registers.ip;
	space->bytes.sp = space->unwind.registers.sp;
	space->bytes.bp = space->unwind.registers.bp;
	space->record.end = OT_STACK_END_COMPLETE;
	if (state == REGISTERS_NONE)
		return 0;
	slice = bpf_map_lookup_elem(&code_slices, &tgid);
	space->unwind.slice = slice ? *slice : (struct ot_code_slice){0};
	space->unwind.epoch = code_epoch();
	unwind_walk(space, user);
	return 0;
}

#endif

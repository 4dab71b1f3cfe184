// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/unwinder.h"

#include <stdbool.h>
#include <string.h>

/* As in bpf/unwind.bpf.h. */
#define FRAME_MAX_BYTES (8 << 20)
#define SIGNAL_BP 120
#define SIGNAL_SP 160
#define SIGNAL_IP 168
#define DWARF_RBP 6

struct walk {
	const struct unwind_tables *tables;
	const struct unwinder_input *input;
	struct unwinder_stack *stack;
	uint64_t ip, sp, bp;
	bool leaf;       /* ip is where code runs, not where it returns to */
	bool not_loaded; /* rows were missing on the way */
};

static bool word(const struct walk *walk, uint64_t address, uint64_t *ret_word)
{
	uint64_t at = (address - walk->input->words_at) / sizeof(uint64_t);

	if (address < walk->input->words_at || address % sizeof(uint64_t) ||
	    at >= walk->input->word_count)
		return false;
	*ret_word = walk->input->words[at];
	return true;
}

static bool stop(struct walk *walk, enum ot_stack_end end)
{
	walk->stack->end = walk->not_loaded ? OT_STACK_END_NOT_LOADED : end;
	return false;
}

static const struct ot_code_mapping *code_find(const struct unwinder_input *input, uint64_t pc)
{
	size_t low = 0, high = input->code_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ot_code_mapping *mapping = &input->code[middle];

		if (pc < mapping->start)
			high = middle;
		else if (pc >= mapping->end)
			low = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

static uint32_t rule_find(const struct walk *walk, const struct ot_unwind_table *table,
			  uint64_t pc_rel)
{
	const uint64_t *segment = unwind_tables_segment(walk->tables, table->segment);
	uint64_t page = (pc_rel >> OT_UNWIND_PAGE_SHIFT) - table->first_page;
	struct ot_unwind_page range;
	const uint64_t *rows;

	if (!segment || page >= table->page_count)
		return OT_CFA_NONE;
	memcpy(&range, &segment[table->pages + page], sizeof(range));
	rows = segment + table->rows;
	while (range.first < range.last) {
		uint32_t middle = range.first + (range.last - range.first + 1) / 2;

		if (OT_ROW_PC(rows[middle]) <= pc_rel)
			range.first = middle;
		else
			range.last = middle - 1;
	}
	return OT_ROW_PC(rows[range.first]) <= pc_rel ? (uint32_t)rows[range.first] : OT_CFA_NONE;
}

static bool step_by_frame_pointer(struct walk *walk, bool go)
{
	uint64_t bp = walk->bp;

	if (!bp)
		return stop(walk, OT_STACK_END_COMPLETE);
	if (!go && (bp < walk->sp || bp - walk->sp > FRAME_MAX_BYTES))
		return stop(walk, OT_STACK_END_NO_DATA);
	if (!word(walk, bp, &walk->bp) || !word(walk, bp + 8, &walk->ip))
		return stop(walk, OT_STACK_END_NO_DATA);
	walk->sp = bp + 16;
	walk->leaf = false;
	return true;
}

static bool step_out_of_signal(struct walk *walk)
{
	uint64_t sp = walk->sp;

	if (!word(walk, sp + SIGNAL_BP, &walk->bp) || !word(walk, sp + SIGNAL_SP, &walk->sp) ||
	    !word(walk, sp + SIGNAL_IP, &walk->ip))
		return stop(walk, OT_STACK_END_UNREADABLE);
	walk->leaf = true;
	return true;
}

static bool cfa_by_entry(const struct walk *walk, const struct ot_dictionary_entry *entry,
			 uint64_t *ret_cfa)
{
	switch (entry->kind) {
	case OT_DICTIONARY_PLT:
		*ret_cfa = walk->sp + 8 + ((walk->ip & 15) >= entry->n ? 8 : 0);
		return true;
	case OT_DICTIONARY_DEREF_RSP:
	case OT_DICTIONARY_DEREF_RBP:
		if (!word(walk,
			  (entry->kind == OT_DICTIONARY_DEREF_RSP ? walk->sp : walk->bp) +
				  (int64_t)entry->offset,
			  ret_cfa))
			return false;
		*ret_cfa += (int64_t)entry->offset2;
		return true;
	case OT_DICTIONARY_LARGE:
		*ret_cfa = (entry->reg == DWARF_RBP ? walk->bp : walk->sp) + (int64_t)entry->offset;
		return true;
	default:
		return false;
	}
}

static bool cfa_find(const struct walk *walk, const struct ot_unwind_table *table, uint32_t *rule,
		     uint64_t *ret_cfa)
{
	uint64_t words = OT_RULE_CFA_WORDS(*rule);
	struct ot_dictionary_entry entry;

	switch (OT_RULE_CFA(*rule)) {
	case OT_CFA_RSP:
		*ret_cfa = walk->sp + words * 8;
		return true;
	case OT_CFA_RBP:
		*ret_cfa = walk->bp + words * 8;
		return true;
	case OT_CFA_DICTIONARY:
		if (words >= table->dictionary_count)
			return false;
		memcpy(&entry,
		       unwind_tables_segment(walk->tables, table->segment) + table->dictionary +
			       words * 2,
		       sizeof(entry));
		*rule = entry.rule;
		return cfa_by_entry(walk, &entry, ret_cfa);
	default:
		return false;
	}
}

static bool step_by_rule(struct walk *walk, const struct ot_unwind_table *table, uint32_t rule)
{
	bool restored;
	uint64_t cfa, saved;

	if (!cfa_find(walk, table, &rule, &cfa))
		return stop(walk, OT_STACK_END_UNSUPPORTED);
	if (cfa <= walk->sp)
		return stop(walk, OT_STACK_END_BROKEN);
	restored = OT_RULE_RBP(rule) == OT_RBP_AT_CFA;
	saved = cfa + (int64_t)OT_RULE_RBP_WORDS(rule) * 8;
	/* Go says nothing of its frame pointer, which it saves next to the return address. */
	if (!restored && (table->flags & OT_UNWIND_GO) && walk->bp == cfa - 16) {
		restored = true;
		saved = cfa - 16;
	}
	if ((restored && !word(walk, saved, &walk->bp)) || !word(walk, cfa - 8, &walk->ip))
		return stop(walk, OT_STACK_END_UNREADABLE);
	walk->sp = cfa;
	walk->leaf = false;
	return true;
}

static bool step_by_table(struct walk *walk, const struct ot_code_mapping *mapping, uint64_t pc)
{
	const struct ot_unwind_table *table = unwind_tables_get(walk->tables, mapping->table);
	uint32_t rule = table ? rule_find(walk, table, pc - mapping->base) : OT_CFA_NONE;
	bool go = table && (table->flags & OT_UNWIND_GO);

	switch (OT_RULE_CFA(rule)) {
	case OT_CFA_END:
		return stop(walk, OT_STACK_END_COMPLETE);
	case OT_CFA_SIGNAL:
		return step_out_of_signal(walk);
	case OT_CFA_NONE:
		return step_by_frame_pointer(walk, go);
	default:
		return go && !walk->leaf ? step_by_frame_pointer(walk, true)
					 : step_by_rule(walk, table, rule);
	}
}

/* Notes the frame and goes to its caller. False: that was the last. */
static bool step(struct walk *walk)
{
	struct unwinder_stack *stack = walk->stack;
	const struct ot_code_mapping *mapping;
	uint64_t pc = walk->ip;

	if (!pc)
		return stop(walk, OT_STACK_END_COMPLETE);
	if (stack->frame_count == OT_MAX_FRAMES)
		return stop(walk, OT_STACK_END_TRUNCATED);
	stack->frames[stack->frame_count++] = pc;
	pc -= !walk->leaf;
	mapping = code_find(walk->input, pc);
	if (mapping && mapping->code == OT_CODE_ROWS)
		return step_by_table(walk, mapping, pc);
	if (!mapping || mapping->code != OT_CODE_NO_ROWS)
		walk->not_loaded = true;
	return step_by_frame_pointer(walk, false);
}

void unwinder_walk(const struct unwind_tables *tables, const struct unwinder_input *input,
		   struct unwinder_stack *ret_stack)
{
	struct walk walk = {
		.tables = tables,
		.input = input,
		.stack = ret_stack,
		.ip = input->ip,
		.sp = input->sp,
		.bp = input->bp,
		.leaf = true,
	};

	ret_stack->frame_count = 0;
	while (step(&walk))
		;
}

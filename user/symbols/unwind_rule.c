// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/unwind_rule.h"

#include <dwarf.h>

#define WORD 8
#define RBP_WORDS_MIN (-512)
#define RBP_WORDS_MAX 511
#define CFA_WORDS_MAX 0xffff
/* Where the kernel saves RSP below the address that a handler returns to: uc_mcontext's. */
#define SIGNAL_RSP_OFFSET 160

/* "register + offset" as the operations say it: DW_OP_breg0 to 31. */
static bool expression_base(struct bytes *expression, uint64_t *ret_register, int64_t *ret_offset)
{
	uint8_t operation = bytes_u8(expression);

	if (operation < DW_OP_breg0 || operation > DW_OP_breg31)
		return false;
	*ret_register = operation - DW_OP_breg0;
	*ret_offset = bytes_sleb128(expression);
	return !expression->bad;
}

static bool fits_s32(int64_t number)
{
	return number == (int32_t)number;
}

static bool rbp_words(int64_t offset, int32_t *ret_words)
{
	if (offset % WORD || offset / WORD < RBP_WORDS_MIN || offset / WORD > RBP_WORDS_MAX)
		return false;
	*ret_words = (int32_t)(offset / WORD);
	return true;
}

/* The RBP part of a rule. What cannot be said is lost, and only matters to who needs it. */
static uint32_t rbp_part(const struct cfi_register *rbp)
{
	struct bytes expression = rbp->expression;
	uint64_t base;
	int64_t offset;
	int32_t words;

	if (rbp->how == CFI_SAME)
		return OT_RULE(0, 0, OT_RBP_SAME, 0);
	if (rbp->how == CFI_AT_CFA && rbp_words(rbp->offset, &words))
		return OT_RULE(0, 0, OT_RBP_AT_CFA, words);
	/* how a function with a realigned stack says it: at RBP + 0 */
	if (rbp->how == CFI_AT_EXPRESSION && expression_base(&expression, &base, &offset) &&
	    bytes_left(&expression) == 0 && base == CFI_RBP && rbp_words(offset, &words))
		return OT_RULE(0, 0, OT_RBP_RESERVED, words);
	return OT_RULE(0, 0, OT_RBP_LOST, 0);
}

static bool entry_equals(const struct ot_dictionary_entry *a, const struct ot_dictionary_entry *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The number of an entry, added unless it is there. False: full. */
static bool dictionary_find(struct unwind_dictionary *dictionary,
			    const struct ot_dictionary_entry *entry, uint32_t *ret_index)
{
	uint32_t index = 0;

	while (index < dictionary->count && !entry_equals(&dictionary->entries[index], entry))
		index++;
	if (index == UNWIND_DICTIONARY_MAX)
		return false;
	if (index == dictionary->count)
		dictionary->entries[dictionary->count++] = *entry;
	*ret_index = index;
	return true;
}

static uint32_t rule_of_entry(struct unwind_dictionary *dictionary,
			      struct ot_dictionary_entry entry, uint32_t rbp)
{
	uint32_t index;

	entry.rule = rbp;
	if (!dictionary_find(dictionary, &entry, &index))
		return OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
	return OT_RULE(OT_CFA_DICTIONARY, index, 0, 0) | rbp;
}

static uint32_t rule_of_register(const struct cfi_rule *rule, struct unwind_dictionary *dictionary,
				 uint32_t rbp)
{
	bool usual = rule->base == CFI_RSP || rule->base == CFI_RBP;

	if (usual && rule->offset % WORD == 0 && rule->offset >= 0 &&
	    rule->offset / WORD <= CFA_WORDS_MAX)
		return OT_RULE(rule->base == CFI_RSP ? OT_CFA_RSP : OT_CFA_RBP, rule->offset / WORD,
			       0, 0) |
		       rbp;
	if (rule->base >= CFI_RETURN_ADDRESS || !fits_s32(rule->offset))
		return OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
	return rule_of_entry(dictionary,
			     (struct ot_dictionary_entry){
				     .kind = usual ? OT_DICTIONARY_LARGE : OT_DICTIONARY_REGISTER,
				     .reg = (uint8_t)rule->base,
				     .offset = (int32_t)rule->offset,
			     },
			     rbp);
}

/*
 * The stubs of a PLT push one word half way through:
 * RSP + 8 + ((RIP & 15) >= n) << 3, the way binutils and lld write it.
 */
static bool expression_is_plt(struct bytes expression, uint16_t *ret_n)
{
	static const uint8_t head[] = {DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and};
	static const uint8_t tail[] = {DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus};
	struct bytes first = bytes_take(&expression, sizeof(head));
	uint8_t literal = bytes_u8(&expression);

	if (expression.bad || memcmp(first.at, head, sizeof(head)) != 0 || literal < DW_OP_lit0 ||
	    literal > DW_OP_lit15 || bytes_left(&expression) != sizeof(tail) ||
	    memcmp(expression.at, tail, sizeof(tail)) != 0)
		return false;
	*ret_n = (uint16_t)(literal - DW_OP_lit0);
	return true;
}

/* What is added after the load: "plus_uconst n", "litN, plus", or nothing. */
static bool expression_rest(struct bytes *expression, int64_t *ret_offset)
{
	uint8_t operation;

	*ret_offset = 0;
	if (bytes_left(expression) == 0)
		return true;
	operation = bytes_u8(expression);
	if (operation == DW_OP_plus_uconst)
		*ret_offset = (int64_t)bytes_uleb128(expression);
	else if (operation >= DW_OP_lit0 && operation <= DW_OP_lit31 &&
		 bytes_u8(expression) == DW_OP_plus)
		*ret_offset = operation - DW_OP_lit0;
	else
		return false;
	return !expression->bad && bytes_left(expression) == 0;
}

/* The CFA was stored in memory: "register + offset, deref", and a constant added. */
static bool expression_is_deref(struct bytes expression, struct ot_dictionary_entry *ret_entry)
{
	uint64_t base;
	int64_t offset, offset2;

	if (!expression_base(&expression, &base, &offset) || (base != CFI_RSP && base != CFI_RBP) ||
	    bytes_u8(&expression) != DW_OP_deref || !expression_rest(&expression, &offset2) ||
	    !fits_s32(offset) || !fits_s32(offset2))
		return false;
	*ret_entry = (struct ot_dictionary_entry){
		.kind = base == CFI_RSP ? OT_DICTIONARY_DEREF_RSP : OT_DICTIONARY_DEREF_RBP,
		.reg = (uint8_t)base,
		.offset = (int32_t)offset,
		.offset2 = (int32_t)offset2,
	};
	return true;
}

static uint32_t rule_of_expression(const struct cfi_rule *rule,
				   struct unwind_dictionary *dictionary, uint32_t rbp)
{
	struct ot_dictionary_entry entry = {.kind = OT_DICTIONARY_PLT, .reg = CFI_RSP};

	if (expression_is_plt(rule->expression, &entry.n) ||
	    expression_is_deref(rule->expression, &entry))
		return rule_of_entry(dictionary, entry, rbp);
	return OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
}

/* Only the layout that the kernel writes is one that the unwinder knows. */
static bool is_signal_frame(const struct cfi_rule *rule)
{
	struct ot_dictionary_entry entry;

	return rule->signal_frame && rule->by_expression &&
	       expression_is_deref(rule->expression, &entry) &&
	       entry.kind == OT_DICTIONARY_DEREF_RSP && entry.offset == SIGNAL_RSP_OFFSET;
}

uint32_t unwind_rule(const struct cfi_rule *rule, struct unwind_dictionary *dictionary)
{
	uint32_t rbp = rbp_part(&rule->rbp);

	if (rule->broken)
		return OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
	if (is_signal_frame(rule))
		return OT_RULE(OT_CFA_SIGNAL, 0, OT_RBP_LOST, 0);
	if (rule->return_address.how == CFI_UNDEFINED)
		return OT_RULE(OT_CFA_END, 0, OT_RBP_LOST, 0);
	if (rule->signal_frame || rule->return_address.how != CFI_AT_CFA ||
	    rule->return_address.offset != -WORD)
		return OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
	return rule->by_expression ? rule_of_expression(rule, dictionary, rbp)
				   : rule_of_register(rule, dictionary, rbp);
}

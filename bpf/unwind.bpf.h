/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a user stack by unwind rows (bpf/oomtrace.h has their format). Each step finds the
 * mapping of the address, the row of the address, and from it the caller's registers. Where a
 * file's rows are not there, or code has none, the step follows the frame pointer, and how the
 * stack ended says so.
 *
 * One step is a global function: verified once, whatever the number of frames, so that a plain loop
 * does on every kernel, without tail calls or bpf_loop. Such a function takes no pointers on old
 * kernels; what it works on is in a per-CPU value.
 */
#ifndef BPF_UNWIND_H
#define BPF_UNWIND_H

#include "bpf/registers.bpf.h"
#include "bpf/vma.bpf.h"

/* What one walk may read of the stack at once: a failing read is dear, many small ones as well. */
#define WINDOW_WORDS 128
/* Of a frame, by frame pointer: more is no frame. */
#define FRAME_MAX_BYTES (8 << 20)
/* Binary searches: 2^16 mappings, and the rows of a page, one for each of its 2^12 bytes. */
#define MAPPING_SEARCH_STEPS 17
#define ROW_SEARCH_STEPS 13

/* The last step finds that there is no room for a frame. */
#define STEPS_AT_ONCE 16
OT_STATIC_ASSERT((OT_MAX_FRAMES / STEPS_AT_ONCE + 1) * STEPS_AT_ONCE > OT_MAX_FRAMES);

/* Registers in the ucontext that a signal frame begins with (struct rt_sigframe, x86-64 ABI). */
#define SIGNAL_BP 120
#define SIGNAL_SP 160
#define SIGNAL_IP 168

/* Who walks: programs that may interrupt each other have a work space each. */
enum stack_user {
	STACK_OF_PAGE,
	STACK_OF_MAPPING,
	STACK_OF_KILL,
	STACK_USER_COUNT,
};

struct unwind {
	struct registers registers;
	__u64 cfa;
	__u32 rule; /* of the dictionary's entry */
	struct ot_code_slice slice;
	struct ot_code_mapping mapping; /* the one found last */
	__u32 leaf;                     /* registers.ip is where code runs, not where it returns */
	__u32 end;                      /* enum ot_stack_end */
	__u32 not_loaded;               /* a file's rows were missing on the way */
	__u32 pending;                  /* and may come */
	__u32 looked_up;                /* went through code that the recorder has not told of */
	__u32 window_bytes;
	__u64 window_start;
	__u64 window[WINDOW_WORDS];
};

/* A stack being taken. */
struct stack_space {
	struct ot_stack_record record;
	struct unwind unwind;
	struct ot_stack_bytes_record bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STACK_USER_COUNT);
	__type(key, __u32);
	__type(value, struct stack_space);
} stack_spaces __weak SEC(".maps");

/* How stacks ended: enum ot_stack_end -> number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OT_STACK_END_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} stack_ends __weak SEC(".maps");

/* One large value: a search in it is plain loads. */
struct unwind_segment {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, OT_SEGMENT_WORDS * sizeof(__u64));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, OT_SEGMENTS);
	__uint(key_size, sizeof(__u32));
	__array(values, struct unwind_segment);
} unwind_segments __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct ot_unwind_table);
} unwind_tables __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct ot_code_mapping);
} code_mappings __weak SEC(".maps");

/* Files whose rows are there, whoever maps them next. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, struct ot_code_key);
	__type(value, struct ot_code_file);
} code_files __weak SEC(".maps");

/* Thread group -> its mappings. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct ot_code_slice);
} code_slices __weak SEC(".maps");

static __always_inline struct stack_space *stack_space_get(__u32 user)
{
	return bpf_map_lookup_elem(&stack_spaces, &user);
}

static __always_inline struct ot_stack_record *stack_record_get(__u32 user)
{
	struct stack_space *space = stack_space_get(user);

	return space ? &space->record : NULL;
}

static __always_inline void stack_end_count(__u32 end)
{
	__u64 *count = bpf_map_lookup_elem(&stack_ends, &end);

	if (count)
		*count += 1;
}

/*
 * Reads a window of the stack from `address` on, to the end of the page at most: what lies beyond
 * may not be there.
 */
__noinline __weak int unwind_fill_window(__u32 user, __u64 address)
{
	struct stack_space *space = stack_space_get(user);
	__u64 bytes = 4096 - (address & 4095);

	if (!space)
		return -1;
	if (bytes > sizeof(space->unwind.window))
		bytes = sizeof(space->unwind.window);
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(space->unwind.window))
		return -1;
	space->unwind.window_bytes = 0;
	if (bpf_probe_read_user(space->unwind.window, bytes, (void *)address))
		return -1;
	space->unwind.window_start = address;
	space->unwind.window_bytes = bytes;
	return 0;
}

/* A word of the stack. */
static __always_inline bool stack_word(struct unwind *unwind, __u32 user, __u64 address,
				       __u64 *ret_word)
{
	__u64 at = address - unwind->window_start;

	if (address & 7)
		return false;
	if (at >= unwind->window_bytes) {
		if (unwind_fill_window(user, address))
			return false;
		at = 0;
	}
	at >>= 3;
	/* clang would find the mask superfluous, and the verifier would miss it */
	asm volatile("" : "+r"(at));
	*ret_word = unwind->window[at & (WINDOW_WORDS - 1)];
	return true;
}

/* The part of a file's rows that is for `pc`: as list_add_loaded() of unwind_follow.c has it. */
static __always_inline void code_of_file(const struct ot_code_file *file,
					 const struct ot_code_area *area, __u64 pc,
					 struct ot_code_mapping *ret_mapping)
{
	__u64 base = area->start - area->offset + file->text_offset;

	*ret_mapping = (struct ot_code_mapping){
		.start = area->start, .end = area->end, .base = base, .code = file->code};
	for (__u32 i = 0; i < OT_CODE_PARTS; i++) {
		if (i >= file->part_count)
			break;
		/* what lies before the first and behind the last has no rows: their tables say so
		 */
		if (i > 0 && pc < base + file->parts[i].start)
			break;
		ret_mapping->table = file->parts[i].table;
		if (i > 0)
			ret_mapping->start = base + file->parts[i].start;
		if (i + 1 < file->part_count)
			ret_mapping->end = base + file->parts[i].end;
		else
			ret_mapping->end = area->end;
	}
}

/* Asks the kernel what is mapped at `pc`. A file may be known although this process is not. */
__noinline __weak int unwind_look_up(__u32 user, __u64 pc)
{
	struct stack_space *space = stack_space_get(user);
	struct vma_space *vma = vma_space_get(user);
	const struct ot_code_file *file;
	struct ot_code_mapping mapping = {.code = OT_CODE_PENDING};
	int found;

	if (!space || !vma)
		return -1;
	space->unwind.looked_up = 1;
	found = vma_find(user, pc);
	if (found > 0) {
		mapping.code = OT_CODE_NO_ROWS;
	} else if (!found && !vma->area.key.inode) {
		mapping.code = OT_CODE_NO_ROWS;
		mapping.start = vma->area.start;
		mapping.end = vma->area.end;
	} else if (!found) {
		file = bpf_map_lookup_elem(&code_files, &vma->area.key);
		if (file)
			code_of_file(file, &vma->area, pc, &mapping);
	}
	space->unwind.mapping = mapping;
	return 0;
}

/* Finds the mapping of `pc` among those of the process, as far as the recorder has told of them. */
__noinline __weak int unwind_find_mapping(__u32 user, __u64 pc)
{
	struct stack_space *space = stack_space_get(user);
	const struct ot_code_mapping *mapping;
	__u32 low, high, middle;

	if (!space)
		return -1;
	low = space->unwind.slice.first;
	high = low + space->unwind.slice.count;
	for (int i = 0; i < MAPPING_SEARCH_STEPS && low < high; i++) {
		middle = low + (high - low) / 2;
		mapping = bpf_map_lookup_elem(&code_mappings, &middle);
		if (!mapping)
			break;
		if (pc < mapping->start) {
			high = middle;
		} else if (pc >= mapping->end) {
			low = middle + 1;
		} else {
			space->unwind.mapping = *mapping;
			return 0;
		}
	}
	return unwind_look_up(user, pc);
}

static __always_inline __u64 *segment_get(__u32 number)
{
	void *segment = bpf_map_lookup_elem(&unwind_segments, &number);
	__u32 zero = 0;

	return segment ? bpf_map_lookup_elem(segment, &zero) : NULL;
}

static __always_inline __u64 segment_word(const __u64 *segment, __u64 at)
{
	asm volatile("" : "+r"(at));
	return segment[at & (OT_SEGMENT_WORDS - 1)];
}

/* The rule for an address of a module; OT_CFA_NONE where no row covers it. */
static __always_inline __u32 rule_find(const struct ot_unwind_table *table, __u64 pc_rel)
{
	const __u64 *segment = segment_get(table->segment);
	__u64 page = (pc_rel >> OT_UNWIND_PAGE_SHIFT) - table->first_page;
	__u64 rows = table->rows, range, row, low, high;

	if (!segment || page >= table->page_count)
		return OT_CFA_NONE;
	range = segment_word(segment, table->pages + page);
	low = (__u32)range; /* struct ot_unwind_page */
	high = range >> 32;
	for (int i = 0; i < ROW_SEARCH_STEPS && low < high; i++) {
		__u64 middle = low + (high - low + 1) / 2;

		if (OT_ROW_PC(segment_word(segment, rows + middle)) <= pc_rel)
			low = middle;
		else
			high = middle - 1;
	}
	row = segment_word(segment, rows + low);
	return OT_ROW_PC(row) <= pc_rel ? (__u32)row : OT_CFA_NONE;
}

static __always_inline int unwind_stop(struct unwind *unwind, enum ot_stack_end end)
{
	unwind->end = unwind->not_loaded ? OT_STACK_END_NOT_LOADED : end;
	return 1;
}

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
	return step_by_frame_pointer(unwind, user, false);
}

/* A walk is two loops, of which the verifier goes through one at a time. Nonzero: it has ended. */
__noinline __weak int unwind_steps(__u32 user)
{
	for (int i = 0; i < STEPS_AT_ONCE; i++)
		if (unwind_step(user))
			return 1;
	return 0;
}

/*
 * Fills frames, frame_count and end of the user's record. Nonzero: it has a stack that rows say
 * nothing about.
 */
static __always_inline int unwind_stack(__u32 user)
{
	struct stack_space *space = stack_space_get(user);
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	const struct ot_code_slice *slice;
	enum registers_state state;

	if (!space)
		return -1;
	space->record.frame_count = 0;
	space->unwind.not_loaded = space->unwind.pending = space->unwind.looked_up = 0;
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
	space->unwind.mapping = (struct ot_code_mapping){0};
	space->unwind.window_bytes = 0;
	space->unwind.leaf = 1;
	space->unwind.end = OT_STACK_END_TRUNCATED;
	for (int i = 0; i <= OT_MAX_FRAMES / STEPS_AT_ONCE; i++)
		if (unwind_steps(user))
			break;
	space->record.end = space->unwind.end;
	return 0;
}

#endif

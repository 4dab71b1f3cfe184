/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rule is for an address: what the recorder has told of mappings and unwind rows, and how it
 * is searched.
 */
#ifndef BPF_ROWS_H
#define BPF_ROWS_H

#include "bpf/stack_space.bpf.h"

/* Binary searches: 2^16 mappings, and the rows of a page, one for each of its 2^12 bytes. */
#define MAPPING_SEARCH_STEPS 17
#define ROW_SEARCH_STEPS 13

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
	struct ot_code_mapping *mapping;
	int found;

	if (!space || !vma)
		return -1;
	space->unwind.looked_up = 1;
	/* in its place at once: 512 bytes are the stack of all functions that call each other here
	 */
	mapping = &space->unwind.mapping;
	*mapping = (struct ot_code_mapping){.code = OT_CODE_PENDING};
	found = vma_find(user, pc);
	if (found > 0) {
		mapping->code = OT_CODE_NO_ROWS;
	} else if (!found && !vma->area.key.inode) {
		mapping->code = OT_CODE_NO_ROWS;
		mapping->start = vma->area.start;
		mapping->end = vma->area.end;
	} else if (!found) {
		file = bpf_map_lookup_elem(&code_files, &vma->area.key);
		if (file)
			code_of_file(file, &vma->area, pc, mapping);
	}
	return 0;
}

/*
 * Is what the recorder has told of still mapped at `pc`? Asked of the kernel, once in each
 * epoch: a walk costs no more while nothing is unmapped. What else is there now is part of what
 * tells this account's stacks apart from here on, for the same addresses are other functions.
 */
__noinline __weak int code_is_as_told(__u32 user, __u64 pc, __u32 number)
{
	struct ot_code_mapping *mapping = bpf_map_lookup_elem(&code_mappings, &number);
	struct stack_space *space = stack_space_get(user);
	struct vma_space *vma = vma_space_get(user);
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct ot_account *account;
	__u32 identity = 0;
	int found;

	if (!mapping || !space || !vma)
		return 1;
	if (!mapping->identity || mapping->checked == space->unwind.epoch)
		return 1;
	found = vma_find(user, pc);
	if (found < 0) {
		/* it is being changed: believed, but not for longer than this walk */
		space->unwind.looked_up = 1;
		return 1;
	}
	if (!found && vma->area.key.inode)
		identity = ot_code_identity(&vma->area.key, vma->area.start - vma->area.offset);
	if (identity == mapping->identity) {
		WRITE_ONCE(mapping->checked, space->unwind.epoch);
		return 1;
	}
	/* by the first who sees it: what this process has mapped is told anew */
	account = bpf_map_lookup_elem(&accounts, &space->record.account);
	if (!bpf_map_delete_elem(&code_slices, &tgid) && account) {
		account->code_salt ^= identity ^ mapping->identity;
		WRITE_ONCE(account->code_told, 0);
	}
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
			if (!code_is_as_told(user, pc, middle))
				break;
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

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stack that went through a file whose rows were not loaded yet keeps its bytes, so that it can
 * be walked afterwards in user space, when they are (user/capture/unwinder.c). So many for each
 * account, and only while a quarter of the ring is empty: what was mapped a moment ago is a matter
 * of milliseconds, and those that find no room stay incomplete, which is counted.
 */
#ifndef BPF_STACK_BYTES_H
#define BPF_STACK_BYTES_H

#include "bpf/maps.bpf.h"
#include "bpf/settings.bpf.h"
#include "bpf/unwind.bpf.h"

static __always_inline bool may_take_bytes(struct ot_account *account)
{
	if (READ_ONCE(account->late_stacks) >= late_stacks_per_account)
		return false;
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) <
	       bpf_ringbuf_query(&records, BPF_RB_RING_SIZE) / 4 * 3;
}

/*
 * The page of the stack pointer and those above. What is nearest to the leaf becomes part of the
 * hash: stacks that look alike as far as they were walked may differ further up.
 */
__noinline __weak int stack_bytes_take(__u32 user)
{
	struct stack_space *space = stack_space_get(user);
	struct ot_stack_bytes_record *bytes;
	__u64 page, at;
	__u32 count;

	if (!space)
		return -1;
	bytes = &space->bytes;
	page = bytes->sp & ~(__u64)(OT_STACK_PAGE_BYTES - 1);
	for (count = 0; count < OT_STACK_PAGES; count++)
		if (bpf_probe_read_user((char *)bytes->words + count * OT_STACK_PAGE_BYTES,
					OT_STACK_PAGE_BYTES,
					(void *)(page + count * OT_STACK_PAGE_BYTES)))
			break;
	bytes->page_count = count;
	if (!count)
		return -1;
	at = (bytes->sp - page) / sizeof(bytes->words[0]);
	bytes->hash = 0;
	for (__u32 i = 0; i < OT_STACK_PAGE_BYTES / sizeof(bytes->words[0]); i++) {
		__u64 index = at + i;

		asm volatile("" : "+r"(index));
		if (index >= sizeof(bytes->words) / sizeof(bytes->words[0]))
			break;
		bytes->hash = hash_mix(bytes->hash, bytes->words[index]);
	}
	return 0;
}

/*
 * What is mapped, when a stack went through code that the recorder has not told of: it may be gone
 * before anybody reads its maps. Once for each number of mappings, which grows while a program is
 * being loaded.
 */
static __always_inline void code_announce(__u32 user, __u32 number)
{
	struct ot_account *account = bpf_map_lookup_elem(&accounts, &number);
	struct stack_space *space = stack_space_get(user);
	__u32 map_count = BPF_CORE_READ(current_task_mm(), map_count);
	struct ot_code_record *record;
	__u64 bytes;

	if (!account || !space || !space->unwind.looked_up ||
	    READ_ONCE(account->code_told) == map_count)
		return;
	record = code_list(user);
	if (!record)
		return;
	record->type = OT_RECORD_CODE;
	record->account = number;
	bytes = record->count * sizeof(record->areas[0]);
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(record->areas))
		return;
	if (!bpf_ringbuf_output(&records, record,
				__builtin_offsetof(struct ot_code_record, areas) + bytes, 0))
		WRITE_ONCE(account->code_told, map_count);
}

/* Sent before the record of the stack. */
static __always_inline long stack_bytes_announce(__u32 user, __u32 cell)
{
	struct stack_space *space = stack_space_get(user);
	__u64 bytes;

	if (!space)
		return -1;
	space->bytes.type = OT_RECORD_STACK_BYTES;
	space->bytes.cell = cell;
	bytes = space->bytes.page_count * OT_STACK_PAGE_BYTES;
	/* what is checked must be what is passed, not what it was computed from */
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(space->bytes.words))
		return -1;
	return bpf_ringbuf_output(&records, &space->bytes,
				  __builtin_offsetof(struct ot_stack_bytes_record, words) + bytes,
				  0);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mapped at an address of the current task: asked of the kernel's own tree of mappings,
 * when a stack meets code that the recorder has not told of. Nothing is locked. A tree that changes
 * meanwhile may give a wrong answer, so each is believed only if it covers the address.
 *
 * Global functions take numbers alone on old kernels; what they work on is in a per-CPU value.
 */
#ifndef BPF_VMA_H
#define BPF_VMA_H

#include "bpf/compat.bpf.h"

/* Those who take stacks (enum stack_user), and the recorder itself. */
#define VMA_USERS 4
#define VMA_RECORDER 3

/* include/linux/maple_tree.h: nodes have 256 bytes and are aligned to them. */
#define MAPLE_NODE_WORDS 32
#define MAPLE_NODE_MASK 255UL
#define MAPLE_TYPE_SHIFT 3
#define MAPLE_TYPE_MASK 0xf
/* Each has ten children or more: of more levels no address space is. */
#define MAPLE_LEVELS 8
/* A red-black tree of 2^16 mappings, which is what a process may have, is at most as deep. */
#define RB_LEVELS 34

struct vma_space {
	__u64 node[MAPLE_NODE_WORDS];
	__u64 entry; /* of a node of the tree; at last the address of a mapping, or 0 */
	__u64 next;  /* where nothing is mapped: where to look next; 0: nothing follows */
	__u64 executable;
	struct ot_code_area area;
	struct ot_code_record record;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VMA_USERS);
	__type(key, __u32);
	__type(value, struct vma_space);
} vma_spaces __weak SEC(".maps");

static __always_inline struct vma_space *vma_space_get(__u32 user)
{
	return bpf_map_lookup_elem(&vma_spaces, &user);
}

static __always_inline struct mm_struct *current_task_mm(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm);
}

static __always_inline __u64 node_word(const struct vma_space *space, __u64 at)
{
	asm volatile("" : "+r"(at));
	return space->node[at & (MAPLE_NODE_WORDS - 1)];
}

/* One level down. 1: that was a leaf, 0: it was not, or -1. */
__noinline __weak int maple_descend(__u32 user, __u64 address)
{
	struct vma_space *space = vma_space_get(user);
	__u64 type, slots, pivots, i;

	/* before all else: there is nothing to relocate where there is no such tree */
	if (!mm_has_maple_tree() || !space)
		return -1;
	type = space->entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;
	slots = type == bpf_core_enum_value(enum maple_type, maple_arange_64)
			? bpf_core_field_offset(struct maple_arange_64, slot) / 8
			: bpf_core_field_offset(struct maple_range_64, slot) / 8;
	pivots = slots - 1;
	if (bpf_probe_read_kernel(space->node, sizeof(space->node),
				  (void *)(space->entry & ~MAPLE_NODE_MASK)))
		return -1;
	for (i = 0; i < MAPLE_NODE_WORDS / 2; i++) {
		__u64 pivot = node_word(space, 1 + i);

		/* none is set behind the last */
		if (i >= pivots || (!pivot && i > 0))
			break;
		if (address <= pivot) {
			space->next = pivot + 1;
			break;
		}
	}
	space->entry = node_word(space, slots + i);
	return type == bpf_core_enum_value(enum maple_type, maple_leaf_64);
}

/* An entry that is a node, and not a mapping or a mark (xa_is_node()). */
static __always_inline bool is_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __always_inline int maple_find(struct vma_space *space, __u32 user, __u64 address)
{
	struct mm_struct *mm = current_task_mm();
	int leaf = 0;

	space->entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);
	space->next = 0;
	if (!is_node(space->entry))
		return -1;
	for (int i = 0; i < MAPLE_LEVELS && !leaf; i++)
		leaf = maple_descend(user, address);
	if (leaf != 1 || space->entry & 3)
		return -1;
	return 0;
}

/* Until 6.1. The first mapping that ends behind the address. */
__noinline __weak int rb_find(__u32 user, __u64 address)
{
	struct vma_space *space = vma_space_get(user);
	struct mm_struct___rb *mm = (void *)current_task_mm();
	struct rb_node *node;

	if (mm_has_maple_tree() || !space)
		return -1;
	space->entry = space->next = 0;
	node = BPF_CORE_READ(mm, mm_rb.rb_node);
	for (int i = 0; i < RB_LEVELS && node; i++) {
		struct vm_area_struct___rb *vma =
			(void *)node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);

		if (BPF_CORE_READ(vma, vm_end) <= address) {
			node = BPF_CORE_READ(node, rb_right);
			continue;
		}
		space->entry = (__u64)vma;
		space->next = BPF_CORE_READ(vma, vm_start);
		if (space->next <= address)
			break;
		node = BPF_CORE_READ(node, rb_left);
	}
	return 0;
}

static __always_inline void file_key_read(struct inode *inode, struct ot_code_key *ret_key)
{
	ret_key->inode = BPF_CORE_READ(inode, i_ino);
	ret_key->size_bytes = BPF_CORE_READ(inode, i_size);
	ret_key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	ret_key->generation = BPF_CORE_READ(inode, i_generation);
}

static __always_inline void area_read(struct vm_area_struct *vma, struct ot_code_area *ret_area)
{
	struct mm_struct *mm = current_task_mm();
	struct inode *inode = BPF_CORE_READ(vma, vm_file, f_inode);

	ret_area->start = BPF_CORE_READ(vma, vm_start);
	ret_area->end = BPF_CORE_READ(vma, vm_end);
	ret_area->offset = BPF_CORE_READ(vma, vm_pgoff) << 12;
	ret_area->inode = (__u64)inode;
	ret_area->key = (struct ot_code_key){};
	if (inode)
		file_key_read(inode, &ret_area->key);
	else if (bpf_core_field_exists(mm->context.vdso) &&
		 (__u64)BPF_CORE_READ(mm, context.vdso) == ret_area->start)
		ret_area->key.inode = OT_CODE_VDSO;
}

/* Fills the user's area. 0, 1: nothing is mapped there, or -1: that cannot be told. */
__noinline __weak int vma_find(__u32 user, __u64 address)
{
	struct vma_space *space = vma_space_get(user);
	struct vm_area_struct *vma;

	if (!space || !current_task_mm())
		return -1;
	if (mm_has_maple_tree() ? maple_find(space, user, address) : rb_find(user, address))
		return -1;
	vma = (struct vm_area_struct *)space->entry;
	if (!vma)
		return 1;
	area_read(vma, &space->area);
	if (address >= space->area.start && address < space->area.end) {
		space->executable = vma_is_executable(vma);
		return 0;
	}
	/* the red-black tree gave the mapping that follows; the other one was changed meanwhile */
	return mm_has_maple_tree() ? -1 : 1;
}

/* Looks at an address and notes what code is there. Returns how much farther the next is; 0: none.
 */
__noinline __weak int code_list_add(__u32 user)
{
	struct vma_space *space = vma_space_get(user);
	int found = space ? vma_find(user, space->record.next) : -1;
	__u64 count;

	if (!space || found < 0)
		return -1;
	if (found > 0) {
		space->record.next = space->next;
		return space->next ? 0 : -1;
	}
	space->record.next = space->area.end;
	if (!space->executable)
		return 0;
	count = space->record.count;
	asm volatile("" : "+r"(count));
	if (count >= OT_CODE_AREAS)
		return -1;
	space->record.areas[count] = space->area;
	space->record.count = count + 1;
	return 0;
}

/* All code that the current task has mapped, as far as there is room. */
static __always_inline struct ot_code_record *code_list(__u32 user)
{
	struct vma_space *space = vma_space_get(user);

	if (!space)
		return NULL;
	space->record.count = 0;
	space->record.next = 0;
	for (int i = 0; i < OT_CODE_LOOKS; i++)
		if (code_list_add(user))
			break;
	return &space->record;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between kernels, each behind one accessor. Ask for fields, never for versions:
 * stable kernels get fields backported.
 */
#ifndef BPF_COMPAT_H
#define BPF_COMPAT_H

#include "bpf/common.bpf.h"
#include "bpf/settings.bpf.h"

/* include/linux/sched.h; unchanged since 2.6 */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* include/linux/page-flags.h: PAGE_MAPPING_ANON, FOLIO_MAPPING_ANON since 6.17 */
#define MAPPING_ANON 1UL
/* PAGE_MAPPING_MOVABLE until 6.16; FOLIO_MAPPING_KSM, only ever with ANON, after */
#define MAPPING_OTHER 2UL

/*
 * A number that no other mm ever had. x86 has one (commit f39681ed0f48, 4.13); elsewhere the
 * address has to do, and fork and exec end what the address meant before (process.bpf.c).
 */
static __always_inline __u64 mm_life(struct mm_struct *mm)
{
	if (bpf_core_field_exists(mm->context.ctx_id))
		return BPF_CORE_READ(mm, context.ctx_id);
	return (__u64)mm;
}

static __always_inline bool mm_life_is_address(void)
{
	return !bpf_core_field_exists(((struct mm_struct *)0)->context.ctx_id);
}

/* Is the last user gone, the mm being torn down? True from exit_mmap() on, whoever runs it. */
static __always_inline bool mm_is_dying(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, mm_users.counter) == 0;
}

/*
 * In execve the mm is new and the registers are the old image's until load_elf_binary() is through;
 * it sets end_code last.
 */
static __always_inline bool mm_is_loading(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, end_code) == 0;
}

/* The current task's address space, and what is asked of both at each slot. */
struct current_space {
	struct mm_struct *mm; /* NULL: it has none */
	__u64 life;           /* mm_life() */
	bool has_user_stack;  /* of its own */
};

/*
 * Since 5.11 the kernel gives the task with its type: a plain load takes no 20 ns, as a helper
 * does. A function of its own, so that the compiler keeps the two ways apart: 5.10 forgets a
 * constant that is put by, and would look at the other one as well.
 */
static __noinline __attribute__((unused)) int current_space_read(struct current_space *ret)
{
	struct task_struct *task;
	struct mm_struct *mm;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		/* what is NULL need not be looked for: a failed read is 0 */
		task = (void *)bpf_get_current_task();
		mm = BPF_CORE_READ(task, mm);
		ret->life = mm_life(mm);
		ret->has_user_stack =
			!(BPF_CORE_READ(task, flags) & PF_KTHREAD) && !mm_is_loading(mm);
		ret->mm = mm;
		return 0;
	}
	task = bpf_get_current_task_btf();
	mm = task->mm;
	if (!mm)
		return 0;
	ret->life = bpf_core_field_exists(mm->context.ctx_id) ? mm->context.ctx_id : (__u64)mm;
	ret->has_user_stack = !(task->flags & PF_KTHREAD) && mm->end_code != 0;
	ret->mm = mm;
	return 0;
}

/*
 * Another number whenever something else may be mapped where the current task had code. The kernel
 * flushes what it unmaps from the TLB, and counts that, if any of its pages was ever there; what
 * was not changes how much code there is, as a rule. Other CPUs' flushes count, too, and growing
 * counts for nothing. Elsewhere than on x86 nobody counts. Never 0.
 */
static __noinline __attribute__((unused)) __u32 code_epoch(void)
{
	__u64 flushes = 0, code_pages, hash;
	struct mm_struct *mm;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		mm = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm);
		if (bpf_core_field_exists(mm->context.tlb_gen))
			flushes = BPF_CORE_READ(mm, context.tlb_gen.counter);
		code_pages = BPF_CORE_READ(mm, exec_vm);
		hash = mm_life(mm);
	} else {
		mm = bpf_get_current_task_btf()->mm;
		if (!mm)
			return 1;
		if (bpf_core_field_exists(mm->context.tlb_gen))
			flushes = mm->context.tlb_gen.counter;
		code_pages = mm->exec_vm;
		hash = bpf_core_field_exists(mm->context.ctx_id) ? mm->context.ctx_id : (__u64)mm;
	}
	hash = hash_mix(hash_mix(hash, flushes), code_pages);
	return (__u32)(hash >> 32) | 1;
}

/*
 * The first of the chain of parents that says which cgroups a task is in: of the v2 hierarchy, or
 * of the one that has the memory controller. NULL where the kernel has none.
 */
static __always_inline struct cgroup_subsys_state *task_css(struct task_struct *task, bool unified)
{
	struct css_set *cgroups = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state **subsys =
		(void *)cgroups + bpf_core_field_offset(cgroups->subsys);
	struct cgroup_subsys_state *css = NULL;

	if (unified)
		return (void *)BPF_CORE_READ(cgroups, dfl_cgrp) +
		       bpf_core_field_offset(struct cgroup, self);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		bpf_probe_read_kernel(
			&css, sizeof(css),
			subsys + bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	return css;
}

/* Inode number of the cgroup that a task's memory is charged to; 0 where the kernel has none. */
static __always_inline __u64 task_memory_cgroup(struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_css(task, false);

	return css ? BPF_CORE_READ(css, cgroup, kn, id) : 0;
}

/*
 * Where what each CPU has for itself begins; a table of the kernel, found by name. Absent where
 * names are hidden, or there is one CPU.
 */
extern const char __per_cpu_offset[] __ksym __weak;

/* What one CPU has counted of one kind of pages and not added to the sum yet. */
__noinline __weak int rss_of_cpu(__u64 counters, __u32 cpu)
{
	__u64 offset = 0;
	__s32 pages = 0;

	bpf_probe_read_kernel(&offset, sizeof(offset), __per_cpu_offset + cpu * sizeof(offset));
	bpf_probe_read_kernel(&pages, sizeof(pages), (void *)(counters + offset));
	return pages;
}

/* The kernel has a mask of as many; what is beyond is left out. */
#define CPUS_MAX 1024

/*
 * Pages of one kind that `mm` maps. One counter until 6.1, lagging by up to 64 faults a thread; one
 * for each CPU since 6.2 (commit f1a7941243c1), where *ret_summed tells if they could be added up.
 */
static __always_inline __s64 mm_rss(struct mm_struct *mm, __u32 kind, bool *ret_summed)
{
	struct mm_struct___percpu *percpu = (void *)mm;
	struct mm_struct___atomic *atomic = (void *)mm;
	struct percpu_counter *counter;
	__u64 counters;
	__s64 pages = 0;

	if (bpf_core_type_exists(struct mm_rss_stat)) {
		bpf_probe_read_kernel(&pages, sizeof(pages),
				      (void *)mm + bpf_core_field_offset(atomic->rss_stat.count) +
					      kind * sizeof(atomic->rss_stat.count[0]));
		return pages;
	}
	/* an index that is not written as a number is not relocated: by hand */
	counter = (void *)mm + bpf_core_field_offset(percpu->rss_stat) +
		  kind * bpf_core_type_size(struct percpu_counter);
	pages = BPF_CORE_READ(counter, count);
	counters = (__u64)BPF_CORE_READ(counter, counters);
	if (!__per_cpu_offset)
		return pages;
	*ret_summed = true;
	for (__u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (cpu >= cpu_count)
			break;
		pages += rss_of_cpu(counters, cpu);
	}
	return pages;
}

/*
 * The victim's thread that oom:mark_victim tells of: by its id, or since 6.9 (commit 72ba14deb40a,
 * backported to stable kernels) by its address. The recorder has asked BTF.
 */
static __always_inline __u32 marked_tid(__u64 argument)
{
	if (mark_has_task)
		return BPF_CORE_READ((struct task_struct *)argument, pid);
	return argument;
}

/*
 * Is `state` a write to the tree that keeps the mappings of `mm`? 6.1 replaced the red-black tree
 * (commit d4af56c5c7c6); before it nothing tells of a mapping's end.
 */
static __always_inline bool is_write_to_mm(struct ma_state *state, struct mm_struct *mm)
{
	/* First of all, so that nothing after it is looked at where there is no such tree. */
	if (!bpf_core_field_exists(mm->mm_mt))
		return false;
	return (__u64)BPF_CORE_READ(state, tree) == (__u64)mm + bpf_core_field_offset(mm->mm_mt);
}

/* A tree that the address of a mapping is found in: since 6.1 a maple tree. */
static __always_inline bool mm_has_maple_tree(void)
{
	return bpf_core_field_exists(((struct mm_struct *)0)->mm_mt);
}

/* include/linux/mm.h */
#define VM_EXEC 4UL

/* Where the flags have moved, whatever is mapped may be code. */
static __always_inline bool vma_is_executable(struct vm_area_struct *vma)
{
	return !bpf_core_field_exists(vma->vm_flags) || BPF_CORE_READ(vma, vm_flags) & VM_EXEC;
}

/*
 * The system call the current task is in, and its arguments. In a page fault or an interrupt the
 * number is -1 or an error code; who asks must not rely on it alone.
 */
static __always_inline void syscall_read(struct ot_syscall *ret_call)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

#if defined(__TARGET_ARCH_x86)
	ret_call->number = BPF_CORE_READ(regs, orig_ax);
	ret_call->arguments[0] = BPF_CORE_READ(regs, di);
	ret_call->arguments[1] = BPF_CORE_READ(regs, si);
	ret_call->arguments[2] = BPF_CORE_READ(regs, dx);
	ret_call->arguments[3] = BPF_CORE_READ(regs, r10);
	ret_call->arguments[4] = BPF_CORE_READ(regs, r8);
#elif defined(__TARGET_ARCH_arm64)
	ret_call->number = BPF_CORE_READ(regs, syscallno);
	ret_call->arguments[0] = BPF_CORE_READ(regs, orig_x0);
	ret_call->arguments[1] = BPF_CORE_READ(regs, regs[1]);
	ret_call->arguments[2] = BPF_CORE_READ(regs, regs[2]);
	ret_call->arguments[3] = BPF_CORE_READ(regs, regs[3]);
	ret_call->arguments[4] = BPF_CORE_READ(regs, regs[4]);
#endif
}

/* The first argument of a function of the kernel, in a kprobe on it. */
static __always_inline __u64 call_argument(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->di;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[0];
#endif
}

/* The directory entry that is in a list of aliases by this node; NULL: no kernel we know. */
static __always_inline struct dentry *dentry_of_alias(struct hlist_node *node)
{
	struct dentry___flat *flat = NULL;
	struct dentry *dentry = NULL;

	if (bpf_core_field_exists(dentry->d_u.d_alias))
		return (void *)node - bpf_core_field_offset(dentry->d_u.d_alias);
	if (bpf_core_field_exists(flat->d_alias))
		return (void *)node - bpf_core_field_offset(flat->d_alias);
	return NULL;
}

/* 6.18 wrapped the word in memdesc_flags_t. */
static __always_inline unsigned long page_flags(struct page *page)
{
	struct page___memdesc *wrapped = (void *)page;
	struct page___word *plain = (void *)page;

	if (bpf_core_type_exists(memdesc_flags_t))
		return BPF_CORE_READ(wrapped, flags.f);
	return BPF_CORE_READ(plain, flags);
}

#define page_flag(page, flag) \
	(!!(page_flags(page) & (1UL << bpf_core_enum_value(enum pageflags, flag))))

/*
 * The first page of the compound page that `page` is part of, or `page` itself. A tail page has bit
 * 0 set, and in the rest the address of its head. Where the field is called compound_info and
 * struct page has a size that is a power of two, it is a mask for the tail's own address instead
 * ("mm: rework compound_head() for power-of-2 sizeof(struct page)", 2026; seen in 7.2): ones down
 * to the size of the largest page, which no address of the memory map looks like.
 */
static __always_inline struct page *page_head(struct page *page)
{
	struct page___info *renamed = (void *)page;
	unsigned long head;

	if (bpf_core_field_exists(renamed->compound_info))
		head = BPF_CORE_READ(renamed, compound_info);
	else
		head = BPF_CORE_READ(page, compound_head);
	if (!(head & 1))
		return page;
	if (head >> 32 == 0xffffffff)
		return (struct page *)((unsigned long)page & head);
	return (struct page *)(head - 1);
}

/*
 * Order of a folio given its head page. Kept in the second page: in compound_order, called
 * _folio_order in struct folio from 6.1 on, until 6.6 moved it to the low byte of the flags word
 * (commit ebc1baf5c9b4), which earlier kernels have as well, for flags.
 */
static __always_inline __u32 page_order(struct page *page)
{
	struct page___compound *second = (void *)page + bpf_core_type_size(struct page);
	struct folio___order *ordered = (void *)page;
	struct folio *folio = (void *)page;
	__u32 order = 0;

	if (!page_flag(page, PG_head))
		return 0;
	if (bpf_core_field_exists(ordered->_folio_order))
		order = BPF_CORE_READ(ordered, _folio_order);
	else if (bpf_core_field_exists(second->compound_order))
		order = BPF_CORE_READ(second, compound_order);
	else if (bpf_core_field_exists(folio->_flags_1))
		order = BPF_CORE_READ(folio, _flags_1) & 0xff;
	return order > OT_MAX_ORDER ? 0 : order;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers a task entered the kernel with: by system call, fault or interrupt, they are in the
 * same place.
 */
#ifndef BPF_REGISTERS_H
#define BPF_REGISTERS_H

#include "bpf/common.bpf.h"

struct registers {
	__u64 ip, sp, bp;
};

enum registers_state {
	REGISTERS_NONE, /* never was in user space */
	REGISTERS_64_BIT,
	REGISTERS_32_BIT,
};

#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/segment.h: __USER32_CS */
#define USER32_CS 0x23
/* THREAD_SIZE of kernels before 5.15, without KASAN; none of them pads the top (FRED is of 6.9) */
#define KERNEL_STACK_BYTES 16384

static __always_inline enum registers_state registers_state(__u64 cs)
{
	if ((cs & 3) != 3)
		return REGISTERS_NONE;
	return cs == USER32_CS ? REGISTERS_32_BIT : REGISTERS_64_BIT;
}

/* For kernels without bpf_task_pt_regs() (5.15): they are at the top of the task's kernel stack. */
static __always_inline enum registers_state registers_of_stack(struct registers *ret_registers)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *regs = BPF_CORE_READ(task, stack) + KERNEL_STACK_BYTES -
			       bpf_core_type_size(struct pt_regs);

	ret_registers->ip = BPF_CORE_READ(regs, ip);
	ret_registers->sp = BPF_CORE_READ(regs, sp);
	ret_registers->bp = BPF_CORE_READ(regs, bp);
	return registers_state(BPF_CORE_READ(regs, cs));
}

static __always_inline enum registers_state registers_read(struct registers *ret_registers)
{
	struct pt_regs *regs;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return registers_of_stack(ret_registers);
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	/* plain loads: the verifier knows the type, and four reads by helper cost 80 ns */
	ret_registers->ip = regs->ip;
	ret_registers->sp = regs->sp;
	ret_registers->bp = regs->bp;
	return registers_state(regs->cs);
}
#else
static __always_inline enum registers_state registers_read(struct registers *ret_registers)
{
	return REGISTERS_NONE;
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every program file starts from. */
#ifndef BPF_COMMON_H
#define BPF_COMMON_H

#include <linux/bpf.h>
#include "vmlinux/types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "bpf/oomtrace.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

/* A load or store the compiler must do once, whole. */
#define READ_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

static __always_inline __u64 hash_mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * OT_SLOT_HASH;
	return hash ^ hash >> 29;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel types oomtrace reads, kept by hand: only the members we touch. CO-RE finds their real
 * offsets at load time, so neither order nor gaps matter, and no BTF is needed to build.
 *
 * A type that changed between releases has a flavor: the same name with ___what appended. libbpf
 * ignores everything from the three underscores on. Which flavor is real is asked in
 * bpf/compat.bpf.h and nowhere else.
 */
#ifndef VMLINUX_TYPES_H
#define VMLINUX_TYPES_H

#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	__s64 counter;
} atomic64_t;

typedef struct {
	/* x86: "ctx_id uniquely identifies this mm_struct. A ctx_id will never be reused" */
	__u64 ctx_id;
	/* x86: raised by each flush of this mm's translations */
	atomic64_t tlb_gen;
	void *vdso; /* where it is mapped; on arm64, too */
} mm_context_t;

/* What perf is given of an event. */
struct trace_event_raw_mm_page_alloc {
	unsigned long pfn; /* all ones: none */
	unsigned int order;
	unsigned long gfp_flags;
};

struct trace_event_raw_mm_page_free {
	unsigned long pfn;
	unsigned int order;
};

/* A bit for each node of memory. */
typedef struct {
	unsigned long bits[1];
} nodemask_t;

/* 6.1: the tree of an mm's mappings. */
struct maple_tree {
	unsigned int ma_flags;
	void *ma_root;
};

enum maple_type {
	maple_dense,
	maple_leaf_64,
	maple_range_64,
	maple_arange_64,
};

struct maple_range_64 {
	void *slot[16];
};

struct maple_arange_64 {
	void *slot[10];
};

/* Where in a tree a write takes place. */
struct ma_state {
	struct maple_tree *tree;
	unsigned long index, last; /* addresses, both included */
};

struct mm_struct {
	struct maple_tree mm_mt;
	atomic_t mm_users;
	atomic_long_t pgtables_bytes;
	unsigned long hiwater_rss; /* pages; raised only before pages are unmapped */
	unsigned long total_vm;    /* pages, as the next three */
	unsigned long data_vm;
	unsigned long exec_vm;
	unsigned long stack_vm;
	int map_count;
	unsigned long end_code;
	unsigned long arg_start, arg_end;
	struct file *exe_file;
	mm_context_t context;
};

/* Until 6.1: mappings in a red-black tree. */
struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct mm_struct___rb {
	struct rb_root mm_rb;
};

struct vm_area_struct___rb {
	unsigned long vm_start, vm_end;
	struct rb_node vm_rb;
};

/* Until 6.1: one counter for each kind of page. */
struct mm_rss_stat {
	atomic_long_t count[4];
};

struct mm_struct___atomic {
	struct mm_rss_stat rss_stat;
};

/* From 6.2 on: a sum and what each CPU has not added to it yet. */
struct percpu_counter {
	__s64 count;
	__s32 *counters; /* of each CPU */
};

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, r10, r8;
	unsigned long orig_ax;
	unsigned long ip, sp, bp, cs;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	int syscallno;
};
#endif

struct signal_struct {
	atomic_t live;
	int nr_threads;
	short oom_score_adj;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

/* The node of a cgroup's directory; its id is the inode number (64 bits since 5.5). */
struct kernfs_node {
	const char *name;
	__u64 id;
};

/* A cgroup as one controller sees it; `parent` leads up to the root of the hierarchy. */
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

/* The cgroups of a task: dfl_cgrp of the v2 hierarchy, and what each controller sees. */
struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* by enum cgroup_subsys_id */
	struct cgroup *dfl_cgrp;
};

struct page_counter {
	atomic_long_t usage; /* pages, as all of these */
	unsigned long watermark;
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap; /* of v1: memory and swap */
	bool oom_group;
};

struct task_struct {
	void *stack;
	unsigned int flags;
	int pid;
	int tgid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	const struct cred *real_cred;
	struct css_set *cgroups;
	__u64 start_boottime; /* 5.5: was real_start_time */
	nodemask_t mems_allowed;
	char comm[16];
};

enum oom_constraint {
	CONSTRAINT_NONE,
	CONSTRAINT_CPUSET,
	CONSTRAINT_MEMORY_POLICY,
	CONSTRAINT_MEMCG,
};

/* What the OOM killer was asked, and what it has found. */
struct oom_control {
	nodemask_t *nodemask;
	unsigned int gfp_mask;
	int order;
	unsigned long totalpages;
	long chosen_points;
	enum oom_constraint constraint;
};

struct address_space {
	struct inode *host;
};

struct super_block {
	unsigned int s_dev;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_rdev;
	unsigned int i_nlink;
	unsigned long i_ino;
	long long i_size;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	struct hlist_head i_dentry;
	unsigned int i_generation;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end; /* addresses; the end is not in it */
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	union {
		struct hlist_node d_alias;
	} d_u;
};

struct kernel_siginfo {
	int si_code;
};

/* Should it leave its union. */
struct dentry___flat {
	struct hlist_node d_alias;
};

struct page {
	struct address_space *mapping;
	unsigned long compound_head;
};

/* Renamed in 2026: compat.bpf.h. */
struct page___info {
	unsigned long compound_info;
};

/* The order of a large folio is in its second page, under three names: compat.bpf.h. */
struct folio {
	unsigned long _flags_1;
};

struct folio___order {
	unsigned char _folio_order;
};

struct page___compound {
	unsigned char compound_order;
};

/* 6.18 wrapped the flags word: mm: introduce memdesc_flags_t. */
typedef struct {
	unsigned long f;
} memdesc_flags_t;

struct page___memdesc {
	memdesc_flags_t flags;
};

struct page___word {
	unsigned long flags;
};

/* Context of an iter/task program. */
struct bpf_iter__task {
	struct task_struct *task;
};

#pragma clang attribute pop

/* Which controllers there are, and so their numbers, is a matter of configuration. */
enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};

enum pageflags {
	PG_uptodate = 2,
	PG_head = 16,
	PG_swapbacked = 19,
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts: one per life of an mm. Found by the mm's life number, opened at the first slot a traced
 * process allocates, retired by the recorder when the mm is gone and nothing of it is live.
 */
#ifndef BPF_ACCOUNT_H
#define BPF_ACCOUNT_H

#include "bpf/target.bpf.h"

/* No account: the process is not traced. */
#define ACCOUNT_UNTRACED 0

static __always_inline void account_fill(struct ot_account *account, struct task_struct *task,
					 struct mm_struct *mm, __u64 life, __u32 flags)
{
	account->mm = (__u64)mm;
	account->life = life;
	account->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	account->frozen_ns = 0;
	account->cgroup = task_memory_cgroup(task);
	account->killed = 0;
	account->user_tid = BPF_CORE_READ(task, pid);
	account->scan = READ_ONCE(scan_number);
	account->cells = account->late_stacks = account->code_told = account->told = 0;
	account->code_salt = 0;
	account->author_life = account->author = account->inherited = 0;
	account->joined = !!(flags & OT_TARGET_JOINED);
	account->tgid = BPF_CORE_READ(task, tgid);
	account->pre_exec = !!(flags & OT_TARGET_PRE_EXEC);
	BPF_CORE_READ_INTO(&account->comm, task, group_leader, comm);
	WRITE_ONCE(account->in_use, OT_ACCOUNT_LIFE);
}

static __always_inline __u32 account_open(struct task_struct *task, struct mm_struct *mm,
					  __u64 life, __u32 flags)
{
	struct ot_account *account;
	__u32 number, *winner;

	seen_count(OT_SEEN_ACCOUNT, 1);
	if (no_room(OT_LOSS_ACCOUNT_FULL) || bpf_map_pop_elem(&free_accounts, &number)) {
		loss_count(OT_LOSS_ACCOUNT_FULL, 1);
		return OT_ACCOUNT_NOBODY;
	}
	account = bpf_map_lookup_elem(&accounts, &number);
	if (!account)
		return OT_ACCOUNT_NOBODY;
	account_fill(account, task, mm, life, flags);
	if (bpf_map_update_elem(&account_index, &life, &number, BPF_NOEXIST) == 0) {
		seen_count(OT_DONE_ACCOUNT, 1);
		return number;
	}

	/* Another thread of this mm was faster, or the index is full. */
	account->in_use = 0;
	bpf_map_push_elem(&free_accounts, &number, 0);
	winner = bpf_map_lookup_elem(&account_index, &life);
	if (winner) {
		seen_count(OT_DONE_ACCOUNT, 1);
		return *winner;
	}
	loss_count(OT_LOSS_ACCOUNT_FULL, 1);
	return OT_ACCOUNT_NOBODY;
}

/* The account of a life of an mm that `task` uses, opened when there is none. */
static __always_inline __u32 account_of_life(struct task_struct *task, struct mm_struct *mm,
					     __u64 life)
{
	__u32 *known = bpf_map_lookup_elem(&account_index, &life);
	__u32 flags;

	if (known)
		return *known;
	if (!target_flags(BPF_CORE_READ(task, tgid), &flags))
		return ACCOUNT_UNTRACED;
	return account_open(task, mm, life, flags);
}

/* The account `task`'s allocations belong to. */
static __always_inline __u32 account_of_task(struct task_struct *task, struct mm_struct *mm)
{
	return account_of_life(task, mm, mm_life(mm));
}

/*
 * From the moment the mm loses its last user its counters do not fall any more: what a process held
 * at its end is what it held before teardown. Asked at each close of a slot, because that is the
 * first thing a teardown does and no hook on all kernels comes before it.
 */
static __always_inline bool account_is_frozen(struct ot_account *account)
{
	struct mm_struct *mm = (struct mm_struct *)account->mm;

	if (account->frozen_ns)
		return true;
	/* An mm that was torn down without owning a slot may be somebody else's by now. */
	if (!mm || (mm_life(mm) == account->life && !mm_is_dying(mm)))
		return false;
	account->frozen_ns = bpf_ktime_get_ns();
	return true;
}

/* The account of a life, 0 for none. */
static __always_inline __u32 account_find(__u64 life)
{
	__u32 *number = bpf_map_lookup_elem(&account_index, &life);

	return number ? *number : 0;
}

/* From now on its counters do not fall: it was killed, and its memory will go any moment. */
static __always_inline void account_freeze(__u32 number)
{
	struct ot_account *account = bpf_map_lookup_elem(&accounts, &number);

	if (number <= OT_ACCOUNT_NOBODY || !account || account->frozen_ns)
		return;
	account->killed = 1;
	account->frozen_ns = bpf_ktime_get_ns();
}

#endif

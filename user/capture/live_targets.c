// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include "capture/adopt.h"
#include "capture/descendants.h"
#include "capture/procfs.h"
#include "capture/watch_state.h"

int live_find_targets(struct live *live, struct failure *ret_failure)
{
	const struct live_options *options = &live->options;

	if (options->argv)
		return targets_spawn(options->argv, &live->targets, ret_failure);
	if (options->pid_count)
		return targets_find(&live->root, options->pids, options->pid_count, &live->targets,
				    ret_failure);
	if (options->cgroup)
		return cgroup_open(&live->root, options->cgroup, &live->cgroup, ret_failure);
	return 0;
}

bool live_has_rule(const struct live *live)
{
	return live->options.comm || live->options.cgroup;
}

struct programs_rule live_rule(const struct live *live)
{
	return (struct programs_rule){
		.choice = live->options.comm     ? OT_CHOOSE_NAME
			  : live->options.cgroup ? OT_CHOOSE_CGROUP
						 : OT_CHOOSE_NOBODY,
		.flags = live->options.children ? OT_TARGET_FOLLOW : 0,
		.name = live->options.comm,
		.cgroup_id = live->cgroup.id,
		.cgroup_unified = live->cgroup.unified,
	};
}

int live_add_targets(struct live *live)
{
	uint32_t flags =
		live->options.argv ? OT_TARGET_FOLLOW | OT_TARGET_PRE_EXEC : OT_TARGET_JOINED;
	int error = 0;

	if (live->options.children)
		flags |= OT_TARGET_FOLLOW;
	for (size_t i = 0; i < live->targets.count && !error; i++)
		error = programs_add_target(live->programs, live->targets.items[i].pid, flags);
	return error;
}

/* --- what they had before ----------------------------------------------------------------- */

static void queue_start_memory(struct live *live, const struct life *life, uint32_t user_tid,
			       bool adopted)
{
	struct event event = {
		.type = EVENT_MEMORY,
		.memory = {.process = life->id, .when = MEMORY_START},
	};

	if (!adopted)
		event.memory.known |= MEMORY_BEFORE_BY_SUBTRACTION;
	if (live->adopted_first)
		event.memory.known |= MEMORY_JOINED;
	if (!procfs_memory(&live->root, user_tid, &event.memory))
		event_queue_push(&live->queue, &event);
}

static int adopt(struct live *live, struct life *life, uint32_t account)
{
	uint32_t user_tid = live->ledger.accounts[account].user_tid;
	int adopt_error = adopt_resident(&live->ledger, &live->root, account, user_tid);
	int error =
		live->options.mappings ? spaces_adopt(&live->spaces, account, RING_BUDGET_NS) : 0;

	/* One that has ended meanwhile is no reason to complain. */
	if (adopt_error && adopt_error != -ESRCH)
		live->adopt_error = adopt_error;
	life->adopted = true;
	lives_announce(&live->lives, life, false);
	queue_start_memory(live, life, user_tid, !adopt_error);
	return error;
}

int live_adopt(struct live *live)
{
	int error = programs_scan(live->programs);

	live->somebody_joined = false;
	for (uint32_t i = 0; i < live->ledger.account_count && !error; i++) {
		const struct ot_account *account = &live->ledger.accounts[i];
		struct life *life = account->joined ? lives_get(&live->lives, i) : NULL;

		if (life && !life->adopted)
			error = adopt(live, life, i);
	}
	return error;
}

static int add_descendant(uint32_t pid, void *context)
{
	struct live *live = context;

	return programs_add_target(live->programs, pid, OT_TARGET_FOLLOW | OT_TARGET_JOINED);
}

/*
 * Children that are there already. Looked for with the fork hook attached, and twice: a child that
 * is forked by one not yet known as a target during the first look is found by the second.
 */
static int add_descendants(struct live *live)
{
	int error = 0;

	for (size_t i = 0; i < 2 * live->targets.count && !error; i++)
		error = descendants_each(&live->root,
					 live->targets.items[i % live->targets.count].pid,
					 add_descendant, live);
	return error;
}

int live_adopt_first(struct live *live, struct failure *ret_failure)
{
	int error = 0;

	if (live->watch)
		return adopt_host_begin(&live->watch->adopting, live->programs, &live->ledger,
					&live->root);
	if (live->options.all || live->options.argv)
		return 0;
	if (live->options.children)
		error = add_descendants(live);
	if (!error)
		error = live_adopt(live);
	live->adopted_first = true;
	if (error) {
		*ret_failure = (struct failure){.kind = FAILURE_SYSTEM,
						.error = error,
						.where = "looking up the processes' memory"};
	} else if (targets_have_ended(&live->targets)) {
		error = -ESRCH;
		*ret_failure = (struct failure){.kind = FAILURE_NO_PROCESS,
						.error = error,
						.pid = live->targets.items[0].pid};
	}
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/lives_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/*
 * How long known mappings are trusted not to have grown: bounds the cost of unknown addresses. A
 * target with tens of thousands of mappings may make us busy for one part in REREAD_SHARE.
 */
#define REREAD_NS 1000000
#define REREAD_SHARE 20

struct lives_fork {
	uint32_t child_pid, parent_pid;
};

int lives_init(struct lives *lives, struct store *store, const struct sysroot *root,
	       const struct programs *programs, struct ledger *ledger, struct modules *modules,
	       struct event_queue *queue)
{
	*lives = (struct lives){.store = store,
				.root = root,
				.programs = programs,
				.ledger = ledger,
				.modules = modules,
				.queue = queue};
	lives->items = calloc(ledger->account_count, sizeof(*lives->items));
	lives->forks = calloc(LIVES_FORKS, sizeof(*lives->forks));
	lives->missing = calloc(ledger->account_count, sizeof(*lives->missing));
	lives->is_listed = calloc(ledger->account_count, sizeof(*lives->is_listed));
	return lives->items && lives->forks && lives->missing && lives->is_listed ? 0 : -ENOMEM;
}

static void life_release(struct life *life)
{
	mappings_release(&life->mappings);
	store_free(life->told);
	store_free(life->exe);
	store_free(life->argv);
	memset(life, 0, sizeof(*life));
}

void lives_forget(struct lives *lives, uint32_t account)
{
	struct life *life = &lives->items[account];
	const struct event event = {.type = EVENT_FORGOTTEN, .forgotten = {.process = life->id}};

	if (life->announced)
		event_queue_push(lives->queue, &event);
	life_release(life);
}

void lives_release(struct lives *lives)
{
	for (uint32_t i = 0; lives->items && i < lives->ledger->account_count; i++)
		life_release(&lives->items[i]);
	free(lives->items);
	free(lives->forks);
	free(lives->missing);
	free(lives->is_listed);
	lives->missing = NULL;
	lives->is_listed = NULL;
	lives->items = NULL;
	lives->forks = NULL;
}

void lives_forked(struct lives *lives, uint32_t child_pid, uint32_t parent_pid)
{
	lives->forks[lives->next_fork++ % LIVES_FORKS] = (struct lives_fork){child_pid, parent_pid};
}

static uint32_t parent_of(const struct lives *lives, uint32_t pid)
{
	for (uint32_t i = 1; i <= LIVES_FORKS; i++) {
		const struct lives_fork *fork = &lives->forks[(lives->next_fork - i) % LIVES_FORKS];

		if (fork->child_pid == pid)
			return fork->parent_pid;
	}
	return 0;
}

static char *read_exe(const struct lives *lives, uint32_t pid)
{
	char path[64], target[PROCFS_PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%u/exe", pid);
	len = readlinkat(lives->root->proc_fd, path, target, sizeof(target) - 1);
	if (len <= 0)
		return NULL;
	target[len] = '\0';
	return store_strdup(lives->store, target);
}

/* /proc shows start times to the clock tick, BPF to the nanosecond. */
static bool same_start(uint64_t a_ns, uint64_t b_ns)
{
	uint64_t tick_ns = UINT64_C(1000000000) / sysconf(_SC_CLK_TCK);

	return a_ns / tick_ns == b_ns / tick_ns;
}

/* A process may have megabytes of it. */
static void keep_argv(const struct lives *lives, struct life *life, uint32_t pid)
{
	char words[LIVES_ARGV_MAX];
	_cleanup_close_ int fd = procfs_open_fd(lives->root, pid, "cmdline", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, words, sizeof(words));

	if (len <= 0)
		return;
	life->argv = store_alloc(lives->store, len);
	if (!life->argv)
		return;
	memcpy(life->argv, words, len);
	life->argv_bytes = len;
	life->argv_cut = len == sizeof(words);
}

/* What /proc adds to what the account says, if it still is the same process. */
static void describe(const struct lives *lives, struct life *life, const struct ot_account *account)
{
	struct proc_status status;

	if (procfs_status(lives->root, account->tgid, &status))
		return;
	if (!same_start(status.start_time_ns, account->start_time_ns) || account->frozen_ns)
		return;
	life->process.parent_pid = status.parent_pid;
	memcpy(life->process.comm, status.comm, sizeof(life->process.comm));
	life->exe = read_exe(lives, account->tgid);
	life->process.exe = life->exe;
	if (lives->keep_argv)
		keep_argv(lives, life, account->tgid);
}

static void life_begin(struct lives *lives, struct life *life, const struct ot_account *account)
{
	life->id = ++lives->last_id;
	life->mm_life = account->life;
	life->hidden = account->pre_exec;
	life->process = (struct process_event){
		.id = life->id,
		.pid = account->tgid,
		.start_time_ns = account->start_time_ns,
		.target = lives->targets && targets_have(lives->targets, account->tgid),
	};
	memcpy(life->process.comm, account->comm, sizeof(life->process.comm));
	life->process.comm[sizeof(life->process.comm) - 1] = '\0';
	describe(lives, life, account);
}

struct life *lives_get(struct lives *lives, uint32_t number)
{
	const struct ot_account *account;
	struct life *life;

	if (number >= lives->ledger->account_count || number <= OT_ACCOUNT_NOBODY)
		return NULL;
	account = &lives->ledger->accounts[number];
	life = &lives->items[number];
	if (account->in_use != OT_ACCOUNT_LIFE)
		return NULL;
	if (life->id && life->mm_life != account->life)
		lives_forget(lives, number);
	if (!life->id)
		life_begin(lives, life, account);
	return life;
}

struct life *lives_known(struct lives *lives, uint32_t number)
{
	if (number >= lives->ledger->account_count || !lives->items[number].id)
		return NULL;
	return &lives->items[number];
}

void lives_announce(struct lives *lives, struct life *life, bool again)
{
	struct event event = {.type = EVENT_PROCESS, .process = life->process};

	if (life->announced && !again)
		return;
	life->announced = true;
	event_queue_push(lives->queue, &event);
}

bool lives_ended(const struct lives *lives, uint32_t number)
{
	const struct ot_account *account = &lives->ledger->accounts[number];

	return account->frozen_ns || programs_unused_at_scan(lives->programs, account);
}

bool lives_is_latest(const struct lives *lives, uint32_t number)
{
	const struct ot_account *accounts = lives->ledger->accounts;

	for (uint32_t i = 0; i < lives->ledger->account_count; i++)
		if (accounts[i].in_use && accounts[i].tgid == accounts[number].tgid &&
		    accounts[i].life > accounts[number].life)
			return false;
	return true;
}

/* The latest life of a process, among those that are known. 0: none. */
static uint32_t latest_of_pid(const struct lives *lives, uint32_t pid)
{
	uint32_t latest = 0;

	for (uint32_t i = 0; pid && i < lives->ledger->account_count; i++)
		if (lives->items[i].id && lives->items[i].process.pid == pid &&
		    (!latest || lives->items[i].id > lives->items[latest].id))
			latest = i;
	return latest;
}

/* For a child that is gone already: what its parent had mapped. */
static bool take_parents_mappings(struct lives *lives, struct life *life)
{
	uint32_t parent = latest_of_pid(lives, parent_of(lives, life->process.pid));
	struct mappings copy;

	if (!parent || life->mappings.count > 0 ||
	    mappings_copy(&lives->items[parent].mappings, lives->store, &copy))
		return false;
	life->process.parent_pid = lives->items[parent].process.pid;
	copy.read_ns = life->mappings.read_ns;
	mappings_release(&life->mappings);
	life->mappings = copy;
	return true;
}

void lives_told_release(struct life *life)
{
	store_free(TAKE_PTR(life->told));
	life->told_count = 0;
}

/* For a process that is gone already: what the walk saw of it. */
static bool take_told_mappings(struct lives *lives, struct life *life)
{
	int error;

	if (!life->told_count)
		return false;
	error = mappings_of_areas(&life->mappings, lives->store, lives->modules, life->told,
				  life->told_count);
	lives_told_release(life);
	return !error;
}

/*
 * Mappings are only the account's while its mm is: after an exec the same pid maps something else.
 * A frozen account's mm is on its way out already.
 */
static bool may_read(const struct life *life, const struct ot_account *account)
{
	return !__atomic_load_n(&account->frozen_ns, __ATOMIC_ACQUIRE) && !account->pre_exec &&
	       account->user_tid != life->foreign_tid;
}

static bool was_read_just_now(const struct life *life)
{
	uint64_t trusted_ns = REREAD_SHARE * life->reread_cost_ns;

	if (!life->mappings.read_ns)
		return false;
	if (trusted_ns < REREAD_NS)
		trusted_ns = REREAD_NS;
	return clock_monotonic_ns() - life->mappings.read_ns < trusted_ns;
}

bool lives_may_read(const struct lives *lives, uint32_t number)
{
	const struct ot_account *account = &lives->ledger->accounts[number];

	return account->in_use && may_read(&lives->items[number], account);
}

/* The mappings as /proc shows them, if it still shows those of the account. */
static int read_mappings(struct lives *lives, uint32_t number, struct mappings *ret_fresh)
{
	const struct ot_account *account = &lives->ledger->accounts[number];
	const struct life *life = &lives->items[number];
	int error = -ESRCH;

	if (may_read(life, account))
		error = mappings_read(ret_fresh, lives->store, lives->root, lives->modules,
				      account->user_tid);
	if (!error && !may_read(life, account)) {
		mappings_release(ret_fresh);
		error = -ESRCH;
	}
	return error;
}

void lives_tell_other_code(struct lives *lives, uint32_t number)
{
	if (lives->before_other_code)
		lives->before_other_code(lives->context, number);
}

bool lives_reread(struct lives *lives, uint32_t number)
{
	struct life *life = &lives->items[number];
	uint64_t start_ns = clock_monotonic_ns();
	struct mappings fresh = {0};

	/* what was told of a process that is gone costs no reading */
	if (was_read_just_now(life) && (!life->told_count || lives_may_read(lives, number)))
		return false;
	life->mappings.read_ns = start_ns;
	if (read_mappings(lives, number, &fresh)) {
		if (!take_told_mappings(lives, life))
			return take_parents_mappings(lives, life);
	} else {
		life->reread_cost_ns = clock_monotonic_ns() - start_ns;
		if (mappings_contradict(&life->mappings, &fresh, lives->modules))
			lives_tell_other_code(lives, number);
		lives_told_release(life);
		mappings_release(&life->mappings);
		life->mappings = fresh;
	}
	lives_publish_later(lives, life, false);
	return true;
}

bool lives_executed(struct lives *lives, uint32_t pid)
{
	bool shared = false;

	for (uint32_t i = 0; i < lives->ledger->account_count; i++) {
		const struct ot_account *account = &lives->ledger->accounts[i];
		struct life *life;

		if (!account->in_use || account->tgid != pid || account->frozen_ns)
			continue;
		life = lives_get(lives, i);
		if (!life)
			continue;
		if (lives_is_latest(lives, i)) {
			lives_reread(lives, i);
		} else {
			life->foreign_tid = account->user_tid;
			shared = true;
		}
	}
	return shared;
}

/*
 * A return address is looked up one byte back, within the call: the next instruction may already
 * belong to the next function.
 */
static bool resolve_known(const struct life *life, const __u64 *addresses, uint32_t count,
			  struct event_frame *ret_frames)
{
	bool all = true;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t address = addresses[i] - (i > 0 && addresses[i] > 0);

		if (mappings_find(&life->mappings, address, &ret_frames[i]))
			continue;
		ret_frames[i] = (struct event_frame){.module = 0, .offset = address};
		all = false;
	}
	return all;
}

void lives_resolve_known(struct lives *lives, uint32_t number, const __u64 *addresses,
			 uint32_t count, struct event_frame *ret_frames)
{
	const struct life *life = lives_known(lives, number);
	static const struct life unknown;

	resolve_known(life ? life : &unknown, addresses, count, ret_frames);
}

void lives_resolve(struct lives *lives, uint32_t number, const __u64 *addresses, uint32_t count,
		   struct event_frame *ret_frames)
{
	struct life *life = lives_get(lives, number);
	static const struct life unknown;

	if (!life) {
		resolve_known(&unknown, addresses, count, ret_frames);
		return;
	}
	if (!resolve_known(life, addresses, count, ret_frames) && lives_reread(lives, number))
		resolve_known(life, addresses, count, ret_frames);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/spaces.h"

#include <string.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "capture/procfs.h"

/* How often maps are read anew when the process changes them meanwhile. */
#define REREAD_TRIES 3

/*
 * Records taken in one go, whatever time there is: more than the ring has room for, so all that
 * were there. A process that maps as fast as they are taken ends no turn otherwise.
 */
#define RECORDS_PER_TURN 65536
/* What take_record() ends a turn with; libbpf hands it on. What waits is taken at the next one. */
#define TURN_IS_OVER (-EAGAIN)
/* A snapshot takes longer than a turn, but a space that never rests is not waited for. */
#define SETTLE_LOOK_NS UINT64_C(1000000000)

static void spaces_forget(struct spaces *spaces, uint32_t account)
{
	struct space *space = &spaces->items[account];

	intervals_release(&space->ranges);
	spaces->disowned += space->disowned;
	*space = (struct space){.life = 0};
}

static void space_begin(struct spaces *spaces, uint32_t account, uint32_t life)
{
	spaces_forget(spaces, account);
	spaces->items[account] = (struct space){
		.life = life,
		.lost_owner = account * OT_FIXED_COUNT + OT_FIXED_LOST,
	};
}

/*
 * The space of a record. A new one begins here: in exec, whose first records come without a stack,
 * what no record told of is the kernel's doing, too; otherwise it was there at the fork.
 */
static struct space *space_of(struct spaces *spaces, const struct ot_mapping_record *record)
{
	const struct life *life = lives_get(spaces->lives, record->account);
	uint32_t bare = record->account * OT_FIXED_COUNT + OT_FIXED_NO_STACK;
	struct space *space;

	if (!life)
		return NULL;
	space = &spaces->items[record->account];
	if (space->life == life->id)
		return space;
	space_begin(spaces, record->account, life->id);
	space->unseen_owner = record->cell == bare ? bare : SPACE_FORK;
	return space;
}

static bool time_is_over(const struct spaces *spaces)
{
	return clock_monotonic_ns() >= spaces->until_ns;
}

static int turn_state(struct spaces *spaces)
{
	bool over = ++spaces->records_this_turn == RECORDS_PER_TURN || time_is_over(spaces);

	return over ? TURN_IS_OVER : 0;
}

static int take_record(void *context, void *data, size_t bytes)
{
	const struct ot_mapping_record *record = data;
	struct spaces *spaces = context;
	struct space *space;

	spaces->taken++;
	if (bytes < sizeof(*record) || record->type != OT_RECORD_MAPPING ||
	    record->change < OT_MAPPING_STORED || record->change > OT_MAPPING_DONE)
		return 0;
	space = space_of(spaces, record);
	if (!space)
		return turn_state(spaces);
	space->records++;
	/* No memory for one more range: the next look at maps may do better. */
	if (space_apply(space, record))
		space->astray = true;
	return turn_state(spaces);
}

static int consume(struct spaces *spaces)
{
	int count;

	spaces->records_this_turn = 0;
	count = ring_buffer__consume(spaces->ring);
	return count < 0 ? count : 0;
}

int spaces_consume(struct spaces *spaces, uint64_t budget_ns)
{
	spaces->until_ns = clock_monotonic_ns() + budget_ns;
	return consume(spaces);
}

/* --- reading maps ----------------------------------------------------------------------------- */

static int add_range(const struct proc_mapping *mapping, void *context)
{
	/* A page of the kernel's that every process is shown; its size is in no total. */
	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	return intervals_set(context, mapping->start, mapping->end, 0);
}

/* Of a look at maps, whatever time others took before. */
static int consume_around(struct spaces *spaces)
{
	spaces->until_ns = clock_monotonic_ns() + spaces->look_ns;
	return consume(spaces);
}

/*
 * Reads maps while no record comes, so that all that came before is in them and nothing else is.
 * -EAGAIN: the process changed its mappings each time, or time is over.
 */
static int read_undisturbed(struct spaces *spaces, uint32_t account, struct intervals *ret_maps)
{
	struct space *space = &spaces->items[account];

	for (int tries = 0; tries < REREAD_TRIES; tries++) {
		uint64_t before;
		int error = consume_around(spaces);

		before = space->records;
		intervals_release(ret_maps);
		if (!error)
			error = procfs_each_mapping(spaces->root,
						    spaces->ledger->accounts[account].user_tid,
						    add_range, ret_maps);
		if (!error)
			error = consume_around(spaces);
		if (error == TURN_IS_OVER)
			continue;
		if (error || !lives_may_read(spaces->lives, account))
			return error ? error : -ESRCH;
		if (space->records == before)
			return 0;
	}
	return -EAGAIN;
}

/* Of whoever has more mappings than are told apart. */
static int reread_total(struct spaces *spaces, uint32_t account)
{
	struct space *space = &spaces->items[account];
	struct memory_event memory = {.known = 0};

	if (procfs_memory(spaces->root, spaces->ledger->accounts[account].user_tid, &memory) ||
	    !lives_may_read(spaces->lives, account))
		return 0;
	space->based = true;
	return space_only_total(space, memory.virtual_bytes);
}

static int space_reread(struct spaces *spaces, uint32_t account)
{
	_cleanup_(intervals_release) struct intervals maps = {0};
	struct space *space = &spaces->items[account];
	uint64_t before_bytes;
	int error = space->crowded ? -ENOSPC : read_undisturbed(spaces, account, &maps);

	if (error == -ENOSPC)
		return reread_total(spaces, account);
	if (error)
		return error == -ENOMEM ? error : 0;
	before_bytes = space->ranges.total_bytes;
	error = space_conform(space, &maps);
	if (error)
		return error;
	if (space->based) {
		spaces->rereads++;
		spaces->corrections += space->ranges.total_bytes != before_bytes;
	}
	space->based = true;
	space->astray = false;
	/* From here on the records tell of everything; what they do not was lost. */
	space->unseen_owner = space->lost_owner;
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

int spaces_init(struct spaces *spaces, const struct sysroot *root, struct ledger *ledger,
		struct lives *lives, int records_fd)
{
	*spaces = (struct spaces){.root = root, .ledger = ledger, .lives = lives};
	spaces->items = calloc(ledger->account_count, sizeof(*spaces->items));
	if (!spaces->items)
		return -ENOMEM;
	spaces->ring = ring_buffer__new(records_fd, take_record, spaces, NULL);
	return spaces->ring ? 0 : -errno;
}

void spaces_release(struct spaces *spaces)
{
	ring_buffer__free(spaces->ring);
	spaces->ring = NULL;
	for (uint32_t i = 0; spaces->items && i < spaces->ledger->account_count; i++)
		spaces_forget(spaces, i);
	free(spaces->items);
	spaces->items = NULL;
}

int spaces_fd(const struct spaces *spaces)
{
	return ring_buffer__epoll_fd(spaces->ring);
}

int spaces_adopt(struct spaces *spaces, uint32_t account, uint64_t budget_ns)
{
	const struct life *life = lives_get(spaces->lives, account);
	struct space *space = &spaces->items[account];

	if (!life)
		return 0;
	if (space->life != life->id)
		space_begin(spaces, account, life->id);
	space->unseen_owner = SPACE_BEFORE;
	spaces->look_ns = budget_ns;
	return space_reread(spaces, account);
}

static bool is_due(const struct spaces *spaces, uint32_t account, bool all)
{
	const struct space *space = &spaces->items[account];

	return space->life && (all || space->astray || !space->based) &&
	       lives_may_read(spaces->lives, account);
}

/*
 * An ended process is shown as it was at its end until its account is retired; nobody asks for it
 * from then on, and the next one in this account may be long in coming.
 */
static void forget_retired(struct spaces *spaces)
{
	for (uint32_t i = 0; i < spaces->ledger->account_count; i++)
		if (spaces->items[i].life && !spaces_get(spaces, i))
			spaces_forget(spaces, i);
}

int spaces_mend(struct spaces *spaces, uint64_t budget_ns)
{
	int error = spaces_consume(spaces, budget_ns);
	uint64_t until_ns = clock_monotonic_ns() + budget_ns;

	/* who maps faster than is taken keeps nobody else from being looked at */
	if (error == TURN_IS_OVER)
		error = 0;
	spaces->look_ns = budget_ns;
	forget_retired(spaces);
	for (size_t i = 0; i < spaces->ledger->account_count && !error; i++) {
		uint32_t account = spaces->next_mended;

		if (is_due(spaces, account, false))
			error = space_reread(spaces, account);
		/* Whoever is astray all the time has no more turns than others. */
		spaces->next_mended = (account + 1) % (uint32_t)spaces->ledger->account_count;
		if (clock_monotonic_ns() >= until_ns)
			break;
	}
	return error;
}

int spaces_settle(struct spaces *spaces, bool all)
{
	int error;

	/* all that is there: a snapshot is of one moment */
	spaces->until_ns = UINT64_MAX;
	spaces->look_ns = SETTLE_LOOK_NS;
	error = consume(spaces);
	if (error == TURN_IS_OVER)
		error = 0;
	for (uint32_t i = 0; i < spaces->ledger->account_count && !error; i++)
		if (is_due(spaces, i, all))
			error = space_reread(spaces, i);
	return error;
}

const struct space *spaces_get(const struct spaces *spaces, uint32_t account)
{
	const struct life *life = lives_known(spaces->lives, account);
	const struct space *space = &spaces->items[account];

	/* An account that was retired may be in use again. */
	return life && space->life == life->id ? space : NULL;
}

uint64_t spaces_disowned(const struct spaces *spaces)
{
	uint64_t disowned = spaces->disowned;

	for (uint32_t i = 0; i < spaces->ledger->account_count; i++)
		disowned += spaces->items[i].disowned;
	return disowned;
}

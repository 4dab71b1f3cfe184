// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/spaces.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/libbpf.h>

#include "capture/procfs.h"

/* How often maps are read anew when the process changes them meanwhile. */
#define REREAD_TRIES 3

/*
 * Records taken in one go. A process that maps as fast as they are taken must not keep the recorder
 * from everything else; what waits is taken at the next turn.
 */
#define RECORDS_PER_TURN 65536
/* What take_record() ends a turn with; libbpf hands it on. */
#define TURN_IS_OVER (-ECANCELED)

struct range {
	uint64_t start, end;
};

/* --- what a system call does to addresses
 * ----------------------------------------------------------- */

static struct range range_of(uint64_t start, uint64_t length)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t end = start + ((length + page - 1) & ~(page - 1));

	return end > start ? (struct range){start, end} : (struct range){0, 0};
}

/* What a mapping at a fixed address takes the place of, whatever was there. */
static struct range range_replaced(const struct ot_syscall *call)
{
	const __u64 *argument = call->arguments;

	if (call->number == SYS_mmap && argument[3] & MAP_FIXED)
		return range_of(argument[0], argument[1]);
	/* Of a move, what it adds; replace_moved() sees to the rest. */
	if (call->number == SYS_mremap && argument[3] & MREMAP_FIXED && argument[2] > argument[1])
		return (struct range){range_of(argument[4], argument[1]).end,
				      range_of(argument[4], argument[2]).end};
	return (struct range){0, 0};
}

/* Where a move to a fixed address goes. */
static struct range range_moved_to(const struct ot_syscall *call)
{
	const __u64 *argument = call->arguments;

	if (call->number == SYS_mremap && argument[3] & MREMAP_FIXED)
		return range_of(argument[4], argument[2]);
	return (struct range){0, 0};
}

/* What a call may have unmapped without a word, likeliest first. */
#define UNMAPPED_MAX 3

static size_t ranges_unmapped(const struct ot_syscall *call, struct range ranges[UNMAPPED_MAX])
{
	const __u64 *argument = call->arguments;
	size_t count = 0;

	if (call->number == SYS_munmap)
		ranges[count++] = range_of(argument[0], argument[1]);
	if (call->number == SYS_mremap && argument[2] < argument[1])
		ranges[count++] = (struct range){range_of(argument[0], argument[2]).end,
						 range_of(argument[0], argument[1]).end};
	if (call->number == SYS_mremap)
		ranges[count++] = range_of(argument[0], argument[1]);
	/* The new place is cleared first, and stays so when the call fails afterwards. */
	if (call->number == SYS_mremap)
		ranges[count++] = range_moved_to(call);
	return count;
}

/* --- records
 * ---------------------------------------------------------------------------------------- */

static struct range common(struct range a, struct range b)
{
	uint64_t start = a.start > b.start ? a.start : b.start;
	uint64_t end = a.end < b.end ? a.end : b.end;

	return start < end ? (struct range){start, end} : (struct range){0, 0};
}

/*
 * A move takes the place of what was there only where there is something to move: what lies behind
 * a hole of the old place stays (mremap of several mappings, 6.17).
 */
static int replace_moved(struct space *space, struct range stored, uint32_t owner,
			 const struct ot_syscall *call)
{
	struct range old = range_of(call->arguments[0], call->arguments[1]);
	struct range new = common(range_moved_to(call), stored);
	uint64_t distance = call->arguments[4] - call->arguments[0];
	int error = 0;

	old = common(old, (struct range){new.start - distance, new.end - distance});
	while (old.start < old.end && !error) {
		struct interval held = intervals_stretch(&space->ranges, old.start);
		struct range moved = common((struct range){held.start, held.end}, old);

		error = intervals_set(&space->ranges, moved.start + distance, moved.end + distance,
				      owner);
		old.start = held.end;
	}
	return error;
}

/*
 * A stored range may be larger than what is new in it: neighbours are joined, and whoever splits a
 * mapping stores its parts. So what is mapped already keeps its owner, unless the call says that it
 * was replaced.
 */
static int take_stored(struct space *space, const struct ot_mapping_record *record)
{
	struct range stored = {record->start, record->end};
	struct range replaced = common(range_replaced(&record->call), stored);
	int error;

	error = intervals_set(&space->ranges, replaced.start, replaced.end, record->cell);
	if (!error)
		error = replace_moved(space, stored, record->cell, &record->call);
	if (error)
		return error;
	return intervals_fill(&space->ranges, record->start, record->end, record->cell);
}

static int take_cleared(struct space *space, const struct ot_mapping_record *record)
{
	/* Above the last mapping a hole reaches to the end of addresses, whose successor is 0. */
	return intervals_clear(&space->ranges, record->start, record->end ?: UINT64_MAX);
}

/* What would be mapped without `range` is what the kernel says: so that is what was unmapped. */
static bool explains(const struct space *space, const struct range *range, uint64_t total_bytes)
{
	uint64_t covered = intervals_covered(&space->ranges, range->start, range->end);

	return space->ranges.total_bytes - covered == total_bytes;
}

static int take_done(struct space *space, const struct ot_mapping_record *record)
{
	uint64_t total_bytes = record->total_pages * sysconf(_SC_PAGESIZE);
	struct range ranges[UNMAPPED_MAX];
	size_t count = ranges_unmapped(&record->call, ranges);

	space->astray = space->ranges.total_bytes != total_bytes;
	for (size_t i = 0; i < count && space->astray; i++) {
		if (!explains(space, &ranges[i], total_bytes))
			continue;
		space->astray = false;
		return intervals_clear(&space->ranges, ranges[i].start, ranges[i].end);
	}
	return 0;
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
	spaces_forget(spaces, record->account);
	space->life = life->id;
	space->unseen_owner = record->cell == bare ? bare : SPACE_FORK;
	return space;
}

static int turn_state(struct spaces *spaces)
{
	return ++spaces->records_this_turn < RECORDS_PER_TURN ? 0 : TURN_IS_OVER;
}

static int take_record(void *context, void *data, size_t bytes)
{
	static int (*const by_change[])(struct space *, const struct ot_mapping_record *) = {
		[OT_MAPPING_STORED] = take_stored,
		[OT_MAPPING_CLEARED] = take_cleared,
		[OT_MAPPING_DONE] = take_done,
	};
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
	if (by_change[record->change](space, record))
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

int spaces_consume(struct spaces *spaces)
{
	int error = consume(spaces);

	return error == TURN_IS_OVER ? 0 : error;
}

/* --- reading maps
 * ----------------------------------------------------------------------------------- */

static int add_range(const struct proc_mapping *mapping, void *context)
{
	/* A page of the kernel's that every process is shown; its size is in no total. */
	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	return intervals_set(context, mapping->start, mapping->end, 0);
}

/* Makes `space` cover what `maps` does: what is new has the owner for such, what is gone is gone.
 */
static int space_conform(struct space *space, const struct intervals *maps)
{
	uint64_t gap_start = 0;
	int error;

	INTERVALS_EACH(mapped, maps) {
		error = intervals_clear(&space->ranges, gap_start, mapped->start);
		if (!error)
			error = intervals_fill(&space->ranges, mapped->start, mapped->end,
					       space->unseen_owner);
		if (error)
			return error;
		gap_start = mapped->end;
	}
	return intervals_clear(&space->ranges, gap_start, UINT64_MAX);
}

/*
 * Reads maps while no record comes, so that all that came before is in them and nothing else is.
 * -EAGAIN: the process changed its mappings each time.
 */
static int read_undisturbed(struct spaces *spaces, uint32_t account, struct intervals *ret_maps)
{
	struct space *space = &spaces->items[account];

	for (int tries = 0; tries < REREAD_TRIES; tries++) {
		uint64_t before;
		int error = consume(spaces);

		before = space->records;
		intervals_release(ret_maps);
		if (!error)
			error = procfs_each_mapping(spaces->root,
						    spaces->ledger->accounts[account].user_tid,
						    add_range, ret_maps);
		if (!error)
			error = consume(spaces);
		if (error == TURN_IS_OVER)
			continue;
		if (error || !lives_may_read(spaces->lives, account))
			return error ? error : -ESRCH;
		if (space->records == before)
			return 0;
	}
	return -EAGAIN;
}

static int space_reread(struct spaces *spaces, uint32_t account)
{
	_cleanup_(intervals_release) struct intervals maps = {0};
	struct space *space = &spaces->items[account];
	uint64_t before_bytes;
	int error = read_undisturbed(spaces, account, &maps);

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
	space->unseen_owner = account * OT_FIXED_COUNT + OT_FIXED_LOST;
	return 0;
}

/* --- all of them
 * ------------------------------------------------------------------------------------ */

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

int spaces_adopt(struct spaces *spaces, uint32_t account)
{
	const struct life *life = lives_get(spaces->lives, account);
	struct space *space = &spaces->items[account];

	if (!life)
		return 0;
	if (space->life != life->id)
		spaces_forget(spaces, account);
	space->life = life->id;
	space->unseen_owner = SPACE_BEFORE;
	return space_reread(spaces, account);
}

int spaces_settle(struct spaces *spaces, bool all)
{
	int error = spaces_consume(spaces);

	for (uint32_t i = 0; i < spaces->ledger->account_count && !error; i++) {
		const struct space *space = &spaces->items[i];

		if (space->life && (all || space->astray || !space->based) &&
		    lives_may_read(spaces->lives, i))
			error = space_reread(spaces, i);
	}
	return error;
}

const struct space *spaces_get(const struct spaces *spaces, uint32_t account)
{
	const struct life *life = lives_known(spaces->lives, account);
	const struct space *space = &spaces->items[account];

	/* An account that was retired may be in use again. */
	return life && space->life == life->id ? space : NULL;
}

void spaces_forget(struct spaces *spaces, uint32_t account)
{
	intervals_release(&spaces->items[account].ranges);
	spaces->items[account] = (struct space){.life = 0};
}

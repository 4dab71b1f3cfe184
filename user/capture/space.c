// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/space.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

struct range {
	uint64_t start, end;
};

/* --- what a system call does to addresses ----------------------------------------------------- */

/* An empty one begins where it should: mremap of a length of 0 makes a second mapping of the first.
 */
static struct range range_of(uint64_t start, uint64_t length)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t end = start + ((length + page - 1) & ~(page - 1));

	return (struct range){start, end > start ? end : start};
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

/* --- records ---------------------------------------------------------------------------------- */

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

/* --- too many ranges -------------------------------------------------------------------------- */

int space_only_total(struct space *space, uint64_t total_bytes)
{
	if (!space->crowded)
		space->disowned += space->ranges.count;
	intervals_release(&space->ranges);
	space->crowded = true;
	space->astray = false;
	return intervals_set(&space->ranges, 0, total_bytes, space->lost_owner);
}

static int take_crowded(struct space *space, const struct ot_mapping_record *record)
{
	space->disowned += record->change == OT_MAPPING_STORED;
	if (record->change != OT_MAPPING_DONE)
		return 0;
	return space_only_total(space, record->total_pages * sysconf(_SC_PAGESIZE));
}

/*
 * Whoever has what is forgotten: neighbours of several owners are one range then. What has as many
 * holes would be here again and again, and is only added up from now on.
 */
static int make_room(struct space *space)
{
	_cleanup_(intervals_release) struct intervals mapped = {0};
	struct interval next = intervals_stretch(&space->ranges, 0);
	int error = 0;

	for (; next.start < next.end && !error; next = intervals_stretch(&space->ranges, next.end))
		error = intervals_set(&mapped, next.start, next.end, space->lost_owner);
	if (error)
		return error;
	if (mapped.count > INTERVALS_MAX / 2)
		return space_only_total(space, mapped.total_bytes);
	space->disowned += space->ranges.count;
	intervals_release(&space->ranges);
	space->ranges = mapped;
	mapped = (struct intervals){0};
	return 0;
}

/* --- what is asked for ------------------------------------------------------------------------ */

static int apply(struct space *space, const struct ot_mapping_record *record)
{
	static int (*const by_change[])(struct space *, const struct ot_mapping_record *) = {
		[OT_MAPPING_STORED] = take_stored,
		[OT_MAPPING_CLEARED] = take_cleared,
		[OT_MAPPING_DONE] = take_done,
	};

	return space->crowded ? take_crowded(space, record)
			      : by_change[record->change](space, record);
}

int space_apply(struct space *space, const struct ot_mapping_record *record)
{
	int error = apply(space, record);

	if (error != -ENOSPC)
		return error;
	error = make_room(space);
	/* What a part of it has done already it does once more. */
	return error ? error : apply(space, record);
}

static int conform(struct space *space, const struct intervals *maps)
{
	uint64_t gap_start = 0;
	int error;

	if (space->crowded)
		return space_only_total(space, maps->total_bytes);

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

int space_conform(struct space *space, const struct intervals *maps)
{
	int error = conform(space, maps);

	if (error != -ENOSPC)
		return error;
	error = make_room(space);
	if (!error)
		error = conform(space, maps);
	/* what no record told of has an owner of its own: there may be too many all the same */
	return error == -ENOSPC ? space_only_total(space, maps->total_bytes) : error;
}

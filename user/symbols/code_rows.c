// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_rows.h"

#include <dwarf.h>
#include <errno.h>

#include "symbols/code_pointers.h"

#define WORD 8
/* What functions and loops begin at multiples of, and how much is filled up for it at most. */
#define ALIGNMENT_BYTES 8
#define PADDING_BYTES_MAX 16
#define GAPS_AT_FIRST 64
/* Code that keeps frame pointers has a function in each that many bytes which sets one up. */
#define FUNCTION_BYTES 1024
/* That is seen of so much of it. */
#define PEEK_BYTES (1u << 20)

/* push %rbp; mov %rsp,%rbp */
static const uint8_t frame_pointer[] = {0x55, 0x48, 0x89, 0xe5};
/* mov $15,%rax; syscall: rt_sigreturn, where handlers of signals return to */
static const uint8_t signal_return[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
/* What the kernel saved of the stack pointer, above that return address. */
static const uint8_t signal_frame[] = {DW_OP_breg7, 0xa0, 0x01, DW_OP_deref};

/* --- what there is to look at ----------------------------------------------------------------- */

static int ranges_grow(struct code_gaps *gaps)
{
	size_t capacity = gaps->capacity ? 2 * gaps->capacity : GAPS_AT_FIRST;
	struct code_range *ranges = reallocarray(gaps->ranges, capacity, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	gaps->ranges = ranges;
	gaps->capacity = capacity;
	return 0;
}

static int range_add(struct code_gaps *gaps, uint64_t start, uint64_t end)
{
	if (gaps->count == CODE_ROWS_GAPS_MAX)
		return 0;
	if (gaps->count == gaps->capacity && ranges_grow(gaps) < 0)
		return -ENOMEM;
	gaps->ranges[gaps->count++] = (struct code_range){start, end};
	gaps->bytes += end - start;
	if (end - start > gaps->largest.end - gaps->largest.start)
		gaps->largest = (struct code_range){start, end};
	if (end - start >= CODE_ROWS_PART_MIN)
		gaps->parts_bytes += end - start;
	return 0;
}

static int gap_add(struct code_gaps *gaps, uint64_t start, uint64_t end)
{
	int r = 0;

	for (size_t i = 0; i < gaps->source->count && r == 0; i++) {
		const struct code_range *section = &gaps->source->executable[i];
		uint64_t from = start > section->start ? start : section->start;
		uint64_t to = end < section->end ? end : section->end;

		if (from < to && to - from >= CODE_ROWS_GAP_MIN)
			r = range_add(gaps, from, to);
	}
	return r;
}

int code_gaps_cover(struct code_gaps *gaps, uint64_t start, uint64_t end)
{
	int r = 0;

	if (start > gaps->position && start - gaps->position >= CODE_ROWS_GAP_MIN)
		r = gap_add(gaps, gaps->position, start);
	if (end > gaps->position)
		gaps->position = end;
	return r;
}

void code_gaps_release(struct code_gaps *gaps)
{
	free(gaps->ranges);
}

static uint64_t count_frame_pointers(struct bytes bytes)
{
	uint64_t count = 0;
	const uint8_t *found;

	while ((found = memmem(bytes.at, bytes_left(&bytes), frame_pointer,
			       sizeof(frame_pointer)))) {
		bytes.at = found + sizeof(frame_pointer);
		count++;
	}
	return count;
}

/* What is there without call frame information was compiled by one and the same, mostly. */
static bool has_frame_pointers(const struct code_gaps *gaps)
{
	struct code_range range = gaps->largest;

	if (range.end - range.start > PEEK_BYTES)
		range.end = range.start + PEEK_BYTES;
	return count_frame_pointers(gaps->source->peek(gaps->source->context, &range)) *
		       FUNCTION_BYTES >
	       range.end - range.start;
}

/* --- what is told ----------------------------------------------------------------------------- */

static struct cfi_register rbp_of(const struct code_frame *frame)
{
	if (frame->flags & CODE_CALLERS)
		return (struct cfi_register){.how = CFI_SAME};
	if (frame->flags & CODE_SAVED)
		return (struct cfi_register){.how = CFI_AT_CFA, .offset = -(int64_t)frame->saved};
	return (struct cfi_register){.how = CFI_UNDEFINED};
}

/* Where RBP holds a frame, RSP is not asked: calls with arguments on the stack need no rules. */
static struct cfi_rule rule_of(const struct code_place *place)
{
	const struct code_frame *frame = &place->frame;
	struct cfi_rule rule = {
		.base = frame->flags & CODE_RBP ? CFI_RBP : CFI_RSP,
		.offset = frame->flags & CODE_RBP ? frame->rbp : frame->rsp,
		.rbp = rbp_of(frame),
		.return_address = {.how = CFI_AT_CFA, .offset = -WORD},
	};

	rule.broken = !place->understood || rule.offset < WORD;
	if (place->understood && (frame->flags & CODE_OUTERMOST)) {
		rule.broken = false;
		rule.return_address.how = CFI_UNDEFINED;
	}
	return rule;
}

struct telling {
	const struct code_image *image;
	const struct code_walk *walk;
	const struct cfi_listener *listener;
	uint64_t end; /* of the range */
};

static bool is_signal_return(const struct code_image *image, uint64_t address)
{
	struct bytes bytes = code_image_bytes(image, address);

	return bytes_left(&bytes) >= sizeof(signal_return) &&
	       memcmp(bytes.at, signal_return, sizeof(signal_return)) == 0;
}

/* What instructions fill up between functions is not run. */
static bool is_padding(uint64_t start, uint64_t end)
{
	return end - start < PADDING_BYTES_MAX && end % ALIGNMENT_BYTES == 0;
}

/* Where instructions that were walked to, one behind the other, end. */
static uint64_t run_end(const struct telling *telling, struct code_place place)
{
	uint64_t end = place.address + place.length;

	while (code_walk_next(telling->walk, end, telling->end, &place) &&
	       (place.address == end || is_padding(end, place.address)))
		end = place.address + place.length;
	return end;
}

static bool is_like(const struct code_place *a, const struct code_place *b)
{
	return a->length > 0 && a->understood == b->understood &&
	       code_frame_equals(&a->frame, &b->frame);
}

static int tell(const struct telling *telling, uint64_t address, const struct cfi_rule *rule)
{
	return telling->listener->rule(telling->listener->context, address, rule);
}

/* A handler of signals returns to its first byte, and is looked for one byte before. */
static int signal_return_tell(const struct telling *telling, uint64_t address)
{
	return tell(telling, address - 1,
		    &(struct cfi_rule){
			    .by_expression = true,
			    .expression = bytes_of(signal_frame, sizeof(signal_frame)),
			    .signal_frame = true,
		    });
}

/* The rules of a run from its first place to its end. */
static int run_rules_tell(const struct telling *telling, struct code_place place, uint64_t end)
{
	struct code_place last = {};
	uint64_t signal_end = 0;
	int r = 0;

	do {
		struct cfi_rule rule = rule_of(&place);

		if (is_signal_return(telling->image, place.address)) {
			r = signal_return_tell(telling, place.address);
			signal_end = place.address + sizeof(signal_return);
			last = (struct code_place){};
		} else if (place.address >= signal_end && !is_like(&last, &place)) {
			r = tell(telling, place.address, &rule);
			last = place;
		}
	} while (r == 0 &&
		 code_walk_next(telling->walk, place.address + place.length, end, &place));
	return r;
}

static int run_tell(const struct telling *telling, struct code_place place, uint64_t end)
{
	uint64_t start = place.address - is_signal_return(telling->image, place.address);
	int r = telling->listener->function(telling->listener->context, start, end);

	return r ? r : run_rules_tell(telling, place, end);
}

static int range_tell(const struct telling *telling, uint64_t start)
{
	struct code_place place = {.address = start};
	int r = 0;

	while (r == 0 && code_walk_next(telling->walk, place.address, telling->end, &place)) {
		uint64_t end = run_end(telling, place);

		r = run_tell(telling, place, end);
		place.address = end;
	}
	return r;
}

int code_rows_walk(const struct code_image *image, const struct code_range *ranges, size_t count,
		   struct code_walk **ret_walk)
{
	_cleanup_(code_walk_freep) struct code_walk *walk = NULL;
	int r = code_walk_new(image, ranges, count, &walk);

	if (r == 0)
		r = code_walk_add_entry(walk, image->entry);
	for (size_t i = 0; i < image->starts.count && r == 0; i++)
		r = code_walk_add_function(walk, image->starts.items[i]);
	for (size_t i = 0; i < image->dead_ends.count && r == 0; i++)
		r = code_walk_add_dead_end(walk, image->dead_ends.items[i]);
	if (r == 0)
		r = code_pointers_add(walk, image, ranges, count);
	if (r == 0)
		r = code_walk_run(walk);
	if (r == 0)
		*ret_walk = TAKE_PTR(walk);
	return r;
}

static int ranges_tell(const struct code_gaps *gaps, const struct code_image *image,
		       const struct cfi_listener *listener)
{
	_cleanup_(code_walk_freep) struct code_walk *walk = NULL;
	int r = 0;

	/* without, there are frame pointers to try */
	if (code_rows_walk(image, gaps->ranges, gaps->count, &walk) < 0)
		return 0;
	for (size_t i = 0; i < gaps->count && r == 0; i++)
		r = range_tell(&(struct telling){image, walk, listener, gaps->ranges[i].end},
			       gaps->ranges[i].start);
	return r;
}

int code_gaps_tell(const struct code_gaps *gaps, const struct cfi_listener *listener)
{
	_cleanup_(code_image_release) struct code_image image = {};
	int r;

	if (gaps->parts_bytes < CODE_ROWS_BYTES_MIN || gaps->bytes > CODE_WALK_BYTES_MAX ||
	    has_frame_pointers(gaps))
		return 0;
	r = gaps->source->load(gaps->source->context, &image);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return ranges_tell(gaps, &image, listener);
}

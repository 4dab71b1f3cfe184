// SPDX-License-Identifier: GPL-2.0-or-later
/* Growth through mappings: how pages come and go without an allocator. */
#include "victim.h"

static void grow_munmap(struct victim *victim)
{
	size_t quarter = victim->size_bytes / 4;

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	if (munmap(victim->memory + quarter, quarter))
		err(1, "munmap");
	victim_region("grow_munmap", "anon", getpid(), victim->memory, victim->size_bytes);
}

static void grow_dontneed(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	for (size_t offset = 0; offset < victim->size_bytes; offset += 4 * PAGE_BYTES)
		if (madvise(victim->memory + offset, PAGE_BYTES, MADV_DONTNEED))
			err(1, "madvise");
	victim_region("grow_dontneed", "anon", getpid(), victim->memory, victim->size_bytes);
}

/* Lazily freed pages stay until somebody reclaims: here, until PAGEOUT asks for it. */
static void grow_madv_free(struct victim *victim)
{
	size_t half = victim->size_bytes / 2;

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	if (madvise(victim->memory, half, MADV_FREE) || madvise(victim->memory, half, MADV_PAGEOUT))
		err(1, "madvise");
	victim_region("grow_madv_free", "anon", getpid(), victim->memory, victim->size_bytes);
}

VICTIM_SYSCALL_WRAPPER void populate(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
	victim_stay();
}

static void grow_populate(struct victim *victim)
{
	populate(victim);
	victim_region("grow_populate", "anon", getpid(), victim->memory, victim->size_bytes);
}

VICTIM_SYSCALL_WRAPPER void lock(struct victim *victim)
{
	if (mlock(victim->memory, victim->size_bytes))
		err(1, "mlock");
	victim_stay();
}

static void grow_mlock(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	lock(victim);
	victim_region("grow_mlock", "anon", getpid(), victim->memory, victim->size_bytes);
}

/* Unlocked by munmap alone, the last pages would lie in a batch of the processor for a while. */
static void shed_mlock(struct victim *victim)
{
	if (munlock(victim->memory, victim->size_bytes))
		err(1, "munlock");
	victim_unmap(victim);
}

VICTIM_SYSCALL_WRAPPER void read_zeroes(struct victim *victim)
{
	size_t done = 0;

	while (done < victim->size_bytes) {
		ssize_t count =
			read(victim->fds[0], victim->memory + done, victim->size_bytes - done);

		if (count <= 0)
			err(1, "/dev/zero");
		done += count;
	}
}

static void prepare_read(struct victim *victim)
{
	victim->fds[0] = open("/dev/zero", O_RDONLY);
}

/* The kernel itself takes the fault, while it copies. */
static void grow_read(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	read_zeroes(victim);
	victim_region("grow_read", "anon", getpid(), victim->memory, victim->size_bytes);
}

#define STACK_GROWTH_BYTES (4UL << 20)
#define STACK_UNTOUCHED_BYTES (256UL << 10)

static uintptr_t touch_stack(void)
{
	char frame[STACK_GROWTH_BYTES];
	uintptr_t address;

	victim_touch(frame, sizeof(frame));
	/* the address alone: nobody will look at what was there */
	__asm__("" : "=r"(address) : "0"(frame));
	return address;
}

/*
 * The pages stay when the functions have returned. What was on the stack before main is skipped:
 * from there on down, every page is touched with grow_stack as a caller, up to the return address
 * that the deepest call pushed, a little below the deepest frame.
 */
static void grow_stack(struct victim *victim)
{
	char untouched[STACK_UNTOUCHED_BYTES];
	uintptr_t top = (uintptr_t)untouched;
	uintptr_t lowest = touch_stack() - 4 * PAGE_BYTES;

	lowest &= ~(PAGE_BYTES - 1);
	top = (top + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	victim->memory = (char *)lowest;
	victim->memory_bytes = top - lowest;
	victim_region("grow_stack", "anon", getpid(), victim->memory, victim->memory_bytes);
}

/* The lowest pages were never touched, so the stack does not reach there: no error to us. */
static void shed_stack(struct victim *victim)
{
	if (madvise(victim->memory, victim->memory_bytes, MADV_DONTNEED) && errno != ENOMEM)
		err(1, "madvise");
}

/*
 * Many functions that hold as much as each other, all at once: their frames are disjoint, so what
 * sampling makes of one says nothing about the next.
 */
#define SHARE_FUNCTION(number)                                                         \
	static void grow_share_##number(char *memory, size_t bytes)                    \
	{                                                                              \
		victim_touch(memory, bytes);                                           \
		victim_region("grow_share_" #number, "anon", getpid(), memory, bytes); \
	}
/* clang-format off */
#define EACH_SHARE(apply) \
	apply(0) apply(1) apply(2) apply(3) apply(4) apply(5) apply(6) apply(7) \
	apply(8) apply(9) apply(10) apply(11) apply(12) apply(13) apply(14) apply(15) \
	apply(16) apply(17) apply(18) apply(19) apply(20) apply(21) apply(22) apply(23) \
	apply(24) apply(25) apply(26) apply(27) apply(28) apply(29) apply(30) apply(31)
/* clang-format on */
#define SHARE_ENTRY(number) grow_share_##number,

EACH_SHARE(SHARE_FUNCTION)

static void grow_shares(struct victim *victim)
{
	static void (*const shares[])(char *memory, size_t bytes) = {EACH_SHARE(SHARE_ENTRY)};
	size_t count = sizeof(shares) / sizeof(shares[0]);
	size_t bytes = victim->size_bytes / count;

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t i = 0; i < count; i++)
		shares[i](victim->memory + i * bytes, bytes);
}

static const struct victim_case cases[] = {
	{"munmap_part", NULL, grow_munmap, victim_unmap},
	{"dontneed", NULL, grow_dontneed, victim_unmap},
	{"madv_free", NULL, grow_madv_free, victim_unmap},
	{"populate", NULL, grow_populate, victim_unmap},
	{"mlock", NULL, grow_mlock, shed_mlock},
	{"read", prepare_read, grow_read, victim_unmap},
	{"shares", NULL, grow_shares, victim_unmap},
	{"stack", NULL, grow_stack, shed_stack},
};

VICTIM_MAIN(cases)

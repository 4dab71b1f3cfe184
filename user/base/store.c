// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Free pieces of like size are in one list, and a bit says which lists have any: a piece is found
 * by two looks at bits, and joined with its free neighbours as it is given back (the scheme is that
 * of TLSF, Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems", 2004).
 */
#include "base/store.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* All sizes are counted in units, which are what every piece is aligned to. */
#define UNIT_BYTES 16
#define BLOCK_UNITS ((256u << 10) / UNIT_BYTES)
/* Each power of two is cut into so many lists. */
#define STEPS_SHIFT 3
#define STEPS (1u << STEPS_SHIFT)
#define POWERS 28
/* A free piece that is as large as most of what is asked for. */
#define WORTH_UNITS (4096 / UNIT_BYTES)
#define UNITS_MAX (1u << 26)

/* Stands before each piece; its units include it. */
struct piece {
	struct store *store; /* NULL: it is malloc()'s */
	uint32_t units : 31; /* 0: the end of a block */
	uint32_t is_free : 1;
	uint32_t units_before; /* of the piece before it in its block; 0: it is the first */
	struct piece *links[]; /* of a free one: before and behind it in its list */
};
_Static_assert(sizeof(struct piece) == UNIT_BYTES, "what is handed out is aligned");

enum link { LINK_BEFORE, LINK_BEHIND };

/* A piece needs room for its links once it is free. */
#define LEAST_UNITS 2

struct block {
	struct block *next;
	size_t units; /* all of it */
};
_Static_assert(sizeof(struct block) == UNIT_BYTES, "pieces are aligned");

struct store {
	struct block *blocks;
	bool is_sealed, refuses_all;
	uint64_t refused;
	size_t spare_units;
	uint32_t powers;        /* bits: these have a list that is not empty */
	uint32_t steps[POWERS]; /* bits: these lists are not */
	struct piece *lists[POWERS][STEPS];
};

int store_new(struct store **ret_store)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	*ret_store = store;
	return 0;
}

void store_destroy(struct store *store)
{
	struct block *next;

	for (struct block *block = store->blocks; block; block = next) {
		next = block->next;
		munmap(block, block->units * UNIT_BYTES);
	}
	free(store);
}

/* --- lists -------------------------------------------------------------------------------- */

struct place {
	uint32_t power, step;
};

/* The list that a free piece of this size is in. */
static struct place place_of(uint32_t units)
{
	uint32_t power;

	if (units < STEPS)
		return (struct place){0, units};
	power = 31 - (uint32_t)__builtin_clz(units);
	return (struct place){power - STEPS_SHIFT + 1, (units >> (power - STEPS_SHIFT)) - STEPS};
}

/* The first list all of whose pieces are large enough. */
static struct place place_for(uint32_t units)
{
	uint32_t power;

	if (units < STEPS)
		return place_of(units);
	power = 31 - (uint32_t)__builtin_clz(units);
	return place_of(units + (1u << (power - STEPS_SHIFT)) - 1);
}

static void list_add(struct store *store, struct piece *piece)
{
	struct place place = place_of(piece->units);
	struct piece **first = &store->lists[place.power][place.step];

	piece->is_free = 1;
	piece->links[LINK_BEFORE] = NULL;
	piece->links[LINK_BEHIND] = *first;
	if (*first)
		(*first)->links[LINK_BEFORE] = piece;
	*first = piece;
	store->steps[place.power] |= 1u << place.step;
	store->powers |= 1u << place.power;
	store->spare_units += piece->units >= WORTH_UNITS ? piece->units : 0;
}

static void list_remove(struct store *store, struct piece *piece)
{
	struct place place = place_of(piece->units);
	struct piece **first = &store->lists[place.power][place.step];
	struct piece *before = piece->links[LINK_BEFORE], *behind = piece->links[LINK_BEHIND];

	piece->is_free = 0;
	if (before)
		before->links[LINK_BEHIND] = behind;
	else
		*first = behind;
	if (behind)
		behind->links[LINK_BEFORE] = before;
	if (!*first)
		store->steps[place.power] &= ~(1u << place.step);
	if (!store->steps[place.power])
		store->powers &= ~(1u << place.power);
	store->spare_units -= piece->units >= WORTH_UNITS ? piece->units : 0;
}

/* NULL: there is none. */
static struct piece *list_find(const struct store *store, uint32_t units)
{
	struct place place = place_for(units);
	uint32_t steps = store->steps[place.power] >> place.step << place.step;

	if (!steps) {
		uint32_t powers = store->powers & ~((2u << place.power) - 1);

		if (!powers)
			return NULL;
		place.power = (uint32_t)__builtin_ctz(powers);
		steps = store->steps[place.power];
	}
	return store->lists[place.power][__builtin_ctz(steps)];
}

/* --- pieces of a block -------------------------------------------------------------------- */

static struct piece *piece_behind(const struct piece *piece)
{
	return (struct piece *)((char *)piece + (size_t)piece->units * UNIT_BYTES);
}

static struct piece *piece_before(const struct piece *piece)
{
	return piece->units_before
		       ? (struct piece *)((char *)piece - (size_t)piece->units_before * UNIT_BYTES)
		       : NULL;
}

static void set_units(struct piece *piece, uint32_t units)
{
	piece->units = units;
	piece_behind(piece)->units_before = units;
}

/* Both are in no list. */
static void join(struct piece *piece, const struct piece *behind)
{
	set_units(piece, piece->units + behind->units);
}

/* Gives back what is in no list, with the free pieces around it. */
static void give_back(struct store *store, struct piece *piece)
{
	struct piece *behind = piece_behind(piece), *before = piece_before(piece);

	if (behind->units && behind->is_free) {
		list_remove(store, behind);
		join(piece, behind);
	}
	if (before && before->is_free) {
		list_remove(store, before);
		join(before, piece);
		piece = before;
	}
	list_add(store, piece);
}

/* Of a piece in no list: gives back what is more than `units`. */
static void cut(struct store *store, struct piece *piece, uint32_t units)
{
	uint32_t rest_units = piece->units - units;
	struct piece *rest;

	if (rest_units < LEAST_UNITS)
		return;
	set_units(piece, units);
	rest = piece_behind(piece);
	*rest = (struct piece){.store = store, .units_before = units};
	set_units(rest, rest_units);
	give_back(store, rest);
}

/* --- blocks ------------------------------------------------------------------------------- */

/* Its head, and the end that pieces stop at. */
#define BLOCK_OWN_UNITS 2

/* With a free piece of that many units. */
static int add_block(struct store *store, uint32_t piece_units)
{
	size_t units = piece_units + BLOCK_OWN_UNITS;
	struct block *block;
	struct piece *piece;

	units = (units + BLOCK_UNITS - 1) / BLOCK_UNITS * BLOCK_UNITS;
	block = mmap(NULL, units * UNIT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (block == MAP_FAILED)
		return -ENOMEM;
	/* so that its pages are there */
	explicit_bzero(block, units * UNIT_BYTES);
	*block = (struct block){store->blocks, units};
	store->blocks = block;
	piece = (struct piece *)(block + 1);
	piece->store = store;
	set_units(piece, (uint32_t)units - BLOCK_OWN_UNITS);
	list_add(store, piece);
	return 0;
}

static struct piece *only_piece(struct block *block)
{
	struct piece *piece = (struct piece *)(block + 1);

	return piece->is_free && !piece_behind(piece)->units ? piece : NULL;
}

static void drop_empty_blocks(struct store *store, size_t spare_units)
{
	struct block **place = &store->blocks, *block;

	while ((block = *place)) {
		struct piece *piece = only_piece(block);

		if (!piece || store->spare_units - piece->units < spare_units) {
			place = &block->next;
			continue;
		}
		list_remove(store, piece);
		*place = block->next;
		munmap(block, block->units * UNIT_BYTES);
	}
}

int store_fill(struct store *store, size_t spare_bytes)
{
	size_t spare_units = spare_bytes / UNIT_BYTES;
	int error = 0;

	if (store->is_sealed)
		return 0;
	while (!error && store->spare_units < spare_units)
		error = add_block(store, BLOCK_UNITS - BLOCK_OWN_UNITS);
	drop_empty_blocks(store, spare_units + spare_units / 2);
	return error;
}

size_t store_spare_bytes(const struct store *store)
{
	return store->spare_units * UNIT_BYTES;
}

bool store_can_spare(const struct store *store, size_t bytes)
{
	return !store || !store->is_sealed || store_spare_bytes(store) >= bytes;
}

void store_seal(struct store *store, bool sealed)
{
	store->is_sealed = sealed;
}

void store_refuse(struct store *store)
{
	store->refused++;
}

void store_refuse_all(struct store *store)
{
	store->refuses_all = true;
}

uint64_t store_refused(const struct store *store)
{
	return store->refused;
}

/* --- what is asked for -------------------------------------------------------------------- */

/* 0: too large. */
static uint32_t units_for(size_t bytes)
{
	size_t units = bytes / UNIT_BYTES + (bytes % UNIT_BYTES ? 1 : 0) + 1;

	if (units > UNITS_MAX)
		return 0;
	return units < LEAST_UNITS ? LEAST_UNITS : (uint32_t)units;
}

static struct piece *take(struct store *store, uint32_t units)
{
	bool refuses = store->is_sealed && store->refuses_all;
	struct piece *piece = refuses ? NULL : list_find(store, units);

	/* a list whose pieces are all large enough: they may be an eighth larger */
	if (!piece && !store->is_sealed && !add_block(store, units + units / STEPS + 1))
		piece = list_find(store, units);
	if (!piece) {
		store->refused += store->is_sealed;
		return NULL;
	}
	list_remove(store, piece);
	cut(store, piece, units);
	return piece;
}

static void *alloc_elsewhere(size_t bytes)
{
	struct piece *piece = bytes < SIZE_MAX / 2 ? malloc(sizeof(*piece) + bytes) : NULL;

	if (!piece)
		return NULL;
	piece->store = NULL;
	return piece + 1;
}

void *store_alloc(struct store *store, size_t bytes)
{
	uint32_t units = units_for(bytes);
	struct piece *piece;

	if (!store)
		return alloc_elsewhere(bytes);
	piece = units ? take(store, units) : NULL;
	return piece ? piece + 1 : NULL;
}

void *store_alloc_array(struct store *store, size_t count, size_t element_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, element_bytes, &bytes))
		return NULL;
	return store_alloc(store, bytes);
}

static void *resize_elsewhere(struct piece *piece, size_t bytes)
{
	piece = bytes < SIZE_MAX / 2 ? realloc(piece, sizeof(*piece) + bytes) : NULL;
	return piece ? piece + 1 : NULL;
}

/* Into a free piece behind it, if that is large enough. */
static bool grow_in_place(struct store *store, struct piece *piece, uint32_t units)
{
	struct piece *behind = piece_behind(piece);

	if (!behind->units || !behind->is_free || (uint32_t)(piece->units + behind->units) < units)
		return false;
	list_remove(store, behind);
	join(piece, behind);
	return true;
}

void *store_resize(struct store *store, void *memory, size_t count, size_t element_bytes)
{
	struct piece *piece = memory ? (struct piece *)memory - 1 : NULL;
	size_t bytes;
	uint32_t units;
	void *larger;

	if (__builtin_mul_overflow(count, element_bytes, &bytes))
		return NULL;
	if (!piece)
		return store_alloc(store, bytes);
	if (!piece->store)
		return resize_elsewhere(piece, bytes);
	units = units_for(bytes);
	if (units &&
	    ((uint32_t)piece->units >= units || grow_in_place(piece->store, piece, units))) {
		cut(piece->store, piece, units);
		return memory;
	}
	larger = store_alloc(piece->store, bytes);
	if (!larger)
		return NULL;
	memcpy(larger, memory, (piece->units - 1) * (size_t)UNIT_BYTES);
	store_free(memory);
	return larger;
}

char *store_strdup(struct store *store, const char *string)
{
	size_t bytes = strlen(string) + 1;
	char *copy = store_alloc(store, bytes);

	return copy ? memcpy(copy, string, bytes) : NULL;
}

void store_free(void *memory)
{
	struct piece *piece = memory ? (struct piece *)memory - 1 : NULL;

	if (!piece)
		return;
	if (piece->store)
		give_back(piece->store, piece);
	else
		free(piece);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/estimate.h"

uint64_t estimate_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum) || sum > ESTIMATE_MAX)
		return ESTIMATE_MAX;
	return sum;
}

int64_t estimate_add_signed(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum) || sum < -ESTIMATE_MAX)
		return b < 0 ? -ESTIMATE_MAX : ESTIMATE_MAX;
	return sum;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t product;

	if (__builtin_mul_overflow(a, b, &product) || product > ESTIMATE_MAX)
		return ESTIMATE_MAX;
	return product;
}

uint64_t estimate_bytes(const struct estimate *estimate, uint64_t slots)
{
	return multiply(slots, estimate->period_pages * estimate->page_size_bytes);
}

/* The square root, rounded up. */
static uint64_t root(uint64_t value)
{
	uint64_t low = 0, high = UINT32_MAX;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (middle * middle < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t estimate_error_bytes(const struct estimate *estimate, uint64_t slots)
{
	/* 2 * sqrt(slots) as sqrt(4 * slots), which keeps a digit more */
	uint64_t two_sigma_slots = root(multiply(4, slots));

	if (estimate->period_pages == 1)
		return 0;
	return estimate_bytes(estimate, two_sigma_slots + 1);
}

uint64_t estimate_changed_slots(uint64_t from_slots, uint64_t to_slots, uint64_t allocated_slots)
{
	uint64_t all = estimate_add(from_slots, to_slots);
	/* came + went = 2 * came - change, and came is at most what was allocated */
	uint64_t turnover = estimate_add(allocated_slots, allocated_slots);

	if (to_slots <= from_slots)
		turnover = estimate_add(turnover, from_slots - to_slots);
	else if (turnover >= to_slots - from_slots)
		turnover -= to_slots - from_slots;
	else
		return all; /* more came than was allocated: moved or inherited */
	return turnover < all ? turnover : all;
}

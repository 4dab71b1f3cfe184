/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A balance: what the ledger says has come, next to what the kernel says there was and is.
 *   before - released + ledger + remainder = now
 * Private to model/.
 */
#ifndef MODEL_BALANCE_H
#define MODEL_BALANCE_H

#include "model/estimate.h"
#include "model/growth.h"

/* The ledger's side. */
static inline void balance_count(struct growth_balance *balance, const struct estimate *estimate,
				 uint64_t from_slots, uint64_t to_slots)
{
	balance->ledger_bytes = (int64_t)estimate_bytes(estimate, to_slots) -
				(int64_t)estimate_bytes(estimate, from_slots);
	balance->error_bytes = estimate_error_bytes(estimate, estimate_add(from_slots, to_slots));
}

/* What the ledger knows to have gone of what was there before. After balance_close(). */
static inline void balance_release(struct growth_balance *balance, int64_t released_bytes)
{
	balance->released_known = true;
	balance->released_bytes = released_bytes;
	balance->remainder_bytes = estimate_add_signed(balance->remainder_bytes, released_bytes);
}

/* The kernel's side, where both moments are known, and what is left. */
static inline void balance_close(struct growth_balance *balance, uint64_t before_bytes,
				 uint64_t now_bytes)
{
	balance->known = true;
	balance->before_bytes = estimate_add(before_bytes, 0);
	balance->now_bytes = estimate_add(now_bytes, 0);
	balance->remainder_bytes =
		estimate_add_signed((int64_t)balance->now_bytes - (int64_t)balance->before_bytes,
				    -balance->ledger_bytes);
}

#endif

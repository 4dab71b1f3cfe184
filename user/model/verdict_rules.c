// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each rule measures one thing, says what it measured whether it fires or not, and why it did not.
 * Thresholds are shares of the limit that was hit.
 */
#include "model/verdict_rules.h"

const struct verdict_rule verdict_rules[] = {
	{VERDICT_RUNTIME_MISCONFIGURED,
	 "what the runtime was told, by its words and environment, against the limit",
	 "nothing was set wrong, the heap fits below the limit, or did not fill it",
	 verdict_ask_runtime},
	{VERDICT_TMPFS, "the share of the limit that is shmem and tmpfs", "it is below 40 %",
	 verdict_ask_tmpfs},
	{VERDICT_KERNEL_MEMORY, "the share of the limit that is kernel memory", "it is below 35 %",
	 verdict_ask_kernel},
	{VERDICT_PAGE_CACHE, "page cache that cannot be dropped: dirty, under writeback, or locked",
	 "page cache is below 40 % of the limit, or could have been reclaimed",
	 verdict_ask_page_cache},
	{VERDICT_NEIGHBOUR, "who took the last fifth of the limit",
	 "nobody else took half of it and three times as much as the victim",
	 verdict_ask_neighbour},
	{VERDICT_CRASH_LOOP, "lives of the same workload that were killed in a row",
	 "fewer than three were killed in a row, or each had lived for an hour", verdict_ask_loop},
	{VERDICT_SPIKE, "the time in which the last 40 % of the limit came",
	 "it is longer than a spike's, it was as large before, or rose as fast all the time",
	 verdict_ask_spike},
	{VERDICT_LEAK, "the trend of the victim's memory below the teeth of its garbage collector",
	 "it does not rise for good, for 20 seconds at least, by a fifth of the limit",
	 verdict_ask_leak},
	{VERDICT_LIMIT_TOO_SMALL, "what the victim usually held, against the limit",
	 "its memory was not steady for a minute, or below three quarters of the limit",
	 verdict_ask_limit},
};
const size_t verdict_rule_count = sizeof(verdict_rules) / sizeof(verdict_rules[0]);

// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/stack_ends.h"

static const struct {
	const char *name;
	const char *meaning;
	bool incomplete;
} ends[] = {
	[STACK_END_FRAME_POINTERS] = {"frame_pointers", "by frame pointers, nothing else is known",
				      false},
	[STACK_END_TRUNCATED] = {"truncated", "deeper than what is kept", false},
	[STACK_END_COMPLETE] = {"complete", "to the entry of the process or thread", false},
	[STACK_END_NOT_LOADED] = {"not_loaded", "through code that was mapped just before", true},
	[STACK_END_NO_DATA] = {"no_data", "at code without unwind data or frame pointers", true},
	[STACK_END_UNREADABLE] = {"unreadable", "at stack memory that could not be read", true},
	[STACK_END_UNSUPPORTED] = {"unsupported", "at unwind data that is not understood", true},
	[STACK_END_BROKEN] = {"broken", "where the stack pointer did not rise", true},
	[STACK_END_NOT_64_BIT] = {"not_64_bit", "of 32-bit programs, by frame pointers", false},
};
_Static_assert(sizeof(ends) / sizeof(ends[0]) == STACK_END_COUNT, "every end has a name");

const char *stack_end_name(enum stack_end end)
{
	return ends[end].name;
}

const char *stack_end_meaning(enum stack_end end)
{
	return ends[end].meaning;
}

bool stack_end_is_incomplete(enum stack_end end)
{
	return ends[end].incomplete;
}

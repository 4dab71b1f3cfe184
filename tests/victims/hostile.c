// SPDX-License-Identifier: GPL-2.0-or-later
/* A process whose name is an attack on whoever prints it: separators, newline, escapes, digits. */
#include "victim.h"

#include <sys/prctl.h>

static void take_hostile_name(struct victim *victim)
{
	(void)victim;
	prctl(PR_SET_NAME, "a;b\n\x1b[31mX 9");
}

static void grow_hostile(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	victim_region("grow_hostile", "anon", getpid(), victim->memory, victim->size_bytes);
}

static const struct victim_case cases[] = {
	{"name", take_hostile_name, grow_hostile, victim_unmap},
};

VICTIM_MAIN(cases)

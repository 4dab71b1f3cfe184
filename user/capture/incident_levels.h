/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chain of memory cgroups that a kill carries: arithmetic on its record, no files.
 */
#ifndef CAPTURE_INCIDENT_LEVELS_H
#define CAPTURE_INCIDENT_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/oomtrace.h"

#define INCIDENT_PATH_MAX (OT_KILL_LEVELS * (OT_KILL_NAME + 1) + 8)

/* The path of a level, the leaf is 0, as /proc/PID/cgroup shows it; begins "/.../" when cut. */
void incident_level_path(const struct ot_kill_record *record, uint32_t level,
			 char ret_path[INCIDENT_PATH_MAX]);

/* False: it has no limit. */
bool incident_level_has_limit(const struct ot_kill_level *level);

/*
 * The level whose limit was hit: the first on the way up that has no room for what is charged at
 * once, or else the only one that has a limit. level_count when there is none.
 */
uint32_t incident_level_fired(const struct ot_kill_record *record);

#endif

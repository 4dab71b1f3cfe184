/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the runtime of a container keeps what it was made of: files that it writes itself, as root,
 * on the host; no interface of any runtime is asked. They hold what whoever started the container
 * wrote, so nothing is read here: the file is opened while the container is there, and the names
 * child reads it (symbols/container_config.h). Allocates nothing: called at a kill.
 */
#ifndef CAPTURE_CONTAINER_STATE_H
#define CAPTURE_CONTAINER_STATE_H

#include "base/container_format.h"
#include "base/sysroot.h"
#include "capture/container.h"

/*
 * The first of the places of its runtime (all, where that cannot be told by the cgroup) that has a
 * file. A descriptor of a regular file, for reading, and its format; -ENOENT: there is none.
 */
int container_state_open(const struct sysroot *root, const struct place *place,
			 enum container_format *ret_format);

#endif

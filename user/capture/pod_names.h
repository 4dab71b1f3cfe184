/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pod and its container are called, by the directories where the kubelet keeps logs:
 *   /var/log/pods/NAMESPACE_POD_UID/CONTAINER/
 *   /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
 * Only names of entries are read, as many as POD_ENTRIES_MAX, and no link is followed; no interface
 * of any runtime is asked. Allocates nothing: called at a kill.
 */
#ifndef CAPTURE_POD_NAMES_H
#define CAPTURE_POD_NAMES_H

#include <limits.h>
#include <stdbool.h>

#include "base/sysroot.h"
#include "capture/container.h"

/* A node runs some hundred pods; each of their containers leaves a few names. */
#define POD_ENTRIES_MAX 8192

/* Empty: not found. Whoever can write to these directories chose them: hostile bytes. */
struct pod_names {
	char kube_namespace[NAME_MAX + 1];
	char pod[NAME_MAX + 1];
	char container[NAME_MAX + 1];
};

/* False: nothing was found. */
bool pod_names_find(const struct sysroot *root, const struct place *place,
		    struct pod_names *ret_names);

#endif

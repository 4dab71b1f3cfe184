/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which capabilities the recorder needs, what for, and which of them it has; and how one of its
 * processes that needs none gives them up.
 */
#ifndef CAPTURE_PRIVILEGES_H
#define CAPTURE_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

struct privilege {
	const char *name; /* "CAP_BPF" */
	const char *need; /* what it is for */
	bool required;
	const char *without; /* what is missing without it, when it is not required */
	int capability;      /* linux/capability.h */
	bool in_sys_admin;   /* CAP_SYS_ADMIN includes it */
};

extern const struct privilege privileges[];
extern const size_t privilege_count;

bool privilege_held(const struct privilege *privilege);

/* The name of the first required capability that is not held, or NULL. */
const char *privileges_missing(void);

/* Gives up all capabilities, and the way to any, for good. 0 or -errno. */
int privileges_drop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why capturing could not start, for the command to put into words. Capture itself says nothing.
 */
#ifndef CAPTURE_FAILURE_H
#define CAPTURE_FAILURE_H

#include <stdint.h>

enum failure_kind {
	FAILURE_NONE,
	FAILURE_SYSTEM,        /* what `error` says, in `where` */
	FAILURE_NO_PROCESS,    /* no such pid, or gone before it could be attached to */
	FAILURE_KERNEL_THREAD, /* it has no memory of its own */
	FAILURE_CAPABILITY,    /* `where` names the capability */
	FAILURE_NO_BTF,        /* the kernel does not describe itself */
	FAILURE_NO_GFP,        /* the values of the gfp flags are not known */
	FAILURE_NO_HOOK,       /* `where` names the tracepoint */
	FAILURE_LOAD,          /* the kernel refused the programs */
	FAILURE_LOCKDOWN,      /* it does so because it is locked down */
	FAILURE_CALIBRATION,   /* page frames could not be told from struct page pointers */
	FAILURE_PID_NAMESPACE, /* pids here are not the kernel's */
	FAILURE_NO_CGROUP,     /* no such directory, or none of a cgroup; `error` says which */
	FAILURE_OTHER_CGROUP,  /* a hierarchy that accounts for no memory, named by `where` */
	FAILURE_EXEC,          /* CMD could not be started; `error` says why */
	FAILURE_KIND_COUNT,
};

struct failure {
	enum failure_kind kind;
	int error;         /* -errno, 0 where it says nothing */
	const char *where; /* static string or NULL */
	uint32_t pid;      /* of which process; 0: of none */
};

#endif

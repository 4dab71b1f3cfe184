/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership that can be read inside one function: an owning local wears its destructor, and what
 * leaves the function is taken explicitly.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* DEFINE_CLEANUP(struct foo *, foo_free) makes _cleanup_(foo_freep) usable for a `struct foo *`. */
#define DEFINE_CLEANUP(type, function)              \
	static inline void function##p(type *value) \
	{                                           \
		if (*value)                         \
			function(*value);           \
	}

/* Hands a pointer out of an owning local. */
#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

/* Hands a descriptor out of an owning local. */
#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* Keeps errno, so that it may run on an error path. */
static inline void cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)

#endif

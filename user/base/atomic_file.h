/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A result file that is there whole or not at all. It is written under a temporary name in the
 * directory of the final one, and renamed when it is complete; a failure, a full disk included,
 * leaves what was there before. New files are readable by their owner only: a report names code
 * and processes.
 *
 * "-" is stdout. A name that already is something else than a regular file (a terminal, a pipe,
 * /dev/full) is written to directly, because renaming over it would replace the device.
 */
#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include <stdio.h>

#include "base/cleanup.h"

struct atomic_file;

/* 0, or -errno of what could not be opened or created. */
int atomic_file_open(const char *path, struct atomic_file **ret_file);

/* Borrowed: never fclose() it. */
FILE *atomic_file_stream(struct atomic_file *file);

/*
 * A second stream, which reads what was written until now. 0, -ESPIPE where nothing can be read
 * back (a pipe, a terminal), or -errno.
 */
int atomic_file_read_back(struct atomic_file *file, FILE **ret_stream);

/*
 * Flushes, syncs and gives the file its name; frees `file` in every case. 0, or -errno when any
 * write to the stream has failed, now or earlier: then nothing is left behind.
 */
int atomic_file_commit(struct atomic_file *file);

/* Gives up: nothing is left behind. */
void atomic_file_abort(struct atomic_file *file);
DEFINE_CLEANUP(struct atomic_file *, atomic_file_abort)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace file as a source of events. Trusts nothing in it: every length and every number that
 * indexes something is checked before an event leaves here, one record is in memory at a time, and
 * a file that is cut short, damaged or foreign yields the events before the damage and one error.
 * Called by `oomtrace report`, by tests and by the fuzzer.
 */
#ifndef CAPTURE_TRACE_READER_H
#define CAPTURE_TRACE_READER_H

#include <stdio.h>

#include "capture/source.h"

/*
 * Reads the file header from `stream`, which belongs to the source from then on; on failure it
 * stays with the caller. 0 or -errno, as below.
 */
int trace_reader_new(FILE *stream, struct source **ret_source);

/* How far into the file the events reach that were handed out. Of a source made by this. */
uint64_t trace_reader_bytes(const struct source *source);

/*
 * What the errors of trace_reader_new() and of the source's next() mean, as a clause for people:
 *   -EMEDIUMTYPE  not a trace file
 *   -EPROTONOSUPPORT  a trace file of a newer format
 *   -ENODATA   cut short: the trailer is missing
 *   -EBADMSG   damaged: a checksum, a length or a value is wrong
 * and strerror() for anything else.
 */
const char *trace_reader_strerror(int error);

#endif

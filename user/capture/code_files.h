/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose rows the kernel's walk finds whoever maps them, by key (struct ot_code_key): also for
 * a process that nobody has told the walk of yet.
 */
#ifndef CAPTURE_CODE_FILES_H
#define CAPTURE_CODE_FILES_H

#include "bpf/oomtrace.h"
#include "capture/unwind_tables.h"

/* Without parts: the file has no rows. What has too many, or finds no room, is not told. */
void code_files_tell(int map_fd, const struct ot_code_key *key, uint64_t text_offset,
		     const struct unwind_parts *parts);
void code_files_forget(int map_fd, const struct ot_code_key *key);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's walk tells files of code apart (struct ot_code_key), asked of the kernel itself:
 * what stat() says of a file is another thing where file systems are stacked. And the way back,
 * from what the walk saw of a process that is gone to its file. Reads no byte of any.
 */
#ifndef CAPTURE_CODE_KEYS_H
#define CAPTURE_CODE_KEYS_H

#include "base/buf.h"
#include "capture/programs.h"

/* 0 or -errno. */
int code_key_of_file(const struct programs *programs, int fd, struct ot_code_key *ret_key);

/*
 * The path of a file of code that was mapped, as somebody could type it now. Whoever opens it asks
 * for its key: it may be another one by now. Empty where it has none.
 */
void code_key_path(const struct programs *programs, const struct sysroot *root,
		   const struct ot_code_area *area, struct buf *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind rows of an ELF file: where its code and its call frame information are. Called by the
 * names child, which is where files are read.
 */
#ifndef SYMBOLS_IMAGE_UNWIND_H
#define SYMBOLS_IMAGE_UNWIND_H

#include "symbols/image.h"
#include "symbols/unwind_rows.h"

/* .eh_frame of the largest browser with all of its code in it has 40 MB. */
#define IMAGE_FRAMES_MAX (256u << 20)

/* -ENOEXEC without executable segments, or with more than 4 GiB of them. */
int image_text(struct image *image, struct unwind_text *ret_text);

/*
 * -ENODATA when there is no call frame information that can be used (frame pointers may work),
 * -ENOTSUP for other machines than x86-64, or those of unwind_rows_build().
 */
int image_unwind_rows(struct image *image, struct unwind_rows *ret_rows);

#endif

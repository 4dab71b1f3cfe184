/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that fill the page cache, largest first. Private to model/. */
#ifndef MODEL_GROWTH_FILES_H
#define MODEL_GROWTH_FILES_H

#include "model/growth_rows.h"

/* Keeps a file event of the snapshot that is being filled. 0 or -ENOMEM. */
int growth_file_add(struct known_snapshot *snapshot, const struct file_event *event);

/* Fills in the growth's files, where the recording has any. 0 or -ENOMEM. */
int growth_files_make(struct growth_draft *draft);

#endif

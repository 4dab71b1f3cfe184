/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells page frames from struct page pointers: pages of our own are faulted in, the pointer the
 * tracepoint shows for each is compared with the frame number pagemap shows. One comparison checks
 * the size of struct page, its alignment and the place of the array at once, on any memory model
 * with one array (SPARSEMEM_VMEMMAP); where they disagree the recorder refuses to count.
 */
#ifndef CAPTURE_CALIBRATE_H
#define CAPTURE_CALIBRATE_H

#include "base/sysroot.h"
#include "capture/programs.h"

/*
 * Sets page_array in the loaded programs. -EPERM when pagemap hides frame numbers (it takes
 * CAP_SYS_ADMIN), -EPROTO when pointers and frames do not fit together.
 */
int calibrate_frames(const struct sysroot *root, struct programs *programs);

#endif

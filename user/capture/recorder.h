/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps a resident recorder alive where memory runs out: it is not swapped out, and it is
 * killed last. Not -1000, for a task that cannot be killed, alone in a full cgroup, spins for ever.
 *
 * And what it needs at a kill is there already: an incident is made and written without malloc(),
 * and what records of the victim's last moments tell is kept in memory that was set aside for them,
 * touched and locked (base/store.h), which is filled up again where there is time.
 */
#ifndef CAPTURE_RECORDER_H
#define CAPTURE_RECORDER_H

#define RECORDER_OOM_SCORE_ADJ (-999)
/* Of what records tell: set aside for a kill. */
#define RECORDER_RESERVE_BYTES (2u << 20)
#define RECORDER_SPARE_BYTES (4u << 20)
#define RECORDER_PATIENCE_MS 100

struct recorder_protection {
	int lock_error; /* 0: its memory is locked; else -errno */
	int adj_error;  /* 0: oom_score_adj is set; else -errno */
};

/* Of the calling process. Children that are forked later inherit the second. */
struct recorder_protection recorder_protect(void);

/*
 * From here on what nobody reads any more cannot be written, as on a full disk, and ends nothing:
 * the reader of stderr may be gone long before there is something to say, and where memory has run
 * out it may well be there and not get to read: it is waited for in vain once, for
 * RECORDER_PATIENCE_MS.
 */
void recorder_outlive_readers(void);

/*
 * For who keeps no reserve: gives back what a busy moment took. It lies between what stays, where
 * free() leaves it to the process: in a day of builds half of the heap was of this kind.
 */
void recorder_trim(void);

#endif

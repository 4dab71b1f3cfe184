/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge: what the kernel says about memory, read without a line of oomtrace's code, so that a
 * mistake in one is not repeated in the other. Each function prints `KEY VALUE` lines, in pages
 * unless the key says otherwise, and returns an exit status.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES 4096UL

/* range PID ADDRESS BYTES: the frames behind a piece of address space, by pagemap, kpageflags. */
int judge_range(char **arguments);
/* frames PID ADDRESS BYTES: their numbers, one a line, to see which were moved. */
int judge_frames(char **arguments);
/* process PID: the frames behind all of it. */
int judge_process(char **arguments);
/* rollup PID: smaps_rollup, VmPTE and the totals of status. */
int judge_rollup(char **arguments);
/* file PATH: how much of it is in the page cache, by mincore. */
int judge_file(char **arguments);
/* memcg DIRECTORY: usage, anon, file, shmem and kernel memory of a cgroup, version 1 or 2. */
int judge_memcg(char **arguments);

/* Frames counted by what they are; each page of a mapping once. */
struct frame_counts {
	uint64_t present;
	uint64_t anon;
	uint64_t shmem;
	uint64_t file;
	uint64_t huge;      /* parts of a transparent huge page */
	uint64_t exclusive; /* mapped once */
	uint64_t compound;  /* frames of all compound pages reached, mapped or not, and of others */
	uint64_t last_head; /* not printed: the compound page that was counted last */
};

struct frame_files {
	int pagemap;
	int flags;  /* /proc/kpageflags */
	int counts; /* /proc/kpagecount */
};

void frames_open(struct frame_files *ret_files, const char *pid);
void frames_count(const struct frame_files *files, uint64_t address, uint64_t bytes,
		  struct frame_counts *counts);
/* The frame number behind each page that is present, one a line. */
void frames_list(const struct frame_files *files, uint64_t address, uint64_t bytes);
void frames_print(const struct frame_counts *counts);

#endif

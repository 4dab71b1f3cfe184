/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the kernel's log that have names in them, taken apart: pure functions on text, of which
 * every name may look like any other part. For kmsg_oom.c alone.
 */
#ifndef CAPTURE_KMSG_TEXT_H
#define CAPTURE_KMSG_TEXT_H

#include "capture/kmsg_oom.h"

/* The last one: whatever a name contains, it comes before. NULL: there is none. */
const char *kmsg_find_last(const char *text, const char *word);

/* Bytes that /dev/kmsg shows as "\x1b" become what they were. What does not fit is cut. */
void kmsg_unescape(char *to, size_t to_bytes, const char *text, size_t len_bytes);

/* "Memory cgroup out of memory: Killed process 1 (NAME) total-vm:…"; false: it is no such line. */
bool kmsg_kill_parse(const char *text, struct kmsg_kill *ret_kill);

/*
 * Finds the paths of a line "oom-kill:…,oom_memcg=PATH,task_memcg=PATH,task=NAME,pid=1,uid=0".
 * Where names leave more than one reading, both stay unknown; "Memory cgroup stats for PATH:", of
 * the same dump, has told the first where that was printed.
 */
void kmsg_paths(struct kmsg_dump *dump, const char *text);

/*
 * The nodes of a line "oom-kill:…,nodemask=0-1,cpuset=NAME,mems_allowed=0,…"; 0 where a name leaves
 * more than one reading.
 */
void kmsg_nodes(struct kmsg_dump *dump, const char *text);

#endif

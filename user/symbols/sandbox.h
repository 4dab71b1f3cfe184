/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up before it reads a file that an attacker wrote. Knows nothing of symbols.
 *
 * Afterwards the process is nobody, without capabilities, outside the terminal's reach and first
 * in line for the OOM killer; it holds one descriptor, may allocate memory, receive descriptors
 * through that one, read them and write to them, and can neither open, map, create, signal nor
 * execute anything. It dies with the thread that forked it.
 */
#ifndef SYMBOLS_SANDBOX_H
#define SYMBOLS_SANDBOX_H

#include <sys/types.h>

/* Whose ids it has afterwards, where it could change them: the kernel's overflow id. */
#define SANDBOX_USER 65534
/* The descriptor that is kept, as the process knows it from then on. */
#define SANDBOX_FD 3

/*
 * Locks the calling process in: to be called in a fresh fork with one thread and all signals
 * blocked. `fd` becomes SANDBOX_FD, everything else is closed; `parent` is the pid of the process
 * that forked. Returns 0, or -errno of the first lock that would not close; the process must
 * then not go on.
 */
int sandbox_enter(int fd, pid_t parent);

/*
 * The same for a process that is to talk to the network: it keeps its system calls and its working
 * directory, and has the limits and rights that are left of all others. It must not come near what
 * an attacker wrote on this host.
 */
int sandbox_enter_network(int fd, pid_t parent);

#endif

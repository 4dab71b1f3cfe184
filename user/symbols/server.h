/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names child: answers the requests of wire.h until its socket closes. The only place where
 * target files are parsed. Keeps nothing: a descriptor no longer than a request takes.
 */
#ifndef SYMBOLS_SERVER_H
#define SYMBOLS_SERVER_H

#include <sys/types.h>

/*
 * Locks the process in, says READY (or why not) and serves. To be called in a fresh fork, with
 * all signals blocked; `socket` is its end of the pair, `parent` the pid of the other end.
 */
_Noreturn void server_run(int socket, pid_t parent);

#endif

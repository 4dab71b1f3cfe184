/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child that asks debuginfod servers for debug files, where the user wants that: the only
 * process of ours that talks to the network. It reads nothing of the traced programs, has nobody's
 * rights, and is ended when it takes too long; libdebuginfod, with all that it needs, is loaded
 * here and nowhere else.
 */
#ifndef SYMBOLS_FETCH_SERVER_H
#define SYMBOLS_FETCH_SERVER_H

#include <sys/types.h>

/* Of one file, with its download; the recorder waits a little longer. */
#define FETCH_SECONDS 60

struct fetch_places {
	const char *urls; /* of servers, with spaces between them */
	int directory;    /* where libdebuginfod keeps what it fetched; writable for the child */
};

/*
 * Gives up its rights, says READY (-ELIBACC: there is no libdebuginfod) and serves. To be called in
 * a fresh fork, like server_run().
 */
_Noreturn void fetch_server_run(const struct fetch_places *places, int socket, pid_t parent);

#endif

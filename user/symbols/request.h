/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child's end of wire.h: one request in, one answer out. Knows how packets and their descriptors
 * come, not what they mean. Called by server.c and fetch_server.c.
 */
#ifndef SYMBOLS_REQUEST_H
#define SYMBOLS_REQUEST_H

#include <stdbool.h>

#include "symbols/wire.h"

struct request {
	struct names_request wire;
	size_t bytes; /* of the packet */
	int fds[NAMES_FDS_MAX];
	size_t fd_count;
};

/* Waits. False: the recorder closed its end, or is no recorder. */
bool request_receive(int socket, struct request *ret_request);
/* Closes what came with it. */
void request_release(struct request *request);

/* Ends the process when nobody is left to talk to. */
void answer_send(int socket, const struct request *request, struct names_answer *answer);

#endif

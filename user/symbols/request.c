// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The descriptors that came with a message. */
static void message_fds(struct msghdr *message, struct request *request)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	request->fd_count = 0;
	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
		return;
	request->fd_count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(request->fds, CMSG_DATA(control), request->fd_count * sizeof(int));
}

bool request_receive(int socket, struct request *ret_request)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(NAMES_FDS_MAX * sizeof(int))];
	struct iovec data = {&ret_request->wire, sizeof(ret_request->wire)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_LEN(NAMES_FDS_MAX * sizeof(int)),
	};
	ssize_t bytes = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

	if (bytes <= 0)
		return false;
	message_fds(&message, ret_request);
	ret_request->bytes = (size_t)bytes;
	return !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	       ret_request->bytes >= NAMES_REQUEST_HEADER;
}

void request_release(struct request *request)
{
	while (request->fd_count > 0)
		close(request->fds[--request->fd_count]);
}

void answer_send(int socket, const struct request *request, struct names_answer *answer)
{
	size_t bytes = NAMES_ANSWER_HEADER + answer->length;

	answer->module = request->wire.module;
	if (send(socket, answer, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		_exit(EXIT_FAILURE);
}

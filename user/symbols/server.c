// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/server.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "symbols/demangle.h"
#include "symbols/image.h"
#include "symbols/sandbox.h"
#include "symbols/wire.h"

struct module {
	struct segments segments;
	struct symbol_table *functions;
};

struct server {
	struct module *modules[NAMES_MODULES_MAX]; /* NULL: not loaded */
};

struct request {
	struct names_request wire;
	int fd; /* -1: none came along */
};

static_assert(IMAGE_BUILD_ID_MAX == NAMES_BUILD_ID_MAX, "the same build-id");

static void module_free(struct module *module)
{
	if (module->functions)
		symbol_table_free(module->functions);
	free(module);
}
DEFINE_CLEANUP(struct module *, module_free)

/* Nobody is left to talk to when this fails. */
static void answer_send(struct names_answer *answer, const struct request *request)
{
	size_t bytes = NAMES_ANSWER_HEADER + answer->length;

	answer->module = request->wire.module;
	if (send(SANDBOX_FD, answer, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		_exit(EXIT_FAILURE);
}

static int image_identify(int fd, struct names_answer *answer)
{
	_cleanup_(image_closep) struct image *image = NULL;
	int r;

	r = image_open(fd, &image);
	if (r == 0)
		answer->length = (uint32_t)image_build_id(image, (uint8_t *)answer->bytes);
	return r;
}

static void serve_identify(struct server *server, const struct request *request)
{
	struct names_answer answer = {.type = NAMES_IDENTITY};

	(void)server;
	answer.error = image_identify(request->fd, &answer);
	answer_send(&answer, request);
}

static int module_load(int fd, struct module **ret_module)
{
	_cleanup_(module_freep) struct module *module = calloc(1, sizeof(*module));
	_cleanup_(image_closep) struct image *image = NULL;
	int r;

	if (!module)
		return -ENOMEM;
	r = image_open(fd, &image);
	if (r == 0)
		r = image_segments(image, &module->segments);
	if (r == 0)
		r = image_functions(image, &module->functions);
	if (r == 0)
		*ret_module = TAKE_PTR(module);
	return r;
}

static void serve_load(struct server *server, const struct request *request)
{
	struct module **slot = &server->modules[request->wire.module];
	struct names_answer answer = {.type = NAMES_LOADED};

	if (!*slot)
		answer.error = module_load(request->fd, slot);
	answer_send(&answer, request);
}

static void module_name(const struct module *module, uint64_t offset, struct names_answer *answer)
{
	const char *symbol = NULL;
	uint64_t address;

	if (module && segments_address(&module->segments, offset, &address))
		symbol = symbol_table_find(module->functions, address);
	if (symbol)
		answer->length = (uint32_t)demangle(symbol, answer->bytes, sizeof(answer->bytes));
}

static void serve_name(struct server *server, const struct request *request)
{
	const struct module *module = server->modules[request->wire.module];

	for (uint32_t i = 0; i < request->wire.count; i++) {
		struct names_answer answer;

		/* the header only: most of the buffer is never sent */
		memset(&answer, 0, NAMES_ANSWER_HEADER);
		answer.type = NAMES_NAMED;
		answer.offset = request->wire.offsets[i];
		module_name(module, answer.offset, &answer);
		answer_send(&answer, request);
	}
}

static const struct {
	void (*serve)(struct server *server, const struct request *request);
	bool with_fd;
} services[] = {
	[NAMES_IDENTIFY] = {serve_identify, true},
	[NAMES_LOAD] = {serve_load, true},
	[NAMES_NAME] = {serve_name, false},
};

static bool request_is_valid(const struct request *request, size_t bytes)
{
	const struct names_request *wire = &request->wire;

	return bytes >= NAMES_REQUEST_HEADER && wire->type >= NAMES_IDENTIFY &&
	       wire->type <= NAMES_NAME && wire->module < NAMES_MODULES_MAX &&
	       wire->count <= NAMES_BATCH_MAX &&
	       bytes == NAMES_REQUEST_HEADER + wire->count * sizeof(*wire->offsets) &&
	       (request->fd >= 0) == services[wire->type].with_fd;
}

/* The descriptor that came with a message: there is room for one only. */
static int message_fd(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int fd;

	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
	    control->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

/* False: the recorder closed its end, or is no recorder. */
static bool request_receive(struct request *ret_request)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec data = {&ret_request->wire, sizeof(ret_request->wire)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t bytes = recvmsg(SANDBOX_FD, &message, MSG_CMSG_CLOEXEC);

	if (bytes <= 0)
		return false;
	ret_request->fd = message_fd(&message);
	return !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	       request_is_valid(ret_request, (size_t)bytes);
}

static void server_loop(struct server *server)
{
	struct request request;

	while (request_receive(&request)) {
		services[request.wire.type].serve(server, &request);
		cleanup_close(&request.fd);
	}
}

void server_run(int socket, pid_t parent)
{
	_cleanup_free_ struct server *server = calloc(1, sizeof(*server));
	struct names_answer ready = {.type = NAMES_READY};

	prctl(PR_SET_NAME, "oomtrace-names");
	ready.error = sandbox_enter(socket, parent);
	if (!server)
		ready.error = -ENOMEM;
	/* the socket may not have reached its place when the sandbox could not be entered */
	send(ready.error ? socket : SANDBOX_FD, &ready, NAMES_ANSWER_HEADER, MSG_NOSIGNAL);
	if (ready.error == 0)
		server_loop(server);
	_exit(ready.error ? EXIT_FAILURE : EXIT_SUCCESS);
}

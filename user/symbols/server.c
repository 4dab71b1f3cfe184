// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/server.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "symbols/child_heap.h"
#include "symbols/container_config.h"
#include "symbols/demangle.h"
#include "symbols/image_debug.h"
#include "symbols/module_writer.h"
#include "symbols/request.h"
#include "symbols/sandbox.h"
#include "symbols/server_lines.h"

static_assert(IMAGE_BUILD_ID_MAX == NAMES_BUILD_ID_MAX, "the same build-id");
static_assert(IMAGE_DEBUG_NAME_MAX == NAMES_DEBUG_NAME_MAX, "the same name");

/* A module file that took many times that to make. */
#define LARGE_BYTES (1 << 20)

static int image_identify(int fd, struct names_answer *answer)
{
	_cleanup_(image_closep) struct image *image = NULL;
	struct names_identity identity = {};
	struct image_debug_link link = {};
	int r;

	r = image_open(fd, &image);
	if (r < 0)
		return r;
	identity.build_id_bytes = (uint8_t)image_build_id(image, identity.build_id);
	if (image_debug_link(image, &link))
		memcpy(identity.debug_name, link.name, sizeof(identity.debug_name));
	answer->length = sizeof(identity);
	memcpy(answer->bytes, &identity, sizeof(identity));
	return 0;
}

static void serve_identify(const struct request *request)
{
	struct names_answer answer = {.type = NAMES_IDENTITY};

	answer.error = image_identify(request->fds[0], &answer);
	answer_send(SANDBOX_FD, request, &answer);
}

static void serve_build(const struct request *request)
{
	struct names_answer answer = {.type = NAMES_BUILT};
	const struct module_sources sources = {
		.fd = request->fds[0],
		.debug_fds = request->fds + 2,
		.debug_count = request->fd_count - 2,
	};

	answer.error = module_write(&sources, &request->wire.identity, request->fds[1]);
	answer_send(SANDBOX_FD, request, &answer);
	if (lseek(request->fds[1], 0, SEEK_CUR) > LARGE_BYTES)
		child_heap_rest();
}

static void serve_build_map(const struct request *request)
{
	struct names_answer answer = {.type = NAMES_BUILT};

	answer.error =
		module_write_perf_map(request->fds[0], &request->wire.identity, request->fds[1]);
	answer_send(SANDBOX_FD, request, &answer);
}

static void serve_demangle(const struct request *request)
{
	struct names_answer answer;
	char symbol[NAMES_SYMBOL_MAX + 1];

	/* the header only: most of the buffer is never sent */
	memset(&answer, 0, NAMES_ANSWER_HEADER);
	answer.type = NAMES_DEMANGLED;
	memcpy(symbol, request->wire.symbol, request->wire.length);
	symbol[request->wire.length] = '\0';
	answer.length = (uint32_t)demangle(symbol, answer.bytes, sizeof(answer.bytes));
	answer_send(SANDBOX_FD, request, &answer);
}

static void serve_open_lines(const struct request *request)
{
	struct names_answer answer = {.type = NAMES_LINES_OPENED};

	answer.error = server_lines_open(request->wire.module, request->fds[0], request->fds + 1,
					 request->fd_count - 1);
	answer_send(SANDBOX_FD, request, &answer);
}

static void serve_line(const struct request *request)
{
	struct names_answer answer;

	memset(&answer, 0, NAMES_ANSWER_HEADER);
	answer.type = NAMES_LINE_FOUND;
	server_line(request->wire.module, &request->wire.place, &answer);
	answer_send(SANDBOX_FD, request, &answer);
}

static void container_encode(const struct container_names *names, struct names_answer *answer)
{
	size_t image = strlen(names->image) + 1, name = strlen(names->name);

	memcpy(answer->bytes, names->image, image);
	memcpy(answer->bytes + image, names->name, name);
	answer->length = (uint32_t)(image + name);
}

static void serve_container(const struct request *request)
{
	const struct names_container *container = &request->wire.container;
	struct names_answer answer = {.type = NAMES_CONTAINER_NAMED};
	struct container_names names;
	char id[CONTAINER_ID_LEN + 1] = "";

	memcpy(id, container->id, CONTAINER_ID_LEN);
	answer.error = container_config_read(request->fds[0],
					     (enum container_format)container->format, id, &names);
	if (!answer.error)
		container_encode(&names, &answer);
	answer_send(SANDBOX_FD, request, &answer);
}

static const struct {
	void (*serve)(const struct request *request);
	size_t fds_min, fds_max;
	uint32_t length_min, length_max;
} services[] = {
	[NAMES_IDENTIFY] = {serve_identify, 1, 1, 0, 0},
	[NAMES_BUILD] = {serve_build, 2, NAMES_FDS_MAX, sizeof(struct module_identity),
			 sizeof(struct module_identity)},
	[NAMES_BUILD_MAP] = {serve_build_map, 2, 2, sizeof(struct module_identity),
			     sizeof(struct module_identity)},
	[NAMES_DEMANGLE] = {serve_demangle, 0, 0, 1, NAMES_SYMBOL_MAX},
	[NAMES_OPEN_LINES] = {serve_open_lines, 1, 1 + NAMES_DEBUG_FILES_MAX, 0, 0},
	[NAMES_LINE] = {serve_line, 0, 0, sizeof(struct names_place), sizeof(struct names_place)},
	[NAMES_CONTAINER] = {serve_container, 1, 1, sizeof(struct names_container),
			     sizeof(struct names_container)},
};

static bool request_is_valid(const struct request *request)
{
	const struct names_request *wire = &request->wire;

	return wire->type >= NAMES_IDENTIFY && wire->type <= NAMES_CONTAINER &&
	       wire->module < NAMES_MODULES_MAX &&
	       request->bytes == NAMES_REQUEST_HEADER + wire->length &&
	       wire->length >= services[wire->type].length_min &&
	       wire->length <= services[wire->type].length_max &&
	       request->fd_count >= services[wire->type].fds_min &&
	       request->fd_count <= services[wire->type].fds_max;
}

static void server_loop(void)
{
	struct request request;

	while (request_receive(SANDBOX_FD, &request) && request_is_valid(&request)) {
		services[request.wire.type].serve(&request);
		request_release(&request);
	}
}

void server_run(int socket, pid_t parent)
{
	struct names_answer ready = {.type = NAMES_READY};

	prctl(PR_SET_NAME, "oomtrace-names");
	container_config_prepare();
	ready.error = sandbox_enter(socket, parent);
	/* the socket may not have reached its place when the sandbox could not be entered */
	send(ready.error ? socket : SANDBOX_FD, &ready, NAMES_ANSWER_HEADER, MSG_NOSIGNAL);
	if (ready.error == 0) {
		child_heap_prepare();
		server_loop();
	}
	_exit(ready.error ? EXIT_FAILURE : EXIT_SUCCESS);
}

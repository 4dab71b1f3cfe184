// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/fetch_server.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "symbols/request.h"
#include "symbols/sandbox.h"

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)
/* Less than the child may write. */
#define FILE_BYTES_MAX 500000000
/* Seconds in which a server has to send 100 KB. */
#define PATIENCE_SECONDS 10

/* What is used of libdebuginfod, whose handle is nobody else's business. */
static struct {
	void *(*begin)(void);
	int (*find)(void *client, const unsigned char *build_id, int build_id_bytes, char **path);
	void *client;
} debuginfod;

/* Whatever the user has set for other programs: this one keeps to its directory and its time. */
static void environment_set(const struct fetch_places *places)
{
	static const char *const unwanted[] = {"DEBUGINFOD_PROGRESS", "DEBUGINFOD_VERBOSE",
					       "DEBUGINFOD_RETRY_LIMIT"};

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted); i++)
		unsetenv(unwanted[i]);
	setenv("DEBUGINFOD_URLS", places->urls, 1);
	setenv("DEBUGINFOD_CACHE_PATH", ".", 1);
	setenv("DEBUGINFOD_TIMEOUT", TEXT(PATIENCE_SECONDS), 1);
	setenv("DEBUGINFOD_MAXTIME", TEXT(FETCH_SECONDS), 1);
	setenv("DEBUGINFOD_MAXSIZE", TEXT(FILE_BYTES_MAX), 1);
}

static int library_load(void)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_NOW);

	if (!library)
		return -ELIBACC;
	*(void **)&debuginfod.begin = dlsym(library, "debuginfod_begin");
	*(void **)&debuginfod.find = dlsym(library, "debuginfod_find_debuginfo");
	if (!debuginfod.begin || !debuginfod.find)
		return -ELIBACC;
	debuginfod.client = debuginfod.begin();
	return debuginfod.client ? 0 : -ENOMEM;
}

/* Into a file of the recorder's own: of ours nobody else needs to know anything. */
static int file_copy(int from, int to)
{
	struct stat status;
	off_t at = 0;

	if (fstat(from, &status) < 0)
		return -errno;
	while (at < status.st_size) {
		ssize_t sent = sendfile(to, from, &at, (size_t)(status.st_size - at));

		if (sent <= 0)
			return sent < 0 ? -errno : -EIO;
	}
	return 0;
}

static int fetch(const struct module_identity *identity, int to)
{
	_cleanup_close_ int fd = debuginfod.find(debuginfod.client, identity->build_id,
						 (int)identity->build_id_bytes, NULL);

	return fd < 0 ? fd : file_copy(fd, to);
}

static bool is_fetch(const struct request *request)
{
	const struct names_request *wire = &request->wire;

	return wire->type == NAMES_FETCH && wire->length == sizeof(wire->identity) &&
	       request->bytes == NAMES_REQUEST_HEADER + wire->length && request->fd_count == 1 &&
	       wire->identity.build_id_bytes > 0 &&
	       wire->identity.build_id_bytes <= NAMES_BUILD_ID_MAX;
}

static void serve(void)
{
	struct request request;

	while (request_receive(SANDBOX_FD, &request) && is_fetch(&request)) {
		struct names_answer answer = {.type = NAMES_FETCHED};

		answer.error = fetch(&request.wire.identity, request.fds[0]);
		answer_send(SANDBOX_FD, &request, &answer);
		request_release(&request);
	}
}

void fetch_server_run(const struct fetch_places *places, int socket, pid_t parent)
{
	struct names_answer ready = {.type = NAMES_READY};
	bool entered;

	prctl(PR_SET_NAME, "oomtrace-fetch");
	environment_set(places);
	/* before it is closed with everything else */
	ready.error = fchdir(places->directory) < 0 ? -errno : 0;
	if (ready.error == 0)
		ready.error = sandbox_enter_network(socket, parent);
	entered = ready.error == 0;
	if (entered)
		ready.error = library_load();
	/* the socket may not have reached its place when the sandbox could not be entered */
	send(entered ? SANDBOX_FD : socket, &ready, NAMES_ANSWER_HEADER, MSG_NOSIGNAL);
	if (ready.error == 0)
		serve();
	_exit(ready.error ? EXIT_FAILURE : EXIT_SUCCESS);
}

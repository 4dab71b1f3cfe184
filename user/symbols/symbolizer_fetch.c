// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks debuginfod servers for debug files, where the user wants that; see symbolizer.h. */
#include "symbols/symbolizer_state.h"

#include "symbols/fetch_server.h"

/* The child keeps its time itself: this is for one that does not. */
#define FETCH_DEADLINE_MS ((FETCH_SECONDS + 10) * 1000)
/* Servers that cannot be reached stay so. */
#define FAILURES_MAX 3

static int fetcher_start(struct symbolizer *symbolizer, const char *urls)
{
	struct fetch_places places = {.urls = urls};
	_cleanup_close_ int directory = -1;

	if (!symbolizer->store)
		return -ENOENT;
	directory = module_store_open_fetched(symbolizer->store);
	if (directory < 0)
		return directory;
	places.directory = directory;
	return names_child_start_fetching(&symbolizer->fetcher, &places,
					  deadline_after(symbolizer->deadline_ms));
}

void fetch_open(struct symbolizer *symbolizer, const char *urls)
{
	symbolizer->fetcher = NAMES_CHILD_NONE;
	if (urls)
		symbolizer->fetch_error = fetcher_start(symbolizer, urls);
}

int symbolizer_fetch_error(const struct symbolizer *symbolizer)
{
	return symbolizer->fetch_error;
}

/* 0, or why `fd` was not filled: -ENOENT when no server has it. */
static int ask(struct symbolizer *symbolizer, uint32_t number, int fd)
{
	struct names_request request = {
		.type = NAMES_FETCH,
		.module = number,
		.length = sizeof(request.identity),
		.identity = symbolizer->modules[number].identity,
	};
	const struct names_meanwhile *meanwhile =
		symbolizer->meanwhile.fd >= 0 ? &symbolizer->meanwhile : NULL;
	struct names_answer answer;
	int r;

	r = names_child_send(&symbolizer->fetcher, &request, &fd, 1);
	if (r == 0)
		r = names_child_receive(&symbolizer->fetcher, deadline_after(FETCH_DEADLINE_MS),
					meanwhile, &answer);
	if (r == 0 && (answer.type != NAMES_FETCHED || answer.module != number))
		r = -EBADMSG;
	if (r == 0)
		return answer.error;
	names_child_end(&symbolizer->fetcher);
	return r;
}

/* The debug file of a module as a server has it, in a file without a name; or -errno. */
static int fetch(struct symbolizer *symbolizer, uint32_t number)
{
	struct symbolizer_losses *losses = &symbolizer->losses;
	_cleanup_close_ int fd = module_store_open_nameless(symbolizer->store);
	int r = fd < 0 ? fd : ask(symbolizer, number, fd);

	losses->files_fetched += r == 0;
	losses->fetches_failed += r < 0 && r != -ENOENT;
	if (losses->fetches_failed >= FAILURES_MAX)
		names_child_end(&symbolizer->fetcher);
	return r < 0 ? r : TAKE_FD(fd);
}

/* What an earlier run has fetched and read; for lines the file itself is needed again. */
static bool is_known(struct symbolizer *symbolizer, struct module *module)
{
	return !symbolizer->lines && !symbolizer->inlines && module_find(symbolizer, module);
}

static bool is_wanted(const struct symbolizer *symbolizer, const struct module *module)
{
	return symbolizer->fetcher.pidfd >= 0 && !module->asked_for && !module->perf_map &&
	       module->file && module->fd >= 0 && module->identity.build_id_bytes > 0 &&
	       !(module_file_header(module->file)->flags & MODULE_FILE_ALL_NAMES);
}

bool module_fetch(struct symbolizer *symbolizer, uint32_t number)
{
	struct module *module = &symbolizer->modules[number];
	const struct module_source before = module->identity.debug;
	int fd;

	if (!is_wanted(symbolizer, module))
		return false;
	module->asked_for = true;
	module->bare = TAKE_PTR(module->file);
	module->identity.debug = (struct module_source){.inode = MODULE_SOURCE_FETCHED};
	if (is_known(symbolizer, module))
		return false;
	fd = fetch(symbolizer, number);
	if (fd < 0) {
		module->identity.debug = before;
		module->file = TAKE_PTR(module->bare);
		return false;
	}
	module_drop_debug_files(module);
	module->debug_fds[module->debug_count++] = fd;
	return true;
}

bool module_unfetch(struct symbolizer *symbolizer, uint32_t number)
{
	struct module *module = &symbolizer->modules[number];

	if (!module->bare || module->file)
		return false;
	module->file = TAKE_PTR(module->bare);
	module->identity.debug = (struct module_source){};
	return true;
}

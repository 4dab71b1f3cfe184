// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer_state.h"

#include <fcntl.h>
#include <string.h>

static_assert(SYMBOLIZER_BUILD_ID_MAX == NAMES_BUILD_ID_MAX, "the same build-id");
static_assert(SYMBOLIZER_DEBUG_FILES_MAX == NAMES_DEBUG_FILES_MAX, "as many files");

int symbolizer_open(const struct symbolizer_places *places, struct symbolizer **ret_symbolizer)
{
	_cleanup_free_ struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	int r;

	if (!symbolizer)
		return -ENOMEM;
	symbolizer->lines = places->lines;
	symbolizer->inlines = places->inlines;
	symbolizer->keep_debug_files = places->keep_debug_files;
	symbolizer->deadline_ms = SYMBOLIZER_DEADLINE_MS;
	symbolizer->meanwhile.fd = -1;
	symbolizer->child_number = 1;
	r = names_child_start(&symbolizer->child, deadline_after(symbolizer->deadline_ms));
	if (r < 0)
		return r;
	/* files that cannot be kept are built again */
	if (places->cache)
		module_store_open(places->cache, MODULE_STORE_MAX_BYTES, &symbolizer->store);
	fetch_open(symbolizer, places->debuginfod_urls);
	*ret_symbolizer = TAKE_PTR(symbolizer);
	return 0;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	names_child_end(&symbolizer->child);
	names_child_end(&symbolizer->fetcher);
	for (size_t i = 0; i < symbolizer->module_count; i++) {
		cleanup_close(&symbolizer->modules[i].fd);
		module_drop_debug_files(&symbolizer->modules[i]);
		free(symbolizer->modules[i].debug_name);
		module_file_unmapp(&symbolizer->modules[i].file);
		module_file_unmapp(&symbolizer->modules[i].bare);
	}
	module_store_closep(&symbolizer->store);
	free(symbolizer->modules);
	free(symbolizer);
}

void symbolizer_set_deadline(struct symbolizer *symbolizer, unsigned int deadline_ms)
{
	symbolizer->deadline_ms = deadline_ms;
}

void symbolizer_set_meanwhile(struct symbolizer *symbolizer, int fd, void (*work)(void *context),
			      void *context)
{
	symbolizer->meanwhile = (struct names_meanwhile){fd, work, context};
}

void symbolizer_losses(const struct symbolizer *symbolizer, struct symbolizer_losses *ret_losses)
{
	*ret_losses = symbolizer->losses;
}

static int modules_grow(struct symbolizer *symbolizer, size_t count)
{
	struct module *modules;

	if (count <= symbolizer->module_count)
		return 0;
	modules = reallocarray(symbolizer->modules, count, sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	for (size_t i = symbolizer->module_count; i < count; i++)
		modules[i] = (struct module){.fd = -1};
	symbolizer->modules = modules;
	symbolizer->module_count = count;
	return 0;
}

/* Takes a duplicate of the file. */
static int module_add(struct symbolizer *symbolizer, uint32_t module, int fd, bool perf_map)
{
	int r, copy;

	if (module >= NAMES_MODULES_MAX)
		return -E2BIG;
	r = modules_grow(symbolizer, (size_t)module + 1);
	if (r < 0)
		return r;
	if (symbolizer->modules[module].added)
		return -EEXIST;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return -errno;
	symbolizer->modules[module] =
		(struct module){.added = true, .perf_map = perf_map, .fd = copy};
	return 0;
}

int symbolizer_add_perf_map(struct symbolizer *symbolizer, uint32_t module, int fd)
{
	return module_add(symbolizer, module, fd, true);
}

void symbolizer_refresh(struct symbolizer *symbolizer)
{
	symbolizer->round++;
}

int symbolizer_add_module(struct symbolizer *symbolizer, uint32_t module, int fd,
			  uint8_t ret_build_id[SYMBOLIZER_BUILD_ID_MAX], uint8_t *ret_build_id_len)
{
	int r = module_add(symbolizer, module, fd, false);

	if (r < 0)
		return r;
	do
		r = module_identify(symbolizer, module, ret_build_id, ret_build_id_len);
	while (r == -EAGAIN);
	return r;
}

int symbolizer_add_known(struct symbolizer *symbolizer, uint32_t number, const uint8_t *build_id,
			 uint8_t build_id_len)
{
	struct module *module;
	int r;

	if (number >= NAMES_MODULES_MAX)
		return -E2BIG;
	if (!build_id_len || build_id_len > NAMES_BUILD_ID_MAX)
		return -EINVAL;
	r = modules_grow(symbolizer, (size_t)number + 1);
	if (r < 0)
		return r;
	module = &symbolizer->modules[number];
	if (module->added)
		return -EEXIST;
	*module = (struct module){.added = true, .only_known = true, .fd = -1};
	module->identity.build_id_bytes = build_id_len;
	memcpy(module->identity.build_id, build_id, build_id_len);
	return 0;
}

uint8_t symbolizer_build_id(const struct symbolizer *symbolizer, uint32_t module,
			    uint8_t ret_build_id[SYMBOLIZER_BUILD_ID_MAX])
{
	const struct module_identity *identity;

	if (module >= symbolizer->module_count || !symbolizer->modules[module].added)
		return 0;
	identity = &symbolizer->modules[module].identity;
	memcpy(ret_build_id, identity->build_id, identity->build_id_bytes);
	return (uint8_t)identity->build_id_bytes;
}

static struct module *module_added(const struct symbolizer *symbolizer, uint32_t number)
{
	if (number >= symbolizer->module_count || !symbolizer->modules[number].added)
		return NULL;
	return &symbolizer->modules[number];
}

struct symbolizer_debug_names symbolizer_debug_names(const struct symbolizer *symbolizer,
						     uint32_t number)
{
	const struct module *module = module_added(symbolizer, number);

	if (!module)
		return (struct symbolizer_debug_names){};
	return (struct symbolizer_debug_names){
		.build_id = module->identity.build_id,
		.build_id_len = (uint8_t)module->identity.build_id_bytes,
		.file = module->debug_name,
	};
}

void symbolizer_add_debug_files(struct symbolizer *symbolizer, uint32_t number, const int *fds,
				size_t count)
{
	struct module *module = module_added(symbolizer, number);

	if (!module || module->file || module->debug_count > 0)
		return;
	for (size_t i = 0; i < count && i < SYMBOLIZER_DEBUG_FILES_MAX; i++) {
		int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (copy >= 0)
			module->debug_fds[module->debug_count++] = copy;
	}
	if (module->debug_count > 0)
		module_source_read(module->debug_fds[0], &module->identity.debug);
}

size_t symbolizer_debug_files(const struct symbolizer *symbolizer, uint32_t number,
			      int ret_fds[SYMBOLIZER_DEBUG_FILES_MAX])
{
	const struct module *module = module_added(symbolizer, number);

	if (!module)
		return 0;
	memcpy(ret_fds, module->debug_fds, module->debug_count * sizeof(*ret_fds));
	return module->debug_count;
}

static bool is_mangled(const char *symbol)
{
	return strncmp(symbol, "_Z", 2) == 0 || strncmp(symbol, "_R", 2) == 0;
}

/* Asks the child. The name is in ret_answer. */
static int symbol_demangle(struct symbolizer *symbolizer, uint32_t module, const char *symbol,
			   uint64_t deadline_ns, struct names_answer *ret_answer)
{
	struct names_request request = {.type = NAMES_DEMANGLE, .module = module};
	int r;

	request.length = (uint32_t)strnlen(symbol, sizeof(request.symbol));
	memcpy(request.symbol, symbol, request.length);
	r = child_ensure(symbolizer, deadline_ns);
	if (r == 0)
		r = child_ask(symbolizer, &request, NULL, 0, NAMES_DEMANGLED, deadline_ns,
			      ret_answer);
	if (r < 0)
		return r;
	if (ret_answer->error < 0 || ret_answer->length == 0 ||
	    memchr(ret_answer->bytes, '\0', ret_answer->length))
		return module_blame(symbolizer, module, -EBADMSG);
	ret_answer->bytes[ret_answer->length] = '\0';
	return 0;
}

/* What fits; the dots say that there was more. */
static void name_copy(const char *symbol, char ret_name[NAMES_NAME_MAX])
{
	if (snprintf(ret_name, NAMES_NAME_MAX, "%s", symbol) >= NAMES_NAME_MAX)
		memcpy(ret_name + NAMES_NAME_MAX - sizeof("..."), "...", sizeof("..."));
}

static int offset_name(struct symbolizer *symbolizer, uint32_t module, uint64_t offset,
		       uint64_t deadline_ns, symbolizer_name_fn fn, void *context)
{
	const char *symbol = module_file_symbol(symbolizer->modules[module].file, offset);
	struct names_answer answer;
	int r;

	if (!symbol) {
		fn(context, module, offset, NULL);
		return 0;
	}
	if (is_mangled(symbol)) {
		r = symbol_demangle(symbolizer, module, symbol, deadline_ns, &answer);
		if (r < 0)
			return r;
	} else {
		name_copy(symbol, answer.bytes);
	}
	fn(context, module, offset, answer.bytes);
	return 0;
}

/* With all the names that can be had. */
static int named_ensure(struct symbolizer *symbolizer, uint32_t module, uint64_t *deadline_ns)
{
	int r = module_ensure(symbolizer, module, *deadline_ns);

	if (r == 0 && module_fetch(symbolizer, module)) {
		*deadline_ns = deadline_after(symbolizer->deadline_ms);
		r = module_ensure(symbolizer, module, *deadline_ns);
	}
	return r < 0 && r != -EAGAIN && r != -ENOENT && module_unfetch(symbolizer, module) ? 0 : r;
}

static int offsets_name(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
			size_t count, symbolizer_name_fn fn, void *context, size_t *named)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	int r;

	r = named_ensure(symbolizer, module, &deadline_ns);
	while (r == 0 && *named < count) {
		r = offset_name(symbolizer, module, offsets[*named], deadline_ns, fn, context);
		*named += r == 0;
	}
	return r;
}

int symbolizer_name(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
		    size_t count, symbolizer_name_fn fn, void *context)
{
	size_t named = 0;
	int r;

	do
		r = offsets_name(symbolizer, module, offsets, count, fn, context, &named);
	while (r == -EAGAIN);
	for (; named < count; named++)
		fn(context, module, offsets[named], NULL);
	return r;
}

int symbolizer_rows(struct symbolizer *symbolizer, uint32_t module, struct module_rows *ret_rows)
{
	int r;

	do
		r = module_ensure(symbolizer, module, deadline_after(symbolizer->deadline_ms));
	while (r == -EAGAIN);
	if (r == 0)
		*ret_rows = module_file_rows(symbolizer->modules[module].file);
	return r;
}

void symbolizer_rest(const struct symbolizer *symbolizer, uint32_t module)
{
	if (module < symbolizer->module_count && symbolizer->modules[module].file)
		module_file_rest(symbolizer->modules[module].file);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "symbols/module_store.h"
#include "symbols/names_child.h"

#define NS_PER_S 1000000000ull
/* From here on the child cannot change what it has written. */
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct module {
	bool added;
	int fd;                   /* -1: was read, or has no names */
	struct module_file *file; /* NULL: not read yet, or has no names */
	struct module_identity identity;
	bool suspected; /* a child died while it worked on it, once */
};

struct symbolizer {
	struct module_store *store; /* NULL: none */
	const char *debug;
	struct names_child child;
	uint32_t child_number; /* of the running child, or the last one; from 1 */
	unsigned int deadline_ms;
	struct names_meanwhile meanwhile; /* fd -1: none */
	struct module *modules;           /* by number */
	size_t module_count;
	struct symbolizer_losses losses;
};

static_assert(SYMBOLIZER_BUILD_ID_MAX == NAMES_BUILD_ID_MAX, "the same build-id");

int symbolizer_open(const struct symbolizer_places *places, struct symbolizer **ret_symbolizer)
{
	_cleanup_free_ struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	int r;

	if (!symbolizer)
		return -ENOMEM;
	symbolizer->debug = places->debug;
	symbolizer->deadline_ms = SYMBOLIZER_DEADLINE_MS;
	symbolizer->meanwhile.fd = -1;
	symbolizer->child_number = 1;
	r = names_child_start(&symbolizer->child, deadline_after(symbolizer->deadline_ms));
	if (r < 0)
		return r;
	/* files that cannot be kept are built again */
	if (places->cache)
		module_store_open(places->cache, MODULE_STORE_MAX_BYTES, &symbolizer->store);
	*ret_symbolizer = TAKE_PTR(symbolizer);
	return 0;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	names_child_end(&symbolizer->child);
	for (size_t i = 0; i < symbolizer->module_count; i++) {
		cleanup_close(&symbolizer->modules[i].fd);
		module_file_unmapp(&symbolizer->modules[i].file);
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

static const struct names_meanwhile *meanwhile_of(const struct symbolizer *symbolizer)
{
	return symbolizer->meanwhile.fd >= 0 ? &symbolizer->meanwhile : NULL;
}

void symbolizer_losses(const struct symbolizer *symbolizer, struct symbolizer_losses *ret_losses)
{
	*ret_losses = symbolizer->losses;
}

static void module_drop(struct module *module)
{
	cleanup_close(&module->fd);
	module->fd = -1;
}

/* It gets no names, even if it had some: what it makes of the child it would do again. */
static void module_give_up(struct module *module)
{
	module_drop(module);
	module_file_unmapp(&module->file);
	module->file = NULL;
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

/* Ends the child that is, or was, running and says why. */
static void child_lost(struct symbolizer *symbolizer, int error)
{
	struct symbolizer_losses *losses = &symbolizer->losses;

	names_child_end(&symbolizer->child);
	if (error == -ETIMEDOUT)
		losses->children_hung++;
	else if (error == -EBADMSG)
		losses->children_lied++;
	else
		losses->children_died++;
	losses->stopped = symbolizer->child_number >= SYMBOLIZER_CHILDREN_MAX;
}

/* A child that has ended while it had nothing to do is no module's fault. */
static int child_ensure(struct symbolizer *symbolizer, uint64_t deadline_ns)
{
	int r;

	if (names_child_is_running(&symbolizer->child))
		return 0;
	if (symbolizer->child.pidfd >= 0)
		child_lost(symbolizer, -ECONNRESET);
	if (symbolizer->losses.stopped)
		return -ENOTCONN;
	symbolizer->child_number++;
	r = names_child_start(&symbolizer->child, deadline_ns);
	if (r < 0) {
		child_lost(symbolizer, r);
		return -ENOTCONN;
	}
	return 0;
}

/*
 * The child ended while it worked on a module, which is not shown to another one: what made it
 * hang or lie will do so again. One death proves nothing, though: the child is the OOM killer's
 * first choice, and out of memory is when names are wanted. Returns -EAGAIN to try once more.
 */
static int module_blame(struct symbolizer *symbolizer, uint32_t number, int error)
{
	struct module *module = &symbolizer->modules[number];

	child_lost(symbolizer, error);
	if (error == -ECONNRESET && !module->suspected) {
		module->suspected = true;
		return -EAGAIN;
	}
	module_give_up(module);
	symbolizer->losses.modules_given_up++;
	return error;
}

/* One request, one answer of a type. Whatever else comes is no answer. */
static int child_ask(struct symbolizer *symbolizer, const struct names_request *request,
		     const int *fds, size_t fd_count, enum names_answer_type type,
		     uint64_t deadline_ns, struct names_answer *ret_answer)
{
	int r;

	r = names_child_send(&symbolizer->child, request, fds, fd_count);
	if (r == 0)
		r = names_child_receive(&symbolizer->child, deadline_ns, meanwhile_of(symbolizer),
					ret_answer);
	if (r == 0 && (ret_answer->type != type || ret_answer->module != request->module))
		r = -EBADMSG;
	return r < 0 ? module_blame(symbolizer, request->module, r) : 0;
}

/* What the child could not read it need not be shown again. */
static int module_refused(struct symbolizer *symbolizer, uint32_t module)
{
	module_drop(&symbolizer->modules[module]);
	symbolizer->losses.modules_unreadable++;
	return -ENODATA;
}

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

/* What tells files without a build-id apart. Who opened the file has seen that it answers. */
static void identity_by_file(int fd, struct module_identity *identity)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return;
	identity->device = status.st_dev;
	identity->inode = status.st_ino;
	identity->size_bytes = (uint64_t)status.st_size;
	identity->modified_ns = nanoseconds(&status.st_mtim);
	identity->changed_ns = nanoseconds(&status.st_ctim);
}

static int module_identify(struct symbolizer *symbolizer, uint32_t number, uint8_t *ret_build_id,
			   uint8_t *ret_build_id_len)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	const struct names_request request = {.type = NAMES_IDENTIFY, .module = number};
	struct module *module = &symbolizer->modules[number];
	struct names_answer answer;
	int r;

	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0)
		return r;
	r = child_ask(symbolizer, &request, &module->fd, 1, NAMES_IDENTITY, deadline_ns, &answer);
	if (r < 0)
		return r;
	if (answer.length > NAMES_BUILD_ID_MAX)
		return module_blame(symbolizer, number, -EBADMSG);
	if (answer.error < 0) {
		module_refused(symbolizer, number);
		return answer.error;
	}
	module->identity.build_id_bytes = answer.length;
	memcpy(module->identity.build_id, answer.bytes, answer.length);
	if (answer.length == 0)
		identity_by_file(module->fd, &module->identity);
	memcpy(ret_build_id, answer.bytes, answer.length);
	*ret_build_id_len = (uint8_t)answer.length;
	return 0;
}

int symbolizer_add_module(struct symbolizer *symbolizer, uint32_t module, int fd,
			  uint8_t ret_build_id[SYMBOLIZER_BUILD_ID_MAX], uint8_t *ret_build_id_len)
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
	symbolizer->modules[module] = (struct module){.added = true, .fd = copy};
	do
		r = module_identify(symbolizer, module, ret_build_id, ret_build_id_len);
	while (r == -EAGAIN);
	return r;
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

/* DEBUG/.build-id/ab/cdef….debug; -1 when there is none. */
static int debug_file_open(const struct symbolizer *symbolizer,
			   const struct module_identity *identity)
{
	_cleanup_free_ char *path = NULL;
	char digits[2 * NAMES_BUILD_ID_MAX + 1] = "";

	if (!symbolizer->debug || identity->build_id_bytes < 2)
		return -1;
	for (uint32_t i = 1; i < identity->build_id_bytes; i++)
		snprintf(digits + 2 * (i - 1), 3, "%02x", identity->build_id[i]);
	if (asprintf(&path, "%s/.build-id/%02x/%s.debug", symbolizer->debug, identity->build_id[0],
		     digits) < 0)
		return -1;
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Takes over what the child has written: nobody can change it once it is sealed. */
static int built_take(struct symbolizer *symbolizer, struct module *module, int built_fd)
{
	struct timespec any = {};
	struct module_file *kept;
	int r;

	if (fcntl(built_fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -EBADMSG;
	r = module_file_map(built_fd, &module->file);
	if (r == 0 && !module_identity_equals(&module_file_header(module->file)->identity,
					      &module->identity)) {
		module_file_unmapp(&module->file);
		module->file = NULL;
		r = -EBADMSG;
	}
	/* of a copy on disk the kernel may drop the pages that nobody asks for */
	if (r == 0 && symbolizer->store &&
	    module_store_keep(symbolizer->store, module->file) == 0 &&
	    module_store_find(symbolizer->store, &module->identity, &any, &kept) == 0) {
		module_file_unmap(module->file);
		module->file = kept;
	}
	return r;
}

static int module_build(struct symbolizer *symbolizer, uint32_t number, int debug_fd,
			uint64_t deadline_ns)
{
	struct module *module = &symbolizer->modules[number];
	struct names_request request = {
		.type = NAMES_BUILD,
		.module = number,
		.length = sizeof(request.identity),
		.identity = module->identity,
	};
	_cleanup_close_ int built_fd = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const int fds[NAMES_FDS_MAX] = {module->fd, built_fd, debug_fd};
	struct names_answer answer;
	int r;

	if (built_fd < 0)
		return -errno;
	r = child_ask(symbolizer, &request, fds, debug_fd >= 0 ? 3 : 2, NAMES_BUILT, deadline_ns,
		      &answer);
	if (r < 0)
		return r;
	if (answer.error < 0)
		return module_refused(symbolizer, number);
	r = built_take(symbolizer, module, built_fd);
	if (r == -EBADMSG || r == -E2BIG)
		return module_blame(symbolizer, number, -EBADMSG);
	symbolizer->losses.modules_built += r == 0;
	return r;
}

static bool module_find(struct symbolizer *symbolizer, struct module *module, int debug_fd)
{
	struct stat debug = {};

	if (!symbolizer->store || (debug_fd >= 0 && fstat(debug_fd, &debug) < 0))
		return false;
	if (module_store_find(symbolizer->store, &module->identity, &debug.st_ctim, &module->file) <
	    0)
		return false;
	symbolizer->losses.modules_found++;
	return true;
}

/* Makes sure that the module's file is mapped. Its ELF file is not needed any more then. */
static int module_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	_cleanup_close_ int debug_fd = -1;
	struct module *module;
	int r;

	if (number >= symbolizer->module_count || !symbolizer->modules[number].added)
		return -ENOENT;
	module = &symbolizer->modules[number];
	if (module->file)
		return 0;
	if (module->fd < 0)
		return -ENODATA;
	debug_fd = debug_file_open(symbolizer, &module->identity);
	if (!module_find(symbolizer, module, debug_fd)) {
		r = child_ensure(symbolizer, deadline_ns);
		if (r == 0)
			r = module_build(symbolizer, number, debug_fd, deadline_ns);
		if (r < 0)
			return r;
	}
	module_drop(module);
	return 0;
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

static int offsets_name(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
			size_t count, symbolizer_name_fn fn, void *context, size_t *named)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	int r;

	r = module_ensure(symbolizer, module, deadline_ns);
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

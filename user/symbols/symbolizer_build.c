// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer_state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NS_PER_S 1000000000ull
/* From here on the child cannot change what it has written. */
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void module_drop(struct module *module)
{
	cleanup_close(&module->fd);
	module->fd = -1;
	module->only_known = false;
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

int module_identify(struct symbolizer *symbolizer, uint32_t number, uint8_t *ret_build_id,
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

int debug_file_open(const struct symbolizer *symbolizer, const struct module_identity *identity)
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
	if (module->perf_map)
		return r;
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
		.type = module->perf_map ? NAMES_BUILD_MAP : NAMES_BUILD,
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

/* Whether reading a perf map again may tell more than what was read. */
static bool perf_map_is_stale(const struct symbolizer *symbolizer, const struct module *module,
			      const struct module_identity *now)
{
	const struct module_identity *then = &module->identity;

	if (module_identity_equals(then, now))
		return false;
	return module->read_in != symbolizer->round || now->size_bytes < then->size_bytes ||
	       now->size_bytes - then->size_bytes >= then->size_bytes / 8;
}

static int perf_map_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	struct module *module = &symbolizer->modules[number];
	struct module_identity now = {};
	int r;

	identity_by_file(module->fd, &now);
	if (module->file && !perf_map_is_stale(symbolizer, module, &now))
		return 0;
	module_file_unmapp(&module->file);
	module->file = NULL;
	module->identity = now;
	module->read_in = symbolizer->round;
	r = child_ensure(symbolizer, deadline_ns);
	return r < 0 ? r : module_build(symbolizer, number, -1, deadline_ns);
}

int module_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	_cleanup_close_ int debug_fd = -1;
	struct module *module;
	int r;

	if (number >= symbolizer->module_count || !symbolizer->modules[number].added)
		return -ENOENT;
	module = &symbolizer->modules[number];
	if (module->perf_map && module->fd >= 0)
		return perf_map_ensure(symbolizer, number, deadline_ns);
	if (module->file)
		return 0;
	if (module->fd < 0 && !module->only_known)
		return -ENODATA;
	debug_fd = debug_file_open(symbolizer, &module->identity);
	if (!module_find(symbolizer, module, debug_fd)) {
		r = module->only_known ? -ENODATA : child_ensure(symbolizer, deadline_ns);
		if (r == 0)
			r = module_build(symbolizer, number, debug_fd, deadline_ns);
		if (r < 0)
			return r;
	}
	/* its ELF file is not needed any more, but for its lines */
	if (!symbolizer->lines && !symbolizer->inlines)
		module_drop(module);
	return 0;
}

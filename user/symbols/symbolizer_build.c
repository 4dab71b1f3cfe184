// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer_state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NS_PER_S 1000000000ull
/* From here on the child cannot change what it has written. */
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void module_drop_debug_files(struct module *module)
{
	while (module->debug_count > 0)
		close(module->debug_fds[--module->debug_count]);
}

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
	module_drop_debug_files(&symbolizer->modules[module]);
	symbolizer->losses.modules_unreadable++;
	return -ENODATA;
}

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

void module_source_read(int fd, struct module_source *source)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return;
	source->device = status.st_dev;
	source->inode = status.st_ino;
	source->size_bytes = (uint64_t)status.st_size;
	source->modified_ns = nanoseconds(&status.st_mtim);
	source->changed_ns = nanoseconds(&status.st_ctim);
}

/* One name, of a file: it will be looked for in directories. */
static bool debug_name_is_valid(const char name[NAMES_DEBUG_NAME_MAX])
{
	return memchr(name, '\0', NAMES_DEBUG_NAME_MAX) && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool identity_decode(const struct names_answer *answer, struct names_identity *ret_identity)
{
	if (answer->length != sizeof(*ret_identity))
		return false;
	memcpy(ret_identity, answer->bytes, sizeof(*ret_identity));
	return ret_identity->build_id_bytes <= NAMES_BUILD_ID_MAX &&
	       debug_name_is_valid(ret_identity->debug_name);
}

static void identity_keep(struct module *module, const struct names_identity *identity)
{
	module->identity.build_id_bytes = identity->build_id_bytes;
	memcpy(module->identity.build_id, identity->build_id, identity->build_id_bytes);
	if (identity->build_id_bytes == 0)
		module_source_read(module->fd, &module->identity.file);
	if (identity->debug_name[0])
		module->debug_name = strdup(identity->debug_name);
}

int module_identify(struct symbolizer *symbolizer, uint32_t number, uint8_t *ret_build_id,
		    uint8_t *ret_build_id_len)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	const struct names_request request = {.type = NAMES_IDENTIFY, .module = number};
	struct module *module = &symbolizer->modules[number];
	struct names_identity identity;
	struct names_answer answer;
	int r;

	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0)
		return r;
	r = child_ask(symbolizer, &request, &module->fd, 1, NAMES_IDENTITY, deadline_ns, &answer);
	if (r < 0)
		return r;
	if (answer.error < 0) {
		module_refused(symbolizer, number);
		return answer.error;
	}
	if (!identity_decode(&answer, &identity))
		return module_blame(symbolizer, number, -EBADMSG);
	identity_keep(module, &identity);
	memcpy(ret_build_id, identity.build_id, identity.build_id_bytes);
	*ret_build_id_len = identity.build_id_bytes;
	return 0;
}

/* Takes over what the child has written: nobody can change it once it is sealed. */
static int built_take(struct symbolizer *symbolizer, struct module *module, int built_fd)
{
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
	    module_store_find(symbolizer->store, &module->identity, &kept) == 0) {
		module_file_unmap(module->file);
		module->file = kept;
	}
	return r;
}

static int module_build(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	struct module *module = &symbolizer->modules[number];
	struct names_request request = {
		.type = module->perf_map ? NAMES_BUILD_MAP : NAMES_BUILD,
		.module = number,
		.length = sizeof(request.identity),
		.identity = module->identity,
	};
	_cleanup_close_ int built_fd = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int fds[NAMES_FDS_MAX] = {module->fd, built_fd};
	struct names_answer answer;
	int r;

	if (built_fd < 0)
		return -errno;
	memcpy(fds + 2, module->debug_fds, module->debug_count * sizeof(*fds));
	r = child_ask(symbolizer, &request, fds, 2 + module->debug_count, NAMES_BUILT, deadline_ns,
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

/* Of a file that is gone names of another debug file, or of none, are better than no names. */
static int known_find(const struct symbolizer *symbolizer, struct module *module)
{
	struct module_identity other = module->identity;
	int r;

	other.debug = (struct module_source){.inode = MODULE_SOURCE_FETCHED};
	r = module_store_find(symbolizer->store, &other, &module->file);
	if (r == 0)
		return 0;
	other.debug = (struct module_source){};
	return module_store_find(symbolizer->store, &other, &module->file);
}

bool module_find(struct symbolizer *symbolizer, struct module *module)
{
	int r;

	if (!symbolizer->store)
		return false;
	r = module_store_find(symbolizer->store, &module->identity, &module->file);
	if (r < 0 && module->only_known)
		r = known_find(symbolizer, module);
	symbolizer->losses.modules_found += r == 0;
	return r == 0;
}

/* Whether reading a perf map again may tell more than what was read. */
static bool perf_map_is_stale(const struct symbolizer *symbolizer, const struct module *module,
			      const struct module_identity *now)
{
	uint64_t then_bytes = module->identity.file.size_bytes;
	uint64_t now_bytes = now->file.size_bytes;

	if (module_identity_equals(&module->identity, now))
		return false;
	return module->read_in != symbolizer->round || now_bytes < then_bytes ||
	       now_bytes - then_bytes >= then_bytes / 8;
}

static int perf_map_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	struct module *module = &symbolizer->modules[number];
	struct module_identity now = {};
	int r;

	module_source_read(module->fd, &now.file);
	if (module->file && !perf_map_is_stale(symbolizer, module, &now))
		return 0;
	module_file_unmapp(&module->file);
	module->file = NULL;
	module->identity = now;
	module->read_in = symbolizer->round;
	r = child_ensure(symbolizer, deadline_ns);
	return r < 0 ? r : module_build(symbolizer, number, deadline_ns);
}

int module_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
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
	if (!module_find(symbolizer, module)) {
		r = module->only_known ? -ENODATA : child_ensure(symbolizer, deadline_ns);
		if (r == 0)
			r = module_build(symbolizer, number, deadline_ns);
		if (r < 0)
			return r;
	}
	/* the files are not needed any more, but for lines, or to be read with a debug file */
	if (symbolizer->lines || symbolizer->inlines || symbolizer->fetcher.pidfd >= 0)
		return 0;
	module_drop(module);
	if (!symbolizer->keep_debug_files)
		module_drop_debug_files(module);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer.h"

#include <fcntl.h>
#include <string.h>

#include "symbols/names_child.h"

struct module {
	bool added;
	int fd;             /* -1: has no names */
	uint32_t loaded_by; /* the child that has read its symbols; 0: none */
	bool suspected;     /* a child died while it worked on it, once */
};

struct symbolizer {
	struct names_child child;
	uint32_t child_number; /* of the running child, or the last one; from 1 */
	unsigned int deadline_ms;
	struct names_meanwhile meanwhile; /* fd -1: none */
	struct module *modules;           /* by number */
	size_t module_count;
	struct symbolizer_losses losses;
};

static_assert(SYMBOLIZER_BUILD_ID_MAX == NAMES_BUILD_ID_MAX, "the same build-id");

int symbolizer_open(struct symbolizer **ret_symbolizer)
{
	_cleanup_free_ struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	int r;

	if (!symbolizer)
		return -ENOMEM;
	symbolizer->deadline_ms = SYMBOLIZER_DEADLINE_MS;
	symbolizer->meanwhile.fd = -1;
	symbolizer->child_number = 1;
	r = names_child_start(&symbolizer->child, deadline_after(symbolizer->deadline_ms));
	if (r < 0)
		return r;
	*ret_symbolizer = TAKE_PTR(symbolizer);
	return 0;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	names_child_end(&symbolizer->child);
	for (size_t i = 0; i < symbolizer->module_count; i++)
		cleanup_close(&symbolizer->modules[i].fd);
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
	module_drop(module);
	symbolizer->losses.modules_given_up++;
	return error;
}

static bool answer_fits(const struct names_answer *answer, uint32_t type, uint32_t module,
			uint64_t offset)
{
	return answer->type == type && answer->module == module && answer->offset == offset;
}

/*
 * Shows the module's file to the child: one request, one answer. The child's own refusal is
 * not an error of the exchange; it is in ret_answer->error.
 */
static int module_show(struct symbolizer *symbolizer, uint32_t module,
		       enum names_request_type request_type, enum names_answer_type answer_type,
		       uint64_t deadline_ns, struct names_answer *ret_answer)
{
	struct names_request request = {.type = request_type, .module = module};
	int r;

	r = names_child_send(&symbolizer->child, &request, symbolizer->modules[module].fd);
	if (r == 0)
		r = names_child_receive(&symbolizer->child, deadline_ns, meanwhile_of(symbolizer),
					ret_answer);
	if (r == 0 && !answer_fits(ret_answer, answer_type, module, 0))
		r = -EBADMSG;
	return r < 0 ? module_blame(symbolizer, module, r) : 0;
}

/* What the child could not read it need not be shown again. */
static int module_refused(struct symbolizer *symbolizer, uint32_t module)
{
	module_drop(&symbolizer->modules[module]);
	symbolizer->losses.modules_unreadable++;
	return -ENODATA;
}

static int module_identify(struct symbolizer *symbolizer, uint32_t module, uint8_t *ret_build_id,
			   uint8_t *ret_build_id_len)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	struct names_answer answer;
	int r;

	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0)
		return r;
	r = module_show(symbolizer, module, NAMES_IDENTIFY, NAMES_IDENTITY, deadline_ns, &answer);
	if (r < 0)
		return r;
	if (answer.length > NAMES_BUILD_ID_MAX)
		return module_blame(symbolizer, module, -EBADMSG);
	if (answer.error < 0) {
		module_refused(symbolizer, module);
		return answer.error;
	}
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

/* Makes sure that there is a child and that it has read the module's symbols. */
static int module_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	struct names_answer answer;
	struct module *module;
	int r;

	if (number >= symbolizer->module_count || !symbolizer->modules[number].added)
		return -ENOENT;
	module = &symbolizer->modules[number];
	if (module->fd < 0)
		return -ENODATA;
	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0 || module->loaded_by == symbolizer->child_number)
		return r;
	r = module_show(symbolizer, number, NAMES_LOAD, NAMES_LOADED, deadline_ns, &answer);
	if (r < 0)
		return r;
	if (answer.error < 0)
		return module_refused(symbolizer, number);
	module->loaded_by = symbolizer->child_number;
	return 0;
}

/* A name that is safe to hand out as a string; NULL for none. */
static int answer_name(struct names_answer *answer, const char **ret_name)
{
	if (memchr(answer->bytes, '\0', answer->length))
		return -EBADMSG;
	answer->bytes[answer->length] = '\0';
	*ret_name = answer->length > 0 ? answer->bytes : NULL;
	return 0;
}

/* One request's worth of offsets. *named counts the answers that were handed to `fn`. */
static int batch_name(struct symbolizer *symbolizer, const struct names_request *request,
		      uint64_t deadline_ns, symbolizer_name_fn fn, void *context, size_t *named)
{
	int r;

	r = names_child_send(&symbolizer->child, request, -1);
	for (uint32_t i = 0; i < request->count && r == 0; i++) {
		struct names_answer answer;
		const char *name = NULL;

		r = names_child_receive(&symbolizer->child, deadline_ns, meanwhile_of(symbolizer),
					&answer);
		if (r == 0 &&
		    !answer_fits(&answer, NAMES_NAMED, request->module, request->offsets[i]))
			r = -EBADMSG;
		if (r == 0)
			r = answer_name(&answer, &name);
		if (r == 0) {
			fn(context, request->module, request->offsets[i], name);
			(*named)++;
		}
	}
	return r < 0 ? module_blame(symbolizer, request->module, r) : 0;
}

static int offsets_name(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
			size_t count, symbolizer_name_fn fn, void *context, size_t *named)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	struct names_request request = {.type = NAMES_NAME, .module = module};
	int r;

	r = module_ensure(symbolizer, module, deadline_ns);
	while (r == 0 && *named < count) {
		size_t left = count - *named;

		request.count = left < NAMES_BATCH_MAX ? (uint32_t)left : NAMES_BATCH_MAX;
		memcpy(request.offsets, offsets + *named, request.count * sizeof(*offsets));
		r = batch_name(symbolizer, &request, deadline_ns, fn, context, named);
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

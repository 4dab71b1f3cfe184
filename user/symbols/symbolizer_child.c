// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbolizer_state.h"

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
int child_ensure(struct symbolizer *symbolizer, uint64_t deadline_ns)
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

/* It gets no names, even if it had some: what it makes of the child it would do again. */
static void module_give_up(struct module *module)
{
	cleanup_close(&module->fd);
	module->fd = -1;
	module->only_known = false;
	module_drop_debug_files(module);
	module_file_unmapp(&module->file);
	module->file = NULL;
}

int module_blame(struct symbolizer *symbolizer, uint32_t number, int error)
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

static const struct names_meanwhile *meanwhile_of(const struct symbolizer *symbolizer)
{
	return symbolizer->meanwhile.fd >= 0 ? &symbolizer->meanwhile : NULL;
}

static int ask(struct symbolizer *symbolizer, const struct names_request *request, const int *fds,
	       size_t fd_count, enum names_answer_type type, uint64_t deadline_ns,
	       struct names_answer *ret_answer)
{
	int r;

	r = names_child_send(&symbolizer->child, request, fds, fd_count);
	if (r == 0)
		r = names_child_receive(&symbolizer->child, deadline_ns, meanwhile_of(symbolizer),
					ret_answer);
	if (r == 0 && (ret_answer->type != type || ret_answer->module != request->module))
		r = -EBADMSG;
	return r;
}

int child_ask_more(struct symbolizer *symbolizer, const struct names_request *request,
		   const int *fds, size_t fd_count, enum names_answer_type type,
		   uint64_t deadline_ns, struct names_answer *ret_answer)
{
	int r = ask(symbolizer, request, fds, fd_count, type, deadline_ns, ret_answer);

	if (r < 0)
		child_lost(symbolizer, r);
	return r;
}

int child_ask(struct symbolizer *symbolizer, const struct names_request *request, const int *fds,
	      size_t fd_count, enum names_answer_type type, uint64_t deadline_ns,
	      struct names_answer *ret_answer)
{
	int r = ask(symbolizer, request, fds, fd_count, type, deadline_ns, ret_answer);

	return r < 0 ? module_blame(symbolizer, request->module, r) : 0;
}

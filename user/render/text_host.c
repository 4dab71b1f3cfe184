// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include "render/quantity.h"

#define TEXT_INDENT 2

/* Which of meminfo's figures a kind is held against. */
static const char *const figures[KIND_COUNT] = {
	[KIND_PENDING] = "no figure of the kernel",
	[KIND_ANON] = "AnonPages",
	[KIND_SHMEM] = "Shmem",
	[KIND_FILE] = "Cached + Buffers - Shmem",
	[KIND_KERNEL] = "Slab + PageTables + KernelStack + Percpu",
};

int text_host(const struct growth *growth, const struct render_options *options, struct buf *out)
{
	const struct growth_host *host = &growth->host;
	int err;

	if (!host->known)
		return 0;
	buf_append_string(out, "\nMemory of the host: ");
	quantity_bytes(out, host->total_bytes);
	buf_append_string(out, ", ");
	quantity_bytes(out, host->free_bytes);
	buf_append_string(out, " free\n\n");
	err = text_balances(growth, host->kinds, figures, TEXT_INDENT, options, out);
	buf_append_string(out,
			  "\n  before + by stacks + remainder = now. In the remainder: what was "
			  "there before and\n  has been released (-), kernel stacks and percpu "
			  "memory (+), which have no event, and\n  pages of pipes and sockets, "
			  "which are in none of these figures (-).\n");
	return err ? err : buf_error(out);
}

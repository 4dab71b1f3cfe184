// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text.h"

#include "base/escape.h"
#include "render/quantity.h"

#define TEXT_INDENT 2
/* Beyond these the report would be about cgroups, not about stacks. */
#define TEXT_CGROUPS_MAX 8

/* What a kind is held against, in the words of v2. */
static const char *const figures[KIND_COUNT] = {
	[KIND_PENDING] = "no figure of the kernel",
	[KIND_ANON] = "anon",
	[KIND_SHMEM] = "shmem",
	[KIND_FILE] = "file - shmem",
	[KIND_KERNEL] = "kernel",
};

static int put_cgroup(const struct growth *growth, const struct growth_cgroup *cgroup,
		      const struct render_options *options, struct buf *out)
{
	buf_append_string(out, "\n  ");
	escape_terminal_string(out, cgroup->path);
	if (cgroup->usage_known) {
		buf_append_string(out, ", charged with ");
		quantity_bytes(out, cgroup->usage_bytes);
	}
	if (cgroup->gone)
		buf_append_string(out, ", gone");
	buf_append_byte(out, '\n');
	return text_balances(growth, cgroup->kinds, figures, 2 * TEXT_INDENT, options, out);
}

int text_cgroups(const struct growth *growth, const struct render_options *options, struct buf *out)
{
	size_t shown = 0;
	int err = 0;

	while (shown < growth->cgroup_count && shown < TEXT_CGROUPS_MAX &&
	       growth->cgroups[shown].ledger_bytes)
		shown++;
	if (!shown)
		return 0;
	buf_append_string(out, "\nMemory by cgroup, each with all below it\n");
	for (size_t i = 0; i < shown && !err; i++)
		err = put_cgroup(growth, &growth->cgroups[i], options, out);
	if (growth->cgroup_count > shown)
		buf_printf(out, "\n  and %zu more cgroups\n", growth->cgroup_count - shown);
	buf_append_string(
		out, "\n  Page cache belongs to the cgroup of who read it in, kernel memory "
		     "to that of who asked\n  for it. In the remainder: what was there before "
		     "and has been released (-), vmalloc'ed\n  kernel stacks and bulk pages of "
		     "the network, which have no event (+), slab pages of\n  which only a part "
		     "is charged (-).\n");
	return err ? err : buf_error(out);
}

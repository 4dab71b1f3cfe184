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

static bool part_matters(const struct growth_part *part)
{
	return part->known && (part->now_bytes || part->before_bytes);
}

/* What the kernel says its memory is made of, and of what of it the ledger cannot know. */
static void put_parts(const struct growth_cgroup *cgroup, struct buf *out)
{
	const char *separator = "    of kernel: ";

	for (int i = 0; i < CGROUP_PART_COUNT; i++) {
		const struct growth_part *part = &cgroup->parts[i];

		if (!part_matters(part))
			continue;
		buf_printf(out, "%s%s ", separator, cgroup_part_name(i));
		quantity_bytes(out, part->now_bytes);
		buf_append_string(out, " (grown by ");
		quantity_signed_bytes(out, (int64_t)part->now_bytes - (int64_t)part->before_bytes);
		buf_append_string(out, part->has_event ? ")" : ", no event)");
		separator = ", ";
	}
	if (separator[0] == ',')
		buf_append_byte(out, '\n');
}

static void put_note(uint64_t bytes, const char *words, struct buf *out)
{
	if (!bytes)
		return;
	buf_append_string(out, "    ");
	quantity_bytes(out, bytes);
	buf_append_string(out, words);
}

static int put_cgroup(const struct growth *growth, const struct growth_cgroup *cgroup,
		      const struct render_options *options, struct buf *out)
{
	int err;

	buf_append_string(out, "\n  ");
	escape_terminal_string(out, cgroup->path);
	if (cgroup->usage_known) {
		buf_append_string(out, ", charged with ");
		quantity_bytes(out, cgroup->usage_bytes);
	}
	if (cgroup->gone)
		buf_append_string(out, ", gone");
	buf_append_byte(out, '\n');
	err = text_balances(growth, cgroup->kinds, figures, 2 * TEXT_INDENT, options, out);
	put_parts(cgroup, out);
	put_note(cgroup->moved_in_bytes,
		 " of anon came with processes that moved in, and is charged elsewhere\n", out);
	put_note(cgroup->split_huge_bytes,
		 " of anon is in partly unmapped huge pages, which are not in now (-)\n", out);
	return err;
}

int text_cgroups(const struct growth *growth, const struct render_options *options, struct buf *out)
{
	size_t shown = 0;
	int err = 0;

	while (shown < growth->cgroup_count && shown < TEXT_CGROUPS_MAX &&
	       (growth->cgroups[shown].ledger_bytes || growth->cgroups[shown].chosen))
		shown++;
	if (!shown)
		return 0;
	buf_append_string(out, growth->cgroups[0].chosen
				       ? "\nMemory of the cgroup, and of those below it\n"
				       : "\nMemory by cgroup, each with all below it\n");
	for (size_t i = 0; i < shown && !err; i++)
		err = put_cgroup(growth, &growth->cgroups[i], options, out);
	if (growth->cgroup_count > shown)
		buf_printf(out, "\n  and %zu more cgroups\n", growth->cgroup_count - shown);
	buf_append_string(out,
			  growth->cgroups[0].chosen
				  ? "\n  before - released + by stacks + remainder = now. Of what "
				    "is not anon, the remainder has\n  what was released, too.\n"
				  : "\n  before + by stacks + remainder = now.\n");
	buf_append_string(out,
			  "  Page cache belongs to the cgroup of who read it in, kernel "
			  "memory to that of who asked\n  for it. In the remainder: what was "
			  "there before and has been released (-), vmalloc'ed\n  kernel stacks "
			  "and bulk pages of the network, which have no event (+), slab pages "
			  "of\n  which only a part is charged (-).\n");
	return err ? err : buf_error(out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/adopt.h"

#include <fcntl.h>
#include <string.h>

#include "capture/pageflags.h"
#include "capture/pagemap.h"
#include "capture/procfs.h"

struct adoption {
	struct ledger *ledger;
	struct ot_entry entry; /* what an adopted page gets, its kind apart */
	int pagemap_fd;
	int pageflags_fd;
	int skipped; /* why a mapping was left out, or 0 */
};

/* Between reading pagemap and entering the page it may have been freed, and nobody closes it then.
 */
static int adopt_page(struct adoption *adoption, uint64_t address, uint64_t frame, uint32_t index)
{
	struct pagemap_entry again;
	int error;

	if (!ledger_adopt(adoption->ledger, index, adoption->entry))
		return 0;
	error = pagemap_read_one(adoption->pagemap_fd, address, &again);
	if (error || !again.present || again.frame != frame)
		ledger_disown(adoption->ledger, index, adoption->entry);
	return error;
}

static int adopt_entry(uint64_t address, const struct pagemap_entry *page, void *context)
{
	struct adoption *adoption = context;
	const struct ledger_layout *layout = &adoption->ledger->layout;
	uint32_t index;

	if (!page->frame)
		return -EPERM;
	if (!ledger_is_slot(layout, page->frame) || !ledger_index(layout, page->frame, &index))
		return 0;
	adoption->entry.kind = pageflags_kind(adoption->pageflags_fd, page->frame);
	if (adoption->entry.kind != OT_KIND_ANON && adoption->entry.kind != OT_KIND_SHMEM)
		return 0;
	return adopt_page(adoption, address, page->frame, index);
}

static int adopt_mapping(const struct proc_mapping *mapping, void *context)
{
	struct adoption *adoption = context;
	int error;

	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	error = pagemap_walk(adoption->pagemap_fd, mapping->start, mapping->end, adopt_entry,
			     adoption);
	if (error != -E2BIG)
		return error;
	adoption->skipped = error;
	return 0;
}

int adopt_resident(struct ledger *ledger, const struct sysroot *root, uint32_t account,
		   uint32_t pid)
{
	_cleanup_close_ int pagemap_fd = procfs_open_fd(root, pid, "pagemap", O_RDONLY);
	_cleanup_close_ int pageflags_fd = pageflags_open(root);
	struct adoption adoption = {
		.ledger = ledger,
		.entry = {.cell = account * OT_FIXED_COUNT + OT_FIXED_BEFORE,
			  .class = OT_CLASS_ADOPTED},
		.pagemap_fd = pagemap_fd,
		.pageflags_fd = pageflags_fd,
	};
	int error;

	if (pagemap_fd < 0 || pageflags_fd < 0)
		return pagemap_fd < 0 ? pagemap_fd : pageflags_fd;
	error = procfs_each_mapping(root, pid, adopt_mapping, &adoption);
	return error ? error : adoption.skipped;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/reconcile.h"

#include <fcntl.h>
#include <string.h>

#include "base/table.h"
#include "capture/pageflags.h"
#include "capture/pagemap.h"
#include "capture/procfs.h"

/* Who maps an entry, of those that were walked; and whether it was there before. */
enum { MAPPED_BY_AUTHOR = 1, MAPPED_BY_HEIR = 2, WAS_THERE = 4 };

struct walk {
	struct ledger *ledger;
	struct reconciliation *result;
	struct table by_author; /* (heir, cell) -> index of its inheritance + 1 */
	uint8_t *mapped;        /* by entry: the above */
	bool left_out;          /* some mapping of the process was too large */
	uint32_t account;
	int pagemap_fd;
};

static struct inheritance *inheritance_get(struct walk *walk, uint32_t cell)
{
	const struct table_key key = {walk->account, cell};
	size_t index = (size_t)table_get(&walk->by_author, key);
	struct reconciliation *result = walk->result;
	struct inheritance *items;

	if (index)
		return &result->inheritances[index - 1];
	items = reallocarray(result->inheritances, result->count + 1, sizeof(*items));
	if (!items)
		return NULL;
	result->inheritances = items;
	if (table_put(&walk->by_author, key, (void *)(result->count + 1)))
		return NULL;
	items[result->count] = (struct inheritance){.heir = walk->account, .cell = cell};
	return &items[result->count++];
}

static int walk_entry(uint64_t address, const struct pagemap_entry *page, void *context)
{
	struct walk *walk = context;
	struct inheritance *inheritance;
	struct ot_entry entry;
	uint32_t index, author;

	(void)address;
	if (!ledger_is_slot(&walk->ledger->layout, page->frame) ||
	    !ledger_index(&walk->ledger->layout, page->frame, &index))
		return 0;
	entry = ledger_read(walk->ledger, index);
	if (!entry.cell || (entry.kind != OT_KIND_ANON && entry.kind != OT_KIND_PENDING))
		return 0;
	author = walk->ledger->cells[entry.cell].account;
	if (author != walk->account && author != OT_ACCOUNT_NOBODY) {
		inheritance = inheritance_get(walk, entry.cell);
		if (!inheritance)
			return -ENOMEM;
		inheritance->slots[entry.kind]++;
		inheritance->exclusive_slots[entry.kind] +=
			!(walk->mapped[index] & (MAPPED_BY_AUTHOR | MAPPED_BY_HEIR));
	}
	walk->mapped[index] |= author == walk->account ? MAPPED_BY_AUTHOR : MAPPED_BY_HEIR;
	return 0;
}

static int walk_mapping(const struct proc_mapping *mapping, void *context)
{
	struct walk *walk = context;
	int error;

	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	error = pagemap_walk(walk->pagemap_fd, mapping->start, mapping->end, walk_entry, walk);
	/* what is in there stays unexplained */
	walk->left_out |= error == -E2BIG;
	return error == -E2BIG ? 0 : error;
}

static int walk_process(struct walk *walk, const struct sysroot *root, uint32_t account,
			uint32_t pid)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "pagemap", O_RDONLY);
	int error;

	if (fd < 0)
		return fd;
	walk->account = account;
	walk->pagemap_fd = fd;
	walk->left_out = false;
	error = procfs_each_mapping(root, pid, walk_mapping, walk);
	walk->result->walked[account] = !error && !walk->left_out;
	return error;
}

/* What comes while page tables are walked may be in none that was, and is no news of. */
static void mark_present(const struct walk *walk)
{
	for (uint32_t index = 0; index < walk->ledger->entry_count; index++)
		if (ledger_read(walk->ledger, index).cell)
			walk->mapped[index] = WAS_THERE;
}

/* Anonymous entries of walked processes that these do not map themselves. */
static void count_not_in_rss(const struct walk *walk, const struct sysroot *root)
{
	const struct ledger *ledger = walk->ledger;
	_cleanup_close_ int flags_fd = pageflags_open(root);
	_cleanup_close_ int count_fd = pagecount_open(root);

	for (uint32_t index = 0; index < ledger->entry_count; index++) {
		struct ot_entry entry = ledger_read(ledger, index);
		uint64_t frame = ledger_frame(&ledger->layout, index);
		uint32_t account;

		if (!entry.cell || entry.kind != OT_KIND_ANON ||
		    !(walk->mapped[index] & WAS_THERE) || walk->mapped[index] & MAPPED_BY_AUTHOR)
			continue;
		account = ledger->cells[entry.cell].account;
		if (!walk->result->walked[account])
			continue;
		/* a huge page as a whole may be counted as mapped where a part of it is not */
		if (walk->mapped[index] & MAPPED_BY_HEIR)
			walk->result->elsewhere_slots[account]++;
		else if (pageflags_is_compound(flags_fd, frame))
			walk->result->split_huge_slots[account]++;
		else if (pagecount_is_mapped(count_fd, frame))
			walk->result->elsewhere_slots[account]++;
	}
}

int reconcile(struct ledger *ledger, struct lives *lives, const struct sysroot *root,
	      struct reconciliation *ret_reconciliation)
{
	struct reconciliation result = {
		.split_huge_slots = calloc(ledger->account_count, sizeof(uint64_t)),
		.elsewhere_slots = calloc(ledger->account_count, sizeof(uint64_t)),
		.walked = calloc(ledger->account_count, sizeof(bool)),
	};
	_cleanup_free_ uint8_t *mapped = calloc(ledger->entry_count, 1);
	struct walk walk = {.ledger = ledger, .result = &result, .mapped = mapped};
	int error = result.split_huge_slots && result.elsewhere_slots && result.walked && mapped
			    ? 0
			    : -ENOMEM;

	if (!error)
		mark_present(&walk);
	for (uint32_t account = 0; account < ledger->account_count && !error; account++) {
		struct life *life = lives_get(lives, account);

		if (life && !life->hidden && !lives_ended(lives, account) &&
		    walk_process(&walk, root, account, ledger->accounts[account].user_tid) ==
			    -ENOMEM)
			error = -ENOMEM;
	}
	if (!error)
		count_not_in_rss(&walk, root);
	table_release(&walk.by_author);
	if (error) {
		reconciliation_release(&result);
		return error;
	}
	*ret_reconciliation = result;
	return 0;
}

void reconciliation_release(struct reconciliation *reconciliation)
{
	free(reconciliation->inheritances);
	free(reconciliation->split_huge_slots);
	free(reconciliation->elsewhere_slots);
	free(reconciliation->walked);
	memset(reconciliation, 0, sizeof(*reconciliation));
}

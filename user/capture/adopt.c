// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/adopt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/pagemap.h"
#include "capture/procfs.h"

struct adoption {
	struct ledger *ledger;
	struct ot_entry entry; /* what an adopted page gets, its kind apart */
	int pagemap_fd;
	uint64_t zero_frame; /* mapped everywhere, charged to nobody */
	bool shmem;	     /* of the mapping being walked */
};

/* Reading untouched memory maps the kernel's zero page. 0: unknown. */
static uint64_t find_zero_frame(const struct sysroot *root)
{
	size_t bytes = sysconf(_SC_PAGESIZE);
	_cleanup_close_ int fd = openat(root->proc_fd, "self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile char *page = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pagemap_entry entry = {0};

	if (page == MAP_FAILED)
		return 0;
	(void)*page;
	if (fd >= 0)
		pagemap_read_one(fd, (uintptr_t)page, &entry);
	munmap((void *)page, bytes);
	return entry.frame;
}

/* tmpfs and its relatives, by the names the kernel gives them. */
static bool is_shmem(const char *path)
{
	static const char *const prefixes[] = {"/dev/shm/", "/memfd:", "/SYSV", "/dev/zero (deleted)"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* Between reading pagemap and entering the page it may have been freed, and nobody closes it then. */
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

static int adopt_entry(uint64_t address, const struct pagemap_entry *entry, void *context)
{
	struct adoption *adoption = context;
	const struct ledger_layout *layout = &adoption->ledger->layout;
	uint32_t index;

	if (!entry->frame)
		return -EPERM;
	if (!ledger_is_slot(layout, entry->frame) || entry->frame == adoption->zero_frame)
		return 0;
	if (entry->file_or_shared && !adoption->shmem)
		return 0;
	if (!ledger_index(layout, entry->frame, &index))
		return 0;
	adoption->entry.kind = entry->file_or_shared ? OT_KIND_SHMEM : OT_KIND_ANON;
	return adopt_page(adoption, address, entry->frame, index);
}

static int adopt_mapping(const struct proc_mapping *mapping, void *context)
{
	struct adoption *adoption = context;

	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	adoption->shmem = is_shmem(mapping->path);
	return pagemap_walk(adoption->pagemap_fd, mapping->start, mapping->end, adopt_entry,
			    adoption);
}

int adopt_resident(struct ledger *ledger, const struct sysroot *root, uint32_t account,
		   uint32_t pid)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "pagemap", O_RDONLY);
	struct adoption adoption = {
		.ledger = ledger,
		.entry = {.cell = account * OT_FIXED_COUNT + OT_FIXED_BEFORE,
			  .class = OT_CLASS_ADOPTED},
		.pagemap_fd = fd,
		.zero_frame = find_zero_frame(root),
	};

	if (fd < 0)
		return fd;
	return procfs_each_mapping(root, pid, adopt_mapping, &adoption);
}

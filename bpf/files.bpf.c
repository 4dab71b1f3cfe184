// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which files the page cache holds (--files). Never attached: the recorder runs these programs by
 * BPF_PROG_TEST_RUN when it takes a snapshot, so that nobody pays for it in between, and the answer
 * is about the page as it is then. Nothing is held or locked here: an inode may be freed at any
 * moment, so each is believed only while it agrees with its mapping, and a name may be one of a
 * rename under way.
 */
#include "bpf/ledger.bpf.h"

/* Answers to settle_frames, one for one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, OT_SETTLE_BATCH);
	__type(key, __u32);
	__type(value, struct ot_file_page);
} file_pages SEC(".maps");

/* The answer of file_name to file_asked. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ot_file_path);
} file_path SEC(".maps");

/* What file_name is asked for: as files_batch told it. */
struct ot_file_page file_asked = {};

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFBLK 0060000

static __always_inline void file_read(struct inode *inode, struct ot_file_page *ret_file)
{
	unsigned short mode = BPF_CORE_READ(inode, i_mode);

	ret_file->inode = (__u64)inode;
	ret_file->number = BPF_CORE_READ(inode, i_ino);
	ret_file->size_bytes = BPF_CORE_READ(inode, i_size);
	ret_file->flags = BPF_CORE_READ(inode, i_nlink) ? 0 : OT_FILE_DELETED;
	ret_file->device = BPF_CORE_READ(inode, i_sb, s_dev);
	if ((mode & S_IFMT) == S_IFBLK) {
		ret_file->flags = OT_FILE_BLOCK_DEVICE;
		ret_file->device = BPF_CORE_READ(inode, i_rdev);
	}
}

static __always_inline struct inode *inode_of_page(struct page *page)
{
	struct address_space *mapping = BPF_CORE_READ(page_head(page), mapping);
	struct inode *host;

	if (!mapping || (unsigned long)mapping & (MAPPING_ANON | MAPPING_OTHER))
		return NULL;
	host = BPF_CORE_READ(mapping, host);
	return host && BPF_CORE_READ(host, i_mapping) == mapping ? host : NULL;
}

__noinline __weak int file_of_frame(__u32 index)
{
	struct ot_file_page *file = bpf_map_lookup_elem(&file_pages, &index);
	__u64 *frame = bpf_map_lookup_elem(&settle_frames, &index);
	struct inode *inode;

	if (!frame || !file)
		return 0;
	file->inode = 0;
	inode = *frame ? inode_of_page(page_of_frame(*frame)) : NULL;
	if (inode)
		file_read(inode, file);
	return 0;
}

SEC("raw_tp")
int files_batch(void *ctx)
{
	for (__u32 i = 0; i < OT_SETTLE_BATCH; i++)
		file_of_frame(i);
	return 0;
}

/* The first of its names. There are more with hard links; any of them leads to it. */
static __always_inline struct dentry *dentry_of_inode(struct inode *inode)
{
	struct hlist_node *alias = BPF_CORE_READ(inode, i_dentry.first);

	return alias ? dentry_of_alias(alias) : NULL;
}

static __always_inline void path_read(struct dentry *dentry, struct ot_file_path *path)
{
	struct dentry *parent;

	for (__u32 i = 0; i < OT_PATH_DEPTH; i++) {
		parent = dentry ? BPF_CORE_READ(dentry, d_parent) : NULL;
		if (!parent || parent == dentry)
			return;
		bpf_probe_read_kernel_str(path->names[i], OT_NAME_LEN,
					  BPF_CORE_READ(dentry, d_name.name));
		path->count = i + 1;
		dentry = parent;
	}
	path->cut = dentry && BPF_CORE_READ(dentry, d_parent) != dentry;
}

SEC("raw_tp")
int file_name(void *ctx)
{
	struct inode *inode = (struct inode *)file_asked.inode;
	struct ot_file_page now = {};
	struct ot_file_path *path;
	__u32 zero = 0;

	path = bpf_map_lookup_elem(&file_path, &zero);
	if (!path)
		return 0;
	path->count = path->cut = 0;
	file_read(inode, &now);
	if (now.number != file_asked.number || now.device != file_asked.device)
		return 0;
	path_read(dentry_of_inode(inode), path);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kernel.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct gfp_name {
	const char *enumerator; /* in BTF */
	const char *flag;       /* in the tracepoint's format */
	size_t member;
} gfp_names[] = {
	{"___GFP_MOVABLE_BIT", "\"__GFP_MOVABLE\"", offsetof(struct kernel_gfp, movable)},
	{"___GFP_ACCOUNT_BIT", "\"__GFP_ACCOUNT\"", offsetof(struct kernel_gfp, account)},
	{"___GFP_DIRECT_RECLAIM_BIT", "\"__GFP_DIRECT_RECLAIM\"",
	 offsetof(struct kernel_gfp, direct_reclaim)},
	{"___GFP_KSWAPD_RECLAIM_BIT", "\"__GFP_KSWAPD_RECLAIM\"",
	 offsetof(struct kernel_gfp, kswapd_reclaim)},
};
#define GFP_NAME_COUNT (sizeof(gfp_names) / sizeof(gfp_names[0]))

static uint32_t *gfp_member(struct kernel_gfp *gfp, const struct gfp_name *name)
{
	return (uint32_t *)((char *)gfp + name->member);
}

/* Fills what one enum tells; returns how many members that were. */
static size_t gfp_from_enum(const struct btf *btf, const struct btf_type *type,
			    struct kernel_gfp *gfp)
{
	const struct btf_enum *value = btf_enum(type);
	size_t found = 0;

	for (unsigned int i = 0; i < btf_vlen(type); i++, value++) {
		const char *name = btf__name_by_offset(btf, value->name_off);

		for (size_t j = 0; name && j < GFP_NAME_COUNT; j++) {
			if (strcmp(name, gfp_names[j].enumerator) != 0 || value->val > 31)
				continue;
			*gfp_member(gfp, &gfp_names[j]) = 1u << value->val;
			found++;
		}
	}
	return found;
}

static bool gfp_from_btf(const struct btf *btf, struct kernel_gfp *ret_gfp)
{
	/* The enum has no name, so each one is asked. */
	for (unsigned int id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_is_enum(type) && gfp_from_enum(btf, type, ret_gfp) == GFP_NAME_COUNT)
			return true;
	}
	return false;
}

/* Where tracefs may be mounted, in sysfs. */
static const char *const tracefs[] = {"kernel/tracing/events", "kernel/debug/tracing/events"};

/* "{(unsigned long)((( gfp_t)0x08u)), "__GFP_MOVABLE"}": the number before a flag's name. */
static uint32_t gfp_from_text(const char *format, const char *flag)
{
	const char *end = strstr(format, flag), *number = end;

	while (number && number > format && *number != '{')
		number--;
	number = number ? strstr(number, "0x") : NULL;
	return number && number < end ? strtoul(number, NULL, 16) : 0;
}

/* tracefs hands a format out in pieces, whatever the size asked for. */
static void read_whole(int dir_fd, const char *path, char *ret_text, size_t size_bytes)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	size_t filled = 0;
	ssize_t len = 1;

	while (fd >= 0 && len > 0 && filled < size_bytes - 1) {
		len = read(fd, ret_text + filled, size_bytes - 1 - filled);
		filled += len > 0 ? len : 0;
	}
	ret_text[filled] = '\0';
}

static int gfp_from_format(const struct sysroot *root, struct kernel_gfp *ret_gfp)
{
	char format[32768] = "", path[128];

	for (size_t i = 0; i < sizeof(tracefs) / sizeof(tracefs[0]) && !format[0]; i++) {
		snprintf(path, sizeof(path), "%s/kmem/mm_page_alloc/format", tracefs[i]);
		read_whole(root->sys_fd, path, format, sizeof(format));
	}
	for (size_t i = 0; i < GFP_NAME_COUNT; i++) {
		uint32_t value = gfp_from_text(format, gfp_names[i].flag);

		if (!value)
			return -ENOENT;
		*gfp_member(ret_gfp, &gfp_names[i]) = value;
	}
	return 0;
}

int kernel_gfp(const struct sysroot *root, const struct btf *btf, struct kernel_gfp *ret_gfp)
{
	struct kernel_gfp gfp = {0};
	int error = gfp_from_btf(btf, &gfp) ? 0 : gfp_from_format(root, &gfp);

	if (!error)
		*ret_gfp = gfp;
	return error;
}

int kernel_page_struct_bytes(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "page", BTF_KIND_STRUCT);
	long long bytes = id < 0 ? -ENOENT : btf__resolve_size(btf, id);

	return bytes > 0 && bytes <= 4096 ? (int)bytes : -ENOENT;
}

bool kernel_preempts_tracepoints(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "class_srcu_fast_notrace_t", BTF_KIND_TYPEDEF) > 0;
}

bool kernel_has_event(const struct sysroot *root, const char *category_and_name)
{
	char path[128];

	for (size_t i = 0; i < sizeof(tracefs) / sizeof(tracefs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/id", tracefs[i], category_and_name);
		if (faccessat(root->sys_fd, path, R_OK, 0) == 0)
			return true;
	}
	return false;
}

bool kernel_mark_has_task(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "btf_trace_mark_victim", BTF_KIND_TYPEDEF);
	const struct btf_type *pointer, *function, *argument;

	if (id < 0)
		return false;
	pointer = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	function = btf__type_by_id(btf, pointer->type);
	if (btf_vlen(function) < 2)
		return false;
	/* the first one is the tracepoint's own */
	argument = btf__type_by_id(btf, btf_params(function)[1].type);
	return btf_is_ptr(argument);
}

bool kernel_hides_memory(const struct sysroot *root)
{
	char text[64];

	read_whole(root->sys_fd, "kernel/security/lockdown", text, sizeof(text));
	return strstr(text, "[confidentiality]") != NULL;
}

/* A kernel thread has no mm: all of its statm is 0. A process may take any name. */
static bool is_kernel_thread(int proc_fd, const char *pid)
{
	char path[64], statm[16] = "";
	int len = snprintf(path, sizeof(path), "%s/statm", pid);
	_cleanup_close_ int fd = -1;

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, statm, sizeof(statm) - 1) > 0 && strncmp(statm, "0 ", 2) == 0;
}

static bool comm_is(int proc_fd, const char *pid, const char *comm)
{
	char path[64], text[32] = "";
	int len = snprintf(path, sizeof(path), "%s/comm", pid);
	_cleanup_close_ int fd = -1;

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, comm) == 0;
}

uint32_t kernel_khugepaged(const struct sysroot *root)
{
	int fd = openat(root->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (comm_is(root->proc_fd, entry->d_name, "khugepaged") &&
		    is_kernel_thread(root->proc_fd, entry->d_name))
			return strtoul(entry->d_name, NULL, 10);
	}
	return 0;
}

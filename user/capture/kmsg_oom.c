// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kmsg_oom.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define INVOKED " invoked oom-killer: gfp_mask="
#define SUMMARY "oom-kill:constraint="

static struct kmsg_dump *current(struct kmsg_oom *oom)
{
	return &oom->dumps[oom->next % KMSG_DUMPS_MAX];
}

/* The last one: whatever a name contains, it comes before. */
static const char *find_last(const char *text, const char *word)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, word)); at++)
		found = at;
	return found;
}

/* "NAME invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
static bool take_invoked(struct kmsg_oom *oom, const char *text)
{
	const char *invoked = find_last(text, INVOKED), *order;
	struct kmsg_dump *dump;

	if (!invoked)
		return false;
	/* a dump that was never completed makes room */
	dump = current(oom);
	dump->pid = dump->task_count = dump->tasks_left_out = dump->stats_len = 0;
	dump->has_kernel = false;
	dump->scope = SCOPE_UNKNOWN;
	order = strstr(invoked, ", order=");
	dump->has_order = order != NULL;
	dump->gfp = strtoul(invoked + strlen(INVOKED), NULL, 0);
	dump->order = order ? strtoul(order + strlen(", order="), NULL, 10) : 0;
	oom->in_table = false;
	return true;
}

/* "kmem: usage 228kB, limit 9007199254740988kB, failcnt 0" */
static bool take_kernel(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);

	if (strncmp(text, "kmem: usage ", strlen("kmem: usage ")) != 0)
		return false;
	dump->has_kernel = true;
	dump->kernel_bytes = strtoull(text + strlen("kmem: usage "), NULL, 10) * 1024;
	return true;
}

/* "Memory cgroup stats for /a/b:" */
static bool take_stats_header(struct kmsg_oom *oom, const char *text)
{
	if (strncmp(text, "Memory cgroup stats for ", strlen("Memory cgroup stats for ")) != 0)
		return false;
	oom->in_stats = true;
	current(oom)->stats_len = 0;
	return true;
}

static bool is_figure(const char *text, size_t len)
{
	size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return key > 0 && key + 1 < len && text[key] == ' ' &&
	       key + 1 + strspn(text + key + 1, "0123456789") == len;
}

static void keep_figure(struct kmsg_dump *dump, const char *text, size_t len)
{
	if (dump->stats_len + len + 2 > sizeof(dump->stats))
		return;
	memcpy(dump->stats + dump->stats_len, text, len);
	dump->stats_len += len;
	dump->stats[dump->stats_len++] = '\n';
	dump->stats[dump->stats_len] = '\0';
}

/*
 * "anon 4096": a record each, as 6.18 has them; or one record of many lines, as older kernels have
 * them, whose ends are escaped and whose last line may be cut.
 */
static bool take_stats(struct kmsg_oom *oom, const char *text)
{
	static const char newline[] = "\\x0a";
	const char *end = strstr(text, newline);

	if (!oom->in_stats)
		return false;
	if (!is_figure(text, end ? (size_t)(end - text) : strlen(text))) {
		oom->in_stats = false;
		return false;
	}
	if (!end)
		keep_figure(current(oom), text, strlen(text));
	for (; end; text = end + strlen(newline), end = strstr(text, newline))
		if (is_figure(text, end - text))
			keep_figure(current(oom), text, end - text);
	return true;
}

static enum kmsg_column column_of(const char *word, size_t len)
{
	static const struct {
		const char *name;
		enum kmsg_column column;
	} names[] = {
		{"rss", KMSG_COLUMN_RSS},       {"pgtables_bytes", KMSG_COLUMN_PAGE_TABLES},
		{"swapents", KMSG_COLUMN_SWAP}, {"oom_score_adj", KMSG_COLUMN_ADJ},
		{"tgid", KMSG_COLUMN_TGID},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && strncmp(word, names[i].name, len) == 0)
			return names[i].column;
	return KMSG_COLUMN_OTHER;
}

/* "[  pid  ]   uid  tgid total_vm      rss ... oom_score_adj name" */
static bool take_header(struct kmsg_oom *oom, const char *text)
{
	const char *at = text + strlen("[  pid  ]");

	if (strncmp(text, "[  pid  ] ", strlen("[  pid  ] ")) != 0)
		return false;
	oom->column_count = 0;
	while (oom->column_count < KMSG_COLUMNS_MAX) {
		size_t len;

		at += strspn(at, " ");
		len = strcspn(at, " ");
		if (!len || strncmp(at, "name", len) == 0)
			break;
		oom->columns[oom->column_count++] = column_of(at, len);
		at += len;
	}
	oom->in_table = true;
	return true;
}

static bool parse_number(const char **at, int64_t *ret_value)
{
	char *end;

	*ret_value = strtoll(*at, &end, 10);
	if (end == *at || (*end != ' ' && *end != ']'))
		return false;
	*at = end;
	return true;
}

static void set_column(struct kmsg_task *task, enum kmsg_column column, int64_t value)
{
	if (column == KMSG_COLUMN_RSS)
		task->rss_pages = value;
	else if (column == KMSG_COLUMN_ADJ)
		task->oom_score_adj = value;
	else if (column == KMSG_COLUMN_TGID)
		task->pid = value;
	else if (column == KMSG_COLUMN_SWAP) {
		task->swap_pages = value;
		task->has_swap = true;
	} else if (column == KMSG_COLUMN_PAGE_TABLES) {
		task->page_table_bytes = value;
		task->has_page_tables = true;
	}
}

/* "[  28567]     0 28567    18790    17934 ... 0 python3": the name is all that is left. */
static bool parse_row(const struct kmsg_oom *oom, const char *text, struct kmsg_task *ret_task)
{
	struct kmsg_task task = {0};
	const char *at = text + 1;
	int64_t value;

	if (*text != '[' || !parse_number(&at, &value) || *at++ != ']')
		return false;
	for (uint32_t i = 0; i < oom->column_count; i++) {
		if (!parse_number(&at, &value))
			return false;
		set_column(&task, oom->columns[i], value);
	}
	if (*at++ != ' ')
		return false;
	strncpy(task.comm, at, sizeof(task.comm) - 1);
	*ret_task = task;
	return true;
}

static struct kmsg_task *smallest(struct kmsg_dump *dump)
{
	struct kmsg_task *found = &dump->tasks[0];

	for (uint32_t i = 1; i < dump->task_count; i++)
		if (dump->tasks[i].rss_pages < found->rss_pages)
			found = &dump->tasks[i];
	return found;
}

static bool take_row(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);
	struct kmsg_task task;

	if (!oom->in_table || !parse_row(oom, text, &task))
		return false;
	if (dump->task_count < KMSG_TASKS_MAX) {
		dump->tasks[dump->task_count++] = task;
		return true;
	}
	dump->tasks_left_out++;
	if (task.rss_pages > smallest(dump)->rss_pages)
		*smallest(dump) = task;
	return true;
}

static enum incident_scope scope_of(const char *constraint)
{
	static const struct {
		const char *name;
		enum incident_scope scope;
	} names[] = {
		{"CONSTRAINT_NONE,", SCOPE_GLOBAL},
		{"CONSTRAINT_CPUSET,", SCOPE_CPUSET},
		{"CONSTRAINT_MEMORY_POLICY,", SCOPE_MEMPOLICY},
		{"CONSTRAINT_MEMCG,", SCOPE_MEMCG},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(constraint, names[i].name, strlen(names[i].name)) == 0)
			return names[i].scope;
	return SCOPE_UNKNOWN;
}

/*
 * "oom-kill:constraint=CONSTRAINT_MEMCG,...,task=NAME,pid=28567,uid=0". Neither the paths nor the
 * name can be told from what is around them; the pid is the last one.
 */
static bool take_summary(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);
	const char *pid;

	if (strncmp(text, SUMMARY, strlen(SUMMARY)) != 0)
		return false;
	pid = find_last(text, ",pid=");
	dump->scope = scope_of(text + strlen(SUMMARY));
	dump->pid = pid ? strtoul(pid + strlen(",pid="), NULL, 10) : 0;
	oom->in_table = false;
	if (dump->pid)
		oom->next++;
	/* the next one may begin without its first lines, which are rate-limited by themselves */
	*current(oom) = (struct kmsg_dump){0};
	return true;
}

void kmsg_oom_feed(struct kmsg_oom *oom, const char *record)
{
	static bool (*const takers[])(struct kmsg_oom *, const char *) = {
		take_row,    take_stats,   take_header,  take_stats_header,
		take_kernel, take_summary, take_invoked,
	};
	const char *text = strchr(record, ';');
	char *end;

	/* facility 0 is the kernel; whoever else writes to its log has another */
	if (!text || strtoul(record, &end, 10) >> 3 != 0 || *end != ',')
		return;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i](oom, text + 1))
			return;
}

const struct kmsg_dump *kmsg_oom_find(const struct kmsg_oom *oom, uint32_t tid)
{
	for (uint32_t i = 1; i < KMSG_DUMPS_MAX && i <= oom->next; i++) {
		const struct kmsg_dump *dump = &oom->dumps[(oom->next - i) % KMSG_DUMPS_MAX];

		if (dump->pid == tid)
			return dump;
	}
	return NULL;
}

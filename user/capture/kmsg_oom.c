// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kmsg_oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/kmsg_text.h"

#define INVOKED " invoked oom-killer: gfp_mask="
#define SUMMARY "oom-kill:constraint="

static struct kmsg_dump *current(struct kmsg_oom *oom)
{
	return &oom->dumps[oom->next % KMSG_DUMPS_MAX];
}

/* Rows count up to task_count: those of all dumps are more than what most kills ever touch. */
static void clear(struct kmsg_dump *dump)
{
	memset(dump, 0, offsetof(struct kmsg_dump, tasks));
}

/* "NAME invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
static bool take_invoked(struct kmsg_oom *oom, const char *text)
{
	const char *invoked = kmsg_find_last(text, INVOKED), *order;
	struct kmsg_dump *dump;

	if (!invoked)
		return false;
	/* a dump that was never completed makes room */
	dump = current(oom);
	clear(dump);
	kmsg_unescape(dump->trigger_comm, sizeof(dump->trigger_comm), text, invoked - text);
	order = strstr(invoked, ", order=");
	dump->has_order = order != NULL;
	dump->gfp = strtoul(invoked + strlen(INVOKED), NULL, 0);
	dump->order = order ? strtoul(order + strlen(", order="), NULL, 10) : 0;
	oom->in_table = false;
	oom->leader = 0;
	return true;
}

/* "CPU: 0 UID: 0 PID: 28567 Comm: NAME Not tainted 6.18", of the trigger; older ones without UID.
 */
static bool take_trigger(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);
	const char *pid = strstr(text, " PID: ");

	if (!dump->has_order || dump->trigger_tid || !pid || strncmp(text, "CPU: ", 5) != 0)
		return false;
	dump->trigger_tid = strtoul(pid + strlen(" PID: "), NULL, 10);
	return true;
}

/* "memory: usage 65536kB, limit 65536kB, failcnt 120": of the cgroup that fired */
static bool take_usage(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);
	unsigned long usage_kib, limit_kib;

	if (sscanf(text, "memory: usage %lukB, limit %lukB", &usage_kib, &limit_kib) != 2)
		return false;
	dump->has_usage = true;
	dump->usage_bytes = usage_kib * UINT64_C(1024);
	dump->limit_bytes = limit_kib * UINT64_C(1024);
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
	text += strlen("Memory cgroup stats for ");
	if (*text && text[strlen(text) - 1] == ':')
		kmsg_unescape(current(oom)->fired, KMSG_PATH_MAX, text, strlen(text) - 1);
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
	task.tid = value;
	for (uint32_t i = 0; i < oom->column_count; i++) {
		if (!parse_number(&at, &value))
			return false;
		set_column(&task, oom->columns[i], value);
	}
	if (*at++ != ' ')
		return false;
	kmsg_unescape(task.comm, sizeof(task.comm), at, strlen(at));
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
 * "oom-kill:constraint=CONSTRAINT_MEMCG,...,task=NAME,pid=28567,uid=0". The pid is the last one,
 * whatever names contain.
 */
static bool take_summary(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_dump *dump = current(oom);
	const char *pid;

	if (strncmp(text, SUMMARY, strlen(SUMMARY)) != 0)
		return false;
	pid = kmsg_find_last(text, ",pid=");
	dump->scope = scope_of(text + strlen(SUMMARY));
	kmsg_nodes(dump, text);
	dump->pid = pid ? strtoul(pid + strlen(",pid="), NULL, 10) : 0;
	if (dump->pid)
		kmsg_paths(dump, text);
	oom->in_table = false;
	if (dump->pid)
		oom->next++;
	/* the next one may begin without its first lines, which are rate-limited by themselves */
	clear(current(oom));
	return true;
}

/* --- kills -------------------------------------------------------------------------------- */

/* "Tasks in PATH are going to be killed due to memory.oom.group set": the last one was the first.
 */
static bool take_group(struct kmsg_oom *oom, const char *text)
{
	static const char ending[] = " are going to be killed due to memory.oom.group set";
	size_t len = strlen(text);

	if (strncmp(text, "Tasks in ", strlen("Tasks in ")) != 0 || len < strlen(ending) ||
	    strcmp(text + len - strlen(ending), ending) != 0)
		return false;
	oom->leader = oom->last.pid;
	return true;
}

static void keep_kill(struct kmsg_oom *oom, const struct kmsg_kill *kill)
{
	oom->last = *kill;
	if (oom->kill_count < KMSG_KILLS_MAX)
		oom->kills[oom->kill_count++] = *kill;
	else
		oom->crowded++;
}

static bool take_kill(struct kmsg_oom *oom, const char *text)
{
	struct kmsg_kill kill;

	if (!kmsg_kill_parse(text, &kill))
		return false;
	kill.logged_us = oom->now_us;
	if (kill.logged_us > oom->last.logged_us + KMSG_GROUP_QUIET_US)
		oom->leader = 0;
	/* who was chosen is a member of its group, and is killed with it once more */
	if (oom->leader && oom->leader == kill.pid)
		oom->repeated++;
	else {
		kill.leader = oom->leader;
		keep_kill(oom, &kill);
	}
	return true;
}

void kmsg_oom_drop(struct kmsg_oom *oom, uint32_t count)
{
	oom->kill_count -= count;
	memmove(oom->kills, oom->kills + count, oom->kill_count * sizeof(oom->kills[0]));
}

/* --- records ------------------------------------------------------------------------------ */

void kmsg_oom_feed(struct kmsg_oom *oom, const char *record)
{
	static bool (*const takers[])(struct kmsg_oom *, const char *) = {
		take_row,  take_stats,   take_header,  take_stats_header, take_kernel, take_summary,
		take_kill, take_invoked, take_trigger, take_usage,        take_group,
	};
	const char *text = strchr(record, ';');
	unsigned long long time_us;
	unsigned long priority;

	/* facility 0 is the kernel; whoever else writes to its log has another */
	if (!text || sscanf(record, "%lu,%*u,%llu,", &priority, &time_us) != 2 || priority >> 3)
		return;
	oom->now_us = time_us;
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

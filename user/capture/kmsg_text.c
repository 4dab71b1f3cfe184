// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kmsg_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *kmsg_find_last(const char *text, const char *word)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, word)); at++)
		found = at;
	return found;
}

static bool is_escape(const char *text, size_t len_bytes)
{
	return len_bytes >= 4 && text[0] == '\\' && text[1] == 'x' &&
	       isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3]);
}

void kmsg_unescape(char *to, size_t to_bytes, const char *text, size_t len_bytes)
{
	char digits[3] = "";
	size_t len = 0;

	for (size_t at = 0; at < len_bytes && len < to_bytes - 1;) {
		bool escape = is_escape(text + at, len_bytes - at);

		if (escape)
			memcpy(digits, text + at + 2, 2);
		to[len++] = escape ? (char)strtoul(digits, NULL, 16) : text[at];
		at += escape ? 4 : 1;
	}
	to[len] = '\0';
}

/* --- kills -------------------------------------------------------------------------------- */

/* mm/oom_kill.c: __oom_kill_process() */
static void take_figures(const char *text, struct kmsg_kill *kill)
{
	unsigned long anon, file, shmem, tables;

	if (sscanf(text,
		   ") total-vm:%*ukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, "
		   "UID:%u pgtables:%lukB oom_score_adj:%d",
		   &anon, &file, &shmem, &kill->uid, &tables, &kill->oom_score_adj) != 6)
		return;
	kill->has_figures = true;
	kill->anon_bytes = anon * UINT64_C(1024);
	kill->file_bytes = file * UINT64_C(1024);
	kill->shmem_bytes = shmem * UINT64_C(1024);
	kill->page_table_bytes = tables * UINT64_C(1024);
}

bool kmsg_kill_parse(const char *text, struct kmsg_kill *ret_kill)
{
	static const char memcg[] = "Memory cgroup out of memory", killed[] = ": Killed process ";
	bool of_memcg = strncmp(text, memcg, strlen(memcg)) == 0;
	/* nothing that anybody could choose comes before it */
	const char *at = strstr(text, killed), *end = kmsg_find_last(text, ") total-vm:");
	struct kmsg_kill kill = {.of_memcg = of_memcg};
	char *name;

	if (!at || !end || (!of_memcg && strncmp(text, "Out of memory", 13) != 0))
		return false;
	kill.pid = strtoul(at + strlen(killed), &name, 10);
	if (!kill.pid || strncmp(name, " (", 2) != 0 || end < name + 2)
		return false;
	kmsg_unescape(kill.comm, sizeof(kill.comm), name + 2, end - name - 2);
	take_figures(end, &kill);
	*ret_kill = kill;
	return true;
}

/* --- nodes -------------------------------------------------------------------------------- */

/* "0-1,3,": as far as it is a list; a node beyond the 64th makes it one that cannot be told. */
static uint64_t parse_nodes(const char *at)
{
	uint64_t nodes = 0;

	while (isdigit((unsigned char)*at)) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last > 63 || first > last)
			return 0;
		nodes |= (UINT64_MAX >> (63 - (last - first))) << first;
		at = *end == ',' ? end + 1 : end;
	}
	return nodes;
}

/* The name of a cpuset stands between them, and may look like either. */
void kmsg_nodes(struct kmsg_dump *dump, const char *text)
{
	static const char policy[] = ",nodemask=", allowed[] = ",mems_allowed=";
	const char *first = strstr(text, policy), *mems = strstr(text, allowed);

	dump->policy_nodes = first ? parse_nodes(first + strlen(policy)) : 0;
	dump->cpuset_nodes = mems && kmsg_find_last(text, allowed) == mems
				     ? parse_nodes(mems + strlen(allowed))
				     : 0;
}

/* --- paths -------------------------------------------------------------------------------- */

#define FIRED ",oom_memcg="
#define HOME ",task_memcg="

struct reading {
	const char *fired, *home, *end; /* of the escaped text; fired ends where HOME begins */
};

/* Is the second one the first, or below it? */
static bool is_below(const struct reading *reading)
{
	size_t fired = reading->home - strlen(HOME) - reading->fired;
	size_t home = reading->end - reading->home;

	if (fired == 1)
		return home >= 1 && *reading->home == '/';
	return home >= fired && !memcmp(reading->home, reading->fired, fired) &&
	       (home == fired || reading->home[fired] == '/');
}

static bool has_comm(const char *text, const char *end, const char *comm)
{
	char name[EVENT_COMM_LEN];

	kmsg_unescape(name, sizeof(name), text, end - text);
	return strcmp(name, comm) == 0;
}

/* Where the victim's path ends: ",task=NAME,pid=1,uid=0" follows, and the table has its name. */
static const char *end_of_home(const struct kmsg_dump *dump, const char *home)
{
	const char *pid = kmsg_find_last(home, ",pid="), *found = NULL;

	for (const char *at = home; pid && (at = strstr(at, ",task=")) && at < pid; at++)
		for (uint32_t i = 0; i < dump->task_count; i++)
			if (dump->tasks[i].tid == dump->pid &&
			    has_comm(at + strlen(",task="), pid, dump->tasks[i].comm))
				found = at;
	if (!found && pid) {
		found = strstr(home, ",task=");
		/* without a table it is only certain where there is one reading */
		if (found && (found > pid || strstr(found + 1, ",task=")))
			found = NULL;
	}
	return found;
}

/* Some unknown reading is better than a wrong one. */
static bool read_paths(const struct kmsg_dump *dump, const char *fired, struct reading *ret_reading)
{
	char header[KMSG_PATH_MAX];
	struct reading found = {0};
	unsigned int readings = 0;

	for (const char *at = fired; (at = strstr(at, HOME)); at++) {
		struct reading reading = {fired, at + strlen(HOME), NULL};

		reading.end = end_of_home(dump, reading.home);
		kmsg_unescape(header, sizeof(header), fired, at - fired);
		if (!reading.end || !is_below(&reading) ||
		    (dump->fired[0] && strcmp(dump->fired, header) != 0))
			continue;
		found = reading;
		readings++;
	}
	if (readings == 1)
		*ret_reading = found;
	return readings == 1;
}

/* No name that comes before has a slash in it: names of a cpuset, of nodes. */
void kmsg_paths(struct kmsg_dump *dump, const char *text)
{
	const char *fired = strstr(text, FIRED "/"), *home = strstr(text, HOME "/");
	struct reading reading = {0};

	if (fired && read_paths(dump, fired + strlen(FIRED), &reading)) {
		kmsg_unescape(dump->fired, KMSG_PATH_MAX, reading.fired,
			      reading.home - strlen(HOME) - reading.fired);
	} else if (!fired && home) {
		reading.home = home + strlen(HOME);
		reading.end = end_of_home(dump, reading.home);
	}
	if (reading.home && reading.end)
		kmsg_unescape(dump->home, KMSG_PATH_MAX, reading.home, reading.end - reading.home);
}

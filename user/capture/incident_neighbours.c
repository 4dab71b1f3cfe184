// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who else holds memory where the limit was hit, by the ledger: the largest, with their curves.
 * They are alive, so what the kernel's log does not say of them is read from their files.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "capture/incident.h"
#include "capture/procfs.h"
#include "capture/watch_state.h"

#define NEIGHBOURS_MAX 16
/* Who holds less is not worth a line. */
#define NEIGHBOUR_SLOTS 4

struct neighbours {
	uint32_t accounts[NEIGHBOURS_MAX]; /* who holds most comes first */
	uint32_t slots[NEIGHBOURS_MAX];
	uint32_t count;
};

static void add(struct neighbours *neighbours, uint32_t account, uint32_t slots)
{
	uint32_t at = neighbours->count;

	if (at < NEIGHBOURS_MAX)
		neighbours->count++;
	else if (slots <= neighbours->slots[--at])
		return;
	for (; at > 0 && neighbours->slots[at - 1] < slots; at--) {
		neighbours->accounts[at] = neighbours->accounts[at - 1];
		neighbours->slots[at] = neighbours->slots[at - 1];
	}
	neighbours->accounts[at] = account;
	neighbours->slots[at] = slots;
}

/* NULL: it was the host that ran out, and all are in it. */
static const struct ot_kill_level *fired_level(const struct incident *incident)
{
	uint32_t fired = incident_level_fired(incident->chosen);

	return incident->scope == SCOPE_MEMCG && fired < incident->chosen->level_count
		       ? &incident->chosen->levels[fired]
		       : NULL;
}

static bool is_below(const struct incident *incident, const struct ot_account *account,
		     const struct ot_kill_level *level)
{
	struct cgroups *cgroups = &incident->live->cgroups;
	const struct known_cgroup *above = cgroups_get(cgroups, cgroups_known(cgroups, level->id));
	const struct known_cgroup *own =
		cgroups_get(cgroups, cgroups_known(cgroups, account->cgroup));

	return above && own && cgroups_is_above(above->path, own->path);
}

static bool is_neighbour(const struct incident *incident, uint32_t number)
{
	const struct ot_account *account = &incident->live->ledger.accounts[number];
	const struct ot_kill_level *level = fired_level(incident);

	/* victims are frozen */
	if (account->in_use != OT_ACCOUNT_LIFE || account->frozen_ns || account->pre_exec)
		return false;
	return !level || account->cgroup == level->id || is_below(incident, account, level);
}

static void find(const struct incident *incident, struct neighbours *neighbours)
{
	const struct ledger *ledger = &incident->live->ledger;
	uint32_t slots[KIND_COUNT];

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < ledger->account_count; i++) {
		uint32_t total = timeline_read_slots(&ledger->accounts[i], slots);

		if (total >= NEIGHBOUR_SLOTS && is_neighbour(incident, i))
			add(neighbours, i, total);
	}
}

/* --- what is told of one ------------------------------------------------------------------ */

static bool is_in_log(const struct incident *incident, uint32_t pid)
{
	for (uint32_t i = 0; incident->dump && i < incident->dump->task_count; i++)
		if (incident->dump->tasks[i].pid == pid)
			return true;
	return false;
}

/* A file of one short line. */
static bool read_line(const struct incident *incident, uint32_t pid, const char *name,
		      char text[128])
{
	_cleanup_close_ int fd = procfs_open_fd(&incident->live->root, pid, name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, 127);

	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

/* The kernel's dump has it, unless it was too busy to print one. */
static void queue_candidate(const struct incident *incident, const struct ot_account *account)
{
	struct event event = {
		.type = EVENT_CANDIDATE,
		.candidate = {.pid = account->tgid, .when = TAKEN_AFTER},
	};
	char text[128], *rest;

	if (is_in_log(incident, account->tgid) ||
	    !read_line(incident, account->tgid, "oom_score_adj", text))
		return;
	event.candidate.oom_score_adj = strtol(text, NULL, 10);
	/* "size resident shared ...", in pages */
	if (!read_line(incident, account->tgid, "statm", text))
		return;
	strtoull(text, &rest, 10);
	event.candidate.rss_bytes = strtoull(rest, NULL, 10) * sysconf(_SC_PAGESIZE);
	memcpy(event.candidate.comm, account->comm, sizeof(event.candidate.comm) - 1);
	event_queue_push(incident->queue, &event);
}

uint32_t incident_queue_account(const struct incident *incident, uint32_t number)
{
	const struct ot_account *account = &incident->live->ledger.accounts[number];
	const struct life *life = lives_known(&incident->live->lives, number);
	struct event event = {
		.type = EVENT_PROCESS,
		.process = {.id = life && life->mm_life == account->life
					  ? life->id
					  : ++incident->live->lives.last_id,
			    .pid = account->tgid,
			    .start_time_ns = account->start_time_ns},
	};

	memcpy(event.process.comm, account->comm, sizeof(event.process.comm) - 1);
	event_queue_push(incident->queue, &event);
	return event.process.id;
}

void incident_queue_neighbours(const struct incident *incident)
{
	const struct ot_account *accounts = incident->live->ledger.accounts;
	struct neighbours neighbours = {.count = 0};

	find(incident, &neighbours);
	for (uint32_t i = 0; i < neighbours.count; i++) {
		const struct ot_account *account = &accounts[neighbours.accounts[i]];

		queue_candidate(incident, account);
		incident_queue_moments_of(incident, account,
					  incident_queue_account(incident, neighbours.accounts[i]));
	}
}

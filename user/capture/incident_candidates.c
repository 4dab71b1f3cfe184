// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/incident.h"

/* mm/oom_kill.c: oom_badness(). `domain_pages` is totalpages. */
static int64_t badness(const struct kmsg_task *task, uint64_t page_bytes, uint64_t domain_pages)
{
	return (int64_t)(task->rss_pages + task->swap_pages + task->page_table_bytes / page_bytes) +
	       task->oom_score_adj * (int64_t)(domain_pages / 1000);
}

static bool is_chosen(const struct kmsg_dump *dump, const struct kmsg_task *task)
{
	return task->tid == dump->pid || task->pid == dump->pid;
}

void incident_queue_tasks(struct event_queue *queue, const struct kmsg_dump *dump,
			  uint64_t domain_pages)
{
	uint64_t page_bytes = sysconf(_SC_PAGESIZE);

	for (uint32_t i = 0; dump && i < dump->task_count; i++) {
		const struct kmsg_task *task = &dump->tasks[i];
		/* OOM_SCORE_ADJ_MIN: never chosen, so nothing is added up */
		bool rated = domain_pages && task->oom_score_adj > -1000;
		struct event event = {
			.type = EVENT_CANDIDATE,
			.candidate = {.pid = task->pid,
				      .known = (task->has_swap ? CANDIDATE_SWAP : 0) |
					       (task->has_page_tables ? CANDIDATE_PAGE_TABLES : 0) |
					       (rated ? CANDIDATE_BADNESS : 0),
				      .rss_bytes = task->rss_pages * page_bytes,
				      .swap_bytes = task->swap_pages * page_bytes,
				      .page_table_bytes = task->page_table_bytes,
				      .oom_score_adj = task->oom_score_adj,
				      .badness_pages = badness(task, page_bytes, domain_pages),
				      .chosen = is_chosen(dump, task),
				      .when = TAKEN_AT_KILL},
		};

		memcpy(event.candidate.comm, task->comm, sizeof(event.candidate.comm));
		event_queue_push(queue, &event);
	}
}

void incident_queue_candidates(const struct incident *incident)
{
	uint64_t domain_pages = 0;

	incident_find_domain(incident, &domain_pages);
	incident_queue_tasks(incident->queue, incident->dump, domain_pages);
}

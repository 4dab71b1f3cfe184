// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that a victim shares with whom it was forked from are in that one's account. There is no
 * time to look at page tables when somebody is killed, so what it had of them is what its own pages
 * leave of the kernel's counter of its anonymous memory, but no more than there was at the fork.
 * It is told by the author's stacks, in the proportion in which they hold memory: what the author
 * has freed since, and nobody else holds, is not among it.
 */
#include <string.h>

#include "capture/cell_figures.h"
#include "capture/incident.h"
#include "capture/watch_state.h"

/* A worker of a worker of a server: further up nobody is looked for. */
#define AUTHORS_MAX 8

static const struct ot_account *account_of(const struct incident *incident, uint32_t number)
{
	const struct ledger *ledger = &incident->live->ledger;

	return number > OT_ACCOUNT_NOBODY && number < ledger->account_count
		       ? &ledger->accounts[number]
		       : NULL;
}

/* NULL: it was forked by nobody, or who did it has been forgotten. */
static const struct ot_account *author_of(const struct incident *incident,
					  const struct ot_account *heir)
{
	const struct ot_account *author = account_of(incident, heir->author);

	return author && author->life == heir->author_life ? author : NULL;
}

uint32_t incident_author_of(const struct incident *incident, const struct ot_kill_record *record)
{
	const struct ot_account *heir = account_of(incident, record->account);

	return heir && heir->life == record->life && author_of(incident, heir) ? heir->author : 0;
}

/* What its own pages leave of its RSS. */
static uint64_t inherited_slots(const struct incident *incident, uint32_t index)
{
	const struct ot_kill_record *record = &incident->watch->cases.records[index];
	int64_t rss = record->rss_pages[OT_RSS_ANON] /
		      (int64_t)incident->live->programs->sizes.period_pages;
	int64_t left = rss - (int64_t)incident->anon_slots[index];
	int64_t most = account_of(incident, record->account)->inherited;

	return left < 0 ? 0 : left < most ? left : most;
}

struct share {
	uint32_t process; /* the heir */
	uint32_t author;  /* account */
	uint64_t slots, of_slots;
	bool exclusive;
	bool with_held; /* of the author, what it held at its end */
};

/* 0 also of cells that are not the author's. */
static uint64_t cell_slots(const struct incident *incident, const struct share *share,
			   uint32_t number)
{
	const struct ot_cell *cell = &incident->live->ledger.cells[number];
	struct cell_event figures = {.process = 0};

	if (!cell->in_use || cell->account != share->author || !cell_figures(cell, &figures))
		return 0;
	return figures.live_slots[KIND_ANON] +
	       (share->with_held ? figures.held_slots[KIND_ANON] : 0);
}

/*
 * The proportions. An author that is gone leaves what its heirs hold, which is what they have of
 * it; but once the victim has been torn down as well that is nothing, and what counts is what the
 * author held at its own end. So it is of one that is killed with its heirs.
 */
static void measure(const struct incident *incident, struct share *share, uint64_t wanted_slots)
{
	const struct ledger *ledger = &incident->live->ledger;
	const struct ot_account *author = &ledger->accounts[share->author];
	int32_t live = __atomic_load_n(&author->live[OT_KIND_ANON], __ATOMIC_RELAXED);

	share->of_slots = live > 0 ? live : 0;
	share->with_held = incident_process_of(incident, share->author) ||
			   (author->frozen_ns && share->of_slots < wanted_slots);
	if (!share->with_held)
		return;
	share->of_slots = 0;
	for (uint32_t cell = 0; cell < ledger->cell_count; cell++)
		share->of_slots += cell_slots(incident, share, cell);
}

/* Rounded so that the parts add up to the whole. */
static void queue_share(struct incident *incident, const struct share *share)
{
	const struct ledger *ledger = &incident->live->ledger;
	struct event event = {
		.type = EVENT_INHERITED,
		.inherited = {.process = share->process,
			      .author = incident_process_of(incident, share->author),
			      .author_pid = ledger->accounts[share->author].tgid},
	};
	uint64_t *slots = &event.inherited.slots[KIND_ANON], seen = 0, told = 0;

	for (uint32_t cell = 0; cell < ledger->cell_count && told < share->slots; cell++) {
		seen += cell_slots(incident, share, cell);
		*slots = seen * share->slots / share->of_slots - told;
		if (!*slots)
			continue;
		told += *slots;
		event.inherited.exclusive_slots[KIND_ANON] = share->exclusive ? *slots : 0;
		event.inherited.stack = incident_queue_stack(incident, cell);
		event_queue_push(incident->queue, &event);
	}
}

/*
 * Several victims may have the same pages: they are in the rows of the author, if that one was
 * killed as well, else in those of the first heir.
 */
static bool is_told_here(const struct incident *incident, uint32_t index, uint32_t author)
{
	const struct kill_cases *cases = &incident->watch->cases;
	uint32_t first = incident->item->first;

	while (first != index && incident_author_of(incident, &cases->records[first]) != author)
		first = cases->next[first];
	return first == index && !incident_process_of(incident, author);
}

/*
 * Of what is inherited, the nearest author's part is as large as its own pages are among all it
 * had; the rest is its author's.
 */
static void queue_authors(struct incident *incident, uint32_t index)
{
	const struct ot_kill_record *record = &incident->watch->cases.records[index];
	const struct ot_account *heir = account_of(incident, record->account), *author;
	uint64_t left = inherited_slots(incident, index);

	for (int i = 0; i < AUTHORS_MAX && left; i++, heir = author) {
		struct share share = {.process = incident->processes[index],
				      .author = heir->author,
				      .exclusive = is_told_here(incident, index, heir->author)};
		uint64_t all;

		author = author_of(incident, heir);
		if (!author)
			return;
		measure(incident, &share, left);
		all = share.of_slots + (author_of(incident, author) ? author->inherited : 0);
		share.slots = all ? left * share.of_slots / all : 0;
		queue_share(incident, &share);
		left -= share.slots;
	}
}

void incident_queue_inherited(struct incident *incident)
{
	const struct kill_cases *cases = &incident->watch->cases;

	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		if (cases->roles[i] != VICTIM_SHARER &&
		    incident_author_of(incident, &cases->records[i]))
			queue_authors(incident, i);
}

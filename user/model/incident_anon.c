// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anonymous memory of a limit, process by process, each page once: what a victim has of whom it was
 * forked from is in that one's term, if it has one.
 */
#include "model/incident_events.h"

#include "model/estimate.h"

struct anon_terms {
	struct incident_draft *draft;
	const struct incident *incident;
	struct incident_term *terms;
	const struct incident_victim *of_victims[INCIDENT_ANON_TERMS_MAX]; /* NULL: of no victim */
	size_t count;
};

static void term_add(struct anon_terms *anon, struct incident_term term)
{
	term.key = "anon";
	anon->terms[anon->count++] = term;
}

/* Who shares the mm of another one has the same memory. */
static bool has_term(const struct incident_victim *victim)
{
	return victim->kill.role != VICTIM_SHARER && victim->kill.known & VICTIM_RSS;
}

static void add_victims(struct anon_terms *anon)
{
	const struct incident *incident = anon->incident;

	for (size_t i = 0; i < incident->victim_count && anon->count < INCIDENT_ANON_TERMS_MAX;
	     i++) {
		const struct incident_victim *victim = &incident->victims[i];

		if (!has_term(victim))
			continue;
		anon->of_victims[anon->count] = victim;
		term_add(anon,
			 (struct incident_term){
				 .pid = victim->pid,
				 .comm = victim->comm,
				 .bytes = (int64_t)estimate_add(victim->kill.rss_anon_bytes, 0),
				 .source = ACCOUNT_RSS,
				 .when = victim->kill.before & VICTIM_RSS ? TAKEN_BEFORE
									  : TAKEN_AT_KILL});
	}
}

/* What the ledger last wrote of a process that was not killed. NULL: nothing. */
static const struct moment_event *last_moment(const struct anon_terms *anon, uint32_t pid)
{
	const struct incident_builder *builder = anon->draft->builder;
	const struct kept_event *process =
		table_get(&builder->by_pid, (struct table_key){.major = pid});
	const struct kept_of_process *kept =
		process ? kept_of(builder, EVENT_MOMENT, process->event.process.id) : NULL;

	return kept && kept->last->event.moment.known & MOMENT_RSS ? &kept->last->event.moment
								   : NULL;
}

static void add_others(struct anon_terms *anon)
{
	const struct incident *incident = anon->incident;

	for (size_t i = 0; i < incident->candidate_count && anon->count < INCIDENT_ANON_TERMS_MAX;
	     i++) {
		const struct candidate_event *candidate = &incident->candidates[i].candidate;
		const struct moment_event *moment = last_moment(anon, candidate->pid);

		if (!moment || table_get(&anon->draft->owned->victim_pids,
					 (struct table_key){.major = candidate->pid}))
			continue;
		term_add(anon, (struct incident_term){
				       .pid = candidate->pid,
				       .comm = candidate->comm,
				       .bytes = (int64_t)estimate_add(moment->anon_bytes, 0),
				       .source = ACCOUNT_LEDGER,
				       .when = TAKEN_BEFORE});
	}
}

/* --- what is in another one's term --------------------------------------------------------- */

static const struct incident_term *term_of(const struct anon_terms *anon, uint32_t pid)
{
	for (size_t i = 0; i < anon->count; i++)
		if (anon->terms[i].pid == pid)
			return &anon->terms[i];
	return NULL;
}

/*
 * The pages of an author who has no term are those of the first heir that tells of them. One that
 * has executed another image since is called as before, and has no more than its term says.
 */
static uint64_t bytes_of_author(const struct anon_terms *anon, const struct inherited_event *event)
{
	const struct growth_session *session = &anon->incident->held.session;
	const struct estimate estimate = {session->period_pages, session->page_size_bytes};
	const struct incident_term *author = term_of(anon, event->author_pid);
	uint64_t slots = event->slots[KIND_ANON], exclusive = event->exclusive_slots[KIND_ANON];
	uint64_t bytes;

	if (!author)
		slots -= exclusive < slots ? exclusive : slots;
	bytes = estimate_bytes(&estimate, slots);
	if (!author)
		return bytes;
	return bytes < (uint64_t)author->bytes ? bytes : (uint64_t)author->bytes;
}

static uint64_t bytes_of_authors(const struct anon_terms *anon, uint32_t process)
{
	const struct kept_of_process *kept =
		kept_of(anon->draft->builder, EVENT_INHERITED, process);
	uint64_t bytes = 0;

	for (const struct kept_event *event = kept ? kept->first : NULL; event;
	     event = event->next_of_same)
		bytes = estimate_add(bytes, bytes_of_author(anon, &event->event.inherited));
	return bytes;
}

/* Nobody has less than nothing of its own, whatever was estimated. */
static void take_off_inherited(struct anon_terms *anon)
{
	for (size_t i = 0; i < anon->count; i++) {
		struct incident_term *term = &anon->terms[i];
		uint64_t bytes = 0;

		if (anon->of_victims[i])
			bytes = bytes_of_authors(anon, anon->of_victims[i]->kill.process);
		term->inherited_bytes =
			bytes < (uint64_t)term->bytes ? bytes : (uint64_t)term->bytes;
	}
	/* an author may be an heir itself: of what it had, nothing is missing until all were asked
	 */
	for (size_t i = 0; i < anon->count; i++)
		anon->terms[i].bytes -= (int64_t)anon->terms[i].inherited_bytes;
}

size_t incident_anon_terms(struct incident_draft *draft, struct incident_term *terms)
{
	struct anon_terms anon = {
		.draft = draft, .incident = &draft->owned->incident, .terms = terms};

	add_victims(&anon);
	add_others(&anon);
	take_off_inherited(&anon);
	return anon.count;
}

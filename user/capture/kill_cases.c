// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kill_cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kill_cases_init(struct kill_cases *cases)
{
	const size_t bytes = KILL_RECORDS_MAX * sizeof(*cases->records);

	*cases = (struct kill_cases){.records = malloc(bytes)};
	if (!cases->records)
		return -ENOMEM;
	/* touched now: at a kill there may be no memory */
	memset(cases->records, 0xff, bytes);
	return 0;
}

void kill_cases_release(struct kill_cases *cases)
{
	free(cases->records);
	memset(cases, 0, sizeof(*cases));
}

static uint32_t free_record(const struct kill_cases *cases)
{
	for (uint32_t i = 0; i < KILL_RECORDS_MAX; i++)
		if (!cases->used[i])
			return i;
	return KILL_NONE;
}

bool kill_cases_full(const struct kill_cases *cases)
{
	return cases->count == KILL_CASES_MAX || free_record(cases) == KILL_NONE;
}

static void case_append(struct kill_cases *cases, struct kill_case *item, uint32_t record,
			enum victim_role role)
{
	cases->roles[record] = role;
	cases->next[record] = KILL_NONE;
	if (item->first == KILL_NONE)
		item->first = record;
	else
		cases->next[item->last] = record;
	item->last = record;
	item->last_ns = cases->records[record].time_ns;
}

/* The latest case of a trigger: it deals with one at a time. */
static struct kill_case *case_of_trigger(struct kill_cases *cases, uint32_t trigger_tid)
{
	for (uint32_t i = cases->count; i-- > 0;)
		if (cases->items[i].trigger_tid == trigger_tid && !cases->items[i].sender)
			return &cases->items[i];
	return NULL;
}

static bool case_has_life(const struct kill_cases *cases, const struct kill_case *item,
			  uint64_t life)
{
	for (uint32_t i = item->first; i != KILL_NONE; i = cases->next[i])
		if (life && cases->records[i].life == life)
			return true;
	return false;
}

static bool case_has_process(const struct kill_cases *cases, const struct kill_case *item,
			     const struct ot_kill_record *record)
{
	for (uint32_t i = item->first; i != KILL_NONE; i = cases->next[i])
		if (cases->records[i].tgid == record->tgid &&
		    cases->records[i].start_time_ns == record->start_time_ns)
			return true;
	return false;
}

/* KILL_NONE: there is no room. */
static uint32_t keep_record(struct kill_cases *cases, const struct ot_kill_record *record)
{
	uint32_t place = free_record(cases);

	if (place == KILL_NONE)
		return place;
	cases->records[place] = *record;
	cases->used[place] = true;
	cases->roles[place] = 0;
	return place;
}

void kill_cases_add(struct kill_cases *cases, const struct ot_kill_record *record)
{
	struct kill_case *item = case_of_trigger(cases, record->trigger_tid);
	uint32_t place;

	/* with its group the one chosen is killed once more, and may have taken the first signal */
	if (item && item->group && case_has_process(cases, item, record))
		return;
	place = keep_record(cases, record);
	if (place == KILL_NONE) {
		cases->signals_crowded++;
		return;
	}
	if (item && case_has_life(cases, item, record->life))
		case_append(cases, item, place, VICTIM_SHARER);
}

/* The signal that a mark is about: the latest, should there be two. */
static uint32_t unmarked(const struct kill_cases *cases, const struct ot_mark_record *mark)
{
	uint32_t found = KILL_NONE;

	for (uint32_t i = 0; i < KILL_RECORDS_MAX; i++) {
		const struct ot_kill_record *record = &cases->records[i];

		if (!cases->used[i] || cases->roles[i] || record->tid != mark->tid ||
		    record->trigger_tid != mark->trigger_tid)
			continue;
		if (found == KILL_NONE || record->time_ns > cases->records[found].time_ns)
			found = i;
	}
	return found;
}

static bool kills_group(const struct ot_kill_record *record)
{
	for (uint32_t i = 0; i < record->level_count && i < OT_KILL_LEVELS; i++)
		if (record->levels[i].oom_group)
			return true;
	return false;
}

/* False: there is no room. */
static bool case_open(struct kill_cases *cases, uint32_t record)
{
	const struct ot_kill_record *chosen = &cases->records[record];
	struct kill_case *item;

	if (cases->count == KILL_CASES_MAX) {
		cases->used[record] = false;
		return false;
	}
	item = &cases->items[cases->count++];
	*item = (struct kill_case){
		.time_ns = chosen->time_ns,
		.trigger_tid = chosen->trigger_tid,
		.group = kills_group(chosen),
		.first = KILL_NONE,
		.last = KILL_NONE,
	};
	item->complete = !item->group && chosen->mm_users <= chosen->threads;
	case_append(cases, item, record, VICTIM_CHOSEN);
	return true;
}

/* A mark without a signal: of a process that was ending by itself, or of one that found no room. */
static void mark_without_record(struct kill_cases *cases)
{
	if (!cases->signals_crowded) {
		cases->dying++;
		return;
	}
	cases->signals_crowded--;
	cases->crowded++;
}

static void note_seen(struct kill_cases *cases, uint32_t tid)
{
	cases->marks++;
	cases->seen[cases->seen_next++ % KILL_SEEN_MAX] = tid;
}

bool kill_cases_claim(struct kill_cases *cases, uint32_t tid)
{
	for (uint32_t i = 0; i < KILL_SEEN_MAX; i++)
		if (cases->seen[i] == tid) {
			cases->seen[i] = 0;
			return true;
		}
	return false;
}

void kill_cases_recovered(struct kill_cases *cases)
{
	if (!cases->crowded)
		return;
	cases->crowded--;
	cases->recovered++;
}

void kill_cases_mark(struct kill_cases *cases, const struct ot_mark_record *mark)
{
	struct kill_case *item = case_of_trigger(cases, mark->trigger_tid);
	uint32_t record = unmarked(cases, mark);

	if (record == KILL_NONE) {
		mark_without_record(cases);
		return;
	}
	if (item && item->group && mark->time_ns - item->last_ns < KILL_QUIET_NS)
		case_append(cases, item, record, VICTIM_GROUP);
	else if (!case_open(cases, record)) {
		cases->crowded++;
		return;
	}
	note_seen(cases, mark->tid);
}

/* --- of OOM daemons ------------------------------------------------------------------------- */

static struct kill_case *case_of_sender(struct kill_cases *cases,
					const struct ot_kill_record *record)
{
	for (uint32_t i = 0; i < cases->count; i++) {
		struct kill_case *item = &cases->items[i];

		if (item->sender && item->trigger_tid == record->trigger_tid &&
		    record->time_ns - item->last_ns < KILL_QUIET_NS)
			return item;
	}
	return NULL;
}

static struct ot_kill_sender *free_sender(struct kill_cases *cases)
{
	for (uint32_t place = 0; place < KILL_SENT_CASES_MAX; place++) {
		bool used = false;

		for (uint32_t i = 0; i < cases->count; i++)
			used |= cases->items[i].sender == &cases->senders[place];
		if (!used)
			return &cases->senders[place];
	}
	return NULL;
}

static struct kill_case *case_open_sent(struct kill_cases *cases,
					const struct ot_sigkill_record *record)
{
	struct ot_kill_sender *sender = free_sender(cases);
	struct kill_case *item;

	if (!sender || cases->count == KILL_CASES_MAX)
		return NULL;
	*sender = record->sender;
	item = &cases->items[cases->count++];
	*item = (struct kill_case){
		.time_ns = record->kill.time_ns,
		.trigger_tid = record->kill.trigger_tid,
		.first = KILL_NONE,
		.last = KILL_NONE,
		.sender = sender,
	};
	return item;
}

void kill_cases_add_sent(struct kill_cases *cases, const struct ot_sigkill_record *record)
{
	struct kill_case *item = case_of_sender(cases, &record->kill);
	enum victim_role role = item ? VICTIM_GROUP : VICTIM_CHOSEN;
	uint32_t place = KILL_NONE;

	if (cases->sent < KILL_SENT_RECORDS_MAX)
		place = keep_record(cases, &record->kill);
	if (place != KILL_NONE && !item)
		item = case_open_sent(cases, record);
	if (place == KILL_NONE || !item) {
		cases->sent_crowded++;
		if (place != KILL_NONE)
			cases->used[place] = false;
		return;
	}
	cases->sent++;
	case_append(cases, item, place, role);
}

/* --- what is complete ----------------------------------------------------------------------- */

/* Signals without a mark were not the OOM killer's: the kernel has other reasons to send one. */
const struct ot_kill_record *kill_cases_unmarked(struct kill_cases *cases, uint64_t now_ns)
{
	for (uint32_t i = 0; i < KILL_RECORDS_MAX; i++) {
		if (!cases->used[i] || cases->roles[i] ||
		    now_ns <= cases->records[i].time_ns + KILL_QUIET_NS)
			continue;
		cases->used[i] = false;
		return &cases->records[i];
	}
	return NULL;
}

static bool case_is_ready(const struct kill_case *item, uint64_t now_ns)
{
	return item->complete || now_ns >= item->last_ns + KILL_QUIET_NS;
}

const struct kill_case *kill_cases_ready(struct kill_cases *cases, uint64_t now_ns)
{
	while (kill_cases_unmarked(cases, now_ns))
		;
	for (uint32_t i = 0; i < cases->count; i++) {
		cases->ready = i;
		if (case_is_ready(&cases->items[i], now_ns))
			return &cases->items[i];
		if (!cases->items[i].sender)
			return NULL;
	}
	return NULL;
}

/* Those that a mark has told of; sharers die with them. */
static uint64_t marked_kills(const struct kill_cases *cases, const struct kill_case *item)
{
	uint64_t count = 0;

	if (item->sender)
		return 0;
	for (uint32_t i = item->first; i != KILL_NONE; i = cases->next[i])
		count += cases->roles[i] != VICTIM_SHARER;
	return count;
}

uint64_t kill_cases_untold(const struct kill_cases *cases)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < cases->count; i++)
		count += marked_kills(cases, &cases->items[i]);
	return count;
}

void kill_cases_done(struct kill_cases *cases)
{
	struct kill_case *item = &cases->items[cases->ready];

	cases->told += marked_kills(cases, item);
	for (uint32_t i = item->first; i != KILL_NONE; i = cases->next[i]) {
		cases->used[i] = false;
		cases->sent -= item->sender != NULL;
	}
	memmove(item, item + 1, (--cases->count - cases->ready) * sizeof(*item));
}

bool kill_cases_gather(const struct kill_cases *cases, uint64_t since_ns)
{
	for (uint32_t i = 0; i < KILL_RECORDS_MAX; i++)
		if (cases->used[i] && !cases->roles[i] && cases->records[i].time_ns > since_ns)
			return true;
	return cases->count > 0;
}

bool kill_cases_wait(const struct kill_cases *cases)
{
	for (uint32_t i = 0; i < KILL_RECORDS_MAX; i++)
		if (cases->used[i])
			return true;
	return false;
}

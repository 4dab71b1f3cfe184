// SPDX-License-Identifier: GPL-2.0-or-later
/* What lives have mapped goes to where stacks are walked by; see lives.h. */
#include <string.h>

#include "capture/lives_state.h"

/*
 * What is known of its mappings goes to where stacks are walked by. A copy of them: while rows are
 * being made records are taken, and one of them may be a reason to read the mappings again.
 */
static void publish(struct lives *lives, uint32_t number)
{
	_cleanup_(mappings_release) struct mappings mappings = {0};
	struct life *life = &lives->items[number];
	enum unwind_rows_state state = UNWIND_ROWS_WAITED_FOR;
	uint32_t pid = life->process.pid;

	life->code_missing = life->code_stale;
	if (mappings_copy(&life->mappings, lives->store, &mappings))
		return;
	/* the number of a process that is gone may be another's: only what waits can use its code
	 */
	if (lives->ledger->accounts[number].frozen_ns || !lives_is_latest(lives, number))
		state = unwind_follow_load(lives->follow, &mappings);
	else if (unwind_follow_publish(lives->follow, pid, &mappings, &state))
		state = UNWIND_ROWS_WAITED_FOR;
	life->code_missing |= state == UNWIND_ROWS_WAITED_FOR;
	life->code_without_room = state == UNWIND_ROWS_NO_ROOM;
}

void lives_publish_later(struct lives *lives, struct life *life, bool stale)
{
	uint32_t number = (uint32_t)(life - lives->items);

	life->code_missing = lives->follow != NULL;
	life->code_stale = stale;
	lives->publish_due = true;
	if (!lives->is_listed[number])
		lives->missing[lives->missing_count++] = number;
	lives->is_listed[number] = true;
}

/* Does the walk see another file where this one is known to be? */
static bool is_other(const struct lives *lives, const struct life *life,
		     const struct ot_code_area *area)
{
	const struct mappings *known = &life->mappings;
	struct ot_code_key key;

	for (size_t i = mappings_from(known, area->start);
	     i < known->count && known->items[i].start < area->end; i++)
		if (modules_key(lives->modules, known->items[i].module, &key) &&
		    memcmp(&key, &area->key, sizeof(key)) != 0)
			return true;
	return false;
}

static bool is_valid(const struct ot_code_record *record, size_t bytes)
{
	return bytes >= offsetof(struct ot_code_record, areas) && record->count <= OT_CODE_AREAS &&
	       bytes >= offsetof(struct ot_code_record, areas) +
				record->count * sizeof(record->areas[0]);
}

static bool is_contradicted(const struct lives *lives, const struct life *life,
			    const struct ot_code_record *record)
{
	for (uint32_t i = 0; i < record->count; i++)
		if (is_other(lives, life, &record->areas[i]))
			return true;
	return false;
}

/*
 * Stacks that follow go through what the walk saw, not through what was there before it: known
 * addresses are other functions now. Should that be gone again, too, what it saw is all there is.
 */
static void correct(struct lives *lives, struct life *life, const struct ot_code_record *record)
{
	lives_tell_other_code(lives, record->account);
	life->mappings.read_ns = 0;
	if (lives_reread(lives, record->account) && !is_contradicted(lives, life, record))
		return;
	mappings_of_areas(&life->mappings, lives->store, lives->modules, record->areas,
			  record->count);
}

int lives_code_told(struct lives *lives, const struct ot_code_record *record, size_t bytes)
{
	struct life *life;

	if (!is_valid(record, bytes))
		return -EBADMSG;
	life = lives->follow ? lives_get(lives, record->account) : NULL;
	if (!life || !record->count)
		return 0;
	if (is_contradicted(lives, life, record))
		correct(lives, life, record);
	lives_told_release(life);
	life->told = store_alloc_array(lives->store, record->count, sizeof(*life->told));
	if (!life->told)
		return -ENOMEM;
	memcpy(life->told, record->areas, record->count * sizeof(*life->told));
	life->told_count = record->count;
	lives_publish_later(lives, life, true);
	return 0;
}

void lives_code_missing(struct lives *lives, uint32_t number)
{
	struct life *life = lives->follow ? lives_get(lives, number) : NULL;

	if (life && !lives_reread(lives, number))
		lives_publish_later(lives, life, true);
}

static bool is_missing(const struct lives *lives, uint32_t number)
{
	return lives->items[number].id && lives->items[number].code_missing;
}

static void forget_complete(struct lives *lives)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < lives->missing_count; i++) {
		uint32_t number = lives->missing[i];

		lives->is_listed[number] = is_missing(lives, number);
		if (lives->is_listed[number])
			lives->missing[kept++] = number;
	}
	lives->missing_count = kept;
}

static void list_without_room(struct lives *lives)
{
	for (uint32_t i = 0; i < lives->ledger->account_count; i++)
		if (lives->items[i].id && lives->items[i].code_without_room)
			lives_publish_later(lives, &lives->items[i], false);
}

void lives_publish_missing(struct lives *lives, bool now)
{
	if (lives->follow && unwind_follow_make_room(lives->follow))
		list_without_room(lives);
	lives->publish_due = false;
	/* while rows are waited for records are taken, and more may be listed */
	for (uint32_t i = 0; lives->follow && i < lives->missing_count; i++) {
		uint32_t number = lives->missing[i];

		if (!is_missing(lives, number))
			continue;
		if (now)
			lives->items[number].mappings.read_ns = 0;
		if (lives->items[number].code_stale)
			lives_reread(lives, number);
		publish(lives, number);
	}
	forget_complete(lives);
}

int lives_walk(struct lives *lives, uint32_t number, const struct ot_stack_bytes_record *bytes,
	       bool now, struct unwinder_stack *ret_stack)
{
	const struct life *life = lives_known(lives, number);
	const struct unwinder_input input = {
		.ip = bytes->ip,
		.sp = bytes->sp,
		.bp = bytes->bp,
		.words = bytes->words,
		.words_at = bytes->sp & ~(uint64_t)(OT_STACK_PAGE_BYTES - 1),
		.word_count = bytes->page_count * OT_STACK_PAGE_BYTES / sizeof(bytes->words[0]),
	};

	if (!life || !lives->follow)
		return -ENOENT;
	if (life->code_missing && !now)
		return -EAGAIN;
	return unwind_follow_walk(lives->follow, lives->store, &life->mappings, &input, ret_stack);
}

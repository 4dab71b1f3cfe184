// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/kill_history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/incident.h"
#include "model/workload.h"

/* Kills that are remembered. */
#define KILLS_MAX 256
/*
 * From a kill to the start of the next life, at most. kubelet waits for five minutes between two
 * restarts (MaxContainerBackOff), and forgets what was after ten.
 */
#define RESTART_NS (600 * UINT64_C(1000000000))
/* Start times may be to the clock tick, and a clock is slewed: siblings of one burst overlap by
 * more. */
#define CLOCK_SLACK_NS UINT64_C(20000000)
/* At least so long a life has taken whose start nobody knows. */
#define UNKNOWN_LIFE_NS UINT64_C(1000000000)

struct kill {
	struct arena arena; /* of the strings */
	struct workload workload;
	struct life_event before[LIVES_MAX];
	size_t before_count;
	struct life_event own;
};

struct kill_history {
	struct kill kills[KILLS_MAX];
	size_t next; /* where the next one goes */
};

int kill_history_new(struct kill_history **ret_history)
{
	struct kill_history *history = calloc(1, sizeof(*history));

	if (!history)
		return -ENOMEM;
	*ret_history = history;
	return 0;
}

void kill_history_free(struct kill_history *history)
{
	for (size_t i = 0; i < KILLS_MAX; i++)
		arena_release(&history->kills[i].arena);
	free(history);
}

/* --- which one came before ------------------------------------------------------------------- */

static bool follows(const struct life_event *life, const struct life_event *earlier)
{
	uint64_t begin_ns = life_start_ns(life);

	if (earlier->realtime_ns >= life->realtime_ns)
		return false;
	if (!begin_ns)
		begin_ns = life->realtime_ns - UNKNOWN_LIFE_NS;
	return begin_ns + CLOCK_SLACK_NS > earlier->realtime_ns &&
	       begin_ns < earlier->realtime_ns + RESTART_NS;
}

/* The one that ended last, of those that it may follow. NULL: none. */
static const struct kill *find_before(const struct kill_history *history, const struct kill *kill)
{
	const struct kill *latest = NULL;

	for (size_t i = 0; i < KILLS_MAX; i++) {
		const struct kill *other = &history->kills[i];

		if (!other->own.id || !follows(&kill->own, &other->own) ||
		    (latest && latest->own.realtime_ns >= other->own.realtime_ns) ||
		    !workload_is_same(&kill->workload, &other->workload))
			continue;
		latest = other;
	}
	return latest;
}

/* --- taking one in --------------------------------------------------------------------------- */

static int take_life(struct kill *kill, const struct life_event *life, struct life_event *ret_life)
{
	*ret_life = *life;
	ret_life->id = arena_strdup(&kill->arena, life->id);
	return ret_life->id ? 0 : -ENOMEM;
}

/* The last of them, where there are too many. */
static int take_before(struct kill *kill, const struct life_event *lives, size_t count)
{
	size_t first = count > LIVES_MAX ? count - LIVES_MAX : 0;
	int err = 0;

	for (size_t i = first; i < count && !err; i++)
		err = take_life(kill, &lives[i], &kill->before[kill->before_count++]);
	if (count)
		kill->own.number = lives[count - 1].number + 1;
	return err;
}

static int take_found(struct kill *kill, const struct kill *earlier)
{
	struct life_event lives[LIVES_MAX + 1];

	if (!earlier)
		return 0;
	memcpy(lives, earlier->before, earlier->before_count * sizeof(*lives));
	lives[earlier->before_count] = earlier->own;
	return take_before(kill, lives, earlier->before_count + 1);
}

static int kill_make(const struct kill_history *history, const struct incident *incident,
		     struct kill *kill)
{
	const struct crash_loop *loop = &incident->loop;
	struct life_event own = life_of(incident);
	int err = workload_of(incident, &kill->arena, &kill->workload);

	if (!err)
		err = take_life(kill, &own, &kill->own);
	if (err)
		return err;
	return loop->life_count ? take_before(kill, loop->lives, loop->life_count - 1)
				: take_found(kill, find_before(history, kill));
}

int kill_history_add(struct kill_history *history, const struct incident *incident,
		     struct life_event ret_lives[LIVES_MAX], size_t *ret_count)
{
	struct kill kill = {.before_count = 0};
	struct kill *place = &history->kills[history->next];
	int err = kill_make(history, incident, &kill);

	if (err) {
		arena_release(&kill.arena);
		return err;
	}
	arena_release(&place->arena);
	*place = kill;
	history->next = (history->next + 1) % KILLS_MAX;
	if (ret_lives) {
		memcpy(ret_lives, place->before, place->before_count * sizeof(*ret_lives));
		*ret_count = place->before_count;
	}
	return 0;
}

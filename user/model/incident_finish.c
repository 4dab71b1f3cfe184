// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/incident_events.h"

/* --- what is copied as it came ------------------------------------------------------------- */

static int levels_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct level_event *levels =
		arena_alloc(&draft->owned->arena, kept_count(draft, EVENT_LEVEL), sizeof(*levels));

	if (!levels)
		return -ENOMEM;
	for (const struct kept_event *kept = kept_first(draft, EVENT_LEVEL); kept;
	     kept = kept->next)
		levels[incident->level_count++] = kept->event.level;
	incident->levels = levels;
	for (size_t i = 0; i < incident->level_count; i++)
		if (levels[i].fired && !incident->fired)
			incident->fired = &levels[i];
	return 0;
}

static int figures_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	struct figure_event *figures = arena_alloc(
		&draft->owned->arena, kept_count(draft, EVENT_FIGURE), sizeof(*figures));

	if (!figures)
		return -ENOMEM;
	for (const struct kept_event *kept = kept_first(draft, EVENT_FIGURE); kept;
	     kept = kept->next)
		figures[incident->figure_count++] = kept->event.figure;
	incident->figures = figures;
	return 0;
}

static int processes_index(struct incident_draft *draft)
{
	const struct growth *growth = draft->owned->growth;
	int err = 0;

	for (size_t i = 0; i < growth->process_count && !err; i++)
		err = table_put(&draft->owned->processes,
				(struct table_key){.major = growth->processes[i].id},
				(void *)&growth->processes[i]);
	return err;
}

/* The latest of them, should a file tell of more than there is room for. */
static int loop_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	size_t all = kept_count(draft, EVENT_LIFE), index = 0;
	size_t count = all < LIVES_MAX ? all : LIVES_MAX;
	struct life_event *lives = arena_alloc(&draft->owned->arena, LIVES_MAX + 1, sizeof(*lives));

	if (!lives)
		return -ENOMEM;
	for (const struct kept_event *kept = kept_first(draft, EVENT_LIFE); kept;
	     kept = kept->next, index++)
		if (index + count >= all)
			lives[index + count - all] = kept->event.life;
	return crash_loop_make(incident, lives, count, &draft->owned->arena, &incident->loop);
}

/* Of everything above. */
static int judge(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;

	return verdict_make(incident, &draft->owned->arena, &incident->verdict);
}

/* --- all together -------------------------------------------------------------------------- */

static int draft_finish(struct incident_draft *draft)
{
	static int (*const steps[])(struct incident_draft *) = {
		processes_index,
		levels_make,
		figures_make,
		incident_victims_make,
		incident_sender_make,
		incident_stacks_make,
		incident_early_make,
		incident_growing_make,
		incident_timeline_make,
		incident_warnings_make,
		incident_candidates_make,
		incident_account_make,
		loop_make,
		judge,
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !err; i++)
		err = steps[i](draft);
	return err;
}

int incident_builder_finish(const struct incident_builder *builder,
			    const struct growth_options *options, struct incident **ret_incident)
{
	struct incident_draft draft = {.builder = builder};
	struct growth_options of_growth = *options;
	_cleanup_(incident_freep) struct incident *incident = NULL;
	int err;

	if (!incident_builder_has_incident(builder))
		return -ENODATA;
	draft.owned = calloc(1, sizeof(*draft.owned));
	if (!draft.owned)
		return -ENOMEM;
	incident = &draft.owned->incident;
	incident->event = builder->lists[EVENT_INCIDENT].first->event.incident;
	incident->complete = builder->complete;
	if (incident->event.kind == INCIDENT_WARNING && builder->lists[EVENT_WARNING].first)
		incident->warning = &builder->lists[EVENT_WARNING].first->event.warning;
	draft.namer = (struct frame_namer){
		.builder = builder->growth,
		.arena = &draft.owned->arena,
		.arena_bytes_max = options->frames_bytes_max,
	};
	of_growth.since_previous = incident->warning != NULL;
	err = growth_builder_finish(builder->growth, &of_growth, &draft.owned->growth);
	if (!err)
		err = draft_finish(&draft);
	frame_namer_release(&draft.namer);
	if (err)
		return err;
	*ret_incident = TAKE_PTR(incident);
	return 0;
}

bool incident_is_brief(const struct incident *incident)
{
	return incident->event.sequence == 0;
}

const char *incident_comm(const struct incident *incident)
{
	return incident->victim_count ? incident->victims[0].comm : "?";
}

const struct growth_process *incident_process(const struct incident *incident, uint32_t id)
{
	const struct incident_owned *owned = (const struct incident_owned *)incident;

	return table_get(&owned->processes, (struct table_key){.major = id});
}

void incident_free(struct incident *incident)
{
	struct incident_owned *owned = (struct incident_owned *)incident;

	if (owned->growth)
		growth_free(owned->growth);
	table_release(&owned->processes);
	table_release(&owned->victims);
	table_release(&owned->victim_pids);
	arena_release(&owned->arena);
	free(owned);
}

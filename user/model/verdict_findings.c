// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/verdict_findings.h"

#include <string.h>

double findings_term(const struct verdict_findings *findings, const char *key)
{
	const struct incident_account *account = &findings->incident->account;
	double sum = 0;

	for (size_t i = 0; i < account->term_count; i++)
		if (strcmp(account->terms[i].key, key) == 0)
			sum += (double)account->terms[i].bytes;
	return sum;
}

double findings_figure(const struct verdict_findings *findings, const char *key)
{
	const struct incident *incident = findings->incident;
	uint32_t level = incident->fired ? incident->fired->index : LEVEL_HOST;

	for (size_t i = 0; i < incident->figure_count; i++)
		if (incident->figures[i].level == level &&
		    strcmp(incident->figures[i].key, key) == 0)
			return (double)incident->figures[i].value;
	return 0;
}

/* --- what was set ----------------------------------------------------------------------------- */

const struct figure_event *findings_fact(const struct verdict_findings *findings, const char *key)
{
	const struct incident *incident = findings->incident;

	for (size_t i = 0; findings->victim && i < incident->figure_count; i++)
		if (incident->figures[i].level == LEVEL_PROCESS &&
		    incident->figures[i].process == findings->victim->kill.process &&
		    strcmp(incident->figures[i].key, key) == 0)
			return &incident->figures[i];
	return NULL;
}

const char *findings_text(const struct verdict_findings *findings, const char *key)
{
	const struct figure_event *fact = findings_fact(findings, key);

	return fact ? fact->text : NULL;
}

/* The names child has them from .gopclntab, which a stripped program keeps. */
bool findings_is_go(const struct verdict_findings *findings)
{
	static const char *const functions[] = {"runtime.mallocgc", "runtime.goexit",
						"runtime.goexit.abi0", "runtime.(*mheap).alloc"};
	const struct growth *held = &findings->incident->held;

	for (size_t row = 0; row < held->row_count; row++)
		for (uint32_t frame = 0; frame < held->rows[row].frame_count; frame++)
			for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
				if (strcmp(held->rows[row].frames[frame], functions[i]) == 0)
					return true;
	return false;
}

/* --- the rest ------------------------------------------------------------------------------ */

/* The two clocks differ by time spent suspended, of which servers have none. */
static double seconds_of(const struct incident *incident, const struct incident_victim *victim)
{
	if (!victim->start_ns || victim->start_ns > incident->event.monotonic_ns)
		return 0;
	return (double)(incident->event.monotonic_ns - victim->start_ns) / 1e9;
}

/* Who shares an mm has the same memory. */
static double own_bytes(const struct victim_event *kill)
{
	if (!(kill->known & VICTIM_RSS) || kill->role == VICTIM_SHARER)
		return 0;
	return (double)kill->rss_anon_bytes + (double)kill->rss_shmem_bytes +
	       (double)kill->swap_bytes;
}

int verdict_findings_make(const struct incident *incident, struct arena *arena,
			  struct verdict_findings *ret_findings)
{
	struct verdict_findings findings = {
		.incident = incident,
		.arena = arena,
		.victim = incident->victim_count ? &incident->victims[0] : NULL,
		.limit_bytes = incident->account.known ? (double)incident->account.limit_bytes : 0,
	};
	int err;

	for (size_t i = 0; i < incident->victim_count; i++)
		findings.victim_bytes += own_bytes(&incident->victims[i].kill);
	if (findings.victim)
		findings.life_seconds = seconds_of(incident, findings.victim);
	findings.facts_known = findings_fact(&findings, "threads") != NULL;
	err = verdict_findings_curve(&findings);
	if (err)
		return err;
	*ret_findings = findings;
	return 0;
}

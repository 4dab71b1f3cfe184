// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/testing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/oomtrace.h"
#include "capture/losses.h"
#include "capture/sizes.h"

bool testing_no_reserve(void)
{
	const char *wanted = getenv("OOMTRACE_TEST_SMALLEST");

	return wanted && strcmp(wanted, "reserve") == 0;
}

void testing_shrink(struct sizes *sizes)
{
	const char *wanted = getenv("OOMTRACE_TEST_SMALLEST");

	if (!wanted || testing_no_reserve())
		return;
	if (strcmp(wanted, "rows") == 0) {
		sizes->unwind_tables = 8;
		return;
	}
	/* number 0 of the accounts is nobody's; a ring is of whole pages, and has whole records */
	sizes->accounts = 3;
	sizes->cells = sizes->cells_per_account = 4;
	sizes->targets = 2;
	sizes->ring_bytes = sizes->mapping_ring_bytes = 4096;
	sizes->unwind_segments = 1;
	sizes->unwind_tables = 2;
	sizes->code_mappings = 16;
	sizes->code_slices = 2;
}

bool testing_tracepoints_only(void)
{
	return getenv("OOMTRACE_TEST_TRACEPOINTS") != NULL;
}

bool testing_page_events(void)
{
	return getenv("OOMTRACE_TEST_PERF_EVENTS") != NULL;
}

static uint32_t causes_of(const char *word, size_t length)
{
	uint32_t causes = 0;

	for (uint32_t loss = 0; loss < OT_LOSS_COUNT; loss++) {
		const char *cause = losses_cause(loss);

		if ((length == strlen(cause) && strncmp(word, cause, length) == 0) ||
		    (length == 3 && strncmp(word, "all", 3) == 0))
			causes |= 1u << loss;
	}
	return causes;
}

struct testing_drop testing_drop(void)
{
	const char *wanted = getenv("OOMTRACE_TEST_DROP");
	const char *colon = wanted ? strchr(wanted, ':') : NULL;
	struct testing_drop drop = {0};

	if (!colon)
		return drop;
	drop.causes = causes_of(wanted, colon - wanted);
	drop.one_in = strtoul(colon + 1, NULL, 10);
	return drop;
}

const char *testing_balance(void)
{
	return getenv("OOMTRACE_TEST_BALANCE");
}

bool testing_walk_twice(void)
{
	return getenv("OOMTRACE_TEST_WALKS") != NULL;
}

void testing_tell_walks(const struct ot_walks *walks)
{
	const char *path = getenv("OOMTRACE_TEST_WALKS");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file,
		"{\"compared\": %" PRIu64 ", \"different\": %" PRIu64 ", \"frames\": %" PRIu64
		", \"searched\": %" PRIu64 "}\n",
		(uint64_t)walks->compared, (uint64_t)walks->different, (uint64_t)walks->frames,
		(uint64_t)walks->searched);
	fclose(file);
}

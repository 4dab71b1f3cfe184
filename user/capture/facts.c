// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/facts.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/procfs.h"

bool facts_are_due(const struct facts *facts, uint64_t life, uint64_t held_bytes)
{
	if (held_bytes < FACTS_BYTES)
		return false;
	return facts->life != life || held_bytes >= 2 * facts->held_bytes;
}

static struct fact *add(struct facts *facts, uint32_t level, enum figure_source source,
			const char *key)
{
	struct fact *fact;

	if (facts->count == FACTS_MAX)
		return NULL;
	fact = &facts->facts[facts->count++];
	*fact = (struct fact){.key = key, .source = source, .level = level};
	return fact;
}

void facts_add(struct facts *facts, uint32_t level, enum figure_source source, const char *key,
	       uint64_t value)
{
	struct fact *fact = add(facts, level, source, key);

	if (fact)
		fact->value = value;
}

void facts_add_text(struct facts *facts, uint32_t level, enum figure_source source, const char *key,
		    const char *text, size_t len)
{
	size_t room = FACTS_TEXT_BYTES - facts->text_bytes;
	struct fact *fact = room > 1 ? add(facts, level, source, key) : NULL;

	if (!fact)
		return;
	len = len < room - 1 ? len : room - 1;
	memcpy(facts->texts + facts->text_bytes, text, len);
	facts->texts[facts->text_bytes + len] = '\0';
	fact->text = 1 + facts->text_bytes;
	facts->text_bytes += len + 1;
}

const char *fact_text(const struct facts *facts, const struct fact *fact)
{
	return fact->text ? facts->texts + fact->text - 1 : NULL;
}

/* /proc shows start times to the clock tick, BPF to the nanosecond. */
static bool is_still(const struct sysroot *root, uint32_t pid, uint64_t start_time_ns)
{
	uint64_t tick_ns = UINT64_C(1000000000) / sysconf(_SC_CLK_TCK);
	struct proc_status status;

	return procfs_status(root, pid, &status) == 0 && status.tgid == pid &&
	       status.start_time_ns / tick_ns == start_time_ns / tick_ns;
}

static void forget(struct facts *facts)
{
	facts->count = facts->text_bytes = 0;
	facts->mappings.count = facts->mappings.other_count = 0;
}

void facts_take(struct facts *facts, const struct sysroot *root, uint32_t pid,
		uint64_t start_time_ns)
{
	forget(facts);
	facts->time_ns = clock_monotonic_ns();
	if (!is_still(root, pid, start_time_ns))
		return;
	facts_of_process(facts, root, pid);
	facts_of_settings(facts, root, pid);
	facts_of_nodes(facts, root);
	/* the number may have become somebody else's meanwhile */
	if (!is_still(root, pid, start_time_ns))
		forget(facts);
}

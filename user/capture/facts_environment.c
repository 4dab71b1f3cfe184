// SPDX-License-Identifier: GPL-2.0-or-later
/* Which variables are kept, and of those with options in them which words. */
#include <ctype.h>
#include <string.h>

#include "capture/facts.h"

#define VALUE_MAX 160

static const struct {
	const char *name;
	bool has_options; /* words, of which only some may be kept */
} variables[] = {
	{"GOGC", false},        {"GOMEMLIMIT", false},       {"GOMAXPROCS", false},
	{"NODE_OPTIONS", true}, {"JAVA_TOOL_OPTIONS", true}, {"MALLOC_ARENA_MAX", false},
};

/* Beginnings of words that say how much memory may be taken. */
static const char *const options[] = {
	"-Xmx",
	"-Xms",
	"-Xss",
	"-XX:MaxHeapSize=",
	"-XX:MaxRAM=",
	"-XX:MaxRAMPercentage=",
	"-XX:MaxRAMFraction=",
	"-XX:MaxDirectMemorySize=",
	"-XX:MaxMetaspaceSize=",
	"-XX:ReservedCodeCacheSize=",
	"-XX:-UseContainerSupport",
	"-XX:+UseContainerSupport",
	"--max-old-space-size=",
	"--max_old_space_size=",
	"--max-semi-space-size=",
};

static bool is_option_kept(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t known = strlen(options[i]);

		if (len >= known && strncmp(word, options[i], known) == 0)
			return true;
	}
	return false;
}

/* The words that are kept, with a blank between them. */
static size_t keep_options(const char *value, size_t len, char kept[VALUE_MAX])
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		size_t end = at;

		while (end < len && !isspace((unsigned char)value[end]))
			end++;
		if (is_option_kept(value + at, end - at) && used + 1 + end - at < VALUE_MAX) {
			if (used)
				kept[used++] = ' ';
			memcpy(kept + used, value + at, end - at);
			used += end - at;
		}
		at = end + 1;
	}
	return used;
}

static void take_entry(struct facts *facts, const char *entry, size_t len)
{
	char kept[VALUE_MAX];

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t name_len = strlen(variables[i].name);
		const char *value = entry + name_len + 1;
		size_t value_len;

		if (len <= name_len || strncmp(entry, variables[i].name, name_len) != 0 ||
		    entry[name_len] != '=')
			continue;
		value_len = len - name_len - 1;
		if (variables[i].has_options) {
			value_len = keep_options(value, value_len, kept);
			value = kept;
		}
		if (value_len > 0 || !variables[i].has_options)
			facts_add_text(facts, LEVEL_PROCESS, FIGURE_ENVIRONMENT, variables[i].name,
				       value, value_len < VALUE_MAX ? value_len : VALUE_MAX);
		return;
	}
}

void facts_of_environment(struct facts *facts, const char *environment, size_t bytes)
{
	for (size_t at = 0; at < bytes;) {
		size_t len = strnlen(environment + at, bytes - at);

		/* one that was cut off may be another's beginning */
		if (at + len < bytes)
			take_entry(facts, environment + at, len);
		at += len + 1;
	}
}

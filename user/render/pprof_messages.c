// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/pprof_messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct known_string {
	const char *text;
	int64_t number;
	struct known_string *same_hash;
};

void profile_release(struct profile *profile)
{
	struct list *lists[] = {&profile->strings, &profile->samples, &profile->mappings,
				&profile->locations, &profile->functions};
	struct table *tables[] = {&profile->string_index, &profile->mapping_index,
				  &profile->location_index, &profile->function_index};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->items);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		table_release(tables[i]);
	arena_release(&profile->arena);
}

void profile_fail(struct profile *profile, int err)
{
	if (!profile->err)
		profile->err = err;
}

void *profile_make(struct profile *profile, size_t count, size_t bytes)
{
	void *made = arena_alloc(&profile->arena, count, bytes);

	if (!made)
		profile_fail(profile, -ENOMEM);
	return made;
}

uint64_t profile_list_add(struct profile *profile, struct list *list, void *item)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		void **items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items) {
			profile_fail(profile, -ENOMEM);
			return 0;
		}
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = item;
	return list->count;
}

void profile_index_put(struct profile *profile, struct table *table, struct table_key key,
		       void *value)
{
	int err = table_put(table, key, value);

	if (err)
		profile_fail(profile, err);
}

/* --- strings ------------------------------------------------------------------------------- */

/* Valid UTF-8, as protobuf requires, and nothing that controls how it reads. */
static void clean_text(struct buf *out, const char *text)
{
	size_t left = strlen(text), length;
	uint32_t character;

	for (; left; text += length, left -= length) {
		length = utf8_decode(text, left, &character);
		if (length && !utf8_is_control(character))
			buf_append(out, text, length);
		else
			buf_append_string(out, REPLACEMENT);
		length = length ? length : 1;
	}
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * UINT64_C(1099511628211);
	return hash;
}

int64_t profile_intern(struct profile *profile, const char *text)
{
	const struct table_key key = {.major = hash_of(text)};
	struct known_string *first = table_get(&profile->string_index, key), *known = first;

	while (known && strcmp(known->text, text) != 0)
		known = known->same_hash;
	if (known)
		return known->number;
	known = profile_make(profile, 1, sizeof(*known));
	text = arena_strdup(&profile->arena, text);
	if (!known || !text) {
		profile_fail(profile, -ENOMEM);
		return 0;
	}
	known->text = text;
	known->same_hash = first;
	/* the first one is "", and has number 0 */
	known->number = (int64_t)profile_list_add(profile, &profile->strings, (char *)text) - 1;
	profile_index_put(profile, &profile->string_index, key, known);
	return known->number;
}

int64_t profile_intern_hostile(struct profile *profile, const char *text)
{
	_cleanup_(buf_release) struct buf clean = {0};

	clean_text(&clean, text);
	if (buf_error(&clean)) {
		profile_fail(profile, buf_error(&clean));
		return 0;
	}
	return profile_intern(profile, buf_string(&clean));
}

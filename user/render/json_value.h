/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values for JSON objects, on top of jansson: hostile names, counts and times, each as every object
 * of ours has them. Memory that runs out shows when the object is printed: what is incomplete is
 * never printed. Private to render/.
 */
#ifndef RENDER_JSON_VALUE_H
#define RENDER_JSON_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

/* An object or array in the making. */
struct json_maker {
	json_t *value;
	bool failed; /* something is missing: memory has run out */
};

/* An owning local starts like this and wears _cleanup_(json_maker_release). */
struct json_maker json_make_object(void);
struct json_maker json_make_array(void);
void json_maker_release(struct json_maker *maker);

/* Sets a member; `value` is the object's from here on, NULL counts as failure. */
void json_put(struct json_maker *object, const char *key, json_t *value);

/* More than an int64_t holds is printed as its maximum. */
void json_put_count(struct json_maker *object, const char *key, uint64_t count);
void json_put_signed(struct json_maker *object, const char *key, int64_t count);
void json_put_bool(struct json_maker *object, const char *key, bool value);

/* The same under a key that may be any bytes, added up where two become the same. */
void json_put_name_count(struct json_maker *object, const char *name, uint64_t count);

/* RFC 3339 in UTC, nine decimals. Absent beyond the year 9999. */
void json_put_time(struct json_maker *object, const char *key, uint64_t realtime_ns);

/*
 * Any bytes. What is no UTF-8 becomes U+FFFD, and the bytes are there in full as hexadecimal digits
 * under `key` with "_hex" appended.
 */
void json_put_name(struct json_maker *object, const char *key, const char *name);

/* The same, and nothing at all where the name is NULL. */
void json_put_optional(struct json_maker *object, const char *key, const char *name);

/* Names as an array of strings; where one is no UTF-8 there is an array of all of them in hex. */
void json_put_names(struct json_maker *object, const char *key, const char *const *names,
		    size_t count);

/* Moves `from` into `to`: as a member, or as the last element. */
void json_put_made(struct json_maker *to, const char *key, struct json_maker *from);
void json_append_made(struct json_maker *to, struct json_maker *from);
void json_append_count(struct json_maker *array, uint64_t count);
/* null, in a place that cannot be absent. */
void json_append_unknown(struct json_maker *array);

/* One line, ASCII only, so that no terminal is controlled by it. 0, -ENOMEM or -errno. */
int json_print_line(const struct json_maker *object, FILE *stream);

#endif

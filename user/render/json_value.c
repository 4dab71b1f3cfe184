// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/json_value.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/utf8.h"

#define NS_PER_SECOND 1000000000ULL
#define UTF8_REPLACEMENT "\xef\xbf\xbd"
/* Of a key with its "_hex". */
#define KEY_MAX 64

struct json_maker json_make_object(void)
{
	json_t *value = json_object();

	return (struct json_maker){.value = value, .failed = !value};
}

struct json_maker json_make_array(void)
{
	json_t *value = json_array();

	return (struct json_maker){.value = value, .failed = !value};
}

void json_maker_release(struct json_maker *maker)
{
	json_decref(maker->value);
	maker->value = NULL;
}

void json_put(struct json_maker *object, const char *key, json_t *value)
{
	if (json_object_set_new(object->value, key, value))
		object->failed = true;
}

void json_put_count(struct json_maker *object, const char *key, uint64_t count)
{
	json_put_signed(object, key, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

void json_put_signed(struct json_maker *object, const char *key, int64_t count)
{
	json_put(object, key, json_integer(count));
}

void json_put_bool(struct json_maker *object, const char *key, bool value)
{
	json_put(object, key, json_boolean(value));
}

void json_put_time(struct json_maker *object, const char *key, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
	char date[64], text[96];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || utc.tm_year > 9999 - 1900 ||
	    !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	snprintf(text, sizeof(text), "%s.%09uZ", date, (unsigned int)(realtime_ns % NS_PER_SECOND));
	json_put(object, key, json_string(text));
}

/* --- names -------------------------------------------------------------------------------- */

static bool is_utf8(const char *name)
{
	size_t left = strlen(name), length;
	uint32_t character;

	for (; left; name += length, left -= length) {
		length = utf8_decode(name, left, &character);
		if (!length)
			return false;
	}
	return true;
}

/* NULL when memory has run out. */
static json_t *string_of(const struct buf *text)
{
	return buf_error(text) ? NULL : json_string(buf_string(text));
}

static json_t *utf8_of(const char *name)
{
	_cleanup_(buf_release) struct buf text = {0};
	size_t left = strlen(name), length;
	uint32_t character;

	for (; left; name += length, left -= length) {
		length = utf8_decode(name, left, &character);
		if (length)
			buf_append(&text, name, length);
		else
			buf_append_string(&text, UTF8_REPLACEMENT);
		length = length ? length : 1;
	}
	return string_of(&text);
}

void json_put_name_count(struct json_maker *object, const char *name, uint64_t count)
{
	json_t *key = utf8_of(name);
	int64_t sum = count > INT64_MAX ? INT64_MAX : (int64_t)count;

	if (!key) {
		object->failed = true;
		return;
	}
	/* json_integer_value() of what is not there is 0 */
	if (__builtin_add_overflow(
		    sum, json_integer_value(json_object_get(object->value, json_string_value(key))),
		    &sum))
		sum = INT64_MAX;
	json_put_signed(object, json_string_value(key), sum);
	json_decref(key);
}

static json_t *hex_of(const char *name)
{
	_cleanup_(buf_release) struct buf text = {0};

	for (; *name; name++)
		buf_printf(&text, "%02x", (uint8_t)*name);
	return string_of(&text);
}

static void put_hex_twin(struct json_maker *object, const char *key, json_t *twin)
{
	char hex_key[KEY_MAX];

	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	json_put(object, hex_key, twin);
}

void json_put_name(struct json_maker *object, const char *key, const char *name)
{
	json_put(object, key, utf8_of(name));
	if (!is_utf8(name))
		put_hex_twin(object, key, hex_of(name));
}

static json_t *array_of(const char *const *names, size_t count, json_t *(*string)(const char *))
{
	json_t *array = json_array();

	for (size_t i = 0; i < count && array; i++) {
		if (json_array_append_new(array, string(names[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

void json_put_optional(struct json_maker *object, const char *key, const char *name)
{
	if (name)
		json_put_name(object, key, name);
}

void json_put_names(struct json_maker *object, const char *key, const char *const *names,
		    size_t count)
{
	bool all_utf8 = true;

	for (size_t i = 0; i < count; i++)
		all_utf8 &= is_utf8(names[i]);
	json_put(object, key, array_of(names, count, utf8_of));
	if (!all_utf8)
		put_hex_twin(object, key, array_of(names, count, hex_of));
}

/* --- put together ------------------------------------------------------------------------- */

void json_put_made(struct json_maker *to, const char *key, struct json_maker *from)
{
	to->failed |= from->failed;
	json_put(to, key, from->value);
	from->value = NULL;
}

void json_append_made(struct json_maker *to, struct json_maker *from)
{
	to->failed |= from->failed;
	if (json_array_append_new(to->value, from->value))
		to->failed = true;
	from->value = NULL;
}

void json_append_count(struct json_maker *array, uint64_t count)
{
	json_int_t number = count > INT64_MAX ? INT64_MAX : (json_int_t)count;

	if (json_array_append_new(array->value, json_integer(number)))
		array->failed = true;
}

void json_append_unknown(struct json_maker *array)
{
	if (json_array_append_new(array->value, json_null()))
		array->failed = true;
}

int json_print_line(const struct json_maker *object, FILE *stream)
{
	if (object->failed)
		return -ENOMEM;
	errno = 0;
	if (json_dumpf(object->value, stream,
		       JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6)) != 0 ||
	    fputc('\n', stream) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}

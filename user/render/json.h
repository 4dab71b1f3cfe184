/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON Lines: a growth is one object on one line, as docs/schema/growth.schema.json describes it.
 * For programs: byte counts are integers, what is unknown is absent, names are what they were.
 */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

#include "render/format.h"
#include "render/json_value.h"

/* Of every object of ours: a member that changes its meaning changes this number. */
#define JSON_SCHEMA 1

/* 0 or -errno. A growth without rows is an object, too. */
int json_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

/* What an incident shows in the same words. */
void json_put_stacks(struct json_maker *object, const char *key, const struct growth_row *rows,
		     size_t count);
void json_put_account_terms(struct json_maker *object, const struct growth_account *account);
void json_put_degraded(struct json_maker *object, const struct growth_session *session);
void json_put_losses(struct json_maker *object, const struct growth *growth);

#endif

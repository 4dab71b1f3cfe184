/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict in words: what it is, what was measured for it, what to do. */
#ifndef RENDER_VERDICT_H
#define RENDER_VERDICT_H

#include "base/buf.h"
#include "model/incident.h"
#include "render/json_value.h"

/* Lines of the heading of a report. */
void text_verdict(const struct verdict *verdict, struct buf *out);

/* Every rule: what it looks at, what it measured, why it fired or did not. */
void text_verdict_explain(const struct verdict *verdict, struct buf *out);

void json_put_verdict(struct json_maker *object, const struct verdict *verdict);

#endif

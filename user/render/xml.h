/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way by which hostile bytes get into SVG and HTML, as text or between double quotes. */
#ifndef RENDER_XML_H
#define RENDER_XML_H

#include "base/buf.h"

/*
 * Appends `bytes` as character data: markup is escaped, what is no UTF-8 or no character of XML 1.0
 * (section 2.2), and what controls how text reads, becomes U+FFFD.
 */
void xml_text(struct buf *out, const char *bytes, size_t len_bytes);
void xml_string(struct buf *out, const char *string);

#endif

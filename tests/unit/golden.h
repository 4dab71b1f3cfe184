/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output against a file that holds what it was when somebody looked at it. `tools/bless` sets
 * OOMTRACE_BLESS and so makes what is there now the expectation.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static inline void read_file(const char *path, struct buf *out)
{
	_cleanup_fclose_ FILE *stream = fopen(path, "re");
	char bytes[4096];
	size_t got;

	if (!stream)
		fail_msg("cannot read '%s': run tools/bless and look at its diff", path);
	while ((got = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		buf_append(out, bytes, got);
}

static inline void expect_file(const char *path, const char *bytes, size_t len_bytes)
{
	_cleanup_(buf_release) struct buf expected = {0};

	if (getenv("OOMTRACE_BLESS")) {
		FILE *stream = fopen(path, "we");

		assert_non_null(stream);
		assert_int_equal(fwrite(bytes, 1, len_bytes, stream), len_bytes);
		assert_int_equal(fclose(stream), 0);
	}
	read_file(path, &expected);
	if (expected.len_bytes != len_bytes || memcmp(buf_string(&expected), bytes, len_bytes) != 0)
		fail_msg("'%s' differs; now it is:\n%.*s", path, (int)len_bytes, bytes);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/escape.h"

/* Longer messages are cut: names in them come from targets. */
#define LOG_MESSAGE_MAX 1024

/* The only global: how much is said is one decision for the whole process. */
static bool log_verbose;

void log_set_verbose(bool verbose)
{
	log_verbose = verbose;
}

bool log_is_verbose(void)
{
	return log_verbose;
}

/* One write, so that lines of several processes do not mix. */
static void log_message(const char *prefix, const char *format, va_list args)
{
	_cleanup_(buf_release) struct buf line = {0};
	char message[LOG_MESSAGE_MAX];

	vsnprintf(message, sizeof(message), format, args);
	buf_append_string(&line, "oomtrace: ");
	buf_append_string(&line, prefix);
	escape_terminal_string(&line, message);
	buf_append_byte(&line, '\n');
	fwrite(line.data, 1, line.len_bytes, stderr);
}

#define LOG_DEFINE(name, prefix, condition)        \
	void name(const char *format, ...)         \
	{                                          \
		va_list args;                      \
                                                   \
		if (!(condition))                  \
			return;                    \
		va_start(args, format);            \
		log_message(prefix, format, args); \
		va_end(args);                      \
	}

LOG_DEFINE(log_error, "", true)
LOG_DEFINE(log_warning, "warning: ", true)
LOG_DEFINE(log_info, "", true)
LOG_DEFINE(log_debug, "debug: ", log_verbose)

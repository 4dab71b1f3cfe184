// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"

/* Longer messages are cut: names in them come from targets. */
#define LOG_MESSAGE_MAX 1024

#define LOG_FOR_EVER (-1)

/* The only globals: how much is said, and how long it may take, are decisions for the whole
 * process. */
static bool log_verbose;
static int log_patience_ms = LOG_FOR_EVER;
static unsigned left_out;

void log_set_verbose(bool verbose)
{
	log_verbose = verbose;
}

bool log_is_verbose(void)
{
	return log_verbose;
}

void log_set_patience_ms(int patience_ms)
{
	log_patience_ms = patience_ms;
}

/* Once somebody has been waited for in vain, nobody waits until there is room again. */
static bool has_room(void)
{
	struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};

	return log_patience_ms == LOG_FOR_EVER ||
	       poll(&error, 1, left_out ? 0 : log_patience_ms) != 0;
}

/*
 * One write, so that lines of several processes do not mix; and no more bytes than fit wherever
 * there is room for one (pipe(7)), for a write of more would wait.
 */
static void write_message(const char *prefix, const char *message)
{
	_cleanup_(buf_release) struct buf line = {0};

	buf_append_string(&line, "oomtrace: ");
	buf_append_string(&line, prefix);
	escape_terminal_string(&line, message);
	if (line.len_bytes > PIPE_BUF - 1)
		line.len_bytes = PIPE_BUF - 1;
	buf_append_byte(&line, '\n');
	fwrite(line.data, 1, line.len_bytes, stderr);
}

static void tell_left_out(void)
{
	char message[LOG_MESSAGE_MAX];

	snprintf(message, sizeof(message), "%u messages were left out here: nobody read them",
		 left_out);
	left_out = 0;
	write_message("warning: ", message);
}

static void log_message(const char *prefix, const char *format, va_list args)
{
	char message[LOG_MESSAGE_MAX];

	if (left_out && has_room())
		tell_left_out();
	if (!has_room()) {
		left_out++;
		return;
	}
	vsnprintf(message, sizeof(message), format, args);
	write_message(prefix, message);
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

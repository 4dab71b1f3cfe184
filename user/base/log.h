/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What oomtrace says to people, on stderr: "oomtrace: message". Commands, option parsing and
 * probing speak, once and with what the user can do; everything below returns -errno in silence.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

void log_set_verbose(bool verbose);
bool log_is_verbose(void);

/*
 * From now on a reader of stderr who does not read holds nobody up for longer than this: a message
 * that finds no room until then is left out, and without waiting so are those after it, until there
 * is room again, where it is told how many. Until this is called every message waits, as write()
 * does.
 */
void log_set_patience_ms(int patience_ms);

/* lower case, no full stop, no newline; control bytes in the result are escaped */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* shown with --verbose only */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/option_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/parse_time.h"
#include "fleet/spool.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* PID_MAX_LIMIT of the kernel (include/linux/threads.h). */
#define PID_LIMIT 4194304
/* OT_MAX_PERIOD_SHIFT: one slot in each 2 MiB of 4 KiB pages. */
#define PERIOD_LIMIT 512

#define RECORDING (1U << COMMAND_GROWTH)
#define REPORTING (1U << COMMAND_REPORT)
#define SHOWING (RECORDING | REPORTING)
#define PRINTING (SHOWING | 1U << COMMAND_DIFF)
#define WATCHING (1U << COMMAND_WATCH)
#define LISTING (1U << COMMAND_LIST)
#define EVERYTHING (PRINTING | LISTING | 1U << COMMAND_CHECK)

/* --- types -------------------------------------------------------------------------------- */

static void *member_of(const struct option_row *row, struct opts *opts)
{
	return (char *)opts + row->offset;
}

static int store_flag(const struct option_row *row, const char *text __attribute__((unused)),
		      struct opts *opts)
{
	*(bool *)member_of(row, opts) = true;
	return 0;
}

static int store_string(const struct option_row *row, const char *text, struct opts *opts)
{
	if (!text[0])
		return -EINVAL;
	*(const char **)member_of(row, opts) = text;
	return 0;
}

static int store_number(const struct option_row *row, const char *text, struct opts *opts)
{
	return parse_u64(text, row->min, row->max, member_of(row, opts));
}

/* A list, and more of it each time the option is given. */
static int store_pids(const struct option_row *row, const char *text, struct opts *opts)
{
	for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		char number[24];
		uint64_t pid;
		int err;

		snprintf(number, sizeof(number), "%.*s", (int)strcspn(at, ","), at);
		err = parse_u64(number, row->min, row->max, &pid);
		if (err)
			return err;
		if (opts->pid_count == PIDS_MAX)
			return -ERANGE;
		opts->pids[opts->pid_count++] = (uint32_t)pid;
	}
	return 0;
}

static bool has_percent(const struct warn_percents *warn, uint32_t percent)
{
	for (uint32_t i = 0; i < warn->count; i++)
		if (warn->items[i] == percent)
			return true;
	return false;
}

static int store_percents(const struct option_row *row, const char *text, struct opts *opts)
{
	for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		char number[24];
		uint64_t percent;
		int err;

		snprintf(number, sizeof(number), "%.*s", (int)strcspn(at, ","), at);
		err = parse_u64(number, row->min, row->max, &percent);
		if (err)
			return err;
		if (has_percent(&opts->warn, (uint32_t)percent))
			continue;
		if (opts->warn.count == WARN_PERCENTS_MAX)
			return -ERANGE;
		opts->warn.items[opts->warn.count++] = (uint32_t)percent;
	}
	return 0;
}

/* As the kernel keeps it: a longer one is nobody's. */
static int store_comm(const struct option_row *row, const char *text, struct opts *opts)
{
	return strlen(text) < EVENT_COMM_LEN ? store_string(row, text, opts) : -ERANGE;
}

static int store_power_of_two(const struct option_row *row, const char *text, struct opts *opts)
{
	uint64_t value;
	int err;

	err = parse_u64(text, row->min, row->max, &value);
	if (err)
		return err;
	if (value & (value - 1))
		return -EINVAL;
	*(uint64_t *)member_of(row, opts) = value;
	return 0;
}

static int store_duration(const struct option_row *row, const char *text, struct opts *opts)
{
	return parse_duration_ns(text, member_of(row, opts));
}

static int store_size(const struct option_row *row, const char *text, struct opts *opts)
{
	return parse_size_bytes(text, row->min, row->max, member_of(row, opts));
}

/* "0" is no duration, but it is a moment: the start. */
static int store_moment(const struct option_row *row, const char *text, struct opts *opts)
{
	struct growth_moment moment = {.given = true, .absolute = strchr(text, 'T') != NULL};
	int err = moment.absolute ? parse_rfc3339_ns(text, &moment.ns)
				  : parse_duration_ns(text, &moment.ns);

	if (err && strcmp(text, "0") != 0 && strcmp(text, "0s") != 0)
		return err;
	*(struct growth_moment *)member_of(row, opts) = moment;
	return 0;
}

static int store_format(const struct option_row *row __attribute__((unused)), const char *text,
			struct opts *opts)
{
	const struct format *format = format_by_name(text);

	if (!format || format->id == FORMAT_AUTO)
		return -EINVAL;
	opts->format = format->id;
	return 0;
}

static int store_unwind(const struct option_row *row __attribute__((unused)), const char *text,
			struct opts *opts)
{
	static const char *const names[] = {
		[UNWIND_AUTO] = "auto",
		[UNWIND_ROWS] = "eh_frame",
		[UNWIND_FRAME_POINTERS] = "fp",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			opts->unwind = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int store_json(const struct option_row *row __attribute__((unused)),
		      const char *text __attribute__((unused)), struct opts *opts)
{
	opts->format = FORMAT_JSON;
	return 0;
}

/* Servers of the command line, or those that the user's other programs ask. */
static int store_servers(const struct option_row *row __attribute__((unused)), const char *text,
			 struct opts *opts)
{
	opts->debuginfod = true;
	opts->debuginfod_urls = text ? text : getenv("DEBUGINFOD_URLS");
	return 0;
}

static int kind_bit(const char *name, size_t len_bytes, uint32_t *kinds)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const char *known = memory_kind_name(kind);

		if (strlen(known) == len_bytes && memcmp(known, name, len_bytes) == 0) {
			*kinds |= 1U << kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int store_kinds(const struct option_row *row __attribute__((unused)), const char *text,
		       struct opts *opts)
{
	uint32_t kinds = 0;

	opts->show_kinds = true;
	if (!text)
		return 0; /* no list: all of them */
	for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (kind_bit(at, strcspn(at, ","), &kinds))
			return -EINVAL;
	opts->kinds = kinds;
	return 0;
}

/* --- the table ---------------------------------------------------------------------------- */

#define MEMBER(name) .offset = offsetof(struct opts, name)

static const struct option_row rows[] = {
	{"pid", 'p', "PID,...", "trace running processes, until all have ended",
	 "a list of at most 128 process ids (--comm takes a name)", GROUP_TARGET,
	 RECORDING | LISTING, store_pids, MEMBER(pids), 1, PID_LIMIT, .repeats = true},
	{"comm", 0, "NAME", "trace all of that name, and who takes it later; until Ctrl-C or -d",
	 "a name of 1 to 15 bytes, as in /proc/PID/comm", GROUP_TARGET, RECORDING | LISTING,
	 store_comm, MEMBER(comm)},
	{"cgroup", 0, "PATH", "trace all in it and below it, whoever moves in, until it is removed",
	 "a directory below /sys/fs/cgroup, or a path as in /proc/PID/cgroup", GROUP_TARGET,
	 RECORDING, store_string, MEMBER(cgroup)},
	{"all", 0, NULL, "trace every process of this host", NULL, GROUP_TARGET, RECORDING,
	 store_flag, MEMBER(all)},
	{"watch-oom-kills", 0, NULL, "stay; write and print an incident for each OOM kill", NULL,
	 GROUP_TARGET, RECORDING | WATCHING, store_flag, MEMBER(watch)},
	{"children", 0, NULL, "follow forked children, too (-- CMD always does)", NULL,
	 GROUP_TARGET, RECORDING, store_flag, MEMBER(children), .rare = true},

	{"duration", 'd', "TIME", "stop after 30, 1.5, 30s or 5m (default: Ctrl-C)",
	 "a duration such as 30, 1.5, 30s or 5m, of at most a year", GROUP_RECORDING,
	 RECORDING | WATCHING, store_duration, MEMBER(duration_ns)},
	{"period", 0, "N", "sample one page in N; 1 is exact (default: chosen)",
	 "a power of two from 1 to 512", GROUP_RECORDING, RECORDING | WATCHING, store_power_of_two,
	 MEMBER(period_pages), 1, PERIOD_LIMIT},

	{"files", 0, NULL, "what files the page cache is of, in text and JSON", NULL,
	 GROUP_RECORDING, RECORDING, store_flag, MEMBER(files), .rare = true},
	{"unwind", 0, "HOW", "auto, eh_frame or fp: how stacks are walked (default: auto)",
	 "one of auto, eh_frame and fp", GROUP_RECORDING, RECORDING | WATCHING, store_unwind,
	 MEMBER(unwind), .rare = true},
	{"inlines", 0, NULL, "tell inlined functions, where programs have DWARF", NULL,
	 GROUP_RECORDING, RECORDING | WATCHING, store_flag, MEMBER(inlines), .rare = true},
	{"lines", 0, NULL, "tell file and line of each frame, where programs have DWARF", NULL,
	 GROUP_RECORDING, RECORDING | WATCHING, store_flag, MEMBER(lines), .rare = true},
	{"kernel-stacks", 0, NULL, "what the kernel did for each stack, too", NULL, GROUP_RECORDING,
	 RECORDING, store_flag, MEMBER(kernel_stacks), .rare = true},

	{"interval", 'i', "TIME", "look each TIME: table, line on stderr, or -o FILE.oomtrace",
	 "a duration such as 10, 1.5, 30s or 5m, of at most a year", GROUP_RECORDING, RECORDING,
	 store_duration, MEMBER(interval_ns)},
	{"max-size", 0, "SIZE", "of FILE.oomtrace; then snapshots are thinned (default: 64M)",
	 "a size from 1M to 1024G", GROUP_RECORDING, RECORDING, store_size, MEMBER(max_bytes),
	 1 << 20, 1ULL << 40, .rare = true},

	{"cache", 0, "DIR",
	 "keep what was read of programs there, or none (default: " CACHE_PATH ")",
	 "a directory, or none", GROUP_RECORDING, RECORDING | WATCHING, store_string,
	 MEMBER(cache_path), .rare = true},
	{"debuginfod", 0, "[=URLS]",
	 "fetch missing debug files of these servers, or DEBUGINFOD_URLS",
	 "a list of URLs with spaces between them", GROUP_RECORDING, RECORDING | WATCHING,
	 store_servers, MEMBER(debuginfod), .rare = true},
	{"spool", 0, "DIR", "where incidents are kept (default: " SPOOL_DIRECTORY ")",
	 "a directory", GROUP_INCIDENTS, WATCHING | LISTING | REPORTING | 1U << COMMAND_DIFF,
	 store_string, MEMBER(spool)},
	{"spool-size", 0, "SIZE", "drop the oldest beyond it (default: 256M)",
	 "a size from 1M to 1024G", GROUP_INCIDENTS, WATCHING, store_size, MEMBER(spool_bytes),
	 1 << 20, 1ULL << 40, .rare = true},
	{"keep-free", 0, "PERCENT", "of the file system, too (default: 5)", "a number from 0 to 99",
	 GROUP_INCIDENTS, WATCHING, store_number, MEMBER(keep_free), 0, 99, .rare = true},
	{"sigkills", 0, NULL, "tell of SIGKILLs that no OOM explains, too, and who sent them", NULL,
	 GROUP_INCIDENTS, WATCHING, store_flag, MEMBER(sigkills)},
	{"warn", 0, "PERCENT,...", "tell when a limit is filled so far, before the kill",
	 "a list of at most 16 percents from 50 to 99", GROUP_INCIDENTS, WATCHING, store_percents,
	 MEMBER(warn), 50, 99},
	{"on-warn", 0, "CMD", "with --warn: run CMD, as nobody, with OOMTRACE_... variables",
	 "a program and its arguments, blanks between them", GROUP_INCIDENTS, WATCHING,
	 store_string, MEMBER(on_warn), .rare = true},
	{"on-warn-user", 0, "USER", "with --on-warn: run it as USER, who is not root",
	 "the name of a user", GROUP_INCIDENTS, WATCHING, store_string, MEMBER(on_warn_user),
	 .rare = true},
	{"on-warn-deadline", 0, "TIME", "with --on-warn: kill it after TIME (default: 30s)",
	 "a duration such as 5, 30s or 5m, of at most a year", GROUP_INCIDENTS, WATCHING,
	 store_duration, MEMBER(on_warn_deadline_ns), .rare = true},
	{"container", 0, "NAME", "list: its name, pod, image, or how its id begins", "a name",
	 GROUP_INCIDENTS, LISTING, store_string, MEMBER(container), .rare = true},
	{"since", 0, "WHEN", "list: from then on; 2h ago, or an RFC 3339 time",
	 "90s, 2h or a time such as 2024-05-01T12:00:00Z", GROUP_INCIDENTS, LISTING, store_moment,
	 MEMBER(since)},
	{"until", 0, "WHEN", "list: up to then", "90s, 2h or a time such as 2024-05-01T12:00:00Z",
	 GROUP_INCIDENTS, LISTING, store_moment, MEMBER(until), .rare = true},
	{"reverse", 'r', NULL, "list: the newest first", NULL, GROUP_INCIDENTS, LISTING, store_flag,
	 MEMBER(reverse), .rare = true},
	{"last", '1', NULL, "list, report, diff: the newest alone", NULL, GROUP_INCIDENTS,
	 LISTING | REPORTING | 1U << COMMAND_DIFF, store_flag, MEMBER(last)},
	{"json", 0, NULL, "the same as --format json", NULL, GROUP_OUTPUT, EVERYTHING | WATCHING,
	 store_json, MEMBER(format)},

	{"output", 'o', "FILE", "write to FILE; its ending (.txt, .svg, ...) is the format",
	 "a file name", GROUP_OUTPUT, EVERYTHING, store_string, MEMBER(output)},
	{"format", 0, "NAME", "text, folded, json, svg, html or pprof",
	 "one of text, folded, json, svg, html, pprof and oomtrace", GROUP_OUTPUT,
	 EVERYTHING | WATCHING, store_format, MEMBER(format)},
	{"from", 0, "WHEN", "what grew since then: 90s or 5m after the start, or an RFC 3339 time",
	 "90s, 5m or a time such as 2024-05-01T12:00:00Z", GROUP_OUTPUT, REPORTING, store_moment,
	 MEMBER(shown.from)},
	{"to", 0, "WHEN", "what was held then (default: at the end)",
	 "90s, 5m or a time such as 2024-05-01T12:00:00Z", GROUP_OUTPUT, REPORTING, store_moment,
	 MEMBER(shown.to), .rare = true},
	{"kinds", 0, "[=LIST]", "tell anon,shmem,file,kernel,undecided apart; print those of LIST",
	 "a list of anon,shmem,file,kernel,undecided", GROUP_OUTPUT, PRINTING, store_kinds,
	 MEMBER(kinds), .rare = true},
	{"since-start", 0, NULL, "count all that was allocated, not what is still held", NULL,
	 GROUP_OUTPUT, PRINTING, store_flag, MEMBER(since_start), .rare = true},
	{"virtual", 0, NULL, "count mapped addresses, whether they hold memory or not", NULL,
	 GROUP_OUTPUT, PRINTING, store_flag, MEMBER(reserved), .rare = true},
	{"by-cgroup", 0, NULL, "let the path of its cgroup be the root of each stack", NULL,
	 GROUP_OUTPUT, PRINTING, store_flag, MEMBER(by_cgroup), .rare = true},
	{"annotate", 0, NULL, "mark frames: the kernel's _[k], a JIT's _[j], inlined _[i]", NULL,
	 GROUP_OUTPUT, PRINTING, store_flag, MEMBER(annotate), .rare = true},
	{"top", 0, "N", "stacks to list in text (default: 20)", "a number from 1 to 1000000",
	 GROUP_OUTPUT, SHOWING | WATCHING, store_number, MEMBER(top), 1, 1000000},
	{"explain", 0, NULL, "of an incident: what each rule of the verdict measured", NULL,
	 GROUP_OUTPUT, REPORTING, store_flag, MEMBER(explain)},
	{"stats", 0, NULL, "say on stderr how stacks were taken, and where they ended", NULL,
	 GROUP_OUTPUT, SHOWING, store_flag, MEMBER(stats), .rare = true},
	{"strict", 0, NULL, "exit with 2 when data was lost", NULL, GROUP_OUTPUT,
	 PRINTING | WATCHING, store_flag, MEMBER(strict)},

	{"verbose", 'v', NULL, "say on stderr what is being done", NULL, GROUP_OTHER,
	 EVERYTHING | WATCHING, store_flag, MEMBER(verbose)},
	{"help", OPTION_HELP, "[=all]", "this text, or all options", NULL, GROUP_OTHER,
	 EVERYTHING | WATCHING, NULL, .offset = 0},
	{"version", OPTION_VERSION, NULL, "the version", NULL, GROUP_OTHER, EVERYTHING | WATCHING,
	 NULL, .offset = 0},
};

_Static_assert(ARRAY_COUNT(rows) <= OPTION_ROWS_MAX, "struct words.given has a bit for each row");

size_t option_row_count(void)
{
	return ARRAY_COUNT(rows);
}

const struct option_row *option_row_at(size_t index)
{
	return &rows[index];
}

size_t option_index(const struct option_row *row)
{
	return (size_t)(row - rows);
}

static int option_key(const struct option_row *row)
{
	return row->letter ? row->letter : OPTION_LONG_ONLY + (int)option_index(row);
}

const struct option_row *option_by_key(int key)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (option_key(&rows[i]) == key)
			return &rows[i];
	return NULL;
}

static int getopt_argument(const struct option_row *row)
{
	if (!row->argument)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

void option_getopt_tables(struct option *longs, char *shorts)
{
	/* '-': operands in their place; ':': a missing argument is told from an unknown option */
	*shorts++ = '-';
	*shorts++ = ':';
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		*longs++ = (struct option){
			.name = rows[i].name,
			.has_arg = getopt_argument(&rows[i]),
			.val = option_key(&rows[i]),
		};
		if (!rows[i].letter)
			continue;
		*shorts++ = rows[i].letter;
		if (rows[i].argument)
			*shorts++ = ':';
	}
	*longs = (struct option){0};
	*shorts = '\0';
}

uint32_t option_formats_of(enum command_id command)
{
	static const uint32_t formats[] = {
		[COMMAND_GROWTH] = 1U << FORMAT_TEXT | 1U << FORMAT_FOLDED | 1U << FORMAT_JSON |
				   1U << FORMAT_SVG | 1U << FORMAT_PPROF | 1U << FORMAT_HTML |
				   1U << FORMAT_TRACE,
		[COMMAND_REPORT] = 1U << FORMAT_TEXT | 1U << FORMAT_FOLDED | 1U << FORMAT_JSON |
				   1U << FORMAT_SVG | 1U << FORMAT_PPROF | 1U << FORMAT_HTML,
		[COMMAND_WATCH] = 1U << FORMAT_TEXT | 1U << FORMAT_JSON | 1U << FORMAT_FOLDED,
		[COMMAND_LIST] = 1U << FORMAT_TEXT | 1U << FORMAT_JSON,
		[COMMAND_DIFF] = 1U << FORMAT_FOLDED | 1U << FORMAT_SVG,
		[COMMAND_CHECK] = 1U << FORMAT_TEXT | 1U << FORMAT_JSON,
	};

	_Static_assert(ARRAY_COUNT(formats) == COMMAND_COUNT, "every command has formats");
	return formats[command];
}

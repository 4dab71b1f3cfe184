// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "commands/commands.h"
#include "commands/help.h"
#include "commands/option_table.h"
#include "fleet/spool.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define STACKS_DEFAULT 20
#define TRACE_BYTES_DEFAULT (64ULL << 20)
#define SPOOL_BYTES_DEFAULT (256ULL << 20)
/* For the command of --on-warn. */
#define HOOK_DEADLINE_NS_DEFAULT UINT64_C(30000000000)
#define KEEP_FREE_DEFAULT 5
#define OPERANDS_MAX 2

/* What getopt_long() returns for a word that is no option, as its first character '-' asks. */
#define GETOPT_OPERAND 1

/* The words of one command line while they are taken in. */
struct words {
	struct opts opts;
	uint64_t given;                     /* bits of option_table rows that were used */
	const char *operands[OPERANDS_MAX]; /* of the command */
	size_t operand_count;
	bool has_command;
};

static const struct command_word {
	const char *name;
	size_t operands;   /* at most so many */
	bool needs_one;    /* of them, unless -1 stands for it */
	const char *lacks; /* what to say when it is not there */
} command_words[] = {
	[COMMAND_GROWTH] = {NULL, 0, false, NULL},
	[COMMAND_WATCH] = {NULL, 0, false, NULL},
	[COMMAND_LIST] = {"list", 0, false, NULL},
	[COMMAND_REPORT] = {"report", 1, false, NULL},
	[COMMAND_DIFF] = {"diff", 2, true,
			  "two recordings are compared: write 'oomtrace diff OLD NEW'; an incident "
			  "alone is compared with the life before it"},
	[COMMAND_CHECK] = {"check", 0, false, NULL},
};

_Static_assert(ARRAY_COUNT(command_words) == COMMAND_COUNT, "every command has its word");

/* --- words -------------------------------------------------------------------------------- */

static bool word_is_command(struct words *words, const char *word)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (command_words[i].name && strcmp(command_words[i].name, word) == 0) {
			words->opts.command = i;
			words->has_command = true;
			return true;
		}
	}
	return false;
}

static int take_operand(struct words *words, const char *word)
{
	if (!words->has_command) {
		if (word_is_command(words, word))
			return 0;
		log_error("unknown command '%s': see 'oomtrace --help'; to start and trace a "
			  "program, write 'oomtrace -- %s'",
			  word, word);
		return -EINVAL;
	}
	if (words->operand_count == command_words[words->opts.command].operands) {
		log_error("unexpected '%s' after '%s'", word,
			  words->operand_count ? words->operands[words->operand_count - 1]
					       : command_words[words->opts.command].name);
		return -EINVAL;
	}
	words->operands[words->operand_count++] = word;
	return 0;
}

static int take_option(struct words *words, const struct option_row *row, const char *text)
{
	int err = row->store(row, text, &words->opts);

	if (row->argument && !row->repeats && words->given & 1ULL << option_index(row)) {
		log_error("option '--%s' is given twice", row->name);
		return -EINVAL;
	}
	words->given |= 1ULL << option_index(row);
	if (err)
		log_error("option '--%s': '%s' is not %s", row->name, text, row->expects);
	return err;
}

/* getopt_long() has refused argv[optind - 1], or the letter optopt of it. */
static int refuse_option(int code, const char *word)
{
	const struct option_row *row = option_by_key(optopt);
	bool is_long = strncmp(word, "--", 2) == 0;

	if (code == ':' && row)
		log_error("option '--%s' needs an argument: %s", row->name, row->expects);
	else if (is_long && row)
		log_error("option '--%s' takes no argument", row->name);
	else if (is_long)
		log_error("unknown option '%s': see 'oomtrace --help'", word);
	else
		log_error("unknown option '-%c': see 'oomtrace --help'", optopt);
	return -EINVAL;
}

static int take_command_argv(struct words *words, int argc, char **argv)
{
	bool separated = optind > 1 && strcmp(argv[optind - 1], "--") == 0;

	if (optind < argc) {
		words->opts.command_argv = &argv[optind];
	} else if (separated) {
		log_error("nothing follows '--': write 'oomtrace -- CMD ARGS'");
		return -EINVAL;
	}
	return 0;
}

static int take_help(const char *extent)
{
	if (extent && strcmp(extent, "all") != 0) {
		log_error("--help '%s' is not there: leave it out, or say 'all'", extent);
		return EXIT_CODE_USAGE;
	}
	help_print(extent, stdout);
	return EXIT_CODE_PRINTED;
}

/* -1 to go on, else the exit code. */
static int take_words(struct words *words, int argc, char **argv)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char shorts[3 * OPTION_ROWS_MAX + 3];
	int code;

	option_getopt_tables(longs, shorts);
	optind = 0; /* from the start, and with the GNU extensions, also the second time */
	opterr = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int err;

		if (code == OPTION_HELP)
			return take_help(optarg);
		if (code == OPTION_VERSION) {
			help_print_version(stdout);
			return EXIT_CODE_PRINTED;
		}
		if (code == GETOPT_OPERAND)
			err = take_operand(words, optarg);
		else if (code == '?' || code == ':')
			err = refuse_option(code, argv[optind - 1]);
		else
			err = take_option(words, option_by_key(code), optarg);
		if (err)
			return EXIT_CODE_USAGE;
	}
	return take_command_argv(words, argc, argv) ? EXIT_CODE_USAGE : -1;
}

/* --- what may go together ----------------------------------------------------------------- */

static const char *command_title(enum command_id command)
{
	if (command == COMMAND_WATCH)
		return "--watch-oom-kills";
	return command_words[command].name ? command_words[command].name : "a recording";
}

/* An option of one command alone says of which. */
static void refuse_applied(const struct option_row *row, enum command_id command)
{
	bool of_one = row->commands && !(row->commands & (row->commands - 1));

	log_error("option '--%s' means nothing to %s%s%s", row->name, command_title(command),
		  of_one ? ": it goes with " : "",
		  of_one ? command_title(__builtin_ctz(row->commands)) : "");
}

static int check_applicable(const struct words *words)
{
	for (size_t i = 0; i < option_row_count(); i++) {
		const struct option_row *row = option_row_at(i);

		if (words->given & 1ULL << i && !(row->commands & 1U << words->opts.command)) {
			refuse_applied(row, words->opts.command);
			return -EINVAL;
		}
	}
	if (words->opts.command != COMMAND_GROWTH && words->opts.command_argv) {
		log_error("'%s' starts no program: remove what follows '--'",
			  command_title(words->opts.command));
		return -EINVAL;
	}
	return 0;
}

static int check_target(struct words *words)
{
	const struct opts *opts = &words->opts;
	int targets = (opts->pid_count != 0) + (opts->comm != NULL) + (opts->cgroup != NULL) +
		      opts->all + (opts->command_argv != NULL);

	if (command_words[opts->command].needs_one && !opts->last && !words->operand_count) {
		log_error("%s", command_words[opts->command].lacks);
		return -EINVAL;
	}
	if (opts->command != COMMAND_LIST && opts->last && words->operand_count) {
		log_error("-1 is the newest incident: leave '%s' out, or -1", words->operands[0]);
		return -EINVAL;
	}
	if (opts->command == COMMAND_GROWTH && targets != 1) {
		log_error("%s: give one of '-p PID', '--comm NAME', '--cgroup PATH', '--all' and "
			  "'-- CMD ARGS'%s",
			  targets ? "more than one target" : "nothing to trace",
			  targets ? "" : ", or --watch-oom-kills; see 'oomtrace --help'");
		return -EINVAL;
	}
	if (opts->children && (opts->cgroup || opts->all)) {
		log_error("--children has no use with --%s, which has the children anyway",
			  opts->all ? "all" : "cgroup");
		return -EINVAL;
	}
	words->opts.report_path = words->operands[0];
	words->opts.diff_path = words->operands[1];
	return 0;
}

static int check_view(const struct opts *opts)
{
	if (opts->since_start && opts->show_kinds) {
		log_error("--since-start counts pages whatever became of them: it cannot be "
			  "combined with --kinds");
		return -EINVAL;
	}
	if (opts->reserved && (opts->since_start || opts->show_kinds)) {
		log_error("--virtual counts addresses, which are of no kind: it cannot be combined "
			  "with --since-start or --kinds");
		return -EINVAL;
	}
	if (opts->reserved && opts->all) {
		log_error(
			"--virtual follows mappings of targets: it cannot be combined with --all");
		return -EINVAL;
	}
	return 0;
}

/* Not `wrong`, but these. */
static void say_formats(const struct opts *opts, const struct format *wrong)
{
	uint32_t formats = option_formats_of(opts->command);
	_cleanup_(buf_release) struct buf names = {0};

	for (unsigned int id = 0; id < FORMAT_COUNT; id++)
		if (formats & 1U << id && format_get(id))
			buf_printf(&names, "%s%s", names.len_bytes ? ", " : "",
				   format_get(id)->name);
	log_error("%s cannot print the format '%s': there %s %s", command_title(opts->command),
		  wrong->name, strchr(buf_string(&names), ',') ? "are" : "is", buf_string(&names));
}

/* Whoever names a recording would look for one there. */
static bool is_misnamed(const struct opts *opts)
{
	const struct format *named = opts->output ? format_by_ending(opts->output) : NULL;

	return named && named->id == FORMAT_TRACE && opts->format != FORMAT_TRACE;
}

/* --format decides, else the ending of the output's name. */
static int check_format(struct opts *opts)
{
	const struct format *format = format_get(opts->format);

	if (opts->format == FORMAT_AUTO && opts->output && strcmp(opts->output, "-") != 0) {
		format = format_by_ending(opts->output);
		if (!format) {
			log_error("cannot tell the format from the name '%s': end it in .txt, "
				  ".folded, .json, .svg, .html, .pb.gz or .oomtrace, or add "
				  "--format",
				  opts->output);
			return -EINVAL;
		}
		opts->format = format->id;
	}
	if (opts->format != FORMAT_AUTO && is_misnamed(opts)) {
		log_error(
			"'%s' would be no recording but %s: leave --format out, and let 'oomtrace "
			"report' print it, or give another name",
			opts->output, format->name);
		return -EINVAL;
	}
	if (opts->format != FORMAT_AUTO &&
	    !(option_formats_of(opts->command) & 1U << opts->format)) {
		say_formats(opts, format);
		return -EINVAL;
	}
	return 0;
}

static int check_on_warn(const struct words *words)
{
	const struct opts *opts = &words->opts;

	if (opts->on_warn && !opts->warn.count) {
		log_error("--on-warn runs its command for warnings: add --warn PERCENT,...");
		return -EINVAL;
	}
	if (!opts->on_warn &&
	    (opts->on_warn_user || opts->on_warn_deadline_ns != HOOK_DEADLINE_NS_DEFAULT)) {
		log_error("--on-warn-user and --on-warn-deadline are of a command: add --on-warn "
			  "CMD");
		return -EINVAL;
	}
	return 0;
}

/* Of moments of different sorts the recording will tell. */
static int check_interval(const struct opts *opts)
{
	const struct growth_moment *from = &opts->shown.from, *to = &opts->shown.to;

	if (from->given && to->given && from->absolute == to->absolute && from->ns >= to->ns) {
		log_error("--from must be before --to");
		return -EINVAL;
	}
	return 0;
}

static int check_names(const struct opts *opts)
{
	if (!opts->debuginfod)
		return 0;
	if (!opts->debuginfod_urls || !opts->debuginfod_urls[0]) {
		log_error("--debuginfod has no servers: write '--debuginfod=URLS', or set "
			  "DEBUGINFOD_URLS");
		return -EINVAL;
	}
	if (strcmp(opts->cache_path, CACHE_NONE) == 0) {
		log_error("--debuginfod keeps what it fetches: it cannot be combined with "
			  "'--cache none'");
		return -EINVAL;
	}
	return 0;
}

static int check_words(struct words *words)
{
	int err;

	if (words->opts.watch && words->opts.command == COMMAND_GROWTH)
		words->opts.command = COMMAND_WATCH;
	err = check_applicable(words);
	if (!err)
		err = check_target(words);
	if (!err)
		err = check_view(&words->opts);
	if (!err)
		err = check_format(&words->opts);
	if (!err)
		err = check_interval(&words->opts);
	if (!err)
		err = check_on_warn(words);
	if (!err)
		err = check_names(&words->opts);
	return err;
}

int options_parse(int argc, char **argv, struct opts *ret_opts)
{
	struct words words = {
		.opts = {.top = STACKS_DEFAULT,
			 .max_bytes = TRACE_BYTES_DEFAULT,
			 .cache_path = CACHE_PATH,
			 .on_warn_deadline_ns = HOOK_DEADLINE_NS_DEFAULT,
			 .spool = SPOOL_DIRECTORY,
			 .spool_bytes = SPOOL_BYTES_DEFAULT,
			 .keep_free = KEEP_FREE_DEFAULT},
	};
	int code;

	code = take_words(&words, argc, argv);
	if (code >= 0)
		return code;
	if (check_words(&words))
		return EXIT_CODE_USAGE;
	*ret_opts = words.opts;
	return -1;
}

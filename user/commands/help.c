// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/help.h"

#include "commands/option_table.h"

#define HELP_COLUMN 24

static const char help_usage[] =
	"oomtrace shows which code holds the memory of a process, of a host, or of who was killed "
	"for it.\n"
	"\n"
	"Usage: oomtrace [OPTIONS] -p PID          until Ctrl-C, or its end\n"
	"       oomtrace [OPTIONS] -- CMD ARGS     start CMD and trace it\n"
	"       oomtrace [OPTIONS] --watch-oom-kills   an incident for each OOM kill\n"
	"       oomtrace [OPTIONS] list            the incidents there are\n"
	"       oomtrace [OPTIONS] report FILE|ID  render a recording or incident, without "
	"privileges\n"
	"       oomtrace [OPTIONS] diff OLD NEW    two recordings, for a differential flame graph\n"
	"       oomtrace [OPTIONS] check           what this kernel offers\n";

static const char help_examples[] =
	"\n"
	"Examples:\n"
	"  which code grew, as a flame graph\n"
	"    sudo oomtrace -p 1234 -d 30 | flamegraph.pl --colors mem --countname bytes >mem.svg\n"
	"\n"
	"Without -o the result goes to stdout: text on a terminal, else folded stacks.\n"
	"Exit status: 0 result printed, 1 failed, 2 data was lost (--strict), 64 usage,\n"
	"77 no privilege or a missing kernel feature; with -- CMD the status of CMD.\n";

static void help_option(const struct option_row *row, FILE *stream)
{
	const char *argument = row->argument ? row->argument : "";
	const char *blank = row->argument && row->argument[0] != '[' ? " " : "";
	char letter[] = "-x, ";
	int width;

	letter[1] = row->letter;
	width = fprintf(stream, "  %s--%s%s%s", row->letter ? letter : "    ", row->name, blank,
			argument);
	fprintf(stream, "%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", row->help);
}

static void help_options(bool all, FILE *stream)
{
	static const char *const titles[] = {
		[GROUP_TARGET] = "What to trace", [GROUP_RECORDING] = "How",
		[GROUP_INCIDENTS] = "Incidents",  [GROUP_OUTPUT] = "What to print",
		[GROUP_OTHER] = "Other",
	};

	for (enum option_group group = 0; group < GROUP_COUNT; group++) {
		fprintf(stream, "\n%s:\n", titles[group]);
		for (size_t i = 0; i < option_row_count(); i++)
			if (option_row_at(i)->group == group && (all || !option_row_at(i)->rare))
				help_option(option_row_at(i), stream);
	}
}

void help_print_version(FILE *stream)
{
	fputs("oomtrace " OOMTRACE_VERSION "\n", stream);
}

void help_print(bool all, FILE *stream)
{
	fputs(help_usage, stream);
	help_options(all, stream);
	if (!all)
		fputs("\n--help=all has all options, oomtrace(8) says more about each.\n", stream);
	fputs(help_examples, stream);
}

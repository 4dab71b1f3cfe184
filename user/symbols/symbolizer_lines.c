// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the child for lines; see symbolizer.h. */
#include "symbols/symbolizer_state.h"

#include <string.h>

#include "symbols/bytes.h"
#include "symbols/source_lines.h"

/* Of a function that was inlined and whose name is damaged. */
#define NO_NAME "[no name]"

/* The child's DWARF of this module is of no use any more, or never was. */
static int lines_give_up(struct symbolizer *symbolizer, uint32_t number, int error)
{
	struct module *module = &symbolizer->modules[number];

	if (!module->no_lines && error != -ENODATA)
		symbolizer->losses.lines_given_up++;
	module->no_lines = true;
	return error;
}

static int lines_open(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns)
{
	const struct names_request request = {.type = NAMES_OPEN_LINES, .module = number};
	struct module *module = &symbolizer->modules[number];
	int fds[1 + SYMBOLIZER_DEBUG_FILES_MAX] = {module->fd};
	struct names_answer answer;
	int r;

	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0)
		return r;
	memcpy(fds + 1, module->debug_fds, module->debug_count * sizeof(*fds));
	r = child_ask_more(symbolizer, &request, fds, 1 + module->debug_count, NAMES_LINES_OPENED,
			   deadline_ns, &answer);
	return r < 0 ? r : answer.error;
}

/* A number, and two strings that are what they seem. */
static bool line_decode(struct names_answer *answer, struct symbolizer_line *line)
{
	struct bytes bytes = bytes_of(answer->bytes, answer->length);
	const char *name, *file;

	answer->bytes[answer->length] = '\0';
	line->line = (uint32_t)bytes_number(&bytes, NAMES_LINE_HEADER);
	name = (const char *)bytes.at;
	bytes_take(&bytes, strnlen(name, bytes_left(&bytes)) + 1);
	file = (const char *)bytes.at;
	if (bytes.bad || strlen(file) != bytes_left(&bytes))
		return false;
	line->name = name[0] ? name : NULL;
	line->file = file[0] ? file : NULL;
	return true;
}

/* 1: there is a function of this depth, 0: no more. */
static int line_ask(struct symbolizer *symbolizer, uint32_t number, uint64_t address,
		    uint64_t deadline_ns, struct names_answer *answer, struct symbolizer_line *line)
{
	struct names_request request = {
		.type = NAMES_LINE,
		.module = number,
		.length = sizeof(request.place),
		.place = {address, line->depth},
	};
	int r;

	r = child_ask_more(symbolizer, &request, NULL, 0, NAMES_LINE_FOUND, deadline_ns, answer);
	if (r < 0)
		return r;
	if (answer->error < 0)
		return answer->error == -ENODATA ? 0 : answer->error;
	return line_decode(answer, line) ? 1 : -EBADMSG;
}

/* All functions at one offset, as the child tells them. Copies, for each answer replaces the last.
 */
struct found {
	struct symbolizer_line lines[SOURCE_FRAMES_MAX];
	struct names_answer answers[SOURCE_FRAMES_MAX];
	uint32_t count;
};

static int find(struct symbolizer *symbolizer, uint32_t number, uint64_t address,
		uint64_t deadline_ns, struct found *found)
{
	int r = 1;

	for (found->count = 0; found->count < SOURCE_FRAMES_MAX; found->count++) {
		struct symbolizer_line *line = &found->lines[found->count];

		*line = (struct symbolizer_line){.depth = found->count};
		r = line_ask(symbolizer, number, address, deadline_ns,
			     &found->answers[found->count], line);
		if (r <= 0)
			return r;
		if (!line->name)
			line->name = NO_NAME;
	}
	return 0;
}

/* Hands on what is wanted of it. */
static void tell(const struct symbolizer *symbolizer, uint32_t number, uint64_t offset,
		 struct found *found, symbolizer_line_fn fn, void *context)
{
	const struct symbolizer_line *innermost = &found->lines[found->count - 1];

	found->lines[0].name = NULL;
	if (!symbolizer->inlines) {
		found->lines[0].file = innermost->file;
		found->lines[0].line = innermost->line;
		found->count = 1;
	}
	for (uint32_t i = 0; i < found->count && !symbolizer->lines; i++) {
		found->lines[i].file = NULL;
		found->lines[i].line = 0;
	}
	/* a function alone, without its place, is no news */
	if (found->count == 1 && !found->lines[0].file)
		return;
	for (uint32_t i = 0; i < found->count; i++)
		fn(context, number, offset, &found->lines[i]);
}

static int offset_lines(struct symbolizer *symbolizer, uint32_t number, uint64_t offset,
			uint64_t deadline_ns, symbolizer_line_fn fn, void *context)
{
	struct found found;
	uint64_t address;
	int r;

	if (!module_file_address(symbolizer->modules[number].file, offset, &address))
		return 0;
	r = find(symbolizer, number, address, deadline_ns, &found);
	if (r == 0 && found.count > 0)
		tell(symbolizer, number, offset, &found, fn, context);
	return r;
}

int symbolizer_lines(struct symbolizer *symbolizer, uint32_t number, const uint64_t *offsets,
		     size_t count, symbolizer_line_fn fn, void *context)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	struct module *module;
	int r;

	if (number >= symbolizer->module_count || !symbolizer->modules[number].added)
		return -ENOENT;
	module = &symbolizer->modules[number];
	if ((!symbolizer->lines && !symbolizer->inlines) || module->no_lines || module->perf_map ||
	    !module->file || module->fd < 0)
		return -ENODATA;
	r = lines_open(symbolizer, number, deadline_ns);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = offset_lines(symbolizer, number, offsets[i], deadline_ns, fn, context);
	return r < 0 ? lines_give_up(symbolizer, number, r) : 0;
}

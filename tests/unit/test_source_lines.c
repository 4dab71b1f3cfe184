// SPDX-License-Identifier: GPL-2.0-or-later
/* Inlined calls and lines are those that llvm-symbolizer tells, at every address of a program. */
#include "symbols_fixture.h"

#include <ctype.h>

#include "symbols/image.h"
#include "symbols/source_lines.h"

/* Templates, lambdas and containers: calls inlined into calls. */
#define TEMPLATES                                                                          \
	"#include <algorithm>\n#include <map>\n#include <memory>\n#include <string>\n"     \
	"#include <vector>\n"                                                              \
	"namespace shop {\n"                                                               \
	"template <typename T> struct cart {\n"                                            \
	"	std::vector<T> items;\n"                                                         \
	"	void add(T item) { items.push_back(std::move(item)); }\n"                        \
	"	T total() const { T sum{}; for (auto &i : items) sum = sum + i; return sum; }\n" \
	"};\n"                                                                             \
	"static inline int twice(int x) { return x * 2 + 1; }\n"                           \
	"static inline int four(int x) { return twice(twice(x)) ^ x; }\n"                  \
	"}\n"                                                                              \
	"int main(int argc, char **argv)\n"                                                \
	"{\n"                                                                              \
	"	shop::cart<int> numbers;\n"                                                      \
	"	shop::cart<std::string> words;\n"                                                \
	"	std::map<std::string, std::unique_ptr<shop::cart<int>>> carts;\n"                \
	"	for (int i = 0; i < argc; i++) {\n"                                              \
	"		numbers.add(shop::four(i));\n"                                                  \
	"		words.add(argv[i]);\n"                                                          \
	"		carts[argv[i]] = std::make_unique<shop::cart<int>>(numbers);\n"                 \
	"	}\n"                                                                             \
	"	std::sort(numbers.items.begin(), numbers.items.end(),\n"                         \
	"		  [](int a, int b) { return shop::twice(a) > b; });\n"                          \
	"	return numbers.total() + (int)words.total().size() + (int)carts.size();\n"       \
	"}\n"

static int program_build(void **state, const char *options, const char *name, char path[256])
{
	char command[512];
	FILE *compiler;

	snprintf(path, 256, "%s/%s", (char *)*state, name);
	snprintf(command, sizeof(command), "c++ -x c++ - %s -o %s 2>/dev/null", options, path);
	compiler = popen(command, "w");
	assert_non_null(compiler);
	fputs(TEMPLATES, compiler);
	return pclose(compiler);
}

/*
 * No code of ours and none of libdw. binutils' addr2line calls an inlined function without a
 * linkage name what the symbol table calls the address.
 */
#define JUDGE "llvm-symbolizer --output-style=GNU -a -i --functions=linkage --no-demangle"

struct text {
	uint64_t address, size_bytes;
};

static struct text text_of(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(image_closep) struct image *image = NULL;
	struct image_section section;

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_section(image, ".text", 16 << 20, &section), 0);
	return (struct text){section.address, section.size_bytes};
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "??";
}

/* "file.c:12 (discriminator 3)" as "file.c:12" */
static void judge_place(char *line)
{
	char *rest = strstr(line, " (discriminator");

	if (rest)
		*rest = '\0';
	line[strcspn(line, "\n")] = '\0';
}

struct tally {
	unsigned int addresses, inlined, deepest, wrong_depth, wrong_place, wrong_name;
};

static void compare(struct source_frame *frames, int count, char (*names)[1024],
		    char (*places)[1024], int judged, struct tally *tally)
{
	tally->addresses++;
	tally->inlined += judged > 1;
	tally->deepest =
		(unsigned int)judged > tally->deepest ? (unsigned int)judged : tally->deepest;
	if (count != judged) {
		tally->wrong_depth++;
		return;
	}
	for (int i = 0; i < count; i++) {
		char place[1280], line[16] = "?";

		if (frames[i].line)
			snprintf(line, sizeof(line), "%u", frames[i].line);
		snprintf(place, sizeof(place), "%s:%s", base_name(frames[i].file), line);
		if (strcmp(place, base_name(places[i])) != 0) {
			tally->wrong_place++;
			return;
		}
		/* of the function itself the judge tells the symbol, "main.cold" */
		if (i < count - 1 &&
		    strcmp(frames[i].name ? frames[i].name : "??", names[i]) != 0) {
			tally->wrong_name++;
			return;
		}
	}
}

static unsigned char last_of(const char *text)
{
	return (unsigned char)text[strlen(text) - 1];
}

/* Of the judge's answers to many addresses: "0x1234", then a name and a place for each frame. */
static struct tally compare_all(const char *path, const char *debug_path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int debug_fd = debug_path ? open(debug_path, O_RDONLY | O_CLOEXEC) : -1;
	_cleanup_(source_lines_closep) struct source_lines *lines = NULL;
	static char names[SOURCE_FRAMES_MAX][1024], places[SOURCE_FRAMES_MAX][1024];
	struct text text = text_of(path);
	char command[640], line[1024];
	struct tally tally = {};
	uint64_t address = 0;
	bool more = true;
	int judged = 0;
	FILE *judge;

	assert_int_equal(source_lines_open(fd, debug_fd, &lines), 0);
	snprintf(command, sizeof(command),
		 "seq %" PRIu64 " 5 %" PRIu64 " | xargs printf '0x%%x\\n' | " JUDGE " -e %s",
		 text.address, text.address + text.size_bytes - 1, debug_path ? debug_path : path);
	judge = popen(command, "r");
	assert_non_null(judge);
	while (more) {
		more = fgets(line, sizeof(line), judge);
		if (!more || strncmp(line, "0x", 2) == 0) {
			struct source_frame frames[SOURCE_FRAMES_MAX];
			int count = address ? source_lines_find(lines, address, frames) : 0;

			/* code without DWARF, of the C library's start files: a symbol at most */
			if (judged > 1 || (judged == 1 && isdigit(last_of(places[0])) &&
					   strcmp(places[0] + strlen(places[0]) - 2, ":0") != 0))
				compare(frames, count, names, places, judged, &tally);
			address = more ? strtoull(line, NULL, 16) : 0;
			judged = 0;
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		snprintf(names[judged], sizeof(names[0]), "%s", line);
		if (!fgets(line, sizeof(line), judge))
			break;
		judge_place(line);
		snprintf(places[judged++], sizeof(places[0]), "%s", line);
	}
	pclose(judge);
	print_message(
		"%u addresses, %u in inlined calls, %u deep; wrong: depth %u, place %u, name %u\n",
		tally.addresses, tally.inlined, tally.deepest, tally.wrong_depth, tally.wrong_place,
		tally.wrong_name);
	return tally;
}

static void assert_agrees(const struct tally *tally)
{
	assert_true(tally->addresses >= 100);
	assert_true(tally->inlined * 4 >= tally->addresses);
	assert_true(tally->deepest >= 4);
	assert_true(tally->wrong_depth + tally->wrong_place + tally->wrong_name == 0);
}

static void every_address_is_where_llvm_says(void **state)
{
	static const char *const options[] = {"-O2 -g", "-O2 -gdwarf-4", "-O2 -g -gz"};
	unsigned int built = 0;
	char path[256];

	if (system("command -v llvm-symbolizer >/dev/null") != 0)
		skip();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		struct tally tally;

		if (program_build(state, options[i], "templates", path) != 0)
			continue;
		built++;
		tally = compare_all(path, NULL);
		assert_agrees(&tally);
	}
	if (!built)
		skip();
}

static void a_separate_debug_file_says_the_same(void **state)
{
	char path[256], debug[300], command[1024];
	struct tally tally;

	if (program_build(state, "-O2 -g", "split", path) != 0 ||
	    system("command -v llvm-symbolizer >/dev/null") != 0)
		skip();
	snprintf(debug, sizeof(debug), "%s.debug", path);
	snprintf(command, sizeof(command), "objcopy --only-keep-debug %s %s && strip %s", path,
		 debug, path);
	assert_int_equal(system(command), 0);
	tally = compare_all(path, debug);
	assert_agrees(&tally);
}

static void without_dwarf_there_is_none(void **state)
{
	struct source_lines *lines = NULL;
	char path[256];

	if (program_build(state, "-O2 -s", "bare", path) != 0)
		skip();
	{
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(source_lines_open(fd, -1, &lines), -ENODATA);
	}
	assert_int_equal(source_lines_open(-1, -1, &lines), -ENODATA);
	assert_null(lines);
}

/* Every byte of the sections that say where is changed in turn; nothing breaks. */
static void damage_is_survived(void **state)
{
	char path[256];
	unsigned int seed = 11;

	if (program_build(state, "-O1 -g", "damaged", path) != 0)
		skip();
	for (int turn = 0; turn < 60; turn++) {
		_cleanup_close_ int fd = fixture_copy(path);
		_cleanup_(source_lines_closep) struct source_lines *lines = NULL;
		struct source_frame frames[SOURCE_FRAMES_MAX];
		struct text text = text_of(path);
		off_t end = lseek(fd, 0, SEEK_END);

		/* the debug sections are what lies behind the code */
		for (int i = 0; i < 200; i++) {
			uint8_t byte = (uint8_t)rand_r(&seed);
			off_t at = end / 4 + (off_t)((double)rand_r(&seed) / RAND_MAX *
						     (double)(end * 3 / 4 - 4096));

			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		if (source_lines_open(fd, -1, &lines) < 0)
			continue;
		for (uint64_t at = 0; at < text.size_bytes; at += 97)
			assert_true(source_lines_find(lines, text.address + at, frames) <=
				    SOURCE_FRAMES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_where_llvm_says),
		cmocka_unit_test(a_separate_debug_file_says_the_same),
		cmocka_unit_test(without_dwarf_there_is_none),
		cmocka_unit_test(damage_is_survived),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}

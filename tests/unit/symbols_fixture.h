/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of user/symbols share: ELF files built on the spot, and the file offset of a
 * function as the kernel's own mapping table gives it, which is how the recorder computes it too.
 */
#ifndef TESTS_SYMBOLS_FIXTURE_H
#define TESTS_SYMBOLS_FIXTURE_H

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* C source: declares mapping_offset(address), a file offset found through /proc/self/maps. */
#define MAPPING_OFFSET_SOURCE                                                      \
	"#include <stdio.h>\n"                                                     \
	"static unsigned long mapping_offset(unsigned long address)\n"             \
	"{\n"                                                                      \
	"	unsigned long start, end, offset;\n"                                     \
	"	FILE *maps = fopen(\"/proc/self/maps\", \"r\");\n"                       \
	"	char line[1024];\n"                                                      \
	"	while (fgets(line, sizeof(line), maps))\n"                               \
	"		if (sscanf(line, \"%lx-%lx %*s %lx\", &start, &end, &offset) == 3 &&\n" \
	"		    address >= start && address < end)\n"                               \
	"			return address - start + offset;\n"                                    \
	"	return 0;\n"                                                             \
	"}\n"

/* C source: a program that prints where the code of known_function() lies in its file. */
#define KNOWN_FUNCTION_SOURCE                                                         \
	MAPPING_OFFSET_SOURCE                                                         \
	"__attribute__((noinline)) int known_function(int x) { return 3 * x + 1; }\n" \
	"int main(void)\n"                                                            \
	"{\n"                                                                         \
	"	printf(\"%lx\\n\", mapping_offset((unsigned long)known_function) + 1);\n"   \
	"	return 0;\n"                                                                \
	"}\n"

/* Builds a program from C source; skips the test where the compiler cannot (no static libc). */
static inline void fixture_build(const char *source, const char *options, const char *path)
{
	char command[512];
	FILE *compiler;

	snprintf(command, sizeof(command), "cc -x c - %s -o %s 2>/dev/null", options, path);
	compiler = popen(command, "w");
	assert_non_null(compiler);
	fputs(source, compiler);
	if (pclose(compiler) != 0) {
		print_message("skipped: \"cc %s\" does not work here\n", options);
		skip();
	}
}

/* Runs a program and returns the hexadecimal number that it prints. */
static inline uint64_t fixture_ask(const char *path)
{
	FILE *program = popen(path, "r");
	uint64_t number;

	assert_non_null(program);
	assert_int_equal(fscanf(program, "%" SCNx64, &number), 1);
	assert_int_equal(pclose(program), 0);
	return number;
}

/* An empty file without a name. */
static inline int fixture_memfd(void)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A copy of a file, without a name, to be damaged. */
static inline int fixture_copy(const char *path)
{
	_cleanup_close_ int source = open(path, O_RDONLY | O_CLOEXEC);
	int copy = fixture_memfd();
	char buffer[65536];
	ssize_t bytes;

	assert_true(source >= 0);
	while ((bytes = read(source, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(copy, buffer, (size_t)bytes), bytes);
	assert_int_equal(bytes, 0);
	return copy;
}

/* A directory of one's own for the length of a test program. */
static inline int fixture_directory_make(void **state)
{
	char *path = strdup("/tmp/oomtrace-symbols-XXXXXX");

	*state = path;
	return path && mkdtemp(path) ? 0 : -1;
}

static inline int fixture_directory_remove(void **state)
{
	char command[128];
	int r;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	r = system(command);
	free(*state);
	return r;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that has no call frame information is run instruction by instruction, and who called is
 * known by watching: its rows must say the same, at each step.
 */
#include "symbols_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "rows_fixture.h"
#include "symbols/code_step.h"
#include "symbols/image_unwind.h"

#define STEPS_MAX 2000000
#define DEPTH_MAX 512
/* What may be unknown, of a thousand. */
#define UNKNOWN_MAX 1

/* Formatted output and input, sorting, files, the heap, dates. */
static const char source[] =
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"#include <time.h>\n"
	"static int compare(const void *a, const void *b) { return strcmp(a, b); }\n"
	"static char words[64][24];\n"
	"static __attribute__((noinline)) int deep(int x)\n"
	"{\n"
	"	char big[100000];\n"
	"	memset(big, x, 200);\n"
	"	return snprintf(big + 300, 100, \"%d\", big[x % 200]);\n"
	"}\n"
	"int main(void)\n"
	"{\n"
	"	struct tm tm = {.tm_year = 126, .tm_mon = 10, .tm_mday = 29};\n"
	"	char line[4096], *kept[64], *end;\n"
	"	FILE *null = fopen(\"/dev/null\", \"w\");\n"
	"	double d = 0;\n"
	"	int x = 0;\n"
	"	for (int i = 0; i < 16; i++) {\n"
	"		sprintf(words[i], \"%d %s %.3f\", i * 7919 % 101, i % 2 ? \"odd\" : "
	"\"even\", i / 7.);\n"
	"		kept[i] = malloc(i * 1000);\n"
	"		d += strtod(words[i] + 2, &end) + strtol(words[i], &end, 0);\n"
	"		sscanf(words[i], \"%d %s\", &x, line);\n"
	"		fprintf(null, \"%p %x %g %*s\\n\", (void *)kept[i], i, d, 20, line);\n"
	"	}\n"
	"	qsort(words, 16, sizeof(*words), compare);\n"
	"	for (int i = 0; i < 16; i += 2)\n"
	"		kept[i] = realloc(kept[i], 200000);\n"
	"	for (int i = 0; i < 16; i++)\n"
	"		free(kept[i]);\n"
	"	x += deep(x);\n"
	"	mktime(&tm);\n"
	"	strftime(line, sizeof(line), \"%A %c %x %U %z\", &tm);\n"
	"	setenv(\"WORDS\", words[0], 1);\n"
	"	return strstr(line, getenv(\"WORDS\")) || fclose(null);\n"
	"}\n";

/* A function that was called and has not returned. */
struct call {
	uint64_t cfa;
	uint64_t rbp; /* the caller's */
};

struct run {
	pid_t pid;
	struct unwind_rows rows;
	struct unwind_text text;
	struct code_decoder decoder;
	struct call calls[DEPTH_MAX];
	size_t depth;
	size_t steps, unknown, different;
};

static void program_build(void **state, char path[256])
{
	char command[600];
	FILE *compiler;

	snprintf(path, 256, "%s/bare", (char *)*state);
	snprintf(command, sizeof(command),
		 "musl-gcc -x c - -O2 -s -static -fno-asynchronous-unwind-tables "
		 "-fstack-clash-protection -o %s 2>/dev/null",
		 path);
	compiler = popen(command, "w");
	assert_non_null(compiler);
	fputs(source, compiler);
	if (pclose(compiler) != 0) {
		print_message("skipped: there is no musl-gcc here\n");
		skip();
	}
}

static void rows_read(const char *path, struct run *run)
{
	_cleanup_(image_closep) struct image *image = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_text(image, &run->text), 0);
	assert_int_equal(image_unwind_rows(image, &run->rows), 0);
}

/* Stopped at its first instruction. */
static void program_start(const char *path, struct run *run)
{
	int status;

	run->pid = fork();
	assert_true(run->pid >= 0);
	if (run->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			execl(path, path, (char *)NULL);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	if (!WIFSTOPPED(status)) {
		print_message("skipped: nothing may be traced here\n");
		skip();
	}
	ptrace(PTRACE_SETOPTIONS, run->pid, NULL, PTRACE_O_EXITKILL);
}

static uint64_t word_at(const struct run *run, uint64_t address)
{
	errno = 0;
	return (uint64_t)ptrace(PTRACE_PEEKDATA, run->pid, (void *)address, NULL);
}

static bool rbp_is_found(const struct run *run, const struct user_regs_struct *registers,
			 uint32_t rule, const struct call *call)
{
	switch (OT_RULE_RBP(rule)) {
	case OT_RBP_SAME:
		return registers->rbp == call->rbp;
	case OT_RBP_AT_CFA:
		return word_at(run, call->cfa + (uint64_t)(8ll * OT_RULE_RBP_WORDS(rule))) ==
		       call->rbp;
	default:
		return false;
	}
}

static bool rule_is_true(const struct run *run, const struct user_regs_struct *registers,
			 uint32_t rule)
{
	uint64_t base = OT_RULE_CFA(rule) == OT_CFA_RBP ? registers->rbp : registers->rsp;
	const struct call *call = &run->calls[run->depth - 1];

	return base + 8ull * OT_RULE_CFA_WORDS(rule) == call->cfa &&
	       rbp_is_found(run, registers, rule, call);
}

static void rule_judge(struct run *run, const struct user_regs_struct *registers)
{
	uint32_t rule = rows_rule_at(&run->rows, registers->rip - run->text.base);
	bool is_true;

	switch (OT_RULE_CFA(rule)) {
	case OT_CFA_RSP:
	case OT_CFA_RBP:
		is_true = run->depth > 0 && rule_is_true(run, registers, rule);
		break;
	case OT_CFA_END:
		is_true = run->depth == 0;
		break;
	default:
		run->unknown++;
		return;
	}
	if (!is_true)
		print_message("0x%llx: rule %08x\n", registers->rip, rule);
	run->different += !is_true;
}

/* Calls and returns are seen by the instruction that is about to run. */
static void call_follow(struct run *run, const struct user_regs_struct *registers)
{
	uint64_t words[2] = {word_at(run, registers->rip), word_at(run, registers->rip + 8)};
	struct code_step step;

	assert_true(code_step_read(&run->decoder, bytes_of(words, sizeof(words)), registers->rip,
				   &step));
	if (step.flow == CODE_CALL || step.flow == CODE_CALL_UNKNOWN) {
		assert_true(run->depth < DEPTH_MAX);
		run->calls[run->depth++] = (struct call){registers->rsp, registers->rbp};
	} else if (step.flow == CODE_RETURN) {
		assert_true(run->depth > 0);
		run->depth--;
	}
}

/* False: it has ended. */
static bool run_step(struct run *run)
{
	struct user_regs_struct registers;
	int status;

	assert_int_equal(ptrace(PTRACE_GETREGS, run->pid, NULL, &registers), 0);
	rule_judge(run, &registers);
	call_follow(run, &registers);
	run->steps++;
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, run->pid, NULL, NULL), 0);
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSTOPPED(status) && run->steps < STEPS_MAX;
}

static void each_instruction_that_is_run_has_the_frame_that_its_row_says(void **state)
{
	struct run run = {};
	char path[256];

	program_build(state, path);
	rows_read(path, &run);
	code_decoder_init(&run.decoder);
	program_start(path, &run);
	while (run_step(&run))
		;
	if (run.steps == STEPS_MAX)
		kill(run.pid, SIGKILL);
	print_message("%zu instructions, %zu unknown, %zu different\n", run.steps, run.unknown,
		      run.different);
	unwind_rows_release(&run.rows);
	assert_in_range(run.steps, 100000, STEPS_MAX);
	assert_int_equal(run.different, 0);
	assert_in_range(run.unknown * 1000, 0, run.steps * UNKNOWN_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_instruction_that_is_run_has_the_frame_that_its_row_says),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}

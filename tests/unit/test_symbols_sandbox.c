// SPDX-License-Identifier: GPL-2.0-or-later
/* What reads hostile files can do nothing else. */
#include "symbols_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "symbols/sandbox.h"

DEFINE_CLEANUP(cap_t, cap_free)

/*
 * Runs `attempt` in a sandbox of its own, where SANDBOX_FD is a file open for reading, and expects
 * it to return 0; other numbers, to 125, say what went wrong.
 */
static void assert_sandboxed(int (*attempt)(void))
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pid_t parent = getpid(), pid;
	int status;

	assert_true(fd >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_enter(fd, parent) < 0 ? 126 : attempt());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The number of the first attempt that was not refused, counted from 1; 0: all were. */
static int attempt_forbidden(void)
{
	const bool refused[] = {
		open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM,
		open("/tmp/oomtrace-made-in-sandbox", O_CREAT | O_WRONLY, 0600) < 0,
		socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM,
		socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM,
		fork() < 0,
		kill(1, 0) < 0 && errno == EPERM,
		execl("/bin/true", "true", NULL) < 0,
		syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM,
		syscall(SYS_ptrace, 0, 0, 0, 0) < 0 && errno == EPERM,
		unlink("/tmp/oomtrace-made-in-sandbox") < 0 && errno == EPERM,
		setresuid(0, 0, 0) < 0,
		unshare(CLONE_NEWUSER) < 0,
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, SANDBOX_FD, 0) == MAP_FAILED,
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			MAP_FAILED,
		write(SANDBOX_FD, "x", 1) < 0,
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (!refused[i])
			return (int)i + 1;
	return 0;
}

static void everything_but_reading_is_refused(void **state)
{
	(void)state;
	assert_sandboxed(attempt_forbidden);
}

static int attempt_reading(void)
{
	char magic[4];
	void *memory = malloc(64 << 20);
	struct stat st;

	if (!memory)
		return 1;
	if (pread(SANDBOX_FD, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4) != 0)
		return 2;
	return fstat(SANDBOX_FD, &st) == 0 ? 0 : 3;
}

static void reading_and_allocating_work(void **state)
{
	(void)state;
	assert_sandboxed(attempt_reading);
}

static int attempt_gluttony(void)
{
	void *memory =
		mmap(NULL, 2ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? 0 : 1;
}

static void memory_is_limited(void **state)
{
	(void)state;
	assert_sandboxed(attempt_gluttony);
}

static int attempt_other_descriptors(void)
{
	for (int fd = SANDBOX_FD + 1; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 1;
	return 0;
}

static void no_other_descriptor_is_inherited(void **state)
{
	_cleanup_close_ int secret = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(fcntl(secret, F_DUPFD, 900), 900);
	assert_sandboxed(attempt_other_descriptors);
	close(900);
}

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	(void)number;
	signals_seen++;
}

static int attempt_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
	struct sigaction action;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == on_signal)
			return 1;
	return 0;
}

static void no_handler_of_the_parent_is_inherited(void **state)
{
	(void)state;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	assert_sandboxed(attempt_signals);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

/* Becomes an ordinary user who has kept one capability, as of a program file that grants it. */
static void become_user_with_capability(cap_value_t capability)
{
	cap_t capabilities = cap_init();

	prctl(PR_SET_KEEPCAPS, 1);
	if (setresuid(12345, 12345, 12345) < 0)
		_exit(2);
	cap_set_flag(capabilities, CAP_PERMITTED, 1, &capability, CAP_SET);
	cap_set_flag(capabilities, CAP_EFFECTIVE, 1, &capability, CAP_SET);
	if (cap_set_proc(capabilities) < 0)
		_exit(3);
	cap_free(capabilities);
}

/* Then says so through the descriptor, and waits there for the end. */
static _Noreturn void enter_and_wait(int fd, pid_t parent)
{
	char byte = 0;

	become_user_with_capability(CAP_SYS_PTRACE);
	if (sandbox_enter(fd, parent) < 0)
		_exit(4);
	send(SANDBOX_FD, &byte, 1, 0);
	_exit(read(SANDBOX_FD, &byte, 1) == 0 ? 0 : 5);
}

static void assert_no_capability(pid_t pid)
{
	_cleanup_(cap_freep) cap_t none = cap_init(), held = cap_get_pid(pid);

	assert_non_null(none);
	assert_non_null(held);
	assert_int_equal(cap_compare(held, none), 0);
}

static void capabilities_go_where_the_user_stays(void **state)
{
	int ends[2], status;
	pid_t parent = getpid(), pid;
	char byte;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root, to become a user with a capability\n");
		skip();
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		enter_and_wait(ends[1], parent);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_no_capability(pid);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A fork whose parent is not the one that it was told about is an orphan already. */
static void an_orphan_does_not_go_on(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_enter(STDERR_FILENO, 1) == -ESRCH ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_but_reading_is_refused),
		cmocka_unit_test(reading_and_allocating_work),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(no_other_descriptor_is_inherited),
		cmocka_unit_test(no_handler_of_the_parent_is_inherited),
		cmocka_unit_test(capabilities_go_where_the_user_stays),
		cmocka_unit_test(an_orphan_does_not_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

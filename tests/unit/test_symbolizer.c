// SPDX-License-Identifier: GPL-2.0-or-later
/* Places in code get their names from a child that can be trusted with nothing and may be lost. */
#include "symbols_fixture.h"

#include <dirent.h>
#include <dlfcn.h>
#include <grp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "symbols/symbolizer.h"

/* What one call of symbolizer_name() reported. */
struct names {
	size_t count;
	uint32_t module;
	uint64_t offsets[1000];
	char *names[1000]; /* NULL: unknown */
};

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	names->count = 0;
}

static void on_name(void *context, uint32_t module, uint64_t offset, const char *name)
{
	struct names *names = context;

	assert_true(names->count < 1000);
	names->module = module;
	names->offsets[names->count] = offset;
	names->names[names->count++] = name ? strdup(name) : NULL;
}

static struct symbolizer *symbolizer_start(void)
{
	const struct symbolizer_places places = {};
	struct symbolizer *symbolizer = NULL;

	assert_int_equal(symbolizer_open(&places, &symbolizer), 0);
	return symbolizer;
}

static int module_add(struct symbolizer *symbolizer, uint32_t module, int fd)
{
	uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX], build_id_len;

	return symbolizer_add_module(symbolizer, module, fd, build_id, &build_id_len);
}

static void module_add_path(struct symbolizer *symbolizer, uint32_t module, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(module_add(symbolizer, module, fd), 0);
}

static void assert_name(struct symbolizer *symbolizer, uint32_t module, uint64_t offset,
			const char *expected)
{
	_cleanup_(names_release) struct names names = {};

	assert_int_equal(symbolizer_name(symbolizer, module, &offset, 1, on_name, &names), 0);
	assert_int_equal(names.count, 1);
	assert_int_equal(names.module, module);
	assert_int_equal(names.offsets[0], offset);
	if (expected)
		assert_string_equal(names.names[0] ? names.names[0] : "(none)", expected);
	else
		assert_null(names.names[0]);
}

/* There is no name, for the reason given, and the caller is told so offset by offset. */
static void assert_nameless(struct symbolizer *symbolizer, uint32_t module, int error)
{
	static const uint64_t offsets[] = {0x1000, 0x2000, 0x1000};
	_cleanup_(names_release) struct names names = {};

	assert_int_equal(symbolizer_name(symbolizer, module, offsets, 3, on_name, &names), error);
	assert_int_equal(names.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(names.offsets[i], offsets[i]);
		assert_null(names.names[i]);
	}
}

/* Where an address of this process lies in its file. */
static uint64_t own_offset(const void *address)
{
	_cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start, end, offset, wanted = (uintptr_t)address;
	char line[1024];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) ==
			    3 &&
		    wanted >= start && wanted < end)
			return wanted - start + offset;
	fail_msg("address not mapped");
	return 0;
}

__attribute__((noinline)) static int local_function(int x)
{
	return 7 * x + 1;
}

int cart_add(int x) __asm__("_ZN4shop4cart3addEi");

__attribute__((noinline)) int cart_add(int x)
{
	return 5 * x + 1;
}

/* As rustc calls them: the older way, and v0. */
int rust_legacy(int x) __asm__("_ZN4shop4cart3add17h0123456789abcdefE");
int rust_v0(int x) __asm__("_RINvNtCs15kBYyAo9fc_4shop4cart3addmE");

__attribute__((noinline)) int rust_legacy(int x)
{
	return 9 * x + 1;
}

__attribute__((noinline)) int rust_v0(int x)
{
	return 11 * x + 1;
}

static void functions_of_a_program_are_named(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	assert_name(symbolizer, 1, own_offset((const char *)local_function + 1), "local_function");
	assert_name(symbolizer, 1, own_offset(symbolizer_name), "symbolizer_name");
	assert_name(symbolizer, 1, own_offset(cart_add), "shop::cart::add");
	assert_name(symbolizer, 1, own_offset(rust_legacy), "shop::cart::add");
	assert_name(symbolizer, 1, own_offset(rust_v0), "shop::cart::add::<u32>");
}

static void exported_functions_of_a_library_are_named(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	Dl_info library;

	(void)state;
	assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, "qsort_r"), &library), 0);
	module_add_path(symbolizer, 7, library.dli_fname);
	assert_name(symbolizer, 7, own_offset(dlsym(RTLD_DEFAULT, "qsort_r")), "qsort_r");
	assert_name(symbolizer, 7, own_offset(dlsym(RTLD_DEFAULT, "fread")), "fread");
}

static void every_kind_of_program_is_named(void **state)
{
	static const char *const options[] = {"",
					      "-no-pie",
					      "-static",
					      "-static-pie",
					      "-no-pie -Wl,-z,noseparate-code",
					      "-s -rdynamic"};
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	char path[256];

	snprintf(path, sizeof(path), "%s/known", (char *)*state);
	for (uint32_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		fixture_build(KNOWN_FUNCTION_SOURCE, options[i], path);
		module_add_path(symbolizer, i, path);
		assert_name(symbolizer, i, fixture_ask(path), "known_function");
		unlink(path);
	}
}

static void a_stripped_program_has_no_names(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	char path[256];

	snprintf(path, sizeof(path), "%s/stripped", (char *)*state);
	fixture_build(KNOWN_FUNCTION_SOURCE, "-s", path);
	module_add_path(symbolizer, 1, path);
	assert_name(symbolizer, 1, fixture_ask(path), NULL);
}

/* The vdso has no file: its image comes from memory. */
static void the_vdso_is_named(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int fd = fixture_memfd();
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	const char *function = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

	(void)state;
	if (!image || !function) {
		print_message("skipped: this machine has no vdso with clock_gettime\n");
		skip();
	}
	assert_int_equal(write(fd, image, 4096 + (size_t)(function - image)),
			 4096 + (function - image));
	assert_int_equal(module_add(symbolizer, 1, fd), 0);
	assert_name(symbolizer, 1, (uint64_t)(function - image), "clock_gettime");
	dlclose(vdso);
}

static void offsets_outside_have_no_names(void **state)
{
	static const uint64_t offsets[] = {0, 1, 1ull << 40, UINT64_MAX};
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		assert_name(symbolizer, 1, offsets[i], NULL);
}

/* More than fits into one request, and more answers than fit into the socket. */
static void many_offsets_are_named_in_order(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_(names_release) struct names names = {};
	uint64_t offsets[1000];

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	for (size_t i = 0; i < 1000; i++)
		offsets[i] = i % 3 ? own_offset(local_function) : i;
	assert_int_equal(symbolizer_name(symbolizer, 1, offsets, 1000, on_name, &names), 0);
	assert_int_equal(names.count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(names.offsets[i], offsets[i]);
		if (i % 3)
			assert_string_equal(names.names[i], "local_function");
	}
}

/* The child keeps no file open: it may have far fewer than there are modules. */
static void many_modules_are_named(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	for (uint32_t module = 0; module < 100; module++) {
		module_add_path(symbolizer, module, "/proc/self/exe");
		assert_name(symbolizer, module, own_offset(local_function), "local_function");
	}
}

static void modules_keep_apart(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(module_add(symbolizer, 3, fd), 0);
	assert_int_equal(module_add(symbolizer, 3, fd), -EEXIST);
	assert_int_equal(module_add(symbolizer, 1u << 16, fd), -E2BIG);
	assert_int_equal(module_add(symbolizer, 4, -1), -EBADF);
	assert_nameless(symbolizer, 4, -ENOENT);
	assert_nameless(symbolizer, 2, -ENOENT);
	assert_nameless(symbolizer, UINT32_MAX, -ENOENT);
	assert_name(symbolizer, 3, own_offset(local_function), "local_function");
}

static void what_is_no_program_is_counted(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int text = fixture_memfd();
	struct symbolizer_losses losses;

	(void)state;
	assert_int_equal(write(text, "text", 4), 4);
	assert_int_equal(module_add(symbolizer, 1, text), -ENOEXEC);
	assert_nameless(symbolizer, 1, -ENODATA);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.modules_unreadable, 1);
	assert_int_equal(losses.modules_given_up, 0);
}

static void a_file_truncated_later_costs_only_its_names(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int fd = fixture_copy("/proc/self/exe");
	struct symbolizer_losses losses;

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	assert_int_equal(module_add(symbolizer, 2, fd), 0);
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_nameless(symbolizer, 2, -ENODATA);
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.modules_unreadable, 1);
	assert_int_equal(losses.children_died, 0);
}

/* In a process of its own: cuts a file, writes over it and puts it together again, without end. */
static pid_t file_keep_changing(int fd, const void *bytes, size_t size)
{
	pid_t pid = fork();
	unsigned int seed = 5;

	if (pid != 0)
		return pid;
	for (;;) {
		off_t at = rand_r(&seed) % (off_t)size;
		uint64_t noise = (uint64_t)rand_r(&seed) << 32 | (uint64_t)rand_r(&seed);

		if (ftruncate(fd, at % 4096) < 0)
			_exit(1);
		for (size_t done = 0; done < size; done += 4096)
			if (pwrite(fd, (const char *)bytes + done,
				   size - done < 4096 ? size - done : 4096, (off_t)done) < 0)
				_exit(1);
		if (pwrite(fd, &noise, sizeof(noise), at) < 0)
			_exit(1);
	}
}

/* Nothing is mapped: there is no SIGBUS to die of. And what was read is checked. */
static void a_file_that_changes_while_it_is_read_harms_nobody(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int fd = fixture_copy("/proc/self/exe");
	struct symbolizer_losses losses;
	uint64_t offset = own_offset(local_function);
	unsigned int named = 0;
	struct stat status;
	void *bytes;
	pid_t pid;

	(void)state;
	assert_int_equal(fstat(fd, &status), 0);
	bytes = malloc((size_t)status.st_size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, (size_t)status.st_size, 0), status.st_size);
	pid = file_keep_changing(fd, bytes, (size_t)status.st_size);
	assert_true(pid > 0);
	for (uint32_t i = 1; i <= 100; i++) {
		_cleanup_(names_release) struct names names = {};

		if (module_add(symbolizer, i, fd) == 0)
			symbolizer_name(symbolizer, i, &offset, 1, on_name, &names);
		named += names.count && names.names[0];
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	symbolizer_losses(symbolizer, &losses);
	print_message("%u times read, %u times refused, %u times the function had a name\n",
		      losses.modules_built, losses.modules_unreadable, named);
	assert_int_equal(losses.children_died + losses.children_hung + losses.children_lied, 0);
	module_add_path(symbolizer, 1000, "/proc/self/exe");
	assert_name(symbolizer, 1000, own_offset(local_function), "local_function");
	free(bytes);
}

static void names_survive_a_later_truncation_once_read(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	_cleanup_close_ int fd = fixture_copy("/proc/self/exe");

	(void)state;
	assert_int_equal(module_add(symbolizer, 1, fd), 0);
	assert_name(symbolizer, 1, 0, NULL);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
}

/* --- the child as a process --- */

static void status_line(pid_t pid, const char *key, char *ret_value, size_t value_bytes)
{
	char path[64], line[256];
	_cleanup_fclose_ FILE *status = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	*ret_value = '\0';
	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':') {
			snprintf(ret_value, value_bytes, "%s", line + strlen(key) + 2);
			ret_value[strcspn(ret_value, "\n")] = '\0';
		}
	}
}

/* The one child of this process that goes by the symbolizer's name. */
static pid_t child_pid(void)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(proc))) {
		char parent[64], name[64];
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid <= 0)
			continue;
		status_line(pid, "PPid", parent, sizeof(parent));
		status_line(pid, "Name", name, sizeof(name));
		if (atoi(parent) == getpid() && strcmp(name, "oomtrace-names") == 0)
			return pid;
	}
	fail_msg("no names child");
	return -1;
}

/* Kills the child and waits until it is dead, but leaves it to its parent's code to find out. */
static void child_kill(void)
{
	pid_t child = child_pid();
	siginfo_t info;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
}

static void assert_status(pid_t pid, const char *key, const char *expected)
{
	char value[256];

	status_line(pid, key, value, sizeof(value));
	assert_string_equal(value, expected);
}

static struct symbolizer *symbolizer_start_with_group(gid_t group)
{
	struct symbolizer *symbolizer;

	if (geteuid() != 0)
		return symbolizer_start();
	assert_int_equal(setgroups(1, &group), 0);
	symbolizer = symbolizer_start();
	assert_int_equal(setgroups(0, NULL), 0);
	return symbolizer;
}

static void the_child_has_no_rights(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer =
		symbolizer_start_with_group(12345);
	pid_t child = child_pid();
	char path[64], score[16] = "";

	(void)state;
	(void)symbolizer;
	assert_status(child, "CapEff", "0000000000000000");
	assert_status(child, "CapPrm", "0000000000000000");
	assert_status(child, "CapInh", "0000000000000000");
	assert_status(child, "CapAmb", "0000000000000000");
	assert_status(child, "NoNewPrivs", "1");
	assert_status(child, "Seccomp", "2");
	if (geteuid() == 0) {
		assert_status(child, "Uid", "65534\t65534\t65534\t65534");
		assert_status(child, "Gid", "65534\t65534\t65534\t65534");
		assert_status(child, "Groups", " ");
	}
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)child);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(score, sizeof(score), file));
	assert_string_equal(score, "500\n");
}

/* Ctrl-C goes to the foreground process group, SIGTERM of a service manager to everybody. */
static void the_child_outlives_what_interrupts_its_parent(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	pid_t child = child_pid();
	struct symbolizer_losses losses;

	(void)state;
	assert_int_not_equal(getpgid(child), getpgid(0));
	assert_int_not_equal(getsid(child), getsid(0));
	assert_int_equal(kill(child, SIGINT), 0);
	assert_int_equal(kill(child, SIGTERM), 0);
	module_add_path(symbolizer, 1, "/proc/self/exe");
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_died, 0);
}

static size_t descriptors_count(void)
{
	_cleanup_closedir_ DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory))
		count++;
	return count;
}

static void closing_leaves_nothing_behind(void **state)
{
	size_t before = descriptors_count();
	struct symbolizer *symbolizer = symbolizer_start();
	pid_t child = child_pid();

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	symbolizer_close(symbolizer);
	assert_int_equal(descriptors_count(), before);
	/* reaped: the number belongs to nobody */
	assert_int_equal(kill(child, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void a_child_killed_while_idle_costs_nothing(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	struct symbolizer_losses losses;

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	child_kill();
	/* what it has read does not need it any more; another file needs another child */
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	module_add_path(symbolizer, 2, "/proc/self/exe");
	assert_name(symbolizer, 2, own_offset(local_function), "local_function");
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_died, 1);
	assert_int_equal(losses.modules_given_up, 0);
}

static void a_child_that_hangs_costs_the_module_it_hangs_on(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	struct symbolizer_losses losses;

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	module_add_path(symbolizer, 2, "/proc/self/exe");
	assert_int_equal(kill(child_pid(), SIGSTOP), 0);
	symbolizer_set_deadline(symbolizer, 50);
	assert_nameless(symbolizer, 1, -ETIMEDOUT);
	symbolizer_set_deadline(symbolizer, SYMBOLIZER_DEADLINE_MS);
	assert_name(symbolizer, 2, own_offset(local_function), "local_function");
	assert_nameless(symbolizer, 1, -ENODATA);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_hung, 1);
	assert_int_equal(losses.modules_given_up, 1);
	assert_false(losses.stopped);
}

static pid_t doomed;

static void on_alarm(int number)
{
	(void)number;
	kill(doomed, SIGKILL);
}

/* The OOM killer takes the child first. */
static void a_child_killed_at_work_costs_nothing(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	struct itimerval soon = {.it_value.tv_usec = 100000};
	struct symbolizer_losses losses;

	(void)state;
	module_add_path(symbolizer, 1, "/proc/self/exe");
	doomed = child_pid();
	/* stopped, so that the request is certainly not answered when the alarm rings */
	assert_int_equal(kill(doomed, SIGSTOP), 0);
	signal(SIGALRM, on_alarm);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_name(symbolizer, 1, own_offset(local_function), "local_function");
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_died, 1);
	assert_int_equal(losses.modules_given_up, 0);
}

static void names_end_when_every_child_does(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	struct symbolizer_losses losses;

	(void)state;
	for (uint32_t i = 1; i <= SYMBOLIZER_CHILDREN_MAX; i++) {
		module_add_path(symbolizer, i, "/proc/self/exe");
		child_kill();
	}
	assert_nameless(symbolizer, 1, -ENOTCONN);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_died, SYMBOLIZER_CHILDREN_MAX);
	assert_true(losses.stopped);
}

/* One file, two runs: the second one asks nobody to read it. */
static void what_one_run_has_read_the_next_one_knows(void **state)
{
	char cache[256];
	const struct symbolizer_places places = {.cache = cache};

	snprintf(cache, sizeof(cache), "%s/cache", (char *)*state);
	for (uint32_t run = 0; run < 2; run++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = NULL;
		struct symbolizer_losses losses;

		assert_int_equal(symbolizer_open(&places, &symbolizer), 0);
		module_add_path(symbolizer, 1, "/proc/self/exe");
		assert_name(symbolizer, 1, own_offset(local_function), "local_function");
		symbolizer_losses(symbolizer, &losses);
		assert_int_equal(losses.modules_built, 1 - run);
		assert_int_equal(losses.modules_found, run);
	}
}

/* Of an incident that was left without names there is no file any more. */
static void by_its_build_id_alone_a_file_that_was_read_once_has_names(void **state)
{
	char cache[256];
	const struct symbolizer_places places = {.cache = cache};
	uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX], same[SYMBOLIZER_BUILD_ID_MAX], len;

	snprintf(cache, sizeof(cache), "%s/cache", (char *)*state);
	for (uint32_t run = 0; run < 2; run++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = NULL;

		assert_int_equal(symbolizer_open(&places, &symbolizer), 0);
		if (run == 0) {
			module_add_path(symbolizer, 1, "/proc/self/exe");
			len = symbolizer_build_id(symbolizer, 1, build_id);
			assert_true(len > 0);
		} else {
			assert_int_equal(symbolizer_add_known(symbolizer, 1, build_id, len), 0);
			assert_int_equal(symbolizer_add_known(symbolizer, 1, build_id, len),
					 -EEXIST);
			assert_int_equal(symbolizer_add_known(symbolizer, 3, build_id, 0), -EINVAL);
			assert_int_equal(symbolizer_build_id(symbolizer, 1, same), len);
			assert_memory_equal(same, build_id, len);
		}
		assert_name(symbolizer, 1, own_offset(local_function), "local_function");
		/* of what nobody has read nothing is known */
		build_id[0] ^= 1;
		assert_int_equal(symbolizer_add_known(symbolizer, 2, build_id, len), 0);
		assert_nameless(symbolizer, 2, -ENODATA);
		build_id[0] ^= 1;
	}
}

/* --- separate debug files --- */

static void run(const char *directory, const char *commands)
{
	char command[2048];

	snprintf(command, sizeof(command), "cd %s && { %s; } 2>/dev/null", directory, commands);
	assert_int_equal(system(command), 0);
}

static uint64_t packed_build(const char *directory, const char *options)
{
	char path[256];
	uint64_t offset;

	snprintf(path, sizeof(path), "%s/packed", directory);
	fixture_build(KNOWN_FUNCTION_SOURCE, options, path);
	offset = fixture_ask(path);
	run(directory, "objcopy --only-keep-debug packed packed.debug && strip packed && "
		       "objcopy --add-gnu-debuglink=packed.debug packed");
	return offset;
}

/* The module's name with these files beside it, NULL-terminated. */
static void assert_named_with(const char *directory, const char *const *files, uint64_t offset,
			      const char *expected)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	int fds[SYMBOLIZER_DEBUG_FILES_MAX];
	char path[256];
	size_t count;

	snprintf(path, sizeof(path), "%s/packed", directory);
	module_add_path(symbolizer, 1, path);
	assert_string_equal(symbolizer_debug_names(symbolizer, 1).file, "packed.debug");
	for (count = 0; files[count]; count++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[count]);
		fds[count] = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fds[count] >= 0);
	}
	symbolizer_add_debug_files(symbolizer, 1, fds, count);
	assert_int_equal(symbolizer_debug_files(symbolizer, 1, fds), count);
	assert_name(symbolizer, 1, offset, expected);
	assert_int_equal(symbolizer_debug_files(symbolizer, 1, fds), 0);
}

/* The symbols that a distribution strips off are in a package of their own. */
static void a_stripped_program_is_named_by_the_debug_file_of_its_build_id(void **state)
{
	uint64_t offset = packed_build(*state, "-Wl,--build-id=0xabcdef01");

	run(*state, "cp packed.debug renamed && "
		    "echo 'int main(void) { return 1; }' | cc -x c - -g -Wl,--build-id=0xabcdef02 "
		    "-o other && echo garbage >garbage");
	assert_named_with(*state, (const char *[]){NULL}, offset, NULL);
	assert_named_with(*state, (const char *[]){"renamed", NULL}, offset, "known_function");
	assert_named_with(*state, (const char *[]){"other", NULL}, offset, NULL);
	/* what is another's is passed over */
	assert_named_with(*state, (const char *[]){"garbage", "other", "renamed", NULL}, offset,
			  "known_function");
	run(*state, "rm -f renamed other garbage packed packed.debug");
}

/* Where there is no build-id the checksum tells. */
static void without_a_build_id_the_debug_file_has_the_checksum_that_the_program_tells(void **state)
{
	uint64_t offset = packed_build(*state, "-Wl,--build-id=none");

	run(*state, "cp packed.debug changed && printf x >>changed && cp packed.debug same");
	assert_named_with(*state, (const char *[]){"same", NULL}, offset, "known_function");
	assert_named_with(*state, (const char *[]){"changed", NULL}, offset, NULL);
	assert_named_with(*state, (const char *[]){"changed", "same", NULL}, offset,
			  "known_function");
	/* to sum up a file without end would take as long */
	run(*state, "truncate -s 4T changed");
	assert_named_with(*state, (const char *[]){"changed", NULL}, offset, NULL);
	run(*state, "rm -f changed same packed packed.debug");
}

/* What Fedora packs into its programs: an ELF file with the symbols, compressed. */
static void a_stripped_program_is_named_by_its_minidebuginfo(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	char command[1024], path[256];
	uint64_t offset;

	snprintf(path, sizeof(path), "%s/mini", (char *)*state);
	fixture_build(KNOWN_FUNCTION_SOURCE, "", path);
	offset = fixture_ask(path);
	snprintf(command, sizeof(command),
		 "cd %s && objcopy --only-keep-debug mini mini.debug && xz -kf mini.debug && "
		 "strip mini && objcopy --add-section .gnu_debugdata=mini.debug.xz mini",
		 (char *)*state);
	assert_int_equal(system(command), 0);
	module_add_path(symbolizer, 1, path);
	assert_name(symbolizer, 1, offset, "known_function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_a_program_are_named),
		cmocka_unit_test(exported_functions_of_a_library_are_named),
		cmocka_unit_test(every_kind_of_program_is_named),
		cmocka_unit_test(what_one_run_has_read_the_next_one_knows),
		cmocka_unit_test(by_its_build_id_alone_a_file_that_was_read_once_has_names),
		cmocka_unit_test(a_stripped_program_is_named_by_the_debug_file_of_its_build_id),
		cmocka_unit_test(
			without_a_build_id_the_debug_file_has_the_checksum_that_the_program_tells),
		cmocka_unit_test(a_stripped_program_is_named_by_its_minidebuginfo),
		cmocka_unit_test(a_stripped_program_has_no_names),
		cmocka_unit_test(the_vdso_is_named),
		cmocka_unit_test(offsets_outside_have_no_names),
		cmocka_unit_test(many_offsets_are_named_in_order),
		cmocka_unit_test(many_modules_are_named),
		cmocka_unit_test(modules_keep_apart),
		cmocka_unit_test(what_is_no_program_is_counted),
		cmocka_unit_test(a_file_truncated_later_costs_only_its_names),
		cmocka_unit_test(names_survive_a_later_truncation_once_read),
		cmocka_unit_test(a_file_that_changes_while_it_is_read_harms_nobody),
		cmocka_unit_test(the_child_has_no_rights),
		cmocka_unit_test(the_child_outlives_what_interrupts_its_parent),
		cmocka_unit_test(closing_leaves_nothing_behind),
		cmocka_unit_test(a_child_killed_while_idle_costs_nothing),
		cmocka_unit_test(a_child_that_hangs_costs_the_module_it_hangs_on),
		cmocka_unit_test(a_child_killed_at_work_costs_nothing),
		cmocka_unit_test(names_end_when_every_child_does),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}

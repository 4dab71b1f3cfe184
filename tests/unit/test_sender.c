// SPDX-License-Identifier: GPL-2.0-or-later
/* Who sends SIGKILLs and how, as the record of one tells it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "capture/sender.h"

#define SENDER_PID 100
#define VICTIM_PID 200

static struct ot_sigkill_record record;

/* A record of kill(2) by this program. */
static void sent_by(const char *file, const char *comm)
{
	record = (struct ot_sigkill_record){
		.kill = {.tgid = VICTIM_PID, .parent_tgid = 1, .trigger_tgid = SENDER_PID},
	};
	if (file) {
		record.sender.program.count = 1;
		snprintf(record.sender.program.names[0], OT_PROGRAM_NAME, "%s", file);
	}
	snprintf(record.sender.comm, OT_COMM_LEN, "%s", comm);
}

static void test_programs_are_known_by_their_file_first(void **state)
{
	static const struct {
		const char *file, *comm;
		enum sender_kind kind;
	} cases[] = {
		{"systemd-oomd", "systemd-oomd", SENDER_SYSTEMD_OOMD},
		{"earlyoom", "earlyoom", SENDER_EARLYOOM},
		{"python3.11", "nohang", SENDER_OOM_DAEMON},
		{"kubelet", "kubelet", SENDER_KUBELET},
		{"containerd-shim-runc-v2", "containerd-shim", SENDER_RUNTIME},
		{"runc", "runc:[2:INIT]", SENDER_RUNTIME},
		{"bash", "deploy.sh", SENDER_SHELL},
		{"kill", "kill", SENDER_COMMAND},
		{"busybox", "sh", SENDER_SHELL},
		{"busybox", "kill", SENDER_COMMAND},
		{"python3.11", "python3", SENDER_OTHER},
		/* its name is its own choice, its file is not */
		{"bash", "earlyoom", SENDER_SHELL},
		{NULL, "earlyoom", SENDER_EARLYOOM},
		{"earlyoomx", "x", SENDER_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_by(cases[i].file, cases[i].comm);
		assert_int_equal(sender_kind_of(&record), cases[i].kind);
	}
}

static void test_a_relative_is_told_where_the_program_is_nobody_known(void **state)
{
	(void)state;
	sent_by("server", "server");
	record.kill.trigger_tgid = VICTIM_PID;
	assert_int_equal(sender_kind_of(&record), SENDER_ITSELF);
	record.kill.trigger_tgid = record.kill.parent_tgid = SENDER_PID;
	assert_int_equal(sender_kind_of(&record), SENDER_PARENT);
	sent_by("timeout", "timeout");
	record.kill.parent_tgid = SENDER_PID;
	assert_int_equal(sender_kind_of(&record), SENDER_COMMAND);
}

static void test_the_kernels_own_are_nobodys(void **state)
{
	(void)state;
	sent_by("earlyoom", "earlyoom");
	record.sender.source = OT_SIGNAL_BY_KERNEL;
	assert_int_equal(sender_kind_of(&record), SENDER_KERNEL);
	record.sender.source = OT_SIGNAL_NO_INFO;
	record.sender.exiting = 1; /* its children asked for it */
	assert_int_equal(sender_kind_of(&record), SENDER_KERNEL);
	record.sender.exiting = 0; /* cgroup.kill */
	assert_int_equal(sender_kind_of(&record), SENDER_EARLYOOM);
	record.sender.source = OT_SIGNAL_BY_PROCESS;
	record.sender.code = 0x80; /* SI_KERNEL */
	assert_int_equal(sender_kind_of(&record), SENDER_KERNEL);
}

static enum kill_how how(__u32 source, __s32 code, const char *function)
{
	const char *const functions[] = {"__send_signal_locked", NULL, function};
	const struct ot_kill_sender sender = {.source = source, .code = code};

	return sender_how(&sender, functions, function ? 3 : 2);
}

static void test_the_kernels_functions_tell_its_reason(void **state)
{
	(void)state;
	assert_int_equal(how(OT_SIGNAL_NO_INFO, 0, "cgroup_kill_write"), HOW_CGROUP_KILL);
	assert_int_equal(how(OT_SIGNAL_NO_INFO, 0, "exit_notify"), HOW_PARENT_DEATH);
	assert_int_equal(how(OT_SIGNAL_BY_KERNEL, 0, "zap_pid_ns_processes"), HOW_PID_NAMESPACE);
	assert_int_equal(how(OT_SIGNAL_BY_KERNEL, 0, "posix_cpu_timers_work"), HOW_CPU_LIMIT);
	assert_int_equal(how(OT_SIGNAL_BY_KERNEL, 0, "something_new"), HOW_KERNEL);
	/* a process has no reason that the kernel knows, whatever it is in */
	assert_int_equal(how(OT_SIGNAL_BY_PROCESS, -6, "cgroup_kill_write"), HOW_SYSTEM_CALL);
	assert_int_equal(how(OT_SIGNAL_BY_PROCESS, -2, NULL), HOW_TIMER);
	/* where names are hidden */
	assert_int_equal(how(OT_SIGNAL_NO_INFO, 0, NULL), HOW_CGROUP_KILL);
}

static void test_paths_are_put_together_and_bounded(void **state)
{
	char path[PROGRAM_PATH_MAX], cgroup[SENDER_CGROUP_MAX];
	struct ot_kill_sender *sender = &record.sender;

	(void)state;
	sent_by("kill", "kill");
	strcpy(sender->program.names[1], "bin");
	sender->program.count = 2;
	assert_true(program_path(&sender->program, path));
	assert_string_equal(path, "/bin/kill");
	sender->program.cut = 1;
	assert_true(program_path(&sender->program, path));
	assert_string_equal(path, "/.../bin/kill");
	sender->program.count = OT_PROGRAM_DEPTH + 1;
	assert_false(program_path(&sender->program, path));
	assert_false(sender_cgroup(sender, cgroup));
	strcpy(sender->levels[0], "ssh.service");
	strcpy(sender->levels[1], "system.slice");
	strcpy(sender->levels[2], "/");
	sender->level_count = 3;
	assert_true(sender_cgroup(sender, cgroup));
	assert_string_equal(cgroup, "/system.slice/ssh.service");
	for (int i = 0; i < OT_KILL_LEVELS; i++)
		memset(sender->levels[i], 'x', OT_KILL_NAME);
	sender->level_count = OT_KILL_LEVELS;
	assert_true(sender_cgroup(sender, cgroup));
	assert_int_equal(strncmp(cgroup, "/.../x", 6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs_are_known_by_their_file_first),
		cmocka_unit_test(test_a_relative_is_told_where_the_program_is_nobody_known),
		cmocka_unit_test(test_the_kernels_own_are_nobodys),
		cmocka_unit_test(test_the_kernels_functions_tell_its_reason),
		cmocka_unit_test(test_paths_are_put_together_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

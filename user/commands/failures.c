// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/failures.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "commands/commands.h"

typedef void (*failure_fn)(const struct failure *failure, const struct opts *opts);

static void say_system(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("%s failed: %s", failure->where, strerror(-failure->error));
}

static void say_no_process(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("there is no process %" PRIu32 ", or it has just ended", failure->pid);
}

static void say_kernel_thread(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("%" PRIu32 " is a kernel thread: it has no memory of its own to trace",
		  failure->pid);
}

static void say_capability(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("%s is missing; run it as root (sudo oomtrace ...), or see 'oomtrace check'",
		  failure->where);
}

static void say_no_btf(const struct failure *failure, const struct opts *opts)
{
	struct utsname uts = {0};

	(void)failure;
	(void)opts;
	uname(&uts);
	log_error("kernel %s does not describe its types (/sys/kernel/btf/vmlinux): boot one built "
		  "with CONFIG_DEBUG_INFO_BTF, as those of Debian 11, Ubuntu 20.10, Fedora 31, "
		  "RHEL 8.2 and later are",
		  uts.release);
}

static void say_no_gfp(const struct failure *failure, const struct opts *opts)
{
	(void)failure;
	(void)opts;
	log_error(
		"the kernel does not tell the values of its gfp flags; before Linux 6.10 they are "
		"in tracefs (mount -t tracefs tracefs /sys/kernel/tracing)");
}

static void say_no_hook(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("the kernel's tracepoint %s cannot be used: %s", failure->where,
		  strerror(-failure->error));
}

static void say_load(const struct failure *failure, const struct opts *opts)
{
	(void)opts;
	log_error("the kernel refused the BPF programs: %s; -v shows its reasons",
		  strerror(-failure->error));
}

static void say_lockdown(const struct failure *failure, const struct opts *opts)
{
	(void)failure;
	(void)opts;
	log_error("this kernel is locked down (/sys/kernel/security/lockdown says "
		  "confidentiality) and lets nobody read its memory: boot it with "
		  "lockdown=integrity, or without");
}

static void say_calibration(const struct failure *failure, const struct opts *opts)
{
	(void)failure;
	(void)opts;
	log_error("page frames cannot be told from addresses of struct page on this kernel; "
		  "nothing counted here would be true");
}

static void say_pid_namespace(const struct failure *failure, const struct opts *opts)
{
	(void)failure;
	(void)opts;
	log_error("pids in this container are not the host's; run it with the host's pid "
		  "namespace (docker run --pid=host)");
}

static void say_no_cgroup(const struct failure *failure, const struct opts *opts)
{
	log_error("there is no cgroup '%s': %s; /proc/PID/cgroup tells where a process is, "
		  "in the line with 'memory' or the one that begins with '0:'",
		  opts->cgroup, strerror(-failure->error));
}

static void say_other_cgroup(const struct failure *failure, const struct opts *opts)
{
	(void)failure;
	log_error("'%s' is in a hierarchy that accounts for no memory: give the cgroup of the "
		  "memory controller",
		  opts->cgroup);
}

static void say_exec(const struct failure *failure, const struct opts *opts)
{
	log_error("cannot run '%s': %s", opts->command_argv[0], strerror(-failure->error));
}

static const struct {
	failure_fn say;
	int exit_code;
} reports[FAILURE_KIND_COUNT] = {
	[FAILURE_SYSTEM] = {say_system, EXIT_CODE_FAILED},
	[FAILURE_NO_PROCESS] = {say_no_process, EXIT_CODE_FAILED},
	[FAILURE_KERNEL_THREAD] = {say_kernel_thread, EXIT_CODE_FAILED},
	[FAILURE_CAPABILITY] = {say_capability, EXIT_CODE_CANNOT},
	[FAILURE_NO_BTF] = {say_no_btf, EXIT_CODE_CANNOT},
	[FAILURE_NO_GFP] = {say_no_gfp, EXIT_CODE_CANNOT},
	[FAILURE_NO_HOOK] = {say_no_hook, EXIT_CODE_CANNOT},
	[FAILURE_LOAD] = {say_load, EXIT_CODE_CANNOT},
	[FAILURE_LOCKDOWN] = {say_lockdown, EXIT_CODE_CANNOT},
	[FAILURE_CALIBRATION] = {say_calibration, EXIT_CODE_CANNOT},
	[FAILURE_PID_NAMESPACE] = {say_pid_namespace, EXIT_CODE_CANNOT},
	[FAILURE_NO_CGROUP] = {say_no_cgroup, EXIT_CODE_FAILED},
	[FAILURE_OTHER_CGROUP] = {say_other_cgroup, EXIT_CODE_FAILED},
	[FAILURE_EXEC] = {say_exec, 127},
};

int failure_report(const struct failure *failure, const struct opts *opts)
{
	if (failure->kind == FAILURE_NONE || failure->kind >= FAILURE_KIND_COUNT) {
		log_error("tracing could not start");
		return EXIT_CODE_FAILED;
	}
	reports[failure->kind].say(failure, opts);
	return reports[failure->kind].exit_code;
}

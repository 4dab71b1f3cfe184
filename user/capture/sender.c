// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/sender.h"

#include <stdio.h>
#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* include/uapi/asm-generic/siginfo.h: what a process sends; anything else the kernel does. */
#define SI_USER 0
#define SI_QUEUE (-1)
#define SI_TKILL (-6)

/* As files are called; what ends in '*' is the beginning of a name. */
static const struct program_kind {
	const char *name;
	enum sender_kind kind;
} program_kinds[] = {
	{"systemd-oomd", SENDER_SYSTEMD_OOMD},
	{"earlyoom", SENDER_EARLYOOM},
	{"nohang", SENDER_OOM_DAEMON},
	{"oomd", SENDER_OOM_DAEMON},
	{"bustd", SENDER_OOM_DAEMON},
	{"lmkd", SENDER_OOM_DAEMON},
	{"kubelet", SENDER_KUBELET},
	{"containerd*", SENDER_RUNTIME},
	{"dockerd", SENDER_RUNTIME},
	{"runc*", SENDER_RUNTIME},
	{"crun*", SENDER_RUNTIME},
	{"youki", SENDER_RUNTIME},
	{"runsc*", SENDER_RUNTIME},
	{"crio", SENDER_RUNTIME},
	{"conmon*", SENDER_RUNTIME},
	{"podman", SENDER_RUNTIME},
	{"lxc-*", SENDER_RUNTIME},
	{"systemd", SENDER_SERVICE_MANAGER},
	{"bash", SENDER_SHELL},
	{"sh", SENDER_SHELL},
	{"dash", SENDER_SHELL},
	{"zsh*", SENDER_SHELL},
	{"ksh*", SENDER_SHELL},
	{"fish", SENDER_SHELL},
	{"ash", SENDER_SHELL},
	{"kill", SENDER_COMMAND},
	{"pkill", SENDER_COMMAND},
	{"pgrep", SENDER_COMMAND}, /* pkill is a link to it */
	{"killall*", SENDER_COMMAND},
	{"skill", SENDER_COMMAND},
	{"timeout", SENDER_COMMAND},
	{"fuser", SENDER_COMMAND},
	{"htop", SENDER_COMMAND},
	{"top", SENDER_COMMAND},
	{"busybox", SENDER_COMMAND},
};

static bool name_matches(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(pattern, name, len - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static enum sender_kind kind_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(program_kinds); i++)
		if (name_matches(program_kinds[i].name, name))
			return program_kinds[i].kind;
	return SENDER_OTHER;
}

/* Was it sent by a system call of the process that was running, or on its behalf? */
static bool is_by_process(const struct ot_kill_sender *sender)
{
	if (sender->source == OT_SIGNAL_NO_INFO)
		return !sender->exiting;
	return sender->source == OT_SIGNAL_BY_PROCESS &&
	       (sender->code == SI_USER || sender->code == SI_QUEUE || sender->code == SI_TKILL);
}

enum sender_kind sender_kind_of(const struct ot_sigkill_record *record)
{
	const struct ot_kill_sender *sender = &record->sender;
	char name[OT_PROGRAM_NAME + 1] = "", comm[OT_COMM_LEN + 1] = "";
	enum sender_kind kind;

	if (!is_by_process(sender))
		return SENDER_KERNEL;
	if (sender->program.count)
		memcpy(name, sender->program.names[0], OT_PROGRAM_NAME);
	memcpy(comm, sender->comm, OT_COMM_LEN);
	kind = kind_by_name(name);
	/* what an interpreter runs has a name of its own; and busybox is whatever it is called */
	if (kind == SENDER_OTHER || strcmp(name, "busybox") == 0)
		kind = kind_by_name(comm);
	if (kind != SENDER_OTHER)
		return kind;
	if (record->kill.trigger_tgid == record->kill.tgid)
		return SENDER_ITSELF;
	return record->kill.trigger_tgid == record->kill.parent_tgid ? SENDER_PARENT : SENDER_OTHER;
}

bool sender_is_oom_daemon(enum sender_kind kind)
{
	return kind == SENDER_SYSTEMD_OOMD || kind == SENDER_EARLYOOM ||
	       kind == SENDER_OOM_DAEMON || kind == SENDER_KUBELET;
}

/* --- how ------------------------------------------------------------------------------------ */

static const struct function_how {
	const char *function;
	enum kill_how how;
} function_hows[] = {
	{"cgroup_kill_write", HOW_CGROUP_KILL},       /* kernel/cgroup/cgroup.c */
	{"zap_pid_ns_processes", HOW_PID_NAMESPACE},  /* kernel/pid_namespace.c */
	{"exit_ptrace", HOW_TRACER_EXIT},             /* kernel/ptrace.c, called by the next */
	{"forget_original_parent", HOW_PARENT_DEATH}, /* kernel/exit.c; inlined into the next */
	{"exit_notify", HOW_PARENT_DEATH},
	{"do_exit", HOW_PARENT_DEATH},
	{"run_posix_cpu_timers", HOW_CPU_LIMIT}, /* kernel/time/posix-cpu-timers.c */
	{"handle_posix_cpu_timers", HOW_CPU_LIMIT},
	{"posix_cpu_timers_work", HOW_CPU_LIMIT},
	{"memory_failure", HOW_BAD_MEMORY}, /* mm/memory-failure.c */
	{"sysrq_handle_kill", HOW_SYSRQ},   /* drivers/tty/sysrq.c */
	{"send_sig_all", HOW_SYSRQ},
	{"force_fatal_sig", HOW_EXEC}, /* fs/exec.c, after its point of no return */
	{"bprm_execve", HOW_EXEC},
};

/* Where names are hidden, what the signal says of itself narrows it down. */
static enum kill_how how_by_signal(const struct ot_kill_sender *sender)
{
	if (sender->source == OT_SIGNAL_NO_INFO)
		return sender->exiting ? HOW_PARENT_DEATH : HOW_CGROUP_KILL;
	if (sender->source == OT_SIGNAL_BY_PROCESS && sender->code < 0)
		return HOW_TIMER;
	return HOW_KERNEL;
}

enum kill_how sender_how(const struct ot_kill_sender *sender, const char *const *functions,
			 size_t count)
{
	if (sender->source == OT_SIGNAL_BY_PROCESS && is_by_process(sender))
		return HOW_SYSTEM_CALL;
	for (size_t i = 0; i < count; i++)
		for (size_t row = 0; functions[i] && row < ARRAY_COUNT(function_hows); row++)
			if (strcmp(function_hows[row].function, functions[i]) == 0)
				return function_hows[row].how;
	return how_by_signal(sender);
}

bool sender_is_oom_killer(const char *const *functions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (functions[i] && (strcmp(functions[i], "oom_kill_process") == 0 ||
				     strcmp(functions[i], "__oom_kill_process") == 0))
			return true;
	return false;
}

/* --- where ---------------------------------------------------------------------------------- */

/* Names are the leaf's first. */
static void join(char *ret_path, size_t max, const char *names, size_t name_len, uint32_t count,
		 bool cut)
{
	size_t len = (size_t)snprintf(ret_path, max, "%s", cut ? "/..." : "");

	for (uint32_t i = count; i-- > 0;)
		len += snprintf(ret_path + len, max - len, "/%.*s", (int)name_len - 1,
				names + i * name_len);
	if (!len)
		snprintf(ret_path, max, "/");
}

bool program_path(const struct ot_program_path *program, char ret_path[PROGRAM_PATH_MAX])
{
	if (!program->count || program->count > OT_PROGRAM_DEPTH)
		return false;
	join(ret_path, PROGRAM_PATH_MAX, program->names[0], OT_PROGRAM_NAME, program->count,
	     program->cut);
	return true;
}

/* The last level is the root, which has no name; of a longer chain it is not there. */
bool sender_cgroup(const struct ot_kill_sender *sender, char ret_path[SENDER_CGROUP_MAX])
{
	uint32_t count = sender->level_count;
	bool cut = count == OT_KILL_LEVELS && strcmp(sender->levels[count - 1], "/") != 0 &&
		   sender->levels[count - 1][0];

	if (!count || count > OT_KILL_LEVELS)
		return false;
	join(ret_path, SENDER_CGROUP_MAX, sender->levels[0], OT_KILL_NAME, cut ? count : count - 1,
	     cut);
	return true;
}

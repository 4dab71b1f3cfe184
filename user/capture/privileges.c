// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/privileges.h"

#include <errno.h>

#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/prctl.h>

const struct privilege privileges[] = {
	{"CAP_BPF", "loading BPF programs", true, NULL, CAP_BPF, true},
	{"CAP_PERFMON", "attaching them to tracepoints", true, NULL, CAP_PERFMON, true},
	{"CAP_SYS_ADMIN", "reading page frame numbers", true, NULL, CAP_SYS_ADMIN, false},
	{"CAP_SYS_PTRACE", "reading other users' processes", false,
	 "other users' processes have no names and nothing from before", CAP_SYS_PTRACE, false},
	{"CAP_CHECKPOINT_RESTORE", "opening the files a process maps", false,
	 "functions have no names", CAP_CHECKPOINT_RESTORE, true},
	{"CAP_SYSLOG", "reading the kernel's log", false,
	 "incidents do not tell whom else the kernel could have killed", CAP_SYSLOG, false},
};
const size_t privilege_count = sizeof(privileges) / sizeof(privileges[0]);

static bool holds(int capability)
{
	cap_t held = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (held) {
		cap_get_flag(held, capability, CAP_EFFECTIVE, &value);
		cap_free(held);
	}
	return value == CAP_SET;
}

bool privilege_held(const struct privilege *privilege)
{
	return holds(privilege->capability) || (privilege->in_sys_admin && holds(CAP_SYS_ADMIN));
}

const char *privileges_missing(void)
{
	for (size_t i = 0; i < privilege_count; i++)
		if (privileges[i].required && !privilege_held(&privileges[i]))
			return privileges[i].name;
	return NULL;
}

int privileges_drop(void)
{
	cap_t none = cap_init();
	int error = !none || cap_set_proc(none) ? -errno : 0;

	if (none)
		cap_free(none);
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		error = -errno;
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/drop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/capability.h>
#include <unistd.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(cap_t, cap_free)

int drop_signals(const int *ignored, size_t count)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	for (size_t i = 0; i < count; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

int drop_descriptors(int fd, bool keep_stderr)
{
	int null, kept;

	/* first out of the way: the parent may have been started without standard streams */
	kept = fcntl(fd, F_DUPFD_CLOEXEC, DROP_FD + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (kept < 0 || null < 0)
		return -errno;
	for (int stream = 0; stream < DROP_FD; stream++)
		if (!(keep_stderr && stream == STDERR_FILENO) && dup2(null, stream) < 0)
			return -errno;
	if (dup2(kept, DROP_FD) < 0)
		return -errno;
	return close_range(DROP_FD + 1, ~0u, 0) < 0 ? -errno : 0;
}

static bool capability_held(cap_value_t capability)
{
	_cleanup_(cap_freep) cap_t held = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	return held && cap_get_flag(held, capability, CAP_EFFECTIVE, &value) == 0 &&
	       value == CAP_SET;
}

bool drop_can_change_ids(void)
{
	return capability_held(CAP_SETUID) && capability_held(CAP_SETGID);
}

int drop_identity(uid_t uid, gid_t gid)
{
	_cleanup_(cap_freep) cap_t none = cap_init();

	if (drop_can_change_ids() && (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
				      setresuid(uid, uid, uid) < 0))
		return -errno;
	return !none || cap_set_proc(none) < 0 ? -errno : 0;
}

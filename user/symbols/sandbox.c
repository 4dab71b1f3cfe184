// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/cleanup.h"
#include "base/drop.h"

/* On top of what the fork already maps. */
#define MEMORY_BYTES (1ull << 30)
#define CPU_SECONDS 120
/* The one descriptor, standard streams, the file being read, and a few in transit. */
#define DESCRIPTORS 16
/* Connections to servers, and what looks up their names. */
#define NETWORK_DESCRIPTORS 64
/* To a file that came without a name, and is nobody else's. */
#define WRITTEN_BYTES (512u << 20)
#define OOM_SCORE_ADJ "500"

_Static_assert(SANDBOX_FD == DROP_FD && SANDBOX_USER == DROP_NOBODY, "as they are dropped");

DEFINE_CLEANUP(scmp_filter_ctx, seccomp_release)

/*
 * A handler of the parent must not run here, on memory that is a copy. SIGTERM goes to every
 * process of a service at once: the names are needed for what the recorder still has to say. Who
 * writes too much is told so.
 */
static const int ignored_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXFSZ};

static void file_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "%s", text);
}

/* Address space in use. A fork begins with all of its parent's, an instrumented one's is huge. */
static int memory_mapped_bytes(uint64_t *ret_bytes)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages;

	if (!file)
		return -errno;
	if (fscanf(file, "%llu", &pages) != 1)
		return -EIO;
	*ret_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* Soft and hard; never above what the process was allowed anyway. */
static int limit_set(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	if (value < limit.rlim_max)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

static int limits_set(uint64_t descriptors)
{
	uint64_t mapped_bytes = 0;
	int r;

	r = memory_mapped_bytes(&mapped_bytes);
	if (r < 0)
		return r;
	const struct {
		int resource;
		uint64_t value;
	} limits[] = {
		{RLIMIT_AS, mapped_bytes + MEMORY_BYTES},
		{RLIMIT_CPU, CPU_SECONDS},
		{RLIMIT_NOFILE, descriptors},
		{RLIMIT_FSIZE, WRITTEN_BYTES},
		{RLIMIT_CORE, 0},
	};
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		r = limit_set(limits[i].resource, limits[i].value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* After the ids: the kernel forgets both settings when they change. */
static int parent_follow(pid_t parent)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

/* Allocating memory, receiving, reading, answering, leaving; sigaltstack is longjmp's. */
static const int allowed_calls[] = {
	SCMP_SYS(brk),        SCMP_SYS(clock_gettime), SCMP_SYS(close),   SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(fcntl),         SCMP_SYS(fstat),   SCMP_SYS(futex),
	SCMP_SYS(getrandom),  SCMP_SYS(lseek),         SCMP_SYS(madvise), SCMP_SYS(mremap),
	SCMP_SYS(munmap),     SCMP_SYS(newfstatat),    SCMP_SYS(pread64), SCMP_SYS(read),
	SCMP_SYS(recvmsg),    SCMP_SYS(rt_sigreturn),  SCMP_SYS(sendto),  SCMP_SYS(sigaltstack),
	SCMP_SYS(sysinfo),    SCMP_SYS(write),
};

static int filter_allow(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(allowed_calls) / sizeof(*allowed_calls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	/* memory for the allocator, never a file that might shrink, never code */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/*
 * Other calls fail rather than kill: a C library that tries one more call than today's would
 * otherwise cost every name, and an attacker gains nothing from being told no.
 */
static int filter_load(void)
{
	_cleanup_(seccomp_releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return -ENOMEM;
	r = filter_allow(filter);
	return r < 0 ? r : seccomp_load(filter);
}

/* All but the filter. */
static int rights_drop(int fd, pid_t parent, uint64_t descriptors)
{
	int r;

	/* an extra: a program that has its capabilities from its file does not own its /proc */
	file_write("/proc/self/oom_score_adj", OOM_SCORE_ADJ);
	setsid();
	r = drop_signals(ignored_signals, sizeof(ignored_signals) / sizeof(*ignored_signals));
	if (r == 0)
		r = drop_descriptors(fd, false);
	if (r == 0)
		r = limits_set(descriptors);
	if (r == 0)
		r = drop_identity(SANDBOX_USER, SANDBOX_USER);
	if (r == 0)
		r = parent_follow(parent);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r;
}

int sandbox_enter(int fd, pid_t parent)
{
	int r;

	/* an extra that not everybody may do; the filter knows no socket() either */
	unshare(CLONE_NEWNET);
	r = rights_drop(fd, parent, DESCRIPTORS);
	return r < 0 ? r : filter_load();
}

int sandbox_enter_network(int fd, pid_t parent)
{
	return rights_drop(fd, parent, NETWORK_DESCRIPTORS);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fleet/spool_state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define STATE_NAME ".state"
/* Swept like an incident that was not finished. */
#define STATE_TEMPORARY ".unfinished-state"

int spool_state_read(const struct spool *spool, struct spool_state *ret_state)
{
	_cleanup_close_ int fd =
		openat(spool_fd(spool), STATE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct spool_state state = {0};
	char text[128] = "";
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return -errno;
	if (sscanf(text, "oomtrace-state 1 %39s %" SCNu64 " %" SCNu64, state.boot_id,
		   &state.sequence, &state.kills) != 3)
		return -EBADMSG;
	*ret_state = state;
	return 0;
}

int spool_state_write(const struct spool *spool, const struct spool_state *state)
{
	_cleanup_close_ int fd =
		openat(spool_fd(spool), STATE_TEMPORARY,
		       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char text[128];
	int len;

	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "oomtrace-state 1 %s %" PRIu64 " %" PRIu64 "\n",
		       state->boot_id, state->sequence, state->kills);
	if (write(fd, text, (size_t)len) != len)
		return -EIO;
	return renameat(spool_fd(spool), STATE_TEMPORARY, spool_fd(spool), STATE_NAME) ? -errno : 0;
}

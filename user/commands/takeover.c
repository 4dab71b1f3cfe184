// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/takeover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/sysroot.h"
#include "capture/trace_reader.h"
#include "capture/vmstat.h"

static int read_boot_id(const struct sysroot *root, char boot_id[SPOOL_BOOT_ID_LEN])
{
	_cleanup_close_ int fd =
		openat(root->proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, SPOOL_BOOT_ID_LEN - 1);

	if (got < 0)
		return -errno;
	boot_id[got] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
	return 0;
}

/* What a file says of its boot, its number and its kills; the rest of it is not read. */
struct head {
	bool same_boot;
	bool is_oom_kill;
	uint64_t sequence;
	uint64_t kills; /* as the kernel counts them */
};

static void head_take(const char *boot_id, const struct event *event, struct head *head)
{
	if (event->type == EVENT_SESSION)
		head->same_boot = strcmp(event->session.boot_id, boot_id) == 0;
	else if (event->type == EVENT_INCIDENT)
		*head = (struct head){.same_boot = head->same_boot,
				      .is_oom_kill = event->incident.kind == INCIDENT_OOM_KILL,
				      .sequence = event->incident.sequence};
	else if (event->type == EVENT_VICTIM)
		head->kills += head->is_oom_kill && event->victim.role != VICTIM_SHARER;
}

static bool head_read(const struct spool *spool, const char *boot_id, const char *id,
		      struct head *head)
{
	struct source *source;
	struct event event;
	FILE *stream;

	*head = (struct head){0};
	if (spool_read(spool, id, &stream))
		return false;
	if (trace_reader_new(stream, &source)) {
		fclose(stream);
		return false;
	}
	while (source->next(source, &event) > 0 && event.type != EVENT_SNAPSHOT)
		head_take(boot_id, &event, head);
	source->close(source);
	return head->sequence != 0;
}

/* Incidents that were written after the state was: the one before was killed in between. */
static int count_later(const struct spool *spool, struct spool_state *state)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	uint64_t sequence = state->sequence;
	int err = spool_list(spool, &ids);
	struct head head;

	for (size_t i = ids.count;
	     i-- > 0 && head_read(spool, state->boot_id, ids.ids[i], &head);) {
		if (!head.same_boot || head.sequence <= sequence)
			break;
		state->kills += head.kills;
		if (head.sequence > state->sequence)
			state->sequence = head.sequence;
	}
	return err;
}

static void say_gap(uint64_t recorded, uint64_t kills_now, bool seen_before)
{
	uint64_t gap = kills_now > recorded ? kills_now - recorded : 0;

	if (gap && seen_before)
		log_warning("%" PRIu64 " OOM kills since the last incident were not recorded: "
			    "nobody was watching",
			    gap);
	else if (gap)
		log_info("%" PRIu64 " OOM kills of this boot came before anybody was watching",
			 gap);
}

int takeover(const struct spool *spool, struct spool_state *ret_state)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	struct spool_state state = {0}, before = {0};
	uint64_t kills_now = 0;
	bool seen_before;
	int err = sysroot_open_host(&root);

	if (!err)
		err = read_boot_id(&root, state.boot_id);
	if (!err)
		err = vmstat_oom_kills(&root, &kills_now);
	if (err)
		return err;
	seen_before =
		spool_state_read(spool, &before) == 0 && strcmp(before.boot_id, state.boot_id) == 0;
	if (seen_before)
		state = before;
	err = count_later(spool, &state);
	say_gap(state.kills, kills_now, seen_before);
	state.kills = kills_now;
	if (!err)
		err = spool_state_write(spool, &state);
	if (!err)
		*ret_state = state;
	return err;
}

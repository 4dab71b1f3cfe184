// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include <string.h>

int live_open_unwinding(struct live *live)
{
	modules_keep_files(live->modules, live->programs);
	return unwinding_open(live->programs, &live->options.rows, live->modules, &live->unwinding);
}

/* What nearly everybody maps, libc above all, is mapped by us as well. */
static void load_own_code(struct live *live)
{
	_cleanup_(mappings_release) struct mappings mappings = {0};

	if (!mappings_read(&mappings, live->store, &live->root, live->modules, getpid()))
		unwind_follow_load(live->unwinding->follow, &mappings);
}

static void load_code_of(struct live *live, uint32_t pid)
{
	_cleanup_(mappings_release) struct mappings mappings = {0};
	enum unwind_rows_state state;

	/* what cannot be published now is when its first stack has come */
	if (!mappings_read(&mappings, live->store, &live->root, live->modules, pid))
		unwind_follow_publish(live->unwinding->follow, pid, &mappings, &state);
}

/* As execvp() looks for it. NULL: nowhere. */
static char *find_command(const char *name)
{
	const char *place = getenv("PATH");
	char path[PROCFS_PATH_MAX];

	if (strchr(name, '/'))
		return realpath(name, NULL);
	while (place && *place) {
		size_t length = strcspn(place, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)length, place, name);
		if (access(path, X_OK) == 0)
			return realpath(path, NULL);
		place += length + (place[length] == ':');
	}
	return NULL;
}

/* What is to be run: its rows are there before its first page. */
static void load_code_of_command(struct live *live)
{
	_cleanup_free_ char *path = find_command(live->options.argv[0]);
	struct mapping mapping = {.module = path ? modules_of_path(live->modules, path) : 0};

	unwind_follow_load(live->unwinding->follow, &(struct mappings){&mapping, 1, 0});
}

void live_load_code(struct live *live)
{
	if (!live->unwinding)
		return;
	load_own_code(live);
	if (live->options.argv)
		load_code_of_command(live);
	for (size_t i = 0; i < live->targets.count && !live->targets.child; i++)
		load_code_of(live, live->targets.items[i].pid);
}

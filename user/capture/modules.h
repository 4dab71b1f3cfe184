/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules: files that code runs from, each announced once per session as an event that carries the
 * open file. Opening one is all the recorder does with it; its bytes are for the names child.
 */
#ifndef CAPTURE_MODULES_H
#define CAPTURE_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/store.h"
#include "base/sysroot.h"
#include "capture/event_queue.h"
#include "capture/procfs.h"
#include "capture/programs.h"
#include "capture/rows_provider.h"

/* More than any process maps; beyond it code keeps its address. */
#define MODULES_MAX 8192

struct modules;

/* All are borrowed and must outlive the modules; the store may be NULL. 0 or -errno. */
int modules_new(const struct sysroot *root, struct event_queue *queue, struct store *store,
		struct modules **ret_modules);
void modules_free(struct modules *modules);
DEFINE_CLEANUP(struct modules *, modules_free)

/* Room for so many more, but for their paths. 0 or -ENOMEM. */
int modules_reserve(struct modules *modules, uint32_t more);

/*
 * The id of the file behind an executable mapping of `pid`, announced when it is new. 0 for
 * anonymous memory, and when there are too many.
 */
uint32_t modules_of_mapping(struct modules *modules, uint32_t pid,
			    const struct proc_mapping *mapping);

/*
 * The id of the perf map of `pid`, which names its anonymous code, announced when it is new. 0: it
 * has none now, or none that may be read; ask again when its mappings are read again.
 */
uint32_t modules_of_perf_map(struct modules *modules, uint32_t pid);

/*
 * From now on the files of new modules are kept, for modules_take_file(): one descriptor for each
 * until it is taken. Their keys are, too, by what these programs say.
 */
void modules_keep_files(struct modules *modules, const struct programs *programs);

/* Are both files, and not one file by two names? As /proc tells files apart. */
bool modules_are_other_files(const struct modules *modules, uint32_t a, uint32_t b);

/* How the kernel's walk knows the file. False where that could not be found out. */
bool modules_key(const struct modules *modules, uint32_t id, struct ot_code_key *ret_key);

/*
 * The id of the file behind an area that the kernel's walk saw in a process that is gone. One that
 * is new is looked for by its path. 0: there is none, or it is not to be had any more.
 */
uint32_t modules_of_area(struct modules *modules, const struct ot_code_area *area);

/*
 * The file of a module, once: the descriptor is the caller's, -1 where it could not be had, or was
 * taken. The path is borrowed until the next call.
 */
struct found_module modules_take_file(struct modules *modules, uint32_t id);

/* The id of a file that is about to be run, announced under its real path. 0: it is none. */
uint32_t modules_of_path(struct modules *modules, const char *path);

/* The id of a part of the kernel, announced under this path; ask once for each. 0: too many. */
uint32_t modules_of_kernel(struct modules *modules, const char *path);

#endif

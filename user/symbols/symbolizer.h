/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for places in code: (module, file offset) -> function.
 *
 * Files belong to the traced programs and are hostile, so an unprivileged child (server.c, locked
 * in by sandbox.c) reads them; this side never does, not even fstat(), which a FUSE file system
 * could leave unanswered. A child that hangs, dies or lies is killed, the module it worked on is
 * given up (if it died, the second time only: it may have been the OOM killer), and another child
 * is started. What the child makes of a file, once, is a module file (module_file.h): sealed and
 * checked before it is mapped here, kept on disk if there is a place for it, and asked for rows
 * and names without the child, which is only asked again to demangle. After SYMBOLIZER_CHILDREN_MAX
 * of them there are no names any more: a report without names is better than none.
 *
 * Called by the commands, between capture and model. Not thread-safe; the child dies with the
 * thread that made the request that started it. A child started later is a fork of what the
 * recorder has become: memory it must not reach (the mapped ledger) wears MADV_DONTFORK.
 */
#ifndef SYMBOLS_SYMBOLIZER_H
#define SYMBOLS_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/module_rows.h"
#include "symbols/container_config.h"

#define SYMBOLIZER_BUILD_ID_MAX 20
#define SYMBOLIZER_CHILDREN_MAX 8
/* Reading the symbols of the largest browser from a cold disk takes half of it. */
#define SYMBOLIZER_DEADLINE_MS 10000

struct symbolizer;

struct symbolizer_places {
	const char *cache; /* a directory for module files; NULL: none, or it cannot be used */
	/* what symbolizer_lines() shall tell; files stay open for it */
	bool lines, inlines;
	bool keep_debug_files; /* for symbolizer_debug_files() */
	/*
	 * Servers that are asked for the debug files of modules that have none, when names are
	 * asked for; NULL: none. Needs a cache. From the environment nothing is taken.
	 */
	const char *debuginfod_urls;
};

/* Starts the child: early, before there is anything to inherit. Strings are borrowed. */
int symbolizer_open(const struct symbolizer_places *places, struct symbolizer **ret_symbolizer);
void symbolizer_close(struct symbolizer *symbolizer);
DEFINE_CLEANUP(struct symbolizer *, symbolizer_close)

/* How long one call below may keep a child busy; SYMBOLIZER_DEADLINE_MS unless set. */
void symbolizer_set_deadline(struct symbolizer *symbolizer, unsigned int deadline_ms);

/*
 * While a call below waits for the child, `work` is called whenever `fd` can be read, which it must
 * see to. It may not call the symbolizer. -1: nothing to do.
 */
void symbolizer_set_meanwhile(struct symbolizer *symbolizer, int fd, void (*work)(void *context),
			      void *context);

/*
 * Hands over a module: a small number that is not in use yet, and its file. `fd` is borrowed; a
 * duplicate is kept for the next child. Returns the build-id in *ret_build_id, its length (0:
 * none) in *ret_build_id_len. Errors mean that the module will have no names, nothing worse:
 * -EEXIST, -E2BIG (65536 modules), -ENOEXEC (no ELF program, no regular file), -EMFILE, or those
 * of symbolizer_name().
 */
int symbolizer_add_module(struct symbolizer *symbolizer, uint32_t module, int fd,
			  uint8_t ret_build_id[SYMBOLIZER_BUILD_ID_MAX], uint8_t *ret_build_id_len);

/* Files that may be the debug file of one module: more of them are not looked at. */
#define SYMBOLIZER_DEBUG_FILES_MAX 3

/* What the debug file of a module is looked for by. Borrowed until the next call. */
struct symbolizer_debug_names {
	const uint8_t *build_id;
	uint8_t build_id_len; /* 0: none */
	const char *file;     /* the name of a file, no path; NULL: none */
};

/* Of a module that was added. */
struct symbolizer_debug_names symbolizer_debug_names(const struct symbolizer *symbolizer,
						     uint32_t module);

/*
 * Hands over what may be the debug file of a module, the likeliest first, before it is asked for
 * anything: the child takes the first that is. Borrowed, duplicates are kept until the module was
 * read. Regular files on file systems that answer.
 */
void symbolizer_add_debug_files(struct symbolizer *symbolizer, uint32_t module, const int *fds,
				size_t count);

/* Those of a module, borrowed; none any more once it was read, unless they are kept. */
size_t symbolizer_debug_files(const struct symbolizer *symbolizer, uint32_t module,
			      int ret_fds[SYMBOLIZER_DEBUG_FILES_MAX]);

/*
 * The same for a perf map (perf_map.h): offsets in it are addresses, and it has no rows. It is read
 * when it is asked for names, and again when it has grown by an eighth, or at all after
 * symbolizer_refresh(): a JIT writes to it all the time, and reading costs.
 */
int symbolizer_add_perf_map(struct symbolizer *symbolizer, uint32_t module, int fd);
void symbolizer_refresh(struct symbolizer *symbolizer);

/*
 * Adds a module of which only the build-id is known: it has names if an earlier run has read such a
 * file. 0, -EEXIST, -E2BIG, -EINVAL for what is no build-id, or -ENOMEM.
 */
int symbolizer_add_known(struct symbolizer *symbolizer, uint32_t module, const uint8_t *build_id,
			 uint8_t build_id_len);

/* The build-id of a module that was added; its length, 0: none. */
uint8_t symbolizer_build_id(const struct symbolizer *symbolizer, uint32_t module,
			    uint8_t ret_build_id[SYMBOLIZER_BUILD_ID_MAX]);

/*
 * `name` is demangled, NULL when unknown, shorter than 1024 bytes, never empty; but its bytes are
 * the target's choice, to be escaped wherever they are printed. Valid during the call only.
 */
typedef void (*symbolizer_name_fn)(void *context, uint32_t module, uint64_t offset,
				   const char *name);

/*
 * Names file offsets (ip - start + offset of the mapping) of one module. Whatever it returns, `fn`
 * is called exactly once for each offset, in order. Returns -ENOENT for a module never added,
 * -ENODATA for one that has no names, -ETIMEDOUT, -ECONNRESET or -EBADMSG when it hung, killed or
 * corrupted the child just now, -ENOTCONN when there is no child any more.
 */
int symbolizer_name(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
		    size_t count, symbolizer_name_fn fn, void *context);

/* One function at a place: the one that was compiled has depth 0, those inlined into it follow. */
struct symbolizer_line {
	uint32_t depth;
	const char *name; /* demangled; NULL of depth 0, which symbolizer_name() knows */
	const char *file; /* NULL: unknown, or not wanted; as the compiler was told, its beginning
			     may be "..." */
	uint32_t line;    /* 0: unknown; where the next one was called, of the last where it was */
};

typedef void (*symbolizer_line_fn)(void *context, uint32_t module, uint64_t offset,
				   const struct symbolizer_line *line);

/*
 * What the DWARF of one module says of file offsets, in order, for those it says something of and
 * as far as it is wanted (without inlined functions the place of the innermost is the function's);
 * within the deadline for all together, what is left then stays without. Whatever is wrong with it
 * costs the lines of the module, never its names. 0, -ENODATA: it has no DWARF, or as
 * symbolizer_name().
 */
int symbolizer_lines(struct symbolizer *symbolizer, uint32_t module, const uint64_t *offsets,
		     size_t count, symbolizer_line_fn fn, void *context);

/*
 * What a container is called and made of, by the file its runtime keeps (container_config.h), which
 * the child reads; `id` of CONTAINER_ID_LEN digits. A file over which a child ends is not shown to
 * another one. 0, -EINVAL, what is wrong with the file, or as symbolizer_name().
 */
int symbolizer_container(struct symbolizer *symbolizer, enum container_format format,
			 const char *id, int fd, struct container_names *ret_names);

/*
 * The unwind rows of a module, built or found by now; they are borrowed, and stay. Errors are those
 * of symbolizer_name().
 */
int symbolizer_rows(struct symbolizer *symbolizer, uint32_t module, struct module_rows *ret_rows);

/* Its pages need not be in memory until it is asked for something. */
void symbolizer_rest(const struct symbolizer *symbolizer, uint32_t module);

/* Why no debug files are fetched though it was asked for: -ELIBACC: no libdebuginfod. 0: they are.
 */
int symbolizer_fetch_error(const struct symbolizer *symbolizer);

/* What names were lost to, for the loss statement. */
struct symbolizer_losses {
	uint32_t modules_unreadable; /* no ELF program, or too large a symbol table */
	uint32_t modules_built;      /* no loss: files that a child has read */
	uint32_t modules_found;      /* no loss: files that an earlier run had read */
	uint32_t modules_given_up;   /* a child ended over each of them */
	uint32_t children_died;      /* crashed, out of memory or CPU time, killed */
	uint32_t children_hung;      /* past the deadline */
	uint32_t children_lied;      /* answered what they were not asked */
	uint32_t lines_given_up;     /* modules whose DWARF took too long, or ended a child */
	uint32_t files_fetched;      /* no loss: debug files, of servers */
	uint32_t fetches_failed;     /* not for want of the file */
	bool stopped;                /* no more children */
};

void symbolizer_losses(const struct symbolizer *symbolizer, struct symbolizer_losses *ret_losses);

#endif

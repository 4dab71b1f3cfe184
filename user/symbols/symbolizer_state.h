/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the symbolizer share: symbolizer.c speaks to the outside, symbolizer_child.c to
 * the child, symbolizer_build.c makes sure that a module's file is there, symbolizer_fetch.c that
 * it has what servers know, symbolizer_lines.c asks for lines. Private to these.
 */
#ifndef SYMBOLS_SYMBOLIZER_STATE_H
#define SYMBOLS_SYMBOLIZER_STATE_H

#include "symbols/module_store.h"
#include "symbols/names_child.h"
#include "symbols/symbolizer.h"

struct module {
	bool added;
	bool perf_map;    /* no ELF file but a text that grows: its fd is kept */
	uint32_t read_in; /* round in which a perf map was read last */
	int fd;           /* -1: was read, or has no names */
	int debug_fds[SYMBOLIZER_DEBUG_FILES_MAX];
	size_t debug_count;
	char *debug_name;         /* of .gnu_debuglink; NULL: none */
	struct module_file *file; /* NULL: not read yet, or has no names */
	struct module_identity identity;
	bool only_known;          /* there is no file, but perhaps its module file */
	bool suspected;           /* a child died while it worked on it, once */
	bool no_lines;            /* it has none, or they could not be had */
	bool asked_for;           /* of a debuginfod server */
	struct module_file *bare; /* as it was before that: its rows may be in use */
};

struct symbolizer {
	struct module_store *store; /* NULL: none */
	bool lines, inlines;        /* are wanted */
	bool keep_debug_files;
	struct names_child fetcher; /* NAMES_CHILD_NONE: nothing is fetched, or not any more */
	int fetch_error;
	struct names_child child;
	uint32_t child_number; /* of the running child, or the last one; from 1 */
	unsigned int deadline_ms;
	struct names_meanwhile meanwhile; /* fd -1: none */
	struct module *modules;           /* by number */
	size_t module_count;
	uint32_t round; /* perf maps are read again in the next one */
	struct symbolizer_losses losses;
};

/* Starts a child unless one is running. -ENOTCONN: there will be none any more. */
int child_ensure(struct symbolizer *symbolizer, uint64_t deadline_ns);

/*
 * One request, one answer of a type. Whatever else comes is no answer: the child is ended then, and
 * the module blamed for it.
 */
int child_ask(struct symbolizer *symbolizer, const struct names_request *request, const int *fds,
	      size_t fd_count, enum names_answer_type type, uint64_t deadline_ns,
	      struct names_answer *ret_answer);

/*
 * The child ended while it worked on a module, which is not shown to another one: what made it
 * hang or lie will do so again. One death proves nothing, though: the child is the OOM killer's
 * first choice, and out of memory is when names are wanted. Returns -EAGAIN to try once more.
 */
int module_blame(struct symbolizer *symbolizer, uint32_t number, int error);

/* The same for something that a module can do without: it is not blamed. */
int child_ask_more(struct symbolizer *symbolizer, const struct names_request *request,
		   const int *fds, size_t fd_count, enum names_answer_type type,
		   uint64_t deadline_ns, struct names_answer *ret_answer);

/* What tells an open file apart, for its module file. Whoever opened it has seen that it answers.
 */
void module_source_read(int fd, struct module_source *source);

/* Maps the file of an identity, kept by an earlier run. */
bool module_find(struct symbolizer *symbolizer, struct module *module);

/* Starts the child that fetches, or keeps the reason why not. */
void fetch_open(struct symbolizer *symbolizer, const char *urls);

/*
 * Asks servers for the debug file of a module that has not all names; once, and only if that is
 * wanted. With true the module is to be ensured again.
 */
bool module_fetch(struct symbolizer *symbolizer, uint32_t number);
/* What was fetched could not be read: the module is what it was before. False: nothing was. */
bool module_unfetch(struct symbolizer *symbolizer, uint32_t number);

/* Closes what may be its debug files. */
void module_drop_debug_files(struct module *module);

/* Asks for the build-id of a module. */
int module_identify(struct symbolizer *symbolizer, uint32_t number, uint8_t *ret_build_id,
		    uint8_t *ret_build_id_len);

/* Makes sure that the module's file is mapped, and is what its ELF file or perf map says now. */
int module_ensure(struct symbolizer *symbolizer, uint32_t number, uint64_t deadline_ns);

#endif

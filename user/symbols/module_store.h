/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module files kept on disk from one run to the next: a directory that only its owner can write,
 * one file for each identity, the longest unused removed when there are too many bytes. What is in
 * it is checked like anything else, so a damaged file costs its being built again.
 *
 * Called by the symbolizer.
 */
#ifndef SYMBOLS_MODULE_STORE_H
#define SYMBOLS_MODULE_STORE_H

#include "symbols/module_file.h"

/* Fifty programs with their libraries are 60 MB. */
#define MODULE_STORE_MAX_BYTES (256ull << 20)

struct module_store;

/* Makes the directory unless it is there. -EPERM when others than its owner may write to it. */
int module_store_open(const char *path, uint64_t max_bytes, struct module_store **ret_store);
void module_store_close(struct module_store *store);
DEFINE_CLEANUP(struct module_store *, module_store_close)

/* Maps the file of an identity. -ENOENT, or what was wrong with it. */
int module_store_find(struct module_store *store, const struct module_identity *identity,
		      struct module_file **ret_file);

/*
 * A directory of the store's own for what a process with SANDBOX_USER's rights fetches, made unless
 * it is there; or -errno.
 */
int module_store_open_fetched(const struct module_store *store);

/* A new, empty file without a name, on the store's file system; or -errno. */
int module_store_open_nameless(const struct module_store *store);

/* Keeps a copy, whole or not at all, and makes room. 0 or -errno. */
int module_store_keep(struct module_store *store, const struct module_file *file);

#endif

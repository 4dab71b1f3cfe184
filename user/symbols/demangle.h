/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a linker symbol into the name its programmer wrote: C++ (Itanium ABI) and Rust, without
 * parameter lists; everything else as it is. Knows nothing of files. Called by the names child
 * only: a mangled name is a program for a small stack machine, and the program is hostile.
 *
 * The demangler is libiberty's, the one of gdb, binutils and perf: unlike the C++ runtime's it
 * knows Rust, needs no C++ runtime in the recorder, has a recursion limit, and streams its result,
 * so that a name that would unfold to gigabytes is stopped after its first kilobyte. Its limit
 * leaves C++ symbols of more than 1024 bytes mangled.
 */
#ifndef SYMBOLS_DEMANGLE_H
#define SYMBOLS_DEMANGLE_H

#include <stddef.h>

/*
 * Writes the name of `symbol` to ret_name, NUL-terminated and at most ret_name_bytes long with it
 * (at least 8); what is longer is cut and ends in "...". A symbol version ("@@GLIBC_2.14") is not
 * part of a name. Returns the length.
 */
size_t demangle(const char *symbol, char *ret_name, size_t ret_name_bytes);

#endif

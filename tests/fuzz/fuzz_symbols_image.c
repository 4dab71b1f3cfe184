// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ELF file of any bytes becomes a module file or an error, and every module file that is written
 * passes the recorder's check: call frame information, code, symbol tables, packed ones.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_symbols_image.c user/symbols/{image,image_names,image_unwind,segments}.c
 * \
 *         user/symbols/{symbol_table,module_file,module_writer,unwind_rows,unwind_rule}.c \
 *         user/symbols/{cfi,cfi_program,go_functions,plt_names,image_debug,perf_map}.c \
 *         user/symbols/{code_image,code_frame,code_begin,code_step,code_table,code_frames,code_spots,code_walk}.c
 * \ user/symbols/{code_pointers,code_rows,image_code}.c -lelf -ldw -llzma -lz -lZydis -o
 * fuzz_symbols_image
 */
#include <sys/mman.h>

#include "symbols/module_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* What a name is asked for must not matter. */
static void offsets_ask(const struct module_file *file)
{
	for (uint64_t offset = 0; offset < 0x4000; offset += 0x10)
		module_file_symbol(file, offset);
	module_file_symbol(file, UINT64_MAX);
}

static void file_exercise(int fd, int out_fd)
{
	const struct module_identity identity = {.file = {.inode = 1}};
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;

	if (module_write(&(struct module_sources){fd, &fd, 1}, &identity, out_fd) < 0)
		return;
	if (module_file_map(out_fd, &file) < 0)
		abort();
	offsets_ask(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_close_ int out_fd = memfd_create("fuzz-module", MFD_CLOEXEC);

	if (fd >= 0 && out_fd >= 0 && write(fd, data, length) == (ssize_t)length)
		file_exercise(fd, out_fd);
	return 0;
}

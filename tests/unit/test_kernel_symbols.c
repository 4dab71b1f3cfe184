// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel addresses become functions, and say nothing of where the kernel is. */
#include "test.h"

#include <string.h>

#include "bpf/oomtrace.h"
#include "capture/event_queue.h"
#include "capture/kernel_symbols.h"
#include "capture/modules.h"
#include "fake_proc.h"

#define KALLSYMS                                           \
	"ffffffff81000000 T _stext\n"                      \
	"ffffffff81000100 T do_syscall_64\n"               \
	"ffffffff81000200 t filemap_read\n"                \
	"ffffffff81000200 T filemap_read_alias\n"          \
	"ffffffff81000300 D a_variable\n"                  \
	"ffffffff810003f0 t __pfx___alloc_pages\n"         \
	"ffffffff81000400 T __alloc_pages\n"               \
	"ffffffff81000500 T bpf_trace_run4\n"              \
	"ffffffff81000600 t __traceiter_mm_page_alloc\n"   \
	"ffffffffa0000000 t ext4_da_write_begin\t[ext4]\n" \
	"ffffffffa0000100 t ext4_iget\t[ext4]\n"           \
	"ffffffffa0200000 t bpf_prog_1234_page_alloc\t[bpf]\n"

struct reading {
	struct fake_proc fake;
	struct event_queue queue;
	struct modules *modules;
	struct kernel_symbols *symbols;
};

static void read_from(struct reading *reading, const char *kallsyms)
{
	*reading = (struct reading){0};
	fake_proc_make(&reading->fake);
	fake_proc_write(&reading->fake, "kallsyms", kallsyms);
	assert_int_equal(modules_new(&reading->fake.root, &reading->queue, NULL, &reading->modules),
			 0);
	assert_int_equal(kernel_symbols_read(&reading->fake.root, reading->modules, &reading->queue,
					     &reading->symbols),
			 0);
}

static void reading_close(struct reading *reading)
{
	kernel_symbols_free(reading->symbols);
	modules_free(reading->modules);
	event_queue_release(&reading->queue);
	fake_proc_remove(&reading->fake);
}

/* The next event must be this module. */
static void expect_module(struct reading *reading, uint32_t id, const char *path)
{
	struct event event;

	assert_true(event_queue_pop(&reading->queue, &event));
	assert_int_equal(event.type, EVENT_MODULE);
	assert_int_equal(event.module.id, id);
	assert_int_equal(event.module.fd, -1);
	assert_string_equal(event.module.path, path);
}

static void expect_name(struct reading *reading, uint32_t module, uint64_t offset, const char *name)
{
	struct event event;

	assert_true(event_queue_pop(&reading->queue, &event));
	assert_int_equal(event.type, EVENT_NAME);
	assert_int_equal(event.name.module, module);
	assert_int_equal(event.name.offset, offset);
	assert_string_equal(event.name.name, name);
}

static void expect_silence(struct reading *reading)
{
	struct event event;

	assert_false(event_queue_pop(&reading->queue, &event));
}

static void test_a_stack_becomes_functions_without_our_own(void **state)
{
	const __u64 addresses[] = {
		0xffffffffa0200010, 0xffffffff81000510, 0xffffffff81000610, 0xffffffff81000410,
		0xffffffffa0000110, 0xffffffff81000210, 0xffffffff81000110,
	};
	struct event_frame frames[8];
	struct reading reading;

	(void)state;
	read_from(&reading, KALLSYMS);
	assert_int_equal(kernel_symbols_error(reading.symbols), 0);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 7, frames), 4);
	expect_module(&reading, 1, "[kernel]");
	expect_name(&reading, 1, 0x401, "__alloc_pages");
	expect_module(&reading, 2, "[kernel ext4]");
	expect_name(&reading, 2, 0x101, "ext4_iget");
	expect_name(&reading, 1, 0x201, "filemap_read");
	expect_name(&reading, 1, 0x101, "do_syscall_64");
	expect_silence(&reading);
	assert_int_equal(frames[0].module, 1);
	assert_int_equal(frames[0].offset, 0x401);
	assert_int_equal(frames[1].module, 2);
	assert_int_equal(frames[1].offset, 0x101);
	assert_int_equal(frames[3].offset, 0x101);

	/* once is enough */
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 7, frames), 4);
	expect_silence(&reading);
	reading_close(&reading);
}

static void expect_kept_name(const struct reading *reading, const struct event_frame *frame,
			     const char *name)
{
	const char *kept = kernel_symbols_name(reading->symbols, frame);

	assert_non_null(kept);
	assert_string_equal(kept, name);
}

static void test_kept_names_are_asked_for_and_nothing_is_announced(void **state)
{
	const __u64 addresses[] = {0xffffffff81000410, 0xffffffffa0000110, 0x1000,
				   0xffffffff81000010};
	struct event_frame frames[5];
	struct reading reading;

	(void)state;
	read_from(&reading, KALLSYMS);
	assert_int_equal(modules_of_kernel(reading.modules, "[another]"), 1);
	expect_module(&reading, 1, "[another]");
	assert_int_equal(kernel_symbols_keep_names(reading.symbols), 0);
	expect_module(&reading, 2, "[kernel]");
	expect_module(&reading, 3, "[kernel ext4]");
	expect_module(&reading, 4, "[kernel bpf]");
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 4, frames), 4);
	expect_silence(&reading);
	expect_kept_name(&reading, &frames[0], "__alloc_pages");
	expect_kept_name(&reading, &frames[1], "ext4_iget");
	expect_kept_name(&reading, &frames[2], "[kernel]");
	expect_kept_name(&reading, &frames[3], "_stext");
	/* of a program's frame, of another module's, and of none */
	assert_null(kernel_symbols_name(reading.symbols, &(struct event_frame){5, 1}));
	assert_null(kernel_symbols_name(reading.symbols, &(struct event_frame){1, 1}));
	assert_null(kernel_symbols_name(reading.symbols, &(struct event_frame){0, 1}));
	reading_close(&reading);
}

static void test_a_call_at_the_end_of_a_function_is_of_that_function(void **state)
{
	const __u64 addresses[] = {0xffffffff81000200, 0xffffffff81000200};
	struct event_frame frames[3];
	struct reading reading;

	(void)state;
	read_from(&reading, KALLSYMS);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 2, frames), 2);
	assert_int_equal(frames[0].offset, 0x201); /* the leaf is where it is */
	assert_int_equal(frames[1].offset, 0x101); /* a return address is not */
	reading_close(&reading);
}

static void test_padding_is_no_function(void **state)
{
	const __u64 addresses[] = {0xffffffff810003f8};
	struct event_frame frames[2];
	struct reading reading;

	(void)state;
	read_from(&reading, KALLSYMS);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 1, frames), 1);
	expect_module(&reading, 1, "[kernel]");
	expect_name(&reading, 1, 0x201, "filemap_read");
	expect_silence(&reading);
	reading_close(&reading);
}

static void test_hidden_addresses_leave_one_frame(void **state)
{
	const __u64 addresses[] = {0xffffffff81000200, 0xffffffff81000300, 0xffffffff81000400};
	struct event_frame frames[4];
	struct reading reading;

	(void)state;
	read_from(&reading, "0000000000000000 T _stext\n0000000000000000 T do_syscall_64\n");
	assert_int_equal(kernel_symbols_error(reading.symbols), -EPERM);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 3, frames), 1);
	expect_module(&reading, 1, "[kernel]");
	expect_name(&reading, 1, 0, "[kernel]");
	expect_silence(&reading);
	assert_int_equal(frames[0].offset, 0);
	reading_close(&reading);
}

static void test_addresses_in_nothing_known_stay_unknown(void **state)
{
	/* below everything, far above a function, and a table that would wrap */
	const __u64 addresses[] = {0x1000, 0xffffffff81000010, 0xffffffff90000000, UINT64_MAX};
	struct event_frame frames[5];
	struct reading reading;

	(void)state;
	read_from(&reading, KALLSYMS);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 4, frames), 3);
	assert_int_equal(frames[0].offset, 0);
	assert_int_equal(frames[1].offset, 1); /* _stext */
	assert_int_equal(frames[2].offset, 0); /* two of them are one */
	assert_int_equal(kernel_symbols_resolve(reading.symbols, addresses, 0, frames), 0);
	reading_close(&reading);
}

static void test_a_stack_that_was_cut_says_so(void **state)
{
	struct event_frame frames[OT_MAX_KERNEL_FRAMES + 1];
	__u64 addresses[OT_MAX_KERNEL_FRAMES];
	struct reading reading;

	(void)state;
	for (size_t i = 0; i < OT_MAX_KERNEL_FRAMES; i++)
		addresses[i] = 0xffffffff81000110;
	read_from(&reading, KALLSYMS);
	assert_int_equal(
		kernel_symbols_resolve(reading.symbols, addresses, OT_MAX_KERNEL_FRAMES, frames),
		OT_MAX_KERNEL_FRAMES + 1);
	assert_int_equal(frames[OT_MAX_KERNEL_FRAMES].offset, 0);
	reading_close(&reading);
}

static void test_foreign_lines_are_passed_over(void **state)
{
	const __u64 address = 0xffffffff81000110;
	struct event_frame frames[2];
	struct reading reading;
	char kallsyms[4096];
	size_t len;

	(void)state;
	memset(kallsyms, 'x', sizeof(kallsyms)); /* a line and a name longer than any */
	len = (size_t)snprintf(kallsyms, sizeof(kallsyms), "\n \nnot a symbol\nffff t\n%s",
			       "ffffffff81000100 T ");
	kallsyms[len] = 'x';
	strcpy(&kallsyms[sizeof(kallsyms) - 40], "\nffffffff81000200 T next\n");
	read_from(&reading, kallsyms);
	assert_int_equal(kernel_symbols_error(reading.symbols), 0);
	assert_int_equal(kernel_symbols_resolve(reading.symbols, &address, 1, frames), 1);
	assert_int_equal(frames[0].offset, 1);
	reading_close(&reading);
}

static void test_an_empty_file_is_no_table(void **state)
{
	struct reading reading;

	(void)state;
	read_from(&reading, "");
	assert_int_equal(kernel_symbols_error(reading.symbols), -ENODATA);
	reading_close(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stack_becomes_functions_without_our_own),
		cmocka_unit_test(test_kept_names_are_asked_for_and_nothing_is_announced),
		cmocka_unit_test(test_a_call_at_the_end_of_a_function_is_of_that_function),
		cmocka_unit_test(test_padding_is_no_function),
		cmocka_unit_test(test_hidden_addresses_leave_one_frame),
		cmocka_unit_test(test_addresses_in_nothing_known_stay_unknown),
		cmocka_unit_test(test_a_stack_that_was_cut_says_so),
		cmocka_unit_test(test_foreign_lines_are_passed_over),
		cmocka_unit_test(test_an_empty_file_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

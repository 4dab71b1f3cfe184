// SPDX-License-Identifier: GPL-2.0-or-later
/* Names are shown as their programmer wrote them, and no mangled name is a bomb. */
#include "symbols_fixture.h"

#include "symbols/demangle.h"

#define NAME_BYTES 1024

static void assert_demangled(const char *symbol, const char *expected)
{
	char name[NAME_BYTES];
	size_t length = demangle(symbol, name, sizeof(name));

	assert_string_equal(name, expected);
	assert_int_equal(length, strlen(expected));
}

static void names_of_c_are_left_alone(void **state)
{
	(void)state;
	assert_demangled("main", "main");
	assert_demangled("_start", "_start");
	assert_demangled("main.buffer.resize", "main.buffer.resize");
	assert_demangled("runtime.(*mheap).alloc", "runtime.(*mheap).alloc");
	assert_demangled("", "");
}

static void symbol_versions_are_cut_off(void **state)
{
	(void)state;
	assert_demangled("malloc@@GLIBC_2.2.5", "malloc");
	assert_demangled("memcpy@GLIBC_2.14", "memcpy");
	assert_demangled("@odd", "@odd");
}

static void stubs_stay_told_from_what_they_lead_to(void **state)
{
	(void)state;
	assert_demangled("malloc@plt", "malloc@plt");
	assert_demangled("_ZN4shop4cart3addEi@plt", "shop::cart::add@plt");
	assert_demangled("@plt", "@plt");
}

static void names_of_cxx_lose_their_parameters(void **state)
{
	(void)state;
	assert_demangled("_ZN4shop4cart3addEi", "shop::cart::add");
	assert_demangled("_ZN4shop4cartC2ERKS0_", "shop::cart::cart");
	assert_demangled("_ZNSt6vectorIiSaIiEE9push_backERKi",
			 "std::vector<int, std::allocator<int> >::push_back");
	assert_demangled("_ZN4shop4cart3addEi.cold", "shop::cart::add");
}

static void names_of_rust_are_told_from_cxx(void **state)
{
	(void)state;
	assert_demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
			 "core::fmt::Write::write_fmt");
	assert_demangled("_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example");
}

static void names_of_rust_v0_are_written_out(void **state)
{
	(void)state;
	assert_demangled("_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate",
			 "<std::path::PathBuf>::new");
	assert_demangled("_RINvNtC3std3mem8align_ofINtNtC5alloc3vec3VechEECs15_7mycrate",
			 "std::mem::align_of::<alloc::vec::Vec<u8>>");
	assert_demangled("_RNCNvC7mycrate4main0", "mycrate::main::{closure#0}");
	assert_demangled("_RNvYmNtC7mycrate5Trait3runB4_", "<u32 as mycrate::Trait>::run");
}

/* (u32, u32), then a pair of that, a pair of those, ...: thirty times, each by its place. */
static void a_rust_name_that_unfolds_without_end_is_stopped(void **state)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char symbol[1024] = "_RINvC1a1fTmmE", name[NAME_BYTES];
	size_t place = strlen("INvC1a1f"), next = strlen("INvC1a1fTmmE");

	(void)state;
	for (int i = 0; i < 30; i++) {
		char number[8], pair[32];

		/* base 62, one less than it says */
		if (place - 1 < 62)
			snprintf(number, sizeof(number), "%c", digits[place - 1]);
		else
			snprintf(number, sizeof(number), "%c%c", digits[(place - 1) / 62],
				 digits[(place - 1) % 62]);
		snprintf(pair, sizeof(pair), "TB%s_B%s_E", number, number);
		strcat(symbol, pair);
		place = next;
		next += strlen(pair);
	}
	strcat(symbol, "E");
	assert_int_equal(demangle(symbol, name, sizeof(name)), NAME_BYTES - 1);
	assert_memory_equal(name, "a::f::<(u32, u32), ((u32, u32), (u32, u32)), ", 44);
	assert_string_equal(name + NAME_BYTES - 4, "...");
}

static void broken_mangling_is_shown_as_it_is(void **state)
{
	(void)state;
	assert_demangled("_Z", "_Z");
	assert_demangled("_ZN4shop", "_ZN4shop");
	assert_demangled("_ZN99999999999999999999shopE", "_ZN99999999999999999999shopE");
	assert_demangled("_R", "_R");
	assert_demangled("_RNvC", "_RNvC");
}

static void long_names_are_cut_and_say_so(void **state)
{
	char symbol[4 * NAME_BYTES], name[NAME_BYTES];

	(void)state;
	memset(symbol, 'x', sizeof(symbol));
	symbol[NAME_BYTES - 1] = '\0';
	assert_int_equal(demangle(symbol, name, sizeof(name)), NAME_BYTES - 1);
	assert_string_equal(name, symbol);

	symbol[NAME_BYTES - 1] = 'x';
	symbol[sizeof(symbol) - 1] = '\0';
	assert_int_equal(demangle(symbol, name, sizeof(name)), NAME_BYTES - 1);
	assert_memory_equal(name, symbol, NAME_BYTES - 4);
	assert_string_equal(name + NAME_BYTES - 4, "...");
}

/* f<p<i,i>, p<p<i,i>,p<i,i>>, ...>: each argument is twice as long as the one before. */
static void a_name_that_unfolds_without_end_is_stopped(void **state)
{
	char symbol[1024] = "_Z1fI1pIiiE", name[NAME_BYTES];
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (const char *digit = digits; *digit && digit[1]; digit++) {
		char argument[32];

		/* S_ is f, S0_ is p, and each argument becomes the next */
		snprintf(argument, sizeof(argument), "S0_IS%c_S%c_E", digit[1], digit[1]);
		strcat(symbol, argument);
	}
	strcat(symbol, "Evv");
	assert_int_equal(demangle(symbol, name, sizeof(name)), NAME_BYTES - 1);
	assert_memory_equal(name, "f<p<int, int>, p<p<int, int>, ", 30);
	assert_string_equal(name + NAME_BYTES - 4, "...");
}

static void every_byte_is_survived_everywhere(void **state)
{
	static const char valid[] = "_ZNSt6vectorIiSaIiEE9push_backERKi";

	(void)state;
	for (size_t i = 0; i < sizeof(valid) - 1; i++) {
		for (int byte = 1; byte < 256; byte++) {
			char symbol[sizeof(valid)], name[64];
			size_t length;

			memcpy(symbol, valid, sizeof(valid));
			symbol[i] = (char)byte;
			length = demangle(symbol, name, sizeof(name));
			assert_in_range(length, 1, sizeof(name) - 1);
			assert_int_equal(strnlen(name, sizeof(name)), length);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_c_are_left_alone),
		cmocka_unit_test(symbol_versions_are_cut_off),
		cmocka_unit_test(stubs_stay_told_from_what_they_lead_to),
		cmocka_unit_test(names_of_cxx_lose_their_parameters),
		cmocka_unit_test(names_of_rust_are_told_from_cxx),
		cmocka_unit_test(names_of_rust_v0_are_written_out),
		cmocka_unit_test(a_rust_name_that_unfolds_without_end_is_stopped),
		cmocka_unit_test(broken_mangling_is_shown_as_it_is),
		cmocka_unit_test(long_names_are_cut_and_say_so),
		cmocka_unit_test(a_name_that_unfolds_without_end_is_stopped),
		cmocka_unit_test(every_byte_is_survived_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_code.h"

#include <elf.h>
#include <stdlib.h>

#include "symbols/image_names.h"
#include "symbols/plt_names.h"

#define SYMBOLS_BYTES_MAX (64u << 20)

static int executable_note(void *context, const struct image_section *section, bool is_executable)
{
	struct code_source *source = context;
	uint64_t end;

	if (is_executable && source->count < CODE_SECTIONS_MAX &&
	    !__builtin_add_overflow(section->address, section->size_bytes, &end))
		source->executable[source->count++] = (struct code_range){section->address, end};
	return 0;
}

static struct bytes peek(void *context, const struct code_range *range)
{
	struct image_section bytes = {.bytes = ""};

	image_bytes(context, range->start, range->end - range->start, &bytes);
	return bytes_of(bytes.bytes, bytes.size_bytes);
}

static int load(void *context, struct code_image *code)
{
	return image_code_load(context, code);
}

void image_code_source(struct image *image, struct code_source *ret_source)
{
	*ret_source = (struct code_source){.peek = peek, .load = load, .context = image};
	image_each_section(image, 0, executable_note, ret_source);
}

static int section_note(void *context, const struct image_section *section, bool is_executable)
{
	struct code_image *code = context;
	size_t total = section->size_bytes;

	for (size_t i = 0; i < code->count; i++)
		total += bytes_left(&code->sections[i].bytes);
	/* what has been read is enough, or too much */
	if (code->count == CODE_SECTIONS_MAX || total > IMAGE_CODE_BYTES_MAX)
		return 1;
	if (section->size_bytes > 0)
		code->sections[code->count++] = (struct code_section){
			.address = section->address,
			.bytes = bytes_of(section->bytes, section->size_bytes),
			.executable = is_executable,
		};
	return 0;
}

/* What compilers put apart because it is seldom run begins in the middle of a function. */
static bool is_cold_part(struct bytes names, uint64_t offset)
{
	static const char cold[] = ".cold";

	bytes_take(&names, offset);
	return memmem(names.at, strnlen((const char *)names.at, bytes_left(&names)), cold,
		      sizeof(cold) - 1);
}

static int symbols_add(struct code_image *code, struct bytes symbols, struct bytes names)
{
	int r = 0;

	while (r == 0 && bytes_left(&symbols) >= sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;

		memcpy(&symbol, bytes_take(&symbols, sizeof(symbol)).at, sizeof(symbol));
		if (symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
		    !is_cold_part(names, symbol.st_name))
			r = code_addresses_add(&code->starts, symbol.st_value);
	}
	return r;
}

/* What comes behind a call of one of these is other code. */
static bool is_dead_end(const char *stub)
{
	static const char *const names[] = {
		"abort",
		"exit",
		"_exit",
		"_Exit",
		"quick_exit",
		"pthread_exit",
		"longjmp",
		"_longjmp",
		"siglongjmp",
		"__longjmp_chk",
		"__assert_fail",
		"__assert",
		"__assert_perror_fail",
		"__stack_chk_fail",
		"__chk_fail",
		"__fortify_fail",
		"err",
		"errx",
		"verr",
		"verrx",
		"_Unwind_Resume",
		"__cxa_throw",
		"__cxa_rethrow",
		"__cxa_bad_cast",
		"__cxa_bad_typeid",
		"__cxa_throw_bad_array_new_length",
		"__cxa_call_unexpected",
		"__cxa_pure_virtual",
		"_ZSt9terminatev",
	};
	/* std::__throw_... */
	static const char throws[] = "_ZSt";
	size_t length = strlen(stub) - strlen(PLT_SUFFIX);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && memcmp(stub, names[i], length) == 0)
			return true;
	return strncmp(stub, throws, strlen(throws)) == 0 && strstr(stub, "__throw_");
}

static int dead_ends_add(struct image *image, struct code_image *code)
{
	_cleanup_(symbol_table_freep) struct symbol_table *stubs = NULL;
	int r = symbol_table_new(&stubs);

	if (r == 0)
		r = image_plt_names(image, stubs);
	if (r == 0)
		r = symbol_table_finish(stubs);
	for (size_t i = 0; r == 0 && i < symbol_table_count(stubs); i++) {
		struct symbol_range stub = symbol_table_get(stubs, i);

		if (is_dead_end(stub.name))
			r = code_addresses_add(&code->dead_ends, stub.start);
	}
	return r;
}

int image_code_load(struct image *image, struct code_image *code)
{
	static const char *const tables[][2] = {{".symtab", ".strtab"}, {".dynsym", ".dynstr"}};
	struct image_header header;
	int r = 0;

	image_each_section(image, IMAGE_CODE_BYTES_MAX, section_note, code);
	if (image_header(image, &header) == 0)
		code->entry = header.entry;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && r == 0; i++) {
		struct image_section symbols, names;

		if (image_section(image, tables[i][0], SYMBOLS_BYTES_MAX, &symbols) == 0 &&
		    image_section(image, tables[i][1], SYMBOLS_BYTES_MAX, &names) == 0)
			r = symbols_add(code, bytes_of(symbols.bytes, symbols.size_bytes),
					bytes_of(names.bytes, names.size_bytes));
	}
	return r == 0 ? dead_ends_add(image, code) : r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image.h"

#include <string.h>
#include <sys/stat.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <libelf.h>

struct image {
	Elf *elf;
};

/* A symbol section and the strings it refers to, both read and checked. */
struct symbol_section {
	Elf_Data *symbols;
	size_t count;
	const char *strings;
	size_t strings_bytes;
};

static bool file_is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool elf_is_program(Elf *elf)
{
	GElf_Ehdr header;

	return elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* Takes the handle over, NULL as well. */
static int image_new(Elf *elf, struct image **ret_image)
{
	_cleanup_(image_closep) struct image *image = calloc(1, sizeof(*image));

	if (!image) {
		elf_end(elf);
		return -ENOMEM;
	}
	image->elf = elf;
	if (!elf || !elf_is_program(elf))
		return -ENOEXEC;
	*ret_image = TAKE_PTR(image);
	return 0;
}

int image_open(int fd, struct image **ret_image)
{
	if (!file_is_regular(fd))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	return image_new(elf_begin(fd, ELF_C_READ, NULL), ret_image);
}

int image_open_memory(void *bytes, size_t size_bytes, struct image **ret_image)
{
	elf_version(EV_CURRENT);
	return image_new(elf_memory(bytes, size_bytes), ret_image);
}

void image_close(struct image *image)
{
	elf_end(image->elf);
	free(image);
}

size_t image_build_id(struct image *image, uint8_t ret_build_id[IMAGE_BUILD_ID_MAX])
{
	const void *build_id;
	ssize_t length = dwelf_elf_gnu_build_id(image->elf, &build_id);

	if (length <= 0 || length > IMAGE_BUILD_ID_MAX)
		return 0;
	memcpy(ret_build_id, build_id, (size_t)length);
	return (size_t)length;
}

int image_segments(struct image *image, struct segments *ret_segments)
{
	struct segments segments = {};
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(image->elf, &count) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < count && gelf_getphdr(image->elf, (int)i, &header); i++) {
		if (header.p_type != PT_LOAD)
			continue;
		if (segments.count == SEGMENTS_MAX)
			return -E2BIG;
		segments.items[segments.count++] = (struct segment){
			.offset = header.p_offset,
			.size_bytes = header.p_filesz,
			.address = header.p_vaddr,
			.executable = header.p_flags & PF_X,
		};
	}
	*ret_segments = segments;
	return 0;
}

/* Reads a section's bytes; -EBADMSG when it has none or lies outside the file. */
static int section_read(Elf_Scn *section, uint64_t max_bytes, Elf_Data **ret_data)
{
	GElf_Shdr header;
	Elf_Data *data;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
		return -EBADMSG;
	/* asked before the bytes are: elf_getdata() allocates what the header claims */
	if (header.sh_size > max_bytes)
		return -E2BIG;
	data = elf_getdata(section, NULL);
	if (!data || !data->d_buf)
		return -EBADMSG;
	*ret_data = data;
	return 0;
}

int image_header(struct image *image, struct image_header *ret_header)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(image->elf, &header) || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	*ret_header = (struct image_header){
		.machine = header.e_machine,
		.is_64bit = header.e_ident[EI_CLASS] == ELFCLASS64,
		.entry = header.e_entry,
	};
	return 0;
}

static Elf_Scn *section_named(Elf *elf, const char *name, GElf_Shdr *ret_header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *its_name = gelf_getshdr(section, ret_header)
					       ? elf_strptr(elf, names, ret_header->sh_name)
					       : NULL;

		if (its_name && strcmp(its_name, name) == 0)
			return section;
	}
	return NULL;
}

/* Asked before it is done: libelf allocates what the compressed section claims to be. */
static int section_decompress(Elf_Scn *section, uint64_t max_bytes)
{
	GElf_Chdr header;

	if (!gelf_getchdr(section, &header))
		return -EBADMSG;
	if (header.ch_size > max_bytes)
		return -E2BIG;
	return elf_compress(section, 0, 0) < 0 ? -EBADMSG : 0;
}

int image_section(struct image *image, const char *name, uint64_t max_bytes,
		  struct image_section *ret_section)
{
	GElf_Shdr header;
	Elf_Scn *section = section_named(image->elf, name, &header);
	Elf_Data *data;
	int r = 0;

	if (!section)
		return -ENODATA;
	/* before, too: what is to be decompressed is read first */
	if (header.sh_size > max_bytes)
		return -E2BIG;
	if (header.sh_flags & SHF_COMPRESSED)
		r = section_decompress(section, max_bytes);
	if (r == 0)
		r = section_read(section, max_bytes, &data);
	if (r < 0)
		return r;
	*ret_section = (struct image_section){data->d_buf, data->d_size, header.sh_addr};
	return 0;
}

static int symbol_section_read(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			       struct symbol_section *ret_section)
{
	size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	Elf_Data *symbols, *strings;
	int r;

	r = section_read(section, (uint64_t)SYMBOL_TABLE_MAX * entry_bytes, &symbols);
	if (r < 0)
		return r;
	r = section_read(elf_getscn(elf, header->sh_link), SYMBOL_TABLE_NAMES_MAX, &strings);
	if (r < 0)
		return r;
	*ret_section = (struct symbol_section){
		.symbols = symbols,
		.count = symbols->d_size / entry_bytes,
		.strings = strings->d_buf,
		.strings_bytes = strings->d_size,
	};
	return 0;
}

/*
 * Code, and not one of the marks that assemblers leave in it: "$x" says on arm64 that code
 * begins, ".L" that a label was meant to stay inside its object file.
 */
static bool symbol_is_function(const GElf_Sym *elf_symbol, const struct symbol *symbol,
			       bool in_code)
{
	if (elf_symbol->st_shndx == SHN_UNDEF || elf_symbol->st_shndx == SHN_ABS)
		return false;
	switch (GELF_ST_TYPE(elf_symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		return in_code && elf_symbol->st_size == 0 && symbol->name_length > 0 &&
		       symbol->name[0] != '$' && symbol->name[0] != '.';
	default:
		return false;
	}
}

/* The header of the section a symbol lies in; false for the numbers that mean no section. */
static bool symbol_home(Elf *elf, const GElf_Sym *elf_symbol, GElf_Shdr *ret_header)
{
	Elf_Scn *home =
		elf_symbol->st_shndx < SHN_LORESERVE ? elf_getscn(elf, elf_symbol->st_shndx) : NULL;

	return home && gelf_getshdr(home, ret_header);
}

/* "memcpy@@GLIBC_2.14" without its version; a name that begins with "@" is left alone. */
static size_t name_length(const char *name, size_t bytes)
{
	size_t length = strnlen(name, bytes);
	const char *version = length > 0 ? memchr(name + 1, '@', length - 1) : NULL;

	return version ? (size_t)(version - name) : length;
}

static int symbol_section_add(Elf *elf, const struct symbol_section *section, size_t index,
			      struct symbol_table *table)
{
	GElf_Sym elf_symbol;
	GElf_Shdr home = {};
	struct symbol symbol;

	if (!gelf_getsym(section->symbols, (int)index, &elf_symbol) ||
	    elf_symbol.st_name >= section->strings_bytes)
		return 0;
	symbol = (struct symbol){
		.start = elf_symbol.st_value,
		.size_bytes = elf_symbol.st_size,
		.name = section->strings + elf_symbol.st_name,
		.local = GELF_ST_BIND(elf_symbol.st_info) == STB_LOCAL,
		.weak = GELF_ST_BIND(elf_symbol.st_info) == STB_WEAK,
	};
	symbol.name_length = name_length(symbol.name, section->strings_bytes - elf_symbol.st_name);
	if (symbol.size_bytes == 0 && symbol_home(elf, &elf_symbol, &home))
		symbol.limit = home.sh_addr + home.sh_size;
	if (!symbol_is_function(&elf_symbol, &symbol, home.sh_flags & SHF_EXECINSTR))
		return 0;
	return symbol_table_add(table, &symbol);
}

static int section_add(Elf *elf, Elf_Scn *elf_section, struct symbol_table *table)
{
	struct symbol_section section;
	GElf_Shdr header;
	int r;

	if (!gelf_getshdr(elf_section, &header) ||
	    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
		return 0;
	r = symbol_section_read(elf, elf_section, &header, &section);
	if (r < 0)
		return r;
	for (size_t i = 0; i < section.count && r == 0; i++)
		r = symbol_section_add(elf, &section, i, table);
	return r;
}

int image_functions_add(struct image *image, struct symbol_table *table)
{
	Elf_Scn *section = NULL;
	bool damaged = false;
	int r;

	while ((section = elf_nextscn(image->elf, section))) {
		r = section_add(image->elf, section, table);
		damaged |= r == -EBADMSG;
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return damaged ? -EBADMSG : 0;
}

int image_bytes(struct image *image, uint64_t address, uint64_t size_bytes,
		struct image_section *ret_bytes)
{
	GElf_Phdr header;
	Elf_Data *data;

	for (int i = 0; gelf_getphdr(image->elf, i, &header); i++) {
		if (header.p_type != PT_LOAD || address < header.p_vaddr ||
		    address - header.p_vaddr >= header.p_filesz ||
		    size_bytes > header.p_filesz - (address - header.p_vaddr))
			continue;
		data = elf_getdata_rawchunk(image->elf,
					    (int64_t)(header.p_offset + address - header.p_vaddr),
					    size_bytes, ELF_T_BYTE);
		if (!data || !data->d_buf)
			return -EBADMSG;
		*ret_bytes = (struct image_section){data->d_buf, data->d_size, address};
		return 0;
	}
	return -ENODATA;
}

int image_each_section(struct image *image, uint64_t max_bytes, image_section_visitor visit,
		       void *context)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int r = 0;

	while (r == 0 && (section = elf_nextscn(image->elf, section))) {
		Elf_Data *data = NULL;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
		    (header.sh_flags & (SHF_ALLOC | SHF_COMPRESSED)) != SHF_ALLOC ||
		    (max_bytes > 0 && section_read(section, max_bytes, &data) < 0))
			continue;
		r = visit(context,
			  &(struct image_section){data ? data->d_buf : NULL,
						  data ? data->d_size : header.sh_size,
						  header.sh_addr},
			  header.sh_flags & SHF_EXECINSTR);
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_unwind.h"

#include <elf.h>

#include "symbols/image_code.h"
#include "symbols/image_names.h"

#define PAGE_MASK (~((1ull << OT_UNWIND_PAGE_SHIFT) - 1))

int image_text(struct image *image, struct unwind_text *ret_text)
{
	struct image_header header;
	struct segments segments;
	uint64_t start = UINT64_MAX, end = 0;
	int r;

	r = image_header(image, &header);
	if (r == 0)
		r = image_segments(image, &segments);
	if (r < 0)
		return r;
	for (size_t i = 0; i < segments.count; i++) {
		const struct segment *segment = &segments.items[i];
		uint64_t segment_end;

		if (!segment->executable ||
		    __builtin_add_overflow(segment->address, segment->size_bytes, &segment_end))
			continue;
		start = segment->address < start ? segment->address : start;
		end = segment_end > end ? segment_end : end;
	}
	start &= PAGE_MASK;
	if (end <= start || end - start > UINT32_MAX)
		return -ENOEXEC;
	*ret_text = (struct unwind_text){start, end - start, header.entry};
	return 0;
}

#define SECTIONS_MAX 3

/*
 * .eh_frame is what ships; Go has .debug_frame alone, and so has assembly of some C libraries. Of
 * Go that was stripped the table of functions is left, which says the same. A damaged section is
 * left out.
 */
static size_t frames_read(struct image *image, struct cfi_section ret_sections[SECTIONS_MAX])
{
	static const char *const names[] = {".eh_frame", ".debug_frame"};
	struct image_section section;
	uint64_t text_start;
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {

		if (image_section(image, names[i], IMAGE_FRAMES_MAX, &section) < 0)
			continue;
		ret_sections[count++] = (struct cfi_section){
			.bytes = bytes_of(section.bytes, section.size_bytes),
			.address = section.address,
			.is_eh_frame = i == 0,
		};
	}
	if (image_go_table(image, &section, &text_start) == 0)
		ret_sections[count++] = (struct cfi_section){
			.bytes = bytes_of(section.bytes, section.size_bytes),
			.address = text_start,
			.is_go_table = true,
		};
	return count;
}

int image_unwind_rows(struct image *image, struct unwind_rows *ret_rows)
{
	struct cfi_section sections[SECTIONS_MAX];
	struct code_source code;
	struct image_header header;
	struct unwind_text text;
	size_t count;
	int r;

	r = image_header(image, &header);
	if (r < 0)
		return r;
	if (header.machine != EM_X86_64 || !header.is_64bit)
		return -ENOTSUP;
	r = image_text(image, &text);
	if (r < 0)
		return r;
	count = frames_read(image, sections);
	image_code_source(image, &code);
	/* Go's assembly has frames of its own kind */
	r = unwind_rows_build(&text, sections, count, image_is_go(image) ? NULL : &code, ret_rows);
	return r == 0 && ret_rows->row_count == 0 ? -ENODATA : r;
}

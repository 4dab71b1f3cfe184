// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/cfi.h"

#include <dwarf.h>

#include "symbols/cfi_program.h"

/*
 * Each function refers to a common part by its offset, and nothing stops a thousand functions from
 * referring to a megabyte of it. Real ones are a tenth of this.
 */
#define COMMON_BYTES_MAX 256

/* A common information entry: what functions share. */
struct common {
	uint64_t offset; /* in the section */
	bool valid;
	bool signal_frame;
	bool has_augmentation; /* the functions' entries have a length to skip */
	uint8_t pointer_encoding;
	uint64_t code_factor;
	int64_t data_factor;
	struct cfi_rule rule;
};

struct reading {
	const struct cfi_section *section;
	const struct cfi_listener *listener;
	struct common common; /* the last one that was read: mostly the next one wanted */
	struct cfi_rule states[CFI_STATES_MAX];
};

/* One entry: its bytes after the length. */
struct entry {
	struct bytes bytes;
	size_t id_bytes; /* 8 in the 64-bit format */
};

static uint64_t offset_of(const struct reading *reading, const uint8_t *at)
{
	return (uint64_t)(at - reading->section->bytes.at);
}

static struct entry entry_take(struct bytes *bytes)
{
	struct entry entry = {.id_bytes = 4};
	uint64_t length = bytes_number(bytes, 4);

	if (length == 0xffffffff) {
		length = bytes_number(bytes, 8);
		entry.id_bytes = 8;
	}
	entry.bytes = bytes_take(bytes, length);
	return entry;
}

/* Where a pointer is relative to something this does not know, its entry is of no use. */
static uint64_t pointer_take(const struct reading *reading, struct bytes *bytes, uint8_t encoding)
{
	static const struct {
		uint8_t size;
		bool is_signed;
	} formats[16] = {
		[DW_EH_PE_absptr] = {8, false}, [DW_EH_PE_udata2] = {2, false},
		[DW_EH_PE_udata4] = {4, false}, [DW_EH_PE_udata8] = {8, false},
		[DW_EH_PE_sdata2] = {2, true},  [DW_EH_PE_sdata4] = {4, true},
		[DW_EH_PE_sdata8] = {8, true},
	};
	uint64_t place = reading->section->address + offset_of(reading, bytes->at);
	size_t size = formats[encoding & 0xf].size;
	unsigned int unused_bits = 64 - 8 * (unsigned int)size;
	uint64_t number;

	if (size == 0 ||
	    ((encoding & 0xf0) != DW_EH_PE_absptr && (encoding & 0xf0) != DW_EH_PE_pcrel)) {
		bytes->bad = true;
		return 0;
	}
	number = bytes_number(bytes, size);
	if (formats[encoding & 0xf].is_signed)
		number = (uint64_t)((int64_t)(number << unused_bits) >> unused_bits);
	return (encoding & 0xf0) == DW_EH_PE_pcrel ? number + place : number;
}

/* "zPLR": what it means for the pointers of the functions. Letters nobody knows end it. */
static void augmentation_read(const struct reading *reading, struct common *common,
			      struct bytes letters, struct bytes data)
{
	while (bytes_left(&letters) > 0) {
		switch (bytes_u8(&letters)) {
		case 'R':
			common->pointer_encoding = bytes_u8(&data);
			break;
		case 'L':
			bytes_u8(&data);
			break;
		case 'P':
			/* the address of a personality routine; aligned ones are not written */
			pointer_take(reading, &data, bytes_u8(&data) & 0xf);
			break;
		case 'S':
			common->signal_frame = true;
			break;
		default:
			return;
		}
	}
}

/* The string of an entry, without its NUL, and never beyond the entry. */
static struct bytes string_take(struct bytes *bytes)
{
	size_t length = strnlen((const char *)bytes->at, bytes_left(bytes));
	struct bytes string = bytes_take(bytes, length);

	bytes_u8(bytes);
	return string;
}

static bool common_program(struct reading *reading, struct common *common, struct bytes code)
{
	static const struct cfi_rule nothing = {.base = CFI_RSP};
	struct cfi_program program = {
		.initial = &nothing,
		.code_factor = common->code_factor,
		.data_factor = common->data_factor,
		.code = code,
		.rule = nothing,
		.states = reading->states,
	};

	cfi_program_run(&program);
	common->rule = program.rule;
	common->rule.signal_frame = common->signal_frame;
	return !program.rule.broken;
}

/* Everything after the identifier. */
static bool common_parse(struct reading *reading, struct common *common, struct bytes bytes)
{
	uint8_t version = bytes_u8(&bytes);
	struct bytes letters = string_take(&bytes);

	if (version != 1 && version != 3 && version != 4)
		return false;
	/* sizes of addresses and segment selectors */
	if (version == 4 && bytes_number(&bytes, 2) != 8)
		return false;
	common->code_factor = bytes_uleb128(&bytes);
	common->data_factor = bytes_sleb128(&bytes);
	if ((version == 1 ? bytes_u8(&bytes) : bytes_uleb128(&bytes)) != CFI_RETURN_ADDRESS)
		return false;
	common->pointer_encoding = DW_EH_PE_absptr;
	common->has_augmentation = bytes_left(&letters) > 0 && *letters.at == 'z';
	if (common->has_augmentation) {
		bytes_u8(&letters);
		augmentation_read(reading, common, letters,
				  bytes_take(&bytes, bytes_uleb128(&bytes)));
	} else if (bytes_left(&letters) > 0) {
		return false;
	}
	return !bytes.bad && common_program(reading, common, bytes);
}

static bool is_common(const struct cfi_section *section, uint64_t id, size_t id_bytes)
{
	if (section->is_eh_frame)
		return id == 0;
	return id == (id_bytes == 8 ? ~0ull : 0xffffffff);
}

static struct common common_read(struct reading *reading, uint64_t offset)
{
	struct common common = {.offset = offset};
	struct bytes bytes = reading->section->bytes;
	struct entry entry;

	bytes_take(&bytes, offset);
	entry = entry_take(&bytes);
	if (bytes.bad || bytes_left(&entry.bytes) > COMMON_BYTES_MAX)
		return common;
	if (is_common(reading->section, bytes_number(&entry.bytes, entry.id_bytes), entry.id_bytes))
		common.valid = common_parse(reading, &common, entry.bytes);
	return common;
}

static const struct common *common_get(struct reading *reading, uint64_t offset)
{
	if (!reading->common.valid || reading->common.offset != offset)
		reading->common = common_read(reading, offset);
	return reading->common.valid ? &reading->common : NULL;
}

/* A function's entry, from its first address on. */
static int function_read(struct reading *reading, const struct common *common, struct bytes bytes)
{
	struct cfi_program program = {
		.listener = reading->listener,
		.initial = &common->rule,
		.code_factor = common->code_factor,
		.data_factor = common->data_factor,
		.rule = common->rule,
		.states = reading->states,
	};
	uint64_t length;
	int r;

	program.address = pointer_take(reading, &bytes, common->pointer_encoding);
	length = pointer_take(reading, &bytes, common->pointer_encoding & 0xf);
	if (common->has_augmentation)
		bytes_take(&bytes, bytes_uleb128(&bytes));
	if (bytes.bad || length == 0 ||
	    __builtin_add_overflow(program.address, length, &program.end))
		return 0;
	program.code = bytes;
	r = reading->listener->function(reading->listener->context, program.address, program.end);
	return r ? r : cfi_program_run(&program);
}

static int entry_read(struct reading *reading, struct entry entry)
{
	uint64_t place = offset_of(reading, entry.bytes.at);
	uint64_t id = bytes_number(&entry.bytes, entry.id_bytes);
	const struct common *common;

	if (entry.bytes.bad || is_common(reading->section, id, entry.id_bytes))
		return 0;
	/* a distance back to the common part here, an offset there */
	common = common_get(reading, reading->section->is_eh_frame ? place - id : id);
	return common ? function_read(reading, common, entry.bytes) : 0;
}

int cfi_read(const struct cfi_section *section, const struct cfi_listener *listener)
{
	struct reading reading = {.section = section, .listener = listener};
	struct bytes bytes = section->bytes;
	int r = 0;

	while (r == 0 && bytes_left(&bytes) > 0) {
		struct entry entry = entry_take(&bytes);

		/* a length of zero ends what one object file contributed: more may follow */
		if (bytes.bad)
			break;
		if (bytes_left(&entry.bytes) > 0)
			r = entry_read(&reading, entry);
	}
	return r;
}

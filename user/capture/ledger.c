// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/ledger.h"

#include <string.h>

#include <bpf/bpf.h>

#include "capture/map_array.h"
#include "oomtrace.skel.h"

union entry_word {
	struct ot_entry entry;
	uint64_t word;
};

uint64_t ledger_slot(const struct ledger_layout *layout, uint64_t block)
{
	if (layout->period_shift == 0)
		return block;
	return (block << layout->period_shift) +
	       (block * OT_SLOT_HASH >> (64 - layout->period_shift));
}

bool ledger_is_slot(const struct ledger_layout *layout, uint64_t frame)
{
	return ledger_slot(layout, frame >> layout->period_shift) == frame;
}

static uint32_t section_entries_shift(const struct ledger_layout *layout)
{
	return OT_SECTION_SHIFT - layout->period_shift;
}

uint64_t ledger_entry_count(const struct ledger_layout *layout)
{
	return (uint64_t)layout->physical->present_count << section_entries_shift(layout);
}

bool ledger_index(const struct ledger_layout *layout, uint64_t frame, uint32_t *ret_index)
{
	uint64_t section = frame >> OT_SECTION_SHIFT;
	uint32_t shift = section_entries_shift(layout);
	uint64_t block = frame >> layout->period_shift;

	if (section >= layout->physical->section_count || !layout->physical->places[section])
		return false;
	*ret_index = (layout->physical->places[section] - 1) << shift |
		     (block & ((UINT32_C(1) << shift) - 1));
	return true;
}

uint64_t ledger_frame(const struct ledger_layout *layout, uint32_t index)
{
	uint32_t shift = section_entries_shift(layout);
	uint64_t section = layout->physical->sections[index >> shift];
	uint64_t block = (section << shift) | (index & ((UINT32_C(1) << shift) - 1));

	return ledger_slot(layout, block);
}

int ledger_map(const struct programs *programs, const struct physical *physical,
	       struct ledger *ret_ledger)
{
	struct ledger ledger = {
		.layout = {.period_shift = programs->period_shift, .physical = physical},
	};

	ledger.entries = map_array(programs->skeleton->maps.ledger, &ledger.entry_count);
	ledger.cells = map_array(programs->skeleton->maps.cells, &ledger.cell_count);
	ledger.accounts = map_array(programs->skeleton->maps.accounts, &ledger.account_count);
	ledger.settle_frames =
		map_array(programs->skeleton->maps.settle_frames, &ledger.settle_count);
	if (!ledger.entries || !ledger.cells || !ledger.accounts || !ledger.settle_frames) {
		int error = -errno;

		ledger_unmap(&ledger);
		return error;
	}
	*ret_ledger = ledger;
	return 0;
}

void ledger_unmap(struct ledger *ledger)
{
	unmap_array(ledger->entries, ledger->entry_count, sizeof(*ledger->entries));
	unmap_array(ledger->cells, ledger->cell_count, sizeof(*ledger->cells));
	unmap_array(ledger->accounts, ledger->account_count, sizeof(*ledger->accounts));
	unmap_array(ledger->settle_frames, ledger->settle_count, sizeof(*ledger->settle_frames));
	memset(ledger, 0, sizeof(*ledger));
}

struct ot_entry ledger_read(const struct ledger *ledger, uint32_t index)
{
	union entry_word value = {
		.word = __atomic_load_n(&ledger->entries[index], __ATOMIC_RELAXED)};

	return value.entry;
}

static bool entry_exchange(struct ledger *ledger, uint32_t index, struct ot_entry from,
			   struct ot_entry to)
{
	union entry_word expected = {.entry = from}, desired = {.entry = to};

	return __atomic_compare_exchange_n(&ledger->entries[index], &expected.word, desired.word,
					   false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void cell_add(struct ledger *ledger, struct ot_entry entry, int slots)
{
	struct ot_cell *cell = &ledger->cells[entry.cell];

	__atomic_fetch_add(&cell->live[entry.kind], slots, __ATOMIC_RELAXED);
	__atomic_fetch_add(&ledger->accounts[cell->account].live[entry.kind], slots,
			   __ATOMIC_RELAXED);
}

bool ledger_adopt(struct ledger *ledger, uint32_t index, struct ot_entry entry)
{
	struct ot_entry empty = {0};

	/* Counted first: its free may come at once, and a counter must not fall below zero. */
	cell_add(ledger, entry, 1);
	if (entry_exchange(ledger, index, empty, entry))
		return true;
	cell_add(ledger, entry, -1);
	return false;
}

void ledger_disown(struct ledger *ledger, uint32_t index, struct ot_entry entry)
{
	struct ot_entry empty = {0};

	if (entry_exchange(ledger, index, entry, empty))
		cell_add(ledger, entry, -1);
}

bool ledger_replace(struct ledger *ledger, uint32_t index, struct ot_entry from, struct ot_entry to)
{
	/* Counted first, as in ledger_adopt(). */
	cell_add(ledger, to, 1);
	if (entry_exchange(ledger, index, from, to)) {
		cell_add(ledger, from, -1);
		return true;
	}
	cell_add(ledger, to, -1);
	return false;
}

static int settle_run(const struct programs *programs)
{
	uint64_t arguments[1] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));

	return bpf_prog_test_run_opts(bpf_program__fd(programs->skeleton->progs.settle_batch),
				      &options);
}

int ledger_settle(const struct ledger *ledger, const struct programs *programs)
{
	uint64_t *frames = ledger->settle_frames;
	size_t frame_count = ledger->settle_count, filled = 0;
	int error = 0;

	for (uint32_t index = 0; index < ledger->entry_count && !error; index++) {
		struct ot_entry entry = ledger_read(ledger, index);

		if (!entry.cell || entry.kind != OT_KIND_PENDING)
			continue;
		frames[filled++] = ledger_frame(&ledger->layout, index);
		if (filled == frame_count) {
			error = settle_run(programs);
			filled = 0;
		}
	}
	if (!error && filled > 0) {
		memset(&frames[filled], 0, (frame_count - filled) * sizeof(*frames));
		error = settle_run(programs);
	}
	return error;
}

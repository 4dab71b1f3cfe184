// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_frames.h"

_Static_assert(CODE_FRAMES_MAX < UINT16_MAX, "as slots have them");

/* FNV-1a, word by word. */
static uint32_t frame_hash(const struct code_frame *frame)
{
	uint32_t words[sizeof(*frame) / sizeof(uint32_t)];
	uint32_t hash = 2166136261u;

	memcpy(words, frame, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 16777619u;
	return hash ^ hash >> 15;
}

uint32_t code_frames_number(struct code_frames *frames, const struct code_frame *frame)
{
	uint32_t slot = frame_hash(frame) % CODE_FRAMES_SLOTS;

	while (frames->slots[slot] &&
	       !code_frame_equals(&frames->items[frames->slots[slot] - 1], frame))
		slot = (slot + 1) % CODE_FRAMES_SLOTS;
	if (frames->slots[slot])
		return frames->slots[slot] - 1u;
	if (frames->count == CODE_FRAMES_MAX)
		return CODE_FRAME_UNKNOWN;
	frames->items[frames->count++] = *frame;
	frames->slots[slot] = (uint16_t)frames->count;
	return frames->count - 1;
}

void code_frames_init(struct code_frames *frames)
{
	struct code_frame outermost = code_frame_entry;

	outermost.flags |= CODE_OUTERMOST;
	code_frames_number(frames, &(struct code_frame){});
	code_frames_number(frames, &code_frame_entry);
	code_frames_number(frames, &outermost);
}

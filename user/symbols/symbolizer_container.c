// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the child what a container is called; see symbolizer.h. */
#include "symbols/symbolizer_state.h"

#include <string.h>

#include "symbols/bytes.h"

/* Two strings that are what they seem, each shorter than its room. */
static bool decode(struct names_answer *answer, struct container_names *names)
{
	struct bytes bytes = bytes_of(answer->bytes, answer->length);
	const char *image = (const char *)bytes.at, *name;
	size_t image_len = strnlen(image, answer->length);

	bytes_take(&bytes, image_len + 1);
	name = (const char *)bytes.at;
	if (bytes.bad || image_len >= sizeof(names->image) ||
	    bytes_left(&bytes) >= sizeof(names->name) || memchr(name, '\0', bytes_left(&bytes)))
		return false;
	memset(names, 0, sizeof(*names));
	memcpy(names->image, image, image_len);
	memcpy(names->name, name, bytes_left(&bytes));
	return true;
}

int symbolizer_container(struct symbolizer *symbolizer, enum container_format format,
			 const char *id, int fd, struct container_names *ret_names)
{
	uint64_t deadline_ns = deadline_after(symbolizer->deadline_ms);
	struct names_request request = {
		.type = NAMES_CONTAINER,
		.length = sizeof(request.container),
		.container = {.format = format},
	};
	struct names_answer answer;
	int r;

	if (strlen(id) != CONTAINER_ID_LEN)
		return -EINVAL;
	memcpy(request.container.id, id, CONTAINER_ID_LEN);
	r = child_ensure(symbolizer, deadline_ns);
	if (r < 0)
		return r;
	r = child_ask_more(symbolizer, &request, &fd, 1, NAMES_CONTAINER_NAMED, deadline_ns,
			   &answer);
	if (r < 0)
		return r;
	if (answer.error < 0)
		return answer.error;
	return decode(&answer, ret_names) ? 0 : -EBADMSG;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/container.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS 64
#define UID_DIGITS 32
/* 8-4-4-4-12 */
#define UID_WITH_DASHES 36

/* A part of a path component. Components are compared where they lie, and copied when they count.
 */
struct span {
	const char *at;
	size_t len_bytes;
};

static bool span_starts(const struct span *span, const char *prefix)
{
	return span->len_bytes >= strlen(prefix) && !memcmp(span->at, prefix, strlen(prefix));
}

static bool span_ends(const struct span *span, const char *suffix)
{
	size_t len_bytes = strlen(suffix);

	return span->len_bytes >= len_bytes &&
	       !memcmp(span->at + span->len_bytes - len_bytes, suffix, len_bytes);
}

static bool span_has(const struct span *span, const char *word)
{
	return memmem(span->at, span->len_bytes, word, strlen(word)) != NULL;
}

static struct span span_after(const struct span *span, const char *prefix)
{
	return (struct span){span->at + strlen(prefix), span->len_bytes - strlen(prefix)};
}

static struct span span_without_end(const struct span *span, const char *suffix)
{
	return (struct span){span->at, span->len_bytes - strlen(suffix)};
}

static bool is_hex(const struct span *span, size_t digits)
{
	if (span->len_bytes != digits)
		return false;
	for (size_t i = 0; i < digits; i++)
		if (!isdigit((unsigned char)span->at[i]) &&
		    (span->at[i] < 'a' || span->at[i] > 'f'))
			return false;
	return true;
}

/* What is found of a path, borrowed from it. */
struct found {
	struct span unit, id, pod;
	const char *runtime;
};

/* --- containers --------------------------------------------------------------------------- */

/* How a component names a container; the id is what lies between prefix and suffix. */
static const struct container_rule {
	const char *prefix, *suffix;
	const char *runtime; /* NULL: several name theirs so */
	bool named;          /* not by hex digits */
} container_rules[] = {
	{"cri-containerd-", ".scope", "containerd", false},
	{"crio-", ".scope", "cri-o", false},
	{"docker-", ".scope", "docker", false},
	{"libpod-", ".scope", "podman", false},
	{"libpod-", "", "podman", false},
	{"", "", NULL, false},
	{"lxc.payload.", "", "lxc", true},
};

/* Where an id alone is a component, the one above says whose it is. */
static const struct parent_rule {
	const char *name, *runtime;
	bool named;
} parent_rules[] = {
	{"docker", "docker", false},
	{"lxc", "lxc", true},
	{"podruntime", "talos", true},
};

static bool container_take(const struct container_rule *rule, const struct span *component,
			   struct found *found)
{
	struct span id;

	if (!span_starts(component, rule->prefix) || !span_ends(component, rule->suffix) ||
	    component->len_bytes <= strlen(rule->prefix) + strlen(rule->suffix))
		return false;
	id = span_after(component, rule->prefix);
	id = span_without_end(&id, rule->suffix);
	if (!rule->named && !is_hex(&id, ID_DIGITS))
		return false;
	found->id = id;
	found->runtime = rule->runtime;
	return true;
}

static void take_runtime_of_parent(const struct span *parent, const struct span *component,
				   struct found *found)
{
	for (size_t i = 0; i < sizeof(parent_rules) / sizeof(parent_rules[0]); i++) {
		const struct parent_rule *rule = &parent_rules[i];

		if (parent->len_bytes != strlen(rule->name) || !span_starts(parent, rule->name))
			continue;
		if (rule->named)
			found->id = *component;
		if (rule->named || found->id.at == component->at)
			found->runtime = rule->runtime;
	}
}

static void take_container(const struct span *parent, const struct span *component,
			   struct found *found)
{
	for (size_t i = 0; i < sizeof(container_rules) / sizeof(container_rules[0]); i++)
		if (container_take(&container_rules[i], component, found))
			break;
	take_runtime_of_parent(parent, component, found);
}

/* --- pods --------------------------------------------------------------------------------- */

/* "pod<uid>", or after the last "-pod" of a slice of systemd's, nested ones ("kubelet-kubepods-…")
 * too. */
static bool pod_text(const struct span *component, struct span *ret_uid)
{
	struct span rest = *component;

	if (span_ends(&rest, ".slice"))
		rest = span_without_end(&rest, ".slice");
	if (span_starts(&rest, "pod")) {
		*ret_uid = span_after(&rest, "pod");
		return true;
	}
	for (size_t i = rest.len_bytes; span_has(&rest, "kubepods") && i >= 4; i--) {
		if (memcmp(rest.at + i - 4, "-pod", 4) != 0)
			continue;
		*ret_uid = (struct span){rest.at + i, rest.len_bytes - i};
		return true;
	}
	return false;
}

static bool is_uid(const struct span *uid)
{
	if (uid->len_bytes == UID_DIGITS)
		return is_hex(uid, UID_DIGITS);
	if (uid->len_bytes != UID_WITH_DASHES)
		return false;
	for (size_t i = 0; i < uid->len_bytes; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const struct span digit = {uid->at + i, 1};

		if (dash ? uid->at[i] != '-' && uid->at[i] != '_' : !is_hex(&digit, 1))
			return false;
	}
	return true;
}

static void take_pod(const struct span *component, struct found *found)
{
	struct span uid;

	if (pod_text(component, &uid) && is_uid(&uid))
		found->pod = uid;
}

/* --- units -------------------------------------------------------------------------------- */

/* The innermost unit that a person would name: no slices, no scopes of containers. */
static void take_unit(const struct span *component, struct found *found)
{
	static const char *const endings[] = {".service", ".socket", ".mount", ".swap", ".scope"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (span_ends(component, endings[i]) && component->len_bytes > strlen(endings[i]))
			found->unit = *component;
}

/* --- all together ------------------------------------------------------------------------- */

/* containerd, driver mismatch: "slice:cri-containerd:id" is one component. */
static void take_joined(const struct span *component, struct found *found)
{
	static const char mark[] = ":cri-containerd:";
	const char *at = memmem(component->at, component->len_bytes, mark, strlen(mark));
	struct span left, id;

	if (!at)
		return;
	left = (struct span){component->at, (size_t)(at - component->at)};
	id = (struct span){at + strlen(mark), component->len_bytes - left.len_bytes - strlen(mark)};
	take_pod(&left, found);
	if (!is_hex(&id, ID_DIGITS))
		return;
	found->id = id;
	found->runtime = "containerd";
}

static bool is_within(const struct span *part, const struct span *component)
{
	return part->at >= component->at && part->at < component->at + component->len_bytes;
}

static void take_component(const struct span *parent, const struct span *component,
			   struct found *found)
{
	/* of cri-o, beside each container and in none */
	if (span_starts(component, "crio-conmon-"))
		return;
	take_pod(component, found);
	take_container(parent, component, found);
	take_joined(component, found);
	/* the scope of a container is one that nobody has named */
	if (!is_within(&found->id, component))
		take_unit(component, found);
}

/* Later components win: of a container within a container the inner one counts. */
static struct found walk(const char *path)
{
	struct span parent = {"", 0}, component;
	struct found found = {0};

	while (*path) {
		component = (struct span){path, strcspn(path, "/")};
		path += component.len_bytes + (path[component.len_bytes] == '/');
		if (!component.len_bytes)
			continue;
		take_component(&parent, &component, &found);
		parent = component;
	}
	return found;
}

/* Takes what it needs of `room`. A component of a real path is never cut. */
static char *copy_of(const struct span *span, char **room)
{
	size_t len_bytes = span->len_bytes < NAME_MAX ? span->len_bytes : NAME_MAX;
	char *copy = *room;

	if (!span->at)
		return NULL;
	memcpy(copy, span->at, len_bytes);
	copy[len_bytes] = '\0';
	*room += len_bytes + 1;
	return copy;
}

/* "\x2d" and the like, as systemd escapes what a unit's name may not hold. */
static void unescape(char *text)
{
	char *to = text;
	unsigned int byte;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3]) && sscanf(text + 2, "%2x", &byte) == 1 &&
		    byte) {
			*to++ = (char)byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static void write_dashes(char *uid)
{
	for (; *uid; uid++)
		if (*uid == '_')
			*uid = '-';
}

void place_of_cgroup(const char *path, char room[PLACE_ROOM], struct place *ret_place)
{
	struct found found = walk(path ? path : "");
	char *unit = copy_of(&found.unit, &room);
	char *id = copy_of(&found.id, &room);
	char *pod = copy_of(&found.pod, &room);

	if (unit)
		unescape(unit);
	if (pod)
		write_dashes(pod);
	*ret_place = (struct place){unit, id, found.runtime, pod};
}

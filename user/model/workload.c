// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/workload.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "model/frame_names.h"
#include "model/incident.h"

/* Of a command line, what is compared. */
#define COMMAND_BYTES 256

/* --- what differs from one life to the next -------------------------------------------------- */

#define HEX_DIGITS "0123456789abcdefABCDEF"
#define DIGITS "0123456789"
/* What Kubernetes makes the ends of its names of (rand.SafeEncodeString of apimachinery). */
#define KUBE_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define VOWELS "aeiouyAEIOUY"
/* Shorter ones are parts of names: "e2e", "h2o", "i18n". */
#define ID_LEAST 5
/* So many hexadecimal digits are an id, even if all of them happen to be letters. */
#define HEX_SURE 12

static bool all_of(const char *token, size_t len, const char *set)
{
	return strspn(token, set) >= len;
}

static bool has_any(const char *token, size_t len, const char *set)
{
	return strcspn(token, set) < len;
}

/* The first digit is followed by something else: "x2f9k", and not "slot12". */
static bool has_digits_within(const char *token, size_t len)
{
	size_t letters = strcspn(token, DIGITS);

	return letters < len && letters + strspn(token + letters, DIGITS) < len;
}

/* "mixEd": mktemp's; not "CamelCase", which has no digit. */
static bool is_id(const char *token, size_t len)
{
	bool has_digit = has_any(token, len, DIGITS);

	if (len < ID_LEAST)
		return false;
	if (all_of(token, len, HEX_DIGITS) && (has_digit || len >= HEX_SURE))
		return true;
	if (len == ID_LEAST && all_of(token, len, KUBE_LETTERS) && !has_any(token, len, VOWELS))
		return true;
	return has_digits_within(token, len);
}

static void generalise_token(const char *token, size_t len, char **to)
{
	if (is_id(token, len)) {
		*(*to)++ = '*';
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)token[i]))
			*(*to)++ = token[i];
		else if (i == 0 || !isdigit((unsigned char)token[i - 1]))
			*(*to)++ = '*';
	}
}

/* Of a template unit, up to the ending: "worker@blue.service". */
static size_t instance_len(const char *at)
{
	size_t len = strcspn(at, "/");
	const char *dot = memrchr(at, '.', len);

	return dot ? (size_t)(dot - at) : len;
}

void workload_generalise(const char *text, char *ret_text)
{
	char *to = ret_text;

	while (*text) {
		size_t len = 0, instance;

		while (isalnum((unsigned char)text[len]))
			len++;
		generalise_token(text, len, &to);
		text += len;
		instance = *text == '@' ? instance_len(text + 1) : 0;
		if (*text)
			*to++ = *text++;
		if (instance)
			*to++ = '*';
		text += instance;
	}
	*to = '\0';
}

static const char *generalised(struct arena *arena, const char *text)
{
	char *result = text ? arena_alloc(arena, strlen(text) + 1, 1) : NULL;

	if (result)
		workload_generalise(text, result);
	return result;
}

/* --- stacks ---------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t hash_string(uint64_t hash, const char *text)
{
	for (;; text++) {
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
		if (!*text)
			return hash;
	}
}

uint64_t workload_stack_hash(const struct growth_row *row)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	uint32_t taken = 0;

	/* how far the walk got may be another thing in each life */
	if (row->origin != STACK_USER || frame_names_are_incomplete(row))
		return 0;
	for (uint32_t i = 0; i < row->frame_count; i++) {
		/* an address in no file, as of a JIT's code, is another one in each life */
		if (!row->places[i].module)
			continue;
		hash = hash_string(hash, row->frames[i]);
		taken++;
	}
	return taken ? hash : 0;
}

static size_t place_of_hash(const uint64_t hashes[LIFE_STACKS], uint64_t hash)
{
	size_t place = 0;

	while (place < LIFE_STACKS && hashes[place] && hashes[place] != hash)
		place++;
	return place;
}

void workload_top_stacks(const struct growth_row *rows, size_t count, uint64_t hashes[LIFE_STACKS],
			 uint64_t bytes[LIFE_STACKS])
{
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = workload_stack_hash(&rows[i]);
		size_t place = place_of_hash(hashes, hash);

		if (!hash || rows[i].bytes <= 0 || place == LIFE_STACKS)
			continue;
		hashes[place] = hash;
		bytes[place] += (uint64_t)rows[i].bytes;
	}
}

/* --- who and where --------------------------------------------------------------------------- */

static const char *command_of(const struct incident_victim *victim, struct arena *arena)
{
	char words[COMMAND_BYTES];
	size_t len = 0;

	if (!victim->word_count)
		return NULL;
	for (size_t i = 0; i < victim->word_count && len + 1 < sizeof(words); i++) {
		size_t room = sizeof(words) - 1 - len, bytes = strlen(victim->words[i]) + 1;

		/* the NUL that ends a word keeps two of them apart, as a blank */
		bytes = bytes < room ? bytes : room;
		memcpy(words + len, victim->words[i], bytes);
		words[len + bytes - 1] = ' ';
		len += bytes;
	}
	words[len] = '\0';
	return generalised(arena, words);
}

/* Each shell command of one login is in the same scope, and a unit that was made for one run has a
 * number for a name. */
static bool is_unit_of_people(const char *unit)
{
	size_t len = strlen(unit);

	return len > strlen(".service") &&
	       strcmp(unit + len - strlen(".service"), ".service") == 0 &&
	       strncmp(unit, "run-", 4) != 0;
}

static const char *place_of(const struct incident_victim *victim, struct arena *arena,
			    bool *ret_named)
{
	const struct workload_event *names = victim->names;
	const struct place *place = &victim->place;
	const char *pod = names && names->pod ? generalised(arena, names->pod) : NULL;

	*ret_named = true;
	if (pod)
		return arena_printf(arena, "pod %s/%s/%s",
				    names->kube_namespace ? names->kube_namespace : "", pod,
				    names->container ? names->container : "");
	if (place->pod_uid)
		return arena_printf(arena, "pod %s", place->pod_uid);
	if (!place->container_id && place->unit && is_unit_of_people(place->unit))
		return generalised(arena, place->unit);
	*ret_named = false;
	return generalised(arena, victim->kill.cgroup ? victim->kill.cgroup : "");
}

/*
 * "registry:5000/shop/mailer:1.4@sha256:…" without what another version of it would have: a colon
 * before the last slash is a port's. An id of an image, "sha256:…", is left whole. NULL: no memory,
 * which is as if it were unknown.
 */
static char *repository_of(const char *image, struct arena *arena)
{
	char *copy = arena_strdup(arena, image), *at, *slash;

	if (!copy || strncmp(copy, "sha256:", strlen("sha256:")) == 0)
		return copy;
	at = strchr(copy, '@');
	if (at)
		*at = '\0';
	slash = strrchr(copy, '/');
	at = strchr(slash ? slash : copy, ':');
	if (at)
		*at = '\0';
	return copy;
}

/* Of pods the names of the kubelet are the place. */
static void take_container(const struct incident_victim *victim, struct arena *arena,
			   struct workload *workload)
{
	if (workload->place_is_named || !victim->place.container_id)
		return;
	if (victim->image)
		workload->image = repository_of(victim->image, arena);
	if (victim->names && victim->names->container)
		workload->container = arena_strdup(arena, victim->names->container);
}

int workload_of(const struct incident *incident, struct arena *arena, struct workload *ret_workload)
{
	const struct incident_victim *victim =
		incident->victim_count ? &incident->victims[0] : NULL;
	struct workload workload = {.cgroup = NULL};
	uint64_t bytes[LIFE_STACKS] = {0};

	if (!victim)
		return -ENODATA;
	workload.place = place_of(victim, arena, &workload.place_is_named);
	workload.program = arena_strdup(arena, victim->exe ? victim->exe : victim->comm);
	if (!workload.place || !workload.program)
		return -ENOMEM;
	take_container(victim, arena, &workload);
	workload.command = command_of(victim, arena);
	if (victim->kill.cgroup)
		workload.cgroup = arena_strdup(arena, victim->kill.cgroup);
	workload_top_stacks(incident->held.rows, incident->held.row_count, workload.stacks, bytes);
	*ret_workload = workload;
	return 0;
}

/* --- the same? ------------------------------------------------------------------------------- */

static bool is_among(uint64_t hash, const uint64_t stacks[LIFE_STACKS])
{
	for (int i = 0; i < LIFE_STACKS; i++)
		if (hash && stacks[i] == hash)
			return true;
	return false;
}

enum likeness { UNLIKE, UNKNOWN, ALIKE };

static enum likeness commands_are(const struct workload *left, const struct workload *right)
{
	if (!left->command || !right->command)
		return UNKNOWN;
	return strcmp(left->command, right->command) == 0 ? ALIKE : UNLIKE;
}

/* Of two stacks that are about as large either may be the first. */
static enum likeness stacks_are(const struct workload *left, const struct workload *right)
{
	if (!left->stacks[0] || !right->stacks[0])
		return UNKNOWN;
	return is_among(left->stacks[0], right->stacks) || is_among(right->stacks[0], left->stacks)
		       ? ALIKE
		       : UNLIKE;
}

static bool is_same_cgroup(const struct workload *left, const struct workload *right)
{
	return left->cgroup && right->cgroup && strcmp(left->cgroup, "/") != 0 &&
	       strcmp(left->cgroup, right->cgroup) == 0;
}

/* Containers of one image are in one place, wherever their cgroups lie. */
static enum likeness images_are(const struct workload *left, const struct workload *right)
{
	if (!left->image || !right->image)
		return UNKNOWN;
	return strcmp(left->image, right->image) == 0 ? ALIKE : UNLIKE;
}

static bool is_same_place(const struct workload *left, const struct workload *right)
{
	enum likeness images = images_are(left, right);

	if (left->place_is_named != right->place_is_named || images == UNLIKE)
		return false;
	return images == ALIKE || strcmp(left->place, right->place) == 0;
}

/* Names that runtimes make up are other ones each time, and say nothing. */
static bool is_same_container(const struct workload *left, const struct workload *right)
{
	return images_are(left, right) == ALIKE && left->container && right->container &&
	       strcmp(left->container, right->container) == 0;
}

/*
 * In a place that has a name, as a container of one name and image is, or in the very same cgroup,
 * the program says it, unless its words say otherwise: an interpreter runs many things. Where only
 * the pattern of the path is the same, its words or its stacks have to be as well, and neither may
 * differ.
 */
bool workload_is_same(const struct workload *left, const struct workload *right)
{
	enum likeness commands = commands_are(left, right), stacks = stacks_are(left, right);

	if (strcmp(left->program, right->program) != 0 || !is_same_place(left, right))
		return false;
	if (left->place_is_named || is_same_container(left, right) || is_same_cgroup(left, right))
		return commands != UNLIKE;
	return commands != UNLIKE && stacks != UNLIKE && (commands == ALIKE || stacks == ALIKE);
}

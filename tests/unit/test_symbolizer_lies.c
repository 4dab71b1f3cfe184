// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recorder is root and its names child may have become an attacker: an answer that was not
 * asked for ends the child, and the module it worked on is given up.
 *
 * symbolizer.c is linked to a child of this file's making: the functions of names_child.h below
 * stand in for those of names_child.c, and answer as the test says.
 */
#include "module_fixture.h"

#include "symbols/names_child.h"
#include "symbols/symbolizer.h"

/* Alters the answer that an honest child would give, or returns -errno in its place. */
typedef int (*lie_fn)(struct names_answer *answer);

static struct {
	lie_fn lie; /* NULL: an honest child */
	unsigned int started;
	struct names_request request;
	unsigned int demangled;
	/* alters the module file before it is written */
	void (*forge)(struct module_fixture *fixture);
} fake;

uint64_t deadline_after(unsigned int milliseconds)
{
	return milliseconds;
}

int names_child_start(struct names_child *ret_child, uint64_t deadline_ns)
{
	(void)deadline_ns;
	fake.started++;
	*ret_child = (struct names_child){.pidfd = 1000, .socket = -1};
	return 0;
}

int names_child_start_fetching(struct names_child *ret_child, const struct fetch_places *places,
			       uint64_t deadline_ns)
{
	(void)ret_child;
	(void)places;
	(void)deadline_ns;
	return -ELIBACC;
}

void names_child_end(struct names_child *child)
{
	*child = NAMES_CHILD_NONE;
}

bool names_child_is_running(const struct names_child *child)
{
	return child->pidfd >= 0;
}

static void module_build(const struct module_identity *identity, int fd)
{
	struct module_fixture fixture = module_fixture_make(identity);

	if (fake.forge)
		fake.forge(&fixture);
	assert_int_equal(write(fd, &fixture, sizeof(fixture)), sizeof(fixture));
}

int names_child_send(const struct names_child *child, const struct names_request *request,
		     const int *fds, size_t fd_count)
{
	assert_true(child->pidfd >= 0);
	fake.request = *request;
	assert_in_range(fd_count, 0, NAMES_FDS_MAX);
	if (request->type == NAMES_BUILD)
		module_build(&request->identity, fds[1]);
	return 0;
}

int names_child_receive(const struct names_child *child, uint64_t deadline_ns,
			const struct names_meanwhile *meanwhile, struct names_answer *ret_answer)
{
	static const uint32_t types[] = {
		[NAMES_IDENTIFY] = NAMES_IDENTITY,
		[NAMES_BUILD] = NAMES_BUILT,
		[NAMES_DEMANGLE] = NAMES_DEMANGLED,
	};
	struct names_answer answer = {
		.type = types[fake.request.type],
		.module = fake.request.module,
	};

	(void)meanwhile;
	(void)deadline_ns;
	assert_true(child->pidfd >= 0);
	if (fake.request.type == NAMES_IDENTIFY)
		answer.length = sizeof(struct names_identity);
	if (fake.request.type == NAMES_DEMANGLE) {
		fake.demangled++;
		answer.length = 4;
		memcpy(answer.bytes, "main", 4);
	}
	*ret_answer = answer;
	return fake.lie ? fake.lie(ret_answer) : 0;
}

/* --- the lies: each is told in answer to one kind of request --- */

static int lie_wrong_type(struct names_answer *answer)
{
	answer->type = NAMES_READY;
	return 0;
}

static int lie_wrong_module(struct names_answer *answer)
{
	answer->module++;
	return 0;
}

static int lie_no_name(struct names_answer *answer)
{
	answer->length = 0;
	return 0;
}

static int lie_nul_in_name(struct names_answer *answer)
{
	memcpy(answer->bytes, "ma\0n", 4);
	return 0;
}

static int lie_long_build_id(struct names_answer *answer)
{
	answer->bytes[offsetof(struct names_identity, build_id_bytes)] = NAMES_BUILD_ID_MAX + 1;
	return 0;
}

static int lie_short_identity(struct names_answer *answer)
{
	answer->length--;
	return 0;
}

static int lie_path_as_name(struct names_answer *answer)
{
	strcpy(answer->bytes + offsetof(struct names_identity, debug_name), "../../etc/shadow");
	return 0;
}

static int lie_directory_as_name(struct names_answer *answer)
{
	strcpy(answer->bytes + offsetof(struct names_identity, debug_name), "..");
	return 0;
}

static int lie_endless_name(struct names_answer *answer)
{
	memset(answer->bytes + offsetof(struct names_identity, debug_name), 'x',
	       NAMES_DEBUG_NAME_MAX);
	return 0;
}

static int die(struct names_answer *answer)
{
	(void)answer;
	return -ECONNRESET;
}

static int die_once(struct names_answer *answer)
{
	fake.lie = NULL;
	return die(answer);
}

static int die_at_the_second_name(struct names_answer *answer)
{
	return fake.demangled == 2 ? die_once(answer) : 0;
}

/* --- the lies of a module file --- */

static void forge_identity(struct module_fixture *fixture)
{
	fixture->header.identity.file.inode ^= 1;
	module_fixture_seal(fixture);
}

static void forge_checksum(struct module_fixture *fixture)
{
	fixture->header.crc32 ^= 1;
}

static void forge_bounds(struct module_fixture *fixture)
{
	fixture->symbols[0].name = 0x7fffffff;
	module_fixture_seal(fixture);
}

/* --- what the recorder makes of them --- */

struct names {
	size_t count;
	size_t named;
	uint64_t last_offset;
};

static void on_name(void *context, uint32_t module, uint64_t offset, const char *name)
{
	struct names *names = context;

	assert_int_equal(module, 1);
	assert_true(offset > names->last_offset);
	if (name)
		assert_string_equal(name, "main");
	names->last_offset = offset;
	names->count++;
	names->named += name != NULL;
}

static int fake_reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static struct symbolizer *symbolizer_start(void)
{
	const struct symbolizer_places places = {};
	struct symbolizer *symbolizer = NULL;

	assert_int_equal(symbolizer_open(&places, &symbolizer), 0);
	return symbolizer;
}

static int module_add(struct symbolizer *symbolizer)
{
	uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX] = {7}, build_id_len = 99;
	int r = symbolizer_add_module(symbolizer, 1, STDERR_FILENO, build_id, &build_id_len);

	/* nothing is handed out on failure */
	assert_int_equal(build_id_len, r == 0 ? 0 : 99);
	assert_int_equal(build_id[0], 7);
	return r;
}

static struct names module_name(struct symbolizer *symbolizer, int expected)
{
	static const uint64_t offsets[] = {0x10, 0x20, 0x30};
	struct names names = {};

	assert_int_equal(symbolizer_name(symbolizer, 1, offsets, 3, on_name, &names), expected);
	assert_int_equal(names.count, 3);
	return names;
}

static void assert_lied(const struct symbolizer *symbolizer)
{
	struct symbolizer_losses losses;

	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_lied, 1);
	assert_int_equal(losses.modules_given_up, 1);
}

static void an_honest_child_is_believed(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	assert_int_equal(module_add(symbolizer), 0);
	assert_int_equal(module_name(symbolizer, 0).named, 3);
	assert_int_equal(fake.started, 1);
}

static void lies_about_an_identity_end_the_child(void **state)
{
	static const lie_fn lies[] = {lie_wrong_type,     lie_wrong_module, lie_long_build_id,
				      lie_short_identity, lie_path_as_name, lie_directory_as_name,
				      lie_endless_name};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

		fake_reset(state);
		fake.lie = lies[i];
		assert_int_equal(module_add(symbolizer), -EBADMSG);
		assert_lied(symbolizer);
		fake.lie = NULL;
		assert_int_equal(module_name(symbolizer, -ENODATA).named, 0);
	}
}

static void lies_about_names_end_the_child(void **state)
{
	static const lie_fn lies[] = {lie_wrong_type, lie_wrong_module, lie_no_name,
				      lie_nul_in_name};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

		fake_reset(state);
		assert_int_equal(module_add(symbolizer), 0);
		assert_int_equal(module_name(symbolizer, 0).named, 3);
		fake.lie = lies[i];
		assert_int_equal(module_name(symbolizer, -EBADMSG).named, 0);
		assert_lied(symbolizer);
	}
}

static void lies_in_a_module_file_end_the_child(void **state)
{
	void (*const forgeries[])(struct module_fixture *) = {forge_identity, forge_checksum,
							      forge_bounds};

	for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
		struct module_rows rows;

		fake_reset(state);
		assert_int_equal(module_add(symbolizer), 0);
		fake.forge = forgeries[i];
		assert_int_equal(symbolizer_rows(symbolizer, 1, &rows), -EBADMSG);
		assert_lied(symbolizer);
		fake.forge = NULL;
		assert_int_equal(module_name(symbolizer, -ENODATA).named, 0);
	}
}

static void a_child_that_dies_once_is_forgiven(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	fake.lie = die_once;
	assert_int_equal(module_add(symbolizer), 0);
	assert_int_equal(module_name(symbolizer, 0).named, 3);
	assert_int_equal(fake.started, 2);
}

/* What was answered before the death is not asked, nor reported, again. */
static void naming_goes_on_where_the_dead_child_stopped(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();

	(void)state;
	assert_int_equal(module_add(symbolizer), 0);
	fake.lie = die_at_the_second_name;
	assert_int_equal(module_name(symbolizer, 0).named, 3);
	/* three, and the second of them again */
	assert_int_equal(fake.demangled, 4);
	assert_int_equal(fake.started, 2);
}

static void a_module_that_kills_twice_is_given_up(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = symbolizer_start();
	struct symbolizer_losses losses;

	(void)state;
	assert_int_equal(module_add(symbolizer), 0);
	fake.lie = die;
	assert_int_equal(module_name(symbolizer, -ECONNRESET).named, 0);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.children_died, 2);
	assert_int_equal(losses.modules_given_up, 1);
	fake.lie = NULL;
	assert_int_equal(module_name(symbolizer, -ENODATA).named, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_honest_child_is_believed, fake_reset),
		cmocka_unit_test(lies_about_an_identity_end_the_child),
		cmocka_unit_test(lies_about_names_end_the_child),
		cmocka_unit_test(lies_in_a_module_file_end_the_child),
		cmocka_unit_test_setup(a_child_that_dies_once_is_forgiven, fake_reset),
		cmocka_unit_test_setup(naming_goes_on_where_the_dead_child_stopped, fake_reset),
		cmocka_unit_test_setup(a_module_that_kills_twice_is_given_up, fake_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

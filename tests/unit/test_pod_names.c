// SPDX-License-Identifier: GPL-2.0-or-later
/* What a pod and its container are called, by the names of log files. */
#include "test.h"

#include <string.h>

#include "capture/pod_names.h"
#include "fake_proc.h"

#define ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"
#define OTHER_ID "aaaac1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2caaaa"
#define UID "0f6a1b2c-1234-4abc-8def-0123456789ab"
#define STATIC_UID "0f6a1b2c12344abc8def0123456789ab"

static const struct place pod_and_id = {.pod_uid = UID, .container_id = ID};
static const struct place pod_alone = {.pod_uid = UID};
static const struct place id_alone = {.container_id = ID};

static void expect(const struct fake_proc *fake, const struct place *place, const char *space,
		   const char *pod, const char *container)
{
	struct pod_names names;

	assert_true(pod_names_find(&fake->root, place, &names));
	assert_string_equal(names.kube_namespace, space);
	assert_string_equal(names.pod, pod);
	assert_string_equal(names.container, container);
}

static void expect_none(const struct fake_proc *fake, const struct place *place)
{
	struct pod_names names;

	assert_false(pod_names_find(&fake->root, place, &names));
	assert_string_equal(names.pod, "");
}

static int make(void **state)
{
	static struct fake_proc fake;

	fake_proc_make(&fake);
	*state = &fake;
	return 0;
}

static int drop(void **state)
{
	fake_proc_remove(*state);
	return 0;
}

static void test_the_pods_directory_has_namespace_and_pod_by_uid(void **state)
{
	fake_proc_write(*state, "pods/shop_other_11111111-1234-4abc-8def-0123456789ab/a/0.log", "");
	fake_proc_write(*state, "pods/shop_mailer-0_" UID "/worker/0.log", "");
	expect(*state, &pod_alone, "shop", "mailer-0", "worker");
	expect(*state, &pod_and_id, "shop", "mailer-0", "worker");
	expect_none(*state, &id_alone);
}

static void test_a_static_pods_uid_has_no_dashes(void **state)
{
	const struct place place = {.pod_uid = STATIC_UID};

	fake_proc_write(*state, "pods/kube-system_etcd-node1_" STATIC_UID "/etcd/0.log", "");
	expect(*state, &place, "kube-system", "etcd-node1", "etcd");
}

static void test_of_several_containers_the_id_tells_which(void **state)
{
	fake_proc_write(*state, "pods/shop_mailer-0_" UID "/worker/0.log", "");
	fake_proc_write(*state, "pods/shop_mailer-0_" UID "/side-car/0.log", "");
	expect(*state, &pod_and_id, "shop", "mailer-0", "");
	fake_proc_write(*state, "containers/mailer-0_shop_worker-" OTHER_ID ".log", "");
	fake_proc_write(*state, "containers/mailer-0_shop_side-car-" ID ".log", "");
	expect(*state, &pod_and_id, "shop", "mailer-0", "side-car");
	expect(*state, &id_alone, "shop", "mailer-0", "side-car");
}

static void test_a_name_that_was_cut_matches_by_what_is_left_of_the_id(void **state)
{
	fake_proc_write(*state, "containers/mailer-0_shop_worker-3fe0c1d2b3a4.log", "");
	expect(*state, &id_alone, "shop", "mailer-0", "worker");
}

static void test_what_only_looks_so_is_passed_over(void **state)
{
	static const char *const names[] = {
		"containers/mailer-0_shop_worker-3fe.log",
		"containers/mailer-0_shop_worker-.log",
		"containers/mailer-0_shop_worker-" ID,
		"containers/mailer-0_shop_worker-" ID "0.log",
		"containers/mailer-0-" ID ".log",
		"containers/" ID ".log",
		"containers/.log",
		"containers/_",
		"pods/" UID "/a/0.log",
		"pods/mailer-0_" UID "/a/0.log",
		"pods/_/a",
		"pods/shop_mailer-0_" UID "0/a/0.log",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fake_proc_write(*state, names[i], "");
	expect_none(*state, &pod_and_id);
}

static void test_no_link_is_followed_out_of_the_directory(void **state)
{
	struct fake_proc *fake = *state;

	fake_proc_write(fake, "elsewhere/shop_mailer-0_" UID "/worker/0.log", "");
	fake_proc_write(fake, "elsewhere/mailer-0_shop_worker-" ID ".log", "");
	assert_int_equal(symlinkat("elsewhere", fake->root.log_fd, "pods"), 0);
	assert_int_equal(symlinkat("elsewhere", fake->root.log_fd, "containers"), 0);
	expect_none(fake, &pod_and_id);
}

static void test_a_directory_without_end_is_given_up(void **state)
{
	char name[64];

	for (int i = 0; i < POD_ENTRIES_MAX + 100; i++) {
		snprintf(name, sizeof(name), "pods/a_b_%d", i);
		fake_proc_write(*state, name, "");
	}
	expect_none(*state, &pod_and_id);
}

static void test_without_logs_there_are_no_names(void **state)
{
	const struct sysroot nothing = SYSROOT_CLOSED;
	struct pod_names names;

	expect_none(*state, &pod_and_id);
	assert_false(pod_names_find(&nothing, &pod_and_id, &names));
}

int main(void)
{
#define ON_A_TREE(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		ON_A_TREE(test_the_pods_directory_has_namespace_and_pod_by_uid),
		ON_A_TREE(test_a_static_pods_uid_has_no_dashes),
		ON_A_TREE(test_of_several_containers_the_id_tells_which),
		ON_A_TREE(test_a_name_that_was_cut_matches_by_what_is_left_of_the_id),
		ON_A_TREE(test_what_only_looks_so_is_passed_over),
		ON_A_TREE(test_no_link_is_followed_out_of_the_directory),
		ON_A_TREE(test_a_directory_without_end_is_given_up),
		ON_A_TREE(test_without_logs_there_are_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

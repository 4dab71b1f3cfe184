// SPDX-License-Identifier: GPL-2.0-or-later
/* Where runtimes keep what they know of a container. */
#include "test.h"

#include <string.h>
#include <unistd.h>

#include "capture/container_state.h"
#include "fake_proc.h"

#define ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"
#define CONTAINERD "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json"
#define STORE "var/lib/containers/storage/overlay-containers/containers.json"

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

/* The format, and the file's first byte, which says which one it is; "" for none. */
static void expect(const struct fake_proc *fake, const char *runtime, enum container_format wanted,
		   const char *byte)
{
	const struct place place = {.runtime = runtime, .container_id = ID};
	enum container_format format = CONTAINER_NONE;
	_cleanup_close_ int fd = container_state_open(&fake->root, &place, &format);
	char got[2] = "";

	if (fd >= 0)
		assert_int_equal(read(fd, got, 1), 1);
	assert_int_equal(format, wanted);
	assert_string_equal(got, byte);
}

static void test_each_runtime_has_its_file(void **state)
{
	fake_proc_write(*state, "var/lib/docker/containers/" ID "/config.v2.json", "d");
	fake_proc_write(*state, CONTAINERD, "c");
	fake_proc_write(*state, STORE, "s");
	expect(*state, "docker", CONTAINER_DOCKER, "d");
	expect(*state, "containerd", CONTAINER_OCI, "c");
	expect(*state, "podman", CONTAINER_STORE, "s");
	/* another one's is not taken for it */
	expect(*state, "cri-o", CONTAINER_NONE, "");
	fake_proc_write(*state,
			"run/containers/storage/overlay-containers/" ID "/userdata/config.json",
			"o");
	expect(*state, "cri-o", CONTAINER_OCI, "o");
}

static void test_where_the_cgroup_does_not_tell_the_runtime_each_is_tried(void **state)
{
	fake_proc_write(*state, STORE, "s");
	expect(*state, NULL, CONTAINER_STORE, "s");
	fake_proc_write(
		*state,
		"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json", "k");
	expect(*state, NULL, CONTAINER_OCI, "k");
	expect(*state, "containerd", CONTAINER_OCI, "k");
}

static void test_a_data_directory_may_be_a_link(void **state)
{
	fake_proc_write(*state, "data/docker/containers/" ID "/config.v2.json", "d");
	fake_proc_write(*state, "var/lib/other", "");
	fake_proc_link(*state, "var/lib/docker", "/data/docker");
	expect(*state, "docker", CONTAINER_DOCKER, "d");
}

static void test_only_regular_files_and_only_whole_ids(void **state)
{
	const struct fake_proc *fake = *state;
	const struct place named = {.runtime = "lxc", .container_id = "../../etc"};
	const struct sysroot nothing = SYSROOT_CLOSED;
	const struct place place = {.runtime = "docker", .container_id = ID};
	enum container_format format = CONTAINER_NONE;
	char path[512];

	fake_proc_write(fake, "var/lib/docker/containers/" ID "/other", "");
	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/" ID "/config.v2.json",
		 fake->path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect(fake, "docker", CONTAINER_NONE, "");
	assert_true(container_state_open(&fake->root, &named, &format) < 0);
	assert_true(container_state_open(&nothing, &place, &format) < 0);
	assert_int_equal(format, CONTAINER_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_runtime_has_its_file, make, drop),
		cmocka_unit_test_setup_teardown(
			test_where_the_cgroup_does_not_tell_the_runtime_each_is_tried, make, drop),
		cmocka_unit_test_setup_teardown(test_a_data_directory_may_be_a_link, make, drop),
		cmocka_unit_test_setup_teardown(test_only_regular_files_and_only_whole_ids, make,
						drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

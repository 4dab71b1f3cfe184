// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What files of runtimes say of a container. Those in tests/data/containers were written by docker
 * 20.10, containerd 1.6 (by `ctr run`, with the annotations of its CRI plugin) and podman 4.3.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbols/container_config.h"
#include "symbols/symbolizer.h"

#define DATA "tests/data/containers/"
#define ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"
#define OTHER "399570792f29491d48dcdff7fa087644e89c3b35b889406affed0bd9ebf7aace"

static const struct recorded {
	const char *file;
	enum container_format format;
	const char *id, *image, *name;
} recorded[] = {
	{DATA "docker.config.v2.json", CONTAINER_DOCKER, ID, "localhost/shop/mailer:1.4", "mailer"},
	{DATA "containerd.config.json", CONTAINER_OCI, ID, "localhost/shop/mailer:1.4", "worker"},
	{DATA "podman.containers.json", CONTAINER_STORE, OTHER, "localhost/shop/mailer:1.4",
	 "other"},
};

static void test_each_runtimes_own_file_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		const struct recorded *one = &recorded[i];
		_cleanup_close_ int fd = open(one->file, O_RDONLY | O_CLOEXEC);
		struct container_names names;

		assert_true(fd >= 0);
		assert_int_equal(container_config_read(fd, one->format, one->id, &names), 0);
		assert_string_equal(names.image, one->image);
		assert_string_equal(names.name, one->name);
	}
}

/* The whole way: descriptors to the locked-in child, names back. */
static void test_the_names_child_reads_them(void **state)
{
	const struct symbolizer_places places = {.cache = NULL};
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int pipe_end = -1;
	int ends[2];
	struct container_names names;

	(void)state;
	assert_int_equal(symbolizer_open(&places, &symbolizer), 0);
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		const struct recorded *one = &recorded[i];
		_cleanup_close_ int fd = open(one->file, O_RDONLY | O_CLOEXEC);

		assert_int_equal(symbolizer_container(symbolizer, one->format, one->id, fd, &names),
				 0);
		assert_string_equal(names.image, one->image);
		assert_string_equal(names.name, one->name);
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pipe_end = ends[0];
	close(ends[1]);
	assert_int_equal(symbolizer_container(symbolizer, CONTAINER_OCI, ID, pipe_end, &names),
			 -ESPIPE);
	assert_int_equal(symbolizer_container(symbolizer, CONTAINER_OCI, "short", pipe_end, &names),
			 -EINVAL);
}

static void expect(const char *text, enum container_format format, int error, const char *image,
		   const char *name)
{
	struct container_names names = {.image = "untouched"};

	assert_int_equal(container_config_parse(text, strlen(text), format, ID, &names), error);
	if (error == 0) {
		assert_string_equal(names.image, image);
		assert_string_equal(names.name, name);
	}
}

static void test_cri_o_has_annotations_and_metadata_of_its_own(void **state)
{
	(void)state;
	expect("{\"annotations\":{\"io.kubernetes.cri-o.ImageName\":\"shop/mailer:2\","
	       "\"io.kubernetes.container.name\":\"worker\"}}",
	       CONTAINER_OCI, 0, "shop/mailer:2", "worker");
	expect("[{\"id\":\"" ID "\",\"metadata\":\"{\\\"image-name\\\":\\\"shop/mailer:2\\\","
	       "\\\"name\\\":\\\"k8s_worker_mailer-0_shop_uid_0\\\","
	       "\\\"metadata-name\\\":\\\"worker\\\"}\"}]",
	       CONTAINER_STORE, 0, "shop/mailer:2", "worker");
}

static void test_what_is_no_such_json_has_no_image(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"null",
		"7",
		"\"x\"",
		"[[[[",
		"{\"Config\":7,\"Name\":8}",
		"{\"annotations\":[]}",
		"{\"annotations\":{\"io.kubernetes.cri.image-name\":null}}",
		"[7,{},{\"id\":8},{\"id\":\"" ID "\"},{\"id\":\"" ID "\",\"metadata\":\"x\"}]",
		"[{\"id\":\"" OTHER "\",\"metadata\":\"{\\\"image-name\\\":\\\"a\\\"}\"}]",
		"{\"Name\":\"\xff\"}",
		"{\"Name\":\"a\\u0000b\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (int format = 0; format <= CONTAINER_FORMAT_COUNT; format++) {
			struct container_names names;
			int error = container_config_parse(texts[i], strlen(texts[i]), format, ID,
							   &names);

			assert_true(error == -EBADMSG || error == -ENODATA);
		}
}

static void test_everything_is_bounded(void **state)
{
	_cleanup_free_ char *text = malloc(CONTAINER_STORE_BYTES + 2);
	struct container_names names;
	int len;

	(void)state;
	assert_non_null(text);
	memset(text, '[', CONTAINER_STORE_BYTES + 1);
	text[CONTAINER_STORE_BYTES + 1] = '\0';
	assert_int_equal(container_config_parse(text, CONTAINER_STORE_BYTES + 1, CONTAINER_STORE,
						ID, &names),
			 -EFBIG);
	assert_int_equal(container_config_parse(text, CONTAINER_CONFIG_BYTES + 1, CONTAINER_DOCKER,
						ID, &names),
			 -EFBIG);
	/* as deep as it is long */
	expect(text + CONTAINER_STORE_BYTES - 100000, CONTAINER_STORE, -EBADMSG, "", "");
	/* no reference is so long: none is better than the beginning of one */
	len = snprintf(text, CONTAINER_STORE_BYTES, "{\"Name\":\"/web\",\"Config\":{\"Image\":\"");
	memset(text + len, 'a', CONTAINER_IMAGE_MAX);
	strcpy(text + len + CONTAINER_IMAGE_MAX, "\"}}");
	expect(text, CONTAINER_DOCKER, 0, "", "web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_runtimes_own_file_is_read),
		cmocka_unit_test(test_the_names_child_reads_them),
		cmocka_unit_test(test_cri_o_has_annotations_and_metadata_of_its_own),
		cmocka_unit_test(test_what_is_no_such_json_has_no_image),
		cmocka_unit_test(test_everything_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a process lives, by its cgroup's path: every runtime and driver that is known. */
#include "test.h"

#include <string.h>

#include "capture/container.h"

#define ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"
#define OTHER_ID "aaaac1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2caaaa"
#define UID "0f6a1b2c-1234-4abc-8def-0123456789ab"
#define UID_ "0f6a1b2c_1234_4abc_8def_0123456789ab"
#define STATIC_UID "0f6a1b2c12344abc8def0123456789ab"
#define BURSTABLE "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice"

static const struct {
	const char *path;
	struct place place;
} cases[] = {
	{"/", {NULL, NULL, NULL, NULL}},
	{NULL, {NULL, NULL, NULL, NULL}},
	{BURSTABLE "/cri-containerd-" ID ".scope", {NULL, ID, "containerd", UID}},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 {"containerd.service", ID, "containerd", UID}},
	{BURSTABLE "/crio-" ID ".scope", {NULL, ID, "cri-o", UID}},
	{BURSTABLE "/crio-" ID ".scope/container", {NULL, ID, "cri-o", UID}},
	{BURSTABLE "/crio-conmon-" ID ".scope", {NULL, NULL, NULL, UID}},
	{"/kubepods/burstable/pod" UID "/" ID, {NULL, ID, NULL, UID}},
	{"/kubepods/pod" UID "/" ID, {NULL, ID, NULL, UID}},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope",
	 {NULL, ID, "docker", UID}},
	{"/docker/" ID, {NULL, ID, "docker", NULL}},
	{"/system.slice/docker-" ID ".scope", {NULL, ID, "docker", NULL}},
	{"/machine.slice/libpod-" ID ".scope/container", {NULL, ID, "podman", NULL}},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	 {"user@1000.service", ID, "podman", NULL}},
	{"/libpod_parent/libpod-" ID, {NULL, ID, "podman", NULL}},
	{"/system.slice/docker-" OTHER_ID ".scope" BURSTABLE "/cri-containerd-" ID ".scope",
	 {NULL, ID, "containerd", UID}},
	{"/docker/" OTHER_ID "/kubepods/besteffort/pod" UID "/" ID, {NULL, ID, NULL, UID}},
	{"/docker/" OTHER_ID "/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID ".scope",
	 {NULL, ID, "containerd", UID}},
	{"/kubepods/burstable/pod" STATIC_UID "/" ID, {NULL, ID, NULL, STATIC_UID}},
	{"/lxc/web", {NULL, "web", "lxc", NULL}},
	{"/lxc.payload.web/system.slice/cron.service", {"cron.service", "web", "lxc", NULL}},
	{"/podruntime/kubelet", {NULL, "kubelet", "talos", NULL}},
	{"/system.slice/cron.service", {"cron.service", NULL, NULL, NULL}},
	{"/system.slice/batch\\x2dnight.service/worker", {"batch-night.service", NULL, NULL, NULL}},
	{"/user.slice/user-0.slice/session-3.scope", {"session-3.scope", NULL, NULL, NULL}},
	/* what only looks so */
	{"/system.slice/docker-abc.scope", {"docker-abc.scope", NULL, NULL, NULL}},
	{"/kubepods/podium/"
	 "3fe0",
	 {NULL, NULL, NULL, NULL}},
	{"/kubepods/pod/" ID "0", {NULL, NULL, NULL, NULL}},
	{"/.service/.slice/cri-containerd-.scope", {"cri-containerd-.scope", NULL, NULL, NULL}},
	{"///", {NULL, NULL, NULL, NULL}},
	{"/a\\x00b\\x.service", {"a\\x00b\\x.service", NULL, NULL, NULL}},
};

static void expect_same(const char *path, const char *what, const char *got, const char *wanted)
{
	if (!got != !wanted || (got && strcmp(got, wanted) != 0))
		fail_msg("%s of %s is %s, not %s", what, path, got ? got : "unknown",
			 wanted ? wanted : "unknown");
}

static void test_every_path_tells_where_it_is(void **state)
{
	char room[PLACE_ROOM];
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		place_of_cgroup(cases[i].path, room, &place);
		expect_same(cases[i].path, "unit", place.unit, cases[i].place.unit);
		expect_same(cases[i].path, "container", place.container_id,
			    cases[i].place.container_id);
		expect_same(cases[i].path, "runtime", place.runtime, cases[i].place.runtime);
		expect_same(cases[i].path, "pod", place.pod_uid, cases[i].place.pod_uid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_path_tells_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/watch_curves.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "oomtrace.skel.h"

static int take_record(void *context, void *data, size_t bytes)
{
	struct watch_curves *curves = context;
	const struct ot_curve_record *record = data;

	if (bytes < sizeof(*record))
		return 0;
	curves->taken++;
	timeline_take(&curves->timeline, curves->ledger, record);
	cgroup_curves_take(&curves->cgroups, record);
	return 0;
}

int watch_curves_init(struct watch_curves *curves, const struct sysroot *root,
		      const struct programs *programs, const struct ledger *ledger,
		      struct cgroups *cgroups)
{
	int error = timeline_init(&curves->timeline, ledger);

	curves->ledger = ledger;
	if (!error)
		error = cgroup_curves_init(&curves->cgroups, root, cgroups);
	if (error)
		return error;
	curves->ring = ring_buffer__new(bpf_map__fd(programs->skeleton->maps.curves), take_record,
					curves, NULL);
	return curves->ring ? 0 : -errno;
}

void watch_curves_release(struct watch_curves *curves)
{
	ring_buffer__free(curves->ring);
	cgroup_curves_release(&curves->cgroups);
	timeline_release(&curves->timeline);
}

int watch_curves_fd(const struct watch_curves *curves)
{
	return curves->ring ? ring_buffer__epoll_fd(curves->ring) : -1;
}

void watch_curves_take(struct watch_curves *curves)
{
	ring_buffer__consume(curves->ring);
}

bool watch_curves_tick(struct watch_curves *curves, uint64_t now_ns)
{
	watch_curves_take(curves);
	if (!timeline_tick(&curves->timeline, curves->ledger, now_ns))
		return false;
	cgroup_curves_look(&curves->cgroups, now_ns);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/seen.h"

#include <inttypes.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/audit.h"
#include "capture/kill_cases.h"
#include "capture/live_state.h"
#include "capture/losses.h"
#include "capture/per_cpu.h"
#include "capture/testing.h"
#include "capture/watch_state.h"
#include "oomtrace.skel.h"

#define CAUSE(name) (1u << OT_LOSS_##name)
#define RECORD(name) (1u << OT_RECORD_##name)

/* At the end, when the programs are detached. */
struct closing {
	struct live *live;
	uint64_t unread[OT_RECORD_TYPES];
};

static uint64_t slots_allocated(const struct live *live)
{
	uint64_t sum = 0;

	for (uint32_t cell = 0; cell < live->ledger.cell_count; cell++)
		sum += live->ledger.cells[cell].allocated;
	return sum;
}

static uint64_t empty_queue(const struct bpf_map *map)
{
	uint64_t value, count = 0;

	while (!bpf_map_lookup_and_delete_elem(bpf_map__fd(map), NULL, &value))
		count++;
	return count;
}

static uint64_t still_waiting(const struct live *live)
{
	const struct oomtrace_bpf *skeleton = live->programs->skeleton;

	return empty_queue(skeleton->maps.owners_anon) + empty_queue(skeleton->maps.owners_shmem) +
	       empty_queue(skeleton->maps.owners_file) + empty_queue(skeleton->maps.vacancies_any) +
	       empty_queue(skeleton->maps.vacancies_anon) +
	       empty_queue(skeleton->maps.vacancies_shmem) +
	       empty_queue(skeleton->maps.vacancies_file);
}

/*
 * Not here are what leaves nothing out: pages whose free was not seen (ghost) have been told
 * before, and a process too deep to tell (cgroup-depth) is none of an event; nor what no program
 * has seen, because the kernel ran none (recursion).
 */
static const struct flow {
	const char *name;
	enum ot_seen seen;
	uint32_t causes;   /* bits: of what may be lost of it */
	uint32_t records;  /* bits: what tells of it */
	enum ot_seen done; /* or what is told within the kernel; 0: nothing */
	uint64_t (*told)(const struct live *live); /* or what is left in its tables */
} flows[] = {
	{.name = "allocations",
	 .seen = OT_SEEN_ALLOCATION,
	 .causes = CAUSE(NULL_PAGE) | CAUSE(NESTED),
	 .done = OT_DONE_ALLOCATION},
	{.name = "slots",
	 .seen = OT_SEEN_SLOT,
	 .causes = CAUSE(FRAME_OUTSIDE),
	 .done = OT_DONE_FILLED,
	 .told = slots_allocated},
	{.name = "accounts",
	 .seen = OT_SEEN_ACCOUNT,
	 .causes = CAUSE(ACCOUNT_FULL),
	 .done = OT_DONE_ACCOUNT},
	{.name = "stacks",
	 .seen = OT_SEEN_STACK,
	 .causes = CAUSE(CELL_FULL) | CAUSE(RING_FULL),
	 .records = RECORD(STACK)},
	{.name = "processes",
	 .seen = OT_SEEN_PROCESS,
	 .causes = CAUSE(PROCESS_EVENT),
	 .records = RECORD(FORK) | RECORD(EXEC) | RECORD(EXIT) | RECORD(JOIN) | RECORD(MOVER)},
	{.name = "moved",
	 .seen = OT_SEEN_MOVED,
	 .causes = CAUSE(MOVER_FULL),
	 .done = OT_DONE_MOVED,
	 .told = still_waiting},
	{.name = "kills",
	 .seen = OT_SEEN_KILL,
	 .causes = CAUSE(KILL),
	 .records = RECORD(KILL) | RECORD(MARK)},
	{.name = "sigkills",
	 .seen = OT_SEEN_SIGKILL,
	 .causes = CAUSE(SIGKILL),
	 .records = RECORD(SIGKILL)},
	{.name = "curves", .seen = OT_SEEN_CURVE, .causes = CAUSE(CURVE), .records = RECORD(CURVE)},
	{.name = "mappings",
	 .seen = OT_SEEN_MAPPING,
	 .causes = CAUSE(MAPPING),
	 .records = RECORD(MAPPING)},
};

static FILE *open_file(void)
{
	const char *path = testing_balance();

	return path ? fopen(path, "ae") : NULL;
}

bool seen_begin(void)
{
	_cleanup_fclose_ FILE *file = open_file();

	if (file)
		fprintf(file, "{\"pid\":%d,\"begun\":true}\n", getpid());
	return file != NULL;
}

static int count_unread(void *context, void *data, size_t bytes)
{
	struct closing *closing = context;
	uint32_t type = 0;

	if (bytes >= sizeof(type))
		memcpy(&type, data, sizeof(type));
	if (type < OT_RECORD_TYPES)
		closing->unread[type]++;
	return 0;
}

/* By a reader of our own: those who know what to do with a record are not asked any more. */
static void count_all_unread(struct closing *closing)
{
	const struct oomtrace_bpf *skeleton = closing->live->programs->skeleton;
	const struct bpf_map *rings[] = {skeleton->maps.records, skeleton->maps.kills,
					 skeleton->maps.sigkills, skeleton->maps.curves,
					 skeleton->maps.mapping_records};

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct ring_buffer *ring =
			ring_buffer__new(bpf_map__fd(rings[i]), count_unread, closing, NULL);

		if (ring)
			ring_buffer__consume(ring);
		ring_buffer__free(ring);
	}
}

static uint64_t counted(const struct live *live, enum ot_seen what)
{
	return per_cpu_sum(bpf_map__fd(live->programs->skeleton->maps.seen), what);
}

static uint64_t sum_records(const uint64_t by_type[OT_RECORD_TYPES], uint32_t types)
{
	uint64_t sum = 0;

	for (uint32_t type = 0; type < OT_RECORD_TYPES; type++)
		sum += types & 1u << type ? by_type[type] : 0;
	return sum;
}

static uint64_t told(const struct live *live, const struct flow *flow)
{
	return sum_records(live->taken, flow->records) +
	       (flow->done ? counted(live, flow->done) : 0) + (flow->told ? flow->told(live) : 0);
}

static void put_losses(FILE *file, const struct live *live, uint32_t causes)
{
	int fd = bpf_map__fd(live->programs->skeleton->maps.losses);
	const char *comma = "";

	for (uint32_t loss = 0; loss < OT_LOSS_COUNT; loss++) {
		if (!(causes & 1u << loss))
			continue;
		fprintf(file, "%s\"%s\":%" PRIu64, comma, losses_cause(loss),
			per_cpu_sum(fd, loss));
		comma = ",";
	}
}

static void put_flow(FILE *file, const struct closing *closing, const struct flow *flow)
{
	fprintf(file, "{\"flow\":\"%s\",\"seen\":%" PRIu64 ",\"told\":%" PRIu64 ",\"lost\":{",
		flow->name, counted(closing->live, flow->seen), told(closing->live, flow));
	put_losses(file, closing->live, flow->causes);
	fprintf(file, "},\"unread\":%" PRIu64 "},", sum_records(closing->unread, flow->records));
}

/* Marks that were taken are kills in incidents, or were put aside for a reason that is counted. */
static void put_incidents(FILE *file, const struct live *live)
{
	const struct kill_cases *cases = &live->watch->cases;

	fprintf(file,
		"{\"flow\":\"incidents\",\"seen\":%" PRIu64 ",\"told\":%" PRIu64
		",\"lost\":{\"kill-crowded\":%" PRIu64 ",\"dying by itself\":%" PRIu64
		"},\"unread\":%" PRIu64 "},",
		live->taken[OT_RECORD_MARK], cases->told + cases->recovered, cases->crowded,
		cases->dying, kill_cases_untold(cases));
}

/* The last: what the ledger holds is what its counters say. */
static void put_ledger(FILE *file, const struct live *live)
{
	struct audit audit = {.open_entries = 1};

	audit_ledger(&live->ledger, &audit);
	fprintf(file,
		"{\"flow\":\"ledger\",\"seen\":%" PRIu64 ",\"told\":%" PRIu64
		",\"lost\":{},\"unread\":0}",
		audit.open_entries, audit.counted);
}

void seen_tell(struct live *live)
{
	_cleanup_fclose_ FILE *file = open_file();
	struct closing closing = {.live = live};

	if (!file)
		return;
	programs_detach(live->programs);
	/* whoever is in a program still is out of it then: it waits for a grace period */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	live->taken[OT_RECORD_MAPPING] = live->spaces.taken;
	live->taken[OT_RECORD_CURVE] = live->watch ? live->watch->curves.taken : 0;
	count_all_unread(&closing);
	fprintf(file, "{\"pid\":%d,\"flows\":[", getpid());
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		put_flow(file, &closing, &flows[i]);
	if (live->watch)
		put_incidents(file, live);
	put_ledger(file, live);
	fprintf(file, "]}\n");
}

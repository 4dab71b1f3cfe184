/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kills that never took place: scenes as in scenes.h, each of one incident. */
#ifndef TESTS_INCIDENTS_H
#define TESTS_INCIDENTS_H

#include "scenes.h"

#define MIB(count) ((uint64_t)(count) << 20)
#define SECOND_NS 1000000000ULL

#define KUBE_POD                                    \
	"/kubepods.slice/kubepods-burstable.slice/" \
	"kubepods-burstable-pod0f6a1b2c_1234_4abc_8def_0123456789ab.slice"
#define KUBE_ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"
#define KUBE_CONTAINER KUBE_POD "/cri-containerd-" KUBE_ID ".scope"

static inline void play_incident(const struct stage *stage, struct incident_event incident)
{
	incident.kind = INCIDENT_OOM_KILL;
	incident.realtime_ns = 1700000100250000000ULL;
	incident.monotonic_ns = 100250000000ULL;
	play(stage, (struct event){.type = EVENT_INCIDENT, .incident = incident});
}

static inline void play_victim(const struct stage *stage, struct victim_event victim)
{
	play(stage, (struct event){.type = EVENT_VICTIM, .victim = victim});
}

static inline void play_word(const struct stage *stage, uint32_t process, uint32_t index,
			     const char *text, bool cut)
{
	play(stage,
	     (struct event){.type = EVENT_ARGUMENT, .argument = {process, index, text, cut}});
}

static inline void play_ancestor(const struct stage *stage, uint32_t process, uint32_t depth,
				 uint32_t pid, const char *comm)
{
	struct event event = {.type = EVENT_ANCESTOR, .ancestor = {process, depth, pid, ""}};

	strncpy(event.ancestor.comm, comm, EVENT_COMM_LEN - 1);
	play(stage, event);
}

static inline void play_level(const struct stage *stage, struct level_event level)
{
	play(stage, (struct event){.type = EVENT_LEVEL, .level = level});
}

static inline void play_figure(const struct stage *stage, uint32_t level, const char *key,
			       uint64_t value, enum figure_source source, enum taken_when when)
{
	play(stage,
	     (struct event){.type = EVENT_FIGURE, .figure = {level, key, value, source, when}});
}

static inline void play_candidate(const struct stage *stage, const char *comm,
				  struct candidate_event candidate)
{
	strncpy(candidate.comm, comm, EVENT_COMM_LEN - 1);
	play(stage, (struct event){.type = EVENT_CANDIDATE, .candidate = candidate});
}

static inline void play_moment(const struct stage *stage, uint64_t before_ns, uint32_t process,
			       uint64_t anon_bytes)
{
	play(stage, (struct event){.type = EVENT_MOMENT,
				   .moment = {.before_ns = before_ns,
					      .process = process,
					      .known = MOMENT_RSS | MOMENT_SWAP,
					      .anon_bytes = anon_bytes,
					      .file_bytes = MIB(3)}});
}

static inline void play_usage(const struct stage *stage, uint64_t before_ns, uint32_t level,
			      uint64_t usage_bytes)
{
	play(stage, (struct event){.type = EVENT_MOMENT,
				   .moment = {.before_ns = before_ns,
					      .level = level,
					      .known = MOMENT_USAGE,
					      .usage_bytes = usage_bytes}});
}

#define VICTIM_KNOWN_ALL \
	(VICTIM_IDENTITY | VICTIM_CGROUP | VICTIM_RSS | VICTIM_PAGE_TABLES | VICTIM_PEAK)

/* So many seconds before the kill. */
static inline void play_told(const struct stage *stage, uint64_t before, uint32_t level,
			     uint32_t percent, uint64_t held_mib, uint64_t limit_mib)
{
	play(stage, (struct event){.type = EVENT_WARNING,
				   .warning = {.level = level,
					       .percent = percent,
					       .before_ns = before * SECOND_NS,
					       .held_bytes = MIB(held_mib),
					       .limit_bytes = MIB(limit_mib)}});
}

static inline void play_charge(const struct stage *stage, uint64_t second, uint32_t level,
			       uint64_t held_mib, uint64_t limit_mib)
{
	play(stage, (struct event){.type = EVENT_CHARGE,
				   .charge = {.time_ns = second * SECOND_NS,
					      .level = level,
					      .held_bytes = MIB(held_mib),
					      .usage_bytes = MIB(held_mib + 10),
					      .limit_bytes = MIB(limit_mib)}});
}

/* A worker in a pod fills the pod's limit; a neighbour asked for the page that was one too many. */
static inline void scene_pod(const struct stage *stage)
{
	static const struct event_frame kernel[] = {{2, 0x41}, {2, 0x31}};
	static const char *const keys[] = {"anon",         "file",       "shmem", "kernel",
					   "kernel_stack", "pagetables", "slab",  "sock"};
	static const uint64_t mib[] = {236, 10, 4, 8, 1, 2, 3, 1};

	play_session(stage, 16, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){
				     .scope = SCOPE_MEMCG,
				     .sources = INCIDENT_FROM_BPF | INCIDENT_FROM_KMSG,
				     .known = INCIDENT_ORDER | INCIDENT_DOMAIN | INCIDENT_TRIGGER,
				     .id = "20231114T221500Z-4a7d-7",
				     .sequence = 7,
				     .gfp = 0xcc0,
				     .domain_pages = 65536,
				     .trigger_pid = 1300,
				     .trigger_tid = 1301,
				     .trigger_comm = "metrics",
				     .trigger_user_stack = 4,
				     .trigger_kernel_stack = 5,
				     .trigger_cgroup = KUBE_POD "/side"});
	play_process(stage, 1, 1234, 1200, "worker", true, true);
	play_process(stage, 2, 1235, 1234, "worker", false, true);
	play_process(stage, 3, 1300, 1200, "metrics", false, false);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL,
						 .before = VICTIM_IDENTITY,
						 .tid = 1234,
						 .parent_pid = 1200,
						 .uid = 999,
						 .threads = 4,
						 .oom_score_adj = 985,
						 .cgroup_id = 4711,
						 .cgroup = KUBE_CONTAINER,
						 .rss_anon_bytes = MIB(200),
						 .rss_file_bytes = MIB(3),
						 .page_table_bytes = MIB(1) / 2,
						 .peak_bytes = MIB(210)});
	play_victim(stage, (struct victim_event){.process = 2,
						 .role = VICTIM_SHARER,
						 .known = VICTIM_KNOWN_ALL,
						 .tid = 1235,
						 .uid = 999,
						 .threads = 1,
						 .cgroup = KUBE_CONTAINER,
						 .rss_anon_bytes = MIB(200)});
	play_word(stage, 1, 0, "/usr/bin/actor", false);
	play_word(stage, 1, 1, "--queue", false);
	play_word(stage, 1, 2, "mail with attachments", false);
	play_ancestor(stage, 1, 1, 1200, "supervisor");
	play_ancestor(stage, 1, 2, 1, "init");
	play(stage, (struct event){.type = EVENT_WORKLOAD,
				   .workload = {1, "shop", "mailer-0", "worker",
						"ghcr.io/shop/mailer:1.4"}});
	play_level(stage, (struct level_event){.index = 0,
					       .id = 4711,
					       .path = KUBE_CONTAINER,
					       .known = LEVEL_USAGE | LEVEL_PEAK,
					       .usage_bytes = MIB(210),
					       .peak_bytes = MIB(211),
					       .when = TAKEN_AT_KILL});
	play_level(stage, (struct level_event){.index = 1,
					       .id = 4700,
					       .path = KUBE_POD,
					       .known = LEVEL_USAGE | LEVEL_LIMIT | LEVEL_SWAP,
					       .usage_bytes = MIB(256),
					       .limit_bytes = MIB(256),
					       .fired = true,
					       .when = TAKEN_AT_KILL});
	play_level(stage, (struct level_event){.index = 2, .path = "/", .when = TAKEN_AFTER});
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		play_figure(stage, 1, keys[i], MIB(mib[i]), FIGURE_MEMORY_STAT, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "some avg10", 1250, FIGURE_PSI, TAKEN_BEFORE);
	play_candidate(stage, "metrics",
		       (struct candidate_event){.pid = 1300,
						.known = CANDIDATE_BADNESS | CANDIDATE_SWAP,
						.rss_bytes = MIB(31),
						.badness_pages = 7936,
						.when = TAKEN_AFTER});
	play_candidate(stage, "worker",
		       (struct candidate_event){.pid = 1234,
						.known = CANDIDATE_BADNESS | CANDIDATE_SWAP,
						.rss_bytes = MIB(203),
						.oom_score_adj = 985,
						.badness_pages = 116500,
						.chosen = true,
						.when = TAKEN_AFTER});
	for (uint64_t i = 40; i > 0; i--) {
		play_moment(stage, i * SECOND_NS, 1, MIB(5 * (41 - i)));
		if (i % 10 == 0)
			play_moment(stage, i * SECOND_NS, 3, MIB(30));
		play_usage(stage, i * SECOND_NS, 1, MIB(50 + 5 * (41 - i)));
	}
	play_told(stage, 15, 1, 70, 180, 256);
	play_told(stage, 9, 1, 80, 210, 256);
	play_told(stage, 4, LEVEL_HOST, 70, 720, 1024);
	/* the session lasts 30 s, up to the kill */
	for (uint64_t i = 30; i > 0; i--)
		play_charge(stage, 30 - i, 1, 50 + 5 * (41 - i), 256);
	play_module(stage, 1, "/usr/bin/actor");
	play_module(stage, 2, EVENT_KERNEL_MODULE "]");
	play_stack(stage, 1, "worker", STACK(0x100, 0x200, 0x300));
	play_stack(stage, 2, "worker", STACK(0x110, 0x300));
	play_label(stage, 3, STACK_BEFORE);
	play_stack(stage, 4, "metrics", STACK(0x500, 0x600));
	play(stage,
	     (struct event){
		     .type = EVENT_STACK,
		     .stack = {.id = 5, .comm = "metrics", .frame_count = 2, .frames = kernel}});
	play(stage, (struct event){.type = EVENT_NAME, .name = {2, 0x41, "mem_cgroup_oom"}});
	play(stage, (struct event){.type = EVENT_NAME, .name = {2, 0x31, "handle_mm_fault"}});
	play_snapshot(stage, 100, true);
	play_held(stage, 1, 1, KIND_ANON, 2720, 3000); /* 170 MiB */
	play_cell(stage, 1, 2, KIND_ANON, 480, 480);   /* 30 MiB, not torn down yet */
	play_held(stage, 1, 3, KIND_ANON, 16, 0);
	play_held(stage, 1, 2, KIND_FILE, 40, 40);
	play_cell(stage, 3, 4, KIND_ANON, 480, 480);
	play_lost(stage, "ring-full", "a stack could not be sent", 2, true);
	play_name(stage, 0x100, "bytes_grow");
	play_name(stage, 0x110, "cache_put");
	play_name(stage, 0x200, "decode_attachment");
	play_name(stage, 0x300, "main");
	play_name(stage, 0x500, "scrape");
	play_name(stage, 0x600, "main");
	play_end(stage, END_INTERRUPTED);
}

/* A group kill on cgroup v1: three processes, none of which asked for too much by itself. */
static inline void scene_group(const struct stage *stage)
{
	play_session(stage, 1, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_MEMCG,
						     .sources = INCIDENT_FROM_BPF,
						     .known = INCIDENT_TRIGGER,
						     .id = "20231114T221500Z-4a7d-8",
						     .sequence = 8,
						     .trigger_pid = 501,
						     .trigger_tid = 501,
						     .trigger_comm = "batch"});
	for (uint32_t i = 1; i <= 3; i++) {
		play_process(stage, i, 500 + i, 1, "batch", true, true);
		play_victim(stage,
			    (struct victim_event){.process = i,
						  .role = i == 1 ? VICTIM_CHOSEN : VICTIM_GROUP,
						  .known = VICTIM_RSS,
						  .cgroup = "/system.slice/batch\\x2dnight.service",
						  .rss_anon_bytes = MIB(20 * i)});
	}
	play_level(stage, (struct level_event){.index = 0,
					       .path = "/system.slice/batch\\x2dnight.service",
					       .known = LEVEL_USAGE | LEVEL_LIMIT,
					       .usage_bytes = MIB(127),
					       .limit_bytes = MIB(128),
					       .fired = true,
					       .when = TAKEN_BEFORE});
	play_figure(stage, 0, "total_rss", MIB(118), FIGURE_MEMORY_STAT, TAKEN_BEFORE);
	play_figure(stage, 0, "total_cache", MIB(12), FIGURE_MEMORY_STAT, TAKEN_BEFORE);
	play_figure(stage, 0, "total_shmem", MIB(2), FIGURE_MEMORY_STAT, TAKEN_BEFORE);
	for (uint64_t i = 5; i > 0; i--)
		play_usage(stage, i * SECOND_NS / 10, 0, MIB(127 - 20 * i));
	play_module(stage, 1, "/usr/bin/batch");
	for (uint32_t i = 1; i <= 3; i++)
		play_stack(stage, i, "batch", STACK(0x100 * i, 0x900));
	play_snapshot(stage, 1, true);
	for (uint32_t i = 1; i <= 3; i++)
		play_held(stage, i, i, KIND_ANON, i * 20 * SCENE_MIB_PAGES - i, 9999);
	play_name(stage, 0x900, "main");
	play_end(stage, END_INTERRUPTED);
}

/* The whole host, told by the kernel's log alone. */
static inline void scene_log_only(const struct stage *stage)
{
	play_session(stage, 64, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_GLOBAL,
						     .sources = INCIDENT_FROM_KMSG,
						     .id = "20231114T221500Z-4a7d-9",
						     .sequence = 9});
	play_process(stage, 1, 77, 0, "hog", false, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_RSS,
						 .rss_anon_bytes = MIB(6000)});
	play_figure(stage, LEVEL_HOST, "MemTotal", MIB(8192), FIGURE_MEMINFO, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "MemFree", MIB(6100), FIGURE_MEMINFO, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "AnonPages", MIB(700), FIGURE_MEMINFO, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "Cached", MIB(300), FIGURE_MEMINFO, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "Shmem", MIB(100), FIGURE_MEMINFO, TAKEN_AFTER);
	play_end(stage, END_INTERRUPTED);
}

/* Two nodes of a policy had run out; the kernel was asked, and its log was not printed. */
static inline void scene_nodes(const struct stage *stage)
{
	play_session(stage, 64, "--watch-oom-kills");
	play_incident(stage,
		      (struct incident_event){.scope = SCOPE_MEMPOLICY,
					      .sources = INCIDENT_FROM_BPF | INCIDENT_ENRICHED,
					      .known = INCIDENT_ORDER | INCIDENT_DOMAIN |
						       INCIDENT_NODES | INCIDENT_BADNESS,
					      .id = "20231114T221500Z-4a7d-11",
					      .sequence = 11,
					      .order = 9,
					      .gfp = 0xcc0,
					      .domain_pages = 524288,
					      .nodes = UINT64_C(1) << 63 | 2,
					      .badness_pages = 300000});
	play_process(stage, 1, 77, 0, "hog", false, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_RSS,
						 .rss_anon_bytes = MIB(1100)});
	play_figure(stage, LEVEL_HOST, "MemTotal", MIB(2048), FIGURE_MEMINFO, TAKEN_AFTER);
	play_figure(stage, LEVEL_HOST, "MemFree", MIB(1800), FIGURE_MEMINFO, TAKEN_AFTER);
	for (uint64_t i = 0; i < 3; i++)
		play(stage, (struct event){.type = EVENT_MOMENT,
					   .moment = {.before_ns = (3 - i) * SECOND_NS,
						      .level = LEVEL_HOST,
						      .known = MOMENT_PRESSURE,
						      .stall_some_us = 5000000 + i * 700000,
						      .stall_full_us = 4000000 + i * 150000}});
	play_end(stage, END_TARGET_ENDED);
}

/* Whatever a process, a cgroup or a pod may be called. */
static inline void scene_evil(const struct stage *stage)
{
	static const char evil[] = "\x1b]0;x\x07 a;b\n\xff</script>\xe2\x80\xae\"'\\ 12";

	play_session(stage, 1, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_MEMCG,
						     .sources = INCIDENT_FROM_BPF,
						     .known = INCIDENT_TRIGGER,
						     .id = "20231114T221500Z-4a7d-10",
						     .sequence = 10,
						     .trigger_pid = 9,
						     .trigger_comm = "\x1b[31m\xfe;\n 3",
						     .trigger_user_stack = 1,
						     .trigger_cgroup = evil});
	play_process(stage, 1, 666, 1, "\x1b[2J;\n\xff 9", true, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL,
						 .oom_score_adj = -1000,
						 .uid = UINT32_MAX,
						 .threads = UINT32_MAX,
						 .cgroup = evil,
						 .rss_anon_bytes = UINT64_MAX,
						 .rss_file_bytes = UINT64_MAX,
						 .peak_bytes = UINT64_MAX});
	play_word(stage, 1, 0, evil, true);
	play_word(stage, 1, 1, "", false);
	play_ancestor(stage, 1, 1, 1, "\x1b[31m\xff\n");
	play(stage,
	     (struct event){.type = EVENT_WORKLOAD, .workload = {1, evil, evil, evil, evil}});
	play_level(stage, (struct level_event){.index = 0,
					       .path = evil,
					       .known = LEVEL_USAGE | LEVEL_LIMIT | LEVEL_SWAP |
							LEVEL_PEAK,
					       .usage_bytes = UINT64_MAX,
					       .limit_bytes = UINT64_MAX,
					       .fired = true,
					       .when = TAKEN_AT_KILL});
	play_figure(stage, 0, evil, UINT64_MAX, FIGURE_MEMORY_STAT, TAKEN_AFTER);
	play_figure(stage, 0, "anon", UINT64_MAX, FIGURE_MEMORY_STAT, TAKEN_AFTER);
	play_candidate(stage, "\x1b[31m\xff\n",
		       (struct candidate_event){.pid = 666,
						.known = CANDIDATE_BADNESS | CANDIDATE_SWAP,
						.rss_bytes = UINT64_MAX,
						.swap_bytes = UINT64_MAX,
						.badness_pages = INT64_MIN,
						.when = TAKEN_AFTER});
	play_moment(stage, UINT64_MAX, 1, UINT64_MAX);
	play_moment(stage, 5, 1, 0);
	play_usage(stage, 1, 7, UINT64_MAX);
	play_told(stage, 18446744073, 0, 99, UINT64_MAX, UINT64_MAX);
	play_told(stage, 0, LEVEL_HOST, 100, 0, 0);
	play_told(stage, 1, 7, 50, 1, 1); /* of nothing that was told of */
	play_module(stage, 1, "/tmp/\xff\xfe;x\r\n 7");
	play_stack(stage, 1, "\x1b[2J;\n\xff 9", STACK(0x100, 0x200));
	play_snapshot(stage, 1, true);
	play_held(stage, 1, 1, KIND_ANON, 1000, UINT64_MAX);
	play_lost(stage, "\x1b[31m", "\x1b[31m\n", UINT64_MAX, true);
	play_name(stage, 0x100, evil);
	play(stage, (struct event){.type = EVENT_LIFE,
				   .life = {.id = evil,
					    .number = UINT32_MAX,
					    .pid = UINT32_MAX,
					    .realtime_ns = UINT64_MAX,
					    .known = UINT32_MAX,
					    .lived_ns = UINT64_MAX,
					    .memory_bytes = UINT64_MAX,
					    .limit_bytes = UINT64_MAX,
					    .half_ns = UINT64_MAX,
					    .stack_hashes = {UINT64_MAX},
					    .stack_bytes = {UINT64_MAX}}});
	play_end(stage, END_INTERRUPTED);
}

static inline void play_sender(const struct stage *stage, const char *thread_comm,
			       struct sender_event sender)
{
	strncpy(sender.thread_comm, thread_comm, EVENT_COMM_LEN - 1);
	play(stage, (struct event){.type = EVENT_SENDER, .sender = sender});
}

static inline void play_sigkill(const struct stage *stage, const char *id, uint64_t sequence)
{
	play(stage, (struct event){.type = EVENT_INCIDENT,
				   .incident = {.kind = INCIDENT_SIGKILL,
						.sources = INCIDENT_FROM_BPF,
						.id = id,
						.sequence = sequence,
						.realtime_ns = 1700000100250000000ULL,
						.monotonic_ns = 100250000000ULL}});
}

/* An OOM daemon acts before the kernel would have to: the host is short, no limit was reached. */
static inline void scene_earlyoom(const struct stage *stage)
{
	static const char *const keys[] = {"MemTotal", "MemFree", "AnonPages",
					   "Cached",   "Shmem",   "Slab"};
	static const uint64_t mib[] = {2048, 90, 1700, 150, 20, 60};

	play_session(stage, 16, "--watch-oom-kills");
	play_sigkill(stage, "20231114T221500Z-4a7d-11", 11);
	play_process(stage, 1, 4000, 1, "indexer", true, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL,
						 .tid = 4000,
						 .uid = 1000,
						 .threads = 3,
						 .cgroup = "/user.slice/indexer.service",
						 .rss_anon_bytes = MIB(1500),
						 .page_table_bytes = MIB(3),
						 .peak_bytes = MIB(1500)});
	play_process(stage, 2, 812, 1, "earlyoom", false, false);
	play_sender(stage, "earlyoom",
		    (struct sender_event){.process = 2,
					  .kind = SENDER_EARLYOOM,
					  .tid = 812,
					  .cgroup = "/system.slice/earlyoom.service",
					  .oom_killer = true});
	play_ancestor(stage, 2, 1, 1, "systemd");
	play_level(stage, (struct level_event){.index = 0,
					       .path = "/user.slice/indexer.service",
					       .known = LEVEL_USAGE,
					       .usage_bytes = MIB(1510),
					       .when = TAKEN_AT_KILL});
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		play_figure(stage, LEVEL_HOST, keys[i], MIB(mib[i]), FIGURE_MEMINFO, TAKEN_AFTER);
	for (uint64_t i = 20; i > 0; i--)
		play_moment(stage, i * SECOND_NS, 1, MIB(75 * (21 - i)));
	play_module(stage, 1, "/usr/bin/indexer");
	play_stack(stage, 1, "indexer", STACK(0x100, 0x200));
	play_snapshot(stage, 100, true);
	play_held(stage, 1, 1, KIND_ANON, 24000, 24000); /* 1500 MiB */
	play_name(stage, 0x100, "index_page");
	play_name(stage, 0x200, "main");
	play_end(stage, END_INTERRUPTED);
}

/* `kill -9` from somebody's shell: told in passing. */
static inline void scene_brief(const struct stage *stage)
{
	play_session(stage, 16, "--watch-oom-kills");
	play_sigkill(stage, "", 0);
	play_process(stage, 1, 4000, 3990, "worker", true, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL,
						 .tid = 4000,
						 .uid = 1000,
						 .threads = 1,
						 .cgroup = "/user.slice",
						 .rss_anon_bytes = MIB(64),
						 .peak_bytes = MIB(70)});
	play_word(stage, 1, 0, "worker", false);
	play_process(stage, 2, 3990, 3980, "bash", false, false);
	play_sender(stage, "bash",
		    (struct sender_event){.process = 2,
					  .kind = SENDER_SHELL,
					  .tid = 3990,
					  .uid = 1000,
					  .cgroup = "/user.slice/user-1000.slice/session-3.scope"});
	play_ancestor(stage, 2, 1, 3980, "sshd");
	play_ancestor(stage, 2, 2, 1, "systemd");
	play_level(stage, (struct level_event){.index = 0,
					       .path = "/user.slice",
					       .known = LEVEL_USAGE,
					       .usage_bytes = MIB(80),
					       .when = TAKEN_AT_KILL});
	play_end(stage, END_INTERRUPTED);
}

/* A pid namespace ends; whoever was in it chose all the names. */
static inline void scene_brief_evil(const struct stage *stage)
{
	static const char evil[] = "\x1b]0;x\x07 a;b\n\xff</script>\xe2\x80\xae\"'\\ 12";

	play_session(stage, 16, "--watch-oom-kills");
	play_sigkill(stage, "", 0);
	play_process(stage, 1, 4001, 1, "\x1b[2J;\n\xff 9", true, true);
	play_victim(stage, (struct victim_event){.process = 1, .role = VICTIM_CHOSEN});
	play_process(stage, 2, 4000, 1, "\x1b[31m\xff\n", false, false);
	play_sender(stage, "\x1b[31m\xfe;\n",
		    (struct sender_event){.process = 2,
					  .kind = SENDER_KERNEL,
					  .how = HOW_PID_NAMESPACE,
					  .tid = 4000,
					  .cgroup = evil});
	play_ancestor(stage, 2, 1, 1, "\x1b[31m\xff\n");
	play_lost(stage, "sigkill-full", "SIGKILLs of others that could not be sent", 9, false);
	play_end(stage, END_INTERRUPTED);
}

static inline void play_warning(const struct stage *stage, enum incident_scope scope,
				uint32_t level, uint32_t percent)
{
	play(stage, (struct event){.type = EVENT_INCIDENT,
				   .incident = {.kind = INCIDENT_WARNING,
						.scope = scope,
						.id = "",
						.realtime_ns = 1700000100250000000ULL,
						.monotonic_ns = 100250000000ULL}});
	if (level != LEVEL_HOST)
		play_level(stage, (struct level_event){.id = 4711,
						       .path = KUBE_CONTAINER,
						       .when = TAKEN_BEFORE});
	play(stage, (struct event){.type = EVENT_WARNING,
				   .warning = {.level = level,
					       .percent = percent,
					       .grown_slots = level == LEVEL_HOST ? 0 : 170,
					       .grown_stacks = level == LEVEL_HOST ? 0 : 3}});
}

/* A container that fills by 4 MiB a second. */
static inline void scene_warning(const struct stage *stage)
{
	play_session(stage, 64, "--watch-oom-kills");
	play_warning(stage, SCOPE_MEMCG, 0, 70);
	for (uint64_t second = 0; second <= 20; second++)
		play_charge(stage, second, 0, 100 + 4 * second, 256);
	play_process(stage, 1, 1234, 1200, "worker", false, false);
	play_module(stage, 1, "/usr/bin/actor");
	play_stack(stage, 1, "worker", STACK(0x100, 0x200, 0x300));
	play_stack(stage, 2, "worker", STACK(0x110, 0x300));
	play_snapshot(stage, 10, false);
	play_cell(stage, 1, 1, KIND_ANON, 20, 0);
	play_cell(stage, 1, 2, KIND_ANON, 400, 0);
	play_snapshot(stage, 20, true);
	play_cell(stage, 1, 1, KIND_ANON, 180, 200); /* by 40 MiB, and 10 MiB came and went */
	play_cell(stage, 1, 2, KIND_ANON, 408, 8);
	play_name(stage, 0x100, "bytes_grow");
	play_name(stage, 0x110, "cache_put");
	play_name(stage, 0x300, "main");
	play_end(stage, END_INTERRUPTED);
}

/* A host that has been that full all the time. */
static inline void scene_warning_host(const struct stage *stage)
{
	play_session(stage, 64, "--watch-oom-kills");
	play_warning(stage, SCOPE_GLOBAL, LEVEL_HOST, 90);
	for (uint64_t second = 0; second <= 30; second++)
		play_charge(stage, second, LEVEL_HOST, 920, 1000);
	play_end(stage, END_INTERRUPTED);
}

/* As workload.c does it, root first. */
static inline uint64_t hash_of_frames(const char *const *frames, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at <= strlen(frames[i]); at++)
			hash = (hash ^ (uint8_t)frames[i][at]) * 0x100000001b3ULL;
	return hash;
}

/* A life before the one of scene_loop. */
static inline void play_life(const struct stage *stage, uint32_t number, const char *id,
			     uint64_t before_ns, uint64_t lived_ns, uint64_t memory_mib)
{
	static const char *const load[] = {"main", "load_table"};
	static const char *const index[] = {"main", "build_index"};

	play(stage,
	     (struct event){
		     .type = EVENT_LIFE,
		     .life = {.id = id,
			      .number = number,
			      .pid = 3000 + number,
			      .realtime_ns = 1700000100250000000ULL - before_ns,
			      .known = LIFE_LIVED | LIFE_MEMORY | LIFE_LIMIT | LIFE_HALF,
			      .lived_ns = lived_ns,
			      .memory_bytes = MIB(memory_mib),
			      .limit_bytes = MIB(128),
			      .half_ns = lived_ns / 2,
			      .stack_hashes = {hash_of_frames(load, 2), hash_of_frames(index, 2)},
			      .stack_bytes = {MIB(80 + number), MIB(30)}}});
}

/* A service that loads the same table at each start, and is killed for it: the fourth time. */
static inline void scene_loop(const struct stage *stage)
{
	play_session(stage, 16, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_MEMCG,
						     .sources = INCIDENT_FROM_BPF,
						     .known = INCIDENT_TRIGGER,
						     .id = "20231114T221500Z-4a7d-15",
						     .sequence = 15,
						     .trigger_pid = 96250,
						     .trigger_tid = 96250,
						     .trigger_comm = "catalog"});
	/* it has lived since 96.25 s of 100.25 s */
	play_process(stage, 1, 96250, 1, "catalog", true, true);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL,
						 .tid = 96250,
						 .uid = 1000,
						 .threads = 8,
						 .cgroup = "/system.slice/catalog.service",
						 .rss_anon_bytes = MIB(120),
						 .page_table_bytes = MIB(1),
						 .peak_bytes = MIB(121)});
	play_word(stage, 1, 0, "/usr/bin/catalog", false);
	play_level(stage, (struct level_event){.index = 0,
					       .path = "/system.slice/catalog.service",
					       .known = LEVEL_USAGE | LEVEL_LIMIT,
					       .usage_bytes = MIB(128),
					       .limit_bytes = MIB(128),
					       .fired = true,
					       .when = TAKEN_AT_KILL});
	for (uint64_t i = 8; i > 0; i--)
		play_moment(stage, i * SECOND_NS / 2, 1, MIB(15 * (9 - i)));
	play_module(stage, 1, "/usr/bin/catalog");
	play_stack(stage, 1, "catalog", STACK(0x100, 0x300));
	play_stack(stage, 2, "catalog", STACK(0x200, 0x300));
	play_stack(stage, 3, "catalog", STACK(0x400, 0x300));
	play_snapshot(stage, 100, true);
	play_held(stage, 1, 1, KIND_ANON, 1344, 1344); /* 84 MiB */
	play_held(stage, 1, 2, KIND_ANON, 480, 480);   /* 30 MiB */
	play_held(stage, 1, 3, KIND_ANON, 96, 96);     /* 6 MiB, in this life alone */
	play_name(stage, 0x100, "load_table");
	play_name(stage, 0x200, "build_index");
	play_name(stage, 0x300, "main");
	play_name(stage, 0x400, "listen");
	play_life(stage, 1, "20231114T221444Z-4a7d-12", 16000 * SECOND_NS / 1000,
		  4200 * SECOND_NS / 1000, 119);
	play_life(stage, 2, "20231114T221449Z-4a7d-13", 10700 * SECOND_NS / 1000,
		  4100 * SECOND_NS / 1000, 121);
	play_life(stage, 3, "20231114T221454Z-4a7d-14", 5500 * SECOND_NS / 1000,
		  4000 * SECOND_NS / 1000, 120);
	play_end(stage, END_INTERRUPTED);
}

static inline void play_stalls(const struct stage *stage, uint64_t before_ns, uint32_t level,
			       uint64_t some_us, uint64_t full_us)
{
	play(stage, (struct event){.type = EVENT_MOMENT,
				   .moment = {.before_ns = before_ns,
					      .level = level,
					      .known = MOMENT_USAGE | MOMENT_PRESSURE,
					      .usage_bytes = MIB(128),
					      .stall_some_us = some_us,
					      .stall_full_us = full_us}});
}

static inline void play_mapped(const struct stage *stage, enum mapping_kind kind, uint32_t count,
			       uint64_t bytes, const char *name)
{
	play(stage, (struct event){.type = EVENT_MAPPED,
				   .mapped = {.process = 1,
					      .kind = kind,
					      .count = count,
					      .bytes = bytes,
					      .name = name,
					      .before_ns = 3 * SECOND_NS / 2}});
}

/*
 * A worker that has most of its memory from its server, which it was forked from; both wait for
 * memory before the end.
 */
static inline void scene_heir(const struct stage *stage)
{
	play_session(stage, 16, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_MEMCG,
						     .sources = INCIDENT_FROM_BPF,
						     .known = INCIDENT_TRIGGER,
						     .id = "20231114T221500Z-4a7d-18",
						     .sequence = 18,
						     .trigger_pid = 701,
						     .trigger_tid = 701,
						     .trigger_comm = "worker"});
	play_process(stage, 1, 701, 700, "worker", true, true);
	play_process(stage, 2, 700, 1, "shop", false, false);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_KNOWN_ALL | VICTIM_EXE |
							  VICTIM_ARGV | VICTIM_MAPPED,
						 .before = VICTIM_ARGV,
						 .tid = 701,
						 .parent_pid = 700,
						 .uid = 33,
						 .threads = 1,
						 .cgroup = "/system.slice/shop.service",
						 .rss_anon_bytes = MIB(100),
						 .rss_file_bytes = MIB(2),
						 .page_table_bytes = MIB(1) / 4,
						 .peak_bytes = MIB(102),
						 .mapped_bytes = MIB(900),
						 .data_bytes = MIB(850),
						 .stack_bytes = 132 << 10,
						 .exec_bytes = MIB(4)});
	play_word(stage, 1, 0, "/usr/bin/actor", false);
	play_ancestor(stage, 1, 1, 700, "shop");
	play_mapped(stage, MAPPING_NO_ACCESS, 1, MIB(512), NULL);
	play_mapped(stage, MAPPING_ANON, 40, MIB(320), "[anon: pool;of\n\xff 9]");
	play_mapped(stage, MAPPING_FILE, 4, MIB(6), "/usr/lib/libshop.so");
	play(stage, (struct event){.type = EVENT_MAPPED,
				   .mapped = {.process = 1,
					      .count = 12,
					      .bytes = MIB(1),
					      .before_ns = 3 * SECOND_NS / 2,
					      .others = true}});
	play_level(stage, (struct level_event){.index = 0,
					       .path = "/system.slice/shop.service",
					       .known = LEVEL_USAGE | LEVEL_LIMIT,
					       .usage_bytes = MIB(128),
					       .limit_bytes = MIB(128),
					       .fired = true,
					       .when = TAKEN_AT_KILL});
	for (uint64_t i = 20; i > 0; i--) {
		play_moment(stage, i * SECOND_NS, 1, MIB(2 * (21 - i)));
		play_stalls(stage, i * SECOND_NS, 0, 100000 * (21 - i), 40000 * (21 - i));
		play_stalls(stage, i * SECOND_NS, LEVEL_HOST, 5000 * (21 - i), 0);
	}
	play_moment(stage, SECOND_NS, 2, MIB(60));
	play_candidate(
		stage, "shop",
		(struct candidate_event){.pid = 700, .rss_bytes = MIB(63), .when = TAKEN_AT_KILL});
	play_module(stage, 1, "/usr/bin/actor");
	play_stack(stage, 1, "worker", STACK(0x100, 0x300));
	play_stack(stage, 2, "shop", STACK(0x200, 0x300));
	play_snapshot(stage, 100, true);
	play(stage, (struct event){.type = EVENT_MEMORY,
				   .memory = {.process = 1,
					      .when = MEMORY_END,
					      .known = MEMORY_RSS | MEMORY_INHERITED_BY_SUBTRACTION,
					      .rss_anon_bytes = MIB(100)}});
	play_held(stage, 1, 1, KIND_ANON, 640, 640);   /* 40 MiB */
	play_inherited(stage, 1, 0, 700, 2, 944, 944); /* 59 MiB */
	play_name(stage, 0x100, "handle_request");
	play_name(stage, 0x200, "load_catalogue");
	play_name(stage, 0x300, "main");
	play_end(stage, END_INTERRUPTED);
}

static const struct scene incidents[] = {
	{"pod", scene_pod},           {"group", scene_group},
	{"log-only", scene_log_only}, {"nodes", scene_nodes},
	{"evil", scene_evil},         {"earlyoom", scene_earlyoom},
	{"log-only", scene_log_only}, {"evil", scene_evil},
	{"earlyoom", scene_earlyoom}, {"loop", scene_loop},
	{"brief", scene_brief},       {"brief-evil", scene_brief_evil},
	{"warning", scene_warning},   {"warning-host", scene_warning_host},
	{"heir", scene_heir},
};

#define INCIDENT_COUNT (sizeof(incidents) / sizeof(incidents[0]))

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace events: the seam between capturing and everything else.
 *
 * A source (source.h) hands them out one at a time, whether they come from the live kernel or from
 * a trace file; the model, the names and the renderers know nothing but these. Capture fills them
 * in, trace_writer and trace_reader carry them through a file. An event is a value: pointers in it
 * are borrowed and valid until the next call into the source that handed it out.
 *
 * Numbers are as the kernel keeps them: slots, not bytes. The model multiplies by the period.
 */
#ifndef CAPTURE_EVENT_H
#define CAPTURE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/container_format.h"

#define EVENT_COMM_LEN 16
#define EVENT_MAX_FRAMES 192
#define EVENT_BUILD_ID_MAX 20
#define WORKLOAD_ID_LEN 64

enum event_type {
	EVENT_SESSION = 1, /* first, once */
	EVENT_PROCESS,     /* before any event that names its id; again when comm or state change */
	EVENT_MODULE,      /* before any stack that names its id; again when its file is had late */
	EVENT_STACK,       /* before any cell that names its id */
	EVENT_CELL,        /* of a snapshot: what one stack of one process holds */
	EVENT_INHERITED, /* of a snapshot: pages of a process that another one's stack allocated */
	EVENT_MEMORY,    /* figures of the kernel about a process, to reconcile with */
	EVENT_LOST,      /* of a snapshot: one cause of loss */
	EVENT_NAME,      /* function name of one module offset; only in files, or after the end */
	EVENT_END,       /* last, once; its absence means a truncated session */
	EVENT_RESERVED,  /* of a snapshot: addresses that one stack of one process has mapped */
	EVENT_MAPPINGS,  /* of a snapshot: one kind of mapping of one process */
	EVENT_SNAPSHOT,  /* opens a snapshot: figures of one moment, whole, not differences */
	EVENT_WHOLE,     /* closes a snapshot: all its figures have come */
	EVENT_FORGOTTEN, /* a stack or process that no later event names */
	EVENT_INCIDENT,  /* right after the session: this file is of one incident, not of growth */
	EVENT_VICTIM,    /* of an incident: a process that was killed; the one chosen comes first */
	EVENT_ARGUMENT,  /* of an incident: one word of a process's command line */
	EVENT_ANCESTOR,  /* of an incident: a parent, grandparent … of a process */
	EVENT_LEVEL,     /* of an incident: one level of the cgroup chain, the victim's own first */
	EVENT_FIGURE,    /* of an incident: one named number, of a level or of the host */
	EVENT_CANDIDATE, /* of an incident: a process the killer could have chosen */
	EVENT_MOMENT,    /* of an incident: one point of the timeline, oldest first */
	EVENT_HOST,      /* figures of the kernel about the whole host; with --all alone */
	EVENT_FILE,      /* of a snapshot: page cache of one file, or of all that are not told */
	EVENT_CGROUP,    /* figures of the kernel about a cgroup and all below it */
	EVENT_MEMBER,    /* of a snapshot: whose cgroup a process is in */
	EVENT_WORKLOAD,  /* of an incident: what the pod and container of a process are called */
	EVENT_STACK_END, /* of a snapshot: how many stacks ended in one way */
	EVENT_SENDER,    /* of an incident: who sent the SIGKILL that no OOM explains */
	EVENT_CHARGE,    /* how full a level was at some time, in the order of time */
	EVENT_DEGRADED,  /* after the session: something that this kernel does not tell */
	EVENT_LINE,      /* of a name: where in the source, and what was inlined there */
	EVENT_WARNING,   /* of an incident: which part of its limit a level has, or had, passed */
	EVENT_LIFE,      /* of an incident: an earlier life of the same workload, oldest first */
	EVENT_MAPPED,   /* of an incident: mappings of a victim that have one name, largest first */
	EVENT_EARLY,    /* of an incident: a stack of a victim when it was small, the most first */
	EVENT_TYPE_END, /* none: the types of a file only grow */
};

/* Kinds of memory, in the order reports list them. The same as enum ot_kind, tied by an assert. */
enum memory_kind {
	KIND_PENDING,
	KIND_ANON,
	KIND_SHMEM,
	KIND_FILE,
	KIND_KERNEL,
	KIND_COUNT,
};

/* Where a stack comes from: user frames, or one of the labels that need none. */
enum stack_origin {
	STACK_USER,
	STACK_LOST,     /* [lost stacks] */
	STACK_BEFORE,   /* [resident before tracing] */
	STACK_MOVED,    /* [moved by the kernel] */
	STACK_NO_STACK, /* [no user stack] */
	STACK_RETIRED,  /* [ended processes]: what they left behind, and allocated in their time */
	STACK_MAPPED_BEFORE, /* [mapped before tracing] */
	STACK_MAPPED_FORK,   /* [mapped before the fork] */
	STACK_ORIGIN_COUNT,
};

/*
 * How a stack was taken, and where its root side ended: what it is worth. The same as enum
 * ot_stack_end, tied by an assert.
 */
enum stack_end {
	STACK_END_FRAME_POINTERS, /* by frame pointers: whatever has none is missing, unseen */
	STACK_END_TRUNCATED,      /* deeper than what is kept: the root side is missing */
	STACK_END_COMPLETE,       /* by unwind data, to the entry of the process or thread */
	STACK_END_NOT_LOADED,     /* some of its code was mapped just before */
	STACK_END_NO_DATA,        /* code without unwind data or frame pointers */
	STACK_END_UNREADABLE,     /* stack memory that is not there, or swapped out */
	STACK_END_UNSUPPORTED,    /* unwind data that says more than we understand */
	STACK_END_BROKEN,         /* not a stack */
	STACK_END_NOT_64_BIT,     /* a 32-bit program, by frame pointers */
	STACK_END_COUNT,
};

enum end_reason {
	END_TARGET_ENDED = 1, /* the target process is gone: figures are of its exit */
	END_INTERRUPTED,      /* Ctrl-C, SIGTERM */
	END_DURATION,         /* -d ran out */
};

struct session_event {
	uint64_t start_realtime_ns;
	uint64_t period_pages;
	uint32_t page_size_bytes;
	const char *tool_version;
	const char *kernel_release;
	const char *machine;
	const char *hostname;
	const char *boot_id;
	const char *target; /* for people: "-p 1234", "-- redis-server --port 0" */
};

struct process_event {
	uint32_t id; /* of this session, never reused; one life of an address space */
	uint32_t pid;
	uint32_t parent_pid;    /* 0: unknown */
	uint64_t start_time_ns; /* CLOCK_BOOTTIME */
	bool target;            /* asked for by the user, not merely followed */
	bool ended;             /* its figures are those of its end */
	char comm[EVENT_COMM_LEN];
	const char *exe; /* NULL: unknown */
};

/*
 * How the paths of the kernel's own code begin: "[kernel]", "[kernel ext4]". No file has such a
 * path. Offsets in it are of functions, one byte past their distance from the first one; 0 stands
 * for all that have no name.
 */
#define EVENT_KERNEL_MODULE "[kernel"
/*
 * How those begin that name the code of a JIT: "[jit /tmp/perf-12.map]". Offsets are addresses.
 */
#define EVENT_JIT_MODULE "[jit "

struct module_event {
	uint32_t id; /* from 1; 0 in a frame means an address outside every known mapping */
	uint8_t build_id_len; /* 0: unknown */
	uint8_t build_id[EVENT_BUILD_ID_MAX];
	const char *path; /* as the target sees it; "[vdso]"; EVENT_KERNEL_MODULE */
	/*
	 * Live only: the file itself, open for reading, -1 where it could not be had. Borrowed:
	 * whoever wants to keep it must dup it before the next call into the source.
	 */
	int fd;
	uint32_t pid;  /* live only: of a process that maps it; 0: found by its path */
	bool perf_map; /* live only: what the path says, EVENT_JIT_MODULE */
};

/* One frame: a file offset within a module, or (module 0) an address. */
struct event_frame {
	uint32_t module;
	uint64_t offset;
};

struct stack_event {
	uint32_t id; /* of this session, from 1, never reused */
	enum stack_origin origin;
	enum stack_end end;
	char comm[EVENT_COMM_LEN]; /* of the thread, "" when origin is not STACK_USER */
	uint32_t frame_count;
	const struct event_frame *frames; /* leaf first, the kernel's before the program's */
};

/*
 * The figures that follow, up to the next snapshot or the end, were taken at this time. Processes,
 * modules, stacks and names belong to the session, not to a snapshot: what was declared once stays
 * declared. Figures before any snapshot are one of their own, taken at an unknown time.
 */
struct snapshot_event {
	uint64_t time_ns; /* since the session began, never less than the one before */
	bool last;        /* of the session's end */
};

/*
 * Its cell or account was retired. What snapshots up to now say of it stays true; nothing that
 * comes will name it, so whoever needs no earlier snapshot may let go of it.
 */
struct forgotten_event {
	uint32_t process; /* one of the two; 0: it is the other one */
	uint32_t stack;
};

/*
 * The counters of one stack of one process, in slots, at one moment. What a process held when it
 * ended is live + held: page cache and tmpfs outlive it, the rest was closed since.
 */
struct cell_event {
	uint32_t process;
	uint32_t stack;
	uint64_t live_slots[KIND_COUNT];
	uint64_t allocated_slots; /* gross, since the session began */
	uint64_t
		held_slots[KIND_COUNT]; /* closed while its address space was torn down, or after */
};

/*
 * `process` maps pages that were allocated by `author`'s `stack`. A process that is still alive
 * shows such pages itself; those of an author that has ended are shown by the heir. `exclusive`
 * says how many of them no earlier heir of this session has reported, so that summing over
 * processes counts each page once.
 */
struct inherited_event {
	uint32_t process;
	uint32_t author;
	uint32_t author_pid;
	uint32_t stack;
	uint64_t slots[KIND_COUNT];
	uint64_t exclusive_slots[KIND_COUNT];
};

/* MEMORY_START is of the session, MEMORY_END of the snapshot it stands in. */
enum memory_when { MEMORY_START = 1, MEMORY_END };

/* Bits of memory_event.known: which figures are there. Unknown is absent, never zero. */
enum memory_known {
	MEMORY_RSS = 1 << 0,                   /* anon, file, shmem, swap */
	MEMORY_VIRTUAL = 1 << 1,               /* virtual_bytes */
	MEMORY_PAGE_TABLES = 1 << 2,           /* page_table_bytes */
	MEMORY_SPLIT_HUGE = 1 << 3,            /* split_huge_slots */
	MEMORY_BEFORE_BY_SUBTRACTION = 1 << 4, /* no frame numbers: nothing could be adopted */
	MEMORY_JOINED = 1 << 5, /* of MEMORY_START: it became a target after the session began */
	MEMORY_INHERITED_BY_SUBTRACTION = 1 << 6, /* of page tables nobody has looked at */
	MEMORY_ELSEWHERE = 1 << 7,                /* elsewhere_slots */
};

/* What the kernel itself says about one process. */
struct memory_event {
	uint32_t process;
	enum memory_when when;
	uint32_t known; /* enum memory_known bits */
	uint64_t rss_anon_bytes;
	uint64_t rss_file_bytes;
	uint64_t rss_shmem_bytes;
	uint64_t swap_bytes;
	uint64_t virtual_bytes;
	uint64_t page_table_bytes;
	uint64_t split_huge_slots; /* held by partly unmapped huge pages; no RSS counts them */
	uint64_t elsewhere_slots;  /* its own, which others alone map; their RSS counts them */
};

/* What /proc/meminfo says, of it what can be held against the ledger. */
enum host_figure {
	HOST_TOTAL, /* MemTotal */
	HOST_FREE,
	HOST_BUFFERS,
	HOST_CACHED, /* tmpfs and shared memory included, Buffers not */
	HOST_SWAP_CACHED,
	HOST_ANON, /* AnonPages: as mapped */
	HOST_SHMEM,
	HOST_SLAB,
	HOST_KERNEL_STACKS,
	HOST_PAGE_TABLES,
	HOST_OTHER_TABLES, /* SecPageTables */
	HOST_PERCPU,
	HOST_FIGURE_COUNT,
};

/* MEMORY_START is of the session, MEMORY_END of the snapshot it stands in. */
struct host_event {
	enum memory_when when;
	uint32_t known; /* bits (1 << enum host_figure) */
	uint64_t bytes[HOST_FIGURE_COUNT];
};

/* What a cgroup's kernel memory is made of, as far as memory.stat tells: v2 alone does. */
enum cgroup_part {
	CGROUP_SLAB,
	CGROUP_PAGE_TABLES,
	CGROUP_KERNEL_STACKS,
	CGROUP_PERCPU,
	CGROUP_VMALLOC,
	CGROUP_SOCKETS, /* charged, but in no sum of memory.stat */
	CGROUP_PART_COUNT,
};

/* MEMORY_START is of the session; one that comes later had nothing then. */
struct cgroup_event {
	uint32_t id; /* of this session, from 1 */
	enum memory_when when;
	uint32_t known;   /* bits (1 << enum memory_kind), and CGROUP_…_KNOWN */
	const char *path; /* from the root of its hierarchy, hostile bytes */
	uint64_t bytes[KIND_COUNT];
	uint64_t usage_bytes; /* all that is charged to it */
	uint32_t parts_known; /* bits (1 << enum cgroup_part) */
	uint64_t part_bytes[CGROUP_PART_COUNT];
	bool chosen;                /* by --cgroup; the others are below it */
	uint64_t limit_bytes;       /* its own; not known: it has none */
	uint64_t reclaimable_bytes; /* page cache on the lists of file pages */
};

#define CGROUP_USAGE_KNOWN (1U << KIND_COUNT)
#define CGROUP_LIMIT_KNOWN (1U << (KIND_COUNT + 1))
#define CGROUP_RECLAIMABLE_KNOWN (1U << (KIND_COUNT + 2))

struct member_event {
	uint32_t process;
	uint32_t cgroup;
};

/* Page cache that is in the ledger, by file. */
struct file_event {
	uint32_t device; /* major << 20 | minor */
	uint64_t number; /* of the inode */
	uint32_t count; /* 1: this file; else so many that are not told one by one, or none any more
			 */
	bool block_device; /* the device itself: blocks that its file system reads */
	bool deleted;
	const char *path;    /* as the recorder sees it, hostile bytes; NULL: unknown */
	uint64_t size_bytes; /* of the file */
	uint64_t slots;
};

/* What stack has mapped how many addresses, whether they hold memory or not. Exact. */
struct reserved_event {
	uint32_t process;
	uint32_t stack;
	uint64_t bytes;
};

/* Kinds of mappings, in the order reports list them. */
enum mapping_kind {
	MAPPING_HEAP,         /* brk */
	MAPPING_ANON,         /* private anonymous memory, of no kind below */
	MAPPING_ARENA,        /* 64 MiB, aligned: malloc's of a thread, or Go's heap */
	MAPPING_THREAD_STACK, /* anonymous above a guard */
	MAPPING_STACK,        /* of the main thread */
	MAPPING_JIT,          /* anonymous and executable */
	MAPPING_FILE,         /* private or shared, code included */
	MAPPING_SHARED,       /* shared memory without a file in a file system */
	MAPPING_NO_ACCESS,    /* reserved, to be made accessible some day */
	MAPPING_SPECIAL,      /* [vdso], [vvar]: the kernel's */
	MAPPING_KIND_COUNT,
};

/* What /proc/PID/smaps says of all mappings of a kind. */
struct mappings_event {
	uint32_t process;
	enum mapping_kind kind;
	uint64_t count;
	uint64_t reserved_bytes;
	uint64_t resident_bytes;
};

struct stack_end_event {
	enum stack_end end;
	uint64_t count; /* since the session began, of all stacks that were taken */
};

struct lost_event {
	const char *cause;   /* short and stable: "ring-full"; a key in JSON */
	const char *meaning; /* for people, one clause */
	uint64_t count;
	bool data; /* bytes or stacks were lost (--strict), not only bookkeeping */
};

struct name_event {
	uint32_t module;
	uint64_t offset;
	const char *name; /* demangled; never empty */
};

/*
 * Of one module offset, in this order: depth 0, the function itself, and one event for each call
 * that was inlined there, into the one before. Its place is where the next one was called, of the
 * last one where the offset is.
 */
struct line_event {
	uint32_t module;
	uint64_t offset;
	uint32_t depth;
	const char *name; /* demangled; NULL of depth 0: as its name event says */
	const char *file; /* as the compiler was told; NULL: unknown, or not asked for */
	uint32_t line;    /* 0: unknown */
};

#define EVENT_LINE_DEPTHS 32

struct end_event {
	uint64_t duration_ns;
	enum end_reason reason;
	bool has_exit_status; /* of CMD */
	int exit_status;      /* wait status */
};

/* --- incidents ------------------------------------------------------------------------------ */

enum incident_kind {
	INCIDENT_OOM_KILL = 1, /* the kernel's OOM killer */
	INCIDENT_SIGKILL,      /* somebody else's SIGKILL */
	INCIDENT_WARNING,      /* a limit comes near */
	INCIDENT_KIND_COUNT,
};

/* What had run out, as the kernel's enum oom_constraint (include/linux/oom.h) tells it. */
enum incident_scope {
	SCOPE_UNKNOWN,
	SCOPE_MEMCG,
	SCOPE_CPUSET,
	SCOPE_MEMPOLICY,
	SCOPE_GLOBAL,
	SCOPE_COUNT,
};

/* Bits of incident_event.sources: who told of it. */
enum incident_source {
	INCIDENT_FROM_BPF = 1 << 0,
	INCIDENT_FROM_KMSG = 1 << 1,
	INCIDENT_ENRICHED = 1 << 2, /* by a hook that not every kernel has */
};

/* Bits of incident_event.known. */
enum incident_known {
	INCIDENT_ORDER = 1 << 0,   /* order and gfp */
	INCIDENT_DOMAIN = 1 << 1,  /* domain_pages */
	INCIDENT_TRIGGER = 1 << 2, /* trigger_pid, trigger_tid, trigger_comm */
	INCIDENT_NODES = 1 << 3,   /* nodes */
	INCIDENT_BADNESS = 1 << 4, /* badness_pages */
};

/*
 * What happened. An incident's file holds it, its victims, what stood around them, and then a
 * growth session's events (processes, modules, stacks, one last snapshot) of the moment of the
 * kill: what each stack held is live + held, for the counters of a killed process are frozen at its
 * SIGKILL.
 */
struct incident_event {
	enum incident_kind kind;
	enum incident_scope scope;
	uint32_t sources;      /* enum incident_source bits */
	uint32_t known;        /* enum incident_known bits */
	const char *id;        /* unique on this host: also the file's name */
	uint64_t sequence;     /* of this boot, from 1, without gaps: what is missing was lost; 0:
				  told in passing, kept nowhere */
	uint64_t realtime_ns;  /* of the kill */
	uint64_t monotonic_ns; /* the same moment by CLOCK_MONOTONIC */
	uint32_t order;        /* of the allocation that failed */
	uint32_t gfp;
	uint64_t domain_pages; /* what the kernel calls totalpages: of the OOM domain */
	uint32_t trigger_pid;  /* who asked for memory, not who was killed */
	uint32_t trigger_tid;
	char trigger_comm[EVENT_COMM_LEN];
	uint32_t trigger_user_stack;   /* id of a stack event that follows, 0: none */
	uint32_t trigger_kernel_stack; /* the same */
	const char *trigger_cgroup;    /* NULL: unknown */
	uint64_t nodes;        /* of a cpuset or a policy: a bit for each node of memory up to 63 */
	int64_t badness_pages; /* of the victim, by which the kernel chose it */
};

enum victim_role {
	VICTIM_CHOSEN = 1,
	VICTIM_GROUP,  /* memory.oom.group: killed with its whole cgroup */
	VICTIM_SHARER, /* shares the victim's mm */
	VICTIM_ROLE_COUNT,
};

/* Bits of victim_event.known. */
enum victim_known {
	VICTIM_IDENTITY = 1 << 0, /* tid, parent_pid, uid, threads, oom_score_adj */
	VICTIM_CGROUP = 1 << 1,   /* cgroup_id */
	VICTIM_RSS = 1 << 2,      /* anon, file, shmem, swap */
	VICTIM_PAGE_TABLES = 1 << 3,
	VICTIM_PEAK = 1 << 4,
	VICTIM_LOGGED = 1 << 5,       /* tid, uid and oom_score_adj, without the others */
	VICTIM_SWAP_UNKNOWN = 1 << 6, /* VICTIM_RSS is there, but for swap */
	VICTIM_EXE = 1 << 7,          /* exe of its process event: when is known */
	VICTIM_ARGV = 1 << 8,         /* its argument events: the same */
	VICTIM_MAPPED = 1 << 9,       /* mapped, data, stack, exec */
};

/*
 * A process that was killed; who it is beyond that says the process event with its id. Figures are
 * of the kill, taken in BPF, unless a bit of `before` says that they were taken earlier.
 */
struct victim_event {
	uint32_t process;
	enum victim_role role;
	uint32_t known;  /* enum victim_known bits */
	uint32_t before; /* enum victim_known bits: known, but taken before the kill */
	uint32_t tid;    /* the thread that was signalled */
	uint32_t parent_pid;
	uint32_t uid; /* in the initial user namespace */
	uint32_t threads;
	int32_t oom_score_adj;
	uint64_t cgroup_id;
	const char *cgroup; /* path in its hierarchy, as /proc/PID/cgroup shows it; NULL: unknown */
	uint64_t rss_anon_bytes;
	uint64_t rss_file_bytes;
	uint64_t rss_shmem_bytes;
	uint64_t swap_bytes;
	uint64_t page_table_bytes;
	uint64_t peak_bytes; /* the largest resident set it ever had */
	/* address space that it had reserved, as the kernel counts it: all, and parts of it */
	uint64_t mapped_bytes;
	uint64_t data_bytes; /* private and writable, but for stacks */
	uint64_t stack_bytes;
	uint64_t exec_bytes;
};

struct argument_event {
	uint32_t process;
	uint32_t index;   /* from 0 */
	const char *text; /* hostile bytes; cut, when cut is set */
	bool cut;
};

struct ancestor_event {
	uint32_t process; /* whose */
	uint32_t depth;   /* 1: the parent */
	uint32_t pid;
	char comm[EVENT_COMM_LEN];
};

/* When a figure was taken. */
enum taken_when {
	TAKEN_AT_KILL = 1, /* in BPF, with the signal; or printed by the kernel as it killed */
	TAKEN_BEFORE,      /* the last one before */
	TAKEN_AFTER,       /* as soon after as could be: some of it may have been freed */
	TAKEN_COUNT,
};

/* Bits of level_event.known. */
enum level_known {
	LEVEL_USAGE = 1 << 0,
	LEVEL_LIMIT = 1 << 1, /* absent: no limit */
	LEVEL_SWAP = 1 << 2,
	LEVEL_PEAK = 1 << 3,
};

/* One memory cgroup, from the victim's own (index 0) up to the root. */
struct level_event {
	uint32_t index;
	uint64_t id;
	const char *path;
	uint32_t known; /* enum level_known bits */
	uint64_t usage_bytes;
	uint64_t limit_bytes;
	uint64_t swap_bytes;
	uint64_t peak_bytes;
	bool fired; /* its limit is the one that was hit */
	enum taken_when when;
};

/* Instead of the index of a level: the whole host. */
#define LEVEL_HOST UINT32_MAX
/* The same: a process. */
#define LEVEL_PROCESS (UINT32_MAX - 1)

enum figure_source {
	FIGURE_LEDGER = 1,
	FIGURE_MEMORY_STAT, /* of the cgroup; `key` is the file's own word */
	FIGURE_MEMINFO,
	FIGURE_PSI,
	FIGURE_PROC,        /* /proc/PID; `key` is a word of ours */
	FIGURE_ENVIRONMENT, /* of the process; `key` is the variable */
	FIGURE_SETTING,     /* of the cgroup or the host; `key` is the file */
	FIGURE_SOURCE_COUNT,
};

struct figure_event {
	uint32_t level; /* or LEVEL_HOST, LEVEL_PROCESS */
	const char *key;
	uint64_t value;
	enum figure_source source;
	enum taken_when when;
	uint32_t process; /* of LEVEL_PROCESS */
	const char *text; /* instead of the value; hostile bytes; NULL: it is a number */
};

/* Bits of candidate_event.known. */
enum candidate_known {
	CANDIDATE_SWAP = 1 << 0,
	CANDIDATE_PAGE_TABLES = 1 << 1,
	CANDIDATE_BADNESS = 1 << 2,
};

struct candidate_event {
	uint32_t pid;
	char comm[EVENT_COMM_LEN];
	uint32_t known; /* enum candidate_known bits */
	uint64_t rss_bytes;
	uint64_t swap_bytes;
	uint64_t page_table_bytes;
	int32_t oom_score_adj;
	int64_t badness_pages; /* as oom_badness() (mm/oom_kill.c) adds it up */
	bool chosen;
	enum taken_when when;
};

/* Bits of moment_event.known. */
enum moment_known {
	MOMENT_RSS = 1 << 0, /* anon, file and shmem of a process */
	MOMENT_SWAP = 1 << 1,
	MOMENT_USAGE = 1 << 2, /* of a level */
	MOMENT_LIMIT = 1 << 3,
	MOMENT_PRESSURE = 1 << 4, /* stalls of a level, or of the host */
};

/* A process, or a level (LEVEL_HOST as well) when `process` is 0, at some time before the kill. */
struct moment_event {
	uint64_t before_ns; /* the kill */
	uint32_t process;
	uint32_t level;
	uint32_t known; /* enum moment_known bits */
	uint64_t anon_bytes;
	uint64_t file_bytes;
	uint64_t shmem_bytes;
	uint64_t swap_bytes;
	uint64_t usage_bytes;
	uint64_t limit_bytes;
	uint64_t stall_some_us; /* that some task had waited for memory until then (PSI) */
	uint64_t stall_full_us; /* that all had */
};

/*
 * Looked up after the kill, by the ids in the cgroup's path, where the runtime keeps its logs, and
 * the file that it keeps of the container. NULL: not found there.
 */
struct workload_event {
	uint32_t process;
	const char *kube_namespace;
	const char *pod;
	const char *container;
	const char *image; /* by that file, which the finisher has read */
	/* never in a file; whoever takes the event may duplicate the descriptor, or read it now */
	enum container_format state_format; /* CONTAINER_NONE: there is no descriptor */
	int state_fd;
	char container_id[WORKLOAD_ID_LEN + 1]; /* whose it is */
};

/* What is known to send SIGKILLs, by its program or its name. */
enum sender_kind {
	SENDER_OTHER,
	SENDER_KERNEL, /* by itself; who is told was running then */
	SENDER_SYSTEMD_OOMD,
	SENDER_EARLYOOM,
	SENDER_OOM_DAEMON, /* another one */
	SENDER_KUBELET,
	SENDER_RUNTIME, /* of containers */
	SENDER_SERVICE_MANAGER,
	SENDER_SHELL,   /* its builtin kill */
	SENDER_COMMAND, /* kill, timeout, pkill … */
	SENDER_ITSELF,
	SENDER_PARENT,
	SENDER_KIND_COUNT,
};

/* How a SIGKILL came about. */
enum kill_how {
	HOW_SYSTEM_CALL, /* kill, tgkill, pidfd_send_signal … */
	HOW_CGROUP_KILL, /* a write to cgroup.kill */
	HOW_PID_NAMESPACE,
	HOW_PARENT_DEATH, /* PR_SET_PDEATHSIG */
	HOW_TRACER_EXIT,  /* PTRACE_O_EXITKILL */
	HOW_CPU_LIMIT,    /* RLIMIT_CPU */
	HOW_TIMER,        /* one of its own, or a notification it asked for */
	HOW_BAD_MEMORY,   /* a page of it is broken in hardware */
	HOW_SYSRQ,
	HOW_EXEC, /* its new image could not be set up, and the old one was gone */
	HOW_KERNEL,
	HOW_COUNT,
};

/* The process event with its id says who it is beyond that, ancestor events whose child. */
struct sender_event {
	uint32_t process;
	enum sender_kind kind;
	enum kill_how how;
	uint32_t tid;
	uint32_t uid; /* in the initial user namespace */
	char thread_comm[EVENT_COMM_LEN];
	const char *cgroup; /* as that of a victim */
	bool oom_killer;    /* it kills for lack of memory, or is taken to have done so */
};

/* What counts against the limit of a level (or LEVEL_HOST), which was declared before. */
struct charge_event {
	uint64_t time_ns; /* since the session began */
	uint32_t level;
	uint64_t held_bytes; /* what is charged, less the page cache that can be reclaimed */
	uint64_t usage_bytes;
	uint64_t limit_bytes;
};

struct degraded_event {
	const char *without; /* in words: "pages moved by compaction lose their stack" */
};

/* What a process had mapped some time before it was killed: reserved, not resident. */
struct mapped_event {
	uint32_t process;
	enum mapping_kind kind;
	uint32_t count;
	uint64_t bytes;
	const char *name;   /* hostile bytes, of a long one the end; NULL: the kind says it */
	uint64_t before_ns; /* the kill */
	bool others;        /* of any kind: all that are not told by name */
};

/*
 * Before the points of the level (or LEVEL_HOST). Of INCIDENT_WARNING the last of them is the one
 * that passed it; of a kill it was told some time before.
 */
struct warning_event {
	uint32_t level;
	uint32_t percent;                 /* of the limit, the one that was asked for */
	uint64_t before_ns;               /* the kill */
	uint64_t held_bytes, limit_bytes; /* then; of a kill alone */
	/* of INCIDENT_WARNING: stacks that hold more than at its first snapshot, and how much */
	uint64_t grown_slots;
	uint32_t grown_stacks;
};

/*
 * What one stack of a victim held when the victim was noted while it was small: the time and what
 * all of its stacks held then are the same in each of these.
 */
struct early_event {
	uint32_t process;
	uint32_t stack;
	uint64_t before_ns;  /* the kill */
	uint64_t held_bytes; /* anon and shmem, of all its stacks */
	uint64_t bytes;      /* of this one */
};

/* Bits of life_event.known. */
enum life_known {
	LIFE_LIVED = 1 << 0,
	LIFE_MEMORY = 1 << 1,
	LIFE_LIMIT = 1 << 2,
	LIFE_HALF = 1 << 3,
	LIFE_EARLY = 1 << 4,
};

#define LIFE_STACKS 4
/* That an incident tells of, at most, before its own. */
#define LIVES_MAX 15

/*
 * A process that was killed for memory, after which its workload was started again: found by the
 * finisher among the incidents of the spool. The incident it is of may be gone by now.
 */
struct life_event {
	const char *id;  /* of its incident */
	uint32_t number; /* among the lives in a row, from 1 */
	uint32_t pid;
	uint64_t realtime_ns;  /* of the kill */
	uint32_t known;        /* enum life_known bits */
	uint64_t lived_ns;     /* from its start to the kill */
	uint64_t memory_bytes; /* anon, shmem and swap at the kill */
	uint64_t limit_bytes;  /* of what ran out */
	uint64_t half_ns;      /* from its start: by then it held half of memory_bytes */
	uint64_t stack_hashes[LIFE_STACKS]; /* of its largest stacks, by their frames; 0: none */
	uint64_t stack_bytes[LIFE_STACKS];
	uint64_t early_ns; /* from its start: when it was noted what it had done first */
	uint64_t early_held_bytes;
	uint64_t early_hashes[LIFE_STACKS];
	uint64_t early_bytes[LIFE_STACKS];
};

struct event {
	enum event_type type;
	union {
		struct session_event session;
		struct process_event process;
		struct module_event module;
		struct stack_event stack;
		struct cell_event cell;
		struct inherited_event inherited;
		struct memory_event memory;
		struct lost_event lost;
		struct stack_end_event stack_end;
		struct name_event name;
		struct line_event line;
		struct end_event end;
		struct reserved_event reserved;
		struct mappings_event mappings;
		struct snapshot_event snapshot; /* EVENT_WHOLE repeats it */
		struct forgotten_event forgotten;
		struct incident_event incident;
		struct victim_event victim;
		struct argument_event argument;
		struct ancestor_event ancestor;
		struct level_event level;
		struct figure_event figure;
		struct candidate_event candidate;
		struct moment_event moment;
		struct host_event host;
		struct file_event file;
		struct cgroup_event cgroup;
		struct member_event member;
		struct workload_event workload;
		struct early_event early;
		struct degraded_event degraded;
		struct sender_event sender;
		struct charge_event charge;
		struct warning_event warning;
		struct life_event life;
		struct mapped_event mapped;
	};
};

#endif

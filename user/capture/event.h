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

#define EVENT_COMM_LEN 16
#define EVENT_MAX_FRAMES 192
#define EVENT_BUILD_ID_MAX 20

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
	EVENT_TYPE_END,  /* none: the types of a file only grow */
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
};

/* One frame: a file offset within a module, or (module 0) an address. */
struct event_frame {
	uint32_t module;
	uint64_t offset;
};

struct stack_event {
	uint32_t id; /* of this session, from 1, never reused */
	enum stack_origin origin;
	bool truncated;            /* the root side is missing */
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

struct end_event {
	uint64_t duration_ns;
	enum end_reason reason;
	bool has_exit_status; /* of CMD */
	int exit_status;      /* wait status */
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
		struct name_event name;
		struct end_event end;
		struct reserved_event reserved;
		struct mappings_event mappings;
		struct snapshot_event snapshot; /* EVENT_WHOLE repeats it */
		struct forgotten_event forgotten;
	};
};

#endif

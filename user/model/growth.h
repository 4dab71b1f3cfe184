/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growth, finished: which stack of which process holds how many bytes, and how that adds up to
 * what the kernel says. Everything here is const, sorted and in bytes when a renderer sees it;
 * renderers compute nothing. Made by growth_builder.h from trace events alone.
 */
#ifndef MODEL_GROWTH_H
#define MODEL_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "capture/event.h"
#include "model/trend.h"

struct growth_session {
	uint64_t start_realtime_ns;
	uint64_t duration_ns;
	uint64_t period_pages;
	uint64_t page_size_bytes;
	const char *tool_version; /* never NULL, "" when unknown; so are the next ones */
	const char *kernel_release;
	const char *machine;
	const char *hostname;
	const char *target;
	const char *degraded; /* what the kernel does not tell, a line each */
	bool complete; /* an end event was seen; if not, reason and duration_ns mean nothing */
	enum end_reason reason;
	bool has_exit_status;
	int exit_status; /* wait status of CMD */
};

/*
 * What one process holds of one kind, and what the kernel says about it. For KIND_ANON:
 *   stacks + before + moved + lost + inherited + unexplained = kernel + split_huge + elsewhere
 * For the other kinds the two sides stand next to each other and are never added:
 * KIND_FILE and KIND_SHMEM have RssFile and RssShmem in `kernel_bytes`, KIND_KERNEL has VmPTE.
 */
struct growth_account {
	uint64_t stacks_bytes; /* user stacks, [no user stack], [ended processes] */
	uint64_t before_bytes;
	uint64_t moved_bytes;
	uint64_t lost_bytes;
	uint64_t inherited_bytes; /* of other processes' stacks, whether those live or not */
	uint64_t held_bytes;      /* the sum of the above */
	uint64_t error_bytes;     /* 95 % bound of held_bytes, 0: exact */
	uint64_t split_huge_bytes;
	uint64_t elsewhere_bytes;   /* of held_bytes, what others alone map: its heirs, by a fork */
	bool before_by_subtraction; /* before_bytes is what was left, not what was seen */
	bool inherited_by_subtraction;
	bool kernel_known; /* the next two mean something */
	uint64_t kernel_bytes;
	int64_t unexplained_bytes; /* kernel + split_huge + elsewhere less held */
};

/* All mappings of a kind: what they reserve, and what of it holds memory. */
struct growth_mappings {
	uint64_t count;
	uint64_t reserved_bytes;
	uint64_t resident_bytes;
};

struct growth_process {
	uint32_t id;
	uint32_t pid;
	bool target;
	bool ended;
	bool at_end; /* its figures are those of its end, not of what is left of it now */
	bool shown;  /* not shown: ended earlier, and nothing of it is live */
	char comm[EVENT_COMM_LEN]; /* hostile bytes, always terminated */
	const char *cgroup;        /* path, hostile bytes; NULL: unknown */
	struct growth_account accounts[KIND_COUNT];
	bool start_known;
	uint64_t rss_start_bytes; /* anon + file + shmem, when the time shown began */
	bool end_known;
	uint64_t rss_end_bytes;
	uint64_t swap_end_bytes;
	bool virtual_known;
	uint64_t virtual_end_bytes;
	uint64_t reserved_bytes; /* by stacks: the sum of its rows when growth.reserved */
	int64_t unexplained_reserved_bytes; /* virtual_end_bytes less those, where it is known */
	bool mappings_known;                /* the next two mean something */
	struct growth_mappings mappings[MAPPING_KIND_COUNT];
	struct growth_mappings all_mappings; /* the sum of those */
};

/* Kind of a row that counts pages whatever became of them (since_start). */
#define GROWTH_KIND_ANY KIND_COUNT

/* A file that code came from, or the kernel. */
struct growth_module {
	uint32_t id;
	const char *path;     /* hostile bytes; as the process saw it, "[vdso]", "[kernel]" */
	bool perf_map;        /* names of a JIT's code; offsets are addresses */
	uint8_t build_id_len; /* 0: unknown */
	uint8_t build_id[EVENT_BUILD_ID_MAX];
};

/* Where a frame is. Frames inlined into one function follow it, and have its module and offset. */
struct growth_place {
	const struct growth_module *module; /* NULL: a label, or in no known file */
	uint64_t offset;      /* in the file; without a module: the address, 0: a label */
	const char *function; /* the frame without file and line; hostile bytes; NULL: a label */
	const char *file;     /* NULL: unknown; hostile bytes */
	uint32_t line;        /* 0: unknown */
	bool inlined;         /* into the frame before, nearer the root */
};

/* One stack of one thread name of one process, one kind. */
struct growth_row {
	const struct growth_process *process;
	const char *comm;      /* of the thread; hostile bytes */
	enum memory_kind kind; /* or GROWTH_KIND_ANY */
	enum stack_origin origin;
	uint32_t stack_id;           /* of one of the stacks in it; 0: none has frames */
	uint32_t inherited_from_pid; /* 0: the process's own */
	int64_t bytes; /* what the chosen view counts; negative only where something has shrunk */
	int64_t change_bytes; /* since growth.previous_ns, where that is known */
	/* gross in the time shown, all kinds of the stack together; said once, in its largest row
	 */
	uint64_t allocated_bytes;
	bool allocated_above;              /* there is such a row, another one */
	uint64_t samples;                  /* slots behind `bytes`; 0: not sampled but subtracted */
	uint64_t from_samples;             /* of them already there when the interval began */
	uint64_t allocated_slots;          /* of the stack, in the time shown */
	uint64_t led_slots;                /* of them, those that this row is to say */
	uint64_t error_bytes;              /* 95 % bound of `bytes`, 0: exact */
	uint32_t frame_count;              /* at least 1 */
	uint32_t kernel_frame_count;       /* of them, at the leaf: the kernel's */
	const char *const *frames;         /* root first, labels such as [lost stacks] included */
	const struct growth_place *places; /* of the same frames */
};

/* Frame `i`, counted from the root. */
static inline bool growth_frame_is_kernel(const struct growth_row *row, uint32_t i)
{
	return row->frame_count - i <= row->kernel_frame_count;
}

/* What marks frame `i`, counted from the root, as folded stacks do: "_[k]" the kernel's, "_[j]" of
 * code that a JIT made, "_[i]" inlined, "" any other. */
const char *growth_frame_mark(const struct growth_row *row, uint32_t i);

/*
 * What the ledger says has come, next to what the kernel says has changed, for one kind:
 *   before - released + ledger + remainder = now
 * The ledger knows nothing of what was there before, so the remainder has what was released of
 * that.
 */
struct growth_balance {
	bool known;           /* both moments; the figures in bytes of the kernel mean something */
	int64_t ledger_bytes; /* live, since the recording began, or since from_ns */
	uint64_t error_bytes; /* 95 % bound of ledger_bytes */
	uint64_t before_bytes;
	uint64_t now_bytes;
	bool released_known;    /* what was there before was entered into the ledger, all of it */
	int64_t released_bytes; /* of before_bytes, since; negative by the error of sampling */
	int64_t remainder_bytes;
};

/* A part of a cgroup's kernel memory; the ledger has no such parts, and of some no event. */
struct growth_part {
	bool known;
	bool has_event; /* its pages are in the ledger */
	uint64_t before_bytes;
	uint64_t now_bytes;
};

/* The memory of one cgroup and all below it, in the same way. */
struct growth_cgroup {
	const char *path; /* hostile bytes */
	bool gone;        /* no figures of the kernel any more */
	bool chosen;      /* by --cgroup */
	bool usage_known;
	uint64_t usage_bytes;
	uint64_t firm_bytes; /* of it, what cannot be reclaimed; all, where that is not known */
	bool limit_known;    /* not: it has none of its own */
	uint64_t limit_bytes;
	struct growth_balance kinds[KIND_COUNT];
	struct growth_part parts[CGROUP_PART_COUNT]; /* of its kernel memory, by the kernel */
	uint64_t ledger_bytes;                       /* of all kinds, where they have grown */
	/* anon, in the ledger but not in `now`: */
	uint64_t moved_in_bytes;   /* of processes that came with it, charged where they were */
	uint64_t split_huge_bytes; /* in partly unmapped huge pages, so in the remainder */
};

/* The memory of the whole host (--all). */
struct growth_host {
	bool known;
	uint64_t total_bytes;
	uint64_t free_bytes;
	struct growth_balance kinds[KIND_COUNT]; /* KIND_PENDING has no figures of the kernel */
};

/* A file that fills the page cache: what of it is in the ledger, that is, came since the start. */
struct growth_file {
	const char *path; /* hostile bytes; NULL: unknown */
	uint32_t device_major, device_minor;
	uint64_t number;   /* of the inode */
	bool block_device; /* not a file: what its file system reads of the device itself */
	bool deleted;
	uint64_t size_bytes;
	uint64_t bytes;
	uint64_t error_bytes; /* 95 % bound of bytes */
};

/*
 * The limit that is nearest of those around the target, and where the memory that counts against it
 * is going: usage less the page cache that can be reclaimed.
 */
struct growth_limit {
	bool known;
	const char *path; /* of the cgroup, hostile bytes; NULL: the whole host */
	uint64_t held_bytes, usage_bytes, limit_bytes;
	double percent; /* held, of the limit */
	struct trend trend;
	bool rate_known;
	double bytes_per_second;        /* of the trend where it rises, else of the last moments */
	bool forecast_known;            /* only where the trend rises */
	struct trend_forecast forecast; /* until the limit is met */
};

struct growth_loss {
	const char *cause;
	const char *meaning;
	uint64_t count;
	bool data;
};

struct growth {
	struct growth_session session;
	bool since_start; /* rows count gross allocation, not what is live */
	bool reserved;    /* rows count mapped addresses, exactly */
	bool has_from;    /* rows count what came since from_ns, not all there is */
	uint64_t from_ns; /* both since the session began */
	bool time_known;  /* time_ns, the moment of the figures, means something */
	uint64_t time_ns;
	bool previous_known; /* rows have a change, since previous_ns after the session began */
	uint64_t previous_ns;
	bool earlier; /* the figures are of a moment before the session's end */
	const struct growth_process *processes; /* targets first, then by pid */
	size_t process_count;
	size_t gone_count;             /* processes that have ended and been forgotten since */
	const struct growth_row *rows; /* most bytes first, then by process and stack */
	size_t row_count;
	struct growth_host host;
	struct growth_limit limit;
	const struct growth_cgroup *cgroups; /* most bytes first */
	size_t cgroup_count;
	const struct growth_file *files; /* at time_ns, most bytes first; NULL: not recorded */
	size_t file_count;
	uint64_t other_files; /* that are not told one by one */
	uint64_t other_files_bytes;
	uint64_t files_bytes;                 /* of all */
	int64_t total_bytes;                  /* of all rows */
	int64_t change_bytes;                 /* of all rows */
	int64_t kind_bytes[KIND_COUNT + 1];   /* of all rows, by kind or GROWTH_KIND_ANY */
	uint64_t stack_ends[STACK_END_COUNT]; /* how the stacks taken ended; all 0: not recorded */
	const struct growth_loss *losses;     /* only those with a count */
	size_t loss_count;
	bool data_lost; /* one of the losses was of data */
};

/* Short name of a kind, "any" for GROWTH_KIND_ANY: "anon", "shmem", "file", "kernel", "undecided"
 */
const char *memory_kind_name(enum memory_kind kind);

/* Short name of a part of a cgroup's kernel memory: "slab", "page tables" */
const char *cgroup_part_name(enum cgroup_part part);

/* Short name of a kind of mapping: "heap", "thread stacks" */
const char *mapping_kind_name(enum mapping_kind kind);

void growth_free(struct growth *growth);
DEFINE_CLEANUP(struct growth *, growth_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire between the BPF programs and the recorder: the only file both sides include.
 *
 * Fixed-width types, no pointers to follow, no kernel headers. Everything here lives in a map or
 * in a ring-buffer record, so every size is asserted at the end.
 *
 * Vocabulary (docs/architecture.md has the picture):
 *   period   N, a power of two. In every aligned block of N page frames exactly one is a slot.
 *   slot     a page frame that enters the ledger; it stands for N pages.
 *   entry    what the ledger holds for a slot: nothing, or the cell that its page is counted in.
 *   account  one life of an address space (struct mm_struct), never a pid.
 *   cell     the counters of one (account, thread name, stack).
 */
#ifndef OOMTRACE_WIRE_H
#define OOMTRACE_WIRE_H

#include <linux/types.h>

/* Frames kept of one user stack. Deeper stacks lose their root, and say so. */
#define OT_MAX_FRAMES 127
/* Frames kept of the kernel's side of a stack, its tracing included. */
#define OT_MAX_KERNEL_FRAMES 64
/* TASK_COMM_LEN of the kernel (include/linux/sched.h). */
#define OT_COMM_LEN 16
/* Orders the buddy allocator hands out: MAX_PAGE_ORDER is 10 on x86-64 and arm64/4K. */
#define OT_MAX_ORDER 10
/* Order of a 2 MiB huge page (HPAGE_PMD_ORDER). */
#define OT_HUGE_ORDER 9
/* Largest supported period: one slot in each 2 MiB of 4 KiB pages. */
#define OT_MAX_PERIOD_SHIFT 9
/* Frames of a section of physical memory: 128 MiB of 4 KiB pages, as SPARSEMEM on x86-64. */
#define OT_SECTION_SHIFT 15
/* Knuth's multiplicative constant, 2^64 / golden ratio: spreads slots over blocks. */
#define OT_SLOT_HASH 0x9E3779B97F4A7C15ULL

/* Frames the recorder may have settled, or looked up in files, in one call. */
#define OT_SETTLE_BATCH 512
/* Numbers that go into a queue in one call. */
#define OT_FILL_BATCH 512

/* Directories of a file's path that are told, the file included; of deeper ones the root is not. */
#define OT_PATH_DEPTH 24
/* NAME_MAX and a NUL. */
#define OT_NAME_LEN 256

/* What a page turned out to be. OT_KIND_PENDING until page->mapping is known. */
enum ot_kind {
	OT_KIND_PENDING,
	OT_KIND_ANON,
	OT_KIND_SHMEM,
	OT_KIND_FILE,
	OT_KIND_KERNEL,
	OT_KIND_COUNT,
};

/* What the allocation's gfp flags promised about the page. */
enum ot_class {
	OT_CLASS_MOVABLE, /* __GFP_MOVABLE: user pages and page cache */
	OT_CLASS_ACCOUNT, /* __GFP_ACCOUNT: kernel memory charged to the cgroup */
	OT_CLASS_OTHER,   /* neither: slab, block-device page cache, drivers */
	OT_CLASS_ADOPTED, /* resident before tracing; entered by the recorder */
	OT_CLASS_COUNT,
};

/*
 * One ledger entry. All zero means: the slot's page is free, unseen or not traced. Written whole
 * by the allocating context, zeroed by the freeing one; `kind` alone is also stored by whoever
 * resolves it, as a byte, so that a lost race can misname a page but never revive an entry.
 */
struct ot_entry {
	__u32 cell;
	__u8 kind;       /* enum ot_kind */
	__u8 class;      /* enum ot_class */
	__u8 order;      /* of the allocation the slot was part of */
	__u8 generation; /* only while a mover's owner waits in a queue: of its cell */
};

/*
 * Counters of one cell, in slots. `live` is always what the ledger holds now. A slot that is
 * closed after the account was frozen (its mm is being torn down) is counted in `held` as well:
 * live + held is the state at the freeze.
 */
struct ot_cell {
	__u64 stack; /* hash of thread name and frames; 0 for the fixed cells */
	__u64 allocated;
	__u32 account;
	__u16 in_use;
	__u16 generation; /* raised by the recorder when it retires the cell */
	__u32 live[OT_KIND_COUNT];
	__u32 held[OT_KIND_COUNT];
};

/*
 * Every account has a few cells that need no stack and can never be refused: cell number
 * account * OT_FIXED_COUNT + which. Cells with stacks follow after the fixed cells of all accounts.
 */
enum ot_fixed_cell {
	OT_FIXED_LOST,     /* [lost stacks]: no room for a new cell or its record */
	OT_FIXED_BEFORE,   /* [resident before tracing] */
	OT_FIXED_MOVED,    /* [moved by the kernel]: owners waiting for the page's new place */
	OT_FIXED_NO_STACK, /* [no user stack]: exec, exit, kernel threads with a borrowed mm */
	OT_FIXED_COUNT,
};

/*
 * Account 0 does not exist, so that cell 0 can mean "no entry". Account 1 is nobody in particular:
 * its [lost stacks] are pages of traced work that found no free account, its [moved by the kernel]
 * are slots a mover opened whose author is not known yet.
 */
#define OT_ACCOUNT_NOBODY 1

enum ot_account_use {
	OT_ACCOUNT_FREE,
	OT_ACCOUNT_LIFE,
	OT_ACCOUNT_LEGACY, /* no process: what the dead of one cgroup have left. The recorder's */
};

/* What a process had before it was traced. */
enum ot_joined {
	OT_JOINED_NOTHING, /* or too little to look for */
	OT_JOINED_WAITS,   /* to be adopted */
	OT_JOINED_ADOPTED, /* set by the recorder, where the whole host is watched */
};

/* One life of an mm. The index in the array is the account number. */
struct ot_account {
	__u64 mm;            /* kernel address, to ask it for mm_users */
	__u64 life;          /* never reused: mm->context.ctx_id on x86, else a start time */
	__u64 start_time_ns; /* of the process, CLOCK_BOOTTIME; with tgid the process's identity */
	__u64 frozen_ns;     /* CLOCK_MONOTONIC of the freeze, 0 while alive */
	__u64 cgroup;        /* inode number of its memory cgroup, by the last scan; 0: none */
	__u32 tgid;          /* as seen in the initial pid namespace */
	__u8 in_use;         /* enum ot_account_use */
	__u8 pre_exec;       /* of a target flagged OT_TARGET_PRE_EXEC: not to be shown */
	__u8 joined;         /* enum ot_joined: had memory before it was traced */
	__u8 killed;         /* frozen by its SIGKILL, not by the end of the mm */
	__u32 user_tid; /* a thread that uses the mm, by the last scan: /proc/TID shows this mm */
	__u32 scan;     /* number of the last scan that found a user */
	__u32 cells;    /* stack cells it has taken */
	/* another where other code is mapped in the place of what was told: code_is_as_told() */
	__u32 code_salt;
	__u32 late_stacks;         /* that were kept as bytes */
	__u32 code_told;           /* mappings it had when its code was told last */
	char comm[OT_COMM_LEN];    /* of the task that opened the account */
	__u32 live[OT_KIND_COUNT]; /* sum of its cells' */
	__u32 told;                /* slots it held when a point of its curve was last told */
	/* of one that a fork has made, where kills are watched for; author 0: of nobody */
	__u64 author_life;
	__u32 author;    /* account of whom it was forked from */
	__u32 inherited; /* anonymous slots that one had then: more it cannot have of others */
};

/* Who has less when it forks leaves nothing that is worth an account of the child's own. */
#define OT_HEIR_PAGES 512

/* Key of the index that finds a cell. */
struct ot_cell_key {
	__u64 stack;
	__u32 account;
	__u32 reserved;
};

/* Flags of a target: a thread group to be traced, by tgid. */
enum ot_target_flag {
	OT_TARGET_FOLLOW = 1,   /* its children become targets when they are forked */
	OT_TARGET_PRE_EXEC = 2, /* still runs our own image; it counts from its exec on */
	OT_TARGET_JOINED = 4,   /* had memory before it became a target: to be adopted */
	OT_TARGET_LEFT = 8,     /* not chosen any more: no new account, but what it has stays */
};

/* How targets are chosen, besides by those who named them. */
enum ot_choice {
	OT_CHOOSE_NOBODY,
	OT_CHOOSE_NAME,   /* processes of one name */
	OT_CHOOSE_CGROUP, /* processes in one cgroup, or below it */
};

/* Marks that say which tgids may be targets: a filter, not a table. */
#define OT_TARGET_MARKS 4096

/*
 * Unwind rows: how to get from one frame to its caller, for each address of a module's text. A row
 * holds from its address until the next one's. Addresses are relative to the module's text base:
 * the virtual address of its lowest executable segment, rounded down to a page.
 *
 *   row   pc_rel << 32 | rule
 *   rule  CFA type 4 bits | RBP type 2 | RBP offset 10, signed | CFA offset 16
 *
 * Offsets are in units of 8 bytes. The CFA is the stack pointer before the call; on x86-64 the
 * return address is always below it. RBP is saved, if at all, at an offset from the CFA. arm64 has
 * types of its own to take.
 */
enum ot_cfa {
	OT_CFA_NONE,        /* no unwind data here: follow frame pointers */
	OT_CFA_RSP,         /* RSP + offset */
	OT_CFA_RBP,         /* RBP + offset */
	OT_CFA_END,         /* nobody called this: entry of a process or thread */
	OT_CFA_SIGNAL,      /* registers are in the signal frame at RSP */
	OT_CFA_DICTIONARY,  /* the offset is an index into the module's dictionary */
	OT_CFA_UNSUPPORTED, /* there is a rule that no row can say */
};

enum ot_rbp {
	OT_RBP_SAME,
	OT_RBP_AT_CFA,   /* saved at CFA + offset */
	OT_RBP_RESERVED, /* saved at RBP + offset */
	OT_RBP_LOST,     /* undefined */
};

#define OT_RULE_CFA(rule) ((rule)&0xf)
#define OT_RULE_RBP(rule) ((rule) >> 4 & 0x3)
#define OT_RULE_RBP_WORDS(rule) ((__s32)((rule) << 16) >> 22)
#define OT_RULE_CFA_WORDS(rule) ((rule) >> 16)
#define OT_RULE(cfa, cfa_words, rbp, rbp_words)                               \
	((__u32)(cfa) | (__u32)(rbp) << 4 | ((__u32)(rbp_words)&0x3ff) << 6 | \
	 (__u32)(cfa_words) << 16)
#define OT_ROW(pc_rel, rule) ((__u64)(pc_rel) << 32 | (__u32)(rule))
#define OT_ROW_PC(row) ((__u32)((row) >> 32))

/* What does not fit into a row. */
enum ot_dictionary_kind {
	OT_DICTIONARY_PLT,       /* CFA = RSP + 8 + ((pc & 15) >= n ? 8 : 0) */
	OT_DICTIONARY_DEREF_RSP, /* CFA = *(RSP + offset) + offset2 */
	OT_DICTIONARY_DEREF_RBP, /* CFA = *(RBP + offset) + offset2 */
	OT_DICTIONARY_REGISTER,  /* CFA = reg + offset; in a leaf frame alone */
	OT_DICTIONARY_LARGE,     /* CFA = reg + offset, reg is RSP or RBP */
	OT_DICTIONARY_KIND_COUNT,
};

struct ot_dictionary_entry {
	__u8 kind; /* enum ot_dictionary_kind */
	__u8 reg;  /* its DWARF number: RBP is 6, RSP 7 */
	__u16 n;
	__s32 offset; /* bytes */
	__s32 offset2;
	__u32 rule; /* its RBP part counts */
};

/* The rows to search for an address: one for each 4 KiB of text, from the text base. */
struct ot_unwind_page {
	__u32 first; /* the last row that begins at or before the page; row 0 if there is none */
	__u32 last;  /* the last row that begins before the page's end; row 0 if there is none */
};

#define OT_UNWIND_PAGE_SHIFT 12

/*
 * Where the rows are that the kernel walks. A segment is one map value: a module's rows, then its
 * pages, then its dictionary. What is larger than the room in a segment is cut by address into
 * several tables, so that finding the mapping also finds the table. All places are in words of 8
 * bytes from the beginning of the segment.
 */
#define OT_SEGMENT_WORDS (1U << 18)
#define OT_SEGMENTS 64

/* Rows of one module, or of a part of it. Table 0 does not exist. */
struct ot_unwind_table {
	__u32 segment;
	__u32 rows;
	__u32 pages;
	__u32 first_page; /* which of the module's pages is the first here */
	__u32 page_count;
	__u32 dictionary;
	__u32 dictionary_count;
	__u32 flags; /* enum ot_unwind_flag */
};

enum ot_unwind_flag {
	OT_UNWIND_GO = 1, /* keeps frame pointers, and its stacks are not in one piece */
};

/* What is known of the code behind a mapping. */
enum ot_code {
	OT_CODE_PENDING, /* a file whose rows are not here yet */
	OT_CODE_ROWS,    /* see its table */
	OT_CODE_NO_ROWS, /* made at run time, or a file without unwind data */
	OT_CODE_REFUSED, /* a file whose rows found no room, or that could not be opened */
};

/* An executable mapping of a process, or a part of one. Those of one process are sorted. */
struct ot_code_mapping {
	__u64 start, end;
	__u64 base; /* the address that the module's text base is mapped at */
	__u32 table;
	__u32 code; /* enum ot_code */
	/* ot_code_identity() of what is mapped, 0: not known */
	__u32 identity;
	/* the walk's: what code_epoch() was when that was last found to be true; 0: never */
	__u32 checked;
};

/*
 * Which file is mapped, as the kernel tells files apart: what the same file is to another process,
 * in whatever container.
 */
struct ot_code_key {
	__u64 inode; /* its number; OT_CODE_VDSO with all else 0 for the vDSO, 0: no file */
	__u64 size_bytes;
	__u32 device; /* as the kernel counts: major << 20 | minor */
	__u32 generation;
};

#define OT_CODE_VDSO 1

/*
 * Tells apart what may be mapped at one address: which file, and which part of it. `bias` is the
 * address that the file's first byte would be at. 32 bits: of other code that is mapped in place of
 * what was told one in four billion is taken for it. Never 0.
 */
static inline __attribute__((always_inline)) __u32 ot_code_identity(const struct ot_code_key *key,
								    __u64 bias)
{
	const __u64 odd = 0x9e3779b97f4a7c15ULL; /* 2^64 by the golden ratio */
	__u64 hash = (bias ^ key->inode) * odd;

	hash = (hash ^ hash >> 32 ^ key->size_bytes) * odd;
	hash = (hash ^ hash >> 32 ^ ((__u64)key->device << 32 | key->generation)) * odd;
	return (__u32)(hash >> 32) | 1;
}

/* Tables that one file's rows may be in; what has more is found by way of slices alone. */
#define OT_CODE_PARTS 8

/* What is known of a file's code, whoever maps it. */
struct ot_code_file {
	__u64 text_offset; /* in the file, of what rows count from */
	__u32 code;        /* enum ot_code */
	__u32 part_count;
	struct {
		__u32 start, end; /* from the text base */
		__u32 table;
	} parts[OT_CODE_PARTS];
};

/* A mapping of the current task, as the kernel's tree has it. */
struct ot_code_area {
	__u64 start, end;
	__u64 offset; /* in the file */
	__u64 inode;  /* kernel address, to ask for its name at once; 0: no file */
	struct ot_code_key key;
};

/* The mappings of a thread group. */
struct ot_code_slice {
	__u32 first;
	__u32 count;
	/* each that is published has its own, from 1; the same again after so many, at ten a second
	 * in seven years */
	__u32 generation;
};

#define OT_SLICE_GENERATIONS 0x7fffffffU

/* For a test that walks stacks twice, with and without the rows that are known. */
struct ot_walks {
	__u64 compared;
	__u64 different;
	__u64 frames;
	__u64 searched; /* those of them whose rules were not known */
};

/* How a user stack ended, which says what it is worth. */
enum ot_stack_end {
	OT_STACK_END_FRAME_POINTERS, /* the kernel's walk: nothing is known of what it missed */
	OT_STACK_END_TRUNCATED,      /* at OT_MAX_FRAMES frames: the root is missing */
	OT_STACK_END_COMPLETE,       /* at the entry of the process or thread */
	OT_STACK_END_NOT_LOADED,     /* passed through a file whose rows were not loaded */
	OT_STACK_END_NO_DATA,        /* in code without unwind data or frame pointers */
	OT_STACK_END_UNREADABLE,     /* stack memory that is not there, or swapped out */
	OT_STACK_END_UNSUPPORTED,    /* at a rule that no row can say */
	OT_STACK_END_BROKEN,         /* the stack pointer did not rise: not a stack */
	OT_STACK_END_NOT_64_BIT,     /* a 32-bit program: the kernel's walk */
	OT_STACK_END_COUNT,
	/* not an end but a counter next to theirs: bytes that had been sent before */
	OT_STACK_END_SAME_BYTES = OT_STACK_END_COUNT,
	OT_STACK_END_COUNTERS,
};

/* Everything that can be lost or left out, by cause. Per-CPU counters; names in capture/losses.c.
 */
enum ot_loss {
	OT_LOSS_ACCOUNT_FULL,  /* events: no free account, counted as nobody's [lost stacks] */
	OT_LOSS_CELL_FULL,     /* events: no cell left, for all or for this account */
	OT_LOSS_RING_FULL,     /* events: stack record not sent, counted in [lost stacks] */
	OT_LOSS_PROCESS_EVENT, /* events: a fork, exec or exit record not sent */
	OT_LOSS_FRAME_OUTSIDE, /* slots: page frame beyond the ledger */
	OT_LOSS_NULL_PAGE,     /* events: mm_page_alloc without a page (failed allocation) */
	OT_LOSS_NESTED,        /* events: scratch in use by an interrupted allocation */
	OT_LOSS_GHOST,         /* slots: allocated over an open entry, its free was not seen */
	OT_LOSS_MOVER_FULL,    /* slots: a mover's owner or vacancy that found no queue room */
	OT_LOSS_MAPPING,       /* events: a change of an address space not sent */
	OT_LOSS_CGROUP_DEPTH,  /* looks: a process too deep in cgroups to tell if it is chosen */
	OT_LOSS_KILL,          /* events: an OOM kill not sent */
	OT_LOSS_SIGKILL,       /* events: another SIGKILL not sent */
	OT_LOSS_CURVE,         /* events: a point of a curve not sent */
	OT_LOSS_COUNT,
};

/*
 * What is counted where it begins, before anything can be lost of it, when a test asks for that:
 * what was seen is to be what was told and what was lost. Per-CPU counters; capture/seen.c holds
 * them together.
 */
enum ot_seen {
	OT_SEEN_ALLOCATION, /* events: without a page, or of one that is a slot */
	OT_SEEN_SLOT,       /* slots: of somebody traced, or filled by a mover */
	OT_SEEN_ACCOUNT,    /* events: a life that has none yet */
	OT_SEEN_STACK,      /* events: a stack that has no cell yet */
	OT_SEEN_PROCESS,    /* events: forks and the like; requests to see where pages go */
	OT_SEEN_MOVED,      /* slots: a mover's owners and vacancies that are to wait */
	OT_SEEN_KILL,       /* events: signals and marks of the OOM killer */
	OT_SEEN_SIGKILL,    /* events: other SIGKILLs */
	OT_SEEN_CURVE,      /* events: points of curves */
	OT_SEEN_MAPPING,    /* events: changes of an address space */
	/* what has become of those that are told by no record */
	OT_DONE_ALLOCATION, /* counted, or found to be nobody's */
	OT_DONE_FILLED,     /* slots that a mover filled by an allocation */
	OT_DONE_ACCOUNT,    /* lives that have one now */
	OT_DONE_MOVED,      /* owners and vacancies that were taken out again */
	OT_SEEN_COUNT,
};

/* Ring-buffer records. */
enum ot_record_type {
	OT_RECORD_STACK = 1, /* struct ot_stack_record, with frames */
	OT_RECORD_FORK,      /* struct ot_process_record */
	OT_RECORD_EXEC,
	OT_RECORD_EXIT,
	OT_RECORD_MOVER,        /* struct ot_mover_record */
	OT_RECORD_MAPPING,      /* struct ot_mapping_record, in a ring of its own */
	OT_RECORD_KERNEL_STACK, /* struct ot_kernel_stack_record, before the one of the cell */
	OT_RECORD_JOIN,         /* struct ot_process_record: it runs already and is a target now */
	OT_RECORD_KILL,         /* struct ot_kill_record, in a ring of its own */
	OT_RECORD_MARK,         /* struct ot_mark_record, in the same */
	OT_RECORD_STACK_BYTES,  /* struct ot_stack_bytes_record, before the one of the cell */
	OT_RECORD_CODE,         /* struct ot_code_record, before the bytes of a stack */
	OT_RECORD_SIGKILL,      /* struct ot_sigkill_record, in a ring of its own */
	OT_RECORD_CURVE,        /* struct ot_curve_record, in a ring of its own */
	OT_RECORD_TYPES,
};

/* Set in ot_stack_record.flags. */
#define OT_STACK_KERNEL 1 /* the cell's kernel frames were sent before */
#define OT_STACK_BYTES 2  /* the bytes of the user stack were sent before */

/* A cell was opened: which stack it stands for. Sent once per cell. */
struct ot_stack_record {
	__u32 type;
	__u32 cell;
	__u32 account;
	__u32 tid;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 stack;
	char comm[OT_COMM_LEN]; /* of the thread */
	__u16 flags;
	__u16 end; /* enum ot_stack_end */
	__u32 frame_count;
	__u64 frames[OT_MAX_FRAMES]; /* leaf first; only frame_count are sent */
};

/* What the kernel was doing for that stack (--kernel-stacks). */
struct ot_kernel_stack_record {
	__u32 type;
	__u32 cell;
	__u32 frame_count;
	__u32 reserved;
	__u64 frames[OT_MAX_KERNEL_FRAMES]; /* leaf first; only frame_count are sent */
};

/* Page size of x86-64, whose stacks these are. */
#define OT_STACK_PAGE_BYTES 4096
/*
 * What is kept of one: LLVM's are more than four pages deep, and a value for each CPU may be no
 * larger than 32 KiB.
 */
#define OT_STACK_PAGES 7

/* A user stack to be walked later, from its registers at the entry to the kernel. */
struct ot_stack_bytes_record {
	__u32 type;
	__u32 cell;
	__u32 page_count; /* that could be read, from the page of the stack pointer on */
	__u32 reserved;
	__u64 ip, sp, bp;
	__u64 hash;                                            /* the kernel's own */
	__u64 words[OT_STACK_PAGES * OT_STACK_PAGE_BYTES / 8]; /* only page_count pages are sent */
};

/* Mappings that are told at once, and addresses that are looked at for them. */
#define OT_CODE_AREAS 64
#define OT_CODE_LOOKS 512

/*
 * The code a process has mapped, when a stack of it is kept as bytes: it may be gone before anybody
 * reads its maps.
 */
struct ot_code_record {
	__u32 type;
	__u32 account;
	__u32 count;
	__u32 reserved;
	__u64 next;                               /* the kernel's own */
	struct ot_code_area areas[OT_CODE_AREAS]; /* by address; only count are sent */
};

/* A traced process was forked, has replaced its image, is gone; or has become one. */
struct ot_process_record {
	__u32 type;
	__u32 tgid;
	__u32 parent_tgid;
	__u32 reserved;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 start_time_ns;
	char comm[OT_COMM_LEN];
};

/* A mover's bracket begins and nobody watches where its pages go. */
struct ot_mover_record {
	__u32 type;
	__u32 reserved;
};

/* A system call under way. */
struct ot_syscall {
	__u64 number; /* of this architecture */
	__u64 arguments[5];
};

/* What happened to the mappings of a traced process. */
enum ot_mapping_change {
	OT_MAPPING_STORED = 1, /* the range has a mapping now; it may have had one before */
	OT_MAPPING_CLEARED,    /* the range has none now */
	/*
	 * The change is complete. The kernel says nothing of a mapping that is removed from between
	 * two others, so the total is what shows it, and the system call explains it.
	 */
	OT_MAPPING_DONE,
};

/* A change of an address space, in the order of its lock. */
struct ot_mapping_record {
	__u32 type;
	__u32 account;
	__u32 change;      /* enum ot_mapping_change */
	__u32 cell;        /* OT_MAPPING_STORED: of the current stack */
	__u64 start, end;  /* addresses; 0 with OT_MAPPING_DONE */
	__u64 total_pages; /* of the address space; valid with OT_MAPPING_DONE */
	struct ot_syscall call;
};

/* The file that a page of the page cache is of; all zero: none, or it has just left. */
struct ot_file_page {
	__u64 inode; /* kernel address, to ask for its name at once */
	__u64 number;
	__u64 size_bytes;
	__u32 device; /* as the kernel counts: major << 20 | minor */
	__u32 flags;  /* enum ot_file_flag */
};

enum ot_file_flag {
	OT_FILE_DELETED = 1,      /* no name leads to it any more */
	OT_FILE_BLOCK_DEVICE = 2, /* the device itself: its file system's own blocks */
};

/* A file's name, and those of the directories above it, up to the root of its file system. */
struct ot_file_path {
	__u32 count; /* of names; 0: it has none */
	__u32 cut;   /* there are more */
	char names[OT_PATH_DEPTH][OT_NAME_LEN];
};

/* Kinds of pages in a process's counters, as enum mm_counter_type of the kernel has them. */
enum ot_rss {
	OT_RSS_FILE,
	OT_RSS_ANON,
	OT_RSS_SWAP,
	OT_RSS_SHMEM,
	OT_RSS_COUNT,
};

/* Address space that a process has reserved, as mm_struct of the kernel counts it. */
enum ot_mapped {
	OT_MAPPED_ALL,   /* total_vm */
	OT_MAPPED_DATA,  /* data_vm: private, writable, no stack */
	OT_MAPPED_STACK, /* stack_vm */
	OT_MAPPED_EXEC,  /* exec_vm */
	OT_MAPPED_COUNT,
};

/* Levels of cgroups, parents, bytes of a name and of a command line that a kill carries. */
#define OT_KILL_LEVELS 12
#define OT_KILL_NAME 256
#define OT_KILL_PARENTS 8
#define OT_KILL_ARGV 1024

/* Directories of a program's path, the file included, and bytes of a name, that a kill carries. */
#define OT_PROGRAM_DEPTH 10
#define OT_PROGRAM_NAME 64

/* The file that a process runs, below its mount; longer names are cut. */
struct ot_program_path {
	__u32 count; /* of names, the file first; 0: it is not known */
	__u32 cut;   /* there are more */
	char names[OT_PROGRAM_DEPTH][OT_PROGRAM_NAME];
};

/* One level of the chain of memory cgroups; figures in pages. */
struct ot_kill_level {
	__u64 id; /* of the directory: its inode */
	__u64 usage;
	__u64 max;
	__u64 watermark;
	__u64 swap; /* of v1: memory and swap together */
	__u32 oom_group;
	__u32 reserved;
	char name[OT_KILL_NAME]; /* of the directory; "" or "/" for the root */
};

struct ot_kill_parent {
	__u32 pid;
	char comm[OT_COMM_LEN];
};

enum ot_kill_flag {
	OT_KILL_RSS_SUMMED = 1,  /* what each CPU has counted was added up */
	OT_KILL_CHAIN_CUT = 2,   /* more than OT_KILL_LEVELS levels: the root side is missing */
	OT_KILL_HAS_CAUSE = 4,   /* `cause` is filled in */
	OT_KILL_ARGV_BEFORE = 8, /* argv is what it was executed with */
};

/* Why the OOM killer kills, where it can be asked (bpf/oom_cause.bpf.h). */
struct ot_kill_cause {
	__u64 total_pages; /* of what has run out */
	__s64 points;      /* the victim's badness */
	__u64 nodes;       /* a bit for each of the first 64 that were allowed; 0: not restricted */
	__s32 order;       /* -1: asked for by SysRq */
	__u32 gfp;
	__u32 constraint; /* enum oom_constraint of the kernel */
	__u32 trigger_tid;
};

/*
 * A SIGKILL from the kernel itself, as things were when it was sent: who is killed, what it has,
 * and who was running, which for an OOM kill is who asked for memory. OOM kills are those that a
 * mark follows; others share the memory of one, or are of another kind.
 */
struct ot_kill_record {
	__u32 type;
	__u32 flags; /* enum ot_kill_flag bits */
	__u64 time_ns;
	__u64 life;          /* of the mm; 0: it has none any more */
	__u64 start_time_ns; /* of the process, CLOCK_BOOTTIME */
	__u32 account;       /* 0: it has none */
	__u32 tgid, tid;
	__u32 parent_tgid;
	__u32 uid;
	__u32 threads;
	__u32 mm_users; /* more than threads: somebody else has the same mm, or looks at it */
	__s32 oom_score_adj;
	__s64 rss_pages[OT_RSS_COUNT];
	__u64 page_table_bytes;
	__u64 peak_pages; /* at least: the kernel does not raise it with each page */
	__u64 trigger_cgroup;
	__u32 trigger_tgid, trigger_tid;
	__u32 trigger_account;
	__u32 level_count;
	char comm[OT_COMM_LEN]; /* of the process: its first thread */
	char trigger_comm[OT_COMM_LEN];
	__u32 argv_bytes; /* 0: unknown; it can be read where the process itself is running */
	__u32 parent_count;
	struct ot_kill_parent parents[OT_KILL_PARENTS];
	char argv[OT_KILL_ARGV];
	struct ot_kill_level levels[OT_KILL_LEVELS]; /* its own first */
	struct ot_kill_cause cause;
	struct ot_stack_record trigger_stack;
	struct ot_kernel_stack_record trigger_kernel_stack;
	struct ot_program_path program;
	__u64 mapped_pages[OT_MAPPED_COUNT];
};

/* The OOM killer has marked a victim: right after its SIGKILL, by the same trigger. */
struct ot_mark_record {
	__u32 type;
	__u32 tid; /* of the victim */
	__u32 trigger_tid;
	__u32 reserved;
	__u64 time_ns;
};

/* Where a signal comes from, as the kernel's signal code tells (include/linux/signal.h). */
enum ot_signal_source {
	OT_SIGNAL_BY_PROCESS, /* a system call that sends signals, or a fault: see the code */
	OT_SIGNAL_NO_INFO,    /* on behalf of the running process: cgroup.kill, its death */
	OT_SIGNAL_BY_KERNEL,  /* the kernel by itself */
};

/* Who was running when a SIGKILL was sent; for one that a process sends, this is the sender. */
struct ot_kill_sender {
	__u32 source; /* enum ot_signal_source */
	__s32 code;   /* si_code of the signal, of OT_SIGNAL_BY_PROCESS */
	__u32 uid;
	__u32 exiting; /* it is on its way out itself */
	__u64 start_time_ns;
	char comm[OT_COMM_LEN]; /* of the process: its first thread */
	__u32 parent_count;
	__u32 level_count; /* of its memory cgroups, its own first */
	struct ot_kill_parent parents[OT_KILL_PARENTS];
	char levels[OT_KILL_LEVELS][OT_KILL_NAME];
	struct ot_program_path program;
};

/* A SIGKILL that is not the OOM killer's. */
struct ot_sigkill_record {
	struct ot_kill_record kill; /* its type is OT_RECORD_SIGKILL */
	struct ot_kill_sender sender;
};

/* Levels of cgroups that a point of a curve carries. */
#define OT_CURVE_LEVELS 8

struct ot_curve_level {
	__u64 id;         /* of the directory: its inode */
	__u64 usage, max; /* pages */
};

/*
 * An account holds clearly more than when it was last told: by a thirty-second, but at least so
 * much that small processes say nothing. So the curve of whoever eats memory is drawn while it
 * eats, by whoever eats it, however late the recorder comes to read it.
 */
struct ot_curve_record {
	__u32 type;
	__u32 account;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 life;
	__u32 live[OT_KIND_COUNT]; /* slots */
	__u32 level_count;
	struct ot_curve_level levels[OT_CURVE_LEVELS]; /* of the memory cgroup, its own first */
};

#define OT_STATIC_ASSERT(cond) _Static_assert(cond, #cond)
OT_STATIC_ASSERT(sizeof(struct ot_entry) == 8);
OT_STATIC_ASSERT(sizeof(struct ot_cell) == 64);
OT_STATIC_ASSERT(sizeof(struct ot_account) == 128);
OT_STATIC_ASSERT(sizeof(struct ot_cell_key) == 16);
OT_STATIC_ASSERT(sizeof(struct ot_stack_record) == 56 + 8 * OT_MAX_FRAMES);
OT_STATIC_ASSERT(sizeof(struct ot_kernel_stack_record) == 16 + 8 * OT_MAX_KERNEL_FRAMES);
OT_STATIC_ASSERT(sizeof(struct ot_stack_bytes_record) == 48 + OT_STACK_PAGES * OT_STACK_PAGE_BYTES);
OT_STATIC_ASSERT(sizeof(struct ot_code_key) == 24);
OT_STATIC_ASSERT(sizeof(struct ot_code_file) == 16 + 12 * OT_CODE_PARTS);
OT_STATIC_ASSERT(sizeof(struct ot_code_area) == 56);
OT_STATIC_ASSERT(sizeof(struct ot_code_record) == 24 + 56 * OT_CODE_AREAS);
OT_STATIC_ASSERT(sizeof(struct ot_process_record) == 48);
OT_STATIC_ASSERT(sizeof(struct ot_file_page) == 32);
OT_STATIC_ASSERT(sizeof(struct ot_file_path) == 8 + OT_PATH_DEPTH * OT_NAME_LEN);
OT_STATIC_ASSERT(sizeof(struct ot_mapping_record) == 88);
OT_STATIC_ASSERT(sizeof(struct ot_kill_level) == 48 + OT_KILL_NAME);
OT_STATIC_ASSERT(sizeof(struct ot_mark_record) == 24);
OT_STATIC_ASSERT(sizeof(struct ot_kill_sender) % 8 == 0);
OT_STATIC_ASSERT(sizeof(struct ot_curve_record) == 48 + 24 * OT_CURVE_LEVELS);
OT_STATIC_ASSERT(sizeof(struct ot_dictionary_entry) == 16);
OT_STATIC_ASSERT(sizeof(struct ot_unwind_page) == 8);
OT_STATIC_ASSERT(sizeof(struct ot_unwind_table) == 32);
OT_STATIC_ASSERT(sizeof(struct ot_code_mapping) == 40);
OT_STATIC_ASSERT(sizeof(struct ot_code_slice) == 12);

#endif

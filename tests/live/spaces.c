// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds the bookkeeping of an address space against /proc/PID/maps after every single step of a
 * process that maps, unmaps, moves, protects and breaks at random, and pauses in between. Owners
 * are held against one owner for each page, kept by what the process says that it did. Nothing is
 * waited for: a record is in the ring before its system call returns.
 *
 *   spaces STEPS SEED [THREADS]     with threads: each step is a burst of them all at once
 */
#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "capture/procfs.h"
#include "capture/spaces.h"
#include "oomtrace.skel.h"

#define PAGE 4096UL
#define WINDOW_PAGES 512 /* small, so that operations overlap */
#define LENGTH_MAX 24
#define BURST 200
#define THREADS_MAX 8

enum what {
	MAP_ANYWHERE = 1,
	MAP_INTO_WINDOW, /* MAP_FIXED: over whatever is there */
	UNMAP,
	REMAP,      /* shrinks, grows, may move */
	REMAP_INTO, /* MREMAP_FIXED */
	REMAP_KEEP, /* MREMAP_DONTUNMAP */
	DOUBLE,     /* of an old size of 0: a second one of what is shared */
	PROTECT,
	BREAK,
	WHAT_COUNT,
};

/* What one step did, as the process sees it. */
struct step {
	enum what what;
	uint64_t old, old_pages, new_pages; /* new_pages alone for a new mapping */
	uint64_t wanted;                    /* the fixed address */
	uint64_t result;                    /* an address, or -errno */
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* --- the process ---------------------------------------------------------------------------- */

struct actor {
	char *window;
	uint64_t last, last_pages; /* where the last mapping or move went */
	uint64_t break_start;
	uint64_t random;
};

/*
 * One function for each kind, so that every kind has a stack of its own. The system call is one
 * frame further down: libc's own has no frame, and hides its caller.
 */
#define STEP __attribute__((noinline))

static STEP uint64_t call(long number, const uint64_t *arguments)
{
	long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], 0);

	return result == -1 ? (uint64_t)-errno : (uint64_t)result;
}

#define CALL(number, ...) call(number, (const uint64_t[5]){__VA_ARGS__})

static int random_protection(struct actor *actor)
{
	static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

	return protections[next_random(&actor->random) % 3];
}

static int random_sharing(struct actor *actor)
{
	return next_random(&actor->random) % 2 ? MAP_SHARED : MAP_PRIVATE;
}

static uint64_t window_address(struct actor *actor)
{
	return (uint64_t)actor->window + next_random(&actor->random) % WINDOW_PAGES * PAGE;
}

static STEP void map_anywhere(struct actor *actor, struct step *step)
{
	step->result = CALL(SYS_mmap, 0, step->new_pages * PAGE, random_protection(actor),
			    random_sharing(actor) | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

static STEP void map_into_window(struct actor *actor, struct step *step)
{
	step->wanted = window_address(actor);
	step->result =
		CALL(SYS_mmap, step->wanted, step->new_pages * PAGE, random_protection(actor),
		     random_sharing(actor) | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1);
}

static STEP void unmap(struct actor *actor, struct step *step)
{
	(void)actor;
	step->result = CALL(SYS_munmap, step->old, step->old_pages * PAGE);
}

static STEP void remap(struct actor *actor, struct step *step)
{
	(void)actor;
	step->result = CALL(SYS_mremap, step->old, step->old_pages * PAGE, step->new_pages * PAGE,
			    MREMAP_MAYMOVE);
}

static STEP void remap_into(struct actor *actor, struct step *step)
{
	step->wanted = window_address(actor);
	step->result = CALL(SYS_mremap, step->old, step->old_pages * PAGE, step->new_pages * PAGE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, step->wanted);
}

static STEP void remap_keep(struct actor *actor, struct step *step)
{
	(void)actor;
	step->new_pages = step->old_pages;
	step->result = CALL(SYS_mremap, step->old, step->old_pages * PAGE, step->new_pages * PAGE,
			    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
}

static STEP void make_double(struct actor *actor, struct step *step)
{
	step->old_pages = 0;
	step->wanted = window_address(actor);
	step->result = CALL(SYS_mremap, step->old, 0, step->new_pages * PAGE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, step->wanted);
}

static STEP void protect(struct actor *actor, struct step *step)
{
	step->result =
		CALL(SYS_mprotect, step->old, step->old_pages * PAGE, random_protection(actor));
}

static STEP void set_break(struct actor *actor, struct step *step)
{
	uint64_t now = CALL(SYS_brk, 0, 0);

	uint64_t wanted = now + next_random(&actor->random) % 32 * PAGE - 15 * PAGE;

	/* What malloc has below stays. */
	if (!actor->break_start)
		actor->break_start = now;
	step->result = CALL(SYS_brk, wanted < actor->break_start ? now : wanted, 0);
}

static void (*const steps[WHAT_COUNT])(struct actor *, struct step *) = {
	[MAP_ANYWHERE] = map_anywhere,
	[MAP_INTO_WINDOW] = map_into_window,
	[UNMAP] = unmap,
	[REMAP] = remap,
	[REMAP_INTO] = remap_into,
	[REMAP_KEEP] = remap_keep,
	[DOUBLE] = make_double,
	[PROTECT] = protect,
	[BREAK] = set_break,
};

static bool makes_mapping(enum what what)
{
	return what != UNMAP && what != PROTECT && what != BREAK;
}

static struct step act(struct actor *actor)
{
	struct step step = {
		.what = 1 + next_random(&actor->random) % (WHAT_COUNT - 1),
		.old = window_address(actor),
		.old_pages = 1 + next_random(&actor->random) % LENGTH_MAX,
		.new_pages = 1 + next_random(&actor->random) % LENGTH_MAX,
	};

	/* What went elsewhere is changed, too, and so does not pile up; but nothing beside it. */
	if (actor->last_pages && next_random(&actor->random) % 2) {
		step.old = actor->last;
		step.old_pages = 1 + next_random(&actor->random) % actor->last_pages;
	}
	steps[step.what](actor, &step);
	if (makes_mapping(step.what) && step.result < (uint64_t)-4096) {
		actor->last = step.result;
		actor->last_pages = step.new_pages;
	}
	return step;
}

static void *act_much(void *context)
{
	for (int i = 0; i < BURST; i++)
		act(context);
	return NULL;
}

static void act_together(struct actor *actors, int threads)
{
	pthread_t thread[THREADS_MAX];

	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, act_much, &actors[i]))
			errx(1, "pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

/* Addresses that nobody has, and the kernel gives to nobody: far below where it looks. */
static char *window_of(int actor)
{
	return (char *)0x200000000000UL + actor * 4 * WINDOW_PAGES * PAGE;
}

static void perform(int fd, uint64_t seed, int threads)
{
	struct actor actors[THREADS_MAX] = {0};
	struct step step = {0};
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < THREADS_MAX; i++)
		actors[i] = (struct actor){.window = window_of(i), .random = seed + i};
	while (read(fd, &byte, 1) == 1) {
		if (threads)
			act_together(actors, threads);
		else
			step = act(&actors[0]);
		if (write(fd, &step, sizeof(step)) != sizeof(step))
			_exit(1);
	}
	_exit(0);
}

/* --- who owns which page, kept in the simplest way ------------------------------------------- */

/* Pages of the first window and as many after it, where what is mapped at its end reaches. */
#define MODEL_PAGES (2 * WINDOW_PAGES)

struct model {
	uint8_t what[MODEL_PAGES]; /* enum what that mapped it, 0: nobody */
	struct intervals before;   /* maps, one step ago */
};

static void model_put(struct model *model, uint64_t start, uint64_t pages, uint8_t what)
{
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t page = (start - (uint64_t)window_of(0)) / PAGE + i;

		if (page < MODEL_PAGES)
			model->what[page] = what;
	}
}

/* A move brings what was there; of several mappings at once, not their holes. */
static void model_move(struct model *model, const struct step *step)
{
	uint64_t from = step->result == step->old ? step->old_pages : 0;

	for (uint64_t i = from; i < step->new_pages; i++) {
		uint64_t old = step->old + i * PAGE;

		if (i >= step->old_pages || intervals_covered(&model->before, old, old + PAGE))
			model_put(model, step->result + i * PAGE, 1, step->what);
	}
}

static void model_step(struct model *model, const struct step *step)
{
	if (step->result >= (uint64_t)-4096)
		return;
	if (step->what == MAP_ANYWHERE || step->what == MAP_INTO_WINDOW)
		model_put(model, step->result, step->new_pages, step->what);
	else if (makes_mapping(step->what))
		model_move(model, step);
}

/* What is not mapped any more, as /proc has it: unmapped, moved away, or lost to a failed move. */
static void model_unmap(struct model *model, const struct intervals *maps)
{
	for (uint64_t page = 0; page < MODEL_PAGES; page++) {
		uint64_t start = (uint64_t)window_of(0) + page * PAGE;

		if (!intervals_covered(maps, start, start + PAGE))
			model->what[page] = 0;
	}
}

/* --- the comparison -------------------------------------------------------------------------- */

struct test {
	struct sysroot root;
	struct physical physical;
	struct programs *programs;
	struct ledger ledger;
	struct modules *modules;
	struct event_queue queue;
	struct lives lives;
	struct spaces spaces;
	struct model model;
	uint32_t cells[WHAT_COUNT]; /* of each kind's stack, as first seen */
	pid_t pid;
	int fd;
	uint64_t unmapped_silently;
};

static void must(int error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

static int add_range(const struct proc_mapping *mapping, void *context)
{
	if (strcmp(mapping->path, "[vsyscall]") == 0)
		return 0;
	return intervals_set(context, mapping->start, mapping->end, 1);
}

/* The one account there is, but for nobody's. NULL: the process has changed nothing yet. */
static const struct space *find_space(const struct test *test)
{
	for (uint32_t i = 0; i < test->ledger.account_count; i++)
		if (spaces_get(&test->spaces, i))
			return spaces_get(&test->spaces, i);
	return NULL;
}

static void compare_coverage(const struct space *space, const struct intervals *maps, int step)
{
	if (space->astray)
		errx(1, "step %d: the sum is not the kernel's total", step);
	if (space->ranges.total_bytes != maps->total_bytes)
		errx(1, "step %d: %" PRIu64 " bytes, maps say %" PRIu64, step,
		     space->ranges.total_bytes, maps->total_bytes);
	INTERVALS_EACH(range, maps) {
		if (intervals_covered(&space->ranges, range->start, range->end) !=
		    range->end - range->start)
			errx(1, "step %d: %" PRIx64 "-%" PRIx64 " is not covered", step,
			     range->start, range->end);
	}
}

/* VmSize has another source than maps: the total that the kernel keeps. */
static void compare_total(const struct test *test, const struct space *space, int step)
{
	_cleanup_fclose_ FILE *stream = procfs_open(&test->root, test->pid, "statm");
	uint64_t pages;

	if (!stream || fscanf(stream, "%" SCNu64, &pages) != 1)
		errx(1, "statm");
	if (space->ranges.total_bytes != pages * PAGE)
		errx(1, "step %d: %" PRIu64 " bytes, statm says %" PRIu64, step,
		     space->ranges.total_bytes, pages * PAGE);
}

static uint32_t owner_at(const struct space *space, uint64_t address)
{
	const struct interval *range = intervals_after(&space->ranges, address);

	return range && range->start <= address ? range->owner : 0;
}

static bool is_other_kinds(const struct test *test, uint32_t cell, uint8_t what)
{
	for (uint8_t other = 1; other < WHAT_COUNT; other++)
		if (other != what && test->cells[other] == cell)
			return true;
	return false;
}

static void compare_owners(struct test *test, const struct space *space, int step)
{
	for (uint64_t page = 0; page < MODEL_PAGES; page++) {
		uint32_t owner = owner_at(space, (uint64_t)window_of(0) + page * PAGE);
		uint8_t what = test->model.what[page];

		if (!what != !owner)
			errx(1, "step %d: page %" PRIu64 " is of kind %d, owner %u", step, page,
			     what, owner);
		if (!what)
			continue;
		if (!test->cells[what])
			test->cells[what] = owner;
		if (test->cells[what] != owner || is_other_kinds(test, owner, what))
			errx(1, "step %d: page %" PRIu64 " of kind %d belongs to %u, not %u", step,
			     page, what, owner, test->cells[what]);
	}
}

/* Without any time a turn takes one record, and says whether it was the last. */
static void take_all(struct test *test)
{
	uint64_t before = test->spaces.taken;
	uint64_t turns = 0;
	int error;

	do {
		error = spaces_consume(&test->spaces, 0);
		turns++;
	} while (error == -EAGAIN);
	must(error, "consuming records");
	if (test->spaces.taken - before + 1 != turns)
		errx(1, "%" PRIu64 " records in %" PRIu64 " turns", test->spaces.taken - before,
		     turns);
}

static void compare(struct test *test, const struct step *done, int step, bool owners)
{
	_cleanup_(intervals_release) struct intervals maps = {0};
	const struct space *space;

	take_all(test);
	must(procfs_each_mapping(&test->root, test->pid, add_range, &maps), "maps");
	space = find_space(test);
	compare_coverage(space, &maps, step);
	compare_total(test, space, step);
	if (owners) {
		model_step(&test->model, done);
		model_unmap(&test->model, &maps);
		compare_owners(test, space, step);
	}
	intervals_release(&test->model.before);
	test->model.before = maps;
	maps = (struct intervals){0};
}

static struct step let_go(const struct test *test)
{
	struct step step;

	if (write(test->fd, "", 1) != 1 ||
	    recv(test->fd, &step, sizeof(step), MSG_WAITALL) != sizeof(step))
		errx(1, "the process is gone");
	return step;
}

static void start_process(struct test *test, uint64_t seed, int threads)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		err(1, "socketpair");
	test->pid = fork();
	if (test->pid == 0) {
		close(fds[0]);
		perform(fds[1], seed, threads);
	}
	close(fds[1]);
	test->fd = fds[0];
}

static void start_tracing(struct test *test)
{
	/* Owners are told apart by their stacks: those of frame pointers are the same from the
	 * first on, where unwind rows have to be brought first. */
	const struct programs_options options = {
		.mode = CAPTURE_ONE, .mappings = true, .unwind = UNWIND_FRAME_POINTERS};
	struct failure failure = {0};

	must(sysroot_open_host(&test->root), "opening /proc");
	must(physical_read(&test->root, &test->physical), "reading the layout of memory");
	must(programs_load(&test->root, &test->physical, &options, &test->programs, &failure),
	     "loading");
	must(ledger_map(test->programs, &test->physical, &test->ledger), "mapping the ledger");
	must(modules_new(&test->root, &test->queue, NULL, &test->modules), "modules");
	must(lives_init(&test->lives, NULL, &test->root, test->programs, &test->ledger,
			test->modules, &test->queue),
	     "lives");
	must(spaces_init(&test->spaces, &test->root, &test->ledger, &test->lives,
			 bpf_map__fd(test->programs->skeleton->maps.mapping_records)),
	     "spaces");
	must(programs_add_target(test->programs, test->pid, 0), "targets");
	must(programs_attach(test->programs, &failure), "attaching");
}

/*
 * Up to the first step that changes anything. What was there before is then known, and from here on
 * the recorder looks at no maps.
 */
static void begin(struct test *test, bool owners)
{
	struct step step;

	do {
		step = let_go(test);
		take_all(test);
	} while (!find_space(test));
	must(spaces_settle(&test->spaces, true), "reading maps");
	compare(test, &step, 0, owners);
	test->spaces.rereads = 0;
}

static uint32_t spaces_kept(const struct test *test)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < test->ledger.account_count; i++)
		kept += test->spaces.items[i].life != 0;
	return kept;
}

/* What has ended is kept as it was, until nobody can ask for it any more. */
static void end_process(struct test *test)
{
	int status;

	close(test->fd);
	waitpid(test->pid, &status, 0);
	must(spaces_mend(&test->spaces, UINT32_MAX), "mending");
	if (!find_space(test) || !find_space(test)->ranges.total_bytes)
		errx(1, "what has ended is not kept");
	for (uint32_t i = 0; i < test->ledger.account_count; i++)
		lives_forget(&test->lives, i);
	must(spaces_mend(&test->spaces, UINT32_MAX), "mending");
	if (spaces_kept(test))
		errx(1, "spaces of the retired are kept");
}

static void stop(struct test *test)
{
	intervals_release(&test->model.before);
	spaces_release(&test->spaces);
	lives_release(&test->lives);
	modules_free(test->modules);
	event_queue_release(&test->queue);
	ledger_unmap(&test->ledger);
	programs_free(test->programs);
	physical_release(&test->physical);
	sysroot_close(&test->root);
}

static bool is_readable(const struct test *test)
{
	struct pollfd fd = {.fd = spaces_fd(&test->spaces), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

/* What a turn leaves in a ring that has called for one calls for the next, until it is empty. */
static void take_a_full_ring(struct test *test)
{
	uint64_t before = test->spaces.taken;

	while (!is_readable(test))
		let_go(test);
	while (is_readable(test))
		spaces_consume(&test->spaces, 0);
	if (test->spaces.taken == before)
		errx(1, "a full ring, and no records");
	if (spaces_consume(&test->spaces, 0))
		errx(1, "the ring calls no more, and is not empty");
}

int main(int argc, char **argv)
{
	struct test test = {.pid = 0};
	int count = argc > 1 ? atoi(argv[1]) : 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	int threads = argc > 3 ? atoi(argv[3]) : 0;

	if (count < 1 || threads < 0 || threads > THREADS_MAX)
		errx(64, "usage: spaces STEPS SEED [THREADS]");
	start_process(&test, seed, threads);
	start_tracing(&test);
	begin(&test, !threads);
	if (threads)
		take_a_full_ring(&test);
	for (int i = 1; i <= count; i++) {
		struct step step = let_go(&test);

		compare(&test, &step, i, !threads);
	}
	if (test.spaces.rereads)
		errx(1, "maps had to be read %" PRIu64 " times", test.spaces.rereads);
	printf("%d steps: every one as /proc has it\n", count);
	end_process(&test);
	stop(&test);
	return 0;
}

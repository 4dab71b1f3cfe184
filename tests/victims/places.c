// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growth from where a stack is hard to follow. Without frame pointers, as distributions build: the
 * whole chain is known all the same. Helpers of victim.h that want a frame are not used.
 */
#pragma GCC optimize("omit-frame-pointer")
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "victim.h"

static char *touch_next, *touch_end;

/* One byte into every page. */
static void touch(void)
{
	for (; touch_next < touch_end; touch_next += PAGE_BYTES)
		*(volatile char *)touch_next = 1;
}

static void map_pages(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	madvise(victim->memory, victim->size_bytes, MADV_NOHUGEPAGE);
	touch_next = victim->memory;
	touch_end = victim->memory + victim->size_bytes;
}

/* --- in a signal handler, on a stack of its own --------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
	touch();
}

static void grow_in_signal(struct victim *victim)
{
	const stack_t stack = {.ss_sp = malloc(MIB), .ss_size = MIB};
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

	map_pages(victim);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

/* --- in a thread, and deeper than stacks are kept ------------------------------------------- */

static void *in_thread(void *argument)
{
	touch();
	return argument;
}

static void grow_in_thread(struct victim *victim)
{
	pthread_t thread;

	map_pages(victim);
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
}

static int go_down(int depth)
{
	if (depth)
		return go_down(depth - 1) + 1;
	touch();
	return 0;
}

static void grow_deep(struct victim *victim)
{
	map_pages(victim);
	go_down(300);
}

/* --- in the kernel's own code: its library, and a system call -------------------------------- */

static void grow_in_vdso(struct victim *victim)
{
	map_pages(victim);
	for (; touch_next < touch_end; touch_next += PAGE_BYTES)
		time((time_t *)touch_next);
}

static void grow_in_read(struct victim *victim)
{
	int fd = open("/dev/zero", O_RDONLY);

	map_pages(victim);
	if (read(fd, victim->memory, victim->size_bytes) != (ssize_t)victim->size_bytes)
		err(1, "read");
	close(fd);
}

/* --- code without unwind data --------------------------------------------------------------- */

typedef void caller_fn(void (*callee)(void));

/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret: what a compiler at run time may write. */
static void grow_in_jit(struct victim *victim)
{
	static const char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	char *page = victim_map(PAGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS);

	memcpy(page, code, sizeof(code));
	mprotect(page, PAGE_BYTES, PROT_READ | PROT_EXEC);
	map_pages(victim);
	((caller_fn *)page)(touch);
}

/* By hand, without a word for the unwinder, and with a number of its own in RBP. */
__asm__(".text\n"
	".p2align 4\n"
	"by_hand:\n"
	"	push %rbp\n"
	"	mov $3, %ebp\n"
	"	call *%rdi\n"
	"	pop %rbp\n"
	"	ret\n"
	"	.fill 32, 1, 0x90\n");
extern caller_fn by_hand __asm__("by_hand");

static void grow_by_hand(struct victim *victim)
{
	map_pages(victim);
	by_hand(touch);
}

/* --- a frame whose beginning is an expression ----------------------------------------------- */

/* Aligned by more than the ABI does, and of a size that nobody knows: GCC keeps the CFA in memory.
 */
static void with_realigned_stack(size_t size)
{
	char lines[64] __attribute__((aligned(64)));
	char more[size];

	__asm__ volatile("" ::"r"(lines), "r"(more) : "memory");
	touch();
	__asm__ volatile("" ::"r"(lines), "r"(more) : "memory");
}

static void grow_realigned(struct victim *victim)
{
	map_pages(victim);
	with_realigned_stack(victim->size_bytes % 1000 + 100);
}

/* --- now deep, now not, by frames of two sizes, in threads that leave by returning or a jump -----
 */

#define WINDERS 4
#define DEPTHS 90

struct winding {
	unsigned int random;
	jmp_buf out;
};

static void wind(struct winding *winding, int depth);

static __attribute__((noipa)) void wind_far(struct winding *winding, int depth)
{
	char room[200];

	__asm__ volatile("" ::"r"(room) : "memory");
	wind(winding, depth);
	__asm__ volatile("" ::"r"(room) : "memory");
}

static __attribute__((noipa)) void wind(struct winding *winding, int depth)
{
	char *page;

	if (depth > 0) {
		(rand_r(&winding->random) & 1 ? wind_far : wind)(winding, depth - 1);
		__asm__ volatile("" ::: "memory");
		return;
	}
	page = __atomic_fetch_add(&touch_next, PAGE_BYTES, __ATOMIC_RELAXED);
	if (page < touch_end)
		*(volatile char *)page = 1;
	if (page >= touch_end || rand_r(&winding->random) & 1)
		longjmp(winding->out, 1);
}

static void *wind_up(void *argument)
{
	struct winding winding = {.random = (uintptr_t)argument};

	while (__atomic_load_n(&touch_next, __ATOMIC_RELAXED) < touch_end)
		if (!setjmp(winding.out))
			wind(&winding, rand_r(&winding.random) % DEPTHS);
	return NULL;
}

static void grow_winding(struct victim *victim)
{
	pthread_t threads[WINDERS];

	map_pages(victim);
	for (uintptr_t i = 0; i < WINDERS; i++)
		if (pthread_create(&threads[i], NULL, wind_up, (void *)(i + 1)))
			err(1, "pthread_create");
	for (size_t i = 0; i < WINDERS; i++)
		pthread_join(threads[i], NULL);
}

static const struct victim_case cases[] = {
	{"signal", NULL, grow_in_signal, victim_unmap},
	{"thread", NULL, grow_in_thread, victim_unmap},
	{"deep", NULL, grow_deep, victim_unmap},
	{"vdso", NULL, grow_in_vdso, victim_unmap},
	{"read", NULL, grow_in_read, victim_unmap},
	{"jit", NULL, grow_in_jit, victim_unmap},
	{"by-hand", NULL, grow_by_hand, victim_unmap},
	{"realigned", NULL, grow_realigned, victim_unmap},
	{"winding", NULL, grow_winding, victim_unmap},
};

VICTIM_MAIN(cases)

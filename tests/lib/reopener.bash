# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A program that opens one library in the place of another one.

# Two libraries, instruction for instruction alike but for the size of a frame, and who opens one, and at
# the next line that it reads the other one, and grows in each. All its calls return to the same addresses,
# whichever is there, or it says so. With a third library as its argument it grows by itself first, and opens
# that one at a line of its own, and keeps it.
make_reopener()
{
	local name bytes

	for name in first=200 second=4056; do
		bytes=${name#*=} name=${name%=*}
		gcc -O1 -fomit-frame-pointer -fno-optimize-sibling-calls -shared -fPIC -x c - -o "$1.$name.so" <<-END
			void called_by_$name(void (*callback)(void)) __attribute__((visibility("default")));
			void called_by_$name(void (*callback)(void))
			{
				char room[$bytes];
				__asm__ volatile("" ::"r"(room) : "memory");
				callback();
				__asm__ volatile("" ::"r"(room) : "memory");
			}
		END
	done
	gcc -O1 -fomit-frame-pointer -fno-optimize-sibling-calls -x c - -o "$1" <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <stdio.h>
		#include <sys/mman.h>
		static char *memory;
		static void *returns_to;
		static void touch_pages(void)
		{
			returns_to = __builtin_return_address(0);
			for (int i = 0; i < 256; i++)
				((volatile char *)memory)[i * 4096] = 1;
			memory += 256 * 4096;
		}
		static void *open_library(char **argv, const char *name)
		{
			char path[512], symbol[64];
			snprintf(path, sizeof(path), "%s.%s.so", argv[0], name);
			snprintf(symbol, sizeof(symbol), "called_by_%s", name);
			return dlsym(dlopen(path, RTLD_NOW), symbol);
		}
		__attribute__((noinline)) static void run(void (*function)(void (*)(void)))
		{
			function(touch_pages);
		}
		/* holds the library at its place by another name while the next one is opened there */
		static void close_library(void *function)
		{
			Dl_info info;
			dladdr(function, &info);
			function = dlopen(info.dli_fname, RTLD_NOW);
			dlclose(function);
			dlclose(function);
		}
		int main(int argc, char **argv)
		{
			static const char *const names[] = {"first", "second", "first"};
			void *seen[3];
			char line[16];
			void *function = NULL;
			memory = mmap(0, 1024 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			madvise(memory, 1024 * 4096, MADV_NOHUGEPAGE);
			puts("ready"); fflush(stdout);
			if (argc > 1) {
				if (!fgets(line, sizeof(line), stdin)) return 1;
				touch_pages();
				puts("grown"); fflush(stdout);
				if (!fgets(line, sizeof(line), stdin) || !dlopen(argv[1], RTLD_NOW)) return 1;
				puts("opened"); fflush(stdout);
			}
			for (int i = 0; i < 3; i++) {
				if (!fgets(line, sizeof(line), stdin)) return 1;
				if (function)
					close_library(function);
				function = open_library(argv, names[i]);
				/* what is mapped is told once for each number of mappings */
				if (argc > 1)
					mmap(0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
				run(function);
				seen[i] = returns_to;
				puts(!i ? "grown" : seen[i] == seen[0] ? "same" : "elsewhere");
				fflush(stdout);
			}
			return !fgets(line, sizeof(line), stdin);
		}
	END
}

# reopened_has_its_pages FIRST SECOND: so many pages have stacks through each library, from the entry of the process.
reopened_has_its_pages()
{
	local name pages expected chain

	grep '^reopen;' "$TRACE_OUT" | cut -c1-200
	for name in first second; do
		[[ $name == first ]] && expected=$1 || expected=$2
		chain="reopen;pid [0-9]*;_start;__libc_start_main[^;]*;([^;]*;)?main;run;called_by_$name;touch_pages [0-9]*\$"
		pages=$(awk -v chain="$chain" '$0 ~ chain { sum += $NF / 4096 } END { print sum + 0 }' "$TRACE_OUT")
		echo "$name: $pages pages of $expected"
		# and the tables of their pages
		((pages >= expected - 2 && pages <= expected + 3))
	done
}

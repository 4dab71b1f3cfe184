# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything is built from here; `make help` says what there is.
#
# The BPF objects are compiled against vmlinux/ (hand-kept kernel types: no BTF and no network is
# needed to build), joined into one, and turned into a skeleton header that user/capture includes.
# Everything below user/ except main.c goes into one archive, which the program and every unit test
# link against: what a test exercises is what ships.

VERSION ?= 0.1.0

PREFIX ?= /usr/local
DESTDIR ?=

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
PROTOC ?= protoc-c
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format) clang-format-14)

# V=1 shows every command, DEBUG=1 builds without optimization, ASAN=1 with the sanitizers.
# The flavors live in directories of their own, so switching needs no clean.
FLAVOR := $(if $(ASAN),asan,$(if $(DEBUG),debug))
BUILD ?= build$(if $(FLAVOR),/$(FLAVOR))
PROGRAM ?= oomtrace

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(2)'
MAKEFLAGS += --no-print-directory
endif

# --- flags ---------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations

PACKAGES := libbpf libelf libdw liblzma zlib libseccomp libcap jansson libprotobuf-c ncursesw
# `=` on purpose: pkg-config runs only for targets that compile, after install-deps has had its turn.
PACKAGE_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
# libiberty (the demangler of gdb and binutils) has no pkg-config file, nor has Zydis everywhere.
PACKAGE_LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -liberty -lZydis -lm

# An empty _GNU_SOURCE, so that a file may also define it itself.
CPPFLAGS += -D_GNU_SOURCE= -DOOMTRACE_VERSION='"$(VERSION)"' -I. -Iuser -I$(BUILD)
CFLAGS ?= -g $(if $(DEBUG),-O0,-O2)
CFLAGS += -std=gnu11 $(WARNINGS) -fno-omit-frame-pointer -fstack-protector-strong -fPIE
LDFLAGS += -pie -Wl,-z,relro,-z,now
ifneq ($(ASAN),)
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(DEBUG),)
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# The processor is named, not left to the compiler: newer defaults emit what old kernels refuse.
BPF_CPU ?= v2
BPF_ARCH ?= $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_CFLAGS := -O2 -g -target bpf -mcpu=$(BPF_CPU) -D__TARGET_ARCH_$(BPF_ARCH) \
	-std=gnu11 -Wall -Wextra -Wshadow -Wno-unused-parameter -I.
# A cross target forgets where the host keeps <asm/types.h>.
BPF_SYSTEM_CFLAGS = $(shell $(CLANG) -v -E - </dev/null 2>&1 | \
	sed -n '/^\#include </,/^End of search/ s| \(/.*\)|-idirafter \1|p')

# --- what there is to build ----------------------------------------------------------------------

BPF_SOURCES := $(wildcard bpf/*.bpf.c)
BPF_OBJECTS := $(BPF_SOURCES:bpf/%.c=$(BUILD)/bpf/%.o)
BPF_JOINED := $(BUILD)/bpf/oomtrace.joined.o
SKELETON := $(BUILD)/oomtrace.skel.h

SOURCES := $(sort $(wildcard user/*.c user/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
PROTO_OBJECT := $(BUILD)/render/profile.pb-c.o
MAIN_OBJECT := $(BUILD)/user/main.o
ARCHIVE := $(BUILD)/liboomtrace.a
SKELETON_USERS := $(shell grep -ls 'oomtrace\.skel\.h' $(SOURCES))

BENCHES := $(patsubst %,$(BUILD)/bench/%,fault_loop tmpfs_loop syscall_loop map_loop fork_loop empty module_cost \
	intervals_cost)
LIVE_TOOLS := $(patsubst tests/live/%.c,$(BUILD)/live/%,$(wildcard tests/live/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
VICTIMS := $(patsubst tests/victims/%.c,$(BUILD)/victims/%,$(wildcard tests/victims/*.c))
PRELOADS := $(patsubst tests/preload/%.c,$(BUILD)/preload/%.so,$(wildcard tests/preload/*.c))
JUDGE := $(BUILD)/judge
JUDGE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/judge/*.c))

FORMATTED := $(wildcard bpf/*.[ch] user/*.[ch] user/*/*.[ch] tests/*/*.[ch])
SCRIPTS := .ci/run $(wildcard tools/* tools/*/*) $(wildcard tests/*.bats tests/*/*.bats tests/lib/*.bash tests/vm/*)
IS_SHELL = $(shell grep -lsE '^\#!.*(sh|bats)$$|^\# shellcheck shell' $(SCRIPTS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: help all unit-tests victims check check-unit check-live vmtest demo bench screenshots install clean fmt lint

help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22
	@echo 'Settings: V=1 DEBUG=1 ASAN=1 CC= CLANG= PREFIX= DESTDIR='

all: $(PROGRAM) ## build ./oomtrace

unit-tests: $(UNIT_TESTS)
victims: $(VICTIMS) $(JUDGE) $(BENCHES) $(LIVE_TOOLS) $(PRELOADS)

# --- bpf -----------------------------------------------------------------------------------------

# Names what is missing, with its package, once for each build directory.
$(BUILD)/tools.checked: tools/install-deps
	$(Q)CLANG='$(CLANG)' tools/install-deps --check
	@mkdir -p $(@D) && touch $@

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c | $(BUILD)/tools.checked
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(BPF_SYSTEM_CFLAGS) -MMD -MP -c $< -o $@

$(BPF_JOINED): $(BPF_OBJECTS)
	$(call say,JOIN,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKELETON): $(BPF_JOINED)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name oomtrace_bpf >$@

# --- user ----------------------------------------------------------------------------------------

# Only who includes the skeleton waits for it: the rest builds where no clang is.
$(SKELETON_USERS:%.c=$(BUILD)/%.o): | $(SKELETON)

# What a rendering carries inside: `flame.js` becomes `static const char flame_js[]`.
ASSETS := $(patsubst user/%,$(BUILD)/%.h,$(subst .,_,$(wildcard user/render/*.css user/render/*.js)))

define asset
$(BUILD)/$(subst .,_,$(1:user/%=%)).h: $(1)
	$$(call say,ASSET,$$@)
	@mkdir -p $$(@D)
	$$(Q)sed -e '1i static const char $(subst .,_,$(notdir $(1)))[] =' -e 's/[\\"]/\\&/g; s/.*/"&\\n"/' \
		-e '$$$$a ;' $$< >$$@
endef
$(foreach file,$(wildcard user/render/*.css user/render/*.js),$(eval $(call asset,$(file))))

$(BUILD)/user/render/svg.o $(BUILD)/user/render/html.o: | $(ASSETS)

$(BUILD)/render/profile.pb-c.c: user/render/profile.proto | $(BUILD)/tools.checked
	$(call say,PROTO,$@)
	@mkdir -p $(@D)
	$(Q)$(PROTOC) --proto_path=$(<D) --c_out=$(@D) $<

$(PROTO_OBJECT): $(BUILD)/render/profile.pb-c.c
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -c $< -o $@

$(addprefix $(BUILD)/user/render/,pprof.o pprof_messages.o pprof_places.o): | $(BUILD)/render/profile.pb-c.c

$(BUILD)/user/%.o: user/%.c | $(BUILD)/tools.checked
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(ARCHIVE): $(filter-out $(MAIN_OBJECT),$(OBJECTS)) $(PROTO_OBJECT)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(MAIN_OBJECT) $(ARCHIVE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PACKAGE_LIBS) -o $@

# --- tests ---------------------------------------------------------------------------------------

$(BUILD)/tests/%: tests/unit/%.c $(ARCHIVE)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $< $(ARCHIVE) \
		$(LDFLAGS) $(PACKAGE_LIBS) -lcmocka -o $@

# Victims keep every call on the stack, and no loop of theirs may turn into a libc function, which
# has no frame pointer: a truth test must find the function that it knows. Nor may a prologue touch
# the stack that a case leaves alone.
$(BUILD)/victims/%: tests/victims/%.c
	$(call say,VICTIM,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE= -I. -std=gnu11 $(WARNINGS) -g -O1 -fno-omit-frame-pointer \
		-fno-optimize-sibling-calls -fno-builtin -fno-inline \
		-fno-stack-clash-protection -fno-stack-protector -MMD -MP -MF $@.d $< -pthread -o $@

$(BUILD)/tests/judge/%.o: tests/judge/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE= -I. -O2 -g -std=gnu11 $(WARNINGS) -MMD -MP -c $< -o $@

$(JUDGE): $(JUDGE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $^ -o $@

# What is loaded into a program of ours to look at it from within.
$(BUILD)/preload/%.so: tests/preload/%.c
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE= -std=gnu11 -g -O1 -fno-builtin -shared -fPIC $(WARNINGS) $< -o $@

# A test that needs the recorder's own tables, and a kernel.
$(BUILD)/live/%: tests/live/%.c $(ARCHIVE)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $< $(ARCHIVE) \
		$(LDFLAGS) $(PACKAGE_LIBS) -o $@

# What bench times, and the empty programs it compares with (they are also how tests probe for BPF).
$(BUILD)/bench/empty.bpf.o: tests/bench/empty.bpf.c | $(BUILD)/tools.checked
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(BPF_SYSTEM_CFLAGS) -c $< -o $@

$(BUILD)/bench/empty.skel.h: $(BUILD)/bench/empty.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name empty_bpf >$@

$(BUILD)/bench/empty: $(BUILD)/bench/empty.skel.h

# What the names child does, and the taking of mapping records, timed without them.
$(BUILD)/bench/module_cost $(BUILD)/bench/intervals_cost: $(BUILD)/bench/%: tests/bench/%.c $(ARCHIVE)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) $< $(ARCHIVE) $(LDFLAGS) $(PACKAGE_LIBS) -o $@

$(BUILD)/bench/%: tests/bench/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE= -I$(BUILD)/bench -O2 -g -std=gnu11 $(WARNINGS) $< -lbpf -lelf -lz -o $@

# Unless somebody has said how many jobs there may be.
IN_PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# The tools come first and the rest in a second make, which then sees what was installed.
check: ## every test this machine can run, as root (installs what the tests need)
	$(Q)tools/install-deps --test
	$(Q)$(MAKE) $(IN_PARALLEL) all unit-tests victims $(PROFILE_READERS) $(if $(VM_POSSIBLE),$(VERIFIER_19))
	$(Q)BUILD='$(BUILD)' OOMTRACE='$(abspath $(PROGRAM))' tools/run-tests

# Of profiles, sharing no code with ours, nor with Go's: a decoder, and a viewer that runs in a browser.
PROFILE_READERS := $(addprefix $(BUILD)/npm/node_modules/,pprof-format speedscope)

$(PROFILE_READERS) &:
	$(call say,NPM,$@)
	$(Q)npm install --silent --no-audit --no-fund --prefix $(BUILD)/npm pprof-format@2 speedscope@1 >/dev/null

check-unit: unit-tests ## the unit tests alone, without root
	$(Q)BUILD='$(BUILD)' tools/run-tests unit

check-live: all victims ## the tests that need root and a kernel with BPF
	$(Q)BUILD='$(BUILD)' OOMTRACE='$(abspath $(PROGRAM))' tools/run-tests live

# QEMU is asked for once it has been installed.
VM_POSSIBLE = $(shell command -v qemu-system-x86_64)
# What the matrix loads as well: the programs as another compiler makes them. Only what includes the
# skeleton is compiled once more; it is linked before the archive, which has the rest.
VERIFIER_19 := $(BUILD)/clang-19/live/verifier
.PHONY: $(VERIFIER_19) skeleton-users
skeleton-users: $(SKELETON_USERS:%.c=$(BUILD)/%.o)
$(VERIFIER_19): $(ARCHIVE)
	$(Q)$(MAKE) BUILD=$(BUILD)/clang-19 CLANG='$(if $(findstring ccache,$(CLANG)),ccache )clang-19' \
		skeleton-users
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) tests/live/verifier.c \
		$(SKELETON_USERS:%.c=$(BUILD)/clang-19/%.o) $(ARCHIVE) $(LDFLAGS) $(PACKAGE_LIBS) -o $@

# FULL=yes: what takes long as well, and as often as it should be.
vmtest: ## the kernels of tests/kernels under QEMU (KERNEL=6.1 for one), as root
	$(Q)tools/install-deps --test
	$(Q)$(MAKE) all victims $(VERIFIER_19)
	$(Q)BUILD='$(BUILD)' OOMTRACE='$(abspath $(PROGRAM))' KERNEL='$(KERNEL)' FULL='$(FULL)' tools/run-tests vm

# --- for people ----------------------------------------------------------------------------------

demo: ## trace a growing program, as root; leaves demo/growth.svg
	$(Q)tools/install-deps --demo
	$(Q)$(MAKE) all $(BUILD)/victims/oom
	$(Q)OOMTRACE='$(abspath $(PROGRAM))' tools/demo

bench: ## what tracing costs, as root: ratios against the same loop without it
	$(Q)tools/install-deps --test
	$(Q)$(MAKE) all victims
	$(Q)BUILD='$(BUILD)' OOMTRACE='$(abspath $(PROGRAM))' tools/bench

screenshots: all ## the pictures of the README, from the recordings in docs/images (needs Chromium)
	$(Q)OOMTRACE='$(abspath $(PROGRAM))' tools/screenshots

install: all ## into $(DESTDIR)$(PREFIX)
	$(Q)install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/oomtrace
	$(Q)for page in $(wildcard docs/*.8); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man8/$${page##*/}; done
	$(Q)install -D -m 644 tools/completion/oomtrace.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/oomtrace
	$(Q)install -D -m 644 tools/completion/_oomtrace \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_oomtrace

clean: ## remove what was built
	$(Q)rm -rf build demo oomtrace

fmt: ## apply .clang-format
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)

# cppcheck does not follow _cleanup_ destructors: its leaks are not ours (ASAN=1 finds those).
CPPCHECK_FLAGS := --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
	--suppress=unknownMacro --error-exitcode=1 -j2 -I. -Iuser

lint: ## check formatting, C and shell; changes nothing
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(FORMATTED)
	$(Q)if command -v cppcheck >/dev/null; then \
		cppcheck $(CPPCHECK_FLAGS) user tests/judge tests/victims; \
	else echo 'lint: cppcheck is not installed (package cppcheck), skipped' >&2; fi
	$(Q)if command -v shellcheck >/dev/null; then shellcheck -x $(IS_SHELL); \
	else echo 'lint: shellcheck is not installed (package shellcheck), skipped' >&2; fi

-include $(OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d) $(JUDGE_OBJECTS:.o=.d)
-include $(UNIT_TESTS:=.d) $(VICTIMS:=.d) $(LIVE_TOOLS:=.d)

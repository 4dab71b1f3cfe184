# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compares what oomtrace says about a function with what a judge says about its memory.
#
# A victim's region line names function, kind, pid, where and bytes; the kind chooses the judge:
#
#   anon         pagemap and kpageflags: anonymous pages of the range
#   anon_moved   the same, after the kernel has moved them: the author keeps at least 90 %
#   compound     kpageflags: all frames of the compound pages that the range reaches
#   heir         pagemap of the process that has inherited the pages of an author that is gone
#   shmem        pagemap and kpageflags: shared pages of the range
#   shmem_file   mincore of the file on tmpfs, and the cgroup's shmem
#   file         mincore of the file on disk, and the cgroup's cache
#   page_tables  VmPTE, as a difference to before
#   pipe         the bytes written, and the cgroup's kernel memory
#   slab         the cgroup's kernel memory, as a difference to before
#   gone         nothing: it has been given back already

# What a cgroup may have charged beforehand, for every processor (MEMCG_CHARGE_BATCH), and what
# memory.stat may leave out until it is flushed.
MEMCG_SLACK_PAGES=$((64 * $(nproc) * 2))

# judge_value KEY COMMAND ARGUMENT...: one figure, in pages.
judge_value()
{
	"$JUDGE" "${@:2}" | awk -v key="$1" '$1 == key { print $2; found = 1 } END { exit !found }'
}

# Figures that are compared as differences, taken before the victim grows.
truth_before()
{
	BEFORE_PAGE_TABLES=$(judge_value page_tables rollup "$VICTIM_PID")
	BEFORE_KERNEL=$(judge_value kernel memcg "$CGROUP")
	BEFORE_SHMEM=$(judge_value shmem memcg "$CGROUP")
	BEFORE_CACHE=$(judge_value cache memcg "$CGROUP")
}

grown_in_cgroup()
{
	echo $(($(judge_value "$1" memcg "$CGROUP") - $2))
}

# The second opinion of a cgroup, which is coarse: it must agree within its own slack.
agree_roughly()
{
	local what=$1 exact=$2 coarse=$3

	((coarse >= exact - MEMCG_SLACK_PAGES && coarse <= exact + MEMCG_SLACK_PAGES)) ||
		fail "the judges differ about $what: $exact pages, the cgroup says $coarse"
}

# The frame that `--kinds` gives to a kind of region.
frame_kind()
{
	case $1 in
	anon | anon_moved | heir | compound | gone) FRAME_KIND='[anon]' ;;
	shmem | shmem_file) FRAME_KIND='[shmem]' ;;
	file) FRAME_KIND='[file]' ;;
	page_tables | pipe | slab) FRAME_KIND='[kernel]' ;;
	*) fail "truth: unknown kind '$1'" ;;
	esac
}

# true_pages KIND PID WHERE BYTES: sets TRUE_PAGES.
true_pages()
{
	local kind=$1 pid=$2 where=$3 bytes=$4

	case $kind in
	anon | anon_moved | heir) TRUE_PAGES=$(judge_value anon range "$pid" "$where" "$bytes") ;;
	compound) TRUE_PAGES=$(judge_value compound range "$pid" "$where" "$bytes") ;;
	shmem) TRUE_PAGES=$(judge_value shmem range "$pid" "$where" "$bytes") ;;
	shmem_file)
		TRUE_PAGES=$(judge_value cached file "$where") &&
			agree_roughly "$where" "$TRUE_PAGES" "$(grown_in_cgroup shmem "$BEFORE_SHMEM")"
		;;
	file)
		TRUE_PAGES=$(judge_value cached file "$where") &&
			agree_roughly "$where" "$TRUE_PAGES" "$(grown_in_cgroup cache "$BEFORE_CACHE")"
		;;
	page_tables)
		TRUE_PAGES=$(($(judge_value page_tables rollup "$pid") - BEFORE_PAGE_TABLES))
		;;
	pipe)
		TRUE_PAGES=$((bytes / 4096))
		agree_roughly pipes "$TRUE_PAGES" "$(grown_in_cgroup kernel "$BEFORE_KERNEL")"
		;;
	slab) TRUE_PAGES=$(grown_in_cgroup kernel "$BEFORE_KERNEL") ;;
	gone) TRUE_PAGES=0 ;;
	*) fail "truth: unknown kind '$kind'" ;;
	esac
}

# What the period allows: nothing at 1, where every page is in the ledger (but for events that
# oomtrace itself reports as skipped by the kernel, which is added by who asks). Otherwise four sigma and
# a slot (sigma = N * sqrt(samples) pages, samples = pages / N), which a true estimate fails once in
# 16 000 times; that the 95 % bound which oomtrace prints (two sigma) is not too narrow either is
# what truth_bounds asks of all estimates together.
allowed_pages()
{
	local pages=$1 period=$2 sigmas=$3

	awk -v p="$pages" -v n="$period" -v s="$sigmas" \
		'BEGIN { printf "%d\n", n == 1 ? 0 : s * n * sqrt(p / n) + n }'
}

distance()
{
	echo $(($1 > $2 ? $1 - $2 : $2 - $1))
}

# truth_compare FUNCTION KIND MEASURED TRUE PERIOD
truth_compare()
{
	local function=$1 kind=$2 measured=$3 true=$4 period=$5 least most allowed
	local said="$function ($kind), one page in $period: $measured pages, the judge says $true"

	said+=", $(trace_skipped_events) events skipped"

	allowed=$(($(allowed_pages "$true" "$period" 4) + $(trace_skipped_events) * period))
	least=$((true - allowed)) most=$((true + allowed))
	case $kind in
	anon_moved) least=$((true * 9 / 10 - allowed)) ;;
	slab)
		# charged are objects, held are whole slabs, in orders up to 3
		least=$((least - MEMCG_SLACK_PAGES)) most=$((most + MEMCG_SLACK_PAGES + true / 10))
		;;
	*) truth_estimate "$measured" "$true" "$period" ;;
	esac
	echo "$said"
	((measured >= least && measured <= most)) ||
		fail "$said: not within $least and $most"
}

# Keeps for truth_bounds whether an estimate was within the bound that oomtrace prints.
truth_estimate()
{
	local measured=$1 true=$2 period=$3

	((period > 1 && true > 0)) || return 0
	echo "$(($(distance "$measured" "$true") <= $(allowed_pages "$true" "$period" 2)))" \
		>>"$BATS_TEST_TMPDIR/estimates"
}

# Every region the victim named, against the folded output in $TRACE_OUT.
truth_check_regions()
{
	local period=$1 region function kind pid where bytes i
	local -a frames expected=()

	for region in "${REGIONS[@]}"; do
		read -r _ function kind pid where bytes <<<"$region"
		true_pages "$kind" "$pid" "$where" "$bytes" || return
		expected+=("$TRUE_PAGES")
	done
	trace_stop || return
	for i in "${!REGIONS[@]}"; do
		read -r _ function kind pid where bytes <<<"${REGIONS[i]}"
		frame_kind "$kind"
		frames=("$FRAME_KIND" "$function" "pid $pid")
		[[ $kind != heir ]] || frames+=('[inherited from *')
		truth_compare "$function" "$kind" "$(folded_pages "$TRACE_OUT" "${frames[@]}")" \
			"${expected[i]}" "$period" || return
	done
}

# After everything was given back: no page of these functions is left in any process, but for the
# page tables that the kernel still counts.
truth_check_freed()
{
	local period=$1 region function kind pid where bytes measured left=0

	for region in "${REGIONS[@]}"; do
		read -r _ function kind pid where bytes <<<"$region"
		[[ $kind != page_tables ]] || page_tables_settle || return
	done
	cgroup_drain
	trace_stop || return
	for region in "${REGIONS[@]}"; do
		read -r _ function kind pid where bytes <<<"$region"
		frame_kind "$kind"
		[[ $kind != page_tables ]] || left=$PAGE_TABLES_LEFT
		measured=$(folded_pages "$TRACE_OUT" "$FRAME_KIND" "$function")
		(($(distance "$measured" "$left") <= $(trace_skipped_events) * period)) ||
			fail "$function ($kind) holds $measured pages after they were freed," \
				"one page in $period, $(trace_skipped_events) events skipped" || return
	done
}

# Page tables are freed when an RCU grace period is over: the cgroup says when.
page_tables_settle()
{
	local turns=0

	PAGE_TABLES_LEFT=$(($(judge_value page_tables rollup "$VICTIM_PID") - BEFORE_PAGE_TABLES))
	until (($(grown_in_cgroup kernel "$BEFORE_KERNEL") <= PAGE_TABLES_LEFT + MEMCG_SLACK_PAGES)); do
		((++turns < 5000)) || fail "the kernel keeps page tables" || return
	done
}

# What a test wants oomtrace to be told as well.
TRACE_OPTIONS=()

follow_children()
{
	TRACE_OPTIONS+=(--children)
}

# truth PROGRAM CASE [MIB [ARGUMENT...]]: the whole promise about one way to grow. A function named
# truth_meanwhile, if there is one, runs between growing and looking.
truth()
{
	local period

	for period in ${TRUTH_PERIODS:-1 16 64}; do
		victim_start "$@" && truth_before || return
		trace_start -p "$VICTIM_PID" --period "$period" --kinds --format folded \
			"${TRACE_OPTIONS[@]}" || return
		victim_grow || return
		! declare -F truth_meanwhile >/dev/null || truth_meanwhile || return
		truth_check_regions "$period" || return
		victim_shed && victim_stop || return
	done
}

# The same victim again, looked at only when it has given everything back.
truth_of_free()
{
	local period

	for period in ${TRUTH_PERIODS_OF_FREE:-1 16}; do
		victim_start "$@" && truth_before || return
		trace_start -p "$VICTIM_PID" --period "$period" --kinds --format folded \
			"${TRACE_OPTIONS[@]}" || return
		victim_grow && victim_shed && truth_check_freed "$period" || return
		victim_stop
	done
}

# Of all estimates in this test, how many the printed 95 % bound held. Of 64 independent ones, a
# true 95 % bound holds 55 or more in 998 of 1000 runs; one that is too narrow by half, never.
# (Victims that follow each other get the same frames again: theirs are not independent.)
truth_bounds()
{
	awk '{ all++; held += $1 } END {
		printf "%d of %d estimates were within their 95 %% bound\n", held, all
		exit !(all >= 60 && held >= all * 0.85) }' "$BATS_TEST_TMPDIR/estimates"
}

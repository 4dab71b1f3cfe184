#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is seen while a recording goes on: a table on a terminal (one of tmux), else a line for each
# interval, and the result after it as ever.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory
}

teardown()
{
	[[ ! -S ${SOCKET-} ]] || tmux -S "$SOCKET" kill-server 2>/dev/null || true
	live_teardown
}

# terminal_start COLUMNS ROWS ARGUMENT...: oomtrace in a terminal of that size, with settings for
# its environment before its arguments.
terminal_start()
{
	local size=(-x "$1" -y "$2") dir=$BATS_TEST_TMPDIR

	# a server of its own: the one of the terminal before may still be on its way out
	SOCKET=$dir/tmux-$((++TERMINALS))
	shift 2
	env -u NO_COLOR LC_ALL=C.UTF-8 tmux -S "$SOCKET" -f /dev/null new-session -d "${size[@]}" \
		"env $TERMINAL_SETTINGS '$OOMTRACE' $* ; echo status \$?; cat" 3>&-
}

shown()
{
	tmux -S "$SOCKET" capture-pane -p "$@"
}

keys()
{
	tmux -S "$SOCKET" send-keys "$@"
}

# Until what is on the screen matches an extended regular expression.
screen_wait()
{
	local deadline=$((SECONDS + 30))

	until shown | grep -qE "$1"; do
		((SECONDS < deadline)) || fail "waited for '$1', there is: $(shown)" || return
	done
}

# The next snapshot but one, which was drawn after whatever key was sent before.
screen_pass()
{
	local head deadline=$((SECONDS + PATIENCE_SECONDS))

	for _ in 1 2; do
		head=$(shown | head -n 1)
		until [[ $(shown | head -n 1) != "$head" ]]; do
			((SECONDS < deadline)) || fail "stands still: $(shown)" || return
		done
	done
}

# Selects the row below until the pane's title matches.
go_down_to()
{
	local deadline=$((SECONDS + PATIENCE_SECONDS))

	until shown | grep -qE "$1"; do
		((SECONDS < deadline)) || fail "no row of '$1', there is: $(shown)" || return
		keys Down
		screen_pass
	done
}

@test "on a terminal: a table of what grows, named, then the report" {
	requires tmux
	local deadline=$((SECONDS + PATIENCE_SECONDS))
	victim_start heap malloc 64
	terminal_start 80 24 -p "$VICTIM_PID" --period 1 -i 0.2
	screen_wait '^oomtrace -p .* lost: (nothing|[0-9]+ events)'
	victim_grow
	screen_wait '64.0 MiB +.* anon +victim_touch < grow_malloc < '
	shown
	# all of the selected stack, below the table
	screen_wait '^  main$'
	screen_wait '^q quit  s sort: bytes  p processes'
	[[ $(shown | wc -l) == 24 ]]

	keys p
	screen_wait "^ +$VICTIM_PID +64\.[0-9] MiB .* heap"
	keys s
	screen_wait '^q quit  s sort: change  Enter stacks'
	keys Enter
	screen_wait '^q quit  s sort: change  p processes'

	tmux -S "$SOCKET" resize-window -x 40 -y 10
	screen_wait '^ +bytes  stack, leaf first$'
	shown
	[[ $(shown | wc -l) == 10 ]]
	# nothing is left of the larger screen
	until ! shown | LC_ALL=C.UTF-8 grep -qE '.{41}|kind|^heap'; do
		((SECONDS < deadline)) || fail "left over: $(shown)" || return
	done
	tmux -S "$SOCKET" resize-window -x 200 -y 60
	screen_wait '^ +bytes +change +rate  kind    stack, leaf first$'
	[[ $(shown | wc -l) == 60 ]]

	keys q
	screen_wait '^status 0$'
	shown -S - | grep -q 'Memory growth: oomtrace -p'
	shown -S - | grep -qE '64.0 MiB .*anon +heap'
}

@test "Ctrl-C ends the table as it ends a recording, and the terminal is as it was" {
	requires tmux
	victim_start heap malloc 16
	terminal_start 80 24 -p "$VICTIM_PID" -v -i 0.2
	screen_wait '^oomtrace -p .* lost: (nothing|[0-9]+ events)'
	keys C-c
	screen_wait '^status 0$'
	# what was said meanwhile was kept, and not drawn over
	shown -S - | grep -q '^oomtrace: debug: snapshot at'
	keys echoed
	screen_wait echoed
}

@test "NO_COLOR is honoured" {
	requires tmux
	local color=$'\033\\[3[0-7]m' setting

	victim_start heap malloc 16
	for setting in NO_COLOR= NO_COLOR=1; do
		TERMINAL_SETTINGS=$setting terminal_start 80 24 -p "$VICTIM_PID" --period 1 -i 0.2
		screen_wait '^oomtrace -p .* lost: (nothing|[0-9]+ events)'
		# what has grown has a color
		[[ $setting == NO_COLOR=1 ]] || victim_grow
		[[ $setting == NO_COLOR= ]] || victim_shed
		screen_wait '[+-][0-9.]+ [KM]iB/s'
		if [[ $setting == NO_COLOR= ]]; then
			shown -e | grep -q "$color"
		else
			! shown -e | grep -q "$color" || fail "colors: $(shown -e)"
		fi
		keys q
		screen_wait '^status 0$'
		tmux -S "$SOCKET" kill-server
	done
}

@test "the host as a table of processes: arrows select one, Enter shows its stacks" {
	requires tmux
	victim_start heap malloc 256
	terminal_start 100 30 --all --period 16 -i 0.2
	screen_wait '^oomtrace --all'
	victim_grow
	keys s
	screen_wait '^q quit  s sort: bytes'
	screen_wait "^ +$VICTIM_PID .* heap"
	# the largest of all by bytes, unless somebody else holds more: go down to it
	go_down_to "^heap \(pid $VICTIM_PID\)"
	keys Enter
	screen_wait '^q quit  s sort: bytes  p processes'
	screen_wait '2[0-9][0-9].[0-9] MiB .* grow_malloc'
	keys q
	screen_wait '^status 0$'
}

@test "the host as a table of cgroups: how full, when full, and whose stacks" {
	requires tmux
	local name

	VICTIM_LIMIT_BYTES=$((512 << 20)) victim_start heap malloc 200
	name=${CGROUP##*/}
	terminal_start 120 30 --all --period 16 -i 0.2
	screen_wait '^oomtrace --all'
	keys c
	screen_wait '^ +bytes +change +rate +limit +full +full in  trend +cgroup'
	victim_grow
	keys s
	screen_wait " 512.0 MiB +(39|40).[0-9] % .* /$name"
	# what the kernel says is used and cannot be taken back
	go_down_to "^/$name, (39|40).[0-9] % of 512.0 MiB(, full in .*)?, limit of /$name"
	keys Enter
	screen_wait '(19|20|21)[0-9].[0-9] MiB .* grow_malloc'
	screen_wait ' stacks? of one cgroup'
	keys Left
	screen_wait '^ +bytes +change +rate +limit +full +full in  trend +cgroup'
	keys q
	screen_wait '^status 0$'
}

@test "ten thousand processes: the table is drawn, scrolled, resized and left" {
	requires tmux
	# what a process takes from here on is in the ledger
	VICTIM_LIMIT_BYTES=$((4 << 30)) victim_start forker crowd 10
	terminal_start 80 24 --all --period 16 -i 1
	screen_wait 'live '
	victim_grow
	screen_wait 'live .*, ([4-9][0-9]{3}|[0-9]{5}) processes'
	keys s NPage NPage NPage
	screen_wait '^ +[0-9]+ +.*  forker'
	tmux -S "$SOCKET" resize-window -x 40 -y 10
	screen_wait '^ +pid +bytes  process$'
	[[ $(shown | wc -l) == 10 ]]
	tmux -S "$SOCKET" resize-window -x 200 -y 60
	screen_wait '^ +pid +bytes +change +rate +limit +full +full in  trend +process'
	[[ $(shown | wc -l) == 60 ]]
	shown
	keys q
	screen_wait '^status 0$'
	victim_shed
}

@test "no terminal: a line on stderr for each interval, and folded stacks on stdout" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --period 1 --kinds -i 0.1
	wait_for_line "$TRACE_ERR" 'oomtrace: 0.000 s: *B*'
	victim_grow
	wait_for_line "$TRACE_ERR" 'oomtrace: * MiB, +* MiB in 0.* s; most by victim_touch < grow_malloc < * in heap (pid *'
	trace_stop
	(($(folded_pages "$TRACE_OUT" '[anon]' grow_malloc) == 4096))
}

@test "a terminal that cannot move its cursor gets lines, too" {
	requires tmux
	victim_start heap malloc 16
	TERMINAL_SETTINGS=TERM=dumb terminal_start 100 24 -p "$VICTIM_PID" -i 0.1 -d 1
	screen_wait '^status 0$'
	shown -S - | grep -qE '^oomtrace: 0\.[1-9][0-9]* s: .* in 0\.1'
	shown -S - | grep -q 'Memory growth: oomtrace -p'
}

# A key of the terminal goes to everybody who runs in it.
@test "Ctrl-C ends a command, too, and the result is what it held at its end" {
	requires tmux python
	local pages

	terminal_start 100 20 --format folded -o "$BATS_TEST_TMPDIR/folded" -- /usr/bin/python3 -c \
		"'import mmap, signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
kept = mmap.mmap(-1, 128 << 20)
kept.madvise(mmap.MADV_NOHUGEPAGE)
for i in range(0, len(kept), 4096): kept[i] = 1
print(\"grown\", flush=True)
time.sleep(600)'"
	screen_wait 'grown'
	keys C-c
	screen_wait 'status [0-9]'
	shown
	pages=$(awk '{ sum += $NF / 4096 } END { print sum + 0 }' "$BATS_TEST_TMPDIR/folded")
	echo "$pages pages of 128 MiB and python's own"
	((pages >= (128 << 8) * 19 / 20))
}

@test "Ctrl-C does not wait for ever for a command that takes no notice: the second time the result is written" {
	requires tmux
	local pid

	terminal_start 100 20 --format folded -o "$BATS_TEST_TMPDIR/folded" -- \
		"sh -c 'trap \"\" INT; echo deaf \$\$; exec sleep 600'"
	screen_wait 'deaf [0-9]+'
	pid=$(shown | sed -n 's/^deaf //p')
	keys C-c
	screen_wait 'Ctrl-C again'
	keys C-c
	screen_wait "waiting until the command .pid $pid. has ended"
	[[ -s $BATS_TEST_TMPDIR/folded ]]
	kill "$pid"
	screen_wait 'status [0-9]'
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs oomtrace beside a test: started, ready (it says so), asked for its result.

# All that a test has started: one that fails half way has left some of them running.
TRACE_ALL=()

# trace_start ARGUMENT...: returns when the probes are live. Where two run at a time, TRACE_NAME tells
# their files apart.
trace_start()
{
	local dir=$BATS_TEST_TMPDIR/${TRACE_NAME:-tracer}

	mkdir -p "$dir"
	rm -f "$dir/err"
	mkfifo "$dir/err"
	TRACE_OUT=$dir/out TRACE_TALK=$dir/talk
	(run_in_background "$OOMTRACE" "$@" </dev/null >"$TRACE_OUT" 2>"$dir/err") &
	TRACE_PID=$!
	TRACE_ALL+=("$TRACE_PID")
	exec {TRACE_ERR}<"$dir/err"
	wait_for_line "$TRACE_ERR" 'oomtrace: tracing *' || return
	printf '%s\n' "${LINES[@]}" >"$TRACE_TALK"
}

# Waits for the end; its exit status is kept in TRACE_STATUS, what it said in $TRACE_TALK.
trace_wait()
{
	drain "$TRACE_ERR" >>"$TRACE_TALK"
	trace_leave
	TRACE_STATUS=0
	wait "$TRACE_PID" || TRACE_STATUS=$?
	TRACE_PID=
}

# Nobody reads any more what it says.
trace_leave()
{
	exec {TRACE_ERR}<&-
	TRACE_ERR=
}

# Ctrl-C. The second one would end it at once, without its balance: it is sent once.
trace_interrupt()
{
	[[ ${TRACE_INTERRUPTED-} != "$TRACE_PID" ]] || return 0
	TRACE_INTERRUPTED=$TRACE_PID
	kill -INT "$TRACE_PID"
}

# Ctrl-C: the result is in $TRACE_OUT.
trace_stop()
{
	trace_interrupt
	trace_wait
	((TRACE_STATUS == 0)) || fail "oomtrace exits with $TRACE_STATUS: $(cat "$TRACE_TALK")"
}

# How many events the kernel skipped, as oomtrace says itself: an interrupt that allocates or frees
# while the program runs on its processor cannot enter it. Nearly always none.
trace_skipped_events()
{
	sed -n 's/^oomtrace: warning: lost: events the kernel skipped .*, \([0-9]*\) times.*/\1/p' \
		"$TRACE_TALK" | awk '{ total += $1 } END { print total + 0 }'
}

# The one that is TRACE_PID now, with its balance; if it does not end it is killed.
trace_end()
{
	[[ -n ${TRACE_PID-} ]] || return 0
	trace_interrupt 2>/dev/null || true
	# nobody reads any more what it has to say
	[[ -z ${WATCH_OUT-} ]] || exec {WATCH_OUT}<&-
	[[ -z ${TRACE_ERR-} ]] || drain "$TRACE_ERR" >/dev/null
	kill -KILL "$TRACE_PID" 2>/dev/null || true
	[[ -z ${TRACE_ERR-} ]] || exec {TRACE_ERR}<&-
	wait "$TRACE_PID" 2>/dev/null || true
	TRACE_PID=
}

# Ends what a test has left running.
tracer_cleanup()
{
	local pid

	trace_end
	for pid in "${TRACE_ALL[@]}"; do
		# a number of our own children, or nobody's: who was waited for is not asked again
		[[ $(ps -o ppid= -p "$pid") -eq $BASHPID ]] || continue
		kill -INT "$pid"
		wait "$pid" || true
	done
	TRACE_ALL=()
}

# folded_pages FILE [FRAME...]: pages of all lines that have every frame given, as a whole frame.
# A frame `NAME*` stands for all that begin so.
folded_pages()
{
	awk -v frames="$(printf '%s\n' "${@:2}")" '
		BEGIN { wanted = frames == "" ? 0 : split(frames, want, "\n") }
		function matches(frame, pattern) {
			if (pattern ~ /\*$/)
				return index(frame, substr(pattern, 1, length(pattern) - 1)) == 1
			return frame == pattern
		}
		function has(pattern, i) {
			for (i = 1; i <= count; i++)
				if (matches(frame[i], pattern))
					return 1
			return 0
		}
		{
			bytes = $NF
			sub(/ [0-9]+$/, "")
			count = split($0, frame, ";")
			for (w = 1; w <= wanted; w++)
				if (!has(want[w]))
					next
			total += bytes
		}
		END { printf "%d\n", total / 4096 }' "$1"
}

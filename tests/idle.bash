# shellcheck shell=bash
# What the bats files of lm-idle share: `load idle`, and `idle_stop_all` in teardown.

IDLE_N=0
IDLE_PIDS=()

# idle ARGS...: lm-idle in the background. OUT, ERR: its files; IDLE_PID.
idle() {
	IDLE_N=$((IDLE_N + 1))
	OUT=$BATS_TEST_TMPDIR/out.$IDLE_N ERR=$BATS_TEST_TMPDIR/err.$IDLE_N
	: >"$OUT"
	lm-idle -v -c "$CONFIG" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- &
	IDLE_PID=$!
	IDLE_PIDS+=("$IDLE_PID")
}

# await FILE REGEX [COUNT]: until that many lines (one) match.
await() {
	local i n=0 tries=400
	[ -z "${LM_ASAN-}" ] || tries=1600
	for i in $(seq "$tries"); do
		n=$(grep -Ecs -- "$2" "$1") || :
		[ "${n:-0}" -ge "${3:-1}" ] && return 0
		sleep 0.05
	done
	printf 'only %s lines of %s match %s:\n' "$n" "$1" "$2" >&2
	tail -n 50 "$1" "$ERR" ${FAKE_TRANSCRIPT:+"$FAKE_TRANSCRIPT" "${FAKE_TRANSCRIPT%.transcript}.err"} >&2
	return 1
}

# ready: it knows what there is; what comes from now on is new.
ready() { await "$ERR" 'mailboxes, (NOTIFY|IDLE|NOOP)'; }

# hears REGEX [COUNT]: an event line comes (TAB is ~ in the regex).
hears() { await "$OUT" "^${1//\~/$'\t'}\$" "${2:-1}"; }

# heard_no REGEX: none has come so far.
heard_no() { ! grep -E -- "${1//\~/$'\t'}" "$OUT"; }

# ends CODE: it ends with that status.
ends() {
	local status=0
	wait "$IDLE_PID" || status=$?
	[ "$status" -eq "$1" ] && return 0
	printf 'exit status %d\n' "$status" >&2
	tail -n 50 "$OUT" "$ERR" >&2
	return 1
}

idle_stop_all() {
	local pid
	for pid in "${IDLE_PIDS[@]}"; do
		kill -CONT "$pid" 2>/dev/null || :
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	IDLE_PIDS=()
}

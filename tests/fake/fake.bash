# shellcheck shell=bash
# The fake for bats: source this file, then
#
#	fake_start [options] <<'END'     plays the script; sets FAKE_PORT FAKE_PID FAKE_TRANSCRIPT FAKE_SCRIPT
#	fake_wait [PID]                  waits for its end and returns its status; what failed goes to stderr
#	fake_stop [PID]                  SIGTERM, then as fake_wait
#	fake_saw REGEX                   a line of the transcript matches (grep -E); shows it all when none does
#	fake_saw_no REGEX                none does
#	fake_await REGEX [SECONDS]       waits for such a line to appear
#	fake_teardown                    for teardown(): ends every fake that still runs
#
# Several at once: keep FAKE_PORT and FAKE_PID of each, or FAKE_TRANSCRIPT, before starting the next.

FAKE_HOME=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
FAKE_PIDS=()
FAKE_COUNT=0

fake_start() {
	local dir=${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}} base
	FAKE_COUNT=$((FAKE_COUNT + 1))
	base=$dir/fake.$BASHPID.$FAKE_COUNT
	FAKE_SCRIPT=$base.script FAKE_TRANSCRIPT=$base.transcript
	rm -f "$base".*
	cat >"$FAKE_SCRIPT"
	# Descriptor 3 is bats's own: a child that held it open would keep bats waiting.
	"$FAKE_HOME/fake" --transcript "$FAKE_TRANSCRIPT" --status "$base.status" "$@" "$FAKE_SCRIPT" \
		</dev/null >"$base.port" 2>"$base.err" 3>&- &
	FAKE_PID=$!
	FAKE_PIDS+=("$FAKE_PID")
	echo "$base" >"$dir/fake.pid.$FAKE_PID"
	fake__port "$base"
}

# The port, as soon as its line is whole.
fake__port() {
	local tries=0
	# shellcheck disable=SC2034 # for the caller
	until { read -r FAKE_PORT <"$1.port"; } 2>/dev/null; do
		if [ -e "$1.status" ] || [ "$((tries += 1))" -gt 3000 ]; then
			cat "$1.err" >&2
			return 1
		fi
		sleep 0.02
	done
}

# The status comes from a file, so that this works below `run`, where the fake is nobody's child.
fake_wait() {
	local pid=${1:-$FAKE_PID} base status tries=0
	read -r base <"${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/fake.pid.$pid" || return 70
	until [ -e "$base.status" ]; do
		if ! kill -0 "$pid" 2>/dev/null && [ ! -e "$base.status" ]; then
			echo "fake: it died" >&2
			break
		fi
		if [ "$((tries += 1))" -gt "$((${FAKE_WAIT:-60} * 50))" ]; then
			echo "fake: it does not end" >&2
			kill -KILL "$pid" 2>/dev/null
			break
		fi
		sleep 0.02
	done
	status=$(cat "$base.status" 2>/dev/null || echo 70)
	[ "$status" = 0 ] || cat "$base.err" "$base.transcript" >&2
	return "$status"
}

fake_stop() {
	local pid=${1:-$FAKE_PID}
	kill "$pid" 2>/dev/null
	fake_wait "$pid"
}

fake_saw() {
	grep -Eq -- "$1" "$FAKE_TRANSCRIPT" && return 0
	printf 'no line matches %s:\n' "$1" >&2
	cat "$FAKE_TRANSCRIPT" >&2
	return 1
}

fake_saw_no() {
	grep -E -- "$1" "$FAKE_TRANSCRIPT" >&2 || return 0
	return 1
}

fake_await() {
	local tries=0
	until grep -Eqs -- "$1" "$FAKE_TRANSCRIPT"; do
		if [ "$((tries += 1))" -gt "$((${2:-10} * 50))" ]; then
			fake_saw "$1"
			return
		fi
		sleep 0.02
	done
}

fake_teardown() {
	local pid base
	for pid in "${FAKE_PIDS[@]}"; do
		# One that has ended has written its status: its pid may be another's by now.
		read -r base 2>/dev/null <"${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/fake.pid.$pid" || base=''
		if [ -z "$base" ] || [ ! -e "$base.status" ]; then
			kill "$pid" 2>/dev/null
		fi
		wait "$pid" 2>/dev/null
	done
	FAKE_PIDS=()
	return 0
}

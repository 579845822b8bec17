# common: what the measurements share. Each is a program that prints tables; `make bench` runs them all.
# shellcheck shell=bash
set -eu
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$top/tests/lab
bin=${LM_BIN:-$top/build/bin}
PATH=$bin:$PATH
meters=()
work=

# bench_up SERVER...: what the peers need is installed, private servers are started, nothing is remembered yet.
bench_up() {
	"$top/tests/deps.sh" bench
	work=$(mktemp -d /tmp/lmb.XXXXXX)
	trap bench_down EXIT
	trap 'exit 130' INT TERM
	"$lab/lab" start "$work/lab" "$@"
	# shellcheck disable=SC1091
	. "$work/lab/env"
	export HOME=$work XDG_STATE_HOME=$work/state
	unset XDG_CONFIG_HOME
	forget
	printf 'machine localhost login %s password %s\n' "$LAB_USER1" "$LAB_PASS" >"$work/netrc"
	chmod 600 "$work/netrc"
}

# shellcheck disable=SC2317 # called by trap
bench_down() {
	local pid
	for pid in "${meters[@]}"; do kill "$pid" 2>/dev/null || :; done
	[ ! -d "$work/lab" ] || "$lab/lab" stop "$work/lab"
	rm -rf "$work"
}

# forget: a cache that is empty.
forget() {
	export XDG_CACHE_HOME=$work/cache
	rm -rf "$work/cache"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# meter NAME SERVERPORT DELAY [PORT]: a relay before a server; DELAY is ms one way. Sets METER_PORT and METER_PID.
meter() {
	rm -f "$work/$1.port" "$work/$1.report"
	/usr/bin/python3 -B "$top/tests/bench/flights.py" --delay "$3" "${4:-0}" localhost "$2" "$work/$1.report" >"$work/$1.port" &
	METER_PID=$!
	meters+=("$METER_PID")
	until [ -s "$work/$1.port" ]; do
		kill -0 "$METER_PID" 2>/dev/null || die "the meter does not start"
		sleep 0.02
	done
	METER_PORT=$(cat "$work/$1.port")
}

# stop_meter PID: it writes its report on the way out.
stop_meter() {
	local left=() pid
	kill "$1"
	wait "$1" 2>/dev/null || :
	for pid in "${meters[@]}"; do [ "$pid" = "$1" ] || left+=("$pid"); done
	meters=("${left[@]}")
}

# figure NAME REPORT...: the sum of one figure over the reports.
figure() {
	local name=$1
	shift
	cat "$@" | awk -v n="$name" '$1 == n { s += $2 } END { print s + 0 }'
}

# timed COMMAND...: notes the peak of its resident memory, in kB. (A shell or Python in its place would note its own: what
# stood in the process before exec counts too.)
timed() { /usr/bin/time -a -o "$work/rss" -f %M "$@"; }

# clock COMMAND...: runs it; sets MS, and RSS: of what ran at once (BENCH_TOGETHER) the sum, else the largest.
clock() {
	local begin
	: >"$work/rss"
	begin=${EPOCHREALTIME/./}
	"$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; die "it failed: $*"; }
	MS=$(((${EPOCHREALTIME/./} - begin) / 1000))
	RSS=$(awk -v sum="${BENCH_TOGETHER:-}" '/^[0-9]+$/ { s += $1; if ($1 > m) m = $1 } END { print sum ? s : m + 0 }' "$work/rss")
}

# config ACCOUNT IMAPPORT SUBMITPORT: this account of the lab's alone, at these ports.
config() {
	sed -n "/^account $1\$/,/^\$/ { s/^\( *imap .*\):[0-9]*\$/\1:$2/; s/^\( *submit .*\):[0-9]*\$/\1:$3/; p }" \
		"$LAB_CONFIG" >"$work/config"
	chmod 600 "$work/config"
}

# until_true COMMAND...: within ten seconds.
until_true() {
	local i
	for i in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

# trips MS0 MS RTT: how many round trips lie between two times, one decimal.
trips() { awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { printf "%.1f", (b - a) / r }'; }

# ratio A B: A / B, for people.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b == 0) print "-"; else { q = a / b; printf q < 10 ? "%.2f" : "%.0f", q } }'; }

# crlf: text with LF on standard input to mail lines.
crlf() { sed 's/$/\r/'; }

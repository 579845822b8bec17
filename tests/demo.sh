#!/usr/bin/env bash
# make demo: a mail with a 30 MB attachment is forwarded by every strategy, from private servers on loopback, and
# each way is measured and checked.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
bin=${LM_BIN:-$top/build/bin}
lab=$top/tests/lab
megabytes=${DEMO_MB:-30}
delay=${DEMO_DELAY:-20} # ms one way
work=$(mktemp -d /tmp/lmd.XXXXXX)
meters=()

# shellcheck disable=SC2317 # called by trap
cleanup() {
	for pid in "${meters[@]}"; do kill "$pid" 2>/dev/null || :; done
	"$lab/lab" stop "$work/lab" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "$*"; }

say "Starting Dovecot (IMAP and submission) and an SMTP sink on loopback ..."
"$lab/lab" start "$work/lab" dovecot sink
# shellcheck disable=SC1091
. "$work/lab/env"
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state

say "Storing a mail with a $megabytes MB attachment ..."
"$lab/bigmail" "$megabytes" >"$work/holiday.eml"
"$lab/deliver" "$work/lab" alice INBOX <"$work/holiday.eml"

# meter NAME PORT: a relay in front of a server that delays and counts; sets METER_PORT and METER_PID.
meter() {
	rm -f "$work/$1.port"
	"$lab/meter.py" --delay "$delay" 0 localhost "$2" "$work/$1.report" >"$work/$1.port" &
	METER_PID=$!
	meters+=("$METER_PID")
	until [ -s "$work/$1.port" ]; do sleep 0.02; done
	METER_PORT=$(cat "$work/$1.port")
}

# stop_meter PID: it writes its report on the way out.
stop_meter() {
	kill "$1"
	wait "$1" 2>/dev/null || :
}

# figure NAME REPORT...: the sum of one figure over the reports.
figure() {
	local name=$1
	shift
	cat "$@" | awk -v n="$name" '$1 == n { s += $2 } END { print s + 0 }'
}

# measure LABEL COMMAND...: runs it with both servers behind meters, prints a line of the table, checks what arrived.
measure() {
	local label=$1 before start end imap smtp imap_pid smtp_pid
	shift
	meter imap "$LAB_IMAPS_PORT" && imap=$METER_PORT imap_pid=$METER_PID
	meter smtp "$LAB_SUBMISSIONS_PORT" && smtp=$METER_PORT smtp_pid=$METER_PID
	before=$(find "$LAB_SINK_DIR" -name '*.env' | wc -l)
	sed "s/:$LAB_IMAPS_PORT\$/:$imap/; s/:$LAB_SUBMISSIONS_PORT\$/:$smtp/" "$LAB_CONFIG" >"$work/config"
	chmod 600 "$work/config"
	start=$(date +%s%N)
	"$@" >"$work/out" || { say "$label failed"; exit 1; }
	end=$(date +%s%N)
	stop_meter "$imap_pid"
	stop_meter "$smtp_pid"
	printf '%-28s %12d %12d %12d %8d.%02d\n' "$label" \
		"$(figure after-handshake-up "$work"/{imap,smtp}.report)" \
		"$(figure after-handshake-down "$work"/{imap,smtp}.report)" \
		"$(figure turnarounds "$work"/{imap,smtp}.report)" \
		$(((end - start) / 1000000000)) $(((end - start) / 10000000 % 100))
	check_arrival "$label" "$before"
}

# The sink holds one message more, and it carries the original (or its part) octet for octet.
check_arrival() {
	local n=$(($2 + 1)) newest
	for _ in $(seq 100); do
		[ "$(find "$LAB_SINK_DIR" -name '*.env' | wc -l)" -ge "$n" ] && break
		sleep 0.1
	done
	newest=$(find "$LAB_SINK_DIR" -name '*.eml' | sort | tail -n 1)
	"$top/tests/demo_check.py" "$work/holiday.eml" "$newest" || { say "$1: the wrong message arrived"; exit 1; }
}

forward() { "$bin/lm-fwd" -c "$work/config" -T bob@localhost -m 'See the pictures.' "$@"; }

# shellcheck disable=SC2317 # called by measure
by_bdat_pipeline() {
	forward --assembly "$url" | "$bin/lm-genurl" -c "$work/config" --assembly |
		"$bin/lm-submit" -c "$work/config" -a alice --assembly -t
}

# shellcheck disable=SC2317 # called by measure
by_draft_pipeline() {
	forward --assembly "$url" | "$bin/lm-draft" -c "$work/config" alice/Sent |
		"$bin/lm-genurl" -c "$work/config" | "$bin/lm-submit" -c "$work/config" -a alice --burl - bob@localhost
}

url='alice/INBOX/;UID=1'
say ""
say "Forwarding it, with $((2 * delay)) ms of round trip to each server (octets after the TLS handshakes, both servers together):"
say ""
printf '%-28s %12s %12s %12s %11s\n' strategy 'octets up' 'octets down' turnarounds seconds
measure 'burl' forward -S burl "$url"
measure 'catenate' forward -S catenate "$url"
measure 'relay' forward -S relay -o sent-copy=no "$url"
measure 'burl, one part' forward -S burl -p 2 "$url"
measure 'fwd | genurl | submit' by_bdat_pipeline
measure 'fwd | draft | genurl | submit' by_draft_pipeline
say ""
say "Each message that arrived carries the original's octets, and nothing else of ours than the note: checked."

#!/usr/bin/env bats
# lm-idle against Dovecot: by NOTIFY, by IDLE, by NOOP, with and without QRESYNC; through lost lines, kills, bursts and slow readers.
load common
load idle

bats_require_minimum_version 1.5.0

BASE='IMAP4rev1 SASL-IR LITERAL+ UIDPLUS NAMESPACE ENABLE LIST-EXTENDED LIST-STATUS ESEARCH UNSELECT MULTIAPPEND SPECIAL-USE'

setup_file() {
	local lab=$BATS_TEST_DIRNAME/lab/lab
	lab_up dovecot
	LAB_IMAP_CAPABILITY="$BASE IDLE CONDSTORE QRESYNC" "$lab" start "$LABS/idle" dovecot 3>&-
	LAB_IMAP_CAPABILITY="$BASE CONDSTORE" "$lab" start "$LABS/noop" dovecot 3>&-
	LAB_IMAP_CAPABILITY='IMAP4rev1 IDLE UIDPLUS LITERAL+' "$lab" start "$LABS/plain" dovecot 3>&-
}
teardown_file() {
	local name
	for name in idle noop plain; do
		[ ! -d "$LABS/$name" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/$name"
	done
	lab_down
}
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	use lab
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
}
teardown() {
	idle_stop_all
	fake_teardown
	[ -z "${RELAY_PID-}" ] || kill "$RELAY_PID" 2>/dev/null || :
	RELAY_PID=''
}

# use LAB: which server this test talks to.
use() {
	LAB=$LABS/$1
	set -a
	# shellcheck disable=SC1090
	. "$LAB/env"
	set +a
	home_of_its_own
	CONFIG=$LAB_CONFIG
}
deliver() { "$BATS_TEST_DIRNAME/lab/deliver" "$LAB" "${USER_OF_TEST:-alice}" "$@"; }
imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$LAB" "${USER_OF_TEST:-alice}" "$@" >/dev/null; }
fill() { "$BATS_TEST_DIRNAME/lab/fill" "$LAB" alice "$@"; }
small() { printf 'From: "Carol C" <carol@example.net>\r\nSubject: %s\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nhi\r\n' "${1:-x}"; }
url() { printf 'imap://alice@localhost/%s;UIDVALIDITY=[0-9]+' "$1"; }

# relay [PORT]: a relay to the IMAP port, and a configuration that goes through it.
relay() {
	"$BATS_TEST_DIRNAME/lab/meter.py" "${1:-0}" 127.0.0.1 "$LAB_IMAP_PORT" "$BATS_TEST_TMPDIR/report" >"$BATS_TEST_TMPDIR/relay" 3>&- &
	RELAY_PID=$!
	await "$BATS_TEST_TMPDIR/relay" '^[0-9]+$'
	read -r RELAY_PORT <"$BATS_TEST_TMPDIR/relay"
	CONFIG=$BATS_TEST_TMPDIR/config
	(umask 077 && cat >"$CONFIG") <<-END
		account alice
		    imap imap://alice@localhost:$RELAY_PORT
		    tls-ca $LAB_CA
		    pass-command cat $LAB_RUN/pass
	END
}
cut_relay() {
	kill "$RELAY_PID"
	wait "$RELAY_PID" || :
}

# everything: what happens to messages and mailboxes is told, in the open mailbox and in others.
everything() {
	local b
	for b in "$box" "$box-2"; do
		small | deliver "$b"
		small | deliver "$b"
	done
	idle "$@" "alice/$box*"
	ready
	for b in "$box" "$box-2"; do
		small | deliver "$b"
		hears "new~$(url "$b")/;UID=3"
		imap "SELECT $b" 'UID STORE 2 +FLAGS (\Flagged $Work)'
		hears "flags~$(url "$b")/;UID=2~.*\\\\Flagged.*"
		imap "SELECT $b" 'UID STORE 1 +FLAGS.SILENT (\Deleted)' EXPUNGE
		hears "gone~$(url "$b")/;UID=1"
	done
	grep -E '\$Work' "$OUT"
	heard_no resync
}

@test "NOTIFY: one connection tells everything of all mailboxes" {
	everything
	grep 'NOTIFY: one connection' "$ERR"
	imap "CREATE $box-3" "SUBSCRIBE $box-3"
	hears "mailbox-new~$(url "$box-3")"
	small | deliver "$box-3"
	hears "new~$(url "$box-3")/;UID=1"
	imap "RENAME $box-3 $box-4" "SUBSCRIBE $box-4"
	hears "mailbox-renamed~$(url "$box-3")~$(url "$box-4")"
	imap "DELETE $box-4"
	hears "mailbox-gone~$(url "$box-4")"
	# others are not ours
	small | deliver "other-$BATS_TEST_NUMBER"
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=4"
	heard_no other
}

@test "IDLE: everything, in mailboxes with a connection of their own" {
	use idle
	everything
	grep 'IDLE: a connection' "$ERR"
	[ "$(grep -c 'imap: localhost' "$ERR")" -eq 2 ]
}

@test "IDLE: everything, in mailboxes that share one connection" {
	use idle
	everything -o idle-connections=1 --poll 1
	[ "$(grep -c 'imap: localhost' "$ERR")" -eq 1 ]
	imap "CREATE $box-3"
	hears "mailbox-new~$(url "$box-3")"
	small | deliver "$box-3"
	hears "new~$(url "$box-3")/;UID=1"
	imap "DELETE $box-3"
	hears "mailbox-gone~$(url "$box-3")"
}

@test "without IDLE and QRESYNC: NOOP and LIST; what cannot be known is a resync" {
	use noop
	local b
	for b in "$box" "$box-2"; do
		small | deliver "$b"
		small | deliver "$b"
	done
	idle --poll 1 "alice/$box*"
	ready
	grep 'NOOP and LIST' "$ERR"
	# the open one knows what is gone
	imap "SELECT $box" 'UID STORE 1 +FLAGS.SILENT (\Deleted)' EXPUNGE
	hears "gone~$(url "$box")/;UID=1"
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=3"
	# of the other one only how many
	small | deliver "$box-2"
	hears "new~$(url "$box-2")/;UID=3"
	imap "SELECT $box-2" 'UID STORE 2 +FLAGS (\Flagged)'
	hears "flags~$(url "$box-2")/;UID=2~\\\\Flagged"
	imap "SELECT $box-2" 'UID STORE 1 +FLAGS.SILENT (\Deleted)' EXPUNGE
	hears "resync~$(url "$box-2")"
}

@test "with nothing but IDLE: new and gone by their numbers" {
	use plain
	small | deliver "$box"
	small | deliver "$box"
	small | deliver "$box"
	idle "alice/$box"
	ready
	await "$ERR" 'no mod-sequences'
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=4"
	imap "SELECT $box" 'UID STORE 2 +FLAGS.SILENT (\Deleted)' EXPUNGE
	hears "gone~$(url "$box")/;UID=2"
	imap "SELECT $box" 'UID STORE 3 +FLAGS (\Seen)'
	hears "flags~$(url "$box")/;UID=3~\\\\Seen"
}

@test "-e: only what was asked for; --headers: with sender, subject and date" {
	small | deliver "$box"
	idle -e new --headers "alice/$box" "alice/$box-2"
	ready
	imap "SELECT $box" 'UID STORE 1 +FLAGS (\Flagged)' "CREATE $box-2"
	small 'one =?utf-8?q?=E2=82=AC?=' | deliver "$box"
	hears "new~$(url "$box")/;UID=2~Carol C <carol@example.net>~one €~Tue, 24 Nov 2026 10:00:00 \+0000"
	small two | deliver "$box-2"
	hears "new~$(url "$box-2")/;UID=1~Carol C <carol@example.net>~two~.*"
	[ "$(wc -l <"$OUT")" -eq 2 ]
	idle -e gone,flags "alice/$box"
	ready
	small | deliver "$box"
	imap "SELECT $box" 'UID STORE 1 +FLAGS (\Deleted)' EXPUNGE
	hears "gone~$(url "$box")/;UID=1"
	heard_no new
}

@test "--status: the state of each mailbox first; --json" {
	small | deliver "$box"
	small | deliver "$box" '\Seen'
	idle --status --json "alice/$box"
	ready
	await "$OUT" '^\{"event":"status","url":"imap:.*","messages":2,"unseen":1,"uidnext":3\}$'
	imap "SELECT $box" 'UID STORE 1 +FLAGS (\Flagged)'
	await "$OUT" '^\{"event":"flags","url":"imap:.*/;UID=1","flags":"\\\\Flagged"\}$'
}

@test "-1 ends with the first event, -t without any" {
	small | deliver "$box"
	idle -1 "alice/$box"
	ready
	small | deliver "$box"
	ends 0
	[ "$(cat "$OUT")" = "$(grep -E "^new.*/;UID=2$" "$OUT")" ]
	idle -t 1 "alice/$box"
	ends 75
	[ ! -s "$OUT" ]
	grep 'nothing came for 1 s' "$ERR"
}

@test "-d: a burst is one line a mailbox" {
	small | deliver "$box"
	small | deliver "$box-2"
	idle -d 2 "alice/$box" "alice/$box-2"
	ready
	for _ in 1 2 3 4 5; do small | deliver "$box"; done
	small | deliver "$box-2"
	imap "SELECT $box-2" 'UID STORE 1 +FLAGS (\Seen)'
	hears "status~$(url "$box")~6~6~7"
	hears "status~$(url "$box-2")~2~1~3"
	[ "$(wc -l <"$OUT")" -eq 2 ]
}

@test "-x: a command for each event, the facts in its environment only" {
	local evil="$box\$(touch pwned)\"'"
	small | deliver "$evil"
	imap "SELECT \"${evil//\"/\\\"}\"" 'UID STORE 1 +FLAGS (\Seen)' # it is there
	LM_FLAGS=stale idle -e new,flags -x 'printf "%s\n" "$LM_EVENT|$LM_ACCOUNT|$LM_MAILBOX|$LM_UID|${LM_FLAGS-unset}|${LM_URL%%;*}" >>seen; exit 3' "alice/$box*"
	ready
	small | deliver "$evil"
	await seen '^new\|alice\|' 1
	[ "$(cat seen)" = "new|alice|$evil|2|unset|imap://alice@localhost/$box\$(touch%20pwned)%22'" ]
	imap "SELECT \"${evil//\"/\\\"}\"" 'UID STORE 1 +FLAGS (\Flagged)'
	await seen '^flags.*\\Flagged' 1
	[ ! -e pwned ]
	[ ! -s "$OUT" ]
	await "$ERR" 'exit status 3' 2
	# a shell without the reader's mistakes: -1 waits for the command
	idle -1 -x 'sleep 0.5; echo ended >>after' "alice/$box*"
	ready
	small | deliver "$evil"
	ends 0
	[ "$(cat after)" = ended ]
}

@test "a lost line: what happened meanwhile is told, whatever the rung" {
	local lab b
	for lab in lab idle plain; do
		use "$lab"
		relay
		for b in "$box" "$box-2"; do
			small | deliver "$b"
			small | deliver "$b"
		done
		idle --poll 2 "alice/$box" "alice/$box-2"
		ready
		small | deliver "$box"
		hears "new~$(url "$box")/;UID=3"
		small | deliver "$box-2"
		hears "new~$(url "$box-2")/;UID=3"
		cut_relay
		for b in "$box" "$box-2"; do
			small | deliver "$b"
			imap "SELECT $b" 'UID STORE 2 +FLAGS (\Flagged)' 'UID STORE 1 +FLAGS (\Deleted)' EXPUNGE
		done
		await "$ERR" 'trying again'
		relay "$RELAY_PORT"
		for b in "$box" "$box-2"; do
			hears "new~$(url "$b")/;UID=4"
			if [ "$lab" = plain ]; then
				hears "(gone~$(url "$b")/;UID=1|resync~$(url "$b"))"
			else
				hears "gone~$(url "$b")/;UID=1"
				hears "flags~$(url "$b")/;UID=2~\\\\Flagged"
				heard_no resync
			fi
		done
		idle_stop_all
		cut_relay
	done
}

@test "the server goes down and comes back" {
	local lab=$BATS_TEST_DIRNAME/lab/lab i
	"$lab" start "$LABS/own" dovecot 3>&-
	use own
	small | deliver "$box"
	idle "alice/$box"
	ready
	kill "$(cat "$LAB_RUN/base/master.pid")"
	await "$ERR" 'trying again'
	# as soon as the old one has let go of everything
	for i in $(seq 600); do
		! dovecot -c "$LAB_DOVECOT_CONF" >again 2>&1 3>&- || break
		sleep 0.1
	done
	[ "$i" -lt 600 ] || { cat again; false; }
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=2"
	idle_stop_all
	"$lab" stop "$LABS/own"
}

@test "--resume: what happened between two runs, also after kill -9; nothing twice after nothing" {
	small | deliver "$box"
	small | deliver "$box"
	idle --resume "alice/$box"
	ready
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=3"
	# what was told is kept at once
	await "$XDG_STATE_HOME/lm/idle/alice" "^[0-9]+ 4 3 [0-9]+ $box\$"
	kill -9 "$IDLE_PID"
	wait "$IDLE_PID" || :
	small | deliver "$box"
	imap "SELECT $box" 'UID STORE 2 +FLAGS (\Flagged)' 'UID STORE 1 +FLAGS (\Deleted)' EXPUNGE
	idle --resume "alice/$box"
	hears "new~$(url "$box")/;UID=4"
	hears "gone~$(url "$box")/;UID=1"
	hears "flags~$(url "$box")/;UID=2~\\\\Flagged"
	await "$XDG_STATE_HOME/lm/idle/alice" "^[0-9]+ 5 3 [0-9]+ $box\$"
	kill "$IDLE_PID"
	ends 143
	idle --resume -t 1 "alice/$box"
	ends 75
	[ ! -s "$OUT" ]
	# with -1 as well
	small | deliver "$box"
	small | deliver "$box"
	idle --resume -1 "alice/$box"
	ends 0
	[ "$(wc -l <"$OUT")" -eq 2 ]
	idle --resume -1 -t 1 "alice/$box"
	ends 75
}

@test "--resume: mailboxes that came and went, a mailbox made anew" {
	small | deliver "$box"
	small | deliver "$box-2"
	idle --resume=x "alice/$box*"
	ready
	await "$XDG_STATE_HOME/lm/idle/alice.x" "$box-2\$"
	kill "$IDLE_PID"
	ends 143
	imap "DELETE $box" "CREATE $box" "DELETE $box-2"
	small | deliver "$box-3"
	idle --resume=x "alice/$box*"
	hears "resync~$(url "$box")"
	hears "mailbox-gone~$(url "$box-2")"
	hears "mailbox-new~$(url "$box-3")"
	hears "new~$(url "$box-3")/;UID=1"
}

@test "--resume: a damaged state is not believed, another's is not taken" {
	small | deliver "$box"
	idle --resume "alice/$box"
	ready
	local state=$XDG_STATE_HOME/lm/idle/alice
	await "$state" "^end "
	run --separate-stderr lm-idle -c "$CONFIG" --resume -1 "alice/$box"
	[ "$status" -eq 75 ]
	[[ $stderr = *'another lm-idle'* ]]
	kill "$IDLE_PID"
	ends 143
	for damage in 's/2/3/' '$d' '1d' 's/localhost/elsewhere/'; do
		cp "$state" kept
		sed -i "$damage" "$state"
		idle --resume -1 "alice/$box"
		ends 0
		[[ $(cat "$OUT") = $'resync\timap://alice@localhost/' ]]
		grep 'damaged' "$ERR"
		mv kept "$state"
	done
	[ "$(stat -c %a "$state")" = 600 ]
}

@test "a burst of 10,000 deliveries is told whole" {
	fill "$box" 10 200
	idle -e new "alice/$box" "alice/$box-2"
	ready
	fill "$box" 10000 200
	hears "new~.*" 10000
	[ "$(sort -u "$OUT" | wc -l)" -eq "$(wc -l <"$OUT")" ]
	[ "$(wc -l <"$OUT")" -eq 10000 ]
	idle_stop_all
	idle "alice/$box-2" "alice/$box"
	ready
	fill "$box-2" 10000 200
	hears "new~$(url "$box-2")/.*" 10000
}

# slowly ARGS...: lm-idle writes to a pipe that nobody reads yet, and waits for what comes (what came before it did is read
# from the mailbox, and that is another case); read_on: somebody reads.
slowly() {
	mkfifo pipe
	lm-idle -vv -c "$CONFIG" "$@" >pipe 2>err 3>&- &
	IDLE_PID=$! IDLE_PIDS+=("$!") ERR=err
	exec 8<pipe
	await err '^imap< \+ idling'
}
read_on() {
	[ -n "${LM_ASAN-}" ] || [ "$(awk '/^VmHWM/ { print $2 }' "/proc/$IDLE_PID/status")" -lt 12288 ]
	OUT=$BATS_TEST_TMPDIR/read
	cat <&8 >"$OUT" 3>&- &
	IDLE_PIDS+=("$!")
	exec 8<&-
}

@test "a slow reader: the server waits, memory is bounded, nothing is missed" {
	fill "$box" 10 200
	slowly -e new "alice/$box"
	fill "$box" 20000 200
	# the pipe is full when this much was written
	local i
	for i in $(seq 400); do
		[ "$(awk '/^wchar/ { print $2 }' "/proc/$IDLE_PID/io")" -lt 65536 ] || break
		sleep 0.05
	done
	read_on
	hears "new~.*" 20000
	heard_no resync
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=20011"
}

@test "a reader who is too slow while a mailbox is read: what was missed is a resync" {
	fill "$box-2" 10 200
	small | deliver "$box"
	slowly "alice/$box" "alice/$box-2"
	# it sees them all at once
	kill -STOP "$IDLE_PID"
	fill "$box-2" 20000 200
	kill -CONT "$IDLE_PID"
	await err 'a reader who does not read'
	read_on
	hears "resync~$(url "$box-2")"
	small | deliver "$box-2"
	hears "new~$(url "$box-2")/;UID=20011"
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=2"
}

@test "a reader that goes away ends it quietly, and at once" {
	small | deliver "$box"
	mkfifo pipe
	lm-idle -v -c "$CONFIG" "alice/$box" >pipe 2>err 3>&- &
	IDLE_PID=$! IDLE_PIDS+=("$!") ERR=err OUT=/dev/null
	exec 8<pipe
	ready
	exec 8<&-
	ends 0
	[ "$(grep -vc 'imap: localhost\|mailboxes, NOTIFY\|alice: NOTIFY: NO' err)" -eq 0 ]
	# the shell loop that it is made for
	run bash -c 'lm-idle -c "$1" --status "alice/$2" | while read -r event url rest; do echo "$event"; break; done' - "$CONFIG" "$box"
	[ "$output" = status ]
}

@test "NOTIFY that goes deaf when the server's list gets a new log is made to hear again" {
	small | deliver INBOX
	small | deliver "$box"
	idle -e new alice/INBOX "alice/$box"
	ready
	local log=$LAB_RUN/mail/alice/mdbox/dovecot.list.index.log inode round where n=0
	inode=$(stat -c %i "$log")
	for round in $(seq 12); do
		# each of them in its own transaction, as deliveries are
		for where in INBOX "$box"; do
			local -a lines=()
			for _ in $(seq 60); do lines+=($'APPEND '"$where"$' {3+}\r\nhi\r'); done
			imap "${lines[@]}"
		done
		n=$((n + 60))
		hears "new~$(url "$box")/.*" "$n"
		hears "new~$(url INBOX)/.*" "$n"
		small | deliver "$box"
		n=$((n + 1))
		hears "new~$(url "$box")/.*" "$n"
		small | deliver INBOX
		hears "new~$(url INBOX)/.*" "$n"
	done
	[ "$(stat -c %i "$log")" != "$inode" ] || skip 'the log was not changed'
	# the NOOP that looks for what was not told had nothing to find
	run ! grep 'gone deaf' "$ERR"
}

@test "1,000 mailboxes, one connection, 12 MiB" {
	local k
	local -a lines=()
	for k in $(seq 1000); do lines+=("CREATE $box/m$k"); done
	imap "${lines[@]}"
	relay
	idle "alice/$box/*"
	ready
	grep ' 1000 mailboxes, NOTIFY' "$ERR" || { cat "$ERR"; false; }
	for k in 1 770 1000; do
		small | deliver "$box/m$k"
		hears "new~$(url "$box/m$k")/;UID=1"
	done
	[ -n "${LM_ASAN-}" ] || [ "$(awk '/^VmHWM/ { print $2 }' "/proc/$IDLE_PID/status")" -lt 12288 ]
	kill "$IDLE_PID"
	ends 143
	cut_relay
	[ "$(awk '$1 == "connections" { print $2 }' report)" -eq 1 ]
}

# resident: octets / 1024 that it holds now.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$IDLE_PID/status"; }

@test "memory is flat: thirty thousand events later it is what it was" {
	[ -z "${LM_ASAN-}" ] || skip 'the sanitizer keeps what is released'
	fill "$box" 1000 200
	idle "alice/$box"
	ready
	local round before
	for round in $(seq 30); do
		imap "SELECT $box" "UID STORE 1:1000 $( ((round % 2)) && echo + || echo -)FLAGS.SILENT (\$Tick)"
		hears "flags~.*" $((round * 1000))
		[ "$round" != 3 ] || before=$(resident)
	done
	echo "$before kB, then $(resident) kB"
	[ $(($(resident) - before)) -lt 512 ]
}

@test "the service manager hears READY, WATCHDOG and STOPPING; also in the abstract namespace" {
	local where
	small | deliver "$box"
	for where in "$BATS_TEST_TMPDIR/sd" "@lm-test-$$-$BATS_TEST_NUMBER"; do
		/usr/bin/python3 -B - "$where" >heard 3>&- <<-'END' &
			import socket, sys
			s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			s.bind(sys.argv[1].replace("@", "\0"))
			print("bound", flush=True)
			while True:
			    text = s.recv(4096).decode()
			    print(text, flush=True)
			    if "STOPPING" in text:
			        break
		END
		local listener=$!
		await heard bound
		NOTIFY_SOCKET=$where WATCHDOG_USEC=400000 idle "alice/$box"
		ready
		await heard '^READY=1$'
		await heard '^STATUS=watching 1 mailboxes'
		await heard '^WATCHDOG=1$' 3
		kill "$IDLE_PID"
		ends 143
		await heard '^STOPPING=1$'
		wait "$listener"
	done
}

@test "idle is idle: no wake-ups while nothing happens" {
	command -v strace >/dev/null || skip 'no strace'
	strace -o /dev/null true 2>/dev/null || skip 'strace may not trace'
	small | deliver "$box"
	OUT=out ERR=err
	strace -f -o trace -e trace=all lm-idle -v -c "$CONFIG" "alice/$box" >out 2>err 3>&- &
	IDLE_PIDS+=("$!")
	ready
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=2"
	sleep 1
	local before
	before=$(wc -l <trace)
	sleep 3
	[ "$(wc -l <trace)" -eq "$before" ] || { tail -n 20 trace; false; }
	# strace ends with it; killed at the same time as what it traces, it may wait for that for ever
	kill "$(cat "/proc/${IDLE_PIDS[-1]}/task/${IDLE_PIDS[-1]}/children")"
	wait "${IDLE_PIDS[-1]}" || :
}

@test "a password that is refused, a server that is not there, no account" {
	sed "s/pass-command.*/pass-command echo wrong/" "$LAB_CONFIG" >bad
	chmod 600 bad
	run --separate-stderr lm-idle -c bad alice
	[ "$status" -eq 77 ]
	run --separate-stderr lm-idle -c "$CONFIG" nobody
	[ "$status" -eq 78 ]
	run --separate-stderr lm-idle -c "$CONFIG" -o imap=imaps://alice@nowhere.invalid alice
	[ "$status" -eq 68 ] || [ "$status" -eq 75 ]
	for args in '' '-e nonsense alice' '-e new, alice' '-t 0 alice' '-d x alice' '--poll 0 alice' '--nonsense alice' '-x true --json alice' 'alice/INBOX;UID=3 extra/'; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 5 lm-idle -c "$CONFIG" $args
		[ "$status" -eq 64 ] || [ "$status" -eq 78 ] || { echo "$args: $status"; false; }
	done
	run lm-idle --help
	[ "$status" -eq 0 ]
	[[ $output = usage:* ]]
}

@test "two accounts at once; the URL of a mailbox; -a alone" {
	small | deliver "$box"
	USER_OF_TEST=bob deliver "$box" < <(small)
	idle --status "alice/$box" "imap://bob@localhost/$box"
	await "$ERR" '(alice|bob): 1 mailboxes' 2
	small | deliver "$box"
	hears "new~$(url "$box")/;UID=2"
	USER_OF_TEST=bob deliver "$box" < <(small)
	hears "new~imap://bob@localhost/$box;UIDVALIDITY=[0-9]+/;UID=2"
	hears 'status~.*' 2
	idle -a bob -e new
	ready
	USER_OF_TEST=bob deliver "$box" < <(small)
	hears "new~imap://bob@localhost/$box;UIDVALIDITY=[0-9]+/;UID=3"
}

# example K: the command line of the K-th example of the manual page.
example() { sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/ s/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-idle.1" | sed -n "$1p"; }

# runs K: the example runs in the background as a person would type it, for the account `work`.
runs() {
	mkdir -p bin "$HOME/.config/lm"
	[ -e "$HOME/.config/lm/config" ] || (umask 077 && sed -n '/^account alice$/,/^$/p' "$LAB_CONFIG" | sed "s|^account alice|account work\n    maildir $PWD/mail\n    mailboxes INBOX|" >"$HOME/.config/lm/config")
	printf '#!/bin/sh\nprintf "%%s|" "$@" >>seen\necho >>seen\n' >bin/notmuch
	cp bin/notmuch bin/notify-send
	chmod +x bin/*
	# both here, as `ready` must not see what the example before it said
	: >ran
	: >err
	PATH=$PWD/bin:$PATH setsid bash -c "$(example "$1" | sed 's/lm-idle/lm-idle -v/')" >ran 2>err 3>&- &
	IDLE_PID=$!
	IDLE_PIDS+=("$IDLE_PID")
	ERR=err
	ready
}
# stop: that example, all of it.
stop() { kill -- "-$IDLE_PID"; wait "$IDLE_PID" || :; }

# tells FILE REGEX [SUBJECT]: mail comes, and a line of the file says so.
tells() {
	small "${3:-mail}" | deliver INBOX
	await "$1" "$2"
}

@test "the examples of the manual page" {
	small | deliver INBOX
	runs 2
	tells ran '^imap://alice@localhost/INBOX;UIDVALIDITY=[0-9]+/;UID=[0-9]+$'
	stop
	runs 3
	tells ran '^new'
	ends 0
	grep '^new' ran
	runs 4
	tells seen '^new\|--quiet\|$'
	stop
	rm seen
	runs 5
	tells seen '^Carol C <carol@example.net>\|the "subject"; `id`\|$' 'the "subject"; `id`'
	stop
	[ -z "$(example 6)" ]
	# that lm-sync does what it is told is for its own tests
	printf '#!/bin/sh\nexec cat >synced\n' >bin/lm-sync
	chmod +x bin/lm-sync
	runs 1
	tells synced "^new.*$(url INBOX)/;UID=[0-9]+\$"
	stop
}

#!/usr/bin/env bats
# lm-sync where replies are lost, wrong or refused (tests/lab/edit.py stands between), and where both sides change at once.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot
	for n in $(seq 30); do
		printf 'u%s:%s\n' "$n" "$(sed -n 's/^LAB_PASS=//p' "$LABS/lab/env" | tr -d "'\"")"
	done >>"$LABS/lab/run/users"
}
teardown_file() { lab_down; }

# Each test is a user of its own.
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	ME=u$BATS_TEST_NUMBER M=$BATS_TEST_TMPDIR/Mail
	config
}

# config LINE...: the account "me".
config() {
	printf 'account me\n imap imaps://%s@localhost:%s\n tls-ca %s\n password %s\n maildir %s\n fsync no\n' \
		"$ME" "$LAB_IMAPS_PORT" "$LAB_CA" "$LAB_PASS" "$M" >conf
	[ $# -eq 0 ] || printf ' %s\n' "$@" >>conf
	chmod 600 conf
}

# edited RULES: what the server says is edited. More lines of the account may follow.
edited() { config "tunnel $BATS_TEST_DIRNAME/lab/edit.py $LAB_IMAP_PORT $1" 'compress no' 'timeout 10' "${@:2}"; }

# sync OPTION...: the account, with what it says on both outputs.
sync() { run --separate-stderr lm-sync -c conf "$@"; }
do_imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/lab" "$ME" "$@"; }
put() { "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" "$ME" "$@"; }
fill() { "$BATS_TEST_DIRNAME/lab/fill" "$LABS/lab" "$ME" "$@"; }

is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
same() { "$BATS_TEST_DIRNAME/lab/mailtree.py" compare "$M" "$LABS/lab" "$ME"; }
# settled: one more run says nothing, and both sides are the same after it.
settled() {
	sync me
	is 0
	[ -z "$output$stderr" ] || { printf '%s\n%s\n' "$output" "$stderr"; return 1; }
	same
}
count() { find "$M/$1/cur" "$M/$1/new" -type f | wc -l; }
there() { do_imap "STATUS \"$1\" (MESSAGES)" | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p'; }
# hold BOX N: both sides have so many.
hold() {
	local here there
	here=$(count "$1") there=$(there "$1")
	[ "$here,$there" = "$2,$2" ] || { printf '%s: %s here, %s there, not %s\n%s\n%s\n' "$1" "$here" "$there" "$2" "$output" "$stderr"; return 1; }
}
message() { printf 'From: a@example.org\nSubject: %s\nMessage-ID: <%s@localhost>\n\n%s\n' "$1" "$1" "${2:-Body of $1.}"; }
local_mail() { message "$2" "$3" >"$M/$1/cur/1700000000.$2.host:2,S"; }
remote_mail() { message "$2" | crlf | put "$1" "${@:3}"; }
a_file() { grep -rl "Message-ID: <$2@localhost>" "$M/$1/cur" "$M/$1/new" | head -n 1; }

@test "without APPENDUID a file over max-size is sent once" {
	edited "'s:\\[APPENDUID [^]]*\\] :'" 'max-size 1k'
	sync me
	is 0
	local_mail INBOX big "$(head -c 3000 /dev/zero | tr '\0' x | fold -w 70)"
	for _ in 1 2 3; do
		sync me
		is 0
	done
	hold INBOX 1
}

@test "without APPENDUID a file older than the window is sent once" {
	edited "'s:\\[APPENDUID [^]]*\\] :'" 'window 30d'
	sync me
	is 0
	local_mail INBOX old
	touch -d 2020-01-01 "$M"/INBOX/cur/*
	for _ in 1 2 3; do
		sync me
		is 0
	done
	hold INBOX 1
}

@test "the reply to an APPEND is lost, and the file is over max-size and older than the window" {
	config 'max-size 1k' 'window 30d'
	sync me
	local_mail INBOX big "$(head -c 3000 /dev/zero | tr '\0' x | fold -w 70)"
	touch -d 2020-01-01 "$M"/INBOX/cur/*
	edited "'cut:APPENDUID'" 'max-size 1k' 'window 30d'
	sync me
	[ "$status" -ne 0 ]
	config 'max-size 1k' 'window 30d'
	sync me
	is 0
	hold INBOX 1
}

@test "a message whose digest is not known is moved, and the server does not say where to" {
	do_imap 'CREATE Archive'
	remote_mail INBOX one
	sync me
	rm "$M"/.lm-state*
	sync me
	is 0
	mv "$(a_file INBOX one)" "$M/Archive/cur/"
	edited "'s:\\[COPYUID [^]]*\\] :'"
	sync me
	is 0
	sync me
	is 0
	hold Archive 1
	hold INBOX 0
	config
	sync me
	settled
}

@test "a mailbox fails after its messages were moved" {
	do_imap 'CREATE Archive'
	remote_mail INBOX one '\Flagged'
	sync me
	mv "$(a_file INBOX one)" "$M/Archive/cur/"
	f=$(a_file Archive one)
	mv "$f" "${f%:2,*}:2,FS"
	remote_mail INBOX two
	edited "'once:OK Fetch completed.*:NO not now'"
	sync me
	[ "$status" -ne 0 ]
	config
	sync me
	is 0
	hold Archive 1
	hold INBOX 1
	settled
}

@test "a mailbox is removed on both sides" {
	do_imap 'CREATE Gone'
	fill Gone 30 500
	fill INBOX 5 500
	sync me
	hold Gone 30
	do_imap 'DELETE Gone'
	rm -r "$M/Gone"
	sync me
	is 0
	settled
}

@test "a mailbox that a pattern names is removed on the server" {
	do_imap 'CREATE Gone'
	fill Gone 3 500
	sync me
	do_imap 'DELETE Gone'
	sync me/Gone
	is 0
	[ ! -e "$M/Gone" ]
	settled
}

@test "a folder is removed by force while a message came that nobody has seen" {
	do_imap 'CREATE Box'
	remote_mail Box one
	sync me
	rm -r "$M/Box"
	do_imap 'SELECT Box' 'STORE 1 +FLAGS (\Deleted)' 'EXPUNGE'
	remote_mail Box two
	sync --force me
	is 0
	hold Box 1
	a_file Box two
	settled
}

@test "APPENDUID names a message that is known by another file" {
	remote_mail INBOX one
	sync me
	local_mail INBOX two
	edited "'s:APPENDUID ([0-9]+) [0-9]+:APPENDUID \\1 1'"
	sync me
	config
	sync me
	hold INBOX 2
	settled
	rm "$(a_file INBOX two)"
	sync me
	is 0
	hold INBOX 1
	a_file INBOX one
}

@test "COPYUID names a message that is known by another file" {
	do_imap 'CREATE Archive'
	remote_mail Archive old
	remote_mail INBOX one
	sync me
	mv "$(a_file INBOX one)" "$M/Archive/cur/"
	edited "'s:COPYUID ([0-9]+) ([0-9]+) [0-9]+:COPYUID \\1 \\2 1'"
	sync me
	config
	sync me
	hold Archive 2
	hold INBOX 0
	settled
}

@test "a move that is refused is not passed over in silence" {
	do_imap 'CREATE Archive'
	remote_mail INBOX one
	sync me
	mv "$(a_file INBOX one)" "$M/Archive/cur/"
	edited "'s:OK \\[?[A-Z]* ?.*Move completed.*:NO not now'"
	sync me
	[ "$status" -ne 0 ]
	config
	sync me
	settled
	hold Archive 1
	hold INBOX 0
}

@test "without MOVE, what could not be copied is not removed" {
	do_imap 'CREATE Archive'
	remote_mail INBOX one
	sync me
	mv "$(a_file INBOX one)" "$M/Archive/cur/"
	edited "'s: MOVE\\b::' 's:OK .*Copy completed.*:NO not now' 's:OK .*Append completed.*:NO not now'"
	sync me
	[ "$status" -ne 0 ]
	[ "$(there INBOX)" -eq 1 ]
	config
	sync me
	hold INBOX 0
	[ "$(count Archive)" -ge 1 ]
}

@test "a STORE that is refused does not keep new files from being sent" {
	remote_mail INBOX one
	sync me
	edited "'s:OK Store completed.*:NO [NOPERM] not yours'"
	mv "$(a_file INBOX one)" "$M/INBOX/cur/$(basename "$(a_file INBOX one)"):2,F"
	local_mail INBOX two
	sync me
	is 69
	[[ $stderr = *'UID STORE: NO'* ]]
	hold INBOX 2
	# what was refused is looked at again (here only the reply was wrong)
	config
	sync me
	is 0
	settled
	do_imap 'SELECT INBOX' 'FETCH 1 FLAGS' | grep -q Flagged
}

@test "the state is lost, and a message over max-size is known for the part that it is" {
	message big "$(head -c 9000 /dev/zero | tr '\0' x | fold -w 70)" | crlf >mail
	put INBOX <mail
	config 'max-size 1k'
	sync me
	is 0
	[ "$(wc -c <"$(a_file INBOX big)")" -lt 2000 ]
	rm "$M/.lm-state"
	sync me
	is 0
	[ -z "$output" ]
	sync --whole "$(do_imap 'SELECT INBOX' | sed -n 's/.*UIDVALIDITY \([0-9]*\).*/me\/INBOX;UIDVALIDITY=\1\/;UID=1/p')"
	is 0
	tr -d '\r' <mail | cmp - "$(a_file INBOX big)"
}

# ---- local moves, and a mailbox that is another one meanwhile

# remade BOX NAME...: the mailbox is deleted and made again, with these messages. Dovecot's UIDVALIDITY is the second of the clock, or more.
remade() {
	local before name
	before=$(uidvalidity "$1")
	until do_imap "DELETE $1" "CREATE $1" >/dev/null && [ "$(uidvalidity "$1")" != "$before" ]; do :; done
	for name in "${@:2}"; do remote_mail "$1" "$name"; done
}
uidvalidity() { do_imap "STATUS \"$1\" (UIDVALIDITY)" | sed -n 's/.*UIDVALIDITY \([0-9]*\).*/\1/p'; }
# on_server BOX: the subjects there, in one line.
on_server() { do_imap "EXAMINE \"$1\"" 'FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]' | tr -d '\r' | sed -n 's/^Subject: //p' | sort | xargs; }
# moved_to_c: B with one, two, three, and C; "two" is moved to C here.
moved_to_c() {
	do_imap 'CREATE B' 'CREATE C' >/dev/null
	for name in one two three; do remote_mail B "$name"; done
	sync -q me
	is 0
	mv "$(a_file B two)" "$M/C/cur/"
}
# apart: B has the new messages, C the one that was moved, and nothing is lost.
apart() {
	[ "$(on_server B)" = 'five four six' ]
	[ "$(on_server C)" = two ]
	[ "$(count lost+found)" -eq 2 ]
}

@test "no message of a mailbox with a new UIDVALIDITY is moved for one that had its UID" {
	moved_to_c
	remade B four five six
	sync me
	is 0
	[[ $stderr = *'UIDVALIDITY changed'* ]]
	apart
	sync me # lost+found goes to the server
	is 0
	apart
	settled
}

@test "nor in a run over the other mailbox only" {
	moved_to_c
	remade B four five six
	sync me/C
	is 0
	[ "$(on_server B)" = 'five four six' ]
	[ "$(on_server C)" = two ]
	sync me
	is 0
	apart
	sync me
	is 0
	settled
	apart
}

@test "a move to a mailbox with a new UIDVALIDITY" {
	moved_to_c
	remade C four five six
	sync me
	is 0
	[[ $stderr = *'C: UIDVALIDITY changed'* ]]
	for _ in 1 2; do
		[ "$(on_server B)" = 'one three' ]
		[ "$(on_server C)" = 'five four six two' ]
		sync me
		is 0
	done
	settled
	hold B 2
	hold C 4
}

@test "a move to a folder that is new, in a run over the old one only" {
	for name in one two three; do remote_mail INBOX "$name"; done
	sync -q me
	is 0
	mkdir -p "$M"/{Neu,Da,Leer}/{cur,new,tmp}
	do_imap 'CREATE Da' >/dev/null # on the server already, though this run does not see it
	mv "$(a_file INBOX one)" "$M/Neu/cur/"
	mv "$(a_file INBOX two)" "$M/Da/cur/"
	sync me/INBOX
	is 0
	[ -z "$stderr" ]
	[ "$(on_server INBOX),$(on_server Neu),$(on_server Da)" = three,one,two ]
	[ -z "$(there Leer)" ]
	# a folder that is gone before it was a mailbox does not become one
	rm -r "$M/Leer"
	sync me
	is 0
	[ -z "$(there Leer)" ]
	settled
}

@test "a run over some mailboxes does nothing but the moves in the others" {
	do_imap 'CREATE B' 'CREATE C' 'CREATE D' >/dev/null
	for name in one two three; do remote_mail B "$name"; done
	sync -q me
	is 0
	mv "$(a_file B two)" "$M/C/cur/"
	mv "$(a_file B three)" "$M/D/cur/"
	rm "$(a_file B one)"
	remote_mail B four
	sync me/C
	is 0
	[ "$(on_server B)" = 'four one three' ]
	[ "$(on_server C),$(on_server D)" = two, ]
	[ "$(count B)" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
	# and nothing between two others, though there is something to be moved
	local_mail INBOX new
	sync me/INBOX
	is 0
	[ "$(on_server B),$(on_server D)" = 'four one three,' ]
	sync me
	is 0
	[ "$(on_server B),$(on_server C),$(on_server D)" = 'four,two,three' ]
	settled
}

@test "what was moved out of a mailbox that is gone on the server is sent, in a run over the other one, too" {
	moved_to_c
	do_imap 'DELETE B' >/dev/null
	sync me/C
	is 0
	[ "$(on_server C)" = two ]
	sync me/C
	is 0
	[ -z "$output$stderr" ]
	sync me --force
	is 0
	settled
	[ "$(on_server C)" = two ]
}

@test "the mailbox that a message was moved to is gone on the server: the message is not lost" {
	moved_to_c
	do_imap 'DELETE C' >/dev/null
	for _ in 1 2 3; do
		sync me
		is 0
		[ -z "$stderr" ]
		[ "$(on_server B; on_server C)" = 'one three two' ] || [ "$(on_server B),$(on_server C)" = 'one three,two' ]
	done
	settled
	[ "$(on_server B),$(on_server C)" = 'one three,two' ]
}

@test "lines that come without a pause do not put off their run" {
	remote_mail INBOX one
	mkfifo pipe
	lm-sync -c conf - <pipe >out 2>err 3>&- &
	local reader=$! seen=
	exec 9>pipe
	for _ in $(seq 1000); do # every few milliseconds
		! compgen -G "$M/INBOX/[cn]*/*" >/dev/null || { seen=yes; break; }
		echo me/INBOX >&9
		sleep 0.003
	done
	exec 9>&-
	wait "$reader"
	[ ! -s err ]
	[ "$seen" ]
	[ "$(grep -c '^new' out)" -eq 1 ]
}

#!/usr/bin/env bats
# lm-mv: against Dovecot with MOVE, with UIDPLUS alone and with neither; from one account to another; and against servers that do as they like.
load common
load messages

bats_require_minimum_version 1.5.0

setup_file() { labs_up; }
teardown_file() { labs_down; }
setup() { messages_setup && to=$(mailbox to); }
teardown() { fake_teardown; }

mv_() { lm-mv -c "$LAB_CONFIG" "$@"; }

# moves: messages 1 and 3 of four, and one that is not there.
moves() {
	fill "$box" 4 500
	fill "$to" 2 500
	root=$(root "$box") new=$(root "$to")
	run --separate-stderr mv_ "$@" "alice/$to" "${root}3" "${root}1" "${root}9"
}

@test "moved: where they are now is told, and where they were" {
	moves
	is 65
	rows 4
	faults 1
	says "${root}9: no such message"
	prints $'new\t'"${new}3"$'\t'"${root}1"
	prints $'gone\t'"${root}1"
	prints $'new\t'"${new}4"$'\t'"${root}3"
	prints $'gone\t'"${root}3"
	[ "$(uids "$box")" = '2 4' ]
	[ "$(subjects "$to")" = 'Message 1,Message 2,Message 1,Message 3,' ]
}

@test "-k, --copy: the originals stay" {
	moves -k
	is 65
	rows 2
	faults 1
	prints $'new\t'"${new}3"$'\t'"${root}1"
	[ "$(uids "$box")" = '1 2 3 4' ]
	[ "$(uids "$to")" = '1 2 3 4' ]
	# a copy into the same mailbox is one
	run --separate-stderr mv_ --copy --json "alice/$box" "${root}1"
	is 0
	[ "$output" = '{"event":"new","url":"'"${root}5"'","old":"'"${root}1"'"}' ]
	refuses 65 'in that mailbox already' mv_ "alice/$box" "${root}1"
}

@test "-c with a mailbox copies, with a file it is the configuration" {
	moves -k
	run --separate-stderr mv_ -c "alice/$to" "${root}2"
	is 0
	prints $'new\t'"${new}5"$'\t'"${root}2"
	[ "$(uids "$box")" = '1 2 3 4' ]
	refuses 66 'No such file' mv_ -c ./missing "alice/$to" "${root}2"
	refuses 66 'No such file' mv_ -c missing "alice/$to" "${root}2"
	: >missing
	refuses 78 'alice' mv_ -c missing "alice/$to" "${root}2"
}

@test "without MOVE: copied, then removed, and nobody else's with them" {
	use nomove
	fill "$box" 4 500
	imap "SELECT \"$box\"" 'UID STORE 2 +FLAGS (\Deleted)' >/dev/null
	fill "$to" 1 500
	root=$(root "$box") new=$(root "$to")
	run --separate-stderr mv_ -v "alice/$to" "${root}1" "${root}3" "${root}9"
	is 65
	rows 4
	says 'no MOVE'
	says "${root}9: no such message"
	prints $'new\t'"${new}2"$'\t'"${root}1"
	prints $'gone\t'"${root}3"
	[ "$(uids "$box")" = '2 4' ]
	[ "$(subjects "$to")" = 'Message 1,Message 1,Message 3,' ]
	[[ $(flags "$to" 2) != *Deleted* ]]
}

@test "without UIDPLUS: marked as deleted, never expunged, and that is said" {
	use plain
	moves
	is 69
	rows 2
	faults 3
	prints $'new\t'"${new}3"$'\t'"${root}1" # which it does not promise to tell
	says "${root}1: the server has no UIDPLUS: it is only marked as deleted here"
	says "${root}9: no such message"
	[ "$(uids "$box")" = '1 2 3 4' ]
	[ "$(flags "$box" 1)" = '\Deleted' ]
	[[ $(flags "$box" 2) != *Deleted* ]]
	[ "$(uids "$to")" = '1 2 3 4' ]
	run --separate-stderr mv_ -k "alice/$to" "${root}2"
	is 0
	[ "$output" = $'new\t'"${new}5"$'\t'"${root}2" ]
}

@test "a mailbox that is missing: said, or made with --create" {
	for lab in lab nomove; do
		use "$lab"
		fill "$box" 3 500
		root=$(root "$box")
		run --separate-stderr mv_ "alice/$to-$lab" "${root}1" "${root}2"
		is 69
		faults 2
		rows 0
		says "${root}2: there is no mailbox $to-$lab: give --create"
		run --separate-stderr mv_ --create "alice/$to-$lab" "${root}1" "${root}2"
		is 0
		rows 4
		[ "$(uids "$box")" = 3 ]
		[ "$(uids "$to-$lab")" = '1 2' ]
	done
}

@test "names of mailboxes: umlauts, blanks, INBOX in any case" {
	fill "Entwürfe & $BATS_TEST_NUMBER" 2 500
	run --separate-stderr mv_ --create "alice/Über $BATS_TEST_NUMBER/a b" "alice/Entwürfe %26 $BATS_TEST_NUMBER/;UID=1"
	is 0
	rows 2
	[[ $output = *"/%C3%9Cber%20$BATS_TEST_NUMBER/a%20b;UIDVALIDITY="* ]] || { echo "$output"; false; }
	run --separate-stderr mv_ alice/inbox "alice/Entwürfe %26 $BATS_TEST_NUMBER/;UID=2"
	is 0
	url=$(sed -n 's/^new\t\([^\t]*\).*/\1/p' <<<"$output")
	[[ $url = */INBOX\;* ]]
	refuses 65 'already' mv_ alice/InBox "$url"
}

@test "two accounts of one store: the messages stay on the server" {
	fill "$box" 2 500
	root=$(root "$box")
	run --separate-stderr mv_ --create -vv "alice-ua/$to" "${root}1"
	is 0
	says 'UID MOVE'
	[[ $stderr != *" APPEND "* ]]
	[[ ${lines[0]} = $'new\timap://alice@'"$LAB_URL_AUTHORITY/$to;UIDVALIDITY="*$'/;UID=1\t'"${root}1" ]] || { echo "$output"; false; }
}

@test "closed input and output" {
	fill "$box" 2 500
	root=$(root "$box")
	run bash -c "lm-mv -c '$LAB_CONFIG' 'alice/$to' - <&- 2>err"
	[ "$status" -eq 74 ]
	run bash -c "echo '${root}1' | lm-mv -c '$LAB_CONFIG' -k 'alice/$box' - >&- 2>err"
	[ "$status" -eq 74 ]
	run bash -c "echo '${root}1' | lm-mv -c '$LAB_CONFIG' -k 'alice/$box' - >/dev/full 2>err"
	[ "$status" -eq 74 ]
	# an empty list is no error
	run --separate-stderr mv_ "alice/$to" </dev/null
	is 0
	rows 0
}

@test "the output is a list for the next program" {
	fill "$box" 3 500
	root=$(root "$box")
	mv_ --create "alice/$to" "${root}1" "${root}2" | lm-flag -c "$LAB_CONFIG" +todo - >out
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(flags "$to" 1)" = todo ]
}

@test "the wrong command line moves nothing" {
	fill "$box" 2 500
	root=$(root "$box")
	refuses 64 'which mailbox' mv_
	refuses 64 'which mailbox' mv_ alice "${root}1"
	refuses 64 'a mailbox is wanted' mv_ "${root}1" "${root}2"
	refuses 78 'nobody' mv_ nobody/x "${root}1"
	refuses 66 'lm-mv: /no-such-file: No such file' lm-mv -c /no-such-file alice/x "${root}1"
	refuses 65 'imap://alice@other/x: a URL of another server' mv_ imap://alice@other/x "${root}1"
	refuses 64 'no option' mv_ --nonsense "alice/$to" "${root}1"
	refuses 64 'twice' mv_ "alice/$to" - -
	refuses 65 'a whole message is wanted' mv_ "alice/$box" "${root}1/;SECTION=1"
	refuses 65 'stale' mv_ "alice/$to" "alice/$box;UIDVALIDITY=1/;UID=1"
	refuses 65 "$box: stale URL" mv_ "alice/$box;UIDVALIDITY=1" "alice/INBOX/;UID=1"
	[ "$(uids "$box")" = '1 2' ]
	run mv_ --help
	[ "$status" -eq 0 ]
	[[ $output = usage:* ]]
}

@test "mixed accounts and mailboxes, stale and bad URLs: each named, the rest is done" {
	fill "$box" 3 500
	fill "$box-2" 3 500
	fill "$to" 1 500
	root=$(root "$box") two=$(root "$box-2")
	user=bob fill "$box" 2 500
	bob=$(user=bob root "$box")
	printf '%s\n' "${root}1" "${two}1" "${bob}2" "alice/$box;UIDVALIDITY=1/;UID=2" nonsense "alice/none-$box/;UID=1" "${root}3" >list
	run --separate-stderr mv_ "alice/$to" - <list
	is 78 # the first: there is no account "nonsense"
	rows 8
	faults 3
	says 'stale URL'
	says 'line 5: nonsense'
	says "none-$box"
	prints $'gone\t'"${bob}2"
	[ "$(uids "$box")" = 2 ]
	[ "$(user=bob uids "$box")" = 1 ]
	[ "$(subjects "$to")" = 'Message 1,Message 1,Message 3,Message 1,Message 2,' ]
}

@test "over quota: named, nothing is lost, and what fits goes" {
	use nomove
	"$BATS_TEST_DIRNAME/lab/bigmail" 4 >big # 5.5 MB as it travels
	deliver "$box" <big
	fill "$box-x" 1 500
	fill "$to" 1 500
	deliver "$to" <big
	root=$(root "$box") small=$(root "$box-x")
	run --separate-stderr mv_ "alice/$to" "${root}1" "${small}1"
	is 69
	faults 1
	says "${root}1: UID COPY: NO [OVERQUOTA]"
	prints "gone	${small}1"
	[ "$(uids "$box")" = 1 ]
	[[ $(flags "$box" 1) != *Deleted* ]]
	# to somebody else, whose quota is up; the small one is behind the large one
	user=bob deliver "$to" <big
	user=bob deliver "$to" <big
	a_message small | deliver "$box"
	imap "SELECT \"$to\"" 'UID STORE 2 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	run --separate-stderr mv_ "bob/$to" "${root}1" "${root}2"
	is 69
	faults 1
	says "${root}1: APPEND: NO [OVERQUOTA]"
	prints "gone	${root}2"
	[ "$(uids "$box")" = 1 ]
}

# ---- from one account to another

@test "to another account: octets, flags and date arrive, the originals go" {
	printf 'From: a@localhost\nSubject: odd\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n\n.\n..\nFrom me\n\303\274\n' | crlf >odd
	deliver "$box" '\Flagged' '$Work' <odd
	fill "$box-x" 1 500
	{ printf 'Subject: large\n\n'; yes 'a long line of no great interest, again and again' | head -n 60000; } | crlf >large
	deliver "$box" <large
	root=$(root "$box")
	imap "EXAMINE \"$box\"" 'UID FETCH 1:2 (INTERNALDATE)' | grep -o 'INTERNALDATE.*"' >dates
	run --separate-stderr mv_ --create "bob/$to" "${root}1" "${root}7" "${root}2"
	is 65
	rows 4
	faults 1
	says "${root}7: no such message"
	bob=$(user=bob root "$to")
	prints $'new\t'"${bob}1"$'\t'"${root}1"
	prints $'gone\t'"${root}2"
	[ -z "$(uids "$box")" ]
	[ "$(user=bob flags "$to" 1)" = '$Work \Flagged' ]
	user=bob imap "EXAMINE \"$to\"" 'UID FETCH 1:2 (INTERNALDATE)' | grep -o 'INTERNALDATE.*"' | cmp - dates
	user=bob imap "EXAMINE \"$to\"" 'UID FETCH 1 (BODY.PEEK[])' >got
	/usr/bin/python3 -c 'import sys; assert open("odd", "rb").read() in open("got", "rb").read()'
	user=bob imap "EXAMINE \"$to\"" 'UID FETCH 2 (BODY.PEEK[])' >got
	/usr/bin/python3 -c 'import sys; assert open("large", "rb").read() in open("got", "rb").read()'
}

@test "to another account: -k keeps, a missing mailbox is said, a flight of many is one list" {
	fill "$box" 100 500
	root=$(root "$box")
	run --separate-stderr mv_ "bob/$to" "${root}1"
	is 69
	rows 0
	says "there is no mailbox $to: give --create"
	seq -f "${root}%.0f" 100 >list
	run --separate-stderr mv_ -k --create "bob/$to" - <list
	is 0
	rows 100
	[ "$(uids "$box" | wc -w)" -eq 100 ]
	[ "$(user=bob subjects "$to")" = "$(subjects "$box")" ]
	run --separate-stderr mv_ "bob/$to" - <list
	is 0
	rows 200
	[ -z "$(uids "$box")" ]
}

@test "to another account: memory does not grow with the message" {
	"$BATS_TEST_DIRNAME/lab/bigmail" 40 >big
	deliver "$box" <big
	rss 16384 lm-mv -c "$LAB_CONFIG" --create "bob/$to" "alice/$box/;UID=1" >out
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(user=bob imap "EXAMINE \"$to\"" 'UID FETCH 1 (RFC822.SIZE)' | sed -n 's/.*RFC822.SIZE \([0-9]*\).*/\1/p')" -eq "$(stat -c %s big)" ]
	[ -z "$(uids "$box")" ]
}

@test "to another account: without UIDPLUS there, and here" {
	# the target does not tell UIDs: fetched from the lab, sent to a fake
	fill "$box" 2 500
	root=$(root "$box")
	fake_start <<-'EOF'
		may-hangup
		imap-login -LITERAL+
		expect-cmd STATUS to \(UIDVALIDITY\)
		ok done
		expect-cmd APPEND to \(.*\) ".*" \{\d+\}.*
		ok done
		expect-cmd APPEND to \(.*\) ".*" \{\d+\}.*
		no [OVERQUOTA] full
		imap-logout
	EOF
	configure "$FAKE_PORT"
	cat "$LAB_CONFIG" config >both
	chmod 600 both
	run --separate-stderr lm-mv -c both a/to "${root}1" "${root}2"
	is 69
	rows 2
	faults 1
	prints $'new\t-\t'"${root}1"
	prints $'gone\t'"${root}1"
	says "${root}2: APPEND: NO [OVERQUOTA] full"
	[ "$(uids "$box")" = 2 ]
	fake_wait
}

@test "to another account: a line that is lost on the way leaves the original" {
	fill "$box" 40 500
	root=$(root "$box")
	fake_start <<-'EOF'
		may-hangup
		imap-login UIDPLUS
		expect-cmd STATUS to \(UIDVALIDITY\)
		ok done
		expect-cmd APPEND to .*
		ok [APPENDUID 8 1] done
		expect-cmd APPEND to .*
		cut
	EOF
	configure "$FAKE_PORT"
	cat "$LAB_CONFIG" config >both
	chmod 600 both
	seq -f "${root}%.0f" 40 >list
	run --separate-stderr lm-mv -c both a/to - <list
	is 75
	rows 2
	faults 39
	prints $'new\timap://alice@h/to;UIDVALIDITY=8/;UID=1\t'"${root}1"
	says "${root}2: may or may not be copied to to, too: "
	says "${root}40: "
	[ "$(uids "$box" | wc -w)" -eq 39 ]
}

@test "to another account: one that cannot be reached" {
	fill "$box" 2 500
	root=$(root "$box")
	configure 1
	cat "$LAB_CONFIG" config >both
	chmod 600 both
	run --separate-stderr lm-mv -c both a/to "${root}1" "${root}2"
	is 75
	rows 0
	faults 2
	[ "$(uids "$box")" = '1 2' ]
	# an account that does not let us in
	sed '/account bob$/,/account alice/s/pass.*/password wrong/' "$LAB_CONFIG" >wrong
	chmod 600 wrong
	run --separate-stderr lm-mv -c wrong bob/INBOX "${root}1" "${root}2"
	is 77
	faults 2
	[ "$(uids "$box")" = '1 2' ]
}

@test "to another account: APPENDUID of another kind" {
	fill "$box" 1 500
	root=$(root "$box")
	fake_start <<-'EOF'
		may-hangup
		imap-login UIDPLUS
		expect-cmd STATUS to \(UIDVALIDITY\)
		ok done
		expect-cmd APPEND to .*
		ok [APPENDUID 8 1:2] done
		imap-logout
	EOF
	configure "$FAKE_PORT"
	cat "$LAB_CONFIG" config >both
	chmod 600 both
	run --separate-stderr lm-mv -c both a/to "${root}1"
	is 76
	prints $'new\t-\t'"${root}1"
	says 'different sizes'
	[ "$(uids "$box")" = 1 ]
}

# ---- many

@test "100,000 lines: fifty flights, in bounded memory" {
	fill "$box" 100000 100
	root=$(root "$box")
	seq -f "${root}%.0f" 100000 >list
	rss 16384 lm-mv -c "$LAB_CONFIG" --create -vv "alice/$to" - <list >out 2>trace
	[ "$(wc -l <out)" -eq 200000 ]
	[ "$(commands trace 'UID MOVE')" -eq 50 ] # one of them before the mailbox was made
	[ "$(commands trace 'UID SEARCH')" -le 50 ]
	[ -z "$(uids "$box")" ]
	[ "$(cut -f 2 out | grep -c "/$to;")" -eq 100000 ]
}

# ---- servers that do as they like: messages 1 and 2 of `box` go to `to`

two() { run --separate-stderr lm-mv -c config "$@" a/to 'a/box/;UID=1' 'a/box/;UID=2'; }
LOOK='expect-cmd UID SEARCH UID 1:2' BOTH='send * SEARCH 1 2' DONE='ok done' MOVE='expect-cmd UID MOVE 1:2 to' COPY='expect-cmd UID COPY 1:2 to'
U='imap://alice@h/box;UIDVALIDITY=7/;UID='

@test "COPYUID in the untagged OK, in the tagged one, in both, backwards" {
	for how in 'send * OK [COPYUID 9 1:2 6:5] x|ok done' 'ok [COPYUID 9 2:1 5,6] x' 'send * OK [COPYUID 9 1:2 5:6] x|ok [COPYUID 9 1,2 5,6] x' \
		'send * OK [COPYUID 9 2 6] x|send * OK [COPYUID 9 1 5] x|ok done'; do
		IFS='|' read -ra answer <<<"$how"
		fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" "${answer[@]}"
		two
		is 0
		rows 4
		prints $'new\timap://alice@h/to;UIDVALIDITY=9/;UID=5\t'"${U}1"
		prints $'new\timap://alice@h/to;UIDVALIDITY=9/;UID=6\t'"${U}2"
		fake_wait
	done
}

@test "a COPYUID that lies: gone, but no URL is believed" {
	for lie in '1:2 5' '1 5:6' '1:3 5:7' '1,1 5,6' '1:2 5,5' '1:4294967294 1:4294967294'; do
		fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" "send * OK [COPYUID 9 $lie] x" "$DONE"
		two
		is 76
		rows 4
		faults 2
		prints $'new\t-\t'"${U}1"
		prints $'gone\t'"${U}2"
		says "${U}1: COPYUID that cannot be true"
		fake_wait
	done
}

@test "a COPYUID that lies about a copy: the originals stay" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5] x'
	two
	is 76
	rows 2
	faults 2
	prints $'new\t-\t'"${U}1"
	fake_wait
	fake_saw_no 'STORE|EXPUNGE'
}

@test "a MOVE that is refused halfway: those that went are told" {
	fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" 'send * OK [COPYUID 9 1 5] x' 'send * 1 EXPUNGE' 'no [SERVERBUG] no more' \
		"$LOOK" 'send * SEARCH 2' "$DONE"
	two
	is 75
	rows 2
	faults 1
	prints $'new\timap://alice@h/to;UIDVALIDITY=9/;UID=5\t'"${U}1"
	prints $'gone\t'"${U}1"
	says "${U}2: UID MOVE: NO [SERVERBUG]"
	fake_wait
	# and not one that was not there before, either
	fake UIDPLUS MOVE -- "$LOOK" 'send * SEARCH 2' "$DONE" "$MOVE" 'no [SERVERBUG] no more' "$LOOK" 'send * SEARCH 2' "$DONE"
	two
	is 75
	rows 0
	faults 2
	fake_wait
}

@test "a line lost after MOVE: what is known is said" {
	fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" cut
	two
	is 75
	rows 0
	faults 2
	says "${U}1: may or may not be moved to to: "
	fake_wait
	fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" 'send * OK [COPYUID 9 1 5] x' cut
	two
	is 75
	rows 1
	faults 2
	prints $'new\timap://alice@h/to;UIDVALIDITY=9/;UID=5\t'"${U}1"
	says "${U}1: may or may not be here still"
	says "${U}2: may or may not be moved"
}

@test "a COPY that is refused removes nothing; a line lost in COPY neither" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'no [OVERQUOTA] full'
	two
	is 69
	rows 0
	faults 2
	says 'OVERQUOTA'
	fake_wait
	fake_saw_no 'STORE|EXPUNGE'
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" cut
	two
	is 75
	rows 0
	faults 2
	says 'may or may not be moved'
}

@test "copied, but the original cannot be removed" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x' 'expect-cmd UID STORE 1:2 .*' 'no [NOPERM] not yours' \
		'expect-cmd UID EXPUNGE 1:2' "$DONE" "$LOOK" "$BOTH" "$DONE"
	two
	is 69
	rows 2
	faults 2
	prints $'new\timap://alice@h/to;UIDVALIDITY=9/;UID=5\t'"${U}1"
	says "${U}1: UID STORE: NO [NOPERM]"
	fake_wait
	# OK is said, and one is still there
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x' 'expect-cmd UID STORE 1:2 .*' "$DONE" \
		'expect-cmd UID EXPUNGE 1:2' 'send * 1 EXPUNGE' "$DONE" "$LOOK" 'send * SEARCH 2' "$DONE" \
		'expect-cmd UID EXPUNGE 2' "$DONE" 'expect-cmd UID SEARCH UID 2' 'send * SEARCH 2' "$DONE"
	two
	is 69
	rows 3
	faults 1
	prints $'gone\t'"${U}1"
	says "${U}2: still here"
	fake_wait
	# as many as should go at that time, but others' messages
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x' 'expect-cmd UID STORE 1:2 .*' "$DONE" \
		'expect-cmd UID EXPUNGE 1:2' 'send * 3 EXPUNGE' 'send * 3 EXPUNGE' "$DONE" "$LOOK" "$BOTH" "$DONE" 'expect-cmd UID EXPUNGE 1:2' "$DONE" "$LOOK" "$BOTH" "$DONE"
	two
	is 69
	rows 2
	faults 2
	says "${U}1: still here"
	fake_wait
	# all that is refused is the word of what is left
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x' 'expect-cmd UID STORE 1:2 .*' "$DONE" \
		'expect-cmd UID EXPUNGE 1:2' 'send * 1 EXPUNGE' 'send * 1 EXPUNGE' "$DONE" "$LOOK" 'no [NOPERM] not now'
	two
	is 69
	rows 2
	faults 2
	says "${U}1: may or may not be removed: UID SEARCH: NO [NOPERM]"
	fake_wait
	# the line is lost
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x' 'expect-cmd UID STORE 1:2 .*' 'expect-cmd UID EXPUNGE 1:2' cut
	two
	is 75
	rows 2
	faults 2
	says "${U}2: may or may not be removed"
}

@test "OK without a COPYUID for one of them" {
	fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" 'send * OK [COPYUID 9 1 5] x' "$DONE"
	two
	is 76
	rows 2
	says "${U}2: the server said OK, but not that it did this one"
}

@test "a server that does not answer SEARCH" {
	fake UIDPLUS MOVE -- "$LOOK" 'no x' "$MOVE" 'send * OK [COPYUID 9 1 5] x' "$DONE"
	two
	is 75
	rows 2
	says "${U}2: the server does not say whether it was there"
}

@test "a mailbox that is read-only: nothing is moved, but may be copied" {
	SELECTED='ok [READ-ONLY] x' fake UIDPLUS MOVE -- must-hangup
	two
	is 69
	faults 2
	says "box is read-only"
	SELECTED='ok [READ-ONLY] x' fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$COPY" 'ok [COPYUID 9 1:2 5:6] x'
	two -k
	is 0
	rows 2
	fake_wait
	fake_saw 'EXAMINE box'
}

@test "--create that is refused" {
	fake UIDPLUS MOVE -- "$LOOK" "$BOTH" "$DONE" "$MOVE" 'no [TRYCREATE] no' 'expect-cmd CREATE to' 'no [NOPERM] not here' \
		"$LOOK" "$BOTH" "$DONE"
	two --create
	is 69
	rows 0
	faults 2
	says "${U}1: to: CREATE: NO [NOPERM]"
	fake_wait
}

@test "the examples of the manual page" {
	examples lm-mv.1 2
	imap 'CREATE Archive' >/dev/null
	run --separate-stderr bash -c "${example[0]}"
	is 0
	rows 4
	run --separate-stderr bash -c "set -o pipefail; ${example[1]/larger 5M/subject 5}"
	is 0
	rows 1
	[ "$(user=bob flags Large 1)" = todo ]
}

#!/usr/bin/env bats
# lm-rm: the trash and for good, against Dovecot with and without UIDPLUS, and against servers that do as they like.
load common
load messages

bats_require_minimum_version 1.5.0

setup_file() { labs_up; }
teardown_file() { labs_down; }
setup() { messages_setup; }
teardown() { fake_teardown; }

rm_() { lm-rm -c "$LAB_CONFIG" "$@"; }
# another CONFIG-LINE: the lab's configuration with this line for `trash`.
another() {
	sed "s/^ *trash Trash/$1/" "$LAB_CONFIG" >config
	chmod 600 config
}

@test "to the trash: where they are now is told, and where they were" {
	fill "$box" 3 500
	root=$(root "$box")
	run --separate-stderr rm_ "${root}1" "${root}3" "${root}9"
	is 65
	rows 4
	faults 1
	says "${root}9: no such message"
	prints "gone	${root}1"
	trash=$(root Trash)
	[[ $output = *$'new\t'"${trash}"*$'\t'"${root}1"* ]]
	[ "$(uids "$box")" = 2 ]
	# from there only for good
	url=$(sed -n 's/^new\t\([^\t]*\).*/\1/p' <<<"$output" | head -n 1)
	refuses 65 'in the trash already: --expunge' rm_ "$url"
	run --separate-stderr rm_ --expunge "$url"
	is 0
	[ "$output" = "gone	$url" ]
	refuses 65 'no such message' rm_ --expunge "$url"
	run --separate-stderr rm_ --json "${root}2"
	is 0
	[[ ${lines[0]} = '{"event":"new","url":"'"$trash"*'","old":"'"${root}2"'"}' ]]
	[ "${lines[1]}" = '{"event":"gone","url":"'"${root}2"'"}' ]
}

@test "which mailbox is the trash: the keyword, the server's, or Trash; --create makes it" {
	fill "$box" 4 500
	root=$(root "$box")
	another "trash Bin-$BATS_TEST_NUMBER"
	run --separate-stderr lm-rm -c config "${root}1"
	is 69
	says "there is no mailbox Bin-$BATS_TEST_NUMBER: give --create"
	rows 0
	run --separate-stderr lm-rm -c config --create "${root}1"
	is 0
	rows 2
	[[ $output = *"/Bin-$BATS_TEST_NUMBER;"* ]]
	another ''
	run --separate-stderr lm-rm -c config "${root}2"
	is 0
	[[ $output = *"/Trash;"* ]]
	# a server that calls it otherwise
	fake_start <<-'EOF'
		may-hangup
		imap-login SPECIAL-USE LIST-EXTENDED UIDPLUS MOVE
		expect-cmd LIST \(SPECIAL-USE\) "" "?\*"?
		send * LIST (\Trash) "/" "Papierk&APY-rbe"
		ok done
		expect-cmd SELECT box
		send * OK [UIDVALIDITY 7] x
		ok [READ-WRITE] x
		expect-cmd UID SEARCH UID 1
		send * SEARCH 1
		ok done
		expect-cmd UID MOVE 1 Papierk&APY-rbe
		send * OK [COPYUID 9 1 5] x
		ok done
		expect-cmd SELECT Papierk&APY-rbe
		send * OK [UIDVALIDITY 9] x
		ok [READ-WRITE] x
		imap-logout
	EOF
	configure "$FAKE_PORT"
	run --separate-stderr lm-rm -c config 'a/box/;UID=1' 'a/Papierkörbe/;UID=5'
	is 65
	rows 2
	faults 1
	prints $'new\timap://alice@h/Papierk%C3%B6rbe;UIDVALIDITY=9/;UID=5\timap://alice@h/box;UIDVALIDITY=7/;UID=1'
	says 'in the trash already'
}

@test "--expunge: these for good, and nobody else's" {
	for lab in lab nomove; do
		use "$lab"
		fill "$box" 5 500
		imap "SELECT \"$box\"" 'UID STORE 2 +FLAGS (\Deleted)' >/dev/null
		root=$(root "$box")
		run --separate-stderr rm_ --expunge "${root}1" "${root}3" "${root}7" "${root}5"
		is 65
		rows 3
		faults 1
		says "${root}7: no such message"
		prints "gone	${root}5"
		[ "$(uids "$box")" = '2 4' ]
		[ "$(flags "$box" 2)" = '\Deleted \Seen' ]
	done
}

@test "without UIDPLUS --expunge does nothing, and says so; the trash is told" {
	use plain
	fill "$box" 3 500
	root=$(root "$box")
	run --separate-stderr rm_ --expunge "${root}1" "${root}2"
	is 69
	rows 0
	faults 2
	says "${root}1: the server has no UIDPLUS"
	[ "$(uids "$box")" = '1 2 3' ]
	[[ $(flags "$box" 1) != *Deleted* ]]
	run --separate-stderr rm_ "${root}1"
	is 69
	rows 1
	says 'only marked as deleted here'
	[ "$(uids "$box")" = '1 2 3' ]
	[ "$(flags "$box" 1)" = '\Deleted' ]
}

@test "each account has its own trash; stale and bad URLs are named, the rest is done" {
	fill "$box" 3 500
	root=$(root "$box")
	user=bob fill "$box" 3 500
	bob=$(user=bob root "$box")
	printf '%s\n' "${root}1" "${bob}1" "alice/$box;UIDVALIDITY=1/;UID=2" "alice/none-$box/;UID=1" "${bob}2/;SECTION=1" "${bob}3" | shuf >list
	run --separate-stderr rm_ - <list
	is 65
	rows 6
	faults 3
	says 'stale URL'
	says "none-$box"
	says 'a whole message is wanted'
	[[ $output = *imap://bob@localhost/Trash* && $output = *imap://alice@localhost/Trash* ]]
	[ "$(uids "$box")" = '2 3' ]
	[ "$(user=bob uids "$box")" = 2 ]
}

@test "the wrong command line removes nothing" {
	fill "$box" 1 500
	root=$(root "$box")
	refuses 64 'no --create' rm_ --expunge --create "${root}1"
	refuses 64 'no option' rm_ -f "${root}1"
	refuses 64 'twice' rm_ - -
	[ "$(uids "$box")" = 1 ]
	run rm_ --help
	[ "$status" -eq 0 ]
	[[ $output = usage:* ]]
}

@test "the highest UID is not the last message" {
	fill "$box" 2 500
	root=$(root "$box")
	refuses 65 'no such message' rm_ --expunge "${root}4294967295"
	refuses 65 'no such message' rm_ --expunge "${root}4294967294"
	[ "$(uids "$box")" = '1 2' ]
}

@test "100,000 lines for good: fifty flights, in bounded memory" {
	fill "$box" 100000 100
	root=$(root "$box")
	seq -f "${root}%.0f" 100000 >list
	rss 16384 lm-rm -c "$LAB_CONFIG" --expunge -vv - <list >out 2>trace
	[ "$(wc -l <out)" -eq 100000 ]
	[ "$(commands trace 'UID STORE')" -eq 49 ]
	n=$(commands trace 'UID EXPUNGE')
	[ "$n" -ge 49 ] && [ "$n" -le 98 ]
	[ "$(commands trace 'UID SEARCH')" -eq $((49 + n)) ] # before, and behind each EXPUNGE
	[ -z "$(uids "$box")" ]
}

# ---- servers that do as they like

two() { run --separate-stderr lm-rm -c config "$@" 'a/box/;UID=1' 'a/box/;UID=2'; }
LOOK='expect-cmd UID SEARCH UID 1:2' BOTH='send * SEARCH 1 2' NONE='send * SEARCH' DONE='ok done' STORE='expect-cmd UID STORE 1:2 .FLAGS.SILENT \(\\Deleted\)' EXPUNGE='expect-cmd UID EXPUNGE 1:2'
U='imap://alice@h/box;UIDVALIDITY=7/;UID='

@test "a mailbox that is read-only" {
	SELECTED='ok [READ-ONLY] x' fake UIDPLUS -- must-hangup
	two --expunge
	is 69
	rows 0
	faults 2
	says "UID=1: box is read-only"
	fake_wait
}

@test "a STORE that is refused: what is still there is looked for" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" 'no [NOPERM] not yours' "$EXPUNGE" 'send * 2 EXPUNGE' "$DONE" "$LOOK" 'send * SEARCH 1' "$DONE"
	two --expunge
	is 69
	rows 1
	faults 1
	prints "gone	${U}2"
	says "${U}1: UID STORE: NO [NOPERM]"
	fake_wait
}

@test "an EXPUNGE that says OK and does nothing" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" "$DONE" "$LOOK" "$BOTH" "$DONE" "$EXPUNGE" "$DONE" "$LOOK" "$BOTH" "$DONE"
	two --expunge
	is 69
	rows 0
	faults 2
	says "${U}1: still here"
	fake_wait
	# or does it when asked once more (Dovecot, at times)
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" 'send * 1 EXPUNGE' "$DONE" "$LOOK" 'send * SEARCH 2' "$DONE" \
		'expect-cmd UID EXPUNGE 2' 'send * 1 EXPUNGE' "$DONE" 'expect-cmd UID SEARCH UID 2' "$NONE" "$DONE"
	two --expunge
	is 0
	rows 2
	fake_wait
}

@test "what others expunge at that time does not count: what is still found is not gone" {
	for others in 'send * 9 EXPUNGE|send * 8 EXPUNGE' 'send * VANISHED 1:2' 'send * VANISHED 8:9'; do
		IFS='|' read -ra others <<<"$others"
		fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" "${others[@]}" "$DONE" "$LOOK" "$BOTH" "$DONE" "$EXPUNGE" "$DONE" "$LOOK" "$BOTH" "$DONE"
		two --expunge
		is 69
		rows 0
		faults 2
		says "${U}2: still here: the server said OK and did not remove it"
		fake_wait
	done
	# nor is one missed that goes without a word; with ESEARCH likewise
	LOOK='expect-cmd UID SEARCH RETURN \(ALL\) UID 1:2'
	fake UIDPLUS ESEARCH -- "$LOOK" 'send * ESEARCH (TAG "${tag}") UID ALL 1:2' "$DONE" "$STORE" "$DONE" "$EXPUNGE" "$DONE" "$LOOK" \
		'send * ESEARCH (TAG "${tag}") UID ALL 2' "$DONE" 'expect-cmd UID EXPUNGE 2' 'send * 3 EXPUNGE' "$DONE" \
		'expect-cmd UID SEARCH RETURN \(ALL\) UID 2' 'send * ESEARCH (TAG "${tag}") UID ALL 2' "$DONE"
	two --expunge
	is 69
	rows 1
	faults 1
	prints "gone	${U}1"
	says "${U}2: still here"
	fake_wait
}

@test "an EXPUNGE whose search is refused or lost: nothing is said to be gone" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" 'send * 1 EXPUNGE' 'send * 1 EXPUNGE' "$DONE" "$LOOK" 'no [NOPERM] not now'
	two --expunge
	is 69
	rows 0
	faults 2
	says "${U}1: may or may not be removed: UID SEARCH: NO [NOPERM]"
	fake_wait
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" 'send * 1 EXPUNGE' 'send * 1 EXPUNGE' "$DONE" "$LOOK" cut
	two --expunge
	is 75
	rows 0
	faults 2
	says "${U}2: may or may not be removed: "
	# of the first flight is known what that one has found
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" "$DONE" "$LOOK" 'send * SEARCH 2' "$DONE" 'expect-cmd UID EXPUNGE 2' cut
	two --expunge
	is 75
	rows 1
	faults 1
	prints "gone	${U}1"
	says "${U}2: may or may not be removed: "
}

@test "a line that is lost: what is not known is said" {
	fake UIDPLUS -- "$LOOK" "$BOTH" "$DONE" "$STORE" "$DONE" "$EXPUNGE" cut
	two --expunge
	is 75
	rows 0
	faults 2
	says "${U}1: may or may not be removed"
	fake UIDPLUS -- "$LOOK" "$STORE" "$EXPUNGE" cut
	two --expunge
	is 75
	rows 0
	faults 2
	[[ $stderr != *'no such message'* ]]
}

@test "a server that does not answer SEARCH is believed nothing" {
	fake UIDPLUS -- "$LOOK" 'bad x' "$STORE" "$DONE" "$EXPUNGE" 'send * 1 EXPUNGE' 'send * 1 EXPUNGE' "$DONE"
	two --expunge
	is 69
	rows 0
	faults 2
	says "${U}1: may or may not be removed: UID SEARCH: BAD"
	[[ $stderr != *'no such message'* ]]
	fake_wait
}

@test "LIST that is refused: nothing is removed" {
	fake_start <<-'EOF'
		may-hangup
		imap-login SPECIAL-USE LIST-EXTENDED UIDPLUS MOVE
		expect-cmd LIST .*
		no [SERVERBUG] x
		imap-logout
	EOF
	configure "$FAKE_PORT"
	refuses 75 'LIST: NO [SERVERBUG]' lm-rm -c config 'a/box/;UID=1'
	fake_wait
}

@test "the examples of the manual page" {
	examples lm-rm.1 2
	imap 'CREATE Trash' >/dev/null
	run --separate-stderr bash -c "${example[0]}"
	is 0
	rows 4
	run --separate-stderr bash -c "set -o pipefail; ${example[1]/older 30d/subject Message}"
	is 0
	[ -z "$(uids Trash)" ]
}

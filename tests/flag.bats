#!/usr/bin/env bats
# lm-flag: against Dovecot with and without CONDSTORE, and against servers that do as they like.
load common
load messages

bats_require_minimum_version 1.5.0

setup_file() { labs_up; }
teardown_file() { labs_down; }
setup() { messages_setup; }
teardown() { fake_teardown; }

flag() { lm-flag -c "$LAB_CONFIG" "$@"; }

@test "set and removed at once: what is printed is what is there" {
	fill "$box" 4 500
	root=$(root "$box")
	run --separate-stderr flag +flagged '-\Seen' '+$Work' "alice/$box/;UID=2" "${root}1"
	is 0
	rows 2
	faults 0
	prints $'flags\t'"${root}1"$'\t\\Flagged $Work'
	prints $'flags\t'"${root}2"$'\t\\Flagged $Work'
	[ "$(flags "$box" 1)" = '$Work \Flagged' ]
	[ "$(flags "$box" 2)" = '$Work \Flagged' ]
	[ "$(flags "$box" 4)" = '\Seen' ]
	run --separate-stderr flag --json -FLAGGED "${root}2"
	is 0
	[ "$output" = '{"event":"flags","url":"'"${root}2"'","flags":"$Work"}' ]
}

@test "= sets all, = alone sets none" {
	fill "$box" 2 500
	root=$(root "$box")
	run --separate-stderr flag =seen =todo "${root}1" "${root}2"
	is 0
	[ "$(flags "$box" 1)" = '\Seen todo' ]
	run --separate-stderr flag = "${root}1"
	is 0
	[ "$output" = $'flags\t'"${root}1"$'\t' ]
	[ -z "$(flags "$box" 1)" ]
	[ "$(flags "$box" 2)" = '\Seen todo' ]
}

@test "what begins with - is a flag, but for the options" {
	fill "$box" 1 500
	url=$(root "$box")1
	flag '=custom' '=answered' '=vv' '=a' '=x' "$url"
	[ "$(flags "$box" 1)" = '\Answered a custom vv x' ]
	run --separate-stderr flag -custom -answered -x "$url"
	is 0
	[ "$(flags "$box" 1)" = 'a vv' ]
	run --separate-stderr lm-flag -c "$LAB_CONFIG" -a alice -v -- -a -vv "$url"
	is 0
	[ -z "$(flags "$box" 1)" ]
	run --separate-stderr flag -- "$url" +c -
	is 0
	[ "$(flags "$box" 1)" = c ]
	# abbreviated, and with its argument in the same word
	run --separate-stderr flag --if-unch 99999999 --json -- -c "$url"
	is 0
	[ -z "$(flags "$box" 1)" ]
}

@test "a configuration that cannot be read is told once, not for each line" {
	refuses 66 'lm-flag: /no-such-file: No such file' lm-flag -c /no-such-file +seen < <(seq -f 'alice/INBOX/;UID=%g' 10)
}

@test "the wrong command line changes nothing" {
	fill "$box" 1 500
	url=$(root "$box")1
	had=$(flags "$box" 1)
	refuses 64 'no flag to change' flag "$url"
	refuses 64 'not a flag' flag '+a b' "$url"
	refuses 64 'not a flag' flag $'+a\r\nx' "$url"
	refuses 64 'not for clients' flag '+\Recent' "$url"
	refuses 64 'named twice' flag +x -x "$url"
	refuses 64 'all flags' flag =x +y "$url"
	refuses 64 'number' flag --if-unchanged -1 +x "$url"
	refuses 64 'number' flag --if-unchanged=9223372036854775808 +x "$url"
	refuses 64 'not both' flag --if-unchanged 5 +x -y "$url"
	refuses 64 'no option' flag --nonsense +x "$url"
	refuses 64 'no option' flag +x "$url" --if-unchanged
	refuses 64 'twice' flag +x - -
	[ "$(flags "$box" 1)" = "$had" ]
	run flag --help
	[ "$status" -eq 0 ]
	[[ $output = usage:* ]]
}

@test "\$Forwarded stays, unless --force" {
	fill "$box" 2 500
	root=$(root "$box")
	flag '+$Forwarded' "${root}1"
	refuses 64 '--force' flag '-$forwarded' "${root}1"
	run --separate-stderr flag =x "${root}1" "${root}2"
	is 65
	says "${root}1: has \$Forwarded"
	faults 1
	[ "$output" = $'flags\t'"${root}2"$'\tx' ]
	[ "$(flags "$box" 1)" = '$Forwarded' ]
	refuses 65 '--force' flag = "${root}1"
	run --separate-stderr flag =x '=$Forwarded' "${root}1"
	is 0
	[ "$(flags "$box" 1)" = '$Forwarded x' ]
	run --separate-stderr flag --force =y "${root}1"
	is 0
	[ "$(flags "$box" 1)" = 'y' ]
	flag '+$Forwarded' "${root}1"
	run --separate-stderr flag --force '-$Forwarded' "${root}1"
	is 0
	[ "$(flags "$box" 1)" = 'y' ]
	# and where the server has no ESEARCH
	use plain
	fill "$box" 2 500
	root=$(root "$box")
	flag '+$Forwarded' "${root}2"
	run --separate-stderr flag =x "${root}1" "${root}2"
	is 65
	rows 1
	faults 1
	says "${root}2: has"
}

@test "who is not there is named, the rest is done" {
	fill "$box" 3 500
	root=$(root "$box")
	imap "SELECT \"$box\"" 'UID STORE 2 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	run --separate-stderr flag +x "${root}1" "${root}2" "${root}3" "${root}99" "${root}4294967295" "${root}99"
	is 65
	rows 2
	faults 3
	says "${root}2: no such message"
	says "${root}99: no such message"
	says "${root}4294967295: no such message"
	[ "$(flags "$box" 1)" = x ]
}

@test "stale URLs, parts, other accounts, nonsense: each named, the rest is done" {
	fill "$box" 3 500
	root=$(root "$box")
	user=bob fill "$box" 1 500
	bob=$(user=bob root "$box")
	{
		echo "alice/$box;UIDVALIDITY=1/;UID=1"
		echo "alice/$box/;UID=1"
		echo "alice/no-such-$box/;UID=1"
		echo "${root}2/;SECTION=1"
		echo "nobody/INBOX/;UID=1"
		echo "imap://alice@elsewhere.example.org/INBOX/;UID=1"
		echo "$bob"1
		echo "alice/$box"
		printf 'gone\t%s3\n' "$root"
		printf 'new\t%s2\tfrom\tsubject\n' "$root"
	} >list
	run --separate-stderr flag +x - <list
	is 65
	rows 3
	prints $'flags\t'"${root}1"$'\tx'
	prints $'flags\t'"${root}2"$'\t\\Seen x'
	prints $'flags\t'"${bob}1"$'\tx'
	faults 6
	says "alice@localhost/$box;UIDVALIDITY=1/;UID=1: $box: stale URL"
	says "no-such-$box/;UID=1: no-such-$box: SELECT: NO"
	says 'line 4: '
	says 'line 5: nobody/INBOX/;UID=1: '
	says 'elsewhere.example.org'
	says 'the URL names no message'
	[ "$(flags "$box" 3)" != x ]
}

@test "--if-unchanged: the race is lost by those that have changed" {
	fill "$box" 3 500
	root=$(root "$box")
	imap "SELECT \"$box\" (CONDSTORE)" 'UID STORE 1 +FLAGS (warm)' >/dev/null
	modseq=$(imap "STATUS \"$box\" (HIGHESTMODSEQ)" | sed -n 's/.*HIGHESTMODSEQ \([0-9]*\).*/\1/p')
	flag +other "${root}2" >/dev/null
	run --separate-stderr flag --if-unchanged "$modseq" +taken "${root}1" "${root}2" "${root}3" "${root}9"
	is 65
	rows 2
	faults 2
	says "${root}2: has changed since $modseq"
	says "${root}9: no such message"
	[[ $output =~ ^flags$'\t'"${root}1"$'\t'(\\Seen )?'warm taken'$'\t'([0-9]+) ]] || { echo "$output"; false; }
	now=${BASH_REMATCH[2]}
	[ "$now" -gt "$modseq" ]
	[ "$(flags "$box" 2)" = '\Seen other' ]
	run --separate-stderr flag --if-unchanged "$modseq" +again "${root}2"
	is 75
	rows 0
	# what was printed is good for the next time
	run --separate-stderr flag --if-unchanged "$now" +again "${root}1"
	is 0
}

@test "--if-unchanged without CONDSTORE is refused" {
	use plain
	fill "$box" 2 500
	root=$(root "$box")
	had=$(flags "$box" 1)
	run --separate-stderr flag --if-unchanged 5 +x "${root}1" "${root}2"
	is 69
	rows 0
	faults 2
	says "${root}1: --if-unchanged: the server has no CONDSTORE"
	[ "$(flags "$box" 1)" = "$had" ]
	run --separate-stderr flag +x "${root}1"
	is 0
	[ "$(flags "$box" 1)" = x ]
}

@test "100,000 lines: fifty flights, in bounded memory" {
	fill "$box" 100000 100
	root=$(root "$box")
	seq -f "${root}%.0f" 100000 >list
	rss 16384 lm-flag -c "$LAB_CONFIG" -vv +x - <list >out 2>trace
	[ "$(wc -l <out)" -eq 100000 ]
	[ "$(cut -f 3 out | grep -c ' x$\|^x$')" -eq 100000 ]
	[ "$(commands trace 'UID STORE')" -eq 49 ]
	[ "$(commands trace 'UID FETCH')" -eq 49 ]
	[ "$(commands trace SELECT)" -eq 1 ]
	[ "$(imap "EXAMINE \"$box\"" 'UID SEARCH RETURN (COUNT) KEYWORD x' | grep -c 'COUNT 100000')" -eq 1 ]
	# two mailboxes by turns, and sets full of holes
	fill "$box-2" 3000 100
	other=$(root "$box-2")
	for ((i = 1; i <= 3000; i += 2)); do echo "$root$i"; echo "$other$i"; done >list
	rss 16384 lm-flag -c "$LAB_CONFIG" -vv +y - <list >out 2>trace
	[ "$(wc -l <out)" -eq 3000 ]
	[ "$(commands trace 'UID STORE')" -le 8 ]
}

@test "a writer that pauses does not wait for the window to fill" {
	fill "$box" 2 500
	root=$(root "$box")
	mkfifo in
	flag +x - <in >out &
	pid=$!
	exec 9>in
	echo "${root}1" >&9
	for _ in $(seq 200); do [ -s out ] && break; sleep 0.05; done
	[ "$(wc -l <out)" -eq 1 ]
	echo "${root}2" >&9
	exec 9>&-
	wait "$pid"
	[ "$(wc -l <out)" -eq 2 ]
}

# ---- servers that do as they like

@test "a mailbox that is read-only" {
	SELECTED='ok [READ-ONLY] x' fake -- must-hangup
	refuses 69 'box;UIDVALIDITY=7/;UID=1: box is read-only' lm-flag -c config +x 'a/box;UIDVALIDITY=7/;UID=1'
	fake_wait
}

@test "a flag that the mailbox does not keep" {
	fake_start <<-'EOF'
		may-hangup
		imap-login
		expect-cmd SELECT box
		send * OK [UIDVALIDITY 7] x
		send * OK [PERMANENTFLAGS (\Seen $Forwarded)] x
		ok [READ-WRITE] x
		imap-logout
	EOF
	configure "$FAKE_PORT"
	refuses 69 'box keeps no flag todo (PERMANENTFLAGS)' lm-flag -c config +seen +todo 'a/box/;UID=1'
	fake_wait
	fake_saw_no 'STORE'
}

@test "a flag that the server takes, and does not keep" {
	fake -- 'expect-cmd UID STORE 1:2 .FLAGS.SILENT \(x\)' 'ok done' \
		'expect-cmd UID FETCH 1:2 \(UID FLAGS\)' 'send * 1 FETCH (UID 1 FLAGS (x))' 'send * 2 FETCH (UID 2 FLAGS (\Seen))' 'ok done' \
		'expect-cmd UID FETCH 1:2 \(UID FLAGS\)' 'send * 1 FETCH (UID 1 FLAGS (x))' 'send * 2 FETCH (UID 2 FLAGS (\Seen))' 'ok done'
	run --separate-stderr lm-flag -c config +x 'a/box/;UID=1' 'a/box/;UID=2'
	is 69
	[ "$output" = $'flags\timap://alice@h/box;UIDVALIDITY=7/;UID=1\tx' ]
	faults 1
	says 'UID=2: the server did not keep the change: the flags are (\Seen)'
	fake_wait
	# or is only slow to see it
	fake -- 'expect-cmd UID STORE 1 .FLAGS.SILENT \(x\)' 'ok done' 'expect-cmd UID FETCH 1 \(UID FLAGS\)' 'send * 1 FETCH (UID 1 FLAGS ())' 'ok done' \
		'expect-cmd UID FETCH 1 \(UID FLAGS\)' 'send * 1 FETCH (UID 1 FLAGS (x))' 'ok done'
	run --separate-stderr lm-flag -c config +x 'a/box/;UID=1'
	is 0
	rows 1
}

@test "a refused STORE: named for each, with what the server says" {
	fake -- 'expect-cmd UID STORE 1:2 .FLAGS.SILENT \(x\)' 'no [NOPERM] not yours \x1b[31m' \
		'expect-cmd UID FETCH .*' 'send * 1 FETCH (UID 1 FLAGS ())' 'ok done'
	run --separate-stderr lm-flag -c config +x 'a/box/;UID=1' 'a/box/;UID=2'
	is 69
	rows 0
	faults 2
	says 'UID=1: UID STORE: NO [NOPERM] not yours'
	[[ $stderr != *$'\e'* ]]
	fake_wait
}

@test "a line lost in the middle says what is not known" {
	fake -- 'expect-cmd UID STORE .*' 'expect-cmd UID FETCH .*' cut
	run --separate-stderr lm-flag -c config +x 'a/box/;UID=1'
	is 75
	says 'UID=1: the flags may or may not be changed'
	fake_wait
}

@test "MODIFIED lies: only what was asked for counts" {
	fake CONDSTORE -- 'expect-cmd UID STORE 1:2 \(UNCHANGEDSINCE 5\) .FLAGS.SILENT \(x\)' 'no [MODIFIED 2:4294967295] some' \
		'expect-cmd UID FETCH 1:2 \(UID FLAGS MODSEQ\)' 'send * 1 FETCH (UID 1 FLAGS (x) MODSEQ (6))' 'send * 2 FETCH (UID 2 FLAGS () MODSEQ (6))' \
		'send * 3 FETCH (UID 3 FLAGS (x) MODSEQ (6))' 'ok done'
	run --separate-stderr lm-flag -c config --if-unchanged 5 +x 'a/box/;UID=1' 'a/box/;UID=2'
	is 69
	rows 0
	faults 2
	says 'UID=2: has changed since 5'
	says 'UID=1: UID STORE: NO [MODIFIED'
	fake_wait
}

@test "more flags than can be true" {
	fake -- 'expect-cmd UID STORE .*' 'ok done' 'expect-cmd UID FETCH .*' 'send-raw * 1 FETCH (UID 1 FLAGS (' 'send-fill 70k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x20' 'send ))' 'ok done'
	run --separate-stderr lm-flag -c config +x 'a/box/;UID=1'
	is 76
	says 'too many flags'
}

@test "without UIDVALIDITY there are no URLs" {
	fake_start <<-'EOF'
		may-hangup
		imap-login
		expect-cmd SELECT box
		ok [READ-WRITE] x
		imap-logout
	EOF
	configure "$FAKE_PORT"
	refuses 76 'does not say UIDVALIDITY' lm-flag -c config +x 'a/box/;UID=1'
}

@test "the examples of the manual page" {
	examples lm-flag.1 3
	fill Team 3 500
	root=$(root INBOX)
	run --separate-stderr bash -c "${example[0]/\'imap:*\'/\'${root}8\'}"
	is 0
	[ "$(flags INBOX 7)" = '\Flagged' ]
	[ "$(flags INBOX 8)" = '\Flagged' ]
	run --separate-stderr bash -c "set -o pipefail; ${example[1]/from boss younger 7d/from sender3}"
	is 0
	[ "$(flags INBOX 3)" = '\Seen' ]
	lm-flag +x 'work/Team/;UID=3'
	run --separate-stderr bash -c "${example[2]/712/1}"
	is 0
	[ "$output" = 'too late' ]
}

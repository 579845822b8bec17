#!/usr/bin/env bats
# What people and scripts do with the programs that nobody meant: nothing is lost, leaked or sent by mistake.
bats_require_minimum_version 1.5.0
load common

setup_file() { lab_up dovecot sink; }
teardown_file() { lab_down; }
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
	before=$(sink_count)
	a_message Holiday >m
}

submit() { lm-submit -c "$LAB_CONFIG" "$@"; }

# arrived: one message more in the sink, in the file `got`.
arrived() {
	sink_wait $((before + 1))
	cp "$(sink_last)" got
}

# fails STATUS TEXT COMMAND...: that exit status and that text, and nothing was sent.
fails() {
	local want=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	if [ "$status" -ne "$want" ] || [[ $stderr != *"$text"* ]]; then
		echo "$status: $stderr"
		return 1
	fi
	[ "$(sink_count)" -eq "$before" ]
}

@test "a mail without a header: all of it is the body" {
	printf 'Hello there\nsecond line\n' | submit bob@localhost
	arrived
	[ "$(sed '1,/^\r$/d' got | tr -d '\r')" = $'Hello there\nsecond line' ]
	grep -q '^From: ' got
}

@test "a header that ends without an empty line: the rest is the body" {
	printf 'Subject: x\nThis is no field\nbody text\n\nmore\n' | submit bob@localhost
	arrived
	[ "$(sed '1,/^\r$/d' got | tr -d '\r')" = $'This is no field\nbody text\n\nmore' ]
	grep -q '^Subject: x' got
}

@test "an assembly that begins with a file: its header is the header, and Bcc goes" {
	printf 'Subject: filed\r\nBcc: secret@localhost\r\n\r\nbody\r\n' >file.eml
	printf 'file file.eml\n' | submit --assembly bob@localhost
	arrived
	[ "$(grep -c '^Subject: filed' got)" = 1 ]
	run grep -ci 'secret@' got
	[ "$output" = 0 ]
	[ "$(sed '1,/^\r$/d' got | tr -d '\r')" = body ]
}

@test "an assembly with LF line ends in its header is refused" {
	printf 'text 12\nSubject: x\n\n\n' >a
	fails 65 'line ends' submit --assembly bob@localhost <a
}

@test "a forgotten --assembly is noticed" {
	printf 'text 14\nSubject: x\r\n\r\n\n' >a
	fails 65 'give --assembly' submit bob@localhost <a
}

@test "a Bcc field on the server is not sent to everybody by --burl" {
	printf 'From: a@localhost\r\nBcc: secret@localhost\r\n\r\nx\r\n' >bcc
	deliver "$box" <bcc
	lm-genurl -c "$LAB_CONFIG" "alice/$box/;UID=1" >url
	fails 65 'Bcc' submit --burl - bob@localhost secret@localhost <url
}

@test "one message, one URL" {
	deliver "$box" <m
	lm-genurl -c "$LAB_CONFIG" "alice/$box/;UID=1" "alice/$box/;UID=1" >urls
	fails 65 'more than one URL' submit --burl - bob@localhost <urls
}

@test "another user's URL never means one's own message" {
	deliver "$box" <m
	printf 'url bob/%s/;UID=1\n' "$box" >a
	fails 65 'another server or user' lm-draft -c "$LAB_CONFIG" "alice/$box" <a
}

@test "a closed standard output or error is no door into the connection" {
	deliver "$box" <m
	run bash -c "lm-genurl -c '$LAB_CONFIG' 'alice/$box/;UID=1' >&- 2>err"
	[ "$status" -eq 74 ]
	run bash -c "lm-fwd -vv -c '$LAB_CONFIG' -T bob@localhost 'alice/$box/;UID=1' 2>&- >out"
	[ "$status" -eq 0 ]
	arrived
	run bash -c "lm-submit -c '$LAB_CONFIG' bob@localhost <&- 2>err"
	[ "$status" -eq 74 ]
}

@test "--reset does not take a message for its mailbox" {
	deliver "$box" <m
	fails 64 'not a message' lm-genurl -c "$LAB_CONFIG" --reset "alice/$box/;UID=77"
}

@test "modes that exclude each other" {
	fails 64 'exclude' lm-genurl -c "$LAB_CONFIG" --assembly --fetch
	fails 64 'exclude' lm-genurl -c "$LAB_CONFIG" --fetch --decode --structure
	fails 64 '--json' lm-genurl -c "$LAB_CONFIG" --fetch --json
}

@test "a recipient who is named twice gets one copy" {
	deliver "$box" <m
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost,bob@LOCALHOST -C bob@localhost "alice/$box/;UID=1"
	arrived
	[ "$(grep -c '^RCPT' "$(sink_last_env)")" = 1 ]
}

@test "only whole messages and parts, and one sender" {
	deliver "$box" <m
	fails 65 'only whole' lm-fwd -c "$LAB_CONFIG" -T bob@localhost "alice/$box/;UID=1/;PARTIAL=0.20"
	fails 65 'more than one sender' lm-fwd -c "$LAB_CONFIG" -F 'a@localhost, b@localhost' -T bob@localhost "alice/$box/;UID=1"
	fails 65 'more than one mailbox' submit -f 'a@localhost, b@localhost' bob@localhost <m
}

@test "a part of a digest keeps its type" {
	printf 'From: a@localhost\nSubject: d\nMIME-Version: 1.0\nContent-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: c@localhost\nSubject: inner\n\nhello\n--d--\n' | crlf | deliver "$box"
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost -p 1 "alice/$box/;UID=1"
	arrived
	grep -qi '^Content-Type: message/rfc822' got
	grep -q '^Subject: inner' got
}

@test "long references end in the original's own identifier" {
	{
		printf 'From: a@localhost\nMessage-ID: <own@localhost>\nReferences:'
		for i in $(seq 400); do printf '\n <reference-number-%s@localhost>' "$i"; done
		printf '\n\nx\n'
	} | crlf | deliver "$box"
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost "alice/$box/;UID=1"
	arrived
	sed -n '/^References:/,/^[A-Z]/p' got | grep -q '<own@localhost>'
	sed -n '/^References:/,/^[A-Z]/p' got | grep -q '<reference-number-1@localhost>'
}

@test "an 8-bit header makes the part 8bit" {
	printf 'From: a@localhost\nSubject: Gr\303\274\303\237e\n\nx\n' | crlf | deliver "$box"
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost "alice/$box/;UID=1"
	arrived
	[ "$(grep -ci '^Content-Transfer-Encoding: 8bit' got)" = 2 ]
}

@test "a note with an endless word has no endless line" {
	deliver "$box" <m
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost -m "$(printf 'x%.0s' $(seq 1500))" "alice/$box/;UID=1"
	arrived
	[ "$(awk '{ if (length > max) max = length } END { print max }' got)" -le 998 ]
}

@test "without a copy, catenate leaves none" {
	deliver "$box" <m
	messages() { imap 'STATUS Sent (MESSAGES)' | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p'; }
	sent=$(messages)
	lm-fwd -c "$LAB_CONFIG" -S catenate -o sent-copy=no -T bob@localhost "alice/$box/;UID=1"
	arrived
	[ "$(messages)" = "$sent" ]
}

@test "a failed copy does not hide who was refused, and says that the mail is away" {
	deliver "$box" <m
	run --separate-stderr lm-fwd -c "$LAB_CONFIG" -S relay -o sent=No/Such -T bob@localhost,reject1@localhost "alice/$box/;UID=1"
	[ "$status" -eq 74 ]
	[[ $stderr = *'reject1@localhost: 550'* && $stderr = *'sent, but the copy'* ]]
	arrived
}

@test "lines of input: the first field that is a URL" {
	deliver "$box" <m
	printf 'new\twork/life\timap://alice@%s/%s/;UID=1\n' "$LAB_URL_AUTHORITY" "$box" >lines
	lm-fwd -c "$LAB_CONFIG" -T bob@localhost - <lines
	arrived
	lm-genurl -c "$LAB_CONFIG" - <lines | grep -q URLAUTH
}

@test "lines of input: one that never ends is refused, and not kept in memory" {
	for tool in 'lm-genurl -' 'lm-submit --burl - bob@localhost' 'lm-fwd -T bob@localhost -'; do
		# shellcheck disable=SC2086
		run -65 /usr/bin/time -q -f %M -o kilobytes ${tool%% *} -c "$LAB_CONFIG" ${tool#* } < <(head -c 50M /dev/zero | tr '\0' x)
		[ "$output" = "${tool%% *}: standard input, line 1: too long" ]
		[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	done
}

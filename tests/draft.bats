#!/usr/bin/env bats
# lm-draft against Dovecot: with CATENATE and UIDPLUS, and without.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot sink -- 'protocol imap {' '  mail_plugins = $mail_plugins imap_zlib quota' '}' \
		'plugin {' '  quota = count:User quota' '  quota_rule = *:storage=40M' '  quota_vsizes = yes' '}'
	# the same without CATENATE and UIDPLUS
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ SPECIAL-USE LIST-EXTENDED URLAUTH' \
		"$BATS_TEST_DIRNAME/lab/lab" start "$LABS/plain" dovecot sink 3>&-
}
teardown_file() {
	[ ! -d "$LABS/plain" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/plain"
	lab_down
}
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box) lab=$LABS/lab
}

# From here on in this test the lab without CATENATE.
plain_server() {
	set -a
	. "$LABS/plain/env"
	set +a
	lab=$LABS/plain
}
deliver() { "$BATS_TEST_DIRNAME/lab/deliver" "$lab" alice "$@"; }
imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$lab" alice "$@"; }

draft() { lm-draft -c "$LAB_CONFIG" "$@"; }

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }

# says TEXT: it is on standard error.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }

count() { imap "STATUS $1 (MESSAGES)" | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p'; }

# makes COMMAND... < input: status 0, one line with a URL, which is then in $url, and its UID in $uid.
makes() {
	run --separate-stderr "$@"
	is 0 || return 1
	one_line || return 1
	[ -z "$stderr" ] || { echo "on stderr: $stderr"; return 1; }
	url=$output uid=${output##*;UID=}
	[[ $url =~ ^imap://alice@[^/]+/.+\;UIDVALIDITY=[0-9]+/\;UID=[0-9]+$ ]] || { echo "no URL: $url"; return 1; }
}

# refuses CODE TEXT COMMAND... < input: that status, one line, nothing on stdout, nothing new in $box and Drafts.
refuses() {
	local code=$1 text=$2 had
	shift 2
	had=$(count "$box") had+=" $(count Drafts)"
	run --separate-stderr "$@"
	is "$code" || return 1
	says "$text" || return 1
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
	[ "$(count "$box") $(count Drafts)" = "$had" ] || { echo 'something was made'; return 1; }
}

# holds FILE MAILBOX UID: that message is the file, octet for octet.
holds() {
	imap "EXAMINE \"$2\"" "UID FETCH $3 BODY.PEEK[]" >fetched
	/usr/bin/python3 - "$1" fetched <<-'END' || { cat -A fetched; return 1; }
		import re, sys
		want, got = [open(path, "rb").read() for path in sys.argv[1:]]
		m = re.search(rb"BODY\[\] \{(\d+)\}\r\n", got)
		assert m, "not there"
		assert got[m.end():][:int(m[1])] == want, "other octets"
	END
}

# flags MAILBOX UID: its flags, sorted, without \Recent.
flags() {
	imap "EXAMINE \"$1\"" "UID FETCH $2 (FLAGS)" | sed -n 's/.*FLAGS (\([^)]*\)).*/\1/p' | tail -n 1 |
		tr ' ' '\n' | grep -v Recent | sort | tr '\n' ' '
}

store() {
	a_message Original >original
	deliver "$box" <original
}

letter() {
	cat <<-END
		From: Alice <alice@localhost>
		To: bob@localhost
		Subject: ${1:-a letter}
		Message-ID: <letter$BATS_TEST_NUMBER${2-}@example.net>

		Hello
		.
		..dots
	END
}

# assembly: a forward of message 1 of $box and of its part 2; what it must become is in `want`.
assembly() {
	letter | crlf >top
	printf -- '\r\n--x\r\n' >middle
	printf 'local \xff octets\r\n' >file
	printf 'AAECAwQFBgcICQoLDA0ODw==' >part
	printf 'text %d\n' "$(stat -c %s top)"
	cat top
	printf '\nurl alice/%s/;UID=1\n' "$box"
	printf 'text %d\n' "$(stat -c %s middle)"
	cat middle
	printf '\nurl alice/%s/;UID=1/;SECTION=2\n' "$box"
	printf 'file ./file\ntext 2\n\r\n\n'
	{ cat top original middle part file; printf '\r\n'; } >want
}

@test "a plain message: in Drafts, with CRLF, \\Draft and \\Seen; its URL comes out" {
	letter >m
	crlf <m >want
	makes draft alice <m
	[[ $url = imap://alice@*/Drafts\;UIDVALIDITY=* ]]
	holds want Drafts "$uid"
	[ "$(flags Drafts "$uid")" = '\Draft \Seen ' ]
	makes draft "alice/Sent" <want
	[[ $url = */Sent\;* ]]
	holds want Sent "$uid"
}

@test "-f: the flags, with and without backslash, keywords, none" {
	store
	letter >m
	makes draft -f 'flagged,\Seen,$Work' "alice/$box" <m
	[ "$(flags "$box" "$uid")" = '$Work \Flagged \Seen ' ]
	makes draft -f '' "alice/$box" <m
	[ -z "$(flags "$box" "$uid" | tr -d ' ')" ]
	for bad in 'a b(c' $'x\r\ny' '\Wrong)' 'ä'; do
		run --separate-stderr draft -f "$bad" "alice/$box" <m
		[[ $status = 64 || $status = 65 || $status = 69 ]] || { echo "$bad: $status $stderr"; false; }
		[ -z "$output" ]
	done
}

@test "an assembly by CATENATE: the octets stay there, and come together exactly" {
	store
	assembly >parts
	makes draft "alice/$box" <parts
	holds want "$box" "$uid"
	# nothing of the original passes through here
	run --separate-stderr draft -vv "alice/$box" <parts
	is 0
	says 'CATENATE'
	run ! grep 'must not leak' <<<"$stderr"
	# from a pipe, and with URLs as lm-genurl makes them
	draft "alice/$box" < <(cat parts) >url
	holds want "$box" "$(sed 's/.*;UID=//' url)"
	lm-genurl -c "$LAB_CONFIG" --assembly <parts >authorised
	makes draft "alice/$box" <authorised
	holds want "$box" "$uid"
}

@test "without CATENATE: fetched and sent back, and -v says so" {
	plain_server
	store
	assembly >parts
	run --separate-stderr draft -v "alice/$box" <parts
	is 0
	says 'no CATENATE'
	one_line
	holds want "$box" "${output##*;UID=}"
	[ "$(flags "$box" "${output##*;UID=}")" = '\Draft \Seen ' ]
}

@test "without UIDPLUS the message is found by its Message-ID, and not an older one" {
	plain_server
	deliver "$box" < <(a_message Original)
	letter >m
	makes draft "alice/$box" <m
	crlf <m >want
	holds want "$box" "$uid"
	first=$uid
	makes draft "alice/$box" <m
	[ "$uid" -gt "$first" ]
	# one that has no Message-ID cannot be named
	run --separate-stderr draft "alice/$box" < <(letter | grep -v Message-ID)
	echo "$status $output $stderr"
	[[ $status != 0 || $output = imap://* || $output = - ]]
}

@test "--replace: the earlier draft goes when the new one is there" {
	store
	letter one 1 >m
	makes draft "alice/$box" <m
	old=$url n=$(count "$box")
	letter two 2 >m
	crlf <m >want
	makes draft --replace "$old" "alice/$box" <m
	[ "$uid" -gt "${old##*;UID=}" ]
	holds want "$box" "$uid"
	[ "$(count "$box")" -eq "$n" ]
	# the other messages are left alone
	holds original "$box" 1
	# an assembly may be made from the one that it replaces
	letter three 3 | crlf >top
	{ printf 'text %d\n' "$(stat -c %s top)"; cat top; printf '\nurl %s/;SECTION=TEXT\n' "$url"; } >assembly
	{ cat top; sed '1,/^\r$/d' want; } >want.new
	makes draft --replace "$url" "alice/$box" <assembly
	holds want.new "$box" "$uid"
	[ "$(count "$box")" -eq "$n" ]
}

@test "--replace of what is not there: nothing is made" {
	store
	letter >m
	refuses 65 'no such message' draft --replace "alice/$box/;UID=99" "alice/$box" <m
	refuses 65 'stale' draft --replace "alice/$box;UIDVALIDITY=1/;UID=1" "alice/$box" <m
	refuses 65 'another account' draft --replace "bob/INBOX/;UID=1" "alice/$box" <m
	refuses 65 'whole message' draft --replace "alice/$box/;UID=1/;SECTION=1" "alice/$box" <m
	holds original "$box" 1
}

@test "the URL is good for lm-genurl, lm-submit and lm-fwd" {
	letter >m
	crlf <m >want
	before=$(sink_count)
	draft alice <m | lm-genurl -c "$LAB_CONFIG" | lm-submit -c "$LAB_CONFIG" --burl - bob@localhost
	sink_wait $((before + 1))
	tail -c "$(stat -c %s want)" "$(sink_last)" | cmp want
	draft alice <m | lm-genurl -c "$LAB_CONFIG" -u user+alice | lm-genurl -c "$LAB_CONFIG" --fetch | cmp want
}

@test "--json" {
	letter >m
	run --separate-stderr draft --json alice <m
	is 0
	/usr/bin/python3 -c 'import json, sys; assert ";UID=" in json.loads(sys.argv[1])["url"]' "$output"
}

@test "mailboxes with blanks and umlauts; one that does not exist" {
	letter >m
	crlf <m >want
	deliver "Entwürfe $BATS_TEST_NUMBER" <want
	makes draft "alice/Entwürfe $BATS_TEST_NUMBER" <m
	[[ $url = *"/Entw%C3%BCrfe%20$BATS_TEST_NUMBER;"* ]]
	makes draft "alice/Entw%C3%BCrfe%20$BATS_TEST_NUMBER" <m
	deliver "$box" <want
	refuses 69 "no-such-$BATS_TEST_NUMBER" draft "alice/no-such-$BATS_TEST_NUMBER" <m
	imap "STATUS no-such-$BATS_TEST_NUMBER (MESSAGES)" | grep -aq '^t0 NO'
}

@test "bad input: nothing is made" {
	store
	refuses 65 empty draft alice </dev/null
	refuses 65 '' draft alice <<<'text 99'
	refuses 65 '' draft alice <<<$'text 3\nabcd'
	refuses 66 missing draft alice <<<'file ./missing'
	refuses 64 '' draft
	refuses 64 '' draft alice bob </dev/null
	refuses 64 'not a message' draft "alice/$box/;UID=1" </dev/null
	refuses 78 nobody draft nobody </dev/null
	refuses 64 '' draft -Z alice </dev/null
	run lm-draft --help
	is 0
	[[ $output = usage:* ]]
}

@test "an assembly of what is not there: nothing is made" {
	store
	of() { printf 'text 18\nSubject: x\r\n\r\nhi\r\n\nurl %s\n' "$1"; }
	refuses 65 'no such message' draft "alice/$box" < <(of "alice/$box/;UID=99")
	refuses 65 'no such section' draft "alice/$box" < <(of "alice/$box/;UID=1/;SECTION=9")
	refuses 65 'no such section' draft "alice/$box" < <(of "alice/$box/;UID=1/;SECTION=2.1.MIME")
	refuses 65 'stale' draft "alice/$box" < <(of "alice/$box;UIDVALIDITY=1/;UID=1")
	refuses 65 'another server' draft "alice/$box" < <(of 'imap://alice@elsewhere.example/INBOX/;UID=1')
	refuses 65 'names no message' draft "alice/$box" < <(of "alice/$box")
	refuses 65 '' draft "alice/$box" < <(of "bob/INBOX/;UID=1")
}

@test "over quota: 69, and nothing is made" {
	store
	letter >m
	yes "$(head -c 900 /dev/zero | tr '\0' x)" | head -c 45000000 >pad
	cat m pad >large
	refuses 69 'uota' draft "alice/$box" <large
	# with an assembly, too
	{
		printf 'text %d\n' "$(stat -c %s large)"
		cat large
		printf '\nurl alice/%s/;UID=1\n' "$box"
	} >assembly
	refuses 69 'uota' draft "alice/$box" <assembly
}

@test "20 MB go up in memory that does not grow" {
	{ letter; yes 'A line of a large letter.' | head -c 20000000; echo; } >m
	/usr/bin/time -f %M -o kilobytes lm-draft -c "$LAB_CONFIG" alice <m >url
	crlf <m >want
	holds want Drafts "$(sed 's/.*;UID=//' url)"
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	imap 'SELECT Drafts' "UID STORE $(sed 's/.*;UID=//' url) +FLAGS (\\Deleted)" 'EXPUNGE' >expunged
}

@test "STARTTLS, a wrong password" {
	store
	letter >m
	makes draft alice-starttls <m
	refuses 77 '' draft -o pass-command='echo wrong' alice <m
}

#!/usr/bin/env bats
# lm-submit against Dovecot, Exim and a poor server: what arrives, octet for octet, and what is refused.
load common

bats_require_minimum_version 1.5.0

setup_file() { LAB_SUBMISSION_MAX=2M lab_up dovecot sink exim poor; }
teardown_file() {
	meters_down
	lab_down
}
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	before=$(sink_count)
}
teardown() { meters_down; }

submit() { lm-submit -c "$LAB_CONFIG" "$@"; }

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }

# says TEXT: it is on standard error.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }

# refuses CODE TEXT COMMAND... < message: that status, one line with that text, nothing on stdout, nothing sent anywhere.
refuses() {
	local code=$1 text=$2 sent
	shift 2
	sent=$(messages)
	run --separate-stderr "$@"
	is "$code" || return 1
	says "$text" || return 1
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
	[ "$(messages)" -eq "$sent" ] || { echo 'something was sent'; return 1; }
}

# all that any server holds
messages() { find "$LAB_SINK_DIR/" "$LAB_POOR_DIR/" "$LAB_EXIM_DIR/" -name '*.eml' | wc -l; }

# sent COMMAND... < message: status 0, nothing said, and one message more in the sink.
sent() {
	run --separate-stderr "$@"
	is 0 || return 1
	[ -z "$output$stderr" ] || { printf 'said: %s%s\n' "$output" "$stderr"; return 1; }
	sink_wait $((before + 1)) || { echo 'nothing arrived'; return 1; }
	before=$((before + 1))
	[ "$(sink_count)" -eq "$before" ]
}

# without_trace < file: the message without the Received field that a relay has put on top.
without_trace() {
	/usr/bin/python3 -c 'import re, sys; sys.stdout.buffer.write(re.sub(rb"\A(Received:.*?\r\n(?![ \t]))+", b"", sys.stdin.buffer.read(), count=1, flags=re.S))'
}

# arrived FILE: the sink's newest message is FILE, octet for octet.
arrived() {
	without_trace <"$(sink_last)" >arrived.eml
	cmp "$1" arrived.eml || { cat -A arrived.eml; return 1; }
}

# envelope LINE: the newest envelope has that line; envelope_no TEXT: nowhere that text.
envelope() { grep -qxF -- "$1" "$(sink_last_env)" || { cat "$(sink_last_env)"; return 1; }; }
envelope_no() { ! grep -F -- "$1" "$(sink_last_env)"; }

# newest DIR [COUNT]: the newest message of a server, when there are COUNT.
newest() {
	local i
	for i in $(seq 200); do
		[ "$(find "$1/" -name '*.eml' | wc -l)" -ge "${2:-1}" ] && break
		sleep 0.05
	done
	find "$1/" -name '*.eml' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-
}
count_of() { find "$1/" -name '*.eml' | wc -l; }

# head_of TO: header lines of a complete message, LF.
head_of() {
	cat <<-END
		From: Alice <alice@localhost>
		To: $1
		Subject: test
		Date: Tue, 24 Nov 2026 10:00:00 +0000
		Message-ID: <m$BATS_TEST_NUMBER@example.net>
	END
}
letter() { head_of "${1:-bob@localhost}"; printf '\nHello\n'; }

@test "a complete message arrives octet for octet, from the account's sender" {
	letter >m
	crlf <m >want
	sent submit -t <m
	arrived want
	envelope 'MAIL FROM:<alice@localhost> SIZE='"$(sed -n 's/^MAIL.* SIZE=\([0-9]*\).*/\1/p' "$(sink_last_env)")"
	envelope 'RCPT TO:<bob@localhost>'
}

@test "as sendmail is called: by mutt, by git, by cron" {
	letter >m
	crlf <m >want
	sent submit -oi -oem -odb -om -B8BITMIME -f alice@localhost -- bob@localhost <m
	arrived want
	sent submit -i bob@localhost carol@localhost <m
	arrived want
	envelope 'RCPT TO:<carol@localhost>'
	# cron gives no configuration file and a local name
	mkdir -p "$HOME/.config/lm"
	install -m 600 "$LAB_CONFIG" "$HOME/.config/lm/config"
	printf '%s\n' 'From: root (Cron Daemon)' 'To: alice' 'Subject: Cron <root@host> job' '' 'Ünicode output' >m
	sent lm-submit -FCronDaemon -i -B8BITMIME -oem alice <m
	envelope 'RCPT TO:<alice@localhost>'
	grep -q '^MAIL FROM:<alice@localhost> .*BODY=8BITMIME' "$(sink_last_env)"
	grep -qx $'From: root (Cron Daemon)\r' "$(sink_last)"
	grep -qx $'Ünicode output\r' "$(sink_last)"
}

@test "a sender of cron's kind is the account's, <> and \"\" are the null sender" {
	letter >m
	sent submit -f root bob@localhost <m
	grep -q '^MAIL FROM:<alice@localhost>' "$(sink_last_env)"
	sent submit -r bounce@localhost bob@localhost <m
	grep -q '^MAIL FROM:<bounce@localhost>' "$(sink_last_env)"
	for null in '<>' ''; do
		sent submit -f "$null" bob@localhost <m
		grep -q '^MAIL FROM:<>' "$(sink_last_env)"
	done
}

@test "bare local parts get the account's domain, each recipient goes once" {
	letter 'bob, Carol <carol>, bob@localhost' >m
	crlf <m >want
	sent submit -t dave bob <m
	arrived want
	[ "$(grep RCPT "$(sink_last_env)" | sort | tr '\n' ' ')" = \
		'RCPT TO:<bob@localhost> RCPT TO:<carol@localhost> RCPT TO:<dave@localhost> ' ]
}

@test "header lists: comments, groups, quoted names, folding" {
	{
		head_of '"Doe, John" <john@localhost>, friends: ann@localhost (Ann, A.),'
		printf '%s\n' 'Cc: =?utf-8?q?J=C3=BCrgen?=' $' <juergen@localhost>,\n\t"a b"@localhost, empty:;' '' x
	} | sed '2{h;s/.*/&\n bert@localhost;/}' >m
	sent submit -t <m
	[ "$(grep RCPT "$(sink_last_env)" | sort | tr '\n' ' ')" = \
		'RCPT TO:<"a b"@localhost> RCPT TO:<ann@localhost> RCPT TO:<bert@localhost> RCPT TO:<john@localhost> RCPT TO:<juergen@localhost> ' ]
}

@test "Bcc goes into the envelope and out of the header, folded or not, with -t or without" {
	{
		head_of bob@localhost
		printf 'BCC: secret1@localhost,\n\tsecret2@localhost\nBcc: secret3@localhost\nX-Last: yes\n\nBcc: this is text\n'
	} >m
	{
		head_of bob@localhost
		printf 'X-Last: yes\n\nBcc: this is text\n'
	} | crlf >want
	sent submit -t <m
	arrived want
	for n in 1 2 3; do envelope "RCPT TO:<secret$n@localhost>"; done
	sent submit bob@localhost <m
	arrived want
	envelope_no secret
}

@test "Resent-To, Resent-Cc and Resent-Bcc are the recipients where there is one of them" {
	{
		printf '%s\n' 'Resent-From: Alice <alice@localhost>' 'Resent-To: r1@localhost' \
			'Resent-Bcc: r2@localhost' 'Resent-Date: Tue, 24 Nov 2026 11:00:00 +0000'
		head_of bob@localhost
		printf 'Cc: carol@localhost\n\nHello\n'
	} >m
	grep -v '^Resent-Bcc' m | crlf >want
	sent submit -t <m
	arrived want
	[ "$(grep RCPT "$(sink_last_env)" | sort | tr '\n' ' ')" = 'RCPT TO:<r1@localhost> RCPT TO:<r2@localhost> ' ]
}

@test "Date, Message-ID and From are added where they are missing, and only there" {
	printf 'Subject: bare\n\nHello\n' >m
	sent submit -F 'Ünal "the boss" Example' bob@localhost <m
	without_trace <"$(sink_last)" >arrived.eml
	/usr/bin/python3 - arrived.eml <<-'END'
		import datetime, email, email.policy, re, sys
		octets = open(sys.argv[1], "rb").read()
		m = email.message_from_bytes(octets, policy=email.policy.default)
		assert sorted(m.keys()) == ["Date", "From", "Message-ID", "Subject"], m.keys()
		assert octets.endswith(b"Subject: bare\r\n\r\nHello\r\n"), octets
		who = m["From"].addresses[0]
		assert (who.display_name, who.addr_spec) == ('Ünal "the boss" Example', "alice@localhost"), m["From"]
		assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", m["Message-ID"].strip()), m["Message-ID"]
		age = datetime.datetime.now(datetime.timezone.utc) - m["Date"].datetime
		assert abs(age.total_seconds()) < 300, m["Date"]
		assert octets.isascii()
	END
	printf 'message-id: <mine@example.net>\nfrom: Eve <alice@localhost>\ndate: Tue, 24 Nov 2026 10:00:00 +0000\n\nHello\n' >m
	crlf <m >want
	sent submit -F 'not used' bob@localhost <m
	arrived want
}

@test "two runs make two Message-IDs" {
	for n in 1 2; do
		printf 'Subject: x\n\nHello\n' | submit bob@localhost
		sink_wait $((before + n))
		grep -i '^Message-ID' "$(sink_last)" >"id$n"
	done
	[ -s id1 ] && ! cmp -s id1 id2
}

@test "line ends LF, CRLF, CR and all of them mixed; a last line without one" {
	letter >m
	printf 'one\ntwo\n\n\nthree' >>m
	{ cat m; echo; } | crlf >want
	sent submit -i bob@localhost <m
	arrived want
	crlf <m | head -c -1 >m.crlf # the last line has half an end
	sent submit -i bob@localhost <m.crlf
	arrived want
	tr '\n' '\r' <m >m.cr
	sent submit -i bob@localhost <m.cr
	arrived want
	sed -e '2s/$/\r/' -e '4s/$/\r/' m >m.mixed
	sent submit -i bob@localhost <m.mixed
	arrived want
}

@test "dots: at the beginning of lines they stay what they are, by BDAT and by DATA" {
	{ letter; printf '.one\n..two\n...\n.\n. \n\n.\n.last\n'; } >m
	crlf <m >want
	sent submit -i bob@localhost <m
	arrived want
	n=$(count_of "$LAB_POOR_DIR")
	submit -i -a alice-poor bob@localhost <m
	cmp want "$(newest "$LAB_POOR_DIR" $((n + 1)))"
	n=$(count_of "$LAB_EXIM_DIR")
	submit -i -a alice-exim bob@localhost <m
	newest "$LAB_EXIM_DIR" $((n + 1)) >path
	sed '1,/^\r$/d' want >want.body
	sed '1,/^\r$/d' "$(cat path)" | cmp want.body
}

@test "a lone dot ends the message, but not with -i or -oi" {
	{ letter; printf 'before\n.\nafter\n'; } >m
	{ letter; printf 'before\n'; } | crlf >want
	sent submit bob@localhost <m
	arrived want
	crlf <m >want
	sent submit -i bob@localhost <m
	arrived want
	sent submit -oi bob@localhost <m
	arrived want
	# not a lone one
	{ letter; printf '..\n. \n .\nend\n'; } >m
	crlf <m >want
	sent submit bob@localhost <m
	arrived want
}

@test "an mbox From line at the top is dropped, others stay" {
	{ letter; printf 'From here on\n'; } >m
	crlf <m >want
	{ echo 'From alice Tue Nov 24 10:00:00 2026'; cat m; } >mbox
	sent submit -t <mbox
	arrived want
}

@test "7-bit mail asks for nothing, 8-bit mail for 8BITMIME" {
	letter >m
	sent submit -t <m
	envelope_no BODY=
	{ letter; printf 'Grüße \xff\n'; } >m
	crlf <m >want
	sent submit -t <m
	arrived want
	grep -q '^MAIL.* BODY=8BITMIME' "$(sink_last_env)"
	n=$(count_of "$LAB_POOR_DIR")
	submit -t -a alice-poor <m
	eml=$(newest "$LAB_POOR_DIR" $((n + 1)))
	cmp want "$eml"
	grep -q '^MAIL.* BODY=8BITMIME' "${eml%.eml}.env"
}

@test "a NUL or a long line needs BINARYMIME, and is refused where that is not offered" {
	{ letter; printf 'a\0b\n'; } >nul
	{ letter; head -c 999 /dev/zero | tr '\0' x; echo; } >long
	{ letter; head -c 998 /dev/zero | tr '\0' x; echo; } >fits
	for m in nul long; do
		crlf <"$m" >want
		sent submit -t <"$m"
		arrived want
		grep -q '^MAIL.* BODY=BINARYMIME' "$(sink_last_env)"
		refuses 69 BINARYMIME submit -t -a alice-exim <"$m"
		refuses 69 BINARYMIME submit -t -a alice-poor <"$m"
	done
	crlf <fits >want
	sent submit -t <fits
	arrived want
	envelope_no BODY=
}

@test "the size is declared, to the octet" {
	{ letter; printf '.dots\n\n'; } >m
	n=$(count_of "$LAB_POOR_DIR")
	submit -t -i -a alice-poor <m
	eml=$(newest "$LAB_POOR_DIR" $((n + 1)))
	grep -qw "SIZE=$(stat -c %s "$eml")" "${eml%.eml}.env"
}

@test "over the server's limit: refused before any of it is sent" {
	{ letter; yes 'A line of a message that is too large.' | head -c 2500000; } >m
	refuses 69 '' submit -t <m
	run --separate-stderr submit -t -vv <m
	is 69
	run ! grep -E 'BDAT|DATA' <<<"$stderr"
	{ letter; yes 'A line of a message that is not.' | head -c 1900000; } >m
	sent submit -t <m
	without_trace <"$(sink_last)" | head -c 1900000 | cmp - <(crlf <m | head -c 1900000)
}

@test "addresses beyond ASCII need SMTPUTF8" {
	{ head_of 'grüße@localhost'; printf '\nHello\n'; } >m
	n=$(count_of "$LAB_POOR_DIR")
	submit -t -a alice-poor <m
	eml=$(newest "$LAB_POOR_DIR" $((n + 1)))
	grep -q '^MAIL.* SMTPUTF8' "${eml%.eml}.env"
	grep -q 'RCPT TO:<grüße@localhost>' "${eml%.eml}.env"
	refuses 69 SMTPUTF8 submit -t <m
	letter >m
	submit -a alice-poor -f 'käthe@localhost' bob@localhost <m
	eml=$(newest "$LAB_POOR_DIR" $((n + 2)))
	grep -q '^MAIL FROM:<käthe@localhost>.* SMTPUTF8' "${eml%.eml}.env"
	submit -a alice-poor bob@localhost <m
	eml=$(newest "$LAB_POOR_DIR" $((n + 3)))
	run ! grep SMTPUTF8 "${eml%.eml}.env"
}

@test "the account: -a, else the author's, else that of -f, else the first" {
	letter >m
	sed 's/^From:.*/From: Bob <BOB@LOCALHOST>/; s/^From: Bob <BOB@/From: Bob <bob@/' m >m.bob
	sed 's/^From:.*/From: Zoe <zoe@example.org>/' m >m.zoe
	account() { run --separate-stderr submit -v "$@" dave@localhost; is 0; }
	account <m.bob
	says 'account bob'
	sink_wait $((before + 1))
	grep -q '^MAIL FROM:<bob@localhost>' "$(sink_last_env)"
	account -f bob@localhost <m.zoe
	says 'account bob'
	account -f bob@localhost <m
	says 'account alice'
	account <m.zoe
	says 'account alice'
	account -a bob <m
	says 'account bob'
	{ echo 'Resent-From: bob@localhost'; cat m; } >m.resent
	account <m.resent
	says 'account bob'
	refuses 78 nobody submit -a nobody bob@localhost <m
}

@test "refused recipients are named; the exit status says for good or for now" {
	letter >m
	run --separate-stderr submit bob@localhost reject1@localhost carol@localhost <m
	is 69
	says 'reject1@localhost: 550'
	says 'sent, but not to 1 of 3 recipients'
	sink_wait $((before + 1))
	envelope 'RCPT TO:<bob@localhost>'
	envelope 'RCPT TO:<carol@localhost>'
	envelope_no reject1
	run --separate-stderr submit bob@localhost defer1@localhost <m
	is 75
	says 'defer1@localhost: 451'
	run --separate-stderr submit defer1@localhost reject1@localhost bob@localhost <m
	is 69
	says 'not to 2 of 3'
	for account in alice-exim alice-poor; do
		run --separate-stderr submit -a "$account" bob@localhost reject1@localhost <m
		is 69
		says 'reject1@localhost: 550'
	done
}

@test "nobody is accepted: nothing is sent" {
	letter >m
	n=$(messages)
	for account in alice alice-exim alice-poor; do
		run --separate-stderr submit -a "$account" reject1@localhost reject2@localhost <m
		is 69
		run --separate-stderr submit -a "$account" defer1@localhost <m
		is 75
	done
	[ "$(messages)" -eq "$n" ]
}

@test "--all-or-none sends nothing when one is refused, all of it when none is" {
	letter >m
	n=$(messages)
	for account in alice alice-exim alice-poor; do
		run --separate-stderr submit -a "$account" --all-or-none bob@localhost reject1@localhost <m
		is 69
		says reject1@localhost
		run --separate-stderr submit -a "$account" --all-or-none defer1@localhost bob@localhost <m
		is 75
	done
	[ "$(messages)" -eq "$n" ]
	sent submit --all-or-none bob@localhost carol@localhost <m
	envelope 'RCPT TO:<carol@localhost>'
}

@test "--json: an object for each recipient" {
	letter >m
	run --separate-stderr submit --json bob@localhost reject1@localhost <m
	is 69
	/usr/bin/python3 - "$output" <<-'END'
		import json, sys
		a, b = [json.loads(line) for line in sys.argv[1].splitlines()]
		assert (a["event"], a["recipient"], a["code"]) == ("accepted", "bob@localhost", 250), a
		assert (b["event"], b["recipient"], b["code"]) == ("refused", "reject1@localhost", 550), b
		assert b["reply"].startswith("550 5.1.1"), b
	END
}

@test "bad recipients: line ends, blanks, no address; nothing is sent" {
	letter >m
	refuses 65 'line end' submit $'bob@localhost\r\nRCPT TO:<eve@localhost>' <m
	refuses 65 'line end' submit $'bob@localhost\n' <m
	refuses 65 '' submit 'bob@local host' <m
	refuses 65 '' submit '<bob@localhost' <m
	refuses 65 '' submit 'bob@' <m
	refuses 65 -f submit -f $'eve@localhost>\r\nRCPT TO:<x@localhost' bob@localhost <m
	refuses 65 To submit -t <<<$'From: alice@localhost\nTo: bob@@localhost\n\nx'
	refuses 64 'no recipients' submit <m
	refuses 64 'no recipients' submit -t <<<$'From: alice@localhost\nSubject: x\n\nx'
	refuses 65 'empty' submit bob@localhost </dev/null
}

@test "addresses that begin with a dash are addresses" {
	letter >m
	sent submit -- -bob@localhost <m
	envelope 'RCPT TO:<-bob@localhost>'
	letter '-carol@localhost' >m
	sent submit -t <m
	envelope 'RCPT TO:<-carol@localhost>'
}

@test "options that are wrong" {
	letter >m
	refuses 64 '' submit -N often bob@localhost <m
	refuses 64 '' submit -N never,success bob@localhost <m
	refuses 64 '' submit -N success, bob@localhost <m
	refuses 64 '' submit -R all bob@localhost <m
	refuses 64 '' submit -bd bob@localhost <m
	refuses 64 '' submit --assembly --burl imap://x/ bob@localhost <m
	run --separate-stderr submit -Z bob@localhost <m
	is 64
	run lm-submit --help
	is 0
	[[ $output = usage:* ]]
}

@test "DSN: NOTIFY, RET and ENVID come through octet for octet" {
	letter >m
	sent submit -N success,failure -R hdrs -V 'id+1=2 x' bob@localhost <m
	grep -q '^MAIL FROM:<alice@localhost>.* RET=HDRS ENVID=id+2B1+3D2+20x\( \|$\)' "$(sink_last_env)" ||
		grep -q '^MAIL FROM:<alice@localhost>.* ENVID=id+2B1+3D2+20x RET=HDRS\( \|$\)' "$(sink_last_env)"
	grep -qi '^RCPT TO:<bob@localhost> .*NOTIFY=SUCCESS,FAILURE' "$(sink_last_env)"
	grep -qi '^RCPT TO:<bob@localhost> .*ORCPT=rfc822;bob@localhost' "$(sink_last_env)"
	sent submit -N never bob@localhost <m
	grep -qi '^RCPT TO:<bob@localhost> .*NOTIFY=NEVER' "$(sink_last_env)"
	envelope_no RET=
	sent submit -N success,delay -R full bob@localhost <m
	grep -qi '^RCPT TO:<bob@localhost> .*NOTIFY=SUCCESS,DELAY' "$(sink_last_env)"
	grep -q 'RET=FULL' "$(sink_last_env)"
	refuses 69 DSN submit -N never -a alice-poor bob@localhost <m
	refuses 65 '' submit -V $'x\r\nRCPT TO:<eve@localhost>' bob@localhost <m
}

@test "--assembly: texts and files, one after the other" {
	head_of bob@localhost | crlf >top
	printf 'Bcc: secret@localhost\r\n\r\nHello \r\n' >rest
	printf '.file\r\nGr\xc3\xbc\xc3\x9fe\r\n' >part
	{
		printf 'text %d\n' "$(cat top rest | wc -c)"; cat top rest
		printf '\nfile %s\n' ./part
		printf 'text 6\n.\r\nx\r\n\nfile %s\n' "$BATS_TEST_TMPDIR/part"
	} >assembly
	{ cat top; printf '\r\nHello \r\n'; cat part; printf '.\r\nx\r\n'; cat part; } >want
	sent submit --assembly -t <assembly
	arrived want
	envelope 'RCPT TO:<secret@localhost>'
	n=$(count_of "$LAB_POOR_DIR")
	submit --assembly -t -a alice-poor <assembly
	cmp want "$(newest "$LAB_POOR_DIR" $((n + 1)))"
	refuses 66 missing submit --assembly bob@localhost <<<'file ./missing'
	refuses 65 '' submit --assembly bob@localhost <<<'text 99'
	refuses 65 '' submit --assembly bob@localhost <<<'nonsense'
}

# url_of MAILBOX [OPTION...]: the URL of its message 1, authorised.
url_of() { lm-genurl -c "$LAB_CONFIG" "${@:2}" "alice/$1/;UID=1"; }

@test "--assembly with a URL, by BURL where there is BURL, else relayed" {
	box=$(mailbox box)
	a_message Original >original
	deliver "$box" <original
	head_of bob@localhost | crlf >top
	printf 'MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n' >>top
	{ printf 'text %d\n' "$(stat -c %s top)"; cat top; printf '\nurl %s\n' "$(url_of "$box")"; } >assembly
	cat top original >want
	sent submit --assembly -t <assembly
	arrived want
	n=$(count_of "$LAB_POOR_DIR")
	submit --assembly -t -a alice-poor <assembly
	cmp want "$(newest "$LAB_POOR_DIR" $((n + 1)))"
	n=$(count_of "$LAB_EXIM_DIR")
	run --separate-stderr submit -v --assembly -t -a alice-exim <assembly
	is 0
	says 'no BURL'
	newest "$LAB_EXIM_DIR" $((n + 1)) >path
	sed '1,/^\r$/d' "$(cat path)" | cmp original
}

@test "--burl: the URL as an argument and on standard input, recipients from its header" {
	box=$(mailbox box)
	letter 'Bob <bob@localhost>' | crlf >draft
	deliver "$box" <draft
	url=$(url_of "$box")
	sent submit --burl "$url" carol@localhost </dev/null
	arrived draft
	envelope 'RCPT TO:<carol@localhost>'
	envelope_no bob
	sent submit --burl - dave@localhost <<<"$url"
	arrived draft
	sent submit -t --burl "$url" </dev/null
	arrived draft
	envelope 'RCPT TO:<bob@localhost>'
	refuses 66 'no URL' submit --burl - bob@localhost </dev/null
	refuses 65 '' submit --burl 'http://localhost/' bob@localhost </dev/null
	refuses 65 'not an authorised URL' submit --burl "alice/$box/;UID=1" bob@localhost </dev/null
	refuses 69 BURL submit -a alice-poor --burl "$url" bob@localhost </dev/null
}

@test "--burl -t of a draft with Bcc: refused, for everybody would see it" {
	box=$(mailbox box)
	{ head_of bob@localhost; printf 'Bcc: secret@localhost\n\nHello\n'; } | crlf | deliver "$box"
	refuses 65 'Bcc' submit -t --burl "$(url_of "$box")" </dev/null
}

@test "a URL that is forged, expired or revoked: refused in clear words, nothing sent" {
	box=$(mailbox box)
	letter | crlf | deliver "$box"
	url=$(url_of "$box")
	refuses 69 '' submit --burl "${url%?????}00000" bob@localhost </dev/null
	soon=$(url_of "$box" -x 1s)
	end=${soon##*;EXPIRE=} end=${end%%;*}
	until [ "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \> "$end" ]; do sleep 0.1; done
	refuses 69 '' submit --burl "$soon" bob@localhost </dev/null
	lm-genurl -c "$LAB_CONFIG" --reset "alice/$box"
	refuses 69 '' submit --burl "$url" bob@localhost </dev/null
	says 554
	{ head_of bob@localhost; echo; } | crlf >top
	{ printf 'text %d\n' "$(stat -c %s top)"; cat top; printf '\nurl %s\n' "$url"; } >assembly
	refuses 69 '' submit --assembly -t <assembly
	# a stale one is found out before
	refuses 65 stale submit --burl "${url%%UIDVALIDITY=*}UIDVALIDITY=1/${url#*UIDVALIDITY=*/}" bob@localhost </dev/null
}

@test "a wrong password, a wrong certificate, nobody there" {
	letter >m
	refuses 77 '' submit -o pass-command='echo wrong' bob@localhost <m
	refuses 77 '' submit -a alice-poor -o pass-command='echo wrong' bob@localhost <m
	refuses 77 '' submit -a alice-exim -o pass-command='echo wrong' bob@localhost <m
	refuses 77 '' submit -o tls-ca=/etc/ssl/certs/ca-certificates.crt bob@localhost <m
	refuses 75 '' submit -o submit=submissions://alice@localhost:1 bob@localhost <m
	refuses 64 "" submit -o nonsense=1 bob@localhost <m
	refuses 78 '' lm-submit bob@localhost <m
}

@test "a host that does not exist, many times" {
	letter >m
	for _ in $(seq 30); do
		refuses 68 'nowhere.invalid does not exist' submit -o submit=submissions://alice@nowhere.invalid bob@localhost <m
	done
}

@test "STARTTLS" {
	letter >m
	crlf <m >want
	sent submit -a alice-starttls -t <m
	arrived want
}

# ---- round trips

# meter NAME PORT [OPTION...]: a relay to PORT with a delay; METER is its port.
meter() {
	local name=$1 port=$2 i
	shift 2
	/usr/bin/python3 -B "$BATS_TEST_DIRNAME/lab/meter.py" --delay 30 "$@" 0 127.0.0.1 "$port" "$BATS_TEST_TMPDIR/$name" \
		>"$BATS_TEST_TMPDIR/$name.port" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	METERS+=" $!"
	for i in $(seq 200); do
		read -r METER <"$BATS_TEST_TMPDIR/$name.port" && return 0
		sleep 0.02
	done
	return 1
}
meters_down() {
	local pid
	for pid in ${METERS-}; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	METERS=
	return 0
}

# trips NAME N: the round trips of connection N, once it has ended.
trips() {
	local i
	for i in $(seq 200); do
		grep -q "^$2.round-trips" "$BATS_TEST_TMPDIR/$1" 2>/dev/null && break
		sleep 0.05
	done
	sed -n "s/^$2.round-trips //p" "$BATS_TEST_TMPDIR/$1"
}

@test "round trips: Exim with PIPECONNECT, first and again" {
	letter >m
	meter report "$LAB_EXIM_PORT"
	n=$(count_of "$LAB_EXIM_DIR")
	to=(-a alice-exim -o "submit=submissions://alice@localhost:$METER" -o "auth=plain" bob@localhost)
	submit "${to[@]}" <m
	first=$(trips report 1)
	submit "${to[@]}" <m
	second=$(trips report 2)
	echo "first $first, then $second"
	newest "$LAB_EXIM_DIR" $((n + 2)) >path
	[ "$(count_of "$LAB_EXIM_DIR")" -eq $((n + 2)) ]
	# TCP, TLS, greeting, EHLO, AUTH, the mail, and QUIT, for whose answer nobody waits;
	# then TCP, TLS, one for all the rest, and QUIT
	[ "$first" -le 7 ]
	[ "$second" -le 4 ]
	[ "$second" -lt "$first" ]
	# without the cache it works as the first time
	rm -r "$XDG_CACHE_HOME"
	submit "${to[@]}" <m
	[ "$(trips report 3)" -le 7 ]
	newest "$LAB_EXIM_DIR" $((n + 3)) >path
}

@test "round trips: Dovecot, which takes a flight behind AUTH and behind EHLO: learned one by one" {
	letter >m
	meter report "$LAB_SUBMISSIONS_PORT"
	to=(-o "submit=submissions://alice@localhost:$METER" -o "auth=plain" bob@localhost)
	for _ in 1 2 3; do sent submit "${to[@]}" <m; done
	first=$(trips report 1) third=$(trips report 3)
	echo "first $first, at last $third"
	# TCP, TLS, greeting, EHLO, AUTH, the mail, QUIT; then TCP, TLS, greeting, all the rest, QUIT
	[ "$first" -le 7 ]
	[ "$third" -le 5 ]
	[ "$third" -lt "$first" ]
}

# the file in which what the submission server said is remembered
memo() { find "$XDG_CACHE_HOME/lm" -name '*.submit.memo'; }

@test "a cache that lies: what the server lacks is found out, and the mail goes once" {
	letter >m
	crlf <m >want
	n=$(count_of "$LAB_POOR_DIR")
	submit -a alice-poor bob@localhost <m
	[ -s "$(memo)" ]
	for lie in 'PIPECONNECT PIPELINING' 'CHUNKING BINARYMIME PIPELINING' 'PIPELINING' 'PIPECONNECT PIPELINING CHUNKING DSN BURL'; do
		/usr/bin/python3 - "$(memo)" "$lie" <<-'END'
			import sys
			path, words = sys.argv[1], sys.argv[2].split()
			lines = open(path).read().splitlines()
			old = dict(line.split("\t", 1) for line in lines[1:])
			said = old["ehlo-before"].split(";") + words
			keep = [lines[0]]
			for key in ("ehlo", "ehlo-before"):
			    keep.append(key + "\t" + ";".join(said))
			keep += ["auth-takes-flight\tyes", "ehlo-takes-flight\tyes"]
			open(path, "w").write("\n".join(keep) + "\n")
		END
		# At worst it is told to try again; then the lie is forgotten and nothing was sent.
		run --separate-stderr submit -a alice-poor bob@localhost <m
		if [ "$status" -eq 75 ]; then
			[ "$(count_of "$LAB_POOR_DIR")" -eq $((n + 1)) ]
			run --separate-stderr submit -a alice-poor bob@localhost <m
		fi
		is 0
		n=$((n + 1))
		cmp want "$(newest "$LAB_POOR_DIR" $((n + 1)))"
		[ "$(count_of "$LAB_POOR_DIR")" -eq $((n + 1)) ]
	done
	# rubbish is no cache
	head -c 3000 /dev/urandom >"$(memo)"
	submit -a alice-poor bob@localhost <m
	cmp want "$(newest "$LAB_POOR_DIR" $((n + 2)))"
	chmod 0 "$XDG_CACHE_HOME/lm"
	submit -a alice-poor bob@localhost <m
	chmod 700 "$XDG_CACHE_HOME/lm"
}

#!/usr/bin/env bats
# lm-fwd against Dovecot, and the pipelines that do the same.
bats_require_minimum_version 1.5.0
load common

setup_file() { lab_up dovecot sink exim poor; }
teardown_file() { lab_down; }
setup() {
	lab_env
	box=$(mailbox box)
	before=$(sink_count)
}


# arrived ORIGINAL: one message more in the sink, the right forward of it.
arrived() {
	sink_wait $((before + 1))
	"$BATS_TEST_DIRNAME/demo_check.py" "$1" "$(sink_last)" <<<""
}

store() {
	a_message Holiday >"$BATS_TEST_TMPDIR/original"
	deliver "$box" <"$BATS_TEST_TMPDIR/original"
	original=$BATS_TEST_TMPDIR/original
	url="alice/$box/;UID=1"
}

# the note that demo_check.py looks for
note='See the pictures.'
forward() { lm-fwd -c "$LAB_CONFIG" -T bob@localhost -m "$note" "$@"; }

flags_of() { imap "EXAMINE $1" "UID FETCH ${2:-1} (FLAGS)" | grep -a 'FETCH ('; }

# messages_in MAILBOX: how many messages it holds.
messages_in() { imap "STATUS $1 (MESSAGES)" | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p'; }

@test "each strategy delivers the original octet for octet, keeps a copy and marks the original" {
	store
	for strategy in burl catenate relay; do
		before=$(sink_count)
		run --separate-stderr forward -S "$strategy" "$url"
		[ "$status" -eq 0 ] || { echo "$strategy: $stderr"; false; }
		one_line
		[[ $output = "sent	<"*">	$strategy	imap://alice@$LAB_URL_AUTHORITY/Sent;UIDVALIDITY="*"/;UID="* ]]
		arrived "$original"
		copy=$(cut -f4 <<<"$output")
		uid=${copy##*UID=}
		flags=$(flags_of Sent "$uid")
		[[ $flags = *'$Submitted'* && $flags = *'\Seen'* && $flags != *'\Draft'* ]]
		[[ $(flags_of "$box") = *'$Forwarded'* ]]
	done
}

@test "the copy in Sent is what was sent" {
	store
	run --separate-stderr forward -S burl "$url"
	[ "$status" -eq 0 ]
	sink_wait $((before + 1))
	uid=$(cut -f4 <<<"$output") uid=${uid##*UID=}
	imap 'EXAMINE Sent' "UID FETCH $uid BODY.PEEK[]" >"$BATS_TEST_TMPDIR/fetched"
	run "$BATS_TEST_DIRNAME/lab/same_message.py" "$BATS_TEST_TMPDIR/fetched" "$(sink_last)"
	[ "$status" -eq 0 ]
}

@test "auto takes catenate, burl without a copy, relay without BURL; -v says why" {
	store
	run --separate-stderr forward "$url"
	[[ $output = *"	catenate	"* ]]
	run --separate-stderr forward -o sent-copy=no "$url"
	[[ $output = *"	burl	-	"* ]]
	run --separate-stderr forward -v -a alice-exim "alice-exim/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	[[ $output = *"	relay	"* ]]
	[[ $stderr = *"not catenate: no BURL imap at the submission server"* ]]
	run --separate-stderr forward -a alice-poor "alice-poor/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	[[ $output = *"	relay	"* ]]
}

@test "relay by DATA and by BDAT deliver the same octets" {
	store
	run --separate-stderr forward -S relay -a alice-poor -o sent-copy=no "alice-poor/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	for i in $(seq 50); do ls "$LAB_POOR_DIR"/*.env >/dev/null 2>&1 && break; sleep 0.1; done
	"$BATS_TEST_DIRNAME/demo_check.py" "$original" "$(find "$LAB_POOR_DIR" -name '*.eml' | sort | tail -n 1)"
}

@test "a strategy that cannot be kept is an error, and nothing is sent" {
	store
	run --separate-stderr forward -S burl -a alice-exim "alice-exim/$box/;UID=1"
	[ "$status" -eq 69 ]
	[[ $stderr = *"strategy burl needs BURL imap at the submission server"* ]]
	[ -z "$output" ]
}

@test "a part goes with its own MIME header and nothing of the rest" {
	store
	run --separate-stderr forward -S burl -p 2 "$url"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	arrived "$original"
	run grep -c 'X-Secret\|carol@' "$(sink_last)"
	[ "$output" = 0 ]
}

@test "the part of a message that is not multipart brings no header of the message" {
	crlf <<-END >"$BATS_TEST_TMPDIR/single"
		From: Carol <carol@example.net>
		Received: from secret.example
		X-Secret: must not leak
		Subject: One
		MIME-Version: 1.0
		Content-Type: text/html; charset=utf-8

		<p>Hello</p>
	END
	deliver "$box" <"$BATS_TEST_TMPDIR/single"
	run --separate-stderr forward -S burl -p 1 "alice/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	sink_wait $((before + 1))
	run cat "$(sink_last)"
	[[ $output != *X-Secret* && $output != *secret.example* && $output != *carol@* ]]
	[[ $output = *"Content-Type: text/html; charset=utf-8"* && $output = *"<p>Hello</p>"* ]]
}

@test "subject, references and note" {
	crlf <<-END >"$BATS_TEST_TMPDIR/words"
		From: Carol <carol@example.net>
		Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Wien
		Message-ID: <second@example.net>
		References: <first@example.net>

		Hello
	END
	deliver "$box" <"$BATS_TEST_TMPDIR/words"
	run --separate-stderr lm-fwd -c "$LAB_CONFIG" -T 'Bob Ä <bob@localhost>' -m 'Grüße' -S burl "alice/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	sink_wait $((before + 1))
	run /usr/bin/python3 - "$(sink_last)" <<-'END'
		import email, email.policy, sys
		m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
		assert m["Subject"] == "Fwd: Grüße aus Wien", m["Subject"]
		assert m["References"] == "<first@example.net> <second@example.net>", m["References"]
		assert m["To"].addresses[0].display_name == "Bob Ä", m["To"]
		note = m.get_payload(0)
		assert note.get_content().strip() == "Grüße", note.get_content()
		assert note.get_param("format") == "flowed"
		assert m.get_payload(1).get_content_type() == "message/rfc822"
	END
	[ "$status" -eq 0 ]
}

@test "the pipelines: genurl and submit, draft and genurl and submit" {
	store
	forward --assembly "$url" | lm-genurl -c "$LAB_CONFIG" --assembly |
		lm-submit -c "$LAB_CONFIG" --assembly -t
	arrived "$original"
	before=$(sink_count)
	forward --assembly "$url" | lm-draft -c "$LAB_CONFIG" alice/Sent | lm-genurl -c "$LAB_CONFIG" |
		lm-submit -c "$LAB_CONFIG" --burl - bob@localhost
	arrived "$original"
}

@test "Bcc is in the envelope and in no header" {
	store
	run --separate-stderr forward -B carol@localhost -S burl "$url"
	[ "$status" -eq 0 ]
	sink_wait $((before + 1))
	grep -q 'RCPT TO:<carol@localhost>' "$(sink_last_env)"
	run grep -ciE '^bcc:|carol@localhost' "$(sink_last)"
	[ "$output" = 0 ]
	before=$(sink_count)
	forward --assembly -B carol@localhost "$url" | lm-genurl -c "$LAB_CONFIG" --assembly |
		lm-submit -c "$LAB_CONFIG" --assembly -t
	sink_wait $((before + 1))
	grep -q 'RCPT TO:<carol@localhost>' "$(sink_last_env)"
	run grep -ciE '^bcc:|carol@localhost' "$(sink_last)"
	[ "$output" = 0 ]
}

@test "several messages and URLs from standard input" {
	store
	deliver "$box" <"$original"
	run --separate-stderr bash -c "printf '%s\n' 'alice/$box/;UID=1' 'alice/$box/;UID=2' | lm-fwd -c '$LAB_CONFIG' -T bob@localhost -"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	sink_wait $((before + 1))
	[ "$(grep -c 'Content-Type: message/rfc822' "$(sink_last)")" -eq 2 ]
}

# refused STATUS TEXT COMMAND...: that exit status, that text in one line, nothing sent, no draft left.
refused() {
	local want=$1 text=$2 sent
	shift 2
	sent=$(messages_in Sent)
	run --separate-stderr "$@"
	[ "$status" -eq "$want" ] || { echo "status $status: $stderr"; return 1; }
	[[ $stderr = *"$text"* ]] || { echo "$stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ]
	[ "$(sink_count)" -eq "$before" ]
	[ "$(messages_in Sent)" = "$sent" ]
}

@test "bad URLs: stale, no message, no section, other server, malformed, no account" {
	store
	refused 65 'stale URL' forward "alice/$box;UIDVALIDITY=1/;UID=1"
	refused 65 'no such message' forward "alice/$box/;UID=99"
	refused 65 'no such section' forward -p 7 "$url"
	refused 65 'no such section' forward "$url/;SECTION=2.1"
	refused 65 'URL of another server' forward 'imap://alice@elsewhere.example/INBOX/;UID=1'
	refused 65 'names no message' forward "alice/$box"
	refused 65 '' forward "imap://alice@localhost/%zz/;UID=1"
	refused 78 'nobody' forward "nobody/INBOX/;UID=1"
	refused 64 '' forward -Z "$url"
	refused 64 '' lm-fwd -c "$LAB_CONFIG" "$url"
	refused 64 'no part specifier' forward -p 0 "$url"
}

@test "bad addresses and notes" {
	store
	refused 65 'line end' forward -T $'eve@example.org\r\nRCPT TO:<x@y>' "$url"
	refused 65 '' forward -T 'eve@' "$url"
	refused 65 'not UTF-8' lm-fwd -c "$LAB_CONFIG" -T bob@localhost -m $'\xff' "$url"
	refused 65 '' forward -s $'x\r\nBcc: eve@example.org' "$url"
}

@test "an address that begins with a dash is an address" {
	store
	run --separate-stderr lm-fwd -c "$LAB_CONFIG" -T-bob@localhost -S burl "$url"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
	sink_wait $((before + 1))
	grep -q 'RCPT TO:<-bob@localhost>' "$(sink_last_env)"
}

@test "refused recipients are named; --all-or-none sends nothing" {
	store
	run --separate-stderr forward -S burl -C reject1@localhost "$url"
	[ "$status" -eq 69 ]
	[[ $stderr = *"reject1@localhost: 550"* && $stderr = *"sent, but not to 1 of 2"* ]]
	sink_wait $((before + 1))
	before=$(sink_count)
	run --separate-stderr forward -S catenate --all-or-none -C reject1@localhost "$url"
	[ "$status" -eq 69 ]
	sleep 0.2
	[ "$(sink_count)" -eq "$before" ]
	run --separate-stderr forward -S burl -C defer1@localhost "$url"
	[ "$status" -eq 75 ]
}

@test "no recipient accepted: nothing is sent and no draft stays" {
	store
	sent=$(messages_in Sent)
	for strategy in catenate burl relay; do
		run --separate-stderr lm-fwd -c "$LAB_CONFIG" -S "$strategy" -T reject@localhost "$url"
		[ "$status" -eq 69 ] || { echo "$strategy: $status $stderr"; false; }
		[ "$(messages_in Sent)" = "$sent" ]
	done
	[[ $(flags_of "$box") != *'$Forwarded'* ]]
}

@test "a wrong password is 77, a wrong certificate is 77" {
	store
	refused 77 '' forward -o pass-command='echo wrong' "$url"
	refused 77 '' forward -o tls-ca=/etc/ssl/certs/ca-certificates.crt "$url"
	refused 77 '' forward -o tls-fingerprint=sha256:0000000000000000000000000000000000000000000000000000000000000000 "$url"
}

@test "STARTTLS accounts work" {
	store
	run --separate-stderr forward -a alice-starttls "alice-starttls/$box/;UID=1"
	[ "$status" -eq 0 ] || { echo "$stderr"; false; }
}

@test "--json is JSON" {
	store
	run --separate-stderr forward --json "$url"
	[ "$status" -eq 0 ]
	python3 -c 'import json, sys; r = json.loads(sys.argv[1]); assert r["event"] == "sent" and r["strategy"] == "catenate"' "$output"
}

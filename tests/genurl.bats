#!/usr/bin/env bats
# lm-genurl against Dovecot: what is signed, for whom, how long, and what it yields.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot sink
	# the same without URLAUTH
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ UIDPLUS' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/plain" dovecot sink 3>&-
}
teardown_file() {
	[ ! -d "$LABS/plain" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/plain"
	lab_down
}
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
}

genurl() { lm-genurl -c "$LAB_CONFIG" "$@"; }
# What the submission server may fetch, its user may not: these are for the account itself.
mine() { genurl -u user+alice "$@"; }

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }

# says TEXT: it is on standard error.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }

# refuses CODE TEXT COMMAND...: that status, one line with that text, nothing on stdout.
refuses() {
	local code=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	is "$code" || return 1
	says "$text" || return 1
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
}

# gives COMMAND...: status 0, one line on stdout, nothing on stderr.
gives() {
	run --separate-stderr "$@"
	is 0 || return 1
	one_line || return 1
	[ -z "$stderr" ] || { echo "on stderr: $stderr"; return 1; }
}

store() {
	a_message Original >original
	deliver "$box" <original
	url="alice/$box/;UID=1"
}

# expires SECONDS: the URL in the output does so that long from now, give or take a minute.
expires() {
	local end=${output##*;EXPIRE=} left
	end=${end%%;*}
	[[ $end =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]] || { echo "no time: $end"; return 1; }
	left=$(($(date -d "$end" +%s) - $(date +%s) - $1))
	[ "${left#-}" -le 60 ] || { echo "expires $end"; return 1; }
}

@test "for the submission server, on behalf of the account's user, for an hour" {
	store
	gives genurl "$url"
	[[ $output =~ ^imap://alice@$LAB_URL_AUTHORITY/$box\;UIDVALIDITY=[0-9]+/\;UID=1\;EXPIRE=[-0-9T:]+Z\;URLAUTH=submit\+alice:internal:[0-9a-f]{32,}$ ]] ||
		{ echo "$output"; false; }
	expires 3600
	gives genurl "$url/;SECTION=2"
	[[ $output = *"/;UID=1/;SECTION=2;EXPIRE="* ]]
	gives genurl "$url/;SECTION=1.MIME"
	gives genurl -a alice "imap://alice@$LAB_URL_AUTHORITY/$box/;UID=1"
}

@test "-x: durations, a time, never; the past is refused" {
	store
	for x in 90m/5400 12h/43200 7d/604800 30s/30; do
		gives genurl -x "${x%/*}" "$url"
		expires "${x#*/}"
	done
	gives genurl -x 2099-12-24T18:00:00Z "$url"
	[[ $output = *';EXPIRE=2099-12-24T18:00:00Z;'* ]]
	gives genurl -x 2099-12-24T18:00:00+01:00 "$url"
	[[ $output = *';EXPIRE=2099-12-24T17:00:00Z;'* ]]
	gives genurl -x never "$url"
	[[ $output != *EXPIRE* ]]
	refuses 64 'past' genurl -x 2001-01-01T00:00:00Z "$url"
	for x in '' 0 0s -1h 1x tomorrow 2099-13-01T00:00:00Z 2099-12-24 99999999999999999999d; do
		refuses 64 '' genurl -x "$x" "$url"
	done
}

@test "-u: who may use it" {
	store
	for u in submit+bob user+bob authuser anonymous; do
		gives genurl -u "$u" "$url"
		[[ $output = *";URLAUTH=$u:internal:"* ]] || { echo "$output"; false; }
	done
	for u in '' submit submit+ user+ everybody; do
		refuses 64 '' genurl -u "$u" "$url"
	done
	# no way out of the field
	gives genurl -u 'user+a b:internal:' "$url"
	[[ $output = *';URLAUTH=user+a%20b%3Ainternal%3A:internal:'* ]]
	# which the server may not know (RFC 5593)
	run --separate-stderr genurl -u stream "$url"
	[ "$status" -eq 0 ] || [ "$status" -eq 69 ]
}

@test "mailboxes with blanks, umlauts and what URLs must escape" {
	a_message Original >original
	for name in "Entwürfe $BATS_TEST_NUMBER" "a b%c;d&e$BATS_TEST_NUMBER" "sub$BATS_TEST_NUMBER/Ordner"; do
		deliver "$name" <original
		escaped=$(/usr/bin/python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$name")
		gives mine "alice/$escaped/;UID=1"
		[[ $output = *"/$escaped;UIDVALIDITY="* ]] || { echo "$output"; false; }
		genurl --fetch "$output" >fetched
		cmp original fetched
	done
	gives genurl "alice/Entwürfe $BATS_TEST_NUMBER/;UID=1"
}

@test "many URLs: as arguments, from standard input; the order stays" {
	a_message Original >original
	for _ in 1 2 3; do deliver "$box" <original; done
	run --separate-stderr genurl "alice/$box/;UID=3" "alice/$box/;UID=1" "alice/$box/;UID=2"
	is 0
	[[ ${lines[0]} = *';UID=3;'* && ${lines[1]} = *';UID=1;'* && ${lines[2]} = *';UID=2;'* ]]
	# the first field of a line counts; blank lines do not
	run --separate-stderr genurl - <<-END
		alice/$box/;UID=2	more	words

		alice/$box/;UID=1/;SECTION=2
	END
	is 0
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} = *';UID=2;'* && ${lines[1]} = *';UID=1/;SECTION=2;'* ]]
	# more than go into one command
	for _ in $(seq 150); do echo "alice/$box/;UID=1/;SECTION=1"; done >list
	run --separate-stderr genurl <list
	is 0
	[ "${#lines[@]}" -eq 150 ]
	[ "$(sort -u <<<"$output" | wc -l)" -le 3 ]
	run --separate-stderr genurl </dev/null
	is 0
	[ -z "$output" ]
}

@test "--json" {
	store
	gives genurl --json "$url"
	/usr/bin/python3 -c 'import json, sys; assert json.loads(sys.argv[1])["url"].startswith("imap://alice@")' "$output"
}

@test "--assembly: the URLs are authorised, everything else passes octet for octet" {
	store
	printf 'a local file' >file
	{
		printf 'text 28\nurl imap://not/this\r\n\0\xff\n\n.\r\n\n'
		printf 'url alice/%s/;UID=1/;SECTION=2\n' "$box"
		printf 'text 0\n\n'
		printf 'file ./file\n'
		printf 'text 3\nabc\n'
		printf 'url imap://alice@%s/%s/;UID=1\n' "$LAB_URL_AUTHORITY" "$box"
	} >assembly
	genurl --assembly -x never <assembly >out
	grep -a '^url imap://alice@' out >urls
	[ "$(wc -l <urls)" -eq 2 ]
	[ "$(grep -c ';URLAUTH=submit+alice:internal:' urls)" -eq 2 ]
	grep -q ';UID=1/;SECTION=2;URLAUTH' urls
	# with the URLs put back it is the same; a text of no octets may be dropped
	/usr/bin/python3 - assembly out <<-'END'
		import re, sys
		a, b = [open(path, "rb").read() for path in sys.argv[1:]]
		url = re.compile(rb"^url (?:alice/|imap://alice)[^\n]*", re.M)
		a, b = [url.sub(b"url X", x).replace(b"text 0\n\n", b"") for x in (a, b)]
		assert a == b, (a, b)
	END
	# through a pipe, too
	genurl --assembly -x never < <(cat assembly) | cmp - out
}

@test "--assembly: a URL that is bad stops it, and nothing is written" {
	store
	refuses 65 'no such message' genurl --assembly <<<"url alice/$box/;UID=99"
	refuses 65 'no such section' genurl --assembly <<<"url alice/$box/;UID=1/;SECTION=9"
	refuses 65 '' genurl --assembly <<<'text 12'
	refuses 65 '' genurl --assembly <<<'frog'
	refuses 65 '' genurl --assembly </dev/null
	refuses 64 '' genurl --assembly "$url" </dev/null
}

@test "--fetch yields the exact octets, of a message, of a part" {
	store
	mine "$url" | genurl --fetch >fetched
	cmp original fetched
	printf 'AAECAwQFBgcICQoLDA0ODw==' >part
	genurl --fetch "$(mine "$url/;SECTION=2")" >fetched
	cmp part fetched
	genurl --fetch "$(mine "$url/;PARTIAL=5.20")" >fetched
	head -c 25 original | tail -c 20 | cmp - fetched
	# a large one, in memory that does not grow
	"$BATS_TEST_DIRNAME/lab/bigmail" 40 >big
	deliver "$box" <big
	big=$(mine "alice/$box/;UID=2")
	/usr/bin/time -f %M -o kilobytes lm-genurl -c "$LAB_CONFIG" --fetch "$big" | cmp big
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
}

@test "--fetch --decode: without the transfer encoding" {
	store
	genurl --fetch --decode "$(mine "$url/;SECTION=2")" >fetched
	printf '\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17' | cmp - fetched
}

@test "--fetch --structure: a record for each part" {
	store
	run --separate-stderr genurl --fetch --structure "$(mine "$url")"
	is 0
	grep -q $'^1\ttext/plain\tutf-8\t7bit\t' <<<"$output"
	grep -q $'^2\tapplication/octet-stream\t-\tbase64\t24\ta.bin$' <<<"$output"
	run --separate-stderr genurl --fetch --structure --json "$(mine "$url")"
	is 0
	/usr/bin/python3 - "$output" <<-'END'
		import json, sys
		parts = [json.loads(line) for line in sys.argv[1].splitlines()]
		assert [p["type"] for p in parts if p["section"] == "2"] == ["application/octet-stream"], parts
	END
}

@test "--decode and --structure go only with --fetch" {
	refuses 64 '' genurl --decode imap://x/
	refuses 64 '' genurl --structure imap://x/
	run lm-genurl --help
	is 0
	[[ $output = usage:* ]]
}

@test "--fetch of what is no authorised URL, of a forged one, of an expired one" {
	store
	refuses 65 'not an authorised URL' genurl --fetch "imap://alice@$LAB_URL_AUTHORITY/$box/;UID=1"
	refuses 65 '' genurl --fetch 'http://localhost/'
	gives mine "$url"
	good=$output
	genurl --fetch "$good" | cmp original
	refuses 65 'does not give it' genurl --fetch "${good%?????}00000"
	refuses 65 'does not give it' genurl --fetch "${good/;UID=1;/;UID=2;}"
	gives mine -x 2s "$url"
	genurl --fetch "$output" | cmp original
	soon=$output
	end=${soon##*;EXPIRE=} end=${end%%;*}
	until [ "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \> "$end" ]; do sleep 0.1; done
	refuses 65 'does not give it' genurl --fetch "$soon"
	# the submission server's
	refuses 65 'not for this user' genurl --fetch "$(genurl "$url")"
}

@test "--reset: what was authorised yields nothing any more, of one mailbox or of all" {
	store
	other=$(mailbox other)
	deliver "$other" <original
	mine "$url" "alice/$other/;UID=1" >urls
	run --separate-stderr genurl --reset "alice/$box"
	is 0
	[ -z "$output$stderr" ]
	refuses 65 'does not give it' genurl --fetch "$(head -n 1 urls)"
	genurl --fetch "$(tail -n 1 urls)" | cmp original
	# a new one is good again
	mine "$url" | genurl --fetch | cmp original
	mine "$url" "alice/$other/;UID=1" >urls
	genurl --reset alice
	refuses 65 'does not give it' genurl --fetch "$(head -n 1 urls)"
	refuses 65 'does not give it' genurl --fetch "$(tail -n 1 urls)"
	refuses 64 '' genurl --reset
	refuses 64 '' genurl --reset alice bob
	refuses 69 '' genurl --reset "alice/no-such-mailbox-$BATS_TEST_NUMBER"
}

@test "what is not there is not signed" {
	store
	refuses 65 'stale URL' genurl "alice/$box;UIDVALIDITY=1/;UID=1"
	refuses 65 'no such message' genurl "alice/$box/;UID=99"
	refuses 65 'no such section' genurl "$url/;SECTION=3"
	refuses 65 'no such section' genurl "$url/;SECTION=1.1"
	refuses 65 'names no message' genurl "alice/$box"
	refuses 65 'another server' genurl 'imap://alice@elsewhere.example/INBOX/;UID=1'
	refuses 65 '' genurl 'imap://localhost/%zz/;UID=1'
	refuses 78 nobody genurl 'nobody/INBOX/;UID=1'
	refuses 69 '' genurl "alice/no-such-mailbox-$BATS_TEST_NUMBER/;UID=1"
	# of several, those before it are not printed half done
	run --separate-stderr genurl "$url" "alice/$box/;UID=99"
	is 65
}

@test "a server without URLAUTH: 69, in clear words" {
	set -a
	. "$LABS/plain/env"
	set +a
	a_message Original | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/plain" alice "$box"
	refuses 69 'does not offer URLAUTH' genurl "alice/$box/;UID=1"
	refuses 69 'does not offer URLAUTH' genurl --reset alice
	refuses 69 'does not offer URLAUTH' genurl -a alice --fetch \
		"imap://alice@localhost/$box/;UID=1;URLAUTH=anonymous:internal:91354a473744909de610943775f92038"
}

@test "the authority: the keyword, what the submission server names, remembered or asked, or a wrong one" {
	store
	gives genurl "alice-ua/$box/;UID=1"
	[[ $output = imap://alice@$LAB_URL_AUTHORITY/* ]]
	run --separate-stderr genurl -v "$url"
	is 0
	says "URL authority $LAB_URL_AUTHORITY (what the submission server names"
	run --separate-stderr genurl -v "$url"
	is 0
	says 'last time'
	rm -r "$XDG_CACHE_HOME"
	gives genurl "$url"
	[[ $output = imap://alice@$LAB_URL_AUTHORITY/* ]]
	refuses 69 '"elsewhere.example:143" was tried' genurl -o url-authority=elsewhere.example "$url"
	says url-authority
	refuses 69 '"localhost:9" was tried' genurl -o url-authority=localhost:9 "$url"
	# nobody who could name it
	rm -r "$XDG_CACHE_HOME"
	refuses 69 '"localhost:143" was tried' genurl -o submit=submissions://alice@localhost:1 "$url"
	says url-authority
}

@test "curl can use it: what lm-genurl made opens without lm" {
	store
	url=$(mine "$url")
	imap "URLFETCH \"$url\"" >answer
	grep -aq 'X-Secret: must not leak' answer
}

@test "standard output that cannot be written is 74" {
	store
	run bash -c "lm-genurl -c '$LAB_CONFIG' '$url' >/dev/full"
	is 74
	run bash -c "lm-genurl -c '$LAB_CONFIG' --fetch '$(mine "$url")' >/dev/full"
	is 74
}

@test "authentication" {
	store
	refuses 77 '' genurl -o pass-command='echo wrong' "$url"
	refuses 77 '' genurl -o tls-ca=/etc/ssl/certs/ca-certificates.crt "$url"
}

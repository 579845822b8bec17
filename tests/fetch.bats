#!/usr/bin/env bats
# lm-fetch against Dovecot, with and without BINARY and PREVIEW: structure, octets, decoding, files.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot
	# the same without BINARY and PREVIEW
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ UIDPLUS' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/plain" dovecot 3>&-
}
teardown_file() {
	[ ! -d "$LABS/plain" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/plain"
	lab_down
}
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
	url="alice/$box/;UID=1"
}

fetch() { lm-fetch -c "$LAB_CONFIG" "$@"; }
# plainly: at the server that decodes nothing.
plainly() { lm-fetch -c "$LABS/plain/config" "$@"; }

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

# gives FILE COMMAND...: exactly its octets, nothing on stderr.
gives() {
	local want=$1
	shift
	"$@" >got 2>err || { echo "exit status $?: $(cat err)"; return 1; }
	cmp got "$want" || { od -c got | head -20; return 1; }
	[ ! -s err ] || { echo "on stderr: $(cat err)"; return 1; }
}

# fields N...: these of the records, TAB written as a blank.
fields() { cut -f "$1" <<<"$output" | tr '\t' ' '; }

# A message of many kinds of parts, and what they are when decoded: 1.1, 2.1, ...
many_parts() {
	crlf >"$1" <<-'END'
		From: a@example.org
		Subject: edge
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary=b

		--b
		Content-Type: multipart/alternative; boundary=c

		--c
		Content-Type: text/plain; charset=iso-8859-1
		Content-Transfer-Encoding: quoted-printable

		Caf=E9 au lait, soft=
		 break.  =20
		End=3D
		--c
		Content-Type: text/html; charset=utf-8

		<p>x</p>
		--c--
		--b
		Content-Type: message/rfc822

		From: inner@example.org
		Subject: inner
		Content-Type: multipart/mixed; boundary=d

		--d
		Content-Transfer-Encoding: base64

		aGVsbG8K
		--d
		Content-Type: image/png; name="=?utf-8?Q?../../etc/passw=C3=B6rd?="
		Content-Transfer-Encoding: base64

		aGVsbG8gd29ybGQK
		--d--

		--b
		Content-Type: application/pdf
		Content-Transfer-Encoding: base64
		Content-Disposition: attachment; filename="../../../evil.pdf"

		aGVs!!bG8g*(
		d29ybG
		QK=
		--b
		Content-Type: application/x-foo; name=".bashrc"
		Content-Transfer-Encoding: x-uuencode

		begin 644 x
		--b--
	END
	printf 'Caf\xe9 au lait, soft break.   \r\nEnd=' >"$1-1.1"
	printf '<p>x</p>' >"$1-1.2"
	sed -n '/^From: inner/,/^--d--/p' "$1" >"$1-2"
	printf 'hello\n' >"$1-2.1"
	printf 'hello world\n' >"$1-2.2"
	printf 'hello world\n' >"$1-3"
}

# both DIRECTORY: the message is in this test's mailbox of either server.
both() {
	"$BATS_TEST_DIRNAME/lab/deliver" "$LABS/plain" alice "$box" <"$1"
	deliver "$box" <"$1"
}

@test "a message, its parts, ranges of them: octet for octet, and nothing is marked as read" {
	many_parts m
	both m
	gives m fetch "$url"
	gives m fetch <<<"$url"
	gives m fetch - <<<"new	$(fetch -s "$url" | head -n 1 | cut -f 1)"
	sed -n '/^Caf=E9/,/^End/p' m | head -c -2 >want
	gives want fetch "$url/;SECTION=1.1"
	gives m-2 fetch "$url/;SECTION=2"
	printf 'Subject: edge\r\n\r\n' >want
	gives want fetch "$url/;SECTION=HEADER.FIELDS%20(SUBJECT)"
	head -c 10 m >want
	gives want fetch -r 0,10 "$url"
	gives want fetch "$url/;PARTIAL=0.10"
	tail -c +11 m >want
	gives want fetch -r 10, "$url"
	gives want fetch -r 10,1G "$url"
	: >want
	gives want fetch -r 1M,5 "$url"
	head -c 106 m | tail -c 6 >want
	gives want fetch -r 100,6 "$url"
	imap "SELECT $box" 'UID SEARCH SEEN' | grep -q $'^\\* SEARCH\r*$'
}

@test "many URLs: one after the other in their order, over mailboxes and accounts, also twice" {
	for i in 1 2 3; do
		a_message "Number $i" "n$i" | deliver "$box"
		a_message "Other $i" "o$i" | deliver "$box-b"
	done
	a_message Third | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" bob INBOX
	urls=()
	for u in "alice/$box/;UID=2" "alice/$box-b/;UID=1" 'bob/INBOX/;UID=1' "alice/$box/;UID=1" "alice/$box/;UID=1" "alice/$box-b/;UID=3" \
		"alice/$box-b/;UID=2" "alice/$box/;UID=3"; do
		urls+=("$u/;SECTION=HEADER.FIELDS%20(SUBJECT)")
	done
	printf 'Subject: %s\r\n\r\n' 'Number 2' 'Other 1' Third 'Number 1' 'Number 1' 'Other 3' 'Other 2' 'Number 3' >want
	gives want fetch "${urls[@]}"
	gives want fetch < <(printf '%s\n' "${urls[@]}")
	gives want fetch "${urls[@]:0:3}" - < <(printf '%s\n' "${urls[@]:3}")
	# records of one mailbox may come together
	run --separate-stderr fetch -s "${urls[@]}"
	is 0
	[ "$(wc -l <<<"$output")" -eq 24 ]
}

@test "-s: a record a part, whose URL is good for the next program" {
	many_parts m
	both m
	run --separate-stderr fetch -s "$url"
	is 0
	[ -z "$stderr" ]
	[ "$(fields 2-)" = ' multipart/mixed - - - -
1 multipart/alternative - - - -
1.1 text/plain iso-8859-1 quoted-printable 43 -
1.2 text/html utf-8 7bit 8 -
2 message/rfc822 - 7bit 274 -
2.TEXT multipart/mixed - - - -
2.1 text/plain us-ascii base64 8 -
2.2 image/png - base64 16 ../../etc/passwörd
3 application/pdf - base64 25 ../../../evil.pdf
4 application/x-foo - x-uuencode 11 .bashrc' ] || { fields 2-; false; }
	[ "$(cut -f 1 <<<"$output" | sed -n 3p)" = "imap://alice@$LAB_HOST/$box;UIDVALIDITY=$(uidvalidity)/;UID=1/;SECTION=1.1" ]
	fetch -s "$url" | awk -F'\t' '$2 == "2.2" || $2 == "1.2"' | fetch -d >got
	cat m-1.2 m-2.2 | cmp - got
	# what a URL of a part contains
	run --separate-stderr fetch -s "$url/;SECTION=2"
	[ "$(fields 2 | tr '\n' ' ')" = '2 2.TEXT 2.1 2.2 ' ]
	run --separate-stderr fetch -s "$url/;SECTION=1.2"
	[ "$(fields 2)" = 1.2 ]
	run --separate-stderr plainly -s "$url"
	[ "$(fields 2- | md5sum)" = "$(fetch -s "$url" | cut -f 2- | tr '\t' ' ' | md5sum)" ]
}

uidvalidity() { imap "STATUS $box (UIDVALIDITY)" | grep -o 'UIDVALIDITY [0-9]*' | cut -d ' ' -f 2; }

@test "-s --json, and names that hold TAB, line ends and escapes" {
	crlf >m <<-'END'
		Content-Type: application/pdf; name*=utf-8''a%09b%0d%0ac%1b%5b31m%22%5c.pdf

		x
	END
	deliver "$box" <m
	run --separate-stderr fetch -s "$url"
	is 0
	one_line
	[ "$(cut -f 8- <<<"$output")" = '' ]
	[[ $output != *$'\e'* ]]
	run --separate-stderr fetch -s --json "$url"
	is 0
	python3 -c 'import json, sys; r = json.loads(sys.stdin.read()); assert r["section"] == "1" and r["octets"] == 3 and r["charset"] is None and r["type"] == "application/pdf", r' <<<"$output"
}

@test "-H: the header, and of a part no more than the part's" {
	many_parts m
	both m
	sed '/^\r$/q' m >want
	gives want fetch -H "$url"
	sed -n '/^From: inner/,/^\r$/p' m >want
	gives want fetch -H "$url/;SECTION=2.HEADER"
	printf 'Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="../../../evil.pdf"\r\n\r\n' >want
	gives want fetch -H "$url/;SECTION=3"
	gives want plainly -H "$url/;SECTION=3"
	# a message with one part: From and Subject are not the part's
	printf 'From: a@b\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nX-A: b\r\nContent-Language: de\r\n\r\nx\r\n' | deliver "$box"
	printf 'Content-Type: text/plain;\r\n charset=utf-8\r\nContent-Language: de\r\n\r\n' >want
	gives want fetch -H "alice/$box/;UID=2/;SECTION=1"
	refuses 65 'no header' fetch -H "$url/;SECTION=TEXT"
}

@test "-d: the same by the server (BINARY) and here" {
	many_parts m
	both m
	for s in 1.1 1.2 2 2.1 2.2 3; do
		gives "m-$s" fetch -d "$url/;SECTION=$s"
		gives "m-$s" plainly -d "$url/;SECTION=$s"
	done
	# what the server refuses to decode spoils nothing around it
	cat m-1.1 m-3 m-2 m-2.2 m-1.2 >want
	gives want fetch -d "$url/;SECTION="{1.1,3,2,2.2,1.2}
	run --separate-stderr fetch -v -d "$url/;SECTION=3"
	says 'the server decodes (BINARY)'
	says 'the server does not decode it'
	run --separate-stderr plainly -v -d "$url/;SECTION=3"
	says 'does not offer BINARY'
	for f in fetch plainly; do
		refuses 65 'several parts' "$f" -d "$url"
		refuses 65 'several parts' "$f" -d "$url/;SECTION=1"
		refuses 65 'not known: x-uuencode' "$f" -d "$url/;SECTION=4"
		refuses 65 'no part with a content' "$f" -d "$url/;SECTION=2.HEADER"
		refuses 65 'no part with a content' "$f" -d "$url/;SECTION=TEXT"
	done
	# a message that is not multipart
	printf 'MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQK\r\n' >n
	both n
	gives m-2.2 fetch -d "alice/$box/;UID=2"
	gives m-2.2 plainly -d "alice/$box/;UID=2"
}

@test "-d -r: a range of what is decoded" {
	many_parts m
	both m
	for r in 0,3 2,5 '3,' 11,100 0,99 100,5; do
		for s in 1.1 1.2 2.2; do
			length=${r#*,}
			tail -c "+$((${r%,*} + 1))" "m-$s" | head -c "${length:-9999}" >want
			gives want fetch -d -r "$r" "$url/;SECTION=$s"
			gives want plainly -d -r "$r" "$url/;SECTION=$s"
		done
	done
	printf 'llo w' >want
	gives want plainly -d "$url/;SECTION=2.2/;PARTIAL=2.5"
	gives want fetch -d "$url/;SECTION=2.2/;PARTIAL=2.5"
	refuses 65 'range already' fetch -r 1,2 "$url/;PARTIAL=0.10"
	refuses 65 'range already' fetch -s "$url/;PARTIAL=0.10"
}

@test "--preview" {
	a_message Original | deliver "$box"
	run --separate-stderr fetch --preview "$url"
	is 0
	one_line
	[ "$output" = "imap://alice@$LAB_HOST/$box;UIDVALIDITY=$(uidvalidity)/;UID=1	Hello Alice." ]
	run --separate-stderr fetch --preview --json "$url"
	[[ $output = *'"preview":"Hello Alice."}' ]]
	refuses 65 'not of a part' fetch --preview "$url/;SECTION=1"
	refuses 65 'no such message' fetch --preview "alice/$box/;UID=9"
}

@test "--preview, made here" {
	a_message Original >m
	both m
	run --separate-stderr plainly --preview "$url"
	is 0
	[ "$output" = "$(fetch --preview "$url" | sed "s/UIDVALIDITY=[0-9]*/UIDVALIDITY=$(plain_uidvalidity)/")" ]
	many_parts m
	both m
	crlf >m <<-'END'
		MIME-Version: 1.0
		Content-Type: text/html; charset=iso-8859-1
		Content-Transfer-Encoding: base64

		PGhlYWQ+PHRpdGxlPk5vPC90aXRsZT48L2hlYWQ+PHA+Q2Fm6SA8Yj5ub2ly
		PC9iPiZhbXA7IG1vcmU8L3A+
	END
	both m
	printf 'Content-Type: image/png\r\nMIME-Version: 1.0\r\n\r\nx\r\n' >m
	both m
	{ printf 'Subject: x\r\n\r\n> quoted\r\n' && yes 'Ü and so on' | head -n 5000 | crlf; } >m
	both m
	for i in 1 2 3 9 4 5; do echo "alice/$box/;UID=$i"; done >urls
	run --separate-stderr plainly -v --preview - <urls
	is 65
	says 'previews are made here'
	says 'UID=9: no such message'
	[ "$(cut -f 2 <<<"$output" | head -n 4)" = $'Hello Alice.\nCafé au lait, soft break. End=\nCafé noir& more' ] || { echo "$output"; false; }
	[ "$(tail -n 1 <<<"$output" | cut -f 2 | LC_ALL=C.UTF-8 wc -m)" -eq 201 ]
	# in flights of 16, and in order
	"$BATS_TEST_DIRNAME/lab/fill" "$LABS/plain" alice "$box-many" 100 500
	seq 100 -1 1 | sed "s|.*|alice/$box-many/;UID=&|" >urls
	plainly --preview - <urls >previews
	[ "$(grep -o 'UID=[0-9]*' previews)" = "$(grep -o 'UID=[0-9]*' urls)" ]
	grep -q 'The quick brown fox' previews
}

plain_uidvalidity() { "$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/plain" alice "STATUS $box (UIDVALIDITY)" | grep -o 'UIDVALIDITY [0-9]*' | cut -d ' ' -f 2; }

@test "what the server does not offer: CONVERT" {
	a_message Original | deliver "$box"
	refuses 69 'does not offer CONVERT' fetch -t text/plain "$url/;SECTION=1"
	refuses 69 'does not offer CONVERT' fetch --conversions
	refuses 69 'does not offer CONVERT' fetch --conversions "$url/;SECTION=1"
}

@test "what is not there is an error, though the server says {0}" {
	many_parts m
	both m
	for s in 3.1 5 1.3 1.1.1 2.3 2.2.1 99999; do
		refuses 65 'no such section' fetch "$url/;SECTION=$s"
		refuses 65 'no such section' fetch -d "$url/;SECTION=$s"
		refuses 65 'no such section' fetch -H "$url/;SECTION=$s"
		refuses 65 'no such section' fetch -s "$url/;SECTION=$s"
		refuses 65 'no such section' plainly -d "$url/;SECTION=$s"
		refuses 65 'no such section' fetch -O . "$url/;SECTION=$s"
	done
	for s in 1.HEADER 3.TEXT 5.MIME; do
		refuses 65 'no such section' fetch "$url/;SECTION=$s"
	done
	refuses 65 'no such message' fetch "alice/$box/;UID=9"
	refuses 65 "$box;UIDVALIDITY=$(uidvalidity)/;UID=9" fetch "alice/$box/;UID=9"
	refuses 65 'stale URL' fetch "alice/$box;UIDVALIDITY=1/;UID=1"
	refuses 69 'nowhere' fetch "alice/nowhere/;UID=1"
	refuses 65 'names no message' fetch "alice/$box"
	refuses 78 'nobody' fetch 'nobody/INBOX/;UID=1'
	refuses 65 'authorised URL' fetch "$(lm-genurl -c "$LAB_CONFIG" -u user+alice "alice-ua/$box/;UID=1")"
	[ -z "$(find . -name 'part*' -o -name '*.pdf' -o -name '.lm*')" ]
}

@test "one that is wrong among others: the rest is done, and the exit status says so" {
	many_parts m
	both m
	cat m-1.2 m-2.2 m-2.1 >want
	fetch -d "alice/$box/;UID=7" "$url/;SECTION=1.2" "alice/$box;UIDVALIDITY=1/;UID=1" "$url/;SECTION=8" "$url/;SECTION=2.2" \
		'nobody/INBOX/;UID=1' 'alice/nowhere/;UID=1' "$url/;SECTION=2.1" >got 2>err && false
	cmp got want
	[ "$(wc -l <err)" -eq 5 ] || { cat err; false; }
	run fetch -d "$url/;SECTION=8" "$url/;SECTION=2.2"
	[ "$status" -eq 65 ]
	run fetch -d "$url/;SECTION=2.2" 'nobody/INBOX/;UID=1'
	[ "$status" -eq 78 ]
	# the last of them has nothing behind it that could show its absence
	run --separate-stderr fetch -d "$url/;SECTION=2.2" "alice/$box/;UID=7"
	is 65
	[ "$output" = 'hello world' ]
	says 'no such message'
}

@test "-O: safe names, decoded content, a record each" {
	many_parts m
	both m
	for f in fetch plainly; do
		rm -rf out
		mkdir out
		run --separate-stderr "$f" -O out "$url"
		is 65 # the one that nobody can decode
		says 'section 4: its transfer encoding is not known'
		[ "$(fields 2-)" = '2 message/rfc822 274 out/part-2.eml
3 application/pdf 12 out/evil.pdf' ] || { fields 2-; false; }
		[ "$(find out -type f | wc -l)" -eq 2 ]
		cmp out/part-2.eml m-2
		cmp out/evil.pdf m-3
	done
	# a part that is named is saved whatever it is
	run --separate-stderr fetch -O out/ "$url/;SECTION=2.2" "$url/;SECTION=1.1" "$url/;SECTION=3"
	is 0
	[ "$(fields 2-)" = '2.2 image/png 12 out/passwörd
1.1 text/plain 34 out/part-1.1.txt
3 application/pdf 12 out/evil-2.pdf' ] || { fields 2-; false; }
	cmp out/passwörd m-2.2
	cmp out/part-1.1.txt m-1.1
	cmp out/evil-2.pdf m-3
	run --separate-stderr fetch -O out --json "$url/;SECTION=3"
	python3 -c 'import json, sys; r = json.loads(sys.stdin.read()); assert r["path"] == "out/evil-3.pdf" and r["octets"] == 12, r' <<<"$output"
	# nothing to save is no failure
	run --separate-stderr fetch -v -O out "$url/;SECTION=1"
	is 0
	[ -z "$output" ]
	says 'no attachments'
	refuses 65 'no part with a content' fetch -O out "$url/;SECTION=2.HEADER"
	[ -z "$(find out -name '.*' -type f)" ]
	[ ! -e "$BATS_TEST_TMPDIR/evil.pdf" ] && [ ! -e "$BATS_TEST_TMPDIR/../evil.pdf" ]
}

@test "-O: many messages with the same names: nothing is overwritten, links are not followed" {
	for i in 1 2 3 4 5; do
		printf 'Content-Type: image/png; name=i.png\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n' "$(base64 <<<"$i")" | deliver "$box"
	done
	mkdir out
	echo mine >out/i.png
	echo outside >outside
	ln -s ../outside out/i-2.png
	ln -s ../nowhere out/i-4.png
	seq 5 | sed "s|.*|alice/$box/;UID=&|" | fetch -O out >records
	[ "$(cut -f 5 records | tr '\n' ' ')" = 'out/i-3.png out/i-5.png out/i-6.png out/i-7.png out/i-8.png ' ] || { cat records; false; }
	[ "$(cat out/i.png outside out/i-3.png out/i-5.png out/i-8.png | tr '\n' ' ')" = 'mine outside 1 2 5 ' ]
	[ ! -e nowhere ]
}

@test "-O: several at once into one directory: each file once, under its own name" {
	"$BATS_TEST_DIRNAME/lab/bigmail" 0.05 >m
	deliver "$box" <m
	mkdir out
	local pids=() # a bare wait would be for the watch over this test, too
	for i in 1 2 3 4 5 6; do
		fetch -O out "$url" >"records.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat records.* | cut -f 5 | sort -u | wc -l)" -eq 6 ]
	[ "$(find out -type f -size 50000c | wc -l)" -eq 6 ]
	[ "$(find out -name '.*' -type f | wc -l)" -eq 0 ]
}

@test "-O: a directory that is not there, or cannot be written, or is full" {
	"$BATS_TEST_DIRNAME/lab/bigmail" 0.3 >m
	deliver "$box" <m
	refuses 74 'nowhere' fetch -O nowhere "$url"
	refuses 74 '/dev/null' fetch -O /dev/null "$url"
	# where root cannot write either
	refuses 74 '/proc/self/fd' fetch -O /proc/self/fd "$url"
	mkdir out
	if [ "$(id -u)" -ne 0 ]; then
		chmod 555 out
		refuses 74 'out: Permission denied' fetch -O out "$url"
		chmod 755 out
	fi
	# no file may grow past 100 KiB
	limited() { (ulimit -f 100; fetch "$@"); }
	refuses 74 'holiday.bin: File too large' limited -O out "$url"
	[ -z "$(ls -A out)" ]
	fetch -O out "$url" >records
	[ "$(stat -c %s out/holiday.bin)" -eq 300000 ]
}

@test "a closed pipe, a full disk: 74 and an end" {
	"$BATS_TEST_DIRNAME/lab/bigmail" 3 >m
	deliver "$box" <m
	fetch "$url" 2>err | head -c 10 >got
	[ "${PIPESTATUS[0]}" -eq 74 ]
	grep -q 'standard output: Broken pipe' err
	code=0
	fetch -d "$url/;SECTION=2" >/dev/full 2>err || code=$?
	[ "$code" -eq 74 ]
	[ "$(cat err)" = 'lm-fetch: standard output: No space left on device' ]
	code=0
	fetch -s "$url" >/dev/full 2>err || code=$?
	[ "$code" -eq 74 ]
	code=0
	fetch -s "$url" >&- 2>err || code=$?
	[ "$code" -eq 74 ]
}

@test "200 MB pass through in memory that does not grow" {
	"$BATS_TEST_DIRNAME/lab/bigmail" 200 | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" alice Large
	"$BATS_TEST_DIRNAME/lab/bigmail" 200 | sha256sum >want
	small() { /usr/bin/time -f %M -o kilobytes lm-fetch -c "$LAB_CONFIG" "$@"; }
	few() { [ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ] || { cat kilobytes; return 1; }; }
	small 'alice/Large/;UID=1' | sha256sum | cmp - want
	few
	small -d 'alice/Large/;UID=1/;SECTION=2' >decoded
	few
	[ "$(stat -c %s decoded)" -eq 200000000 ]
	mkdir out
	small -O out 'alice/Large/;UID=1' >records
	few
	cmp decoded out/holiday.bin
	rm -rf out decoded
}

@test "a list of 5,000 URLs" {
	"$BATS_TEST_DIRNAME/lab/fill" "$LABS/lab" alice "$box" 5000 1000
	seq 5000 | shuf --random-source=<(yes) | sed "s|.*|alice/$box/;UID=&|" >urls
	/usr/bin/time -f %M -o kilobytes lm-fetch -c "$LAB_CONFIG" - <urls >got
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	[ "$(stat -c %s got)" -eq 5000000 ]
	diff <(grep -a ^Subject got | tr -dc '0-9\n') <(grep -o '[0-9]*$' urls) >/dev/null
	[ "$(fetch -s - <urls | wc -l)" -eq 5000 ]
	[ "$(fetch --preview - <urls | wc -l)" -eq 5000 ]
}

@test "options that do not go together, or are none" {
	refuses 64 'exclude each other' fetch -s -d x
	refuses 64 'exclude each other' fetch --preview --conversions
	refuses 64 'exclude each other' fetch -H -O . x
	refuses 64 '--json' fetch --json x
	refuses 64 '--json' fetch -d --json x
	refuses 64 '-r goes with' fetch -s -r 0,1 x
	refuses 64 '-r goes with' fetch -H -r 0,1 x
	for r in '' 1 ',' ,1 1,0 -1,1 1,x 1,2,3 99999999999999999999,1; do
		refuses 64 'OFFSET,LENGTH' fetch -r "$r" x
	done
	refuses 64 'media type' fetch -t text x
	refuses 64 'name=value' fetch -t 'image/jpeg;width' x
	refuses 64 '-z' fetch -z
	refuses 64 'twice' fetch - -
	run --separate-stderr fetch --help
	is 0
	[[ $output = 'usage: lm-fetch '* ]]
	run --separate-stderr fetch --version
	[[ $output = 'lm-fetch '* ]]
}

# example N: the Nth example of the man page, with `work` for the account.
example() {
	local line
	line=$(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-fetch.1" | sed -n "$1p" | sed 's/\\(dq/"/g; s/\\e/\\/g')
	PATH=$BATS_TEST_TMPDIR:$PATH bash -c "${line//work\/INBOX\/;UID=7/$url}"
}

@test "the examples of the man page" {
	printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$(command -v lm-fetch)" "$LAB_CONFIG" >lm-fetch
	chmod +x lm-fetch
	crlf >m <<-'END'
		Subject: Two papers
		Content-Type: multipart/mixed; boundary=b

		--b
		Content-Transfer-Encoding: quoted-printable

		Caf=C3=A9
		--b
		Content-Type: application/pdf; name=a.pdf
		Content-Transfer-Encoding: base64

		b25lCg==
		--b
		Content-Type: application/pdf; name=a.pdf
		Content-Transfer-Encoding: base64

		dHdvCg==
		--b--
	END
	deliver "$box" <m
	[ "$(example 1 | wc -l)" -eq 4 ]
	[ "$(example 2)" = Café ]
	[ "$(example 3 | tr -d '\r')" = 'Subject: Two papers' ]
	[ "$(example 4)" = $'one\ntwo' ]
	mkdir photos
	[ "$(example 5 | cut -f 5 | tr '\n' ' ')" = 'photos/a.pdf photos/a-2.pdf ' ]
	[ "$(cat photos/a.pdf photos/a-2.pdf)" = $'one\ntwo' ]
	[ "$(example 6)" = one ]
	[ "$(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-fetch.1" | wc -l)" -eq 6 ]
}

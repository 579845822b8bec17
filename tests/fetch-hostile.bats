#!/usr/bin/env bats
# lm-fetch against scripted servers: what goes in one flight, CONVERT, and answers that are late, wrong, torn or hostile.
load common

bats_require_minimum_version 1.5.0

setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
}
teardown() { fake_teardown; }
# again: no fake is left.
again() { fake_teardown || true; }

TEXT='("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1)'
CODED='("image" "png" ("name" "i.png") NIL NIL "base64" 8)'
MIXED="($TEXT$CODED \"mixed\")"

# server [OPTION...] -- [LINE...]: a good server of which these lines, most of them `auto`, come first. CAPS: what it offers.
server() {
	local options=()
	while [ "${1:---}" != -- ]; do options+=("$1"); shift; done
	fake_start "${options[@]}" < <(
		printf '%s\n' may-hangup "${@:2}" "imap-login ${CAPS-}"
		cat <<-END
			auto EXAMINE .* => * 9 EXISTS | * OK [UIDVALIDITY 7] ok | ok [READ-ONLY] done
			auto UID FETCH (?P<uid>\d+) \(UID BODYSTRUCTURE\) => * \${uid} FETCH (UID \${uid} BODYSTRUCTURE $MIXED) | ok done
			auto UID FETCH (?P<uid>\d+) \(UID RFC822.SIZE BODYSTRUCTURE\) => * \${uid} FETCH (UID \${uid} RFC822.SIZE 50 BODYSTRUCTURE $MIXED) | ok done
			auto UID FETCH (?P<uid>\d+) \(UID BODY.PEEK\[1\]\) => * \${uid} FETCH (UID \${uid} BODY[1] {6}\r\nhello\n) | ok done
			auto UID FETCH (?P<uid>\d+) \(UID BODY.PEEK\[2\]\) => * \${uid} FETCH (UID \${uid} BODY[2] {8}\r\naGkgeW91) | ok done
			auto UID FETCH (?P<uid>\d+) \(UID BINARY.PEEK\[1\]\) => * \${uid} FETCH (UID \${uid} BINARY[1] {6}\r\nhello\n) | ok done
			auto UID FETCH (?P<uid>\d+) \(UID BINARY.PEEK\[2\]\) => * \${uid} FETCH (UID \${uid} BINARY[2] ~{6}\r\nhi you) | ok done
			imap-logout
		END
	) || return 1
	configure
}
# script: a whole one from standard input, after the login.
script() {
	fake_start < <(
		echo "imap-login ${CAPS-}"
		cat
	) || return 1
	configure
}
configure() {
	rm -rf "$XDG_CACHE_HOME"
	cat >config <<-END
		account a
		    imap imap://alice@127.0.0.1:$FAKE_PORT
		    password secret
		    auth plain
		    tls insecure
		    timeout 10
	END
	chmod 600 config
}

fetch() { lm-fetch -c config "$@"; }
# u UID [SECTION]
u() { printf 'a/INBOX/;UID=%s%s' "$1" "${2:+/;SECTION=$2}"; }

is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }

# fails CODE TEXT COMMAND...: that status, one line with that text, nothing on stdout.
fails() {
	local code=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	is "$code" || return 1
	says "$text" || return 1
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
}
# gives TEXT COMMAND...: status 0, these octets (printf escapes), nothing on stderr.
gives() {
	printf '%b' "$1" >want
	shift
	"$@" >got 2>err || { echo "exit status $?: $(cat err)"; return 1; }
	cmp got want || { od -c got | head; return 1; }
	[ ! -s err ] || { cat err; return 1; }
}

# ---- flights

# asked N: EXAMINE, then structure and section 1 of UIDs 1 to N, all before any answer; the tags are ${x}, ${s1}, ${d1}, ...
asked() {
	printf 'expect-cmd EXAMINE INBOX\nset x ${tag}\n'
	for i in $(seq "$1"); do
		printf 'expect-cmd UID FETCH %d \\(UID BODYSTRUCTURE\\)\nset s%d ${tag}\n' "$i" "$i"
		printf 'expect-cmd UID FETCH %d \\(UID BODY.PEEK\\[1\\]\\)\nset d%d ${tag}\n' "$i" "$i"
	done
}
opened() { printf 'send * OK [UIDVALIDITY 7] ok\nsend ${x} OK done\n'; }
shape() { printf 'send * %d FETCH (UID %d BODYSTRUCTURE %s)\n' "$1" "$1" "$MIXED"; }
octets() { printf 'send * %d FETCH (UID %d BODY[1] {6}\\r\\nhello%d)\n' "$1" "$1" "$1"; }
echo_end() { printf 'may-hangup\nimap-logout\n'; }
done_() { for t in "$@"; do printf 'send ${%s} OK done\n' "$t"; done; }

@test "EXAMINE, structures and octets of many URLs go out before any answer" {
	script <<<"$(asked 3; opened; for i in 1 2 3; do shape $i; done_ s$i; octets $i; done_ d$i; done; echo_end)"
	gives hello1hello2hello3 fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	fake_wait
}

@test "of several parts of a message the structure is asked for once, of a whole message not at all" {
	script <<-END
		expect-cmd EXAMINE INBOX
		set x \${tag}
		expect-cmd UID FETCH 1 \(UID BODYSTRUCTURE\)
		set s1 \${tag}
		expect-cmd UID FETCH 1 \(UID BODY.PEEK\[1\]\)
		set d1 \${tag}
		expect-cmd UID FETCH 1 \(UID BODY.PEEK\[2\]\)
		set d2 \${tag}
		expect-cmd UID FETCH 1 \(UID BODY.PEEK\[7\]\)
		set d3 \${tag}
		expect-cmd UID FETCH 2 \(UID BODY.PEEK\[\]\)
		set d4 \${tag}
		expect-cmd UID FETCH 3 \(UID BODY.PEEK\[HEADER\]\)
		set d5 \${tag}
		$(opened; shape 1; octets 1)
		send * 1 FETCH (UID 1 BODY[2] {2}\\r\\nhi)
		send * 1 FETCH (UID 1 BODY[7] {0}\\r\\n)
		send * 2 FETCH (UID 2 BODY[] {3}\\r\\nall)
		$(done_ s1 d1 d2 d3 d4 d5; echo_end)
	END
	run --separate-stderr fetch "$(u 1 1)" "$(u 1 2)" "$(u 1 7)" "$(u 2)" "$(u 3 HEADER)"
	is 65
	[ "$output" = hello1hiall ]
	[ "$(wc -l <<<"$stderr")" -eq 2 ]
	says 'UID=1/;SECTION=7: no such section'
	says 'UID=3/;SECTION=HEADER: no such message'
	fake_wait
	# where it does not come, nothing comes
	server -- 'auto UID FETCH 1 \(UID BODYSTRUCTURE\) => no [SERVERBUG] broken'
	run --separate-stderr fetch "$(u 1 1)" "$(u 1 2)" "$(u 2 1)"
	is 65
	[ "$output" = hello ]
	says 'UID=1/;SECTION=1: UID FETCH: NO [SERVERBUG] broken'
	says 'UID=1/;SECTION=2: its structure did not come'
}

@test "a connection that the server closed in the meantime: another" {
	server --times 2 -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => * 1 FETCH (UID 1 BODY[1] {6}\r\nfirst\n) | ok | !close'
	gives 'first\nhello\n' fetch "$(u 1 1)" 'a/Other/;UID=2/;SECTION=1'
}

@test "tags that come after all answers, and in another order" {
	script <<<"$(asked 3; opened; for i in 1 2 3; do shape $i; octets $i; done; done_ d3 s1 d2 s3 d1 s2; echo_end)"
	gives hello1hello2hello3 fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	fake_wait
}

@test "with late tags: a message that is not there, octets that are refused, a refusal after the octets" {
	script <<<"$(asked 3; opened; shape 1; octets 1; shape 3; octets 3; done_ s1 d1 s2 d2 s3 d3; echo_end)"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 65
	[ "$output" = hello1hello3 ]
	says ';UID=2/;SECTION=1: no such message'
	script <<<"$(asked 3; opened; shape 1; octets 1; shape 2; shape 3; octets 3; done_ s1 d1 s2; echo 'send ${d2} NO [NOPERM] not for you'; done_ s3 d3; echo_end)"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 69
	[ "$output" = hello1hello3 ]
	says ';UID=2/;SECTION=1: UID FETCH: NO [NOPERM] not for you'
	script <<<"$(asked 2; opened; shape 1; octets 1; shape 2; octets 2; done_ s1; echo 'send ${d1} NO half of it was made up'; done_ s2 d2; echo_end)"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)"
	is 69
	says ';UID=1/;SECTION=1: UID FETCH: NO half of it was made up'
}

@test "octets before their structure, or of the next message first, are not taken" {
	script <<<"$(asked 2; opened; octets 1; shape 1; shape 2; octets 2; done_ s1 d1 s2 d2; echo_end)"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)"
	is 65
	[ "$output" = hello2 ]
	script <<<"$(asked 2; opened; shape 2; octets 2; shape 1; octets 1; done_ s1 d1 s2 d2; echo_end)"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)"
	is 65
	[ "$output" = hello2 ]
	says ';UID=1/;SECTION=1: no such message'
}

@test "what BINARY refuses in the middle is decoded here, in its place, with late tags too" {
	CAPS=BINARY
	server -- 'auto UID FETCH 2 \(UID BINARY.PEEK\[2\]\) => no [UNKNOWN-CTE] cannot'
	gives 'hi youhi youhi you' fetch -d "$(u 1 2)" "$(u 2 2)" "$(u 3 2)"
	fake_saw 'UID FETCH 3 .UID BODY.PEEK.2'
	binary() { printf 'expect-cmd UID FETCH %d \\(UID BODYSTRUCTURE\\)\nset s%d ${tag}\nexpect-cmd UID FETCH %d \\(UID BINARY.PEEK\\[2\\]\\)\nset d%d ${tag}\n' "$1" "$1" "$1" "$1"; }
	data() { printf 'send * %d FETCH (UID %d %s[2] {%d}\\r\\n%s)\n' "$1" "$1" "$2" "${#3}" "$3"; }
	anew() { printf 'expect-cmd UID FETCH %d \\(UID BODYSTRUCTURE\\)\nset s%d ${tag}\nexpect-cmd UID FETCH %d \\(UID BODY.PEEK\\[2\\]\\)\nset d%d ${tag}\n' "$1" "$1" "$1" "$1"; }
	script <<-END
		expect-cmd EXAMINE INBOX
		set x \${tag}
		$(binary 1; binary 2; binary 3; opened; shape 1; data 1 BINARY one; shape 2; shape 3; data 3 BINARY three)
		$(done_ s1 d1 s2)
		send \${d2} NO [UNKNOWN-CTE] cannot
		$(done_ s3 d3)
		$(anew 2; anew 3; shape 2; data 2 BODY dHdv; shape 3; data 3 BODY dGhyZWU=; done_ s2 d2 s3 d3)
		$(echo_end)
	END
	gives onetwothree fetch -d "$(u 1 2)" "$(u 2 2)" "$(u 3 2)"
	fake_wait
}

@test "attachments of several messages: their structures in one flight, their octets in the next" {
	CAPS=BINARY
	mkdir out
	script <<-END
		expect-cmd EXAMINE INBOX
		set x \${tag}
		$(for i in 1 2; do printf 'expect-cmd UID FETCH %d \\(UID BODYSTRUCTURE\\)\nset s%d ${tag}\n' "$i" "$i"; done)
		$(opened; shape 1; shape 2; done_ s1 s2)
		$(for i in 1 2; do printf 'expect-cmd UID FETCH %d \\(UID BINARY.PEEK\\[2\\]\\)\nset d%d ${tag}\n' "$i" "$i"; done)
		send * 1 FETCH (UID 1 BINARY[2] {3}\r\none)
		send * 2 FETCH (UID 2 BINARY[2] ~{3}\r\ntwo)
		$(done_ d1 d2)
		$(echo_end)
	END
	run --separate-stderr fetch -O out "$(u 1)" "$(u 2)"
	is 0
	[ "$(cut -f 5 <<<"$output")" = $'out/i.png\nout/i-2.png' ]
	[ "$(cat out/i.png out/i-2.png)" = onetwo ]
	fake_wait
}

# ---- CONVERT

@test "CONVERT: the command, the octets, a range" {
	CAPS='BINARY CONVERT'
	server -- 'auto UID CONVERT 1 \("image/jpeg" \("pix-x" "320"\)\) BINARY\[2\] => * 1 CONVERTED (TAG "${tag}") (UID 1 BINARY[2] ~{4}\r\na\0bc) | ok done'
	gives 'a\0bc' fetch -t 'image/jpeg;width=320' "$(u 1 2)"
	server -- 'auto UID CONVERT 1 \("image/jpeg"\) BINARY\[2\] => * 1 CONVERTED (TAG "${tag}") (UID 1 BINARY[2] ~{4}\r\na\0bc) | ok done'
	gives 'a\0bc' fetch -c image/jpeg "$(u 1 2)"
	server -- 'auto UID CONVERT 1 \("text/plain" \("charset" "utf-8"\)\) BINARY\[1\]<3.2> => * 1 CONVERTED (TAG "${tag}") (UID 1 BINARY[1]<3> {2}\r\nlo) | ok done'
	gives lo fetch -t text/plain -r 3,2 "$(u 1 1)"
	server -- 'auto UID CONVERT (?P<uid>\d+) \("application/pdf"\) BINARY\[\] => * 1 CONVERTED (TAG "${tag}") (UID ${uid} BINARY[] "pdf${uid}") | ok done'
	gives pdf1pdf2 fetch -t application/pdf "$(u 1)" "$(u 2)"
}

@test "CONVERT: why not" {
	CAPS='BINARY CONVERT'
	converted() { server -- "auto UID CONVERT .* => * 1 CONVERTED (TAG \"\${tag}\") ($1) | ${2:-no All conversions failed}"; }
	converted 'UID 1 BINARY[2] (ERROR "Source text has non us-ascii" BADPARAMETERS "text/html" "text/plain" ("charset" "us-ascii"))'
	fails 69 'not converted: Source text has non us-ascii (BADPARAMETERS)' fetch -t text/plain "$(u 1 2)"
	converted 'UID 1 BINARY[2] (ERROR "busy" TEMPFAIL 5)'
	fails 75 'not converted: busy (TEMPFAIL)' fetch -t text/plain "$(u 1 2)"
	converted 'UID 1 BINARY[2] (ERROR "busy \x1b[2J" TEMPFAIL)' ok
	fails 75 'not converted: busy \033[2J (TEMPFAIL)' fetch -t text/plain "$(u 1 2)"
	converted 'UID 1 BINARY[2] (ERROR "gone" BADPARAMETERS NIL "text/plain")' ok
	fails 65 'not converted: gone' fetch -t text/plain "$(u 1 2)"
	converted 'UID 1 BINARY[2] NIL' ok
	fails 65 'does not give it' fetch -t text/plain "$(u 1 2)"
	converted 'UID 1 BINARY[1] "another"' ok
	fails 65 'does not give it' fetch -t text/plain "$(u 1 2)"
	server -- 'auto UID CONVERT .* => no [TEMPFAIL] All conversions failed'
	fails 75 'All conversions failed' fetch -t text/plain "$(u 1 2)"
	server -- 'auto UID CONVERT .* => no [MAXCONVERTPARTS 1] one only'
	fails 69 'one only' fetch -t text/plain "$(u 1 2)"
	server -- 'auto UID CONVERT .* => ok done'
	fails 65 'does not give it' fetch -t text/plain "$(u 1 2)"
	# what is not there is not believed
	converted 'UID 1 BINARY[3] {4}\r\nevil' ok
	fails 65 'no such section' fetch -t text/plain "$(u 1 3)"
	server --
	fails 65 'no part with a content' fetch -t text/plain "$(u 1 HEADER)"
}

@test "CONVERT: one that fails among others" {
	CAPS='BINARY CONVERT'
	server -- 'auto UID CONVERT 2 .* => * 2 CONVERTED (TAG "${tag}") (UID 2 BINARY[1] (ERROR "no" BADPARAMETERS "a/b" "c/d")) | ok' \
		'auto UID CONVERT (?P<uid>\d) .* => * ${uid} CONVERTED (TAG "${tag}") (UID ${uid} BINARY[1] "c${uid}") | ok'
	run --separate-stderr fetch -t text/plain "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 69
	[ "$output" = c1c3 ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	says 'UID=2/;SECTION=1: not converted: no'
}

@test "--conversions: all, of a part's type, none, without CONVERT" {
	CAPS='BINARY CONVERT'
	server --times 6 -- 'auto CONVERSIONS "\*" "\*" => * CONVERSION "image/gif" "image/jpeg" ("pix-y" "pix-x") | * CONVERSION "text/html" "text/plain" | ok' \
		'auto CONVERSIONS "image/png" "\*" => * CONVERSION "image/png" "image/jpeg" (pix-y) | ok' 'auto CONVERSIONS "text/plain" .* => ok'
	gives 'image/gif\timage/jpeg\tpix-y pix-x\ntext/html\ttext/plain\t-\n' fetch --conversions
	gives 'image/gif\timage/jpeg\tpix-y pix-x\ntext/html\ttext/plain\t-\n' fetch --conversions a
	gives 'image/png\timage/jpeg\tpix-y\n' fetch --conversions "$(u 1 2)"
	gives '' fetch --conversions "$(u 1 1)"
	gives '{"from":"image/png","to":"image/jpeg","parameters":"pix-y"}\n' fetch --conversions --json "$(u 1 2)"
	fails 65 'no such section' fetch --conversions "$(u 1 5)"
	server -- 'auto CONVERSIONS .* => * CONVERSION | ok'
	fails 76 'malformed' fetch --conversions a
	# one that fails is named, and the next is asked
	server --times 2 -- 'auto CONVERSIONS .* => * CONVERSION "a/b" "c/d" | ok'
	run --separate-stderr fetch --conversions nobody/x a
	[ "$status" -eq 78 ]
	[ "$output" = $'a/b\tc/d\t-' ]
	says 'lm-fetch: nobody/x: no account'
	CAPS=
	server --
	fails 69 'lm-fetch: a: the server does not offer CONVERT' fetch --conversions a
}

# ---- wrong answers

@test "wrong sections, other messages, NIL, nothing: not a word of it comes out" {
	body() { server -- "auto UID FETCH 1 \\(UID BODY.PEEK\\[1\\]\\) => $1 | ${2:-ok}"; }
	for answer in '* 1 FETCH (UID 1 BODY[2] {4}\r\nevil)' '* 2 FETCH (UID 2 BODY[1] {4}\r\nevil)' '* 1 FETCH (UID 1 BODY[1] NIL)' \
		'* 1 FETCH (UID 1 BODY[1.MIME] {4}\r\nevil)' '* 1 FETCH (UID 1 BODY[] {4}\r\nevil)' '* 1 FETCH (UID 1 BINARY[1] {4}\r\nevil)' \
		'* 1 FETCH (UID 1 RFC822.TEXT {4}\r\nevil)' '* 1 FETCH (UID 1 FLAGS ())' '* 1 EXPUNGE' '* OK hm'; do
		body "$answer"
		fails 65 'does not give it' fetch "$(u 1 1)"
		again
	done
	body '* 1 FETCH (UID 1 BODY[1] {0}\r\n)'
	fails 65 'gives nothing where octets should be' fetch "$(u 1 1)"
	body '* 1 FETCH (UID 1 BODY[1] "")'
	fails 65 'gives nothing where octets should be' fetch "$(u 1 1)"
	body '* OK x' 'no [EXPUNGEISSUED] gone'
	fails 65 'gone' fetch "$(u 1 1)"
	body '* OK x' bad
	fails 69 'BAD' fetch "$(u 1 1)"
	# the UID comes too late to hold the octets back, but it is no success
	body '* 1 FETCH (BODY[1] {5}\r\nother UID 2)'
	run --separate-stderr fetch "$(u 1 1)"
	is 76
	says 'octets of another message'
	body '* 1 FETCH (BODY[1] {5}\r\nthese UID 1)'
	gives these fetch "$(u 1 1)"
	# the names of fields, quoted or not; but the same
	for given in '(SUBJECT TO)' '("Subject" "To")'; do
		server -- "auto UID FETCH 1 \\(UID BODY.PEEK\\[HEADER.FIELDS \\(SUBJECT TO\\)\\]\\) => * 1 FETCH (UID 1 BODY[HEADER.FIELDS $given] {2}\\r\\nhi) | ok"
		gives hi fetch "$(u 1 'HEADER.FIELDS%20(SUBJECT%20TO)')"
	done
	server -- 'auto UID FETCH 1 .* => * 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {4}\r\nevil) | ok'
	fails 65 'no such message' fetch "$(u 1 'HEADER.FIELDS%20(SUBJECT%20TO)')"
	# once is enough
	body '* 1 FETCH (UID 1 BODY[1] {5}\r\nthese BODY[1] {5}\r\ntwice) | * 1 FETCH (UID 1 BODY[1] {6}\r\nthrice)'
	gives these fetch "$(u 1 1)"
}

@test "ranges: another one, none, more than was asked" {
	body() { server -- "auto UID FETCH 1 \\(UID BODY.PEEK\\[1\\]<2.3>\\) => $1 | ok"; }
	body '* 1 FETCH (UID 1 BODY[1]<2> {3}\r\nabc)'
	gives abc fetch -r 2,3 "$(u 1 1)"
	body '* 1 FETCH (UID 1 BODY[1]<2> {6}\r\nabcdef)'
	gives abc fetch -r 2,3 "$(u 1 1)"
	body '* 1 FETCH (UID 1 BODY[1]<2> {0}\r\n)'
	gives '' fetch -r 2,3 "$(u 1 1)"
	for origin in '<0>' '' '<1>' '<x>' '<99999999999999999999>'; do
		body "* 1 FETCH (UID 1 BODY[1]$origin {4}\\r\\nevil)"
		fails 76 '' fetch -r 2,3 "$(u 1 1)"
		again
	done
}

@test "a structure that is missing, NIL, of another message, or malformed" {
	shape() { server -- "auto UID FETCH 1 \\(UID BODYSTRUCTURE\\) => $1 | ok"; }
	for answer in '* 1 FETCH (UID 1)' '* 1 FETCH (UID 1 BODYSTRUCTURE NIL)' '* 1 FETCH (UID 1 BODYSTRUCTURE "x")' '* 1 FETCH (UID 1 BODYSTRUCTURE ())'; do
		shape "$answer"
		run --separate-stderr fetch "$(u 1 1)"
		[[ $status =~ ^(65|76)$ && -z $output && $(wc -l <<<"$stderr") -eq 1 ]] || { echo "$answer: $status $stderr"; false; }
		again
	done
	shape '* 2 FETCH (UID 2 BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 6 1))'
	fails 65 'no such message' fetch "$(u 1 1)"
	# NIL where strings and numbers belong
	shape '* 1 FETCH (UID 1 BODYSTRUCTURE (NIL NIL NIL NIL NIL NIL NIL))'
	gives 'hello\n' fetch "$(u 1 1)"
	shape '* 1 FETCH (UID 1 BODYSTRUCTURE ((NIL NIL (NIL NIL) NIL NIL NIL NIL)("text" NIL NIL NIL NIL NIL "-1" NIL) NIL))'
	run --separate-stderr fetch -s "$(u 1)"
	is 0
	[ "$(cut -f 2- <<<"$output" | tr '\t' ' ')" = ' multipart/mixed - - - -
1 application/octet-stream - - 0 -
2 text/plain - - 0 -' ]
}

@test "names with escapes, line ends and paths, in records and in files" {
	names='(("a" "b" ("name" "../../up") NIL NIL "7bit" 6)("a" "b" ("name" {12}\r\n\x1b[2Jx\ty\r\nz.c) NIL NIL "7bit" 6)("a" "b" ("name" ".ssh/.rc") NIL NIL "7bit" 6)("a" "b" ("name" "/etc/passwd") NIL NIL "7bit" 6)("a" "b" ("name" "..") NIL NIL "7bit" 6)("../x" "../y" NIL NIL NIL "7bit" 6) "mixed")'
	server --times 2 -- "auto UID FETCH 1 \\(UID BODYSTRUCTURE\\) => * 1 FETCH (UID 1 BODYSTRUCTURE $names) | ok" \
		'auto UID FETCH 1 \(UID BODY.PEEK\[(?P<s>\d+)\]\) => * 1 FETCH (UID 1 BODY[${s}] {6}\r\nhello\n) | ok'
	fetch -s "$(u 1)" >records
	[ "$(awk -F'\t' '{ print NF }' records | sort -u)" = 7 ] || { cat -A records; false; }
	[ "$(wc -l <records)" -eq 7 ]
	run ! grep -aP '[\x00-\x08\x0b-\x1f\x7f]' records
	mkdir -p in/a/b
	(cd in/a/b && lm-fetch -c ../../../config -O . "$(u 1)" >../../../records)
	[ "$(find in -type f | LC_ALL=C sort | tr '\n' '|')" = 'in/a/b/[2Jx yz.c|in/a/b/part-5.bin|in/a/b/part-6.bin|in/a/b/passwd|in/a/b/rc|in/a/b/up|' ] || { find in -type f; false; }
	[ "$(wc -l <records)" -eq 6 ]
}

@test "a thousand parts in each other: that message fails, the others come by another connection" {
	nested=$(printf '(%.0s' $(seq 1000))"$TEXT"$(printf ' "mixed")%.0s' $(seq 1000))
	server --times 2 -- "auto UID FETCH 2 \\(UID BODYSTRUCTURE\\) => * 2 FETCH (UID 2 BODYSTRUCTURE $nested) | ok"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 76
	[ "$output" = $'hello\nhello' ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	says 'UID=2/;SECTION=1'
	again
	# 101 levels are over the limit of a structure, but not of a line
	nested=$(printf '(%.0s' $(seq 101))"$TEXT"$(printf ' "mixed")%.0s' $(seq 101))
	server -- "auto UID FETCH 2 \\(UID BODYSTRUCTURE\\) => * 2 FETCH (UID 2 BODYSTRUCTURE $nested) | ok"
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 76
	[ "$output" = $'hello\nhello' ]
	says 'UID=2/;SECTION=1: a message nested over 100 levels deep'
	again
	# a thousand attached messages in each other
	attached() { printf '("message" "rfc822" NIL NIL NIL "7bit" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) %.0s' $(seq "$1"); printf '%s' "$TEXT"; printf ' 1)%.0s' $(seq "$1"); }
	server -- "auto UID FETCH 1 \\(UID BODYSTRUCTURE\\) => * 1 FETCH (UID 1 BODYSTRUCTURE $(attached 1000)) | ok"
	fails 76 '' fetch -s "$(u 1)"
	again
	server -- "auto UID FETCH 1 \\(UID BODYSTRUCTURE\\) => * 1 FETCH (UID 1 BODYSTRUCTURE $(attached 90)) | ok"
	run --separate-stderr fetch -s "$(u 1)"
	is 0
	[ "$(wc -l <<<"$output")" -eq 91 ]
}

@test "more attachments than anybody has, and 10,001 parts: 65 and 76, nothing saved" {
	many() { server -- "auto UID FETCH 1 \\(UID BODYSTRUCTURE\\) => !send-raw * 1 FETCH (UID 1 BODYSTRUCTURE ( | !send-fill $(($1 * 9)) (\"a\" \"b\") | !send  \"mixed\")) | ok"; }
	mkdir out
	many 1001
	fails 65 'more than 1000 attachments' fetch -O out "$(u 1)"
	many 10000
	fails 76 'more than 10000 parts' fetch -O out "$(u 1)"
	[ -z "$(ls -A out)" ]
}

@test "a literal that is announced and not delivered: 75, and no file" {
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => !send-raw * 1 FETCH (UID 1 BODY[1] {1000000}\r\nhello | !cut'
	run --separate-stderr fetch "$(u 1 1)"
	is 75
	[ "$output" = hello ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	says ';UID=1/;SECTION=1'
	mkdir out
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[2\]\) => !send-raw * 1 FETCH (UID 1 BODY[2] {1000000}\r\naGkgeW91 | !cut'
	fails 75 'section 2' fetch -O out "$(u 1)"
	[ -z "$(ls -A out)" ]
	# the rest by another connection
	server --times 2 -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => !send-raw * 1 FETCH (UID 1 BODY[1] {1000000}\r\nhello | !cut'
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)"
	is 75
	[ "$output" = $'hellohello\nhello' ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	# but not for ever
	server --times 4 -- 'auto UID FETCH \d \(UID BODY.PEEK\[1\]\) => !cut'
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" "$(u 3 1)" "$(u 4 1)" "$(u 5 1)" "$(u 6 1)"
	is 75
	[ "$(wc -l <<<"$stderr")" -eq 6 ]
	says 'UID=6/;SECTION=1: the connection was lost too often'
}

@test "killed within an attachment: no file bears its name" {
	mkdir out
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[2\]\) => !send-raw * 1 FETCH (UID 1 BODY[2] {1000000}\r\n | !send-fill 500000 QUJD | !stall forever'
	lm-fetch -c config -O out "$(u 1)" >records 2>err 3>&- &
	pid=$!
	for _ in $(seq 200); do
		[ -z "$(find out -type f -size +100k)" ] || break
		sleep 0.05
	done
	[ -n "$(find out -type f -size +100k)" ]
	kill -KILL "$pid"
	wait "$pid" || true
	[ ! -s records ]
	[ -z "$(find out -type f -not -name '.lm-fetch-*')" ]
	again
	# and what it left does not hinder the next
	server --
	run --separate-stderr fetch -O out "$(u 1)"
	is 0
	[ "$(cat out/i.png)" = 'hi you' ]
}

@test "a literal of 18 exabytes, an endless line, silence, BYE: an end in bounded memory" {
	small() { /usr/bin/time -f %M -o kilobytes lm-fetch -c config "$@" >out 2>err || status=$?; [ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]; }
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => * 1 FETCH (UID 1 BODY[1] {18446744073709551615}\r\nhello)'
	fails 76 '' fetch "$(u 1 1)"
	server -- 'auto UID FETCH 1 \(UID BODYSTRUCTURE\) => !send-raw * 1 FETCH (UID 1 BODYSTRUCTURE ( | !send-fill 60M "x" | !send ))'
	small "$(u 1 1)"
	[ "$status" -eq 76 ]
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => !send-raw * 1 FETCH (UID 1 BODY[1] {62914560}\r\n | !send-fill 60M x | !send ) | ok'
	status=0
	small "$(u 1 1)"
	[ "$status" -eq 0 ]
	[ "$(stat -c %s out)" -eq 62914560 ]
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => !stall forever'
	fails 75 'no answer' fetch -o timeout=1 "$(u 1 1)"
	server -- 'auto UID FETCH 1 \(UID BODYSTRUCTURE\) => * BYE going down | !close'
	fails 75 'going down' fetch "$(u 1 1)"
	# a header that does not end
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1.MIME\]\) => !send-raw * 1 FETCH (UID 1 BODY[1.MIME] {62914560}\r\n | !send-fill 60M x | !send ) | ok'
	status=0
	small -H "$(u 1 1)"
	[ "$status" -eq 76 ]
	[ ! -s out ]
}

@test "a mailbox without UIDVALIDITY, with another, that cannot be opened" {
	server -- 'auto EXAMINE .* => * 1 EXISTS | ok'
	fails 76 'UIDVALIDITY' fetch "$(u 1 1)"
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]\) => * 1 FETCH (UID 1 BODY[1] {4}\r\nevil) | ok'
	fails 65 'stale URL' fetch 'a/INBOX;UIDVALIDITY=6/;UID=1/;SECTION=1'
	server -- 'auto EXAMINE .* => no [NOPERM] not yours' 'auto UID FETCH .* => bad no mailbox'
	fails 69 'not yours' fetch "$(u 1 1)"
	# what was asked of the stale one is not taken for the other
	server -- 'auto EXAMINE Other => * OK [UIDVALIDITY 8] x | ok'
	run --separate-stderr fetch 'a/INBOX;UIDVALIDITY=6/;UID=1/;SECTION=1' 'a/Other/;UID=1/;SECTION=1'
	is 65
	[ "$output" = hello ]
	says 'stale'
	# and many stale ones leave nothing behind
	server --
	urls=()
	for i in $(seq 300); do urls+=("a/INBOX;UIDVALIDITY=6/;UID=$i/;SECTION=1" "a/INBOX/;UID=$i/;SECTION=2"); done
	run --separate-stderr fetch -d "${urls[@]:0:80}"
	is 65
	[ "$(wc -l <<<"$stderr")" -eq 40 ]
	[ "${#output}" -eq $((40 * 6)) ]
}

@test "previews: NIL, empty, too long, with escapes" {
	CAPS=PREVIEW
	preview() { server -- "auto UID FETCH 1 \\(UID PREVIEW\\) => * 1 FETCH (UID 1 PREVIEW $1) | ok"; }
	preview NIL
	gives 'imap://alice@127.0.0.1/INBOX;UIDVALIDITY=7/;UID=1\t-\n' fetch --preview "$(u 1)"
	preview '""'
	gives 'imap://alice@127.0.0.1/INBOX;UIDVALIDITY=7/;UID=1\t\n' fetch --preview "$(u 1)"
	preview '{8}\r\na\r\n\tb\x1b[2'
	gives 'imap://alice@127.0.0.1/INBOX;UIDVALIDITY=7/;UID=1\ta\\r\\n\\tb\\033[2\n' fetch --preview "$(u 1)"
	preview "\"$(printf 'ü%.0s' $(seq 400))\""
	run --separate-stderr fetch --preview "$(u 1)"
	is 0
	[ "$(cut -f 2 <<<"$output")" = "$(printf 'ü%.0s' $(seq 256))" ]
	for bad in '(x)' '5'; do
		preview "$bad"
		run --separate-stderr fetch --preview "$(u 1)"
		is 0
	done
	CAPS=
	server -- 'auto UID FETCH 1 \(UID BODY.PEEK\[1\]<0.4096>\) => * 1 FETCH (UID 1 BODY[1]<0> {11}\r\na\r\n\tb\x1b[2<i>) | ok'
	gives 'imap://alice@127.0.0.1/INBOX;UIDVALIDITY=7/;UID=1\ta b[2<i>\n' fetch --preview "$(u 1)"
	CAPS=PREVIEW
	server -- 'auto UID FETCH 1 \(UID PREVIEW\) => * 1 FETCH (UID 1 FLAGS ()) | ok'
	fails 65 'does not give a preview' fetch --preview "$(u 1)"
}

@test "STARTTLS is demanded, a wrong password is said once, though there are many URLs" {
	fake_start --times 1 <<<$'may-hangup\nsend * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\nexpect-cmd AUTHENTICATE .*\nno [AUTHENTICATIONFAILED] wrong\nimap-logout'
	configure
	run --separate-stderr fetch "$(u 1 1)" "$(u 2 1)" 'a/Other/;UID=1'
	is 77
	[ -z "$output" ]
	# each URL is named
	[ "$(wc -l <<<"$stderr")" -eq 3 ]
	[ "$(grep -c AUTHENTICATE "$FAKE_TRANSCRIPT")" -eq 1 ]
}

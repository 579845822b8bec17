#!/usr/bin/env bats
# lm-meta against Dovecot, and against servers that refuse, lie, or know less.
load common

bats_require_minimum_version 1.5.0

setup_file() { lab_up dovecot; }
teardown_file() { lab_down; }
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
}
teardown() { fake_teardown; }

meta() { lm-meta -c "$LAB_CONFIG" "$@"; }

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

# quiet COMMAND...: status 0 and not a word.
quiet() {
	run --separate-stderr "$@"
	is 0 || return 1
	[ -z "$output$stderr" ] || { printf 'not quiet: %s\n%s\n' "$output" "$stderr"; return 1; }
}

# shows LINE... : status 0, and these are the records, in any order, without their URLs; TAB is written as " = ".
shows() {
	is 0 || return 1
	diff <(cut -f 2- <<<"$output" | sort) <(printf '%s\n' "${@// = /$'\t'}" | sort)
}

url_of() { printf 'imap://alice@%s/%s' "$(sed -n 's/^LAB_URL_AUTHORITY=//p' "$LABS/lab/env" | tr -d "'\"" | cut -d: -f 1)" "$1"; }

new_box() { imap "CREATE $box" >/dev/null; }

# fake_config: an account `fake` whose store is the fake.
fake_config() {
	cat >config <<-END
		account fake
		    imap imap://alice@127.0.0.1:$FAKE_PORT
		    tls insecure
		    password secret
	END
	chmod 600 config
}
fake_meta() { lm-meta -c config "$@"; }

# serves CAPABILITY... < directives: a store.
serves() {
	{
		echo "imap-login $*"
		cat
		echo 'auto STATUS \S+ \(UIDVALIDITY\) => * STATUS INBOX (UIDVALIDITY 7) | ok'
		# nobody waits for the answer to LOGOUT
		echo may-hangup
		echo imap-logout
	} >script
	fake_start <script
	fake_config
}

@test "set, get, delete" {
	new_box
	refuses 65 "alice/$box: no such entry: /private/comment" meta "alice/$box" /private/comment
	quiet meta "alice/$box" /private/comment 'Answer these first'
	run --separate-stderr meta "alice/$box" /private/comment
	shows '/private/comment = Answer these first'
	validity=$(imap "STATUS $box (UIDVALIDITY)" | sed -n 's/.*UIDVALIDITY \([0-9]*\).*/\1/p')
	[ "$(cut -f 1 <<<"$output")" = "$(url_of "$box");UIDVALIDITY=$validity" ] || { echo "$output"; false; }
	# the record's URL is one for us
	run --separate-stderr meta -a alice "$(cut -f 1 <<<"$output")" /PRIVATE/Comment
	shows '/private/comment = Answer these first' || shows '/PRIVATE/Comment = Answer these first'
	quiet meta "alice/$box" /private/comment ''
	run --separate-stderr meta "alice/$box" /private/comment
	shows '/private/comment = '
	quiet meta --delete "alice/$box" /private/comment
	refuses 65 'no such entry' meta "alice/$box" /private/comment
	quiet meta --delete "alice/$box" /private/comment
	# a value that looks like an option
	quiet meta -- "alice/$box" /private/comment -5
	run meta "alice/$box" /private/comment
	shows '/private/comment = -5'
}

@test "depth: the entry, what is immediately below, everything" {
	new_box
	for e in a a/b a/b/c ab; do quiet meta "alice/$box" "/private/vendor/lm/$e" "$e"; done
	quiet meta "alice/$box" /shared/comment ours
	p=/private/vendor/lm
	run --separate-stderr meta "alice/$box" $p/a
	shows "$p/a = a"
	run --separate-stderr meta -d 0 "alice/$box" $p/a
	shows "$p/a = a"
	run --separate-stderr meta -d 1 "alice/$box" $p/a
	shows "$p/a = a" "$p/a/b = a/b"
	run --separate-stderr meta -d infinity "alice/$box" $p/a
	shows "$p/a = a" "$p/a/b = a/b" "$p/a/b/c = a/b/c"
	run --separate-stderr meta -d infinity "alice/$box" /private
	shows "$p/a = a" "$p/a/b = a/b" "$p/a/b/c = a/b/c" "$p/ab = ab"
	run --separate-stderr meta "alice/$box"
	shows "$p/a = a" "$p/a/b = a/b" "$p/a/b/c = a/b/c" "$p/ab = ab" "/shared/comment = ours"
	# nothing there is no error where everything was asked for
	quiet meta -d 1 "alice/$box" /private/vendor/none
	box=empty-$box
	new_box
	quiet meta "alice/$box"
}

@test "values of any octets: from standard input, with --raw, in lines, in JSON" {
	new_box
	/usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(1, 256)) * 2)' >octets
	quiet meta "alice/$box" /private/vendor/lm/octets - <octets
	meta --raw "alice/$box" /private/vendor/lm/octets | cmp octets
	run --separate-stderr meta "alice/$box" /private/vendor/lm/octets
	is 0
	one_line
	[[ $output = *$'\t''\001\002\003\004\005\006\007\010\t\n\013\014\r\016'* ]]
	meta --json "alice/$box" /private/vendor/lm/octets | /usr/bin/python3 -c '
import base64, json, sys
record = json.load(sys.stdin)
assert record["entry"] == "/private/vendor/lm/octets" and "value" not in record, record
assert base64.b64decode(record["base64"]) == open("octets", "rb").read()'
	# text: lines end in CRLF; an argument is made so
	quiet meta "alice/$box" /private/comment $'Erste Zeile\r\nzweite «Zeile»\n\ttab \e[31m'
	printf 'Erste Zeile\r\nzweite «Zeile»\r\n\ttab \e[31m' >text
	meta --raw "alice/$box" /private/comment | cmp - text
	run --separate-stderr meta "alice/$box" /private/comment
	shows '/private/comment = Erste Zeile\r\nzweite «Zeile»\r\n\ttab \033[31m'
	meta --json "alice/$box" /private/comment | /usr/bin/python3 -c '
import json, sys
assert json.load(sys.stdin)["value"].encode() == open("text", "rb").read()'
	# nothing at all is a value
	quiet meta "alice/$box" /private/comment - </dev/null
	[ -z "$(meta --raw "alice/$box" /private/comment)" ]
}

@test "large values: to the octet in lines and JSON, in bounded memory" {
	new_box
	/usr/bin/python3 -c '
import sys
sys.stdout.buffer.write(("aä日🍋\\\"\x01" * 100000).encode()[:1024000 - 10] + b"0123456789")' >large
	[ "$(wc -c <large)" -eq 1024000 ]
	quiet meta "alice/$box" /private/vendor/lm/large - <large
	/usr/bin/time -f %M -o kilobytes lm-meta -c "$LAB_CONFIG" "alice/$box" /private/vendor/lm/large >line
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	cut -f 3 line | unvis >back || /usr/bin/python3 - <<-'END'
		import re
		line = open("line", "rb").read().rstrip(b"\n").split(b"\t")[2]
		octets = re.sub(rb"\\(\\|[0-7]{3})", lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1], 8)]), line)
		open("back", "wb").write(octets + b"\n")
	END
	cmp <(cat large; echo) back
	meta --json "alice/$box" /private/vendor/lm/large >object
	/usr/bin/python3 - <<-'END'
		import base64, json
		record = json.load(open("object", encoding="utf-8"))
		large = open("large", "rb").read()
		assert (record["value"].encode() if "value" in record else base64.b64decode(record["base64"])) == large
	END
	# one octet more than we set
	{ cat large; printf x; } >larger
	refuses 65 'a value over 1024000 octets' meta "alice/$box" /private/vendor/lm/large - <larger
	# three are more than a response may have
	quiet meta "alice/$box" /private/vendor/lm/large2 - <large
	quiet meta "alice/$box" /private/vendor/lm/large3 - <large
	refuses 76 'asks for less' meta "alice/$box"
	says "alice/$box: a response over"
}

@test "-m: what is larger is left out, and that is said" {
	new_box
	quiet meta "alice/$box" /private/vendor/lm/a 12345
	quiet meta "alice/$box" /private/vendor/lm/b 123456789
	quiet meta "alice/$box" /private/comment 123
	run --separate-stderr meta -m 9 "alice/$box"
	shows '/private/comment = 123' '/private/vendor/lm/a = 12345' '/private/vendor/lm/b = 123456789'
	run --separate-stderr meta -m 5 "alice/$box"
	is 65
	[ "$(cut -f 2 <<<"$output" | sort | tr '\n' ' ')" = '/private/comment /private/vendor/lm/a ' ]
	says "alice/$box: values over 5 octets are left out; the largest has 9: see -m"
	refuses 65 'the largest has 9' meta -m 8 "alice/$box" /private/vendor/lm/b
	refuses 65 'the largest has 9' meta -m 0 --raw "alice/$box" /private/vendor/lm/b
	run --separate-stderr meta -m 1k "alice/$box" /private/vendor/lm/b
	shows '/private/vendor/lm/b = 123456789'
	refuses 64 '-m takes a size' meta -m 1048577 "alice/$box"
	# more than we can take, put there by somebody else
	/usr/bin/python3 - "$BATS_TEST_DIRNAME/lab" "$LABS/lab" "$box" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		from labimap import Imap
		imap = Imap(sys.argv[2], "alice")
		imap.send(b"x SETMETADATA %s (/private/vendor/lm/huge {1100000+}\r\n" % sys.argv[3].encode() + b"x" * 1100000 + b")\r\n")
		while not imap.replies.readline().startswith(b"x OK"):
		    pass
		imap.close()
	END
	refuses 65 'the largest has 1100000, which is more than lm-meta takes' meta --raw "alice/$box" /private/vendor/lm/huge
}

@test "entries of the server" {
	quiet meta alice /private/vendor/lm/x mine
	quiet meta alice/ /shared/vendor/lm/x ours
	run --separate-stderr meta alice /private/vendor/lm/x
	shows '/private/vendor/lm/x = mine'
	[ "$(cut -f 1 <<<"$output")" = "$(url_of '')" ]
	# Dovecot shows nothing below the roots
	run --separate-stderr meta -v alice
	shows '/private/vendor/lm/x = mine' '/shared/vendor/lm/x = ours'
	says 'asking further down'
	quiet meta --delete alice /private/vendor/lm/x
	quiet meta --delete alice /shared/vendor/lm/x
	quiet meta alice
	refuses 65 'alice: no such entry: /shared/admin' meta alice /shared/admin
}

@test "mailbox names with blanks and umlauts; INBOX in any case" {
	box="Entwürfe & mehr $BATS_TEST_NUMBER"
	a_message x | deliver "$box"
	quiet meta "alice/$box" /private/comment 'für später'
	run --separate-stderr meta "alice/$box"
	shows '/private/comment = für später'
	[[ $output = *"/Entw%C3%BCrfe%20%26%20mehr%20$BATS_TEST_NUMBER;UIDVALIDITY="* ]]
	quiet meta alice/INBOX /private/vendor/lm/in yes
	run --separate-stderr meta alice/inbox /private/vendor/lm/in
	shows '/private/vendor/lm/in = yes'
	meta --delete alice/INBOX /private/vendor/lm/in
}

@test "a stale URL is no other mailbox" {
	new_box
	quiet meta "alice/$box" /private/comment old
	refuses 65 'stale URL: its UIDVALIDITY is' meta "alice/$box;UIDVALIDITY=7" /private/comment
	refuses 65 'stale URL' meta "alice/$box;UIDVALIDITY=7" /private/comment new
	refuses 65 'stale URL' meta --delete "alice/$box;UIDVALIDITY=7" /private/comment
	refuses 65 'stale URL' meta "alice/$box;UIDVALIDITY=7"
	run meta --raw "alice/$box" /private/comment
	[ "$output" = old ]
	right=$(meta "alice/$box" | cut -f 1)
	quiet meta "$right" /private/comment new
	[ "$(meta --raw "$right" /private/comment)" = new ]
}

@test "what Dovecot refuses: a mailbox that is not there, NUL octets" {
	refuses 69 "alice/none-$BATS_TEST_NUMBER: GETMETADATA: NO" meta "alice/none-$BATS_TEST_NUMBER"
	refuses 69 "alice/none-$BATS_TEST_NUMBER: SETMETADATA: NO" meta "alice/none-$BATS_TEST_NUMBER" /private/comment x
	new_box
	printf 'a\0b' >nul
	refuses 69 "alice/$box: a value with NUL octets (literal8): SETMETADATA: NO [CANNOT]" \
		meta "alice/$box" /private/vendor/lm/nul - <nul
}

@test "usage, before anything is sent" {
	run --separate-stderr lm-meta --help
	is 0
	[[ $output = usage:* ]]
	refuses 64 'takes an account' meta
	refuses 64 'takes an account' meta alice /private/comment x y
	for e in comment /comment /private/ /private//x /private/x/ '/private/*' '/private/a%b' $'/private/a\nb' /private/ä ''; do
		refuses 64 '' meta alice/INBOX "$e"
	done
	refuses 64 'no entry' meta alice/INBOX /private x
	refuses 64 'no entry' meta --raw alice/INBOX /private
	refuses 64 '-d takes' meta -d 2 alice/INBOX
	refuses 64 'for reading' meta -d 1 alice/INBOX /private/x y
	refuses 64 'for reading' meta --json --delete alice/INBOX /private/x
	refuses 64 '--delete takes' meta --delete alice/INBOX /private/x y
	refuses 64 '--delete takes' meta --delete alice/INBOX
	refuses 64 '--raw' meta --raw alice/INBOX
	refuses 64 '--raw' meta --raw -d 1 alice/INBOX /private/x
	refuses 64 'exclude' meta --raw --json alice/INBOX /private/x
	refuses 65 'not to messages' meta 'alice/INBOX/;UID=7' /private/x
	refuses 64 'from standard input' meta --raw - /private/x
	refuses 64 'from standard input' meta - /private/x -
	refuses 78 nobody meta nobody/INBOX
	refuses 66 'lm-meta: /no-such-file: No such file' lm-meta -c /no-such-file - < <(seq -f 'alice/%g' 10)
	refuses 65 'neither an IMAP URL' meta /private/comment
	refuses 65 'imap://alice@other/x: a URL of another server' meta imap://alice@other/x
	refuses 74 'standard input' bash -c "lm-meta -c '$LAB_CONFIG' alice/INBOX /private/x - <."
	new_box
	quiet meta "alice/$box" /private/comment x
	refuses 74 'standard output' bash -c "lm-meta -c '$LAB_CONFIG' 'alice/$box' >/dev/full"
}

@test "mailboxes from standard input: get, set, delete; what fails is told, the rest is done" {
	for i in 1 2 3; do imap "CREATE $box-$i" >/dev/null; done
	printf '%s\n' "alice/$box-1" "alice/$box-2" "" "alice/none-$BATS_TEST_NUMBER" "alice/$box-3;UIDVALIDITY=7" bob/INBOX \
		"alice/INBOX/;UID=1" nobody/x "alice/$box-3" >list
	run --separate-stderr meta - /private/comment 'the same' <list
	is 69
	[ -z "$output" ]
	[ "$(wc -l <<<"$stderr")" -eq 4 ] || { echo "$stderr"; false; }
	says "alice/none-$BATS_TEST_NUMBER: SETMETADATA: NO"
	says "alice/$box-3;UIDVALIDITY=7: stale URL"
	says 'not to messages: alice/INBOX/;UID=1'
	says 'nobody'
	printf '%s\n' "alice/$box-1" "alice/$box-2" bob/INBOX "alice/$box-3" >good
	run --separate-stderr meta - /private/comment <good
	is 0
	# in the order of the input
	[ "$(cut -f 2- <<<"$output" | sort -u)" = $'/private/comment\tthe same' ]
	diff <(cut -f 1 <<<"$output" | sed 's/;UIDVALIDITY=[0-9]*$//') \
		<(url_of "$box-1"; echo; url_of "$box-2"; echo; url_of INBOX | sed s/alice/bob/; echo; url_of "$box-3"; echo)
	# its own lines are what it reads
	quiet meta --delete - /private/comment <<<"$output"
	run --separate-stderr meta - /private/comment <good
	is 65
	[ "$(grep -c 'no such entry' <<<"$stderr")" -eq 4 ]
	quiet meta -d infinity - /private/comment <good
	# one long line, one with a NUL
	{ head -c 70000 /dev/zero | tr '\0' x; printf '\n\0\nalice/%s-1\n' "$box"; } >odd
	run --separate-stderr meta - <odd
	is 65
	says 'standard input, line 1: too long'
	says 'standard input, line 2: has a NUL'
	refuses 74 'Is a directory' meta - /private/comment <.
}

@test "two hundred mailboxes: as many flights as they need, in bounded memory" {
	for i in $(seq 200); do echo "CREATE $box/$i"; done >commands
	mapfile -t commands <commands
	imap "${commands[@]}" >/dev/null
	for i in $(seq 200); do echo "alice/$box/$i"; done >list
	quiet meta - /private/comment "$(head -c 10000 /dev/zero | tr '\0' y)" <list
	/usr/bin/time -f %M -o kilobytes lm-meta -c "$LAB_CONFIG" - /private/comment <list >out
	[ "$(wc -l <out)" -eq 200 ]
	[ "$(cut -f 3 out | sort -u | wc -c)" -eq 10001 ]
	# Dovecot answers in any order
	diff <(sed "s/;.*//; s/.*\///" out | sort -n) <(seq 200)
	quiet meta --delete - /private/comment <out
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
}

@test "many mailboxes are one flight, whatever the order of the answers" {
	serves METADATA <<-'END'
		expect-cmd STATUS one \(UIDVALIDITY\)
		set s1 ${tag}
		expect-cmd GETMETADATA \(MAXSIZE 1048576\) one /private/a
		set g1 ${tag}
		expect-cmd STATUS two \(UIDVALIDITY\)
		set s2 ${tag}
		expect-cmd GETMETADATA \(MAXSIZE 1048576\) two /private/a
		send * METADATA two (/private/a "2")
		send ${tag} OK
		send * STATUS two (UIDVALIDITY 22)
		send ${s2} OK
		send * STATUS one (UIDVALIDITY 11)
		send ${s1} OK
		send * METADATA one (/private/a "1")
		send ${g1} OK
	END
	run --separate-stderr fake_meta - /private/a <<<$'fake/one\nfake/two'
	is 0
	[ "$(cut -f 2- <<<"$output")" = $'/private/a\t2\n/private/a\t1' ] || { echo "$output"; false; }
	[[ ${lines[1]} = *'/one;UIDVALIDITY=11'$'\t'* ]]
	fake_wait
	# a UIDVALIDITY that is asked for and is not there in time is a stale URL, not somebody's value
	serves METADATA <<-'END'
		expect-cmd STATUS one .*
		set s1 ${tag}
		expect-cmd GETMETADATA .*
		send * METADATA one (/private/a "1")
		ok
		send * STATUS one (UIDVALIDITY 7)
		send ${s1} OK
	END
	refuses 65 'stale URL' fake_meta 'fake/one;UIDVALIDITY=7' /private/a
	fake_wait
}

@test "the line is lost: those without an answer are asked one by one on another" {
	cat >script <<-'END'
		imap-login METADATA
		may-hangup
		auto STATUS \S+ .* => ok
		expect-cmd GETMETADATA .* one .*
		send * METADATA one (/private/a "1")
		ok
		expect-cmd GETMETADATA .* two .*
		send * METADATA three (/private/a "3")
		send-raw * METADATA two (/private/a "2" /private/b \x20
		cut
		next-connection
		imap-login METADATA
		may-hangup
		auto STATUS \S+ .* => ok
		expect-cmd GETMETADATA .* two /private/a
		send * METADATA two (/private/a "2")
		ok
		expect-cmd GETMETADATA .* four /private/a
		send-raw * METADATA four (/private/a
		cut
	END
	fake_start --times 2 <script
	fake_config
	run --separate-stderr fake_meta - /private/a <<<$'fake/one\nfake/two\nfake/three\nfake/four'
	is 75
	# of three we cannot know whether that was all
	[ "$(cut -f 3 <<<"$output")" = $'1\n3\n2' ] || { echo "$output"; false; }
	[ "$(wc -l <<<"$stderr")" -eq 2 ]
	says 'lm-meta: fake/three: '
	says 'lm-meta: fake/four: '
	fake_wait
}

@test "the examples of the manual page" {
	sed 's/^account alice$/account work/' "$LAB_CONFIG" >own
	chmod 600 own
	printf 'some\nrules\n' >rules
	n=0
	while read -r line; do
		n=$((n + 1))
		run --separate-stderr bash -c "lm-meta() { command lm-meta -c own \"\$@\"; }; lm-list() { command lm-list -c own \"\$@\"; }; $line"
		case $n in
		2) [[ $output = *$'\t/private/comment\tAnswer these first' ]] || { echo "$output"; false; } ;;
		5) cmp rules rules.copy ;;
		6)
			[ "$output" = $'/private/vendor/acme/rules\tsome\\nrules\\n' ] || { echo "$output"; false; }
			meta alice/INBOX /private/comment noted
			;;
		# mailboxes of the other tests may have one, too, or be only a name
		7) grep -q $'/INBOX;UIDVALIDITY=[0-9]*\t/private/comment\tnoted$' <<<"$output" || { echo "$output$stderr"; false; } ;;
		8) is 65 && says 'work: no such entry: /shared/admin' ;; # Dovecot's is not set here
		esac
		[ "$n" -ge 7 ] || is 0
	done < <(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-meta.1")
	[ "$n" -eq 8 ]
	meta --delete alice/INBOX /private/vendor/acme/rules
	meta --delete alice/INBOX /private/comment
}

@test "one flight: STATUS and GETMETADATA go together, and nothing is opened" {
	serves METADATA <<-'END'
		expect-cmd STATUS "?INBOX"? \(UIDVALIDITY\)
		set first ${tag}
		expect-cmd GETMETADATA \(MAXSIZE 1048576\) "?INBOX"? /private/comment
		send * STATUS INBOX (UIDVALIDITY 7)
		send ${first} OK
		send * METADATA INBOX (/private/comment "x")
		ok
	END
	run --separate-stderr fake_meta fake/INBOX /private/comment
	shows '/private/comment = x'
	[[ $output = *'/INBOX;UIDVALIDITY=7'$'\t'* ]]
	fake_wait
}

@test "what else servers say: several responses, news, others' mailboxes, what was not asked for" {
	serves METADATA <<-'END'
		auto GETMETADATA .* => * METADATA Other (/private/a "wrong") | * METADATA INBOX /private/a | * METADATA INBOX (/private/a "1") | * METADATA "INBOX" (/private/vendor/b NIL /private/c {3} | !send-raw 2\xff\n | !send  /elsewhere "x") | * METADATA INBOX () | ok
	END
	run --separate-stderr fake_meta -v fake/INBOX
	is 0
	[ "$(cut -f 2- <<<"$output")" = $'/private/a\t1\n/private/c\t2\\377\\n' ] || { echo "$output"; false; }
	says 'not asked for, left out: /elsewhere'
	fake_wait
}

@test "literal8 with NUL, there and back" {
	serves METADATA <<-'END'
		expect-cmd SETMETADATA "?INBOX"? \(/private/a ~\{5\+\}.*
		ok
	END
	printf 'a\0b\0c' >nul
	quiet fake_meta fake/INBOX /private/a - <nul
	fake_wait
	fake_saw 'C: .*~\{5\+?\}'
	serves METADATA <<-'END'
		auto GETMETADATA .* => * METADATA INBOX (/private/a ~{5} | !send-raw a\0b\0c | !send ) | ok
	END
	fake_meta --raw fake/INBOX /private/a | cmp - nul
	fake_wait
	serves METADATA <<-'END'
		auto GETMETADATA .* => * METADATA INBOX (/private/a ~{5} | !send-raw a\0b\0c | !send ) | ok
	END
	run --separate-stderr fake_meta --json fake/INBOX /private/a
	[[ $output = *'"value":"a\u0000b\u0000c"}' ]] || { echo "$output"; false; }
	fake_wait
}

@test "a server that knows no literal8" {
	fake_start <<-'END'
		imap-login METADATA -LITERAL+
		expect (?P<tag>\S+) SETMETADATA INBOX \(/private/a ~\{3\}
		bad what is a tilde?
		may-hangup
		imap-logout
	END
	fake_config
	refuses 69 'fake/INBOX: a value with NUL octets (literal8): SETMETADATA: BAD what is a tilde?' \
		fake_meta fake/INBOX /private/a - < <(printf 'a\0b')
	fake_wait
}

@test "refusals by code: MAXSIZE, TOOMANY, NOPRIVATE, and others" {
	answers() {
		serves METADATA <<<"auto SETMETADATA .* => $1"
		refuses "$2" "$3" fake_meta fake/INBOX /private/a 12345
		fake_wait
	}
	answers 'no [METADATA MAXSIZE 4] too big' 69 'fake/INBOX: a value of 5 octets: the server takes at most 4'
	answers 'no [METADATA TOOMANY] enough' 69 'fake/INBOX: the server takes no more entries here (TOOMANY)'
	answers 'no [METADATA NOPRIVATE] public' 69 'no private entries here (NOPRIVATE): /shared/ may do'
	answers 'no [OVERQUOTA] full' 69 'SETMETADATA: NO [OVERQUOTA] full'
	answers 'no [UNAVAILABLE] later' 75 'later'
	answers 'no [NOPERM] not yours' 69 'not yours'
	answers 'bad what?' 69 'what?'
	answers '* BYE going | !close' 75 'goodbye'
}

@test "without METADATA, or with METADATA-SERVER only" {
	serves LITERAL+ </dev/null
	refuses 69 'fake: the server does not offer METADATA' fake_meta fake
	fake_wait
	serves METADATA-SERVER </dev/null
	refuses 69 'fake/INBOX: the server has METADATA for itself (METADATA-SERVER), not for mailboxes' fake_meta fake/INBOX
	fake_wait
	fake_saw_no 'C: .*METADATA'
	serves METADATA-SERVER <<-'END'
		auto GETMETADATA .* "" .* => * METADATA "" (/shared/admin "mailto:x") | ok
	END
	run --separate-stderr fake_meta fake /shared/admin
	shows '/shared/admin = mailto:x'
	fake_wait
	"$BATS_TEST_DIRNAME/lab/lab" start --imap-capability 'IMAP4rev1 SASL-IR LITERAL+' "$BATS_TEST_TMPDIR/lab" dovecot 3>&-
	run --separate-stderr lm-meta -c "$BATS_TEST_TMPDIR/lab/config" alice/INBOX /private/comment x
	"$BATS_TEST_DIRNAME/lab/lab" stop "$BATS_TEST_TMPDIR/lab"
	is 69
	says 'does not offer METADATA'
}

@test "\\Noselect: no UIDVALIDITY, but entries" {
	fake_start <<-'END'
		imap-login METADATA
		auto STATUS .* => no \Noselect
		auto GETMETADATA .* => * METADATA parent (/private/a "x") | ok
		may-hangup
		imap-logout
	END
	fake_config
	run --separate-stderr fake_meta fake/parent
	shows '/private/a = x'
	[[ $output = imap://alice@127.0.0.1/parent$'\t'* ]] || { echo "$output"; false; }
	fake_wait
	fake_start <<-'END'
		imap-login METADATA
		auto STATUS .* => no \Noselect
		auto GETMETADATA .* => * METADATA parent (/private/a "x") | ok
		may-hangup
		imap-logout
	END
	fake_config
	refuses 65 'stale URL: its UIDVALIDITY is 7, and the server does not say' fake_meta 'fake/parent;UIDVALIDITY=7'
	fake_wait
}

@test "hostile answers: 76 and one line" {
	hostile() {
		serves METADATA <<<"$1"
		refuses 76 "$2" fake_meta fake/INBOX /private/a
		fake_wait || true
	}
	hostile 'auto GETMETADATA .* => * METADATA INBOX (/private/a) | ok' 'without a value'
	hostile 'auto GETMETADATA .* => * METADATA INBOX (/private/a (1 2)) | ok' 'without a value'
	hostile 'auto GETMETADATA .* => * METADATA INBOX ((x) y) | ok' 'a name that is none'
	hostile 'auto GETMETADATA .* => !may-hangup | * METADATA INBOX (/private/a {1048577}' 'a string over 1048576 octets'
	hostile 'auto GETMETADATA .* => !may-hangup | * METADATA INBOX (/private/a {99999999999999999999}' 'fake/INBOX'
	hostile 'auto GETMETADATA .* => !may-hangup | !send-raw * METADATA INBOX (/private/a " | !send-fill 2M | ok' 'over'
	# names that would leave their field
	serves METADATA <<<'auto GETMETADATA .* => * METADATA INBOX ("/private/a\t\x1b[2J" "x\x1b[2J\xe2\x80\xae") | ok'
	run --separate-stderr fake_meta fake/INBOX
	[ "$(cut -f 2- <<<"$output")" = '/private/a\t\033[2J'$'\t''x\033[2J\342\200\256' ] || { echo "$output"; false; }
	fake_wait
}

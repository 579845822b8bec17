#!/usr/bin/env bats
# lm-list against Dovecot, with what it offers and with less, and against servers that lie.
load common

bats_require_minimum_version 1.5.0

OLD='IMAP4rev1 SASL-IR LITERAL+'

setup_file() {
	lab_up dovecot -- 'namespace public {' 'type = public' 'separator = /' 'prefix = Public/' \
		'location = mdbox:~/public' 'subscriptions = no' 'list = no' '}'
	# with no extension of LIST; with LIST-EXTENDED alone
	LAB_IMAP_CAPABILITY="$OLD" "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/old" dovecot 3>&-
	LAB_IMAP_CAPABILITY="$OLD LIST-EXTENDED SPECIAL-USE METADATA NAMESPACE" "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/mid" dovecot 3>&-
	for lab in lab old mid; do
		"$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/$lab" alice 'CREATE lists/c' 'CREATE "Entw&APw-rfe 2"' 'SUBSCRIBE lists/c' \
			'SETMETADATA lists/c (/private/comment "about \"C\"")' >/dev/null
		for _ in 1 2 3; do
			printf 'Subject: x\r\n\r\nhi\r\n' | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/$lab" alice lists/c
		done
		"$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/$lab" alice 'SELECT lists/c' 'STORE 1 +FLAGS (\Seen)' >/dev/null
	done
}
teardown_file() {
	for lab in old mid; do
		[ ! -d "$LABS/$lab" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/$lab"
	done
	lab_down
}
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
}
teardown() { fake_teardown; }

list() { lm-list -c "$LAB_CONFIG" "$@"; }
# lab NAME: another lab's accounts from here on.
lab() {
	set -a
	# shellcheck disable=SC1090
	. "$LABS/$1/env"
	set +a
}

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
# says TEXT: it is on standard error.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
# quiet: nothing is on standard error.
quiet() { [ -z "$stderr" ] || { echo "on stderr: $stderr"; return 1; }; }
# fields NAME N...: these fields of the line of the mailbox of that name, blanks between.
fields() { awk -F '\t' -v name="$1" -v list="${*:2}" '$4 == name { n = split(list, k, " "); for (i = 1; i <= n; i++) printf "%s%s", $k[i], i < n ? " | " : "\n" }' <<<"$output"; }
# shows NAME 'N...' TEXT
shows() { [ "$(fields "$1" "$2")" = "$3" ] || { printf '%s: "%s", not "%s"\n%s\n' "$1" "$(fields "$1" "$2")" "$3" "$output"; return 1; }; }
# names: all names, sorted, blanks between.
names() { cut -f 4 <<<"$output" | sort | tr '\n' ' '; }
# uidvalidity NAME: what IMAP itself says.
uidvalidity() { "$BATS_TEST_DIRNAME/lab/imapdo" "${LAB_DIR:-$LABS/lab}" alice "STATUS \"$1\" (UIDVALIDITY)" | sed -n 's/.*(UIDVALIDITY \([0-9]*\)).*/\1/p'; }

# serves CAPABILITIES < script: a server whose script goes on after the login; account "fake" in the file "own".
serves() {
	local caps
	read -ra caps <<<"$1"
	fake_start < <(printf '%s\n' may-hangup "imap-login ${caps[*]}"; cat; echo imap-logout) || return 1
	printf 'account fake\n imap imap://alice@127.0.0.1:%s\n tls insecure\n password secret\n' "$FAKE_PORT" >own
	chmod 600 own
}
fake_list() { lm-list -c own "$@"; }

@test "a line for each mailbox: URL with UIDVALIDITY, attributes, namespace, name" {
	run --separate-stderr list alice
	is 0
	quiet
	[ "$(names)" = 'Drafts Entwürfe 2 INBOX Sent Trash lists lists/c ' ]
	shows lists/c '1 3' "imap://alice@localhost/lists/c;UIDVALIDITY=$(uidvalidity lists/c) | own"
	shows 'Entwürfe 2' 1 "imap://alice@localhost/Entw%C3%BCrfe%202;UIDVALIDITY=$(uidvalidity 'Entw&APw-rfe 2')"
	shows lists '1 2' 'imap://alice@localhost/lists | Noselect HasChildren'
	[[ $(fields lists/c 2) = 'HasNoChildren '*Subscribed ]]
	[[ $(fields Sent 2) = *' Subscribed Sent' ]]
	[ "$(awk -F '\t' '{ print NF }' <<<"$output" | sort -u)" = 4 ]
}

@test "-s: messages, unseen, size, uidnext, modseq" {
	run --separate-stderr list -s alice
	is 0
	quiet
	shows lists/c '5 6 7 8' '3 | 2 | 54 | 4'
	[ "$(fields lists/c 9)" -gt 1 ]
	shows lists '5 6 7 8 9' '- | - | - | - | -'
	shows Trash '5 6 7 8' '0 | 0 | 0 | 1'
	[ "$(awk -F '\t' '{ print NF }' <<<"$output" | sort -u)" = 9 ]
}

@test "one flight after the login: nothing is sent after the first answer" {
	run list -vv -s alice
	is 0
	[ "$(grep -c '^imap> .* LIST ' <<<"$output")" -eq 1 ]
	[ "$(grep -c '^imap> .* STATUS ' <<<"$output" || true)" -eq 1 ]
	grep -q '^imap> .* LIST .*RETURN (.*STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE))' <<<"$output"
	# between LIST and its NAMESPACE no answer is waited for
	grep '^imap[<>]' <<<"$output" | grep -A1 '^imap> .* NAMESPACE' | tail -n 1 | grep -q '^imap> .* LIST '
	grep -q '^lm-list: alice: LIST with STATUS$' <<<"$output"
}

@test "a server that is known: LIST goes out with the login" {
	list alice-plain >cold
	run list -vv alice-plain
	is 0
	sent=$(grep -n '^imap> .* LIST ' <<<"$output" | head -n 1 | cut -d : -f 1)
	in=$(grep -n '^imap< a[0-9]* OK' <<<"$output" | head -n 1 | cut -d : -f 1)
	[ "$sent" -lt "$in" ]
	[ "$(grep '^imap:' <<<"$output" | cut -f 1 | sort)" = "$(cut -f 1 cold | sort)" ]
}

@test "a known server that does not let us in at once: again, in the usual order" {
	local good='imap-login LIST-EXTENDED LIST-STATUS
		expect-cmd LIST .*
		send * LIST () "/" a
		send * STATUS a (UIDVALIDITY 7)
		ok
		imap-logout'
	"$BATS_TEST_DIRNAME/lab/mkcerts" tls
	fake_start --tls tls/good.pem tls/good.key <<-END
		may-hangup
		$good
		next-connection
		may-hangup
		send * OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN LIST-EXTENDED LIST-STATUS] hi
		expect-cmd AUTHENTICATE PLAIN .*
		no [UNAVAILABLE] not now
		any
		next-connection
		may-hangup
		$good
	END
	printf 'account fake\n imap imaps://alice@127.0.0.1:%s\n tls-ca %s\n password secret\n' "$FAKE_PORT" "$PWD/tls/ca.pem" >own
	chmod 600 own
	for _ in 1 2; do
		run --separate-stderr fake_list fake
		is 0
		quiet
		shows a 1 'imap://alice@127.0.0.1/a;UIDVALIDITY=7'
	done
	fake_wait
	fake_saw '^C3: .* LIST'
}

@test "patterns, URLs and standard input; each mailbox once" {
	run --separate-stderr list 'alice/%'
	is 0
	[ "$(names)" = 'Drafts Entwürfe 2 INBOX Sent Trash lists ' ]
	run --separate-stderr list 'alice/lists/*' 'alice/*c' 'alice/inbox' 'alice/Entwürfe%'
	is 0
	[ "$(names)" = 'Entwürfe 2 INBOX lists/c ' ]
	url=$(list alice/lists/c | cut -f 1)
	run --separate-stderr list "$url" imap://alice@localhost/Entw%C3%BCrfe%202 imap://alice@localhost/inbox
	is 0
	[ "$(names)" = 'Entwürfe 2 INBOX lists/c ' ]
	run --separate-stderr list alice/Sent - <<-END
		mailbox-new	$url

		alice/T*
	END
	is 0
	[ "$(names)" = 'Sent Trash lists/c ' ]
	# the output is an input
	list alice | cut -f 1 >all
	run --separate-stderr list - <all
	is 0
	[ "$(cut -f 1 <<<"$output" | sort)" = "$(sort all)" ]
	# what is no line is told by its number
	run --separate-stderr list - < <(head -c 70000 /dev/zero | tr '\0' x; printf '\nalice/Se\0nt\nalice/Sent\n')
	is 65
	[ "$(names)" = 'Sent ' ]
	[ "$stderr" = $'lm-list: standard input, line 1: too long\nlm-list: standard input, line 2: has a NUL in it' ]
}

@test "several accounts, -a, and the first account by default" {
	run --separate-stderr list bob alice/lists/c
	is 0
	[ "$(cut -d / -f 3 <<<"$output" | sort -u | tr '\n' ' ')" = 'alice@localhost bob@localhost ' ]
	run --separate-stderr list -a bob
	is 0
	[[ $output = imap://bob@localhost/* ]]
	run --separate-stderr list
	is 0
	[[ $output = imap://alice@localhost/* ]]
	run --separate-stderr list -a bob alice
	is 64
}

@test "--special, --subscribed" {
	run --separate-stderr list --special alice
	is 0
	[ "$(names)" = 'Drafts Sent Trash ' ]
	run --separate-stderr list --subscribed alice
	is 0
	[ "$(names)" = 'Drafts Sent Trash lists/c ' ]
	run --separate-stderr list --subscribed --special 'alice/*s'
	is 0
	[ "$(names)" = 'Drafts ' ]
	# none of these is no error
	run --separate-stderr list --special alice/INBOX
	is 0
	[ -z "$output" ]
}

@test "--meta: values, and no value" {
	run --separate-stderr list --meta /private/comment --meta /shared/comment alice
	is 0
	quiet
	shows lists/c '5 6' 'about "C" | -'
	shows Sent '5 6' '- | -'
	run --separate-stderr list --json --meta /private/comment alice/lists/c
	is 0
	[[ $output = '{"url":"imap://alice@localhost/lists/c;UIDVALIDITY='*'","attributes":"HasNoChildren'*'","namespace":"own","name":"lists/c","/private/comment":"about \"C\""}' ]]
	for entry in comment /private /private/ /private/* '/private/c%' /private//x /Private/ö ''; do
		run --separate-stderr list --meta "$entry" alice
		is 64
	done
}

@test "--json: numbers are numbers, and null what is not there" {
	list --json -s alice >json
	/usr/bin/python3 - json <<-'END'
		import json, sys
		boxes = {b["name"]: b for b in map(json.loads, open(sys.argv[1]))}
		c = boxes["lists/c"]
		assert (c["messages"], c["unseen"], c["size"], c["uidnext"]) == (3, 2, 54, 4), c
		assert boxes["lists"]["messages"] is None
		assert list(c) == "url attributes namespace name messages unseen size uidnext modseq".split(), c
	END
}

@test "namespaces: a column, and -n, which also finds what a plain list hides" {
	imap 'CREATE Public/news' >/dev/null
	run --separate-stderr list alice
	is 0
	[[ $(names) != *Public* ]]
	run --separate-stderr list -n shared alice
	is 0
	[ "$(names)" = 'Public/news ' ]
	shows Public/news 3 shared
	run --separate-stderr list -n own -n shared alice
	is 0
	[ "$(names)" = 'Drafts Entwürfe 2 INBOX Public/news Sent Trash lists lists/c ' ]
	run --separate-stderr list -n others alice
	is 0
	[ -z "$output" ]
	run --separate-stderr list -n own 'alice/Public/*' alice/INBOX
	is 0
	[ "$(names)" = 'INBOX ' ]
	run --separate-stderr list -n mine alice
	is 64
}

@test "without any extension: LIST, LSUB and a STATUS for each tell the same" {
	run --separate-stderr list -s --meta /private/comment alice
	is 0
	cut -f 4-6,8 <<<"$output" | sort >expected
	subscribed=$(grep Subscribed <<<"$output" | cut -f 4 | sort)
	lab old
	run --separate-stderr list -v -s --meta /private/comment alice
	is 0
	says 'plain LIST, STATUS for each'
	[ "$(grep -c 'lm-list: alice: the server has no METADATA' <<<"$stderr")" -eq 1 ]
	cut -f 4-6,8 <<<"$output" | sort | diff expected -
	[ "$(grep Subscribed <<<"$output" | cut -f 4 | sort)" = "$subscribed" ]
	[ "$(cut -f 3,7,9,10 <<<"$output" | sort -u)" = $'-\t-\t-\t-' ]
	shows lists/c 1 "imap://alice@localhost/lists/c;UIDVALIDITY=$(uidvalidity lists/c)"
	run --separate-stderr list --subscribed alice
	is 0
	[ "$(names)" = 'Drafts Sent Trash lists/c ' ]
	run --separate-stderr list 'alice/lists/*' 'alice/*c' alice/INBOX
	is 0
	[ "$(names)" = 'INBOX lists/c ' ]
	run --separate-stderr list -n own alice
	is 69
	says 'no NAMESPACE'
}

@test "with LIST-EXTENDED alone: a STATUS and a GETMETADATA for each" {
	lab mid
	run --separate-stderr list -v -s --special --meta /private/comment alice
	is 0
	says 'extended LIST, STATUS for each'
	[ "$(names)" = 'Drafts Sent Trash ' ]
	run --separate-stderr list -s --meta /private/comment alice
	is 0
	quiet
	shows lists/c '3 5 6 7 8 9 10' 'own | 3 | 2 | - | 4 | - | about "C"'
	shows lists '5 10' '- | -'
}

@test "a subscription to what is not there" {
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST \(SUBSCRIBED\) "" "\*" RETURN \(CHILDREN SUBSCRIBED STATUS \(UIDVALIDITY\)\)
		send * LIST (\Subscribed \NonExistent) "/" gone
		send * LIST (\Subscribed) "/" here
		send * STATUS here (UIDVALIDITY 7)
		ok
	END
	run --separate-stderr fake_list --subscribed fake
	is 0
	shows gone '1 2' 'imap://alice@127.0.0.1/gone | NonExistent Noselect Subscribed'
	shows here 1 'imap://alice@127.0.0.1/here;UIDVALIDITY=7'
	fake_wait
	serves '' <<-'END'
		expect-cmd LSUB "" "\*"
		set first ${tag}
		expect-cmd LIST "" "\*"
		send * LSUB () "/" gone
		send * LSUB () "/" here
		send ${first} OK done
		send * LIST () "/" here
		ok
		expect-cmd STATUS here \(UIDVALIDITY\)
		send * STATUS here (UIDVALIDITY 7)
		ok
	END
	run --separate-stderr fake_list --subscribed fake
	is 0
	shows gone '1 2' 'imap://alice@127.0.0.1/gone | NonExistent Noselect Subscribed'
	shows here 1 'imap://alice@127.0.0.1/here;UIDVALIDITY=7'
	fake_wait
}

@test "values with the list (LIST-METADATA); a value that is no text is left out" {
	serves 'LIST-EXTENDED LIST-STATUS METADATA LIST-METADATA' <<-'END'
		expect-cmd LIST "" "\*" RETURN \(CHILDREN SUBSCRIBED STATUS \(UIDVALIDITY\) METADATA \(/shared/comment\)\)
		send * LIST () "/" a
		send * STATUS a (UIDVALIDITY 7)
		send * METADATA a (/shared/comment "one\ttwo")
		send * LIST () "/" b
		send * METADATA b (/shared/comment ~{3}
		send-raw x\0y)\r\n
		send * STATUS b (UIDVALIDITY 8)
		ok
	END
	run --separate-stderr fake_list --meta /shared/comment fake
	is 65
	shows a 5 'one\ttwo'
	shows b '1 5' 'imap://alice@127.0.0.1/b;UIDVALIDITY=8 | -'
	says 'fake/b: the value of /shared/comment has a NUL in it'
	fake_wait
}

@test "no such mailbox, a stale URL, what is no mailbox: named, and the rest is listed" {
	run --separate-stderr list alice/none alice/Sent 'alice/none*' 'imap://alice@localhost/lists/c;UIDVALIDITY=1' alice/Trash
	is 65
	says 'alice/none: no such mailbox'
	says 'alice/lists/c: stale URL: its UIDVALIDITY is'
	[ "$(wc -l <<<"$stderr")" -eq 2 ]
	[ "$(names)" = 'Sent Trash ' ]
	run --separate-stderr list 'imap://alice@localhost/INBOX/;UID=1' alice/Sent
	is 65
	says 'a URL of a message, not of a mailbox'
	[ "$(names)" = 'Sent ' ]
	run --separate-stderr list imap://alice@elsewhere.example/INBOX
	is 65
	run --separate-stderr list nobody
	is 78
	run --separate-stderr list $'alice/\xff'
	is 65
	# a "*" in a URL is a "*"
	run --separate-stderr list 'imap://alice@localhost/%2A'
	is 65
	says 'alice/*: no such mailbox'
	[ -z "$output" ]
}

@test "an account that cannot be reached does not keep the others from being listed" {
	cp "$LAB_CONFIG" own
	chmod 600 own
	printf 'account dead\n imap imap://x@127.0.0.1:1\n tls insecure\n password x\n' >>own
	run --separate-stderr lm-list -c own dead alice/Sent
	is 75
	says 'dead: '
	[ "$(names)" = 'Sent ' ]
}

@test "a server that refuses a STATUS, drops one, or all of LIST" {
	serves 'LIST-EXTENDED' <<-'END'
		expect-cmd LIST .*
		send * LIST () "/" a
		send * LIST () "/" b
		ok
		expect-cmd STATUS a .*
		no [NOPERM] not for you
		expect-cmd STATUS b .*
		send * STATUS b (UIDVALIDITY 7)
		ok
	END
	run --separate-stderr fake_list fake
	is 69
	says 'fake/a: STATUS: NO [NOPERM] not for you'
	shows a 1 imap://alice@127.0.0.1/a
	shows b 1 'imap://alice@127.0.0.1/b;UIDVALIDITY=7'
	fake_wait
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST .*
		send * LIST () "/" a
		send * LIST () "/" b
		send * STATUS b (UIDVALIDITY 7)
		ok
	END
	run --separate-stderr fake_list fake
	is 75
	says 'fake/a: the server does not tell its STATUS'
	[ "$(names)" = 'a b ' ]
	fake_wait
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST .*
		no [SERVERBUG] out of order
	END
	run --separate-stderr fake_list fake
	is 75
	says 'fake: LIST: NO [SERVERBUG] out of order'
	fake_wait
}

@test "an extended LIST that is BAD after all: the plain one" {
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST "" "\*" RETURN .*
		bad what is RETURN?
		expect-cmd LSUB "" "\*"
		ok
		expect-cmd LIST "" "\*"
		send * LIST () "/" a
		ok
		expect-cmd STATUS a .*
		send * STATUS a (UIDVALIDITY 7)
		ok
	END
	run --separate-stderr fake_list fake
	is 0
	shows a 1 'imap://alice@127.0.0.1/a;UIDVALIDITY=7'
	fake_wait
}

@test "hostile names: what a URL can hold is escaped, the rest is left out and named" {
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST .*
		send * LIST () "/" "../../etc"
		send * STATUS "../../etc" (UIDVALIDITY 1)
		send * LIST () "/" "a&ABs-]0;x&AAc-"
		send * STATUS "a&ABs-]0;x&AAc-" (UIDVALIDITY 2)
		send * LIST () "/" "tab&AAk-x"
		send * STATUS "tab&AAk-x" (UIDVALIDITY 3)
		send * LIST () "/" "AT&T"
		send * STATUS "AT&T" (UIDVALIDITY 4)
		send * LIST () "/" {10}
		send-raw x\r\na2 OK x\r\n
		send * LIST () "/" "&AA0ACg-"
		send * LIST () "/" ""
		send * LIST () "/" "a\\\\b"
		send * STATUS "a\\\\b" (UIDVALIDITY 5)
		ok
	END
	run --separate-stderr fake_list fake
	is 65
	[ "${#lines[@]}" -eq 4 ] || { echo "$output"; echo "$stderr"; false; }
	shows ../../etc 1 'imap://alice@127.0.0.1/%2E%2E/%2E%2E/etc;UIDVALIDITY=1'
	[ "$(cut -f 1 <<<"${lines[1]}")" = 'imap://alice@127.0.0.1/a%1B%5D0%3Bx%07;UIDVALIDITY=2' ] || { echo "${lines[1]}"; false; }
	[ "$(cut -f 1 <<<"${lines[2]}")" = 'imap://alice@127.0.0.1/tab%09x;UIDVALIDITY=3' ]
	[ "$(cut -f 4 <<<"${lines[2]}")" = 'tab\tx' ]
	[ "$(cut -f 1 <<<"${lines[3]}")" = 'imap://alice@127.0.0.1/a%5Cb;UIDVALIDITY=5' ]
	[ "$(grep -c 'left out: a name that no command' <<<"$stderr")" -eq 4 ]
	says 'fake/AT&T: left out'
	says 'fake/x\r\na2 OK x: left out'
	[[ $output$stderr != *$'\x1b'* && $output$stderr != *$'\x07'* ]]
	fake_wait
}

@test "a name that is too long is left out; one at the limit is not" {
	long=$(printf '%2000s' '' | tr ' ' n)
	serves 'LIST-EXTENDED LIST-STATUS' <<-END
		expect-cmd LIST .*
		send * LIST () "/" $long
		send * STATUS $long (UIDVALIDITY 1)
		send * LIST () "/" x$long
		send * STATUS x$long (UIDVALIDITY 2)
		ok
	END
	run --separate-stderr fake_list fake
	is 65
	one_line
	shows "$long" 1 "imap://alice@127.0.0.1/$long;UIDVALIDITY=1"
	says 'left out: a name that is too long'
	fake_wait
}

# small COMMAND...: its resident memory stays at most 16 MiB.
small() {
	/usr/bin/time -f '%M' -o kilobytes "$@" >out 2>err || status=$?
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ] || { echo "$(tail -n 1 kilobytes) KiB"; return 1; }
}

@test "100,000 mailboxes stay within 16 MiB, by LIST-STATUS and by a STATUS for each" {
	serves 'LIST-EXTENDED LIST-STATUS' <<-'END'
		expect-cmd LIST .*
		hold
		repeat 100000
		send * LIST (\HasNoChildren) "/" lists/project-number-${i}/archive
		send * STATUS lists/project-number-${i}/archive (UIDVALIDITY ${i})
		end
		ok
		flush
	END
	status=0
	small lm-list -c own fake
	is 0
	[ "$(wc -l <out)" -eq 100000 ]
	[ "$(tail -n 1 out | cut -f 1)" = 'imap://alice@127.0.0.1/lists/project-number-100000/archive;UIDVALIDITY=100000' ]
	serves '' <<-'END'
		auto LSUB .* => ok
		expect-cmd LIST .*
		hold
		repeat 100000
		send * LIST (\HasNoChildren) "/" lists/project-number-${i}/archive
		end
		ok
		flush
		repeat 100000
		expect-cmd STATUS (?P<name>\S+) .*
		send * STATUS ${name} (UIDVALIDITY ${i})
		ok
		end
	END
	small lm-list -c own fake
	is 0
	[ "$(wc -l <out)" -eq 100000 ]
	[ "$(tail -n 1 out | cut -f 1)" = 'imap://alice@127.0.0.1/lists/project-number-100000/archive;UIDVALIDITY=100000' ]
}

@test "options, help and version" {
	run --separate-stderr lm-list --help
	is 0
	[[ $output = 'usage: lm-list '* ]]
	quiet
	run --separate-stderr lm-list --version
	is 0
	[[ $output = 'lm-list '* ]]
	for bad in --nothing -x --meta -n; do
		run --separate-stderr lm-list "$bad"
		is 64
		[ -z "$output" ]
	done
	for _ in $(seq 17); do many+=(--meta /private/x); done
	run --separate-stderr list "${many[@]}" alice
	is 64
	# a full disk
	if [ -w /dev/full ]; then
		run --separate-stderr bash -c 'lm-list -c "$LAB_CONFIG" alice >/dev/full'
		is 74
	fi
}

@test "the manual's examples" {
	sed 's/^account alice$/account work/' "$LAB_CONFIG" >own
	chmod 600 own
	local n=0 line
	while read -r line; do
		n=$((n + 1))
		run --separate-stderr bash -c "lm-list() { command lm-list -c own \"\$@\"; }; $line"
		is 0
		case $n in
		1) [ "$(names)" = 'Drafts Entwürfe 2 INBOX Sent Trash lists lists/c ' ] ;;
		2) [ "$output" = '2 lists/c' ] ;;
		3) [[ $output = 'imap://alice@localhost/Sent;UIDVALIDITY='* ]] && one_line ;;
		4) [ "$output" = 54 ] ;;
		esac || { echo "$line: $output"; false; }
	done < <(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-list.1" | sed 's/\\e/\\/g')
	[ "$n" -eq 4 ]
}

@test "a writer that pauses does not wait for the end of its input" {
	mkfifo in
	list - <in >out 3>&- &
	pid=$!
	exec 9>in
	for name in Sent Trash; do
		: >out
		echo "alice/$name" >&9
		for _ in $(seq 200); do [ -s out ] && break; sleep 0.05; done
		grep -q $'\t'"$name"$'\t*' out || { cat out; false; }
	done
	exec 9>&-
	wait "$pid"
}

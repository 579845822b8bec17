#!/usr/bin/env bats
# lm-search against Dovecot, against Dovecot with less to offer, and against servers that say what Dovecot never does.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot sink
	# nothing at all; and what many servers have
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ UIDPLUS' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/poor" dovecot sink 3>&-
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ IDLE ESEARCH SORT WITHIN' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/some" dovecot sink 3>&-
	local lab
	for lab in lab poor some; do fixture "$LABS/$lab"; done
}
teardown_file() {
	local lab
	for lab in poor some; do
		[ ! -d "$LABS/$lab" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/$lab"
	done
	lab_down
}
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
	running=
}
teardown() {
	[ -z "$running" ] || kill "$running" 2>/dev/null || :
	fake_teardown
}

# ---- what there is to find

# note FROM SUBJECT DATE [LINE...]: a message.
note() {
	printf '%s\r\n' "From: $1" 'To: Alice <alice@localhost>' "Subject: $2" "Date: $3" "Message-ID: <$RANDOM@example.org>" '' "${@:4}"
}

# fixture LAB: the mailbox `finds`, whose messages are found by the tests below.
fixture() {
	local put=("$BATS_TEST_DIRNAME/lab/deliver" "$1" alice finds)
	note 'Boss <boss@example.org>' 'quarterly report' 'Mon, 05 Jan 2026 10:00:00 +0000' 'numbers' | "${put[@]}"
	note '=?utf-8?Q?J=C3=BCrgen?= <juergen@example.org>' '=?utf-8?Q?Entw=C3=BCrfe?= for you' 'Tue, 06 Jan 2026 10:00:00 +0100' 'see below' | "${put[@]}" '\Seen'
	note 'Carol <carol@example.org>' 'report of the week' 'Wed, 07 Jan 2026 10:00:00 +0000' "$(printf 'x%.0s' $(seq 3000))" | "${put[@]}" '\Flagged'
	{ printf 'X-Tool: mill\r\n'; note '"B, oss" <boss@example.org>' '' 'no date at all' 'and or not ( from' | grep -v '^Subject'; } |
		"${put[@]}" '\Seen' '$Forwarded'
}

# ---- saying what is expected

search() { lm-search -c "${CONFIG:-$LAB_CONFIG}" "$@"; }
# in_lab NAME: the commands that follow are for this lab.
in_lab() {
	LAB=$LABS/$1
	CONFIG=$(sed -n "s/^LAB_CONFIG='\(.*\)'/\1/p" "$LAB/env")
}
put() { "$BATS_TEST_DIRNAME/lab/deliver" "${LAB:-$LABS/lab}" alice "$@"; }
do_imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "${LAB:-$LABS/lab}" alice "$@" >/dev/null; }

is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
says_not() { [[ $stderr != *"$1"* ]] || { printf '"%s" in: %s\n' "$1" "$stderr"; return 1; }; }

# uids: those of the URLs in the output, blanks between.
uids() { sed -n 's/.*;UID=\([0-9]*\).*/\1/p' <<<"$output" | paste -sd' '; }
gives_uids() { [ "$(uids)" = "$1" ] || { printf 'not "%s" but "%s":\n%s\n%s\n' "$1" "$(uids)" "$output" "$stderr"; return 1; }; }

# finds "UIDS" KEY...: in the mailbox of the fixture.
finds() {
	run --separate-stderr search alice/finds -- "${@:2}"
	is 0 && gives_uids "$1"
}
# searches "UIDS" ARGUMENT...: any other call.
searches() {
	run --separate-stderr search "${@:2}"
	is 0 && gives_uids "$1"
}
# refuses CODE TEXT ARGUMENT...: that status, one line with that text, nothing on stdout.
refuses() {
	run --separate-stderr search "${@:3}"
	is "$1" && says "$2" || return 1
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
}

# fake_imap CAPABILITY... -- LINE...: a server with these, which plays the lines after the login; account `fake`.
fake_imap() {
	local caps=()
	while [ "$1" != -- ]; do caps+=("$1"); shift; done
	shift
	fake_start < <(printf '%s\n' "imap-login ${caps[*]}" "$@" may-hangup imap-logout) || return 1
	CONFIG=$BATS_TEST_TMPDIR/config
	printf 'account fake\n    imap imap://alice@127.0.0.1:%s\n    tls insecure\n    pass-command echo secret\n' "$FAKE_PORT" >"$CONFIG"
	chmod 600 "$CONFIG"
}
# opens NAME: the lines of a fake that opens a mailbox.
opens() {
	printf '%s\n' "expect-cmd EXAMINE \"?$1\"?" 'send * 5 EXISTS' 'send * OK [UIDVALIDITY 7] ok' 'ok [READ-ONLY] open'
}

# follows ARGUMENT...: lm-search -f in the background, its output in `out`.
follows() {
	lm-search -c "${CONFIG:-$LAB_CONFIG}" -f -v "$@" >out 2>err 3>&- &
	running=$!
}
# told N: until that many lines have come.
told() {
	local i
	for i in $(seq 200); do
		[ "$(wc -l <out)" -ge "$1" ] && return 0
		kill -0 "$running" 2>/dev/null || break
		sleep 0.05
	done
	printf 'not %d lines:\n' "$1"
	cat out err
	return 1
}
# ends SIGNAL CODE
ends() {
	kill "-$1" "$running"
	status=0
	wait "$running" || status=$?
	running=
	[ "$status" -eq "$2" ] || { printf 'exit status %d\n' "$status"; cat err; return 1; }
}
# line N: the N-th line that was told, event and UID.
line() { sed -n "$1"' { s/\t.*;UID=/ /; s/\t/ /g; p }' out; }

# ---- keys

@test "every key finds what it should" {
	finds '1 2 3 4'
	finds '1 2 3 4' all
	finds '1 4' from boss
	finds '1 4' FROM Boss
	finds '1 2 3 4' to alice@localhost
	finds '' cc alice
	finds '1 3' subject report
	finds 1 body numbers
	finds 1 text numbers
	finds '2 4' seen
	finds '1 3' unseen
	finds 3 flagged
	finds '1 2 4' unflagged
	finds 4 keyword '$Forwarded'
	finds '1 2 3' unkeyword '$Forwarded'
	finds 4 header X-Tool mill
	finds 4 header X-Tool ''
	finds '2 3' sentsince 2026-01-06 sentbefore 2026-01-08
	finds 2 senton 2026-01-06
	finds '1 2 3 4' since yesterday
	finds '' before yesterday
	finds '1 2 3 4' younger 1d
	finds '' older 1d
	finds 3 larger 2k
	finds '1 2 4' smaller 2k
	finds '2 3' uid 2:3
	finds '1 2 3 4' undeleted unanswered undraft
}

@test "not, or and parentheses" {
	finds '1 3' not seen
	finds '1 3 4' from boss or from carol
	finds '1 3 4' or from boss from carol
	finds '1 3' '(' from boss or from carol ')' unseen
	finds '2' not '(' from boss or from carol ')'
	finds '3 4' flagged or keyword '$Forwarded'
	finds 4 '(' from boss seen ')'
}

@test "UTF-8: with CHARSET, as literals, in what is sent and found" {
	finds 2 subject Entwürfe
	finds 2 from Jürgen
	finds '1 2' from Jürgen or subject quarterly
	run --separate-stderr search -vv alice/finds subject Entwürfe
	is 0
	says 'UID SEARCH RETURN (ALL) CHARSET UTF-8 SUBJECT {9+}'
	searches 2 -s subject alice/finds subject Entwürfe
	in_lab poor
	searches 2 alice/finds subject Entwürfe
}

@test "values are values, whatever they look like" {
	finds 4 text 'and or not ( from'
	finds '' subject from
	finds '' subject ')'
	finds '' subject -f
	finds '' subject --help
	finds '' subject '"quoted" \ * %'
}

@test "what is wrong with the keys is said before anything is sent" {
	CONFIG=$BATS_TEST_TMPDIR/config
	printf 'account alice\n    imap imap://alice@127.0.0.1:1\n    tls insecure\n    pass-command echo x\n' >"$CONFIG"
	refuses 64 'no such search key: fron' alice/finds fron boss
	refuses 64 'from wants a value' alice/finds from
	refuses 64 'would find everything' alice/finds from ''
	refuses 64 'not a date' alice/finds since 2026-02-30
	refuses 64 'not an age' alice/finds younger tomorrow
	refuses 64 'not a size' alice/finds larger big
	refuses 64 'say with ( and )' alice/finds unseen or from a from b
	refuses 64 '(' alice/finds '(' seen
	refuses 64 'not UTF-8' alice/finds subject $'\xff'
	refuses 64 'one line' alice/finds subject $'a\nb UID SEARCH'
	refuses 75 '' alice/finds seen
}

@test "options that do not fit" {
	refuses 64 '-r takes' -r some alice/finds
	refuses 64 '-s takes' -s colour alice/finds
	refuses 64 '-s takes' -s date, alice/finds
	for l in 0:1 1 1: :2 -1:2 1:-2 a:b 1:2x 4294967296:1 ''; do refuses 64 '-l takes' -l "$l" alice/finds; done
	refuses 64 'the fields are' -o colour alice/finds
	refuses 64 'a field twice' -o date,date alice/finds
	refuses 64 'a field twice' --fields date,DATE alice/finds
	refuses 64 '-l goes with' -r count -l 1:2 alice/finds
	refuses 64 'no fields' -r count -o date alice/finds
	refuses 64 'no order' -r count -s date alice/finds
	refuses 64 '-f goes with' -f -r count alice/finds
	refuses 64 '-f goes with' -f -s date alice/finds
	refuses 64 '-f follows 8' -f alice/finds{,,,}{,,}
	refuses 64 '--interval takes' -f --interval 0 alice/finds
	refuses 64 'no mailbox' -r count
	refuses 64 'no mailbox before the keys' from boss
	refuses 64 'no option' -x alice/finds
	run --separate-stderr search --help
	is 0
	[[ $output = usage:* && -z $stderr ]]
}

# ---- mailboxes

@test "where the mailboxes end and the keys begin" {
	searches '1 4' alice/finds from boss
	searches '1 4' alice/finds -- from boss
	searches '1 4' -- alice/finds from boss
	searches 3 alice/finds -o subject flagged
	[[ $output = *$'\treport of the week' ]]
	searches '1 3 1 3' alice/finds alice/finds unseen
	searches '1 4' "imap://alice@$LAB_URL_AUTHORITY/finds" from boss
	printf 'alice/finds\nimap://alice@%s/finds\tsomething\n\n' "$LAB_URL_AUTHORITY" >list
	run --separate-stderr search - from boss <list
	is 0
	gives_uids '1 4 1 4'
	# a URL comes out whole, and goes in again
	searches 1 -r min alice/finds
	[[ $output =~ ^imap://alice@[^/]+/finds\;UIDVALIDITY=[0-9]+/\;UID=1$ ]]
	searches '1 2 3 4' "${output%/;UID=1}"
}

@test "names beyond ASCII, with blanks and all" {
	name="Entwürfe & 100% $BATS_TEST_NUMBER"
	note a b c | put "$name"
	escaped=$(/usr/bin/python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$name")
	searches 1 "alice/$escaped"
	[[ $output = *"/Entw%C3%BCrfe%20"* ]]
}

@test "a mailbox that is wrong is named, and the others are searched" {
	run --separate-stderr search alice/finds alice/no-such alice/finds from boss
	is 69
	gives_uids '1 4 1 4'
	says 'no-such'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	run --separate-stderr search alice/finds 'alice/finds;UIDVALIDITY=1' alice/finds from boss
	is 65
	gives_uids '1 4 1 4'
	says 'stale URL'
	run --separate-stderr search nobody/x alice/finds from boss
	is 78
	gives_uids '1 4'
	refuses 65 'names a message' 'alice/finds/;UID=1'
	refuses 65 'names an account' alice/
	refuses 65 'a search of its own' 'alice/finds?SEEN'
	refuses 65 'imap://alice@other/x: a URL of another server' imap://alice@other/x
	run --separate-stderr search -o pass-command='echo wrong' alice/finds bob/INBOX
	is 77
}

@test "lines of input that are none: told by their number, and the others are searched" {
	run --separate-stderr search - from boss < <(head -c 70000 /dev/zero | tr '\0' x; printf '\nalice/fi\0nds\nalice/finds\n')
	is 65
	gives_uids '1 4'
	[ "$stderr" = $'lm-search: standard input, line 1: too long\nlm-search: standard input, line 2: has a NUL in it' ]
	refuses 74 'standard input' - </
}

@test "several accounts: each is asked, those of one together" {
	note a b c | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" bob "$box"
	run --separate-stderr search alice/finds "bob/$box" alice/finds all
	is 0
	gives_uids '1 2 3 4 1 2 3 4 1'
	[[ $output = *"imap://bob@"* ]]
}

# ---- what comes out

@test "one mailbox many times, more than a flight and than is held: each time all of it" {
	for i in $(seq 1100); do echo alice/finds; done >many
	run --separate-stderr search - from boss <many
	is 0
	[ "$(uids)" = "$(for i in $(seq 1100); do echo '1 4'; done | paste -sd' ')" ]
	run --separate-stderr search -r count - from boss <many
	is 0
	[ "$(cut -f 2 <<<"$output" | sort | uniq -c | tr -s ' ')" = ' 1100 2' ]
}

@test "-r: count, min, max; on a server with and without ESEARCH" {
	for lab in lab some poor; do
		in_lab "$lab"
		run --separate-stderr search -r count alice/finds alice/INBOX seen
		is 0
		[[ ${lines[0]} =~ ^imap://alice@[^/]+/finds\;UIDVALIDITY=[0-9]+[[:blank:]]2$ ]]
		[[ ${lines[1]} =~ /INBOX\;UIDVALIDITY=[0-9]+[[:blank:]]0$ ]]
		searches 1 -r min alice/finds from boss
		searches 4 -r max alice/finds from boss
		searches '' -r min alice/finds subject nothing
		searches '' -r max alice/finds subject nothing
		searches 3 -r max -o subject alice/finds subject report
		[[ $output = *$'\treport of the week' ]]
	done
	run --separate-stderr search --json -r count alice/finds
	is 0
	/usr/bin/python3 -c 'import json, sys; r = json.loads(sys.argv[1]); assert r["count"] == 4 and r["url"].startswith("imap://")' "$output"
}

@test "-s: by ESORT, by SORT, and not at all" {
	for lab in lab some; do
		in_lab "$lab"
		run --separate-stderr search -v -s -size alice/finds
		is 0
		[ "$(uids | cut -d' ' -f1)" = 3 ]
		says "by $([ "$lab" = lab ] && echo ESORT || echo SORT)"
		searches '3 1' -s -subject,date -o subject alice/finds subject report
		searches 3 -s size -r max alice/finds
		searches 3 -s -size -r min -o subject alice/finds
		searches '4 3 2 1' -s -date alice/finds
		searches '4 1' -s cc,-date,to alice/finds from boss
	done
	CONFIG=
	searches '4 1 3 2' -s displayfrom alice/finds
	in_lab some
	refuses 69 'SORT=DISPLAY' -s displayfrom alice/finds
	in_lab poor
	refuses 69 'does not offer SORT' -s date alice/finds
}

@test "-l: cut by the server, or here" {
	for lab in lab some poor; do
		in_lab "$lab"
		searches '1 2' -l 1:2 alice/finds
		searches '2 3' -l 3:2 alice/finds
		searches '3 4' -l 3:100 alice/finds
		searches '' -l 5:100 alice/finds
		searches '3 4' -l -2:-1 alice/finds
		searches 2 -l -3:-3 alice/finds
		searches '1 2' -l -100:-3 alice/finds
		searches '' -l -100:-5 alice/finds
		searches 3 -l 2:2 alice/finds unseen
		searches '2 3' -l 2:3 -o subject alice/finds
		[[ ${lines[0]} = *$'\tEntwürfe for you' ]]
	done
	CONFIG=
	run --separate-stderr search -v -l 1:1 alice/finds
	says 'by the server (PARTIAL)'
	searches 3 -s size -l -1:-1 alice/finds
	searches 3 -s size -l 4:4 -o subject alice/finds
}

@test "-o: fields, in the same flight or by a command of their own" {
	for lab in lab some poor; do
		in_lab "$lab"
		run --separate-stderr search -v -o date,from,to,subject,size,flags alice/finds
		is 0
		gives_uids '1 2 3 4'
		[ "$(cut -f 2- <<<"${lines[0]}" | cut -f 1-4)" = $'2026-01-05T10:00:00Z\tBoss <boss@example.org>\tAlice <alice@localhost>\tquarterly report' ]
		[ "$(cut -f 2,3,5 <<<"${lines[1]}")" = $'2026-01-06T09:00:00Z\tJürgen <juergen@example.org>\tEntwürfe for you' ]
		[[ $(cut -f 6 <<<"${lines[2]}") -gt 3000 ]]
		[[ $(cut -f 7 <<<"${lines[2]}") = '\Flagged'* ]]
		# no date, no subject; a name that could be taken for two
		[ "$(cut -f 2,3,5 <<<"${lines[3]}")" = $'-\t"B, oss" <boss@example.org>\t-' ]
		if [ "$lab" = lab ]; then says 'in the same flight (SEARCHRES)'; else says 'by a command of their own'; fi
	done
	CONFIG=
	run --separate-stderr search -o received alice/finds
	is 0
	[[ ${lines[0]} =~ [[:blank:]]20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
	run --separate-stderr search --json --fields subject,size,date alice/finds uid 2,4
	is 0
	/usr/bin/python3 - "$output" <<-'END'
		import json, sys
		a, b = [json.loads(line) for line in sys.argv[1].splitlines()]
		assert a["subject"] == "Entwürfe for you" and a["size"] > 100, a
		assert b["subject"] is None and b["date"] is None and b["url"].endswith(";UID=4"), b
	END
	# as in every program, with "="
	run --separate-stderr search -o tls-ca=/etc/ssl/certs/ca-certificates.crt -o subject alice/finds
	is 77
}

@test "sorted fields come in the order of the sort, window by window" {
	"$BATS_TEST_DIRNAME/lab/fill" "$LABS/lab" alice "$box" 700 300
	run --separate-stderr search -s -date -o subject "alice/$box"
	is 0
	[ "$(cut -f 2 <<<"$output")" = "$(seq 700 -1 1 | sed 's/^/Message /')" ] || [ "$(cut -f 2 <<<"$output")" = "$(seq 699 -1 0 | sed 's/^/Message /')" ]
	run --separate-stderr search -o subject "alice/$box"
	[ "$(wc -l <<<"$output")" -eq 700 ]
	in_lab some
	"$BATS_TEST_DIRNAME/lab/fill" "$LABS/some" alice "$box" 3000 300
	# more ranges than go into one command
	run --separate-stderr search -o subject "alice/$box" unseen
	is 0
	[ "$(wc -l <<<"$output")" -eq 1500 ]
	[ "$(sort -u <<<"$output" | wc -l)" -eq 1500 ]
}

@test "WITHIN, or whole days and a word about it" {
	run --separate-stderr search -vv alice/finds younger 90m
	is 0
	says 'YOUNGER 5400'
	in_lab poor
	run --separate-stderr search -vv alice/finds younger 90m older 3d
	is 0
	says "UID SEARCH SINCE $(LC_ALL=C date -d '90 minutes ago' +%-d-%b-%Y) BEFORE $(LC_ALL=C date -d '3 days ago' +%-d-%b-%Y)"
	says 'by whole days'
	run --separate-stderr search alice/finds younger 2d
	is 0
	gives_uids '1 2 3 4'
	says 'by whole days'
}

# round_trips ARGUMENT...: of the last of three runs, after the TCP and TLS handshakes.
round_trips() {
	local pid i
	rm -f port report
	/usr/bin/python3 -B "$BATS_TEST_DIRNAME/lab/meter.py" --delay 20 0 localhost "$LAB_IMAPS_PORT" report >port 2>/dev/null 3>&- &
	pid=$!
	until [ -s port ]; do sleep 0.02; done
	sed -n "s/^\\( *imap .*\\):[0-9]*\$/\\1:$(cat port)/; /^account alice-plain\$/,/^\$/ p" "$LAB_CONFIG" >config
	chmod 600 config
	for i in 1 2 3; do CONFIG=config search "$@" >out; done
	kill "$pid"
	wait "$pid" || :
	sed -n 's/^3.round-trips //p' report
}

@test "a warm search of several mailboxes with fields is one flight, the login included" {
	# TCP, TLS, the flight; and what is said to the good-bye, for which nobody waits
	[ "$(round_trips -o subject alice-plain/finds alice-plain/INBOX alice-plain/finds from boss)" -le 4 ]
	[ "$(wc -l <out)" -ge 4 ]
	[ "$(round_trips -r count alice-plain/finds)" -le 4 ]
}

@test "what is remembered of the server and not true any more costs a try, not the result" {
	search alice-plain/finds >first
	search alice-plain/finds >first
	memo=$(grep -l ESEARCH "$XDG_CACHE_HOME"/lm/*imap*)
	sed -i 's/^\(caps.*\) SORT /\1 /; s/ ESEARCH//; s/ WITHIN//; s/CONTEXT=SEARCH/MULTISEARCH PARTIAL/' "$memo"
	cp "$memo" old
	run --separate-stderr search -v alice-plain/finds younger 1d
	is 0
	gives_uids '1 2 3 4'
	says_not 'whole days'
	says 'by ESEARCH'
	cp old "$memo"
	run --separate-stderr search -s -size alice-plain/finds
	is 0
	[ "$(uids | wc -w)" -eq 4 ]
	cp old "$memo"
	run --separate-stderr search -v -r count alice-plain/finds alice-plain/INBOX alice-plain/finds
	is 0
	[ "$(grep -c $'\t4$' <<<"$output")" -ge 2 ]
	says 'not offer the same'
	cp old "$memo"
	searches '3 4' -l -2:-1 -o subject alice-plain/finds
	sed 's/MULTISEARCH PARTIAL/MULTISEARCH ESEARCH/' old >"$memo"
	run --separate-stderr search -v -r count alice-plain/finds alice-plain/INBOX
	is 0
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} = *[[:blank:]]4 ]]
	says 'not offer the same'
	# and when it says that the password may go with all the rest
	run --separate-stderr search -o pass-command='echo wrong' alice-plain/finds
	is 77
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[ -z "$output" ]
}

@test "many mailboxes are one flight, whose results come in order" {
	fake_imap ESEARCH -- \
		'expect-cmd EXAMINE one' 'set a ${tag}' 'expect-cmd UID SEARCH RETURN \(ALL\) UNSEEN' 'set b ${tag}' \
		'expect-cmd EXAMINE two' 'set c ${tag}' 'expect-cmd UID SEARCH RETURN \(ALL\) UNSEEN' 'set d ${tag}' \
		'expect-cmd EXAMINE three' 'set e ${tag}' 'expect-cmd UID SEARCH RETURN \(ALL\) UNSEEN' 'set f ${tag}' \
		'send * OK [UIDVALIDITY 7] ok' 'send ${a} OK done' 'send * ESEARCH (TAG "${b}") UID ALL 3:5,9' 'send ${b} OK done' \
		'send ${c} NO no such mailbox' 'send ${d} BAD no mailbox' \
		'send * OK [UIDVALIDITY 8] ok' 'send ${e} OK done' 'send * ESEARCH (TAG "${f}") UID ALL 1' 'send ${f} OK done'
	run --separate-stderr search fake/one fake/two fake/three unseen
	is 69
	says '/two: '
	[ "$output" = "$(printf 'imap://alice@127.0.0.1/%s\n' 'one;UIDVALIDITY=7/;UID='{3,4,5,9} 'three;UIDVALIDITY=8/;UID=1')" ] || { echo "$output"; false; }
	fake_wait
}

@test "without LITERAL+ a literal waits for its leave, and what is behind it waits too" {
	fake_imap ESEARCH -LITERAL+ -- "$(opens one)" 'expect-cmd UID SEARCH RETURN \(ALL\) CHARSET UTF-8 SUBJECT \{2\}ü FROM x' 'send * ESEARCH (TAG "${tag}") UID ALL 4' ok \
		"$(opens two)" 'expect-cmd UID SEARCH RETURN \(ALL\) CHARSET UTF-8 SUBJECT \{2\}ü FROM x' 'send * ESEARCH (TAG "${tag}") UID ALL 5' ok
	searches '4 5' fake/one fake/two subject ü from x
	fake_wait
}

@test "a server that does not save results (NOTSAVED) is asked again" {
	fake_imap ESEARCH SEARCHRES -- $'\n'"$(opens box)" 'expect-cmd UID SEARCH RETURN \(SAVE\) ALL' 'no [NOTSAVED] too many' \
		'expect-cmd UID FETCH \$ .*' 'ok nothing' \
		'expect-cmd UID SEARCH RETURN \(ALL\) ALL' 'send * ESEARCH (TAG "${tag}") UID ALL 4' 'ok' \
		'expect-cmd UID FETCH 4 \(UID RFC822.SIZE\)' 'send * 1 FETCH (UID 4 RFC822.SIZE 99)' 'ok'
	run --separate-stderr search -v -o size fake/box
	is 0
	says 'was not saved'
	[[ $output = *$';UID=4\t99' ]]
	fake_wait
}

@test "PARTIAL of RFC 9394 counts from the end by itself, and saves what it gives" {
	fake_imap ESEARCH SEARCHRES PARTIAL -- "$(opens box)" 'expect-cmd UID SEARCH RETURN \(SAVE PARTIAL -1:-2\) ALL' \
		'send * ESEARCH (TAG "${tag}") UID PARTIAL (-1:-2 8:9)' ok 'expect-cmd UID FETCH \$ \(UID RFC822.SIZE\)' \
		'send * 1 FETCH (UID 8 RFC822.SIZE 88)' 'send * 1 FETCH (FLAGS (\Seen) UID 8)' 'send * 2 FETCH (UID 9 RFC822.SIZE 99)' ok
	run --separate-stderr search -l -2:-1 -o size fake/box
	is 0
	gives_uids '8 9'
	fake_wait
}

@test "CONTEXT=SORT cuts what is sorted; a backwards range means the same" {
	fake_imap ESEARCH SORT ESORT CONTEXT=SORT -- "$(opens box)" 'expect-cmd UID SORT RETURN \(PARTIAL 2:4\) \(REVERSE DATE SIZE\) US-ASCII UNSEEN' \
		'send * ESEARCH (TAG "${tag}") UID PARTIAL (2:4 9,5:4)' ok
	run --separate-stderr search -s -date,size -l 2:4 fake/box unseen
	is 0
	gives_uids '9 4 5'
	fake_wait
}

# ---- MULTISEARCH

@test "MULTISEARCH: one command for all, STATUS for what it does not say" {
	fake_imap ESEARCH MULTISEARCH -- 'expect-cmd STATUS one \(UIDVALIDITY\)' 'set a ${tag}' 'expect-cmd STATUS two .*' 'set b ${tag}' \
		'expect-cmd STATUS none .*' 'set c ${tag}' 'expect-cmd STATUS "Entw&APw-rfe 1" .*' 'set d ${tag}' \
		'expect-cmd ESEARCH IN \(mailboxes \(one two none "Entw&APw-rfe 1"\)\) RETURN \(ALL\) UNSEEN' \
		'send * STATUS one (UIDVALIDITY 7)' 'send ${a} OK' 'send * STATUS two (UIDVALIDITY 8)' 'send ${b} OK' 'send ${c} NO there is none' \
		'send * STATUS "Entw&APw-rfe 1" (UIDVALIDITY 9)' 'send ${d} OK' \
		'send * ESEARCH (TAG "${tag}" MAILBOX "two" UIDVALIDITY 8) UID ALL 1:2' \
		'send * ESEARCH (TAG "a99" MAILBOX one UIDVALIDITY 7) UID ALL 66' \
		'send * ESEARCH (TAG "${tag}" MAILBOX other UIDVALIDITY 7) UID ALL 77' \
		'send * ESEARCH (TAG "${tag}" MAILBOX "Entw&APw-rfe 1" UIDVALIDITY 9) UID ALL 5' ok
	run --separate-stderr search -v fake/one fake/two fake/none 'fake/Entwürfe 1' unseen
	is 69
	says MULTISEARCH
	says '/none: '
	[ "$output" = "$(printf 'imap://alice@127.0.0.1/%s\n' 'two;UIDVALIDITY=8/;UID='{1,2} 'Entw%C3%BCrfe%201;UIDVALIDITY=9/;UID=5')" ] || { echo "$output"; false; }
	fake_wait
}

# two_by_multisearch LINE...: a server that has the mailboxes one and two, and then says that.
two_by_multisearch() {
	fake_imap ESEARCH MULTISEARCH -- 'expect-cmd STATUS one .*' 'set a ${tag}' 'expect-cmd STATUS two .*' 'set b ${tag}' \
		'expect-cmd ESEARCH IN \(mailboxes \(one two\)\) .*' 'send * STATUS one (UIDVALIDITY 7)' 'send ${a} OK' \
		'send * STATUS two (UIDVALIDITY 8)' 'send ${b} OK' "$@"
}

@test "MULTISEARCH: counts, those of nothing too; the first of each" {
	two_by_multisearch 'send * ESEARCH (TAG "${tag}" MAILBOX two UIDVALIDITY 8) UID COUNT 3' ok
	run --separate-stderr search -r count fake/one fake/two
	is 0
	[ "$output" = $'imap://alice@127.0.0.1/one;UIDVALIDITY=7\t0\nimap://alice@127.0.0.1/two;UIDVALIDITY=8\t3' ] || { echo "$output"; false; }
	fake_wait
	two_by_multisearch 'send * ESEARCH (TAG "${tag}" MAILBOX two UIDVALIDITY 8) UID MIN 3' ok
	searches 3 -r min fake/one fake/two
	fake_wait
}

@test "MULTISEARCH: another UIDVALIDITY is a stale URL, a limit is no success, a refusal means one at a time" {
	two_by_multisearch 'send * ESEARCH (TAG "${tag}" MAILBOX two UIDVALIDITY 8) UID ALL 3' \
		'send * ESEARCH (TAG "${tag}" MAILBOX one UIDVALIDITY 7) UID ALL 4' ok
	run --separate-stderr search 'fake/one;UIDVALIDITY=6' fake/two
	is 65
	says 'stale URL'
	gives_uids 3
	fake_wait
	two_by_multisearch 'send * ESEARCH (TAG "${tag}" MAILBOX two UIDVALIDITY 9) UID ALL 3' ok
	run --separate-stderr search fake/one fake/two
	is 75
	says 'UIDVALIDITY changed'
	[ -z "$output" ]
	fake_wait
	two_by_multisearch 'send * ESEARCH (TAG "${tag}" MAILBOX two UIDVALIDITY 8) UID ALL 3' 'ok [LIMIT] that was much'
	run --separate-stderr search fake/one fake/two
	is 69
	says 'not whole'
	gives_uids 3
	fake_wait
	two_by_multisearch 'no [LIMIT] too many' 'expect-cmd EXAMINE one' 'set a ${tag}' 'expect-cmd UID SEARCH .*' 'set b ${tag}' \
		'expect-cmd EXAMINE two' 'set c ${tag}' 'expect-cmd UID SEARCH .*' 'send * OK [UIDVALIDITY 7] ok' 'send ${a} OK' 'send * ESEARCH (TAG "${b}") UID ALL 1' \
		'send ${b} OK' 'send * OK [UIDVALIDITY 8] ok' 'send ${c} OK' 'send * ESEARCH (TAG "${tag}") UID ALL 2' ok
	searches '1 2' fake/one fake/two
	fake_wait
}

# ---- servers that mean no good

@test "four billion UIDs are printed, not held; whoever has enough closes the pipe" {
	fake_imap ESEARCH -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 1:4294967295' ok
	{ /usr/bin/time -f %M -o kilobytes lm-search -c "$CONFIG" fake/box; echo $? >code; } 2>err | head -n 200000 | tail -n 1 >last
	grep -q ';UID=200000$' last
	[ "$(cat code)" -eq 0 ]
	[ ! -s err ]
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
}

@test "a million scattered UIDs, by ESEARCH and by SEARCH, in memory that does not grow; with fields as well" {
	/usr/bin/python3 -c 'import sys; sys.stdout.write(",".join(str(2 * n + 1) for n in range(1000000)))' >commas
	tr , ' ' <commas >blanks
	fake_imap ESEARCH -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send-raw * ESEARCH (TAG "${tag}") UID ALL ' 'send-literal commas' 'send ' ok
	/usr/bin/time -f %M -o kilobytes lm-search -c "$CONFIG" fake/box | tail -n 1 >last
	grep -q ';UID=1999999$' last
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	fake_wait
	fake_imap -IDLE -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send-raw * SEARCH ' 'send-literal blanks' 'send ' ok
	/usr/bin/time -f %M -o kilobytes lm-search -c "$CONFIG" -r count fake/box >number
	grep -q $'\t1000000$' number
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	fake_wait
	fake_imap ESEARCH -- 'auto UID FETCH .* => ok' "$(opens box)" 'expect-cmd UID SEARCH .*' 'send-raw * ESEARCH (TAG "${tag}") UID ALL ' 'send-literal commas' 'send ' ok
	/usr/bin/time -f %M -o kilobytes lm-search -c "$CONFIG" -o size fake/box >out
	[ ! -s out ]
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	fake_wait
}

@test "results of other searches, of message numbers, and more than was asked for" {
	fake_imap ESEARCH -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "a1") UID ALL 66' 'send * ESEARCH (TAG "x") UID ALL 77' \
		'send * ESEARCH (TAG "${tag}" MAILBOX other UIDVALIDITY 7) UID ALL 88' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok
	searches 3 fake/box
	fake_wait
	fake_imap ESEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") ALL 3' ok
	refuses 76 'without UID' fake/box
	fake_imap ESEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") MIN 3' ok
	refuses 76 'without UID' -r min fake/box
	fake_imap ESEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'ok nothing said'
	refuses 76 'no COUNT' -r count fake/box
	fake_imap ESEARCH PARTIAL -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID PARTIAL (1:2 3:5)' ok
	run --separate-stderr search -l 1:2 fake/box
	is 76
	says 'more than was asked for'
	gives_uids '3 4'
	fake_imap ESEARCH PARTIAL -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * SEARCH 1 2 3 4' ok
	refuses 76 'ESEARCH was asked for' -l 1:2 fake/box
	fake_imap ESEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 0:3' ok
	refuses 76 '' fake/box
	fake_imap ESEARCH -- may-hangup 'expect-cmd EXAMINE .*' 'send * 3 EXISTS' ok 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok
	refuses 76 'no UIDVALIDITY' fake/box
	fake_imap ESEARCH -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'no [BADCHARSET (X)] cannot'
	refuses 69 'BADCHARSET' fake/box subject ü
	fake_imap ESEARCH -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3:4' 'cut'
	run --separate-stderr search fake/box
	is 75
}

@test "text of strangers does not reach the terminal as it is, nor break the lines" {
	fake_imap ESEARCH SEARCHRES -- "$(opens box)" 'expect-cmd UID SEARCH .*' ok 'expect-cmd UID FETCH .*' \
		'send-raw * 1 FETCH (UID 3 RFC822.SIZE 1 FLAGS (\Odd $x) ENVELOPE ("Mon, 05 Jan 2026 10:00:00 +0000" "=?utf-8?Q?a=1B]0;x=07=0Ab=09c?= d"' \
		'send-raw  (("=?utf-8?Q?=1B[31mx=E2=80=AEy?=" NIL "a\x1bb" "c")) NIL NIL ((NIL NIL "group" NIL)("" NIL "in" "it")(NIL NIL NIL NIL)) NIL NIL NIL NIL))\r\n' ok
	run --separate-stderr search -o subject,from,to,flags fake/box
	is 0
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[ "$(awk -F'\t' '{ print NF }' <<<"$output")" -eq 5 ]
	[[ $output != *[$'\x01'-$'\x08'$'\x0b'-$'\x1f'$'\x7f']* ]]
	[[ $output != *$'\xe2\x80\xae'* ]]
	[ "$(cut -f 4 <<<"$output")" = in@it ]
}

@test "a subject of a megabyte is cut, and the others are shown" {
	head -c 900000 /dev/zero | tr '\0' x >long
	fake_imap ESEARCH SEARCHRES -- "$(opens box)" 'expect-cmd UID SEARCH .*' ok 'expect-cmd UID FETCH .*' \
		'send-raw * 1 FETCH (UID 3 RFC822.SIZE 1 ENVELOPE (NIL {900000}\r\n' 'send-literal long' 'send  NIL NIL NIL NIL NIL NIL NIL NIL))' \
		'send * 2 FETCH (UID 4 RFC822.SIZE 1 ENVELOPE (NIL "short" NIL NIL NIL NIL NIL NIL NIL NIL))' ok
	run --separate-stderr search -o subject fake/box
	is 0
	gives_uids '3 4'
	[ "${#lines[0]}" -lt 5000 ]
	[[ ${lines[1]} = *$'\tshort' ]]
}

@test "what a server does not know is a column without a value, not a message less" {
	fake_imap ESEARCH SEARCHRES -- "$(opens box)" 'expect-cmd UID SEARCH .*' ok 'expect-cmd UID FETCH .*' \
		'send * 1 FETCH (UID 3 RFC822.SIZE -1 ENVELOPE NIL FLAGS NIL INTERNALDATE "never")' 'send * 2 FETCH (FLAGS (\Seen) UID 4)' ok
	run --separate-stderr search -o subject,from -o date,flags,received,size fake/box
	is 0
	[ "$(cut -f 2- <<<"$output")" = $'-\t-\t-\t-\t-\t-' ] || { echo "$output"; false; }
	gives_uids 3
}

# ---- following

# changes: mail comes, is read, is unread again, is deleted.
changes() {
	note c three x | put "$box"
	told 3
	do_imap "SELECT $box" 'UID STORE 1 +FLAGS (\Seen)'
	told 4
	do_imap "SELECT $box" 'UID STORE 1 -FLAGS (\Seen)'
	told 5
	do_imap "SELECT $box" 'UID STORE 2 +FLAGS (\Deleted)' EXPUNGE
	told 6
}
followed() {
	[ "$(for n in 1 2 3 4 5 6; do line "$n"; done)" = "$(printf '%s\n' 'new 1' 'new 2' 'new 3' 'gone 1' 'new 1' 'gone 2')" ] || { cat out err; false; }
}
two() {
	note a one x | put "$box"
	note b two x | put "$box"
}

@test "-f: CONTEXT and IDLE" {
	two
	follows "alice/$box" unseen
	told 2
	changes
	ends INT 0
	followed
	grep -q 'followed by CONTEXT, news by IDLE' err
}

@test "-f: with fields, in JSON" {
	two
	follows --json -o subject "alice/$box" unseen
	told 2
	changes
	ends TERM 0
	/usr/bin/python3 - <<-'END'
		import json
		lines = [json.loads(line) for line in open("out")]
		told = [(x["event"], x["url"].rsplit("=", 1)[1], x.get("subject")) for x in lines]
		assert told == [("new", "1", "one"), ("new", "2", "two"), ("new", "3", "three"), ("gone", "1", None), ("new", "1", "one"), ("gone", "2", None)], told
	END
}

@test "-f: without CONTEXT it searches again and tells the difference" {
	in_lab some
	two
	follows "alice/$box" unseen
	told 2
	changes
	ends TERM 0
	followed
	grep -q 'searching again and the difference, news by IDLE' err
}

@test "-f: without IDLE it looks at intervals, with fields too" {
	in_lab poor
	two
	follows --interval 1 -o subject "alice/$box" unseen
	told 2
	changes
	ends INT 0
	[ "$(line 3)" = 'new 3 three' ]
	[ "$(line 4)" = 'gone 1' ]
	grep -q 'news by NOOP' err
}

@test "-f: what time alone changes: younger" {
	note a one x | put "$box"
	follows --interval 1 "alice/$box" younger 3s
	told 2
	ends INT 0
	[ "$(line 1)" = 'new 1' ]
	[ "$(line 2)" = 'gone 1' ]
	grep -q 'searching again' err
}

@test "-f: several mailboxes, of several accounts; one that goes wrong does not end the others" {
	two
	note x y z | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" bob "$box"
	follows "alice/$box" alice/no-such "bob/$box" -- unseen
	told 3
	note c three x | put "$box"
	told 4
	note d four x | "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" bob "$box"
	told 5
	ends TERM 69
	grep -q '/no-such: ' err
	[ "$(line 4)" = 'new 3' ]
	[ "$(line 5)" = 'new 2' ]
	[[ $(tail -n 1 out) = *'imap://bob@'* ]]
}

@test "-f: when the last mailbox is lost it ends" {
	fake_imap ESEARCH IDLE -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok 'expect-cmd IDLE' 'send + idling' 'send * BYE closing' close
	run --separate-stderr search -f fake/box
	is 75
	gives_uids 3
	says 'box;UIDVALIDITY=7: '
}

@test "-f: it ends when nobody reads any more" {
	two
	search -f "alice/$box" 2>err | head -n 1 >first
	[ ! -s err ]
	[ "$(wc -l <first)" -eq 1 ]
}

@test "-f: a mailbox that is not there, a stale one, a lost line" {
	refuses 69 '' -f "alice/no-such-$BATS_TEST_NUMBER"
	two
	refuses 65 'stale URL' -f "alice/$box;UIDVALIDITY=1"
	fake_imap ESEARCH IDLE -- "$(opens box)" 'expect-cmd UID SEARCH RETURN \(ALL\) ALL' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok 'expect-cmd IDLE' 'send + idling' cut
	run --separate-stderr search -f fake/box
	is 75
	gives_uids 3
}

@test "-f: CONTEXT of a scripted server: order, other tags, CANCELUPDATE at the end" {
	fake_imap ESEARCH IDLE CONTEXT=SEARCH -- "$(opens box)" 'expect-cmd UID SEARCH RETURN \(UPDATE ALL\) UNSEEN' 'set s ${tag}' \
		'send * ESEARCH (TAG "${s}") UID ALL 3' ok 'expect-cmd IDLE' 'send + idling' \
		'send * ESEARCH (TAG "${s}") UID ADDTO (0 5:6 1 9) REMOVEFROM (0 5)' 'send * ESEARCH (TAG "x") UID ADDTO (0 77)' 'send * ESEARCH (TAG "${s}") UID REMOVEFROM (0 3)' \
		'expect DONE' ok 'expect-cmd CANCELUPDATE "${s}"' ok
	follows fake/box unseen
	told 6
	ends INT 0
	[ "$(for n in 1 2 3 4 5 6; do line "$n"; done)" = "$(printf '%s\n' 'new 3' 'new 5' 'new 6' 'new 9' 'gone 5' 'gone 3')" ] || { cat out; false; }
	fake_wait
}

@test "-f: four billion that enter are printed, not held; and their number is of UIDs" {
	fake_imap ESEARCH IDLE CONTEXT=SEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'set s ${tag}' ok 'expect-cmd IDLE' 'send + idling' \
		'send * ESEARCH (TAG "${s}") UID ADDTO (0 1:4294967295)' 'stall forever'
	{ /usr/bin/time -f %M -o kilobytes lm-search -c "$CONFIG" -f fake/box 3>&-; echo $? >code; } 2>err | head -n 200000 | tail -n 1 >last
	grep -q '^new.*;UID=200000$' last
	[ "$(cat code)" -eq 0 ]
	[ ! -s err ]
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
	fake_imap ESEARCH IDLE CONTEXT=SEARCH -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'set s ${tag}' ok 'expect-cmd IDLE' 'send + idling' \
		'send * ESEARCH (TAG "${s}") ADDTO (0 1:3)' 'stall forever'
	refuses 76 'without UID' -f fake/box
}

@test "-f: NOUPDATE means searching again" {
	fake_imap ESEARCH IDLE CONTEXT=SEARCH -- "$(opens box)" 'expect-cmd UID SEARCH RETURN \(UPDATE ALL\) UNSEEN' \
		'send * ESEARCH (TAG "${tag}") UID ALL 3:5' 'send * NO [NOUPDATE "${tag}"] too many' ok 'expect-cmd IDLE' 'set i ${tag}' 'send + idling' 'send * 9 EXISTS' \
		'expect DONE' 'send ${i} OK done' 'expect-cmd UID SEARCH RETURN \(ALL\) UNSEEN' 'send * ESEARCH (TAG "${tag}") UID ALL 4:7' ok \
		'expect-cmd IDLE' 'send + idling' 'expect DONE' ok
	follows fake/box unseen
	told 6
	ends INT 0
	[ "$(for n in 4 5 6; do line "$n"; done)" = "$(printf '%s\n' 'gone 3' 'new 6' 'new 7')" ] || { cat out; false; }
	fake_wait
}

@test "-f: what comes behind a search is searched for again" {
	fake_imap ESEARCH IDLE -- "$(opens box)" 'expect-cmd UID SEARCH RETURN \(ALL\) UNSEEN' 'send * ESEARCH (TAG "${tag}") UID ALL 3' 'send * 6 EXISTS' ok \
		'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3:4' 'send * 7 EXISTS' ok \
		'expect-cmd IDLE' 'set n ${tag}' 'send + idling' 'expect DONE' 'send ${n} OK' \
		'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3:5' ok 'expect-cmd IDLE' 'send + idling' 'expect DONE' ok
	follows fake/box unseen
	told 3
	ends INT 0
	[ "$(line 3)" = 'new 5' ]
	fake_wait
}

@test "-f: a server that ends IDLE at once, and one that does not want to" {
	fake_imap ESEARCH IDLE -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok 'expect-cmd IDLE' 'ok that was it' 'expect-cmd NOOP' 'send * 7 EXISTS' ok \
		'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 4' ok
	follows --interval 1 fake/box
	told 3
	ends INT 0
	grep -q 'looking every 1 s' err
	fake_wait
	fake_imap ESEARCH IDLE -- "$(opens box)" 'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 3' ok 'expect-cmd IDLE' 'bad not today' 'expect-cmd NOOP' ok 'expect-cmd NOOP' 'send * VANISHED 3' ok \
		'expect-cmd UID SEARCH .*' 'send * ESEARCH (TAG "${tag}") UID ALL 4' ok
	follows --interval 1 fake/box
	told 3
	ends INT 0
	fake_wait
}

@test "-f: a result too scattered to be held is refused, not forgotten" {
	/usr/bin/python3 -c 'import sys; sys.stdout.write(",".join(str(2 * n + 1) for n in range(300000)))' >commas
	fake_imap ESEARCH IDLE -- may-hangup "$(opens box)" 'expect-cmd UID SEARCH .*' 'send-raw * ESEARCH (TAG "${tag}") UID ALL ' 'send-literal commas' 'send ' ok
	run --separate-stderr bash -c "/usr/bin/time -f %M -o kilobytes lm-search -c '$CONFIG' -f fake/box >out"
	is 69
	says 'only by CONTEXT'
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ]
}

# ---- the rest

@test "standard output that cannot be written is 74" {
	run bash -c "lm-search -c '$LAB_CONFIG' alice/finds >/dev/full"
	is 74
	run bash -c "lm-search -c '$LAB_CONFIG' -o subject alice/finds >/dev/full"
	is 74
	run bash -c "lm-search -c '$LAB_CONFIG' -f alice/finds >/dev/full"
	is 74
}

# example N: the N-th of the manual page, with the lab's account.
example() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/ s/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-search.1" |
		sed -n "$1 { s/work\\//alice\\//g; s/\\\\&//g; s/\\\\(dq/\"/g; s/\\\\(aq/'/g; p }"
}

@test "the examples of the manual page" {
	cp "$LAB_CONFIG" config
	chmod 600 config
	mkdir -p "$HOME/.config/lm"
	mv config "$HOME/.config/lm/config"
	note boss forward-me 'Mon, 05 Jan 2026 10:00:00 +0000' | put INBOX
	note x y z | put Archive
	run --separate-stderr bash -c "$(example 1)"
	is 0
	[ "$(uids | wc -w)" -eq 1 ]
	[[ $(example 2) = *'| lm-fwd -T '* ]]
	run --separate-stderr bash -c "$(example 2 | sed 's/me@example.net/bob@localhost/')"
	is 0
	for n in 3 4 5 6; do
		run --separate-stderr bash -c "$(example "$n")"
		is 0
		[ -z "$stderr" ]
	done
	run --separate-stderr bash -c "$(example 5)"
	[[ $output =~ INBOX\;UIDVALIDITY=[0-9]+[[:blank:]][0-9]+$ ]]
	note flag-me x y | put INBOX '\Flagged'
	[[ $(example 7) = *'| while read -r event url; do echo '* ]]
	run bash -c "$(example 7 | sed 's/done$/break; done/') 3>&-"
	[[ $output = 'new imap://alice@'* ]]
	[ -z "$(example 8)" ]
}

@test "a writer that pauses does not wait for the end of its input" {
	mkfifo in
	search -r count - -- flagged <in >out 3>&- &
	running=$!
	exec 9>in
	echo alice/finds >&9
	for _ in $(seq 200); do [ -s out ] && break; sleep 0.05; done
	[ "$(wc -l <out)" -eq 1 ]
	echo alice/finds >&9
	exec 9>&-
	wait "$running"
	running=
	[ "$(wc -l <out)" -eq 2 ]
}

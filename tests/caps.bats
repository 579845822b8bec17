#!/usr/bin/env bats
# lm-caps against Dovecot and Exim, and against servers that promise too much.
load common

bats_require_minimum_version 1.5.0

setup_file() { lab_up dovecot sink exim; }
teardown_file() { lab_down; }
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	lab_env
}
teardown() { fake_teardown; }

caps() { lm-caps -c "$LAB_CONFIG" "$@"; }

# has LINE: one of the lines of the output; TAB is written as a blank.
has() {
	local line=${1// /$'\t'}
	grep -qxF -- "$line" <<<"$output" || { printf 'no line "%s" in:\n%s\n%s\n' "$1" "$output" "$stderr"; false; }
}

# starts FIELD...: a line of the output begins with these fields.
starts() {
	local IFS=$'\t'
	local fields=$*
	grep -qF -- "$fields" <(cut -f "1-$#" <<<"$output") || { printf 'no line "%s" in:\n%s\n%s\n' "$fields" "$output" "$stderr"; false; }
}

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; false; }; }

scratch_left() { imap 'LIST "" "*lm-probe*"' | grep -a 'LIST ('; }

@test "both servers' capabilities, one a line, after login and after AUTH" {
	run --separate-stderr caps alice
	is 0
	[ -z "$stderr" ]
	for word in IMAP4rev1 CATENATE URLAUTH QRESYNC COMPRESS=DEFLATE LITERAL+; do has "imap $word"; done
	for word in PIPELINING CHUNKING BINARYMIME DSN 8BITMIME; do has "submit $word"; done
	grep -qxF $'submit\tBURL\timap imap://'"$LAB_URL_AUTHORITY" <<<"$output"
	[ "$(grep -c . <<<"$output")" = "$(grep -cE $'^(imap|submit)\t[^\t ]+(\t[^\t]+)?$' <<<"$output")" ]
	# in the server's order
	[ "$(head -n 1 <<<"$output")" = "imap	IMAP4rev1" ]
}

@test "asks anew each time, whatever is remembered" {
	run caps alice
	first=$output
	for f in "$XDG_CACHE_HOME"/lm/*submit*; do
		[ -f "$f" ] && sed -i 's/BURL/XBURL/' "$f"
	done
	run --separate-stderr caps alice
	[ "$output" = "$first" ]
	starts submit BURL
}

@test "the account by name, by -a, by a URL of one of its mailboxes, or the first one" {
	run --separate-stderr caps bob
	is 0
	run --separate-stderr caps -a alice-starttls
	is 0
	starts submit CHUNKING
	run --separate-stderr caps alice/INBOX
	is 0
	run --separate-stderr caps "imap://alice@$LAB_URL_AUTHORITY/INBOX"
	is 0
	run --separate-stderr caps
	is 0
	run --separate-stderr caps -a alice bob
	is 64
}

@test "--json prints an object a line" {
	run --separate-stderr caps --json alice
	is 0
	while read -r line; do python3 -m json.tool <<<"$line" >/dev/null; done <<<"$output"
	has_json() { grep -qxF "$1" <<<"$output"; }
	has_json '{"service":"imap","capability":"CATENATE"}'
	has_json '{"service":"submit","capability":"BURL","arguments":"imap imap://'"$LAB_URL_AUTHORITY"'"}'
	run --separate-stderr caps --json --profile alice
	while read -r line; do python3 -m json.tool <<<"$line" >/dev/null; done <<<"$output"
	grep -qF '{"service":"imap","extension":"CONVERT","state":"missing","required":"section 5.2"}' <<<"$output"
}

@test "--profile: Dovecot lacks CONVERT and nothing else" {
	run --separate-stderr caps --profile alice
	is 69
	[ "${#lines[@]}" -eq 30 ]
	starts submit PIPELINING offered 'section 4.2'
	starts submit 'BURL imap' offered 'section 7'
	starts submit QUICKSTART not-published 'section 4.6'
	starts submit STARTTLS tls 'section 4.6'
	starts imap STARTTLS tls
	starts imap '$Forwarded' offered 'section 5.9'
	starts imap CONTEXT offered 'section 5.5' 'as CONTEXT=SEARCH'
	[ "$(cut -f 3 <<<"$output" | grep -c missing)" = 1 ]
	starts imap CONVERT missing 'section 5.2'
	run --separate-stderr caps --profile alice-starttls
	starts submit STARTTLS offered
	starts imap STARTTLS offered
}

@test "--profile: Exim has PIPECONNECT, but neither BURL nor BINARYMIME" {
	run --separate-stderr caps --profile alice-exim
	is 69
	starts submit QUICKSTART not-published 'section 4.6' 'PIPECONNECT is offered in its place'
	starts submit 'BURL imap' missing
	starts submit BINARYMIME missing
	starts submit CHUNKING offered
	starts submit AUTH offered
}

@test "--probe: all that Dovecot offers works, and nothing is left behind" {
	run --separate-stderr caps --probe alice
	is 0
	[ "${#lines[@]}" -eq 38 ]
	for word in NAMESPACE CONDSTORE URLAUTH CATENATE UIDPLUS LITERAL+ IDLE NOTIFY '$Forwarded' BINARY QRESYNC ESEARCH \
		WITHIN CONTEXT=SEARCH COMPRESS=DEFLATE METADATA LIST-EXTENDED MOVE SPECIAL-USE LIST-STATUS SORT \
		ESORT SORT=DISPLAY SEARCHRES STATUS=SIZE PREVIEW MULTIAPPEND UNSELECT SAVEDATE; do
		starts imap "$word" works
	done
	for word in CONVERT CONTEXT=SORT PARTIAL MULTISEARCH LIST-METADATA METADATA-SERVER REPLACE OBJECTID CREATE-SPECIAL-USE; do
		starts imap "$word" absent 'not offered'
	done
	run scratch_left
	[ -z "$output" ]
}

@test "--profile --probe prints both" {
	run --separate-stderr caps --profile --probe bob
	is 69
	starts imap CATENATE offered 'section 5.7'
	starts imap CATENATE works
	starts submit DSN offered
}

@test "--probe: what is switched off is absent and not tried" {
	"$BATS_TEST_DIRNAME/lab/lab" start --imap-capability 'IMAP4rev1 UIDPLUS MOVE' "$BATS_TEST_TMPDIR/lab" dovecot sink 3>&-
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/lab/config" --probe alice
	"$BATS_TEST_DIRNAME/lab/lab" stop "$BATS_TEST_TMPDIR/lab"
	is 0
	[ "$(cut -f 3 <<<"$output" | grep -c works)" = 3 ]
	for word in UIDPLUS MOVE '$Forwarded'; do starts imap "$word" works; done
	for word in CATENATE LITERAL+ QRESYNC COMPRESS=DEFLATE; do starts imap "$word" absent 'not offered'; done
}

# fake_config: an account `fake` whose store is the fake.
fake_config() {
	cat >"$BATS_TEST_TMPDIR/config" <<-END
		account fake
		    imap imap://alice@127.0.0.1:$FAKE_PORT
		    tls insecure
		    password secret
	END
	chmod 600 "$BATS_TEST_TMPDIR/config"
}

# store CAPABILITY... < more directives: a script of a store where little goes wrong.
store() {
	cat <<-END
		imap-login $*
		$(cat)
		auto (CREATE|DELETE) .* => ok
		auto (SELECT|EXAMINE) .* => * 1 EXISTS | * OK [UIDVALIDITY 7] v | * OK [PERMANENTFLAGS (\Seen)] p | ok [READ-WRITE] opened
		auto APPEND .* => ok [APPENDUID 7 1] appended
		imap-logout
	END
}

@test "--probe: a server that offers CATENATE and refuses it is broken, and the next is tried" {
	store CATENATE CONVERT >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto APPEND \S+ CATENATE .* => no [BADURL /x] I would not know how
		auto UID CONVERT 1 .* => * 1 CONVERTED (TAG "${tag}") (UID 1 BINARY[1] {16} | Caf\xc3\xa9 au lait. | ) | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	starts imap CATENATE broken
	[[ $output = *"NO [BADURL] I would not know how"* ]]
	starts imap LITERAL+ works
	starts imap CONVERT works
	starts imap '$Forwarded' absent
	starts imap NOTIFY absent 'not offered'
	fake_wait
	fake_saw 'C: .* DELETE "?lm-probe-[0-9a-f]{16}"?$'
	fake_saw 'C: .* DELETE "?lm-probe-[0-9a-f]{16}-2"?$'
}

@test "--probe: what CATENATE assembles is compared" {
	store CATENATE >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto UID FETCH 1 \(BODY.PEEK\[\]\) => * 1 FETCH (UID 1 BODY[] {9} | nothing | ) | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	[[ $output = *"	CATENATE	broken	what CATENATE assembled: 9 octets came, not the "* ]]
	fake_wait
}

@test "--probe: answers that are wrong are told apart from those that are right" {
	store UIDPLUS ESEARCH LIST-EXTENDED NAMESPACE >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto APPEND .* => ok appended
		auto UID SEARCH ALL => * SEARCH 1 | ok
		auto UID SEARCH RETURN .* => * ESEARCH (TAG "${tag}") UID MIN 1 MAX 2 COUNT 1 ALL 1 | ok
		auto LIST .* => * LIST (\HasNoChildren) "/" one | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	has_detail() { [[ $output = *"	$1	broken	$2"* ]] || { echo "$output"; false; }; }
	has_detail UIDPLUS 'APPEND: no APPENDUID'
	has_detail ESEARCH 'UID SEARCH RETURN: MIN, MAX or COUNT is wrong'
	has_detail LIST-EXTENDED 'LIST: 1 mailboxes for two patterns, not 2'
	starts imap NAMESPACE works
	fake_wait
}

@test "--probe: what Dovecot does not offer, by a store that does it right" {
	store PARTIAL MULTISEARCH LIST-METADATA REPLACE OBJECTID CREATE-SPECIAL-USE >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto UID SEARCH ALL => * SEARCH 1 | ok
		auto UID SEARCH RETURN \(PARTIAL .* => * ESEARCH (TAG "${tag}") UID PARTIAL (1:1 1) | ok
		auto ESEARCH IN \(mailboxes \((?P<a>\S+) (?P<b>[^ )]+)\)\) .* => * ESEARCH (TAG "${tag}" MAILBOX ${a} UIDVALIDITY 7) UID ALL 1 | * ESEARCH (TAG "${tag}" MAILBOX ${b} UIDVALIDITY 9) UID ALL 1 | ok
		auto SETMETADATA .* => ok
		auto LIST "" (?P<box>\S+) RETURN \(METADATA .* => * LIST () "/" ${box} | * METADATA ${box} (/private/comment "lm-probe \\"quoted\\"") | ok
		auto UID REPLACE 1 .* => ok [APPENDUID 7 2] replaced
		auto UID SEARCH SUBJECT probe-replace-old => * SEARCH | ok
		auto UID SEARCH SUBJECT probe-replace-new => * SEARCH 2 | ok
		auto UID FETCH 1 \(EMAILID\) => * 1 FETCH (UID 1 EMAILID (M1)) | ok
		auto STATUS (?P<box>\S+) \(MAILBOXID\) => * STATUS ${box} (MAILBOXID (F1)) | ok
		auto LIST "" (?P<box>\S+) => * LIST (\HasNoChildren \Archive) "/" ${box} | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	for word in PARTIAL MULTISEARCH LIST-METADATA REPLACE OBJECTID CREATE-SPECIAL-USE; do
		starts imap "$word" works
	done
	fake_wait
	fake_saw 'C: .* CREATE "?lm-probe-[0-9a-f]{16}-2"? \(USE \(\\Archive\)\)$'
}

@test "--probe: the same, by a store that does each wrong" {
	store PARTIAL MULTISEARCH LIST-METADATA REPLACE OBJECTID CREATE-SPECIAL-USE ESORT SEARCHRES STATUS=SIZE \
		PREVIEW SAVEDATE MULTIAPPEND UNSELECT >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto UID SEARCH ALL => * SEARCH 1 | ok
		auto UID SEARCH RETURN \(PARTIAL .* => * ESEARCH (TAG "${tag}") UID PARTIAL (1:1 2) | ok
		auto UID SEARCH RETURN \(SAVE\) .* => ok
		auto ESEARCH IN .* => * ESEARCH (TAG "${tag}") UID ALL 1 | ok
		auto SETMETADATA .* => ok
		auto UID REPLACE 1 .* => ok [APPENDUID 7 2] replaced
		auto UID SEARCH SUBJECT .* => * SEARCH 1 | ok
		auto UID SORT .* => * ESEARCH (TAG "${tag}") UID ALL 1:2 | ok
		auto UID FETCH \$ .* => * 1 FETCH (UID 8 RFC822.SIZE 5) | ok
		auto UID FETCH 1 \((?P<item>EMAILID|PREVIEW|SAVEDATE)\) => * 1 FETCH (UID 1 ${item} NIL) | ok
		auto UID FETCH 1:\* \(RFC822.SIZE\) => * 1 FETCH (UID 1 RFC822.SIZE 500) | ok
		auto STATUS (?P<box>\S+) \(SIZE\) => * STATUS ${box} (SIZE 499) | ok
		auto UID STORE .* => ok
		auto UNSELECT => ok
		auto UID FETCH 1 \(FLAGS\) => * 1 FETCH (UID 1 FLAGS ()) | ok
		auto LIST .* => * LIST () "/" one | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	has_detail() { [[ $output = *"	$1	broken	$2"* ]] || { echo "$output"; false; }; }
	has_detail PARTIAL 'UID SEARCH RETURN (PARTIAL 1:1): another message'
	has_detail MULTISEARCH 'ESEARCH: a result without mailbox or UIDVALIDITY'
	has_detail LIST-METADATA 'LIST RETURN (METADATA): no value'
	has_detail REPLACE 'UID REPLACE: the old message is still there'
	has_detail OBJECTID 'UID FETCH (EMAILID): nothing'
	has_detail CREATE-SPECIAL-USE 'CREATE (USE): OK, but LIST does not show'
	has_detail ESORT 'UID SORT RETURN (ALL): the order is wrong'
	has_detail SEARCHRES 'UID FETCH $: another message'
	has_detail STATUS=SIZE 'STATUS (SIZE): 499, but the messages have 500 octets'
	has_detail PREVIEW 'UID FETCH (PREVIEW): nothing'
	has_detail SAVEDATE 'UID FETCH (SAVEDATE): nothing'
	has_detail MULTIAPPEND 'APPEND of two messages: 1 are there'
	has_detail UNSELECT 'UNSELECT: a flag is lost'
	fake_wait
}

# updates PLACE: a store that keeps a sorted result, and puts the message at that place of it.
updates() {
	store CONTEXT=SORT SORT >"$BATS_TEST_TMPDIR/script" <<-END
		auto UID SORT \\(REVERSE .* => * SORT 1 | ok
		auto UID SORT RETURN \\(UPDATE COUNT\\) \\(SUBJECT\\) UTF-8 SUBJECT "?probe-context"? FLAGGED => * ESEARCH (TAG "\${tag}") UID COUNT 1 | ok
		auto UID STORE .* => ok
		auto NOOP => * ESEARCH (TAG "x") UID ADDTO ($1 1) | * ESEARCH (TAG "x") UID REMOVEFROM ($1 1) | ok
		auto CANCELUPDATE "\S+" => ok
	END
	fake_start --times 2 <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
}

@test "--probe: CONTEXT=SORT tells the place in the order" {
	updates 2
	starts imap CONTEXT=SORT works 'UPDATE: ADDTO, REMOVEFROM, CANCELUPDATE'
	starts imap CONTEXT=SEARCH absent 'not offered'
	starts imap SORT broken 'UID SORT (REVERSE SUBJECT): the order is wrong'
	starts imap SORT=DISPLAY absent
	fake_wait
	fake_saw 'CANCELUPDATE'
}

@test "--probe: CONTEXT=SORT with the place in the mailbox, or refused" {
	updates 1
	is 69
	starts imap CONTEXT=SORT broken 'UID SORT RETURN (UPDATE): no ADDTO with the right place after a change'
	fake_wait
	store CONTEXT=SORT >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto UID SORT .* => * OK [NOUPDATE "${tag}"] too many | ok
		auto UID STORE .* => ok
	END
	fake_start --times 2 <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	starts imap CONTEXT=SORT broken 'UID SORT RETURN (UPDATE): NOUPDATE'
	fake_wait
}

@test "--probe: SORT=DISPLAY by the names as they are encoded, or by address" {
	store SORT=DISPLAY >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto UID SORT \(DISPLAYFROM\) .* => * SORT 1 2 | ok
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	starts imap SORT=DISPLAY broken 'UID SORT (DISPLAYFROM): the order is wrong'
	fake_wait
	fake_saw 'From: =\?UTF-8\?Q\?Zo=C3=AB\?= <a@localhost>'
}

# annotates < directives: --probe with a store that has entries of the server.
annotates() {
	store METADATA-SERVER >"$BATS_TEST_TMPDIR/script"
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	starts imap METADATA absent 'not offered'
	fake_wait
}

@test "--probe: METADATA-SERVER, set and removed, or only read; never of a mailbox" {
	annotates <<-'END'
		auto GETMETADATA "" "?/shared/comment"? => ok
		auto SETMETADATA "" \("?/private/vendor/vendor.lm/probe"? NIL\) => ok
		auto SETMETADATA "" .* => ok
		auto GETMETADATA "" .* => ok
	END
	starts imap METADATA-SERVER broken 'SETMETADATA: OK, but the value is not there'
	annotates <<-'END'
		auto GETMETADATA "" "?/shared/comment"? => * METADATA "" (/shared/comment NIL) | ok
		auto SETMETADATA "" .* => no [METADATA NOPRIVATE] not here
	END
	starts imap METADATA-SERVER works '/shared/comment read; SETMETADATA: NO [METADATA] not here'
	annotates <<-'END'
		auto GETMETADATA "" "?/shared/comment"? => ok
		auto SETMETADATA .* => bad what
	END
	starts imap METADATA-SERVER broken 'SETMETADATA: BAD what'
	annotates <<-'END'
		auto GETMETADATA .* => no never
	END
	starts imap METADATA-SERVER broken 'GETMETADATA: NO never'
}

@test "--probe: one mailbox only for each special use is no fault, and the second mailbox is made anew" {
	store CREATE-SPECIAL-USE >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto CREATE \S+ \(USE .* => no [USEATTR] there is one already
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	[[ $output = *"	CREATE-SPECIAL-USE	works	"*"refused with USEATTR"* ]]
	fake_wait
	[ "$(grep -cE '^C: \S+ CREATE "?lm-probe-[0-9a-f]{16}-2"?$' "$FAKE_TRANSCRIPT")" -eq 2 ]
	[ "$(grep -cE '^C: \S+ DELETE "?lm-probe-[0-9a-f]{16}-2"?$' "$FAKE_TRANSCRIPT")" -eq 2 ]
}

@test "--probe: a connection that breaks is opened again, once, and the mailboxes are removed" {
	{
		store CATENATE >"$BATS_TEST_TMPDIR/one" <<-'END'
			auto APPEND \S+ CATENATE .* => !cut
		END
		cat "$BATS_TEST_TMPDIR/one"
		echo next-connection
		store CATENATE </dev/null
	} >"$BATS_TEST_TMPDIR/script"
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	starts imap CATENATE broken
	starts imap LITERAL+ works
	fake_wait
	fake_saw 'C2: .* DELETE "?lm-probe-[0-9a-f]{16}"?$'
}

@test "--probe: mailboxes that cannot be removed are named" {
	store >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto DELETE .* => no not today
	END
	fake_start --times 2 <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	[[ $stderr =~ left\ on\ the\ server:\ mailbox\ lm-probe-[0-9a-f]{16}\ and\ lm-probe-[0-9a-f]{16}-2:.*not\ today ]]
	fake_wait
}

@test "--probe: no mailbox can be made" {
	store >"$BATS_TEST_TMPDIR/script" <<-'END'
		auto CREATE .* => no [NOPERM] not here
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe fake
	is 69
	[ -z "$output" ]
	[[ $stderr = *lm-probe-*"NO [NOPERM] not here"* ]]
	fake_wait
	fake_saw_no 'DELETE'
}

# in_background: starts --probe and waits until it has printed a line.
in_background() {
	lm-caps "$@" --probe >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- &
	pid=$!
	for _ in $(seq 500); do
		[ -s "$BATS_TEST_TMPDIR/out" ] && return 0
		sleep 0.02
	done
	return 1
}

@test "--probe: after SIGTERM nothing is left behind" {
	in_background -c "$LAB_CONFIG" alice
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ] || { cat "$BATS_TEST_TMPDIR/err"; false; }
	[ "$(grep -c . "$BATS_TEST_TMPDIR/out")" -lt 38 ]
	run scratch_left
	[ -z "$output" ]
}

@test "--probe: the second SIGTERM ends it at once and says what is left" {
	store CATENATE >"$BATS_TEST_TMPDIR/script" <<-'END'
		may-hangup
		auto APPEND \S+ CATENATE .* => !stall forever
	END
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	in_background -c "$BATS_TEST_TMPDIR/config" fake
	fake_await 'CATENATE \('
	kill -TERM "$pid"
	sleep 0.3
	kill -0 "$pid"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	grep -qE 'left on the server: mailboxes lm-probe-[0-9a-f]{16} and ' "$BATS_TEST_TMPDIR/err"
}

@test "--profile: LITERAL- and a keyword that INBOX does not keep" {
	store -LITERAL+ LITERAL- >"$BATS_TEST_TMPDIR/script" </dev/null
	fake_start <"$BATS_TEST_TMPDIR/script"
	fake_config
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --profile fake
	is 69
	starts imap LITERAL+ partly
	starts imap '$Forwarded' missing
	starts imap STARTTLS missing
	starts submit DSN unknown
	[[ $stderr = *'no `submit` server'* ]]
	fake_wait
}

@test "one server only: the other is said to be missing, and that is no failure" {
	sed -n '/^account alice$/,/^$/p' "$LAB_CONFIG" >"$BATS_TEST_TMPDIR/both"
	chmod 600 "$BATS_TEST_TMPDIR/both"
	grep -v '^ *submit ' "$BATS_TEST_TMPDIR/both" >"$BATS_TEST_TMPDIR/config"
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" alice
	is 0
	[[ $stderr = *'no `submit` server'* ]]
	starts imap CATENATE
	grep -v '^ *imap ' "$BATS_TEST_TMPDIR/both" >"$BATS_TEST_TMPDIR/config"
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" alice
	is 0
	starts submit CHUNKING
	run --separate-stderr lm-caps -c "$BATS_TEST_TMPDIR/config" --probe alice
	is 78
}

@test "a server that is down: the other is asked, the exit code is 75" {
	run --separate-stderr caps -o imap=imaps://alice@localhost:1 alice
	is 75
	starts submit CHUNKING
	run --separate-stderr caps -o submit=submissions://alice@localhost:1 alice
	is 75
	starts imap CATENATE
	run --separate-stderr caps --profile -o submit=submissions://alice@localhost:1 alice
	is 75
	starts submit DSN unknown
	starts imap CATENATE offered
	run --separate-stderr caps -o imap=imaps://alice@localhost:1 -o submit=submissions://alice@localhost:1 alice
	is 75
	[ -z "$output" ]
}

@test "faults: account, password, options" {
	run --separate-stderr caps nobody
	is 78
	run --separate-stderr caps -o 'pass-command=echo wrong' alice
	is 77
	[ -z "$output" ]
	run --separate-stderr caps --no-such-option
	is 64
	[[ ${#stderr_lines[@]} -eq 1 && $stderr = usage:* ]]
	run --separate-stderr caps alice bob
	is 64
	run --separate-stderr caps -o
	is 64
	run --separate-stderr caps -o no-such-keyword=1 alice
	is 64
	run --separate-stderr caps imap://alice@elsewhere.example/INBOX
	is 65
	[[ ${#stderr_lines[@]} -eq 1 && $stderr = *'imap://alice@elsewhere.example/INBOX: a URL of another server'* ]]
}

@test "--help and --version" {
	run --separate-stderr lm-caps --help
	is 0
	[[ $output = "usage: lm-caps"* && -z $stderr ]]
	run --separate-stderr lm-caps -h
	is 0
	run --separate-stderr lm-caps --version
	is 0
	[ "$output" = "lm-caps 0.1.0" ]
}

@test "a reader that goes away ends it without a word" {
	run bash -o pipefail -c 'lm-caps -c "$LAB_CONFIG" alice | :'
	[ "$status" -eq 74 ]
	[ -z "$output" ]
	run --separate-stderr bash -c 'lm-caps -c "$LAB_CONFIG" alice >/dev/full'
	is 74
	[[ $stderr = *"standard output"* ]]
}

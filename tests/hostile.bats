#!/usr/bin/env bats
# The programs against servers that break, cut, stall, lie and attack. Whatever they do: one line on standard error, the
# right exit status, nothing sent twice, no draft left, no password in the clear, no memory that grows.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	export TLS=$BATS_FILE_TMPDIR/tls
	"$BATS_TEST_DIRNAME/lab/mkcerts" "$TLS"
}
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
	in_tls
}
teardown() { fake_teardown; }

# ---- the servers

# in_tls, in_clear, in_starttls: how the fakes started from here on are spoken to, and by which configuration.
in_tls() { LAYER=(--tls "$TLS/good.pem" "$TLS/good.key") IMAP=imaps SUBMIT=submissions INSECURE='' STARTTLS=''; }
in_clear() { LAYER=() IMAP=imap SUBMIT=submission INSECURE='tls insecure' STARTTLS=''; }
in_starttls() { LAYER=(--cert "$TLS/good.pem" "$TLS/good.key") IMAP=imap SUBMIT=submission INSECURE='' STARTTLS=STARTTLS; }

TEXT_PART='("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 50 3)'

# good_imap [LINE...]: a script of a good server; the lines come first, so that an `auto` of theirs wins.
good_imap() {
	echo may-hangup
	[ $# = 0 ] || printf '%s\n' "$@"
	printf '%s\n' "${IMAP_LOGIN:-imap-login URLAUTH UIDPLUS CATENATE $STARTTLS}"
	cat <<-END
		auto (SELECT|EXAMINE) .* => * FLAGS (\Seen \Draft) | * OK [PERMANENTFLAGS (\Seen \Draft \*)] ok | * 1 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT 9] ok | ok [READ-WRITE] done
		auto UID FETCH (?P<uid>\d+) \(.*BODYSTRUCTURE.*BODY.PEEK\[HEADER\].* => * 1 FETCH (UID \${uid} RFC822.SIZE 20 BODYSTRUCTURE $TEXT_PART BODY[HEADER] {14}\r\nSubject: x\r\n\r\n) | ok done
		auto UID FETCH (?P<uid>\d+) \(.*BODYSTRUCTURE.* => * 1 FETCH (UID \${uid} RFC822.SIZE 20 BODYSTRUCTURE $TEXT_PART) | ok done
		auto UID FETCH (?P<uid>\d+) \(BODY.PEEK\[\]\) => * 1 FETCH (UID \${uid} BODY[] {20}\r\nSubject: x\r\n\r\nabcd\r\n) | ok done
		auto GENURLAUTH "(?P<url>[^"]*)" INTERNAL => * GENURLAUTH "\${url}:internal:91354a473744909de610943775f92038" | ok done
		auto STATUS (?P<name>\S+) .* => * STATUS \${name} (UIDNEXT 4 UIDVALIDITY 7) | ok done
		auto APPEND .* => ok [APPENDUID 7 2] done
		auto UID SEARCH .* => * SEARCH | ok done
		auto UID STORE .* => ok
		auto UID EXPUNGE .* => * 1 EXPUNGE | ok
		imap-logout
	END
}

# good_smtp [LINE...]
good_smtp() {
	echo may-hangup
	[ $# = 0 ] || printf '%s\n' "$@"
	printf '%s\n' "${SMTP_LOGIN:-smtp-login PIPELINING CHUNKING 8BITMIME SIZE ENHANCEDSTATUSCODES "\"BURL imap imap://mail.example.org\"" $STARTTLS}"
	cat <<-'END'
		auto MAIL .* => 250 2.1.0 ok
		auto RCPT .* => 250 2.1.5 ok
		auto BURL .* => 250 2.5.0 ok
		auto BDAT (?P<n>\d+) LAST => !read-octets ${n} | 250 2.0.0 queued
		auto BDAT (?P<n>\d+) => !read-octets ${n} | 250 2.0.0 ok
		auto DATA => 354 go on | !read-data | 250 2.0.0 queued
		smtp-quit
	END
}

# imap_server [OPTION...] -- [LINE...], smtp_server likewise: started; IP, IT and SP, ST are port and transcript.
imap_server() {
	local options=()
	while [ "${1:---}" != -- ]; do options+=("$1"); shift; done
	fake_start --forever "${LAYER[@]}" "${options[@]}" < <(good_imap "${@:2}") || return 1
	IP=$FAKE_PORT IT=$FAKE_TRANSCRIPT
}
smtp_server() {
	local options=()
	while [ "${1:---}" != -- ]; do options+=("$1"); shift; done
	fake_start --forever "${LAYER[@]}" "${options[@]}" < <(good_smtp "${@:2}") || return 1
	SP=$FAKE_PORT ST=$FAKE_TRANSCRIPT
}
# imap_login_that LINE..., smtp_login_that LINE...: the line of the login, and then these.
imap_login_that() {
	IMAP_LOGIN=$(printf '%s\n' 'send * OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN URLAUTH UIDPLUS CATENATE] hi' \
		'expect-cmd AUTHENTICATE PLAIN .*' "$@")
}
smtp_login_that() {
	SMTP_LOGIN=$(printf '%s\n' 'smtp-hello PIPELINING CHUNKING 8BITMIME SIZE "AUTH PLAIN"' 'expect AUTH PLAIN .*' "$@")
}

# A whole script from standard input.
imap_script() {
	fake_start "${LAYER[@]}" || return 1
	IP=$FAKE_PORT IT=$FAKE_TRANSCRIPT
}
smtp_script() {
	fake_start "${LAYER[@]}" || return 1
	SP=$FAKE_PORT ST=$FAKE_TRANSCRIPT
}

# saw TRANSCRIPT REGEX, saw_no, times TRANSCRIPT REGEX: how often.
saw() { grep -aEq -- "$2" "$1" || { printf 'no line matches %s:\n' "$2"; cat "$1"; return 1; }; }
saw_no() { ! grep -aE -- "$2" "$1"; }
times() { grep -acE -- "$2" "$1" || true; }

# ---- the programs

# configure: the account of the servers that were started; each time with nothing remembered.
configure() {
	rm -rf "$XDG_CACHE_HOME"
	cat >config <<-END
		account a
		    imap $IMAP://alice@127.0.0.1:${IP:-1}
		    submit $SUBMIT://alice@127.0.0.1:${SP:-1}
		    url-authority mail.example.org
		    tls-ca $TLS/ca.pem
		    password secret
		    from Alice <alice@example.org>
		    sent Sent
		    drafts Drafts
		    ${AUTH-auth plain}
		    $INSECURE
	END
	chmod 600 config
}

letter() { printf '%s\n' 'From: alice@example.org' 'To: bob@example.org' 'Subject: x' 'Message-ID: <m@example.org>' '' 'Hello'; }
assembly() { printf 'text 43\nSubject: y\r\nMessage-ID: <m@example.org>\r\n\r\n\nurl a/INBOX/;UID=1\n'; }

# call PROGRAM [OPTION...]: with input of its own.
call() {
	local what=$1
	shift
	case $what in
	genurl) lm-genurl -c config "$@" 'a/INBOX/;UID=1' ;;
	draft) assembly | lm-draft -c config "$@" a/Drafts ;;
	append) letter | lm-draft -c config "$@" a/Drafts ;;
	submit) letter | lm-submit -c config "$@" bob@example.org ;;
	*) lm-fwd -c config -S "$what" "$@" -T bob@example.org -m note 'a/INBOX/;UID=1' ;;
	esac
}

# fails CODE[|CODE] TEXT PROGRAM...: that exit status, one line with that text (a regex), no result.
fails() {
	local codes=$1 text=$2
	shift 2
	run --separate-stderr call "$@"
	[[ $status =~ ^($codes)$ ]] || { printf '%s: exit status %d:\n%s\n%s\n' "$*" "$status" "$output" "$stderr"; return 1; }
	[[ $stderr =~ $text ]] || { printf '%s: no "%s" in: %s\n' "$*" "$text" "$stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" -le "${LINES_MAX:-1}" ] || { printf '%s: more than a line:\n%s\n' "$*" "$stderr"; return 1; }
	[ -z "$output" ] || { printf '%s: on stdout: %s\n' "$*" "$output"; return 1; }
	[[ $stderr != *secret* ]]
}

# works PROGRAM...: status 0, nothing on stderr.
works() {
	run --separate-stderr call "$@"
	if [ "$status" -ne 0 ] || [ -n "$stderr" ]; then
		printf '%s: exit status %d:\n%s\n%s\n' "$*" "$status" "$output" "$stderr"
		return 1
	fi
}

# ---- that the good servers are good, or nothing below would mean anything

@test "good servers: all programs, in TLS, STARTTLS and in the clear" {
	for layer in in_tls in_starttls in_clear; do
		$layer
		imap_server --
		smtp_server --
		configure
		for what in genurl draft append submit catenate burl relay; do
			echo "$layer $what"
			works "$what"
		done
		saw "$IT" '^C[0-9]*: a[0-9]+ APPEND Sent .*CATENATE'
		saw "$ST" '^C[0-9]*: BURL imap://alice@mail.example.org/Sent;UIDVALIDITY=7/;UID=2;EXPIRE=.*;URLAUTH=submit\+alice:internal:[0-9a-f]+ LAST'
		fake_teardown
	done
}

# ---- torn, slow and silent lines

@test "one octet at a time: everything still works" {
	for layer in in_tls in_clear; do
		$layer
		imap_server -- 'dribble on'
		smtp_server -- 'dribble on'
		configure
		for what in genurl draft append submit catenate burl relay; do works "$what"; done
		fake_teardown
	done
}

# cuts PROGRAM STEP: the IMAP line is cut after STEP octets, 2 STEP, ..., until it works. Nothing comes out before.
cuts() {
	local what=$1 step=$2 n
	imap_server -- "cut-after \${connection*$step}"
	configure
	for n in $(seq 200); do
		rm -rf "$XDG_CACHE_HOME"
		run --separate-stderr call "$what"
		[ "$status" -ne 0 ] || break
		if [ "$status" -ne 75 ] || [ -n "$output" ] || [ "$(wc -l <<<"$stderr")" -ne 1 ]; then
			printf '%s, cut %d: %d\n%s\n%s\n' "$what" "$n" "$status" "$output" "$stderr"
			return 1
		fi
	done
	echo "$what: the last one is $n: $status"
	[ "$status" -eq 0 ]
	[ "$n" -gt 5 ]
}

@test "the IMAP line is cut at every so many octets: 75" {
	in_clear
	cuts genurl 29
	cuts append 23
}

@test "the IMAP line is cut at every so many octets in TLS: 75" {
	cuts genurl 53
}

@test "the SMTP line is cut at every so many octets: 75, and whether it may have been sent is said" {
	local n seen
	smtp_server -- 'cut-after ${connection*19}'
	configure
	for n in $(seq 60); do
		rm -rf "$XDG_CACHE_HOME"
		run --separate-stderr call submit
		[ "$status" -ne 0 ] || break
		[ "$status" -eq 75 ] && [ "$(wc -l <<<"$stderr")" -eq 1 ] || { printf '%d: %d\n%s\n' "$n" "$status" "$stderr"; false; }
		# what the server has read, it may have sent; before the login nothing may
		here="^C$([ "$n" = 1 ] || echo "$n"):"
		if grep -aq "$here BDAT .* LAST" "$ST"; then
			[[ $stderr = *'may have been sent'* ]] || { echo "$n: $stderr"; false; }
		elif ! grep -aq "$here AUTH" "$ST"; then
			[[ $stderr != *'may have been sent'* ]] || { echo "$n: $stderr"; false; }
		fi
	done
	[ "$n" -gt 10 ]
	[ "$status" -eq 0 ]
	# each run was one connection, and the last one alone was accepted
	[ "$(times "$ST" '^-- ?[0-9]*.*connection')" -le $((n + 1)) ]
	[ "$(times "$ST" '^S[0-9]*: 250 2.0.0 queued')" -ge 1 ]
}

@test "lm-fwd, the IMAP line cut at every so many octets: what was sent is said to be, what was not is not" {
	local what n last=0
	for what in relay catenate; do
		smtp_server --
		imap_server -- 'cut-after ${connection*83}'
		configure
		for n in $(seq 60); do
			rm -rf "$XDG_CACHE_HOME"
			run --separate-stderr call "$what"
			[ "$status" -ne 0 ] || break
			if [ "$(times "$ST" '^C[0-9]*: (BDAT|BURL).* LAST')" -gt "$last" ]; then
				last=$(times "$ST" '^C[0-9]*: (BDAT|BURL).* LAST')
				[[ $status = 74 && $stderr = *sent* && ( -z $output || $output = sent$'\t'* ) ]]
			else
				[[ $status = 75 && -z $output ]]
			fi || { printf '%s, cut %d: %d\n%s\n' "$what" "$n" "$status" "$stderr"; cat "$ST"; false; }
		done
		echo "$what: the last one is $n: $status"
		[ "$status" -eq 0 ]
		[ "$n" -gt 5 ]
		last=0
		fake_teardown
	done
}

@test "the line is cut at each command: nothing is sent, nothing is left" {
	for verb in EXAMINE 'UID FETCH' GENURLAUTH; do
		imap_server -- "auto $verb .* => !cut"
		configure
		fails 75 '' genurl
		saw "$IT" "^C: a[0-9]+ $verb"
	done
	imap_login_that cut
	imap_server --
	smtp_login_that cut
	smtp_server --
	configure
	fails 75 '' genurl
	fails 75 '' submit
	unset IMAP_LOGIN SMTP_LOGIN
	for verb in EHLO MAIL RCPT; do
		smtp_server -- "auto $verb .* => !cut"
		configure
		fails 75 '' submit
		saw "$ST" "^C: $verb"
		saw_no "$ST" '^S.*queued'
	done
}

@test "silence at each step: 75, in the time of the keyword" {
	local k=0 jobs=() verb
	silent() { # NAME PROGRAM: in the background, the result in a file
		local name=$1 what=$2
		cp config "config.$name"
		(
			mkdir "$name" && cd "$name" && cp ../config . && XDG_CACHE_HOME=$PWD/cache
			status=0
			call "$what" -o timeout=2 >out 2>err || status=$?
			echo "$status" >status
		) 3>&- &
		jobs+=($!)
	}
	for verb in EXAMINE 'UID FETCH' GENURLAUTH; do
		imap_server --timeout 20 -- "auto $verb .* => !stall forever"
		configure
		silent "i$((k += 1))" genurl
	done
	imap_login_that 'stall forever'
	imap_server --timeout 20 --
	smtp_login_that 'stall forever'
	smtp_server --timeout 20 --
	configure
	silent "i$((k += 1))" genurl
	silent "i$((k += 1))" submit
	unset IMAP_LOGIN SMTP_LOGIN
	imap_server --timeout 20 -- 'stall forever'
	configure
	silent "i$((k += 1))" genurl
	imap_server --timeout 20 -- 'auto UID FETCH .*BODYSTRUCTURE.* => !send-raw * 1 FETCH (UID 1 BODY[HEADER] {100}\r\nSubj | !stall forever'
	configure
	silent "i$((k += 1))" genurl
	for verb in EHLO MAIL RCPT; do
		smtp_server --timeout 20 -- "auto $verb .* => !stall forever"
		configure
		silent "i$((k += 1))" submit
	done
	smtp_server --timeout 20 -- 'stall forever'
	configure
	silent "i$((k += 1))" submit
	wait "${jobs[@]}"
	for n in $(seq "$k"); do
		[ "$(cat "i$n/status")" = 75 ] && [ "$(wc -l <"i$n/err")" -eq 1 ] && [ ! -s "i$n/out" ] ||
			{ echo "step $n: $(cat "i$n/status" "i$n/err" "i$n/out")"; false; }
	done
}

# ---- refusals

@test "IMAP refuses each step: 69 (the login: 77), nothing comes out, nothing is left" {
	for verb in EXAMINE 'UID FETCH' GENURLAUTH; do
		for word in no bad; do
			imap_server -- "auto $verb .* => $word not for you"
			configure
			fails 69 'not for you' genurl
		done
	done
	for verb in '(SELECT|EXAMINE)' 'UID FETCH' APPEND; do
		imap_server -- "auto $verb .* => no not for you"
		smtp_server --
		configure
		fails 69 'not for you' draft
		fails 69 'not for you' catenate
		saw_no "$ST" '^C.*MAIL'
	done
	for code in AUTHENTICATIONFAILED/77 UNAVAILABLE/75; do
		imap_login_that "no [${code%/*}] no"
		imap_server --
		configure
		fails "${code#*/}" '' genurl
		[ "$(times "$IT" '^C.*AUTHENTICATE')" -eq 1 ]
	done
}

@test "SMTP refuses each step: 69 for good, 75 for now (the login: 77); nothing is sent" {
	for verb in EHLO MAIL RCPT 'BDAT \d+ LAST'; do
		for code in 554/69 451/75 421/75; do
			reply="${code%/*} no, not now"
			[[ $verb != BDAT* ]] || reply="!read-octets \${n} | $reply"
			rest=('auto MAIL .* => 503 5.5.1 no' 'auto RCPT .* => 503 5.5.1 no' 'auto BDAT (?P<n>\d+)( LAST)? => !read-octets ${n} | 503 5.5.1 no')
			case $verb in
			RCPT) rest=("${rest[2]}") ;;
			BDAT*) rest=() ;;
			esac
			smtp_server -- "auto ${verb/\\d+/(?P<n>\\d+)}.* => $reply" "${rest[@]}"
			configure
			fails "${code#*/}" 'not now' submit
			saw_no "$ST" '^S.*queued'
			[ "$(times "$ST" '^C[0-9]*: BDAT')" -le 2 ]
			fake_teardown
		done
	done
	smtp_login_that 'send 535 5.7.8 no'
	smtp_server --
	configure
	fails 77 '' submit
	[ "$(times "$ST" '^C.*AUTH')" -eq 1 ]
	smtp_login_that 'send 454 4.7.0 later'
	smtp_server --
	configure
	fails 75 '' submit
}

@test "421 out of the blue" {
	smtp_script <<<'send 421 4.3.2 shutting down'
	configure
	fails 75 'shutting down' submit
	smtp_server -- 'auto RCPT .* => 421 4.3.2 shutting down | !cut'
	configure
	fails 75 '' submit
	saw_no "$ST" 'queued'
}

@test "BYE: in the greeting, after the login, in the middle" {
	imap_script <<<'send * BYE too many of you'
	configure
	fails 75 'too many of you' genurl
	imap_server -- 'auto EXAMINE .* => * BYE going down | !close'
	configure
	fails 75 'going down' genurl
	imap_server -- 'auto GENURLAUTH .* => * BYE going down | !close'
	configure
	fails 75 'going down' genurl
}

@test "every recipient refused while the data rides along: 69, and none of it counts" {
	smtp_server -- 'auto RCPT .* => 550 5.1.1 no such user' \
		'auto BDAT (?P<n>\d+)( LAST)? => !read-octets ${n} | 503 5.5.1 no recipients'
	configure
	fails 69 '550 5.1.1 no such user' submit
	# DATA: some servers say 354 all the same
	SMTP_LOGIN='smtp-login PIPELINING 8BITMIME' smtp_server -- 'auto RCPT .* => 550 5.1.1 no such user' \
		'auto DATA => 354 go on | !read-data | 554 5.5.1 no valid recipients'
	configure
	fails 69 '550 5.1.1 no such user' submit
	saw_no "$ST" 'queued'
}

@test "the submission fails at each step: lm-fwd takes its draft back" {
	for reply in '554 5.0.0 no' '451 4.0.0 no'; do
		for verb in MAIL RCPT BURL; do
			imap_server --
			rest=('auto RCPT .* => 503 5.5.1 no' 'auto BURL .* => 503 5.5.1 no')
			[ $verb != BURL ] || rest=()
			[ $verb != RCPT ] || rest=("${rest[1]}")
			smtp_server -- "auto $verb .* => $reply" "${rest[@]}"
			configure
			LINES_MAX=2 fails '69|75' '' catenate
			saw "$IT" 'APPEND Sent'
			saw "$IT" 'UID STORE 2 .*Deleted'
			saw "$IT" 'UID EXPUNGE 2'
			[ "$(times "$IT" 'UID EXPUNGE')" -eq 1 ]
			fake_teardown
		done
	done
	imap_server --
	smtp_login_that cut
	smtp_server --
	configure
	fails 75 '' catenate
	saw_no "$IT" APPEND
}

@test "the last reply is lost: 75 and \"may have been sent\"; not sent again, the draft stays" {
	smtp_server -- 'auto BDAT (?P<n>\d+) LAST => !read-octets ${n} | !cut'
	configure
	fails 75 'may have been sent' submit
	[ "$(times "$ST" '^C[0-9]*: BDAT .*LAST')" -eq 1 ]
	SMTP_LOGIN='smtp-login 8BITMIME' smtp_server -- 'auto DATA => 354 go on | !read-data | !cut'
	configure
	fails 75 'may have been sent' submit
	[ "$(times "$ST" '^C[0-9]*: DATA')" -eq 1 ]
	for what in catenate burl relay; do
		imap_server --
		smtp_server -- 'auto BDAT (?P<n>\d+) LAST => !read-octets ${n} | !cut' 'auto BURL .* LAST => !cut'
		configure
		fails 75 'may have been sent' "$what"
		[ "$(times "$ST" '^C[0-9]*: (BDAT|BURL).* LAST')" -eq 1 ]
		saw_no "$IT" 'EXPUNGE'
		saw_no "$IT" '\$Forwarded'
		[ $what = catenate ] || saw_no "$IT" APPEND
	done
}

@test "with what is remembered, too: the last reply is lost, and nothing is sent twice" {
	smtp_server --
	configure
	for _ in 1 2 3; do
		run --separate-stderr call submit
		[ "$status" -eq 0 ]
	done
	first=$SP
	[ "$(times "$ST" '^S[0-9]*: 250 2.0.0 queued')" -eq 3 ]
	fake_teardown
	smtp_server --port "$first" -- 'auto BDAT (?P<n>\d+) LAST => !read-octets ${n} | !cut'
	run --separate-stderr call submit
	[ "$status" -eq 75 ]
	[[ $stderr = *'may have been sent'* ]]
	[ "$(times "$ST" '^C[0-9]*: BDAT .*LAST')" -eq 1 ]
}

@test "the copy cannot be kept: 74, \"sent\" is said" {
	imap_server -- 'auto APPEND .* => no [OVERQUOTA] full'
	smtp_server --
	configure
	for what in burl relay; do
		run --separate-stderr call "$what"
		[ "$status" -eq 74 ] || { echo "$what $status $output $stderr"; false; }
		[[ $stderr = *sent*full* ]]
	done
	[ "$(times "$ST" '^S[0-9]*: 250 2.0.0 queued')" -eq 2 ]
}

@test "the reply to APPEND is lost: the message is looked for, and not made twice" {
	for what in draft append; do
		imap_script < <(
			good_imap 'auto APPEND .* => !cut'
			echo next-connection
			good_imap 'auto UID SEARCH HEADER Message-ID .*m@example.org.* => * SEARCH 3 5 | ok' 'auto APPEND .* => !fail twice'
		)
		configure
		run --separate-stderr call "$what"
		[ "$status" -eq 0 ] || { echo "$what $status $stderr"; false; }
		[ "$output" = 'imap://alice@mail.example.org/Drafts;UIDVALIDITY=7/;UID=5' ]
		[ "$(times "$IT" '^C[0-9]*: a[0-9]+ APPEND')" -eq 1 ]
		# not there, or only one that was there before: that is said, and it is left to the caller
		for found in '' 3; do
			imap_script < <(
				good_imap 'auto APPEND .* => !cut'
				echo next-connection
				good_imap "auto UID SEARCH .* => * SEARCH $found | ok" 'auto APPEND .* => !fail twice'
			)
			configure
			fails 75 '' "$what"
			saw "$IT" '^C2: a[0-9]+ UID SEARCH'
			[ "$(times "$IT" '^C[0-9]*: a[0-9]+ APPEND')" -eq 1 ]
		done
		# nobody answers any more
		imap_script < <(good_imap 'auto APPEND .* => !cut')
		configure
		fails 75 'may or may not' "$what"
	done
}

# ---- what breaks the protocol

@test "literals that are announced and do not come" {
	for what in genurl relay; do
		imap_server -- 'auto UID FETCH .* => !send-raw * 1 FETCH (UID 1 BODY[] {1000}\r\nSubject | !cut'
		smtp_server --
		configure
		fails 75 '' "$what"
		saw_no "$ST" queued
	done
	# the relay has begun: the message is not ended
	imap_server -- 'auto UID FETCH .*\(BODY.PEEK\[\]\) => !send-raw * 1 FETCH (UID 1 BODY[] {1000}\r\nSubject | !cut'
	configure
	fails 75 '' relay
	saw_no "$ST" queued
	# another size than BODYSTRUCTURE said; nothing at all
	imap_server -- 'auto UID FETCH .*\(BODY.PEEK\[\]\) => * 1 FETCH (UID 1 BODY[] NIL) | ok'
	configure
	fails '65|76' '' relay
	imap_server -- 'auto UID FETCH .*\(BODY.PEEK\[\]\) => ok'
	configure
	fails '65|76' '' relay
	saw_no "$ST" queued
}

@test "numbers and literals beyond all bounds: 76" {
	for answer in '* 4294967296 EXISTS' '* 99999999999999999999999999 EXISTS' '* OK [UIDVALIDITY 4294967296] x' \
		'* OK [UIDVALIDITY 99999999999999999999] x' '* 1 FETCH (UID 1 X {99999999999999999999}' \
		'* 1 FETCH (UID 1 BODY[] {18446744073709551616}' '* 1 FETCH (UID 99999999999 RFC822.SIZE 1)' \
		'* 1 FETCH (ENVELOPE {2000000000}'; do
		imap_server -- "auto EXAMINE .* => $answer | * OK [UIDVALIDITY 7] ok | ok"
		configure
		# what is odd but harmless may be passed over; then it must work
		run --separate-stderr call genurl -o timeout=3
		[[ $status =~ ^(0|75|76)$ && $(wc -l <<<"$stderr") -eq 1 ]] || { echo "$answer: $status $stderr"; false; }
		[[ $answer != *'{'* ]] || [ "$status" -eq 76 ] || { echo "$answer: $status $stderr"; false; }
	done
	smtp_server -- 'auto EHLO .* => 250-x | 250-SIZE 99999999999999999999999 | 250-AUTH PLAIN | 250 PIPELINING'
	configure
	run --separate-stderr call submit
	[[ $status =~ ^(0|76)$ ]]
}

# small PROGRAM...: the call's resident memory stays at most 16 MiB.
small() {
	local program=$1 what
	shift
	/usr/bin/time -f '%M' -o kilobytes "$program" -c config "$@" </dev/null >out 2>err || what=$?
	status=${what:-0}
	[ -n "${LM_ASAN-}" ] || [ "$(tail -n 1 kilobytes)" -le 16384 ] || { echo "$(tail -n 1 kilobytes) KiB"; return 1; }
}

@test "endless lines, lists and greetings: 76, in bounded memory" {
	for where in 'send-fill 100M' $'send-raw * OK \nsend-fill 100M'; do
		imap_script <<<$'must-hangup\n'"$where"
		configure
		small lm-genurl 'a/INBOX/;UID=1'
		[ "$status" -eq 76 ] || { cat err; false; }
		[ "$(wc -l <err)" -eq 1 ]
	done
	for fill in '!send-raw * LIST ( | !send-fill 100M (' '!send-raw * SEARCH  | !send-fill 100M 1, | !cut' \
		'!send-raw * FLAGS ( | !send-fill 100M \\Seen '; do
		imap_server -- "auto EXAMINE .* => $fill"
		configure
		small lm-genurl 'a/INBOX/;UID=1'
		# a set streams, and ends with the line
		[ "$status" -eq 76 ] || [[ $status = 75 && $fill = *SEARCH* ]] || { echo "$fill: $status $(cat err)"; false; }
	done
	smtp_script <<<$'must-hangup\nsend-fill 100M'
	configure
	fails 76 '' submit
	smtp_script <<<$'must-hangup\nsend-fill 100M 220-x\\r\\n'
	configure
	fails 76 '' submit
}

@test "BODYSTRUCTURE of a thousand parts in each other, of a million beside each other" {
	nested=$(printf '(%.0s' $(seq 1000))"$TEXT_PART"$(printf ' "mixed")%.0s' $(seq 1000))
	# the outermost bracket once more than the parts have
	imap_server -- "auto UID FETCH .* => * 1 FETCH (UID 1 RFC822.SIZE 20 BODYSTRUCTURE ${nested#(}) | ok"
	configure
	fails 76 '' genurl
	imap_server -- "auto UID FETCH .* => * 1 FETCH (UID 1 RFC822.SIZE 20 BODYSTRUCTURE $nested) | ok"
	configure
	fails 76 '' genurl
	imap_server -- "auto UID FETCH .* => !send-raw * 1 FETCH (UID 1 RFC822.SIZE 20 BODYSTRUCTURE ( | !send-fill 60M $TEXT_PART | !send  \"mixed\")) | ok"
	configure
	small lm-genurl 'a/INBOX/;UID=1'
	[ "$status" -eq 76 ] || { cat err; false; }
	for bad in 'NIL' '()' '("text")' '("text" "plain" NIL NIL NIL "7bit" -1 3)' '(("text" "plain") "mixed"' '"x"'; do
		imap_server -- "auto UID FETCH .* => * 1 FETCH (UID 1 RFC822.SIZE 20 BODYSTRUCTURE $bad) | ok"
		configure
		run --separate-stderr call genurl
		[[ $status =~ ^(0|65|76)$ && $(wc -l <<<"$stderr") -eq 1 ]] || { echo "$bad: $status $stderr"; false; }
	done
}

@test "tags that nobody gave, answers that nobody asked for" {
	imap_server -- 'auto EXAMINE .* => zz9 OK done'
	configure
	fails '75|76' '' genurl -o timeout=3
	imap_server -- 'auto EXAMINE .* => a99 OK done'
	configure
	fails '75|76' '' genurl -o timeout=3
	imap_server -- 'auto EXAMINE .* => + go on | * OK [UIDVALIDITY 7] x | ok'
	configure
	run --separate-stderr call genurl
	[[ $status =~ ^(0|76)$ ]]
	# unsolicited things are passed over
	imap_server -- 'auto EXAMINE .* => * 5 EXPUNGE | * 2 FETCH (FLAGS (\Seen)) | * XYZZY (a "b" {3}\r\nabc) | * OK [ALERT] hm | * OK [UIDVALIDITY 7] x | ok'
	configure
	works genurl
	for answer in '250 one more' '999 what' '25 short' 'no number' '250-never ending'; do
		smtp_server --timeout 3 -- "auto MAIL .* => $answer"
		configure
		run --separate-stderr call submit -o timeout=2
		[[ $status =~ ^(0|75|76)$ ]] || { echo "$answer: $status $stderr"; false; }
		# the whole of the message was on its way by then
		[[ $answer = 250* ]] || [ "$status" -eq 76 ] || [[ $stderr = *'may have been sent'* ]] || { echo "$answer: $status $stderr"; false; }
	done
}

@test "GENURLAUTH answers another URL, fewer, rubbish: 76, and it is not printed" {
	for answer in '* GENURLAUTH "imap://eve@evil.example/INBOX;UIDVALIDITY=7/;UID=1;URLAUTH=anonymous:internal:91354a473744909de610943775f92038"' \
		'* GENURLAUTH "${url}"' '* GENURLAUTH "${url}x:internal:91354a473744909de610943775f92038"' '* GENURLAUTH' '* GENURLAUTH NIL' \
		'* NOTHING' '* GENURLAUTH ("${url}:internal:91354a473744909de610943775f92038")' \
		'* GENURLAUTH {4}\r\n\r\nx\n'; do
		imap_server -- "auto GENURLAUTH \"(?P<url>[^\"]*)\" INTERNAL => $answer | ok"
		smtp_server --
		configure
		fails 76 '' genurl
		fails 76 '' burl
		saw_no "$ST" queued
		# the draft is taken back
		fails 76 '' catenate
		saw "$IT" 'UID EXPUNGE 2'
		fake_teardown
	done
}

@test "a stale URL, another message than the one asked for" {
	imap_server -- 'auto UID FETCH .* => * 1 FETCH (UID 2 RFC822.SIZE 20 BODYSTRUCTURE '"$TEXT_PART"') | ok'
	configure
	fails 65 'no such message' genurl
	imap_server -- 'auto EXAMINE .* => * 1 EXISTS | ok'
	configure
	fails '65|69|76' '' genurl
}

@test "terminal escapes in what servers say do not reach the terminal" {
	evil='\x1b[2J\x1b]0;owned\x07\x9b31m\x00'
	imap_server -- "auto EXAMINE .* => no ${evil}refused"
	smtp_server -- "auto RCPT .* => 550 5.1.1 ${evil}refused"
	configure
	for what in genurl submit; do
		run --separate-stderr call "$what" -v
		[ "$status" -ne 0 ]
		printf '%s' "$stderr" >err
		run ! grep -aP '[\x00-\x08\x0b-\x1f\x7f\x9b]' err
	done
	smtp_script <<<"send 554 ${evil}no"
	imap_script <<<"send * BYE ${evil}no"
	configure
	call submit 2>err || true
	call genurl 2>>err || true
	[ "$(wc -l <err)" -eq 2 ]
	run ! grep -aP '[\x00-\x08\x0b-\x1f\x7f\x9b]' err
	# nor standard output
	imap_server --
	smtp_server -- "auto BURL .* => 250 2.0.0 ${evil%\\x00}\\tqueued"
	configure
	call catenate >out
	[ "$(awk -F'\t' '{ print NF }' out)" = 5 ]
	run ! grep -aP '[\x00-\x08\x0b-\x1f\x7f\x9b]' out
	# nor the dialogue
	call catenate -vv >out 2>err
	run ! grep -aP '[\x00-\x08\x0b-\x1f\x7f\x9b]' err
}

# ---- TLS

@test "certificates: wrong name, expired, unknown CA: 77, in TLS and STARTTLS, and no secret is said" {
	for layer in in_tls in_starttls; do
		$layer
		for cert in wrong expired unknown; do
			LAYER[1]=$TLS/$cert.pem LAYER[2]=$TLS/$cert.key
			imap_server --
			smtp_server --
			configure
			fails 77 '' genurl
			fails 77 '' submit
			saw_no "$IT" 'AUTHENTICATE|LOGIN'
			saw_no "$ST" '^C.*AUTH'
			fake_teardown
		done
	done
}

@test "TLS 1.1 and older is not spoken" {
	for version in 1.1 1.0; do
		imap_server --max-tls "$version" --
		configure
		fails '76|77|69' '' genurl
		saw_no "$IT" 'AUTHENTICATE'
	done
	imap_server --no-tls13 --
	configure
	works genurl
}

@test "STARTTLS is not offered, or refused: 69, and no secret is said" {
	in_starttls
	STARTTLS=''
	imap_server -- 'auto STARTTLS => no not today'
	smtp_server -- 'auto STARTTLS => 454 4.7.0 not today'
	configure
	fails '69|75' '' genurl
	fails '69|75' '' submit
	saw_no "$IT" 'AUTHENTICATE|LOGIN'
	saw_no "$ST" '^C.*(AUTH|MAIL)'
	STARTTLS=STARTTLS
	imap_server -- 'auto STARTTLS => no not today'
	smtp_server -- 'auto STARTTLS => 554 5.7.0 not today'
	configure
	fails '69' '' genurl
	fails '69' '' submit
	saw_no "$IT" 'AUTHENTICATE|LOGIN'
	saw_no "$ST" '^C.*(AUTH|MAIL)'
}

@test "octets injected behind STARTTLS: 76" {
	in_starttls
	imap_script <<-'END'
		may-hangup
		send * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi
		expect-cmd STARTTLS
		hold
		ok begin TLS
		send * CAPABILITY IMAP4rev1 AUTH=PLAIN URLAUTH
		flush
		starttls
		expect-cmd .*
	END
	configure
	fails 76 '' genurl
	saw_no "$IT" 'AUTHENTICATE|LOGIN'
	smtp_script <<-'END'
		may-hangup
		smtp-hello STARTTLS "AUTH PLAIN"
		expect STARTTLS
		hold
		send 220 go
		send 250 injected
		flush
		starttls
		expect .*
	END
	configure
	fails 76 '' submit
	saw_no "$ST" '^C.*AUTH'
}

@test "PREAUTH where STARTTLS is demanded: 76" {
	in_starttls
	imap_script <<-'END'
		may-hangup
		send * PREAUTH [CAPABILITY IMAP4rev1 URLAUTH STARTTLS] you are in
		expect-cmd .*
	END
	configure
	fails 76 '' genurl
	saw_no "$IT" '^C.*(EXAMINE|AUTH)'
}

@test "a tagged OK before the command: 76, and no secret in the clear" {
	in_starttls
	imap_script <<-'END'
		may-hangup
		hold
		send * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi
		send a1 OK begin TLS
		flush
		expect-cmd STARTTLS
		expect-cmd .*
	END
	configure
	fails 76 '' genurl
	saw_no "$IT" 'AUTHENTICATE|LOGIN'
	in_tls
	imap_login_that ok 'send a2 OK early' 'send a3 OK early' 'send a4 OK early'
	imap_server --
	configure
	run --separate-stderr call genurl
	[ "$status" -ne 0 ]
	[ -z "$output" ]
}

@test "capabilities from before STARTTLS are forgotten" {
	in_starttls
	IMAP_LOGIN=$(cat <<-'END'
		send * OK [CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN URLAUTH] hi
		expect-cmd STARTTLS
		ok
		starttls
		auto CAPABILITY => * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN | ok
		expect-cmd AUTHENTICATE PLAIN .*
		ok in
	END
	)
	imap_server --
	configure
	fails 69 'does not offer URLAUTH' genurl
}

# ---- logging in

@test "capabilities after the login: others in its OK, none in its OK" {
	IMAP_LOGIN=$(printf '%s\n' 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN URLAUTH] hi' \
		'expect-cmd AUTHENTICATE PLAIN .*' 'ok [CAPABILITY IMAP4rev1] in')
	imap_server --
	configure
	fails 69 'does not offer URLAUTH' genurl
	IMAP_LOGIN=$(printf '%s\n' 'auto CAPABILITY => * CAPABILITY IMAP4rev1 URLAUTH | ok' \
		'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi' 'expect-cmd AUTHENTICATE PLAIN .*' 'ok in')
	imap_server --
	configure
	works genurl
	# nothing is said of them at all until asked
	IMAP_LOGIN=$(printf '%s\n' 'send * OK hi' 'expect-cmd CAPABILITY' 'send * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN' ok \
		'auto CAPABILITY => * CAPABILITY IMAP4rev1 URLAUTH | ok' 'expect-cmd AUTHENTICATE PLAIN .*' 'ok in')
	imap_server --
	configure
	works genurl
}

@test "a server that takes LOGIN only; LOGINDISABLED is heeded" {
	AUTH=''
	IMAP_LOGIN='imap-login URLAUTH -AUTH=PLAIN -SASL-IR'
	imap_server --
	configure
	works genurl
	saw "$IT" '^C: a[0-9]+ LOGIN "?alice"? "?secret"?$'
	IMAP_LOGIN='imap-login URLAUTH -AUTH=PLAIN -SASL-IR LOGINDISABLED'
	imap_server --
	configure
	fails '69|77' '' genurl
	saw_no "$IT" 'secret|AUTHENTICATE'
}

@test "no SASL-IR: the response waits for the server's +" {
	IMAP_LOGIN='imap-login URLAUTH -SASL-IR'
	imap_server --
	configure
	works genurl
	saw "$IT" '^C: a[0-9]+ AUTHENTICATE PLAIN$'
}

@test "SCRAM: a server that says yes without a proof, or with a wrong one: 77" {
	AUTH='auth scram-sha-256'
	IMAP_LOGIN=$(printf '%s\n' 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 URLAUTH] hi' \
		'expect-cmd AUTHENTICATE SCRAM-SHA-256 .*' 'ok [CAPABILITY IMAP4rev1 URLAUTH] in')
	imap_server --
	configure
	fails '76|77' '' genurl
	saw_no "$IT" EXAMINE
	SMTP_LOGIN=$(printf '%s\n' 'smtp-hello "AUTH SCRAM-SHA-256" CHUNKING' 'expect AUTH SCRAM-SHA-256 .*' 'send 235 in')
	smtp_server --
	configure
	fails '76|77' '' submit
	saw_no "$ST" '^C.*MAIL'
	# a server-first that is not ours: another nonce
	IMAP_LOGIN=$(printf '%s\n' 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 URLAUTH] hi' \
		'expect-cmd AUTHENTICATE SCRAM-SHA-256 .*' "send + $(printf 'r=notyours,s=c2FsdA==,i=4096' | base64 -w0)" \
		'any' 'ok in')
	imap_server --
	configure
	fails '75|76|77' '' genurl
	saw_no "$IT" EXAMINE
	# iterations without end
	IMAP_LOGIN=$(printf '%s\n' 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 URLAUTH] hi' \
		'expect-cmd AUTHENTICATE SCRAM-SHA-256 .*' "send + $(printf 'r=x,s=c2FsdA==,i=2000000000' | base64 -w0)" \
		'any' 'ok in')
	imap_server --
	configure
	fails '75|76|77' '' genurl
}

# ---- poorer servers

@test "without PIPELINING each command waits for its answer" {
	smtp_script <<-'END'
		smtp-login 8BITMIME
		expect MAIL .*
		expect-nothing 0.2
		send 250 ok
		expect RCPT .*
		expect-nothing 0.2
		send 250 ok
		expect DATA
		expect-nothing 0.2
		send 354 go
		read-data
		send 250 queued
		smtp-quit
	END
	configure
	works submit
	fake_wait
}

@test "literals: with LITERAL+, with LITERAL- up to 4096 octets, without either asked for" {
	{ letter; yes 'A line' | head -n 900; } >long
	long() { lm-draft -c config a/Drafts <long; }
	for caps in '/[+]' '-LITERAL+ LITERAL-/[+]' '-LITERAL+/'; do
		IMAP_LOGIN="imap-login UIDPLUS CATENATE URLAUTH ${caps%/*}"
		imap_server --
		configure
		works append
		saw "$IT" "APPEND Drafts .*\\{[0-9]+${caps#*/}\\}"
		works draft
	done
	[ "$(times "$IT" '\{[0-9]+\+\}')" -eq 0 ]
	IMAP_LOGIN='imap-login UIDPLUS -LITERAL+ LITERAL-'
	imap_server --
	configure
	long
	saw "$IT" 'APPEND Drafts .*\{[0-9]+\}'
	# a literal that is refused
	IMAP_LOGIN='imap-login UIDPLUS CATENATE URLAUTH -LITERAL+'
	imap_server -- 'literal-refuse [TOOBIG] no'
	configure
	fails 69 'TOOBIG' append
	imap_server -- 'literal-refuse [TOOBIG] no'
	configure
	fails 69 'TOOBIG' draft
}

# three_messages: a store that answers only what it was asked in one flight, and not in that order.
three_messages() {
	cat <<-END
		may-hangup
		auto STATUS (?P<name>\S+) .* => * STATUS \${name} (UIDNEXT 4 UIDVALIDITY 7) | ok
		imap-login URLAUTH UIDPLUS
		expect (?P<t0>\S+) (SELECT|EXAMINE) INBOX.*
		expect (?P<t1>\S+) UID FETCH 1 .*
		expect (?P<t2>\S+) UID FETCH 2 .*
		send * FLAGS (\Seen \$Forwarded)
		send * OK [PERMANENTFLAGS (\Seen \*)] ok
		send * 2 EXISTS
		send * OK [UIDVALIDITY 7] ok
		send \${t0} OK [READ-WRITE] done
		send * 2 FETCH (UID 2 RFC822.SIZE 22 BODYSTRUCTURE $TEXT_PART$2)
		send * 1 FETCH (UID 1 RFC822.SIZE 21 BODYSTRUCTURE $TEXT_PART$1)
		send \${t2} OK done
		send \${t1} OK done
	END
}

@test "many URLs of a mailbox are looked at in one flight, whatever the order of the answers" {
	local urls=('a/INBOX/;UID=1' 'a/INBOX/;UID=2' 'a/INBOX/;UID=1')
	imap_script < <(
		three_messages '' ''
		echo 'expect-cmd GENURLAUTH "(?P<a>[^"]*)" INTERNAL "(?P<b>[^"]*)" INTERNAL "(?P<c>[^"]*)" INTERNAL'
		for i in a b c; do echo "send * GENURLAUTH \"\${$i}:internal:91354a473744909de610943775f92038\""; done
		echo ok
	)
	configure
	run -0 lm-genurl -c config -x never "${urls[@]}"
	[[ ${#lines[@]} = 3 && ${lines[0]} = */\;UID=1\;* && ${lines[1]} = */\;UID=2\;* && ${lines[2]} = */\;UID=1\;* ]]
	fake_wait
}

@test "many messages are forwarded with one look, and marked with one STORE" {
	imap_script < <(
		three_messages ' BODY[HEADER] {16}\r\nSubject: one\r\n\r\n' ' BODY[HEADER] {19}\r\nSubject: zw\xc3\xb6lf\r\n\r\n'
		for uid in 1 2 1; do
			printf '%s\n' "expect-cmd UID FETCH $uid \\(BODY.PEEK\\[\\]\\)" "send * $uid FETCH (UID $uid BODY[] {8}\r\nX: $uid\r\n\r\n)" ok
		done
		printf '%s\n' 'expect-cmd UID STORE 1:2 \+FLAGS.SILENT \(\$Forwarded\)' ok imap-logout
	)
	imap=$FAKE_PID
	smtp_server --
	configure
	run -0 lm-fwd -c config -S relay -o sent-copy=no -T bob@example.org 'a/INBOX/;UID=1' 'a/INBOX/;UID=2' 'a/INBOX/;UID=1'
	fake_wait "$imap"
	saw "$ST" 'Subject: Fwd: one'
	# the second has 8-bit octets in its header, and only that one
	[ "$(times "$ST" 'Content-Transfer-Encoding: 8bit')" = 2 ]
	[ "$(times "$ST" 'Content-Transfer-Encoding: 7bit')" = 2 ]
}

@test "a header that was asked for and does not come is not taken for an empty one" {
	imap_script < <(three_messages)
	smtp_server --
	configure
	run lm-fwd -c config -S relay -o sent-copy=no -T bob@example.org 'a/INBOX/;UID=1' 'a/INBOX/;UID=2' 'a/INBOX/;UID=1'
	[ "$status" -eq 65 ]
	[[ $output = *'does not give the header: imap:'*'UID=2'* ]]
	saw_no "$ST" 'Subject: Fwd'
}

# three_urls: an assembly of three URLs of a mailbox, two of them of one message.
three_urls() {
	printf 'text 14\nSubject: y\r\n\r\n\n'
	printf 'url a/INBOX/;UID=%d\n' 1 2 1
}

@test "lm-draft looks at all URLs of an assembly in one flight" {
	imap_script < <(
		three_messages | sed 's/URLAUTH UIDPLUS/UIDPLUS CATENATE/'
		printf '%s\n' 'expect-cmd APPEND Drafts .*' 'ok [APPENDUID 7 9] done' imap-logout
	)
	configure
	run -0 lm-draft -c config a/Drafts < <(three_urls)
	[[ $output = */Drafts\;UIDVALIDITY=7/\;UID=9 ]]
	fake_wait
	saw "$IT" 'URL "?/INBOX;UIDVALIDITY=7/;UID=1"? URL "?/INBOX;UIDVALIDITY=7/;UID=2"? URL "?/INBOX;UIDVALIDITY=7/;UID=1"?'
}

@test "lm-submit --assembly looks at all URLs in one flight" {
	imap_script < <(
		three_messages
		for uid in 1 2 1; do
			printf '%s\n' "expect-cmd UID FETCH $uid \\(BODY.PEEK\\[\\]\\)" "send * $uid FETCH (UID $uid BODY[] {8}\r\nX: $uid\r\n\r\n)" ok
		done
		echo imap-logout
	)
	imap=$FAKE_PID
	SMTP_LOGIN="smtp-login PIPELINING CHUNKING 8BITMIME SIZE $STARTTLS" smtp_server --
	configure
	run -0 lm-submit -c config --assembly bob@example.org < <(three_urls)
	fake_wait "$imap"
	saw "$ST" 'MAIL FROM:.* SIZE='
	saw "$ST" 'X: 2'
}

@test "a NO to a literal that is still on its way: 69" {
	{ letter; yes 'A line of a long letter' | head -c 30000000; echo; } >long
	imap_script <<-'END'
		may-hangup
		imap-login UIDPLUS
		auto (?P<tag>\S+) STATUS (?P<name>\S+) .* => * STATUS ${name} (UIDNEXT 4 UIDVALIDITY 7) | ok
		expect (?P<tag>\S+) APPEND .*
		no [OVERQUOTA] full
		read-octets 100000
		stall 1
	END
	configure
	run --separate-stderr lm-draft -c config a/Drafts <long
	[ "$status" -eq 69 ] || { echo "$status $stderr"; false; }
	[[ $stderr = *full* ]]
}

@test "200 MB are relayed, and memory does not grow" {
	imap_server --timeout 100 -- 'auto UID FETCH .*BODYSTRUCTURE.*HEADER.* => * 1 FETCH (UID 1 RFC822.SIZE 209715200 BODYSTRUCTURE '"$TEXT_PART"' BODY[HEADER] {14}\r\nSubject: x\r\n\r\n) | ok' \
		'auto UID FETCH .*\(BODY.PEEK\[\]\) => !send-raw * 1 FETCH (UID 1 BODY[] {209715200}\r\n | !send-literal 200M 65536 | !send-raw )\r\n | ok'
	smtp_server --timeout 100 --
	configure
	small lm-fwd -S relay -o sent-copy=no -T bob@example.org 'a/INBOX/;UID=1'
	[ "$status" -eq 0 ] || { cat err; false; }
	saw "$ST" '^C: BDAT 209715200'
	saw "$ST" "sha256=$("$BATS_TEST_DIRNAME/fake/fake" --filler 200M | sha256sum | cut -d' ' -f1)"
	saw "$ST" queued
}

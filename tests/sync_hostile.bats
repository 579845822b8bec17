#!/usr/bin/env bats
# lm-sync against scripted servers: poorer than Dovecot, wrong, or hostile. Whatever they do: no hang, no mail lost, none doubled.
load common

bats_require_minimum_version 1.5.0

setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
	FULL=(ENABLE CONDSTORE QRESYNC UIDPLUS ESEARCH MOVE LIST-EXTENDED LIST-STATUS)
}
teardown() { fake_teardown; }

# ---- a server: `serve CAPABILITY... < script`, from behind the login on; the account is `fake`, in the file `own`

serve() {
	fake_start < <(printf '%s\n' may-hangup "imap-login $*"; cat; echo imap-logout) || return 1
	account
}
# account: at FAKE_PORT
account() {
	printf 'account fake\n imap imap://alice@127.0.0.1:%s\n tls insecure\n password secret\n maildir %s/m\n fsync no\n compress no\n' \
		"$FAKE_PORT" "$PWD" >own
	chmod 600 own
}

# listed UIDVALIDITY MESSAGES UIDNEXT MODSEQ: INBOX alone, with its status
listed() { printf 'auto LIST .* => * LIST () "/" INBOX | * STATUS INBOX (UIDVALIDITY %s MESSAGES %s UIDNEXT %s HIGHESTMODSEQ %s) | ok\n' "$@"; }
# opened EXISTS UIDVALIDITY UIDNEXT MODSEQ [LINE...]
opened() {
	printf 'auto (SELECT|EXAMINE) INBOX.* => * FLAGS (\\Seen \\Flagged) | * OK [PERMANENTFLAGS (\\Seen \\Flagged \\Deleted \\*)] ok | * %s EXISTS | * OK [UIDVALIDITY %s] ok' "$1" "$2"
	printf ' | * OK [UIDNEXT %s] ok | * OK [HIGHESTMODSEQ %s] ok' "$3" "$4"
	[ $# -le 4 ] || printf ' | %s' "${@:5}"
	echo ' | ok [READ-WRITE] done'
}
# made BOX: it can be
made() { printf 'auto (CREATE|SUBSCRIBE) %s => ok\nauto STATUS %s .* => * STATUS %s (UIDVALIDITY 9 MESSAGES 0) | ok\n' "$1" "$1" "$1"; }
# found SET: what UID SEARCH ALL says
found() { printf 'auto UID SEARCH RETURN .* => * ESEARCH (TAG "${tag}") UID ALL %s | ok\n' "$1"; }
# message UID [FLAGS [SEQUENCE]]: an answer to FETCH with the whole message
message() {
	local text="Subject: m$1\\r\\nMessage-ID: <m$1@x>\\r\\n\\r\\nbody $1\\r\\n"
	local size
	size=$(printf '%b' "$text" | wc -c)
	printf '* %s FETCH (UID %s FLAGS (%s) INTERNALDATE "01-Jan-2026 00:00:00 +0000" BODY[] {%s}\\r\\n%s)' "${3:-$1}" "$1" "${2:-}" "$size" "$text"
}
# fetched LINE...: the answers to a FETCH of messages
fetched() { printf 'auto UID FETCH .*BODY.* => '; printf '%s | ' "$@"; echo ok; }

# three: a good server that has three messages; UIDVALIDITY 7, UIDNEXT 4, HIGHESTMODSEQ 10
three() { listed 7 3 4 10; opened 3 7 4 10; found 1:3; fetched "$(message 1)" "$(message 2 '\Seen')" "$(message 3 '\Flagged')"; }
# synced: they are here
synced() {
	serve "${FULL[@]}" < <(three)
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m2 m3
}

sync() { timeout 30 lm-sync -c own "$@" fake; }
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; cat "$FAKE_TRANSCRIPT"; return 1; }; }
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
# holds SUBJECT...: these messages are in INBOX, each once
holds() {
	local have
	have=$(find m \( -path '*INBOX/cur/*' -o -path '*INBOX/new/*' \) -exec sed -n 's/^Subject: //p' {} + | sort | tr '\n' ' ')
	[ "$have" = "$(printf '%s ' "$@" | sed 's/^ $//')" ] || { echo "INBOX has: $have"; find m; return 1; }
}
# flags SUBJECT: the letters of its file
flags() { grep -l "^Subject: $1" m/INBOX/cur/* m/INBOX/new/* 2>/dev/null | sed -n 's/.*:2,//p'; }
# outside: what was made beside the Maildir, the configuration, the cache and the test's own files
outside() { find .. ../.. -maxdepth 2 -newer own ! -path '*/m' ! -path '*/m/*' ! -path "*/${BATS_TEST_TMPDIR##*/}" ! -path '*/fake.*' ! -path '*/cache*' ! -path '*/separate-stderr*' \
	! -path '*/own' ! -type d; }

# ---- poorer ones

@test "CONDSTORE alone: flags by CHANGEDSINCE, removals by the UIDs" {
	synced
	serve ENABLE CONDSTORE UIDPLUS ESEARCH LIST-EXTENDED LIST-STATUS < <(
		listed 7 2 4 12; opened 2 7 4 12; found 1,3
		echo 'auto UID FETCH 1:\* \(FLAGS\) \(CHANGEDSINCE 10\) => * 1 FETCH (UID 1 MODSEQ (11) FLAGS (\Seen)) | ok')
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m3
	[ "$(flags m1)" = S ]
	[ "$(flags m3)" = F ]
	fake_saw 'C: .* SELECT INBOX \(CONDSTORE\)'
	[ "$(cut -f 1 <<<"$output" | sort | tr '\n' ' ')" = 'flags gone ' ]
}

@test "no CONDSTORE: all flags are compared; LIST and STATUS apart; SEARCH" {
	synced
	serve UIDPLUS < <(
		echo 'auto LIST .* => * LIST () "/" INBOX | ok'
		echo 'auto STATUS INBOX .* => * STATUS INBOX (UIDVALIDITY 7 MESSAGES 2 UIDNEXT 4) | ok'
		echo 'auto SELECT INBOX => * FLAGS (\Seen) | * 2 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT 4] ok | ok [READ-WRITE] done'
		echo 'auto UID SEARCH ALL => * SEARCH 3 1 | ok'
		echo 'auto UID FETCH 1:\* \(FLAGS\) => * 1 FETCH (FLAGS (\Seen) UID 1) | * 2 FETCH (UID 3 FLAGS ()) | ok')
	for _ in 1 2; do
		run --separate-stderr sync
		is 0
		holds m1 m3
		[ "$(flags m1)" = S ]
		[ -z "$(flags m3)" ]
		[ $_ = 2 ] || serve_again
	done
	[ -z "$output" ]
}
# serve_again: the same script once more
serve_again() { fake_start <"$FAKE_SCRIPT" && account; }

@test "STATUS that never comes, or without HIGHESTMODSEQ: the mailbox is looked at" {
	synced
	serve ENABLE CONDSTORE QRESYNC UIDPLUS ESEARCH LIST-EXTENDED LIST-STATUS < <(
		echo 'auto LIST .* => * LIST () "/" INBOX | ok'
		echo 'auto STATUS .* => no not now'
		opened 3 7 4 11 '* 2 FETCH (UID 2 FLAGS () MODSEQ (11))')
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m2 m3
	[ -z "$(flags m2)" ]
}

@test "no ENABLED, though ENABLE was OK" {
	synced
	serve CONDSTORE QRESYNC UIDPLUS ESEARCH LIST-EXTENDED LIST-STATUS ENABLE < <(
		echo no-auto
		echo 'auto ENABLE .* => ok'
		listed 7 2 4 12; opened 2 7 4 12 '* VANISHED (EARLIER) 2')
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m3
}

@test "ENABLE is refused: CONDSTORE" {
	synced
	serve CONDSTORE QRESYNC UIDPLUS ESEARCH LIST-EXTENDED LIST-STATUS ENABLE < <(
		echo no-auto
		echo 'auto ENABLE .* => bad never heard of it'
		listed 7 3 4 12; opened 3 7 4 12; found 1:3
		echo 'auto UID FETCH 1:\* \(FLAGS\) \(CHANGEDSINCE 10\) => ok')
	run --separate-stderr sync
	is 0
	fake_wait
	fake_saw 'C: .* SELECT INBOX \(CONDSTORE\)'
	holds m1 m2 m3
}

@test "no UIDPLUS: what is removed here is marked, and nothing is expunged; no line comes twice" {
	synced
	rm "$(grep -l 'Subject: m2' m/INBOX/cur/*)"
	serve ENABLE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS < <(
		listed 7 3 4 10; opened 3 7 4 10
		printf '%s\n' 'auto UID STORE 2 \+FLAGS.SILENT \(\\Deleted\) => ok')
	run --separate-stderr sync
	is 0
	fake_wait
	fake_saw 'C: .* UID STORE 2 '
	fake_saw_no 'C: .*(EXPUNGE|CLOSE)'
	serve ENABLE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS < <(
		listed 7 3 4 11; opened 3 7 4 11 '* 2 FETCH (UID 2 FLAGS (\Seen \Deleted) MODSEQ (11))')
	run --separate-stderr sync
	is 0
	fake_wait
	[ -z "$output" ]
	holds m1 m3
	fake_saw_no 'C: .*(STORE|EXPUNGE|UID FETCH)'
}

# ---- wrong ones

@test "HIGHESTMODSEQ goes back, is 0, or is not there: all is compared, nothing is lost" {
	synced
	for said in '* OK [HIGHESTMODSEQ 3] ok' '* OK [HIGHESTMODSEQ 0] ok' '* OK [NOMODSEQ] no' '* OK nothing'; do
		serve "${FULL[@]}" < <(
			echo "auto LIST .* => * LIST () \"/\" INBOX | * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ 3) | ok"
			echo "auto SELECT INBOX.* => * FLAGS (\\Seen) | * 3 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT 4] ok | $said | ok done"
			found 1:3
			echo 'auto UID FETCH 1:\* \(FLAGS\).* => * 1 FETCH (UID 1 FLAGS ()) | * 2 FETCH (UID 2 FLAGS ()) | * 3 FETCH (UID 3 FLAGS (\Flagged)) | ok')
		run --separate-stderr sync
		is 0
		fake_wait
		holds m1 m2 m3
		[ -z "$(flags m2)" ] || { echo "after $said: $(flags m2)"; false; }
	done
}

@test "VANISHED in odd shapes" {
	synced
	for said in 'VANISHED (EARLIER) 2,2,2:2,2' 'VANISHED (EARLIER) 2:2,900:4294967295' 'VANISHED (EARLIER) 900:100,2' 'VANISHED (EARLIER) 4294967295:2'; do
		rm -rf m2 && cp -a m m2
		serve "${FULL[@]}" < <(listed 7 2 4 12; opened 2 7 4 12 "* $said"; found 1,3)
		run --separate-stderr sync
		fake_wait
		case $said in
		*4294967295:2) [ "$status" -eq 0 ] || [ "$status" -eq 65 ] ;; # two of three are gone: that is believed or not
		*) is 0 && holds m1 m3 ;;
		esac || { echo "$said"; false; }
		rm -rf m && mv m2 m
	done
}

@test "VANISHED that is no set: an error of the protocol, and all stays" {
	synced
	for said in 'VANISHED (EARLIER) 0' 'VANISHED (EARLIER) 1:' 'VANISHED (EARLIER) *' 'VANISHED (EARLIER) 4294967296' 'VANISHED (EARLIER) -1' 'VANISHED (EARLIER)'; do
		serve "${FULL[@]}" < <(listed 7 2 4 12; opened 2 7 4 12 "* $said"; found 1:3)
		run --separate-stderr sync
		[ "$status" -eq 76 ] || [ "$status" -eq 0 ] || is 76
		holds m1 m2 m3
		fake_teardown || :
	done
}

@test "everything has VANISHED and EXISTS says otherwise: the UIDs decide" {
	synced
	serve "${FULL[@]}" < <(listed 7 3 4 12; opened 3 7 4 12 '* VANISHED (EARLIER) 1:*' '* VANISHED (EARLIER) 1:3'; found 1:3)
	run --separate-stderr sync
	holds m1 m2 m3
}

@test "EXPUNGE and VANISHED while messages are fetched; NIL; a message that is not there any more" {
	serve "${FULL[@]}" < <(listed 7 5 6 10; opened 5 7 6 10; found 1:5
		fetched "$(message 5)" '* VANISHED 4' '* 3 EXISTS' '* 3 FETCH (UID 3 FLAGS () INTERNALDATE "01-Jan-2026 00:00:00 +0000" BODY[] NIL)' "$(message 1)")
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m5
	# what did not come is asked for again, and then believed to be gone
	serve "${FULL[@]}" < <(listed 7 2 6 12; opened 2 7 6 12; found 1,5)
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m5
	fake_saw_no 'C: .*UID FETCH .*BODY'
}

@test "EXPUNGE by sequence number, of a server without QRESYNC" {
	serve UIDPLUS < <(
		echo 'auto LIST .* => * LIST () "/" INBOX | ok'
		echo 'auto STATUS .* => * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 4) | ok'
		echo 'auto SELECT .* => * FLAGS (\Seen) | * 3 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT 4] ok | ok done'
		echo 'auto UID SEARCH ALL => * SEARCH 1 2 3 | ok'
		fetched "$(message 1)" '* 2 EXPUNGE' '* 99 EXPUNGE' "$(message 3 '' 2)")
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m3
}

@test "FETCH answers: not asked for, twice, without UID, with other flags, out of order" {
	serve "${FULL[@]}" < <(listed 7 3 4 10; opened 3 7 4 10; found 1:3
		fetched "$(message 3)" '* 3 FETCH (FLAGS (\Seen))' "$(message 77)" "$(message 3 '\Flagged')" "$(message 1)" \
			"$(message 2 | sed 's/UID 2 //')" "$(message 2)" '* 2 FETCH (UID 2 FLAGS (\Flagged))' '* 1 FETCH (UID 0 FLAGS (\Seen))')
	run --separate-stderr sync
	fake_wait
	# m77 is on the server, as it says; it may be kept or not, but once
	holds m1 m2 m3 || holds m1 m2 m3 m77
	[ "$(cut -f 1,2 <<<"$output" | grep -c '^new.*UID=3$')" -eq 1 ]
}

@test "a literal is announced and not delivered: nothing half, and the next run goes on" {
	fake_start < <(
		printf '%s\n' may-hangup "imap-login ${FULL[*]}"
		listed 7 3 4 10; opened 3 7 4 10; found 1:3
		echo 'expect-cmd ENABLE .*'; echo 'send * ENABLED QRESYNC'; echo ok
		echo 'expect-cmd LIST .*'; echo 'send * LIST () "/" INBOX'; echo ok
		echo 'expect-cmd SELECT .*'; echo 'send * 3 EXISTS'; echo 'send * OK [UIDVALIDITY 7] ok'; echo 'send * OK [UIDNEXT 4] ok'; echo 'send * OK [HIGHESTMODSEQ 10] ok'; echo ok
		echo 'expect-cmd UID SEARCH .*'; echo 'send * ESEARCH (TAG "${tag}") UID ALL 1:3'; echo ok
		echo 'expect-cmd UID FETCH .*'; echo "send $(message 3)"
		echo 'send * 2 FETCH (UID 2 FLAGS () BODY[] {100000000}'; echo 'send half of it'; echo cut)
	account
	run --separate-stderr sync
	is 75
	[ -z "$(find m -path '*/tmp/*' -o -path '*/cur/*m2*')" ]
	serve "${FULL[@]}" < <(three)
	run --separate-stderr sync
	is 0
	fake_wait
	holds m1 m2 m3
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "UIDVALIDITY changes between LIST and SELECT, and in mid-run" {
	synced
	serve "${FULL[@]}" < <(listed 7 4 5 12; opened 3 8 4 5
		printf '%s\n' 'auto UID FETCH .*HEADER.FIELDS.* => * 1 FETCH (UID 1 FLAGS () INTERNALDATE "01-Jan-2026 00:00:00 +0000" RFC822.SIZE 46 BODY[HEADER.FIELDS (MESSAGE-ID)] {23}\r\nMessage-ID: <m1@x>\r\n\r\n) | ok'
		found 1:3; fetched "$(message 1)" "$(message 2 '\Seen')" "$(message 3 '\Flagged')")
	run --separate-stderr sync
	fake_wait
	holds m1 m2 m3
	says UIDVALIDITY
	serve "${FULL[@]}" < <(listed 8 3 4 5; opened 3 8 4 5; found 1:3)
	run --separate-stderr sync
	is 0
	holds m1 m2 m3
}

@test "no UIDVALIDITY, or 0: an error of the protocol" {
	synced
	for said in '* OK nothing' '* OK [UIDVALIDITY 0] zero'; do
		serve "${FULL[@]}" < <(listed 7 4 5 12; echo "auto SELECT .* => * 3 EXISTS | $said | ok done")
		run --separate-stderr sync
		is 76
		holds m1 m2 m3
		fake_teardown || :
	done
}

@test "a server that lists every UID there can be, and has none of them" {
	serve "${FULL[@]}" < <(listed 7 4294967295 4294967295 10; opened 4294967295 7 4294967295 10; found 1:4294967295; echo 'auto UID FETCH .* => ok')
	run --separate-stderr sync
	is 76
	says 'does not deliver'
	holds
}

@test "names of mailboxes that would be paths" {
	name=$(printf 'x%.0s' {1..2000})
	serve "${FULL[@]}" < <(
		printf 'auto LIST .* => * LIST () "/" INBOX'
		for n in '..' '../../etc' 'a/../../b' '/etc/passwd' './x' 'cur' 'new' 'tmp' '.lm-state' '.lm-lock' 'INBOX/cur' 'a//b' 'x/' '&AAA-' '&AA0ACg-' '&broken' '&Jjo!' '&2AA-' "$name" '.' '~' '%s%n' '*'; do
			printf ' | * LIST () "/" "%s" | * STATUS "%s" (UIDVALIDITY 9 MESSAGES 0 UIDNEXT 1 HIGHESTMODSEQ 1)' "$n" "$n"
		done
		printf '%s\n' ' | * LIST () "/" {5}\r\na\rb\nc | * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ 10) | ok'
		opened 3 7 4 10; found 1:3; fetched "$(message 1)" "$(message 2)" "$(message 3)"
		echo 'auto SELECT .* => * 0 EXISTS | * OK [UIDVALIDITY 9] ok | * OK [UIDNEXT 1] ok | * OK [HIGHESTMODSEQ 1] ok | ok done'
		echo 'auto UID SEARCH .* => ok')
	run --separate-stderr sync
	[ "$status" -ne 124 ] && [ "$status" -lt 128 ]
	holds m1 m2 m3
	[ -z "$(outside)" ] || { outside; false; }
	[ -z "$(find m -name '*passwd*' -path '*etc*' ! -path 'm/*')" ]
	[ -f m/.lm-state ] && [ -f m/.lm-lock ]
	# nothing raw
	[ "$(tr -d '\n\t -~' <<<"$output$stderr" | wc -c)" -eq 0 ]
	# and once more: the same, or less
	serve_again
	run --separate-stderr sync
	[ "$status" -ne 124 ] && [ "$status" -lt 128 ]
	holds m1 m2 m3
	[ "$(grep -c '^new' <<<"$output")" -eq 0 ]
}

# ---- sending

# one_new: a file that the server does not have
one_new() { printf 'Subject: mine\nMessage-ID: <mine@x>\n\nhi\n' >m/INBOX/new/1700000001.P1.host; }

@test "APPENDUID that lies: another UIDVALIDITY, a UID that is taken, too many, none" {
	synced
	one_new
	rm -rf m0 && cp -a m m0
	for code in '[APPENDUID 99 4]' '[APPENDUID 7 2]' '[APPENDUID 7 1:3]' '[APPENDUID 7 0]' '[APPENDUID 7 4,5,6]' '[APPENDUID x]' ''; do
		rm -rf m && cp -a m0 m
		serve "${FULL[@]}" < <(listed 7 3 4 10; opened 3 7 4 10; found 1:3; echo "auto APPEND INBOX .* => ok $code done"; echo 'auto UID FETCH .* => ok')
		run --separate-stderr sync
		[ "$status" -ne 124 ] && [ "$status" -lt 128 ]
		holds m1 m2 m3 mine || { echo "after $code"; false; }
		fake_teardown || :
		# it is there: UID 4
		mine=$(message 4 | sed 's/Subject: m4/Subject: mine/; s/<m4@x>/<mine@x>/; s/body 4/hi/; s/{[0-9]*}/{43}/')
		serve "${FULL[@]}" < <(listed 7 4 5 12; opened 4 7 5 12 '* 4 FETCH (UID 4 FLAGS () MODSEQ (12))'; found 1:4; fetched "$mine"; echo 'auto APPEND INBOX .* => ok [APPENDUID 7 5] done')
		run --separate-stderr sync
		[ "$status" -lt 128 ]
		fake_saw_no 'C: .* APPEND' || { echo "sent twice after $code"; false; }
		holds m1 m2 m3 mine || { echo "after $code"; false; }
		fake_teardown || :
		serve_again
		run --separate-stderr sync
		is 0
		[ -z "$output" ] || { echo "after $code: $output"; false; }
		holds m1 m2 m3 mine
		fake_teardown || :
	done
}

@test "APPEND is refused, or the line goes: the file stays" {
	synced
	one_new
	for said in 'no [OVERQUOTA] full' 'bad what' '!cut'; do
		serve "${FULL[@]}" < <(listed 7 3 4 10; opened 3 7 4 10; echo "auto APPEND INBOX .* => $said")
		run --separate-stderr sync
		[ "$status" -ne 0 ] && [ "$status" -lt 80 ]
		holds m1 m2 m3 mine
		fake_teardown || :
	done
}

@test "COPYUID that lies: nothing is lost, nothing is sent over what is there" {
	synced
	mkdir -p m/B/cur m/B/new m/B/tmp
	mv "$(grep -l 'Subject: m2' m/INBOX/cur/*)" m/B/cur/
	rm -rf m0 && cp -a m m0
	for code in '[COPYUID 99 2 1]' '[COPYUID 9 1:3 1:3]' '[COPYUID 9 2 0]' '[COPYUID 9 77 1]' '[COPYUID 9 2 1:4294967295]' ''; do
		rm -rf m && cp -a m0 m
		serve "${FULL[@]}" < <(
			echo 'auto LIST .* => * LIST () "/" INBOX | * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ 10) | ok'
			made B
			opened 3 7 4 10
			echo "auto UID (MOVE|COPY) 2 B => ${code:+* OK $code moved |} * VANISHED 2 | ok done"
			echo 'auto SELECT B.* => * OK [CLOSED] bye | * 1 EXISTS | * OK [UIDVALIDITY 9] ok | * OK [UIDNEXT 2] ok | * OK [HIGHESTMODSEQ 5] ok | ok done'
			echo 'auto UID SEARCH .* => * ESEARCH (TAG "${tag}") UID ALL 1 | ok'
			printf 'auto UID FETCH 1 .*BODY.* => %s | ok\n' "$(message 1 '\Seen' | sed 's/m1/m2/g; s/body 1/body 2/')"
			echo 'auto UID STORE .* => ok'
			echo 'auto APPEND B .* => ok [APPENDUID 9 2] done')
		run --separate-stderr sync
		[ "$status" -ne 124 ] && [ "$status" -lt 128 ]
		fake_saw 'C: .* UID MOVE 2 B'
		fake_saw 'C: .* SELECT B'
		[ "$(grep -rl --exclude='.lm-*' 'Subject: m2' m | wc -l)" -eq 1 ] || { echo "after $code"; find m; cat "$FAKE_TRANSCRIPT"; false; }
		holds m1 m3
		fake_teardown || :
	done
}

@test "a MOVE that is refused half way: what was moved is settled, the rest is tried again" {
	synced
	mkdir -p m/B/cur m/B/new m/B/tmp
	mv "$(grep -l 'Subject: m2' m/INBOX/cur/*)" "$(grep -l 'Subject: m3' m/INBOX/cur/*)" m/B/cur/
	serve "${FULL[@]}" < <(
		listed 7 3 4 10; opened 3 7 4 10
		made B
		echo 'auto UID MOVE 2:3 B => * OK [COPYUID 9 2 1] moved | * VANISHED 2 | no [LIMIT] enough'
		echo 'auto SELECT B.* => * OK [CLOSED] bye | * 1 EXISTS | * OK [UIDVALIDITY 9] ok | * OK [UIDNEXT 2] ok | * OK [HIGHESTMODSEQ 5] ok | ok done'
		found 1
		echo 'auto UID FETCH 1:\* \(FLAGS\) => * 1 FETCH (UID 1 FLAGS (\Seen)) | ok'
		echo 'auto APPEND B .* => ok [APPENDUID 9 2] done')
	run --separate-stderr sync
	fake_wait
	[ "$status" -ne 0 ] && [ "$status" -lt 80 ]
	fake_saw_no 'C: .* (APPEND|UID FETCH .*BODY|UID STORE|UID EXPUNGE)'
	serve "${FULL[@]}" < <(
		echo 'auto LIST .* => * LIST () "/" INBOX | * STATUS INBOX (UIDVALIDITY 7 MESSAGES 2 UIDNEXT 4 HIGHESTMODSEQ 12) | * LIST () "/" B | * STATUS B (UIDVALIDITY 9 MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ 5) | ok'
		opened 2 7 4 12 '* VANISHED (EARLIER) 2'
		echo 'auto UID MOVE 3 B => * OK [COPYUID 9 3 2] moved | * VANISHED 3 | ok done'
		echo 'auto SELECT B.* => * OK [CLOSED] bye | * 2 EXISTS | * OK [UIDVALIDITY 9] ok | * OK [UIDNEXT 3] ok | * OK [HIGHESTMODSEQ 6] ok | * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ (6)) | ok done')
	run --separate-stderr sync
	is 0
	fake_saw 'C: .* UID MOVE 3 B'
	holds m1
	[ "$(find m/B/cur -type f | wc -l)" -eq 2 ]
}

@test "a server that falls silent: the first signal is noted, the second one ends it, and nothing is lost" {
	synced
	rm -rf m0 && cp -a m m0
	serve "${FULL[@]}" < <(listed 7 3 4 11; printf '%s\n' 'expect-cmd SELECT .*' 'stall forever')
	lm-sync -c own fake >out 2>err 3>&- &
	pid=$!
	for _ in $(seq 100); do
		! grep -q 'C: .* SELECT' "$FAKE_TRANSCRIPT" || break
		sleep 0.05
	done
	for _ in $(seq 100); do
		kill -TERM "$pid" 2>/dev/null || break
		sleep 0.05
	done
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 143 ] || { echo "code $code"; cat err; false; }
	holds m1 m2 m3
	fake_teardown || :
	serve "${FULL[@]}" < <(listed 7 3 4 10)
	run --separate-stderr sync
	is 0
	[ -z "$output" ]
}

# ---- the flight that goes out with the login

# caps: what the server below can
caps() { echo "[CAPABILITY IMAP4rev1 LITERAL+ ${FULL[*]}${1:+ $1}]"; }

@test "a server that swallows what comes with AUTHENTICATE: learnt, and then it is one flight with LOGIN" {
	"$BATS_TEST_DIRNAME/lab/mkcerts" tls
	fake_start --tls tls/good.pem tls/good.key < <(
		# nothing is known: the greeting is waited for
		printf '%s\n' "imap-login ${FULL[*]}"
		three
		printf '%s\n' imap-logout next-connection
		# AUTHENTICATE and the flight; the flight is lost, and asked for again behind NOOP
		printf '%s\n' 'expect-cmd AUTHENTICATE PLAIN .*' 'set login ${tag}' any any "send * OK $(caps 'SASL-IR AUTH=PLAIN') ready" "send \${login} OK $(caps) in" \
			'expect-cmd NOOP' ok 'expect-cmd ENABLE QRESYNC' 'send * ENABLED QRESYNC' ok
		listed 7 3 4 10
		printf '%s\n' imap-logout
		# LOGIN and the flight: all of it is there before the server says a word; twice
		for _ in 1 2; do
			printf '%s\n' next-connection 'expect-cmd LOGIN .*' 'set login ${tag}' 'expect-cmd ENABLE QRESYNC' 'set enable ${tag}' 'expect-cmd LIST .*' \
				"send * OK $(caps 'SASL-IR AUTH=PLAIN') ready" "send \${login} OK $(caps) in" 'send * ENABLED QRESYNC' 'send ${enable} OK on' \
				'send * LIST () "/" INBOX' 'send * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ 10)' ok 'auto NOOP => ok' imap-logout
		done)
	account
	sed -i "s,imap imap://alice@127.0.0.1,imap imaps://alice@localhost,; s,tls insecure,tls-ca $PWD/tls/ca.pem," own
	for _ in 1 2 3 4; do
		run --separate-stderr sync
		is 0
		[ -z "$stderr" ]
		holds m1 m2 m3
	done
	[ -z "$output" ]
	fake_wait
	fake_saw 'C4: .* LOGIN '
}

@test "a server that hangs up on a flight is asked again, as ever" {
	"$BATS_TEST_DIRNAME/lab/mkcerts" tls
	fake_start --tls tls/good.pem tls/good.key < <(
		printf '%s\n' "imap-login ${FULL[*]}"
		three
		printf '%s\n' imap-logout next-connection may-hangup 'expect-cmd AUTHENTICATE PLAIN .*' cut next-connection "imap-login ${FULL[*]}"
		listed 7 3 4 10
		printf '%s\n' imap-logout)
	account
	sed -i "s,imap imap://alice@127.0.0.1,imap imaps://alice@localhost,; s,tls insecure,tls-ca $PWD/tls/ca.pem," own
	run --separate-stderr sync
	is 0
	# the line goes while nobody is in yet: it is tried again as ever
	run --separate-stderr sync
	is 0
	[ -z "$output" ]
	fake_wait
}

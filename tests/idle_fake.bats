#!/usr/bin/env bats
# lm-idle against scripted servers: what Dovecot does not do, and what nobody should.
load common
load idle

bats_require_minimum_version 1.5.0

setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
	CONFIG=$BATS_TEST_TMPDIR/config
}
teardown() {
	idle_stop_all
	fake_teardown
}

U='imap://alice@127\.0\.0\.1'

# config [LINE...]: the account `fake`, at FAKE_PORT.
config() {
	{
		printf 'account fake\n\timap imap://alice@127.0.0.1:%s\n\ttls insecure\n\tpassword secret\n' "$FAKE_PORT"
		[ $# = 0 ] || printf '\t%s\n' "$@"
	} >"$CONFIG"
	chmod 600 "$CONFIG"
}

# boxes NAME UIDVALIDITY MESSAGES UIDNEXT MODSEQ ...: what LIST with STATUS answers.
boxes() {
	printf 'auto LIST .* => '
	while [ $# -gt 0 ]; do
		printf '* LIST () "/" %s | * STATUS %s (UIDVALIDITY %s MESSAGES %s UIDNEXT %s HIGHESTMODSEQ %s UNSEEN 0) | ' "$1" "$1" "$2" "$3" "$4" "$5"
		shift 5
	done
	echo ok
}

# opened EXISTS UIDVALIDITY UIDNEXT MODSEQ: what EXAMINE answers.
opened() { printf '* FLAGS (\Seen) | * %s EXISTS | * OK [UIDVALIDITY %s] ok | * OK [UIDNEXT %s] ok | * OK [HIGHESTMODSEQ %s] ok' "$@"; }

NOTIFY='LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC NOTIFY IDLE UNSELECT'

# live LINE...: two mailboxes by NOTIFY, INBOX open (3 messages, UIDs up to 9) and `a` (2 messages, UIDs up to 4); then the lines, from where IDLE begins.
live() {
	cat <<-END
		may-hangup
		imap-login $NOTIFY
		$(boxes INBOX 7 3 10 20 a 8 2 5 30)
		auto NOTIFY .* => * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 10 HIGHESTMODSEQ 20) | * STATUS a (UIDVALIDITY 8 MESSAGES 2 UIDNEXT 5 HIGHESTMODSEQ 30) | ok
		auto EXAMINE INBOX.* => * OK [CLOSED] ok | $(opened 3 7 10 20) | ok [READ-ONLY] done
		expect-cmd IDLE
		send + idling
	END
	printf '%s\n' "$@"
}
# again: IDLE is left and entered once more.
again() { printf '%s\n' 'expect DONE' 'ok idle is over' 'expect-cmd IDLE' 'send + idling'; }

# start [ARGS...]: the fake plays `script`, lm-idle listens to it.
start() {
	fake_start <script
	config
	idle "$@" fake
}

@test "what the open mailbox says: new, flags, gone; also what does not tally" {
	live 'send * 4 EXISTS' 'send * 4 FETCH (UID 10 FLAGS (\Recent))' 'send * OK [HIGHESTMODSEQ 21] ok' \
		'send * 2 FETCH (UID 5 MODSEQ (22) FLAGS (\Seen $Work \Recent))' 'send * VANISHED 5,7:8' 'stall 1' \
		'send * 44 EXPUNGE' 'send * 17 FETCH (FLAGS (\Seen))' 'send * 3 FETCH (UID 4 FLAGS (\Seen))' "$(again)" 'stall forever' >script
	start
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	hears "flags~$U/INBOX;UIDVALIDITY=7/;UID=5~\\\\Seen \\\$Work"
	hears "gone~$U/INBOX;UIDVALIDITY=7/;UID=5"
	hears "gone~$U/INBOX;UIDVALIDITY=7/;UID=7"
	hears "gone~$U/INBOX;UIDVALIDITY=7/;UID=8"
	# a number that cannot be: the mailbox is opened anew
	fake_await 'C: a[0-9]+ EXAMINE INBOX \(QRESYNC \(7 21\)\)'
}

@test "a server that pauses between the messages that it shows is heard out" {
	live 'send * 5 EXISTS' 'send * 4 FETCH (UID 10 FLAGS ())' 'expect-nothing 1' 'send * 5 FETCH (UID 11 FLAGS ())' 'stall forever' >script
	start
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=11"
	fake_saw_no 'C: DONE'
}

@test "VANISHED of more than there was: a resync, not four thousand million lines" {
	live 'send * VANISHED 1:4294967295' 'send * VANISHED 4294967290:4294967295' "$(again)" 'send * 4 EXISTS' 'send * 4 FETCH (UID 10 FLAGS ())' 'stall forever' >script
	start
	hears "resync~$U/INBOX;UIDVALIDITY=7"
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	[ "$(wc -l <"$OUT")" -lt 9 ]
}

@test "numbers that are not of one moment: what the mailbox has and does not show is a resync" {
	cat >script <<-END
		may-hangup
		imap-login $NOTIFY
		$(boxes INBOX 7 3 10 21)
		auto NOTIFY .* => ok
		auto EXAMINE INBOX.* => $(opened 4 7 11 21) | ok [READ-ONLY] done
		expect-cmd IDLE
		send + idling
		stall forever
	END
	start
	hears "resync~$U/INBOX;UIDVALIDITY=7"
	[ "$(wc -l <"$OUT")" -eq 1 ]
}

@test "UIDNEXT that jumps: the mailbox has to show its messages" {
	live 'send * STATUS a (MESSAGES 4000000000 UIDNEXT 4000000003 HIGHESTMODSEQ 31)' \
		'expect DONE' 'ok' 'expect-cmd EXAMINE a \(QRESYNC \(8 30\)\)' 'send * OK [CLOSED] ok' 'send * FLAGS ()' 'send * 3 EXISTS' 'send * OK [UIDVALIDITY 8] ok' \
		'send * OK [UIDNEXT 4000000003] ok' 'send * OK [HIGHESTMODSEQ 31] ok' 'send * 3 FETCH (UID 4000000002 MODSEQ (31) FLAGS ())' 'ok' \
		'auto STATUS a .* => * STATUS a (UIDVALIDITY 8 MESSAGES 3 UIDNEXT 4000000003 HIGHESTMODSEQ 31) | ok' 'expect-cmd IDLE' 'send + idling' 'stall forever' >script
	start -e new
	hears "new~$U/a;UIDVALIDITY=8/;UID=4000000002"
	[ "$(wc -l <"$OUT")" -eq 1 ]
	# within reason it is believed, without a round trip
	idle_stop_all
	live 'send * STATUS a (MESSAGES 4 UIDNEXT 7 HIGHESTMODSEQ 31)' 'expect-nothing 1' 'stall forever' >script
	start -e new
	hears "new~$U/a;UIDVALIDITY=8/;UID=5"
	hears "new~$U/a;UIDVALIDITY=8/;UID=6"
	await "$FAKE_TRANSCRIPT" 'STATUS a \(MESSAGES 4'
	fake_saw_no 'C: a[0-9]+ EXAMINE a'
}

@test "NOTIFICATIONOVERFLOW: read again and asked again; twice, and IDLE has to do" {
	cat >script <<-END
		$(live 'send * OK [NOTIFICATIONOVERFLOW] too much' 'expect DONE' 'ok')
		expect-cmd LIST .*
		send * LIST () "/" INBOX
		send * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 10 HIGHESTMODSEQ 20 UNSEEN 0)
		send * LIST () "/" a
		send * STATUS a (UIDVALIDITY 8 MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31 UNSEEN 1)
		ok
		expect-cmd NOTIFY NONE
		ok
		expect-cmd NOTIFY SET STATUS .*
		ok
		expect-cmd EXAMINE a .*
		send * OK [CLOSED] ok
		send * FLAGS ()
		send * 3 EXISTS
		send * OK [UIDVALIDITY 8] ok
		send * OK [UIDNEXT 6] ok
		send * OK [HIGHESTMODSEQ 31] ok
		send * 3 FETCH (UID 5 MODSEQ (31) FLAGS ())
		ok
		auto STATUS a .* => * STATUS a (UIDVALIDITY 8 MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31) | ok
		expect-cmd IDLE
		send + idling
		send * OK [NOTIFICATIONOVERFLOW] too much
		expect DONE
		ok
		expect-cmd LIST .*
		send * LIST () "/" INBOX
		send * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 10 HIGHESTMODSEQ 20 UNSEEN 0)
		send * LIST () "/" a
		send * STATUS a (UIDVALIDITY 8 MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31 UNSEEN 1)
		ok
		expect-cmd IDLE
		send + idling
		stall forever
		next-connection
		may-hangup
		imap-login $NOTIFY
		stall forever
	END
	start <script
	hears "new~$U/a;UIDVALIDITY=8/;UID=5"
	await "$ERR" 'NOTIFICATIONOVERFLOW' 2
	await "$ERR" 'IDLE: a connection'
	heard_no resync
}

# anew [LINE...]: IDLE is left, the lines come first, and NOTIFY is set anew; its NONE is answered late.
anew() {
	printf '%s\n' 'expect DONE' ok "$@" 'expect-cmd NOTIFY NONE' 'set none ${tag}' \
		'expect-cmd NOTIFY SET \(SELECTED .*' ok 'send ${none} OK late' 'expect-cmd IDLE' 'send + idling'
}

@test "NOTIFY that tells only when asked: it is set anew, and from then on after every event" {
	live "$(anew 'expect-cmd NOOP' 'send * STATUS a (MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31)' ok)" \
		'send * STATUS a (MESSAGES 4 UIDNEXT 7 HIGHESTMODSEQ 32)' "$(anew)" 'stall forever' >script
	start -e new --poll 1
	hears "new~$U/a;UIDVALIDITY=8/;UID=5"
	hears "new~$U/a;UIDVALIDITY=8/;UID=6"
	await "$ERR" 'gone deaf'
	await "$FAKE_TRANSCRIPT" 'OK late' 2
}

@test "NOTIFY that is refused event by event, and NOTIFY that is refused for good" {
	fake_start <<-END
		may-hangup
		imap-login $NOTIFY METADATA
		$(boxes INBOX 7 3 10 20)
		expect-cmd NOTIFY SET STATUS .*MailboxMetadataChange.*
		no [BADEVENT (MessageNew MessageExpunge)] what is that
		expect-cmd NOTIFY SET STATUS .*SubscriptionChange.*
		no [BADEVENT (MessageNew MessageExpunge)] what is that
		expect-cmd NOTIFY SET STATUS \(SELECTED .* \(PERSONAL \(MessageNew MessageExpunge FlagChange MailboxName\)\)
		send * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 10 HIGHESTMODSEQ 20)
		ok
		auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done
		expect-cmd IDLE
		send + idling
		stall forever
	END
	config
	idle fake
	await "$ERR" 'NOTIFY: one connection'
	idle_stop_all
	fake_start <<-END
		may-hangup
		imap-login $NOTIFY
		$(boxes INBOX 7 3 10 20)
		auto NOTIFY .* => no [NOTIFICATIONOVERFLOW] too expensive
		auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done
		expect-cmd IDLE
		send + idling
		send * 4 EXISTS
		expect DONE
		ok
		expect-cmd UID FETCH 10:\* \(UID FLAGS\)
		send * 4 FETCH (UID 10 FLAGS ())
		ok
		expect-cmd IDLE
		send + idling
		stall forever
	END
	config
	idle fake
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	grep 'IDLE: a connection' "$ERR"
}

@test "mailboxes: gone, renamed with what is below, NIL delimiter, subscribed, names that are none, metadata" {
	fake_start <<-END
		may-hangup
		imap-login $NOTIFY METADATA
		$(boxes INBOX 7 3 10 20 a 8 2 5 30 a/b 9 2 5 30 ab 10 2 5 30 '"&AOQ-"' 11 2 5 30)
		auto NOTIFY .* => $(for b in INBOX a a/b ab '"&AOQ-"'; do printf '* STATUS %s (MESSAGES 2) | ' "$b"; done)ok
		auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done
		auto STATUS (?P<b>\S+) .* => * STATUS \${b} (UIDVALIDITY 77 MESSAGES 0 UIDNEXT 1 HIGHESTMODSEQ 1) | ok
		expect-cmd IDLE
		send + idling
		send * METADATA a (/shared/comment "x" /private/comment NIL)
		send * METADATA INBOX /shared/vendor/x
		send * METADATA "" /shared/admin
		send * LIST () "/" z ("OLDNAME" ("a"))
		send * LIST (\Subscribed) "/" ab
		send * LIST (\NonExistent) "/" "&AOQ-"
		send * LIST (\NonExistent) "/" nobody
		send * LIST () "/" "bad&"
		send * LIST (\NoSelect) NIL ab
		send * LIST () "/" new
		expect DONE
		ok
		expect-cmd IDLE
		send + idling
		stall forever
	END
	config
	idle fake
	hears "metadata~$U/a;UIDVALIDITY=8~/shared/comment"
	hears "metadata~$U/a;UIDVALIDITY=8~/private/comment"
	hears "metadata~$U/INBOX;UIDVALIDITY=7~/shared/vendor/x"
	hears "metadata~$U/~/shared/admin"
	hears "mailbox-renamed~$U/a;UIDVALIDITY=8~$U/z;UIDVALIDITY=8"
	hears "mailbox-renamed~$U/a/b;UIDVALIDITY=9~$U/z/b;UIDVALIDITY=9"
	hears "subscribed~$U/ab;UIDVALIDITY=10"
	hears "mailbox-gone~$U/%C3%A4;UIDVALIDITY=11"
	hears "mailbox-gone~$U/ab;UIDVALIDITY=10"
	hears "mailbox-new~$U/new;UIDVALIDITY=77"
	heard_no nobody
}

@test "the open mailbox is removed under us: another one is opened" {
	fake_start <<-END
		may-hangup
		imap-login $NOTIFY
		$(boxes INBOX 7 3 10 20 a 8 2 5 30)
		auto NOTIFY .* => * STATUS INBOX (MESSAGES 3) | * STATUS a (MESSAGES 2) | ok
		auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done
		expect-cmd IDLE
		send + idling
		send * LIST (\NonExistent) "/" INBOX
		expect DONE
		ok
		expect-cmd EXAMINE a .*
		send * OK [CLOSED] ok
		send * FLAGS ()
		send * 2 EXISTS
		send * OK [UIDVALIDITY 8] ok
		send * OK [UIDNEXT 5] ok
		send * OK [HIGHESTMODSEQ 30] ok
		ok
		expect-cmd IDLE
		send + idling
		send * VANISHED 4
		stall forever
	END
	config
	idle fake
	hears "mailbox-gone~$U/INBOX;UIDVALIDITY=7"
	hears "gone~$U/a;UIDVALIDITY=8/;UID=4"
}

@test "a mailbox that is another, one that forgot, one that cannot be opened" {
	fake_start <<-END
		may-hangup
		imap-login $NOTIFY
		$(boxes INBOX 7 3 10 20 a 8 2 5 30 b 9 2 5 30 c 10 2 5 30)
		auto NOTIFY .* => * STATUS INBOX (MESSAGES 3) | * STATUS a (MESSAGES 2) | * STATUS b (MESSAGES 2) | * STATUS c (MESSAGES 2) | ok
		auto EXAMINE INBOX.* => * OK [CLOSED] ok | $(opened 3 7 10 20) | ok [READ-ONLY] done
		auto EXAMINE a.* => * OK [CLOSED] ok | $(opened 2 8 5 12) | * 1 FETCH (UID 3 FLAGS (\Seen)) | ok [READ-ONLY] done
		auto EXAMINE b.* => * OK [CLOSED] ok | * FLAGS () | * OK [UIDVALIDITY 99] ok | * 1 EXISTS | * VANISHED (EARLIER) 1:3 | * 1 FETCH (UID 3 FLAGS (\Seen)) | * OK [UIDNEXT 4] ok | * OK [HIGHESTMODSEQ 1] ok | ok
		auto EXAMINE c.* => no [NOPERM] not for you
		auto STATUS a .* => * STATUS a (UIDVALIDITY 8 MESSAGES 2 UIDNEXT 5 HIGHESTMODSEQ 12) | ok
		auto STATUS b .* => * STATUS b (UIDVALIDITY 99 MESSAGES 1 UIDNEXT 4 HIGHESTMODSEQ 1) | ok
		auto STATUS c .* => no
		expect-cmd IDLE
		send + idling
		send * STATUS a (MESSAGES 2 UIDNEXT 5 HIGHESTMODSEQ 12)
		send * STATUS b (MESSAGES 2 UIDNEXT 5 HIGHESTMODSEQ 31)
		send * STATUS c (MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31)
		expect DONE
		ok
		expect-cmd IDLE
		send + idling
		send * 4 EXISTS
		send * 4 FETCH (UID 10 FLAGS ())
		stall forever
	END
	config
	idle fake
	hears "resync~$U/a;UIDVALIDITY=8"
	hears "resync~$U/b;UIDVALIDITY=99"
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	[ "$(grep -c 'c: not for you' "$ERR")" -eq 1 ]
}

@test "BYE, a half-closed line, a cut one, a server that ends IDLE: what came meanwhile is read" {
	good() { # EXISTS UIDNEXT MODSEQ EXTRA
		cat <<-END
			may-hangup
			imap-login LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC IDLE
			$(boxes INBOX 7 "$1" "$2" "$3")
			auto EXAMINE INBOX.* => * FLAGS () | * $1 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT $2] ok | * OK [HIGHESTMODSEQ $3] ok | $4ok [READ-ONLY] done
			expect-cmd IDLE
			send + idling
		END
	}
	{
		good 3 10 20 ''
		echo 'ok I am tired'
		printf '%s\n' 'expect-cmd IDLE' 'send + idling' 'send * BYE going down' 'stall 0.2' 'close' next-connection
		good 4 11 21 '* 4 FETCH (UID 10 MODSEQ (21) FLAGS ()) | '
		printf '%s\n' 'half-close' 'stall 1' next-connection
		good 5 12 22 '* 5 FETCH (UID 11 MODSEQ (22) FLAGS ()) | '
		printf '%s\n' 'send-raw * 6 EXI' cut next-connection
		good 6 13 23 '* 6 FETCH (UID 12 MODSEQ (23) FLAGS ()) | '
		echo 'stall forever'
	} >script
	start
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=11"
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=12"
	[ "$(wc -l <"$OUT")" -eq 3 ]
	fake_saw 'C2: a[0-9]+ EXAMINE INBOX \(QRESYNC \(7 20\)\)'
	fake_saw 'C4: a[0-9]+ EXAMINE INBOX \(QRESYNC \(7 22\)\)'
}

@test "IDLE that the server ends in the moment in which it begins is begun again" {
	live 'ok I am tired' flush 'expect-cmd IDLE' 'send + idling' 'send * 4 EXISTS' 'send * 4 FETCH (UID 10 FLAGS ())' 'stall forever' |
		sed '0,/^send + idling/s//hold\n&/' >script
	start
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
}

@test "a server that ends IDLE at once, always: NOOP has to do" {
	{
		live
		printf '%s\n' 'ok not now' 'repeat 7' 'expect-cmd IDLE' 'send + idling' 'ok not now' end 'expect-cmd NOOP' 'send * 4 EXISTS' 'send * 4 FETCH (UID 10 FLAGS ())' ok 'stall forever'
	} >script
	start --poll 1
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	[ "$(grep -c "C: a[0-9]* IDLE" "$FAKE_TRANSCRIPT")" -eq 8 ]
}

@test "the same on a connection that is not the first" {
	local one two
	one="auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done"
	two="auto EXAMINE a.* => $(opened 2 8 5 30) | ok [READ-ONLY] done"
	printf '%s\n' may-hangup 'imap-login LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC IDLE' "$(boxes INBOX 7 3 10 20 a 8 2 5 30)" "$one" \
		'expect-cmd IDLE' 'send + idling' 'repeat 60' 'expect DONE' ok 'expect-cmd IDLE' 'send + idling' end 'stall forever' next-connection \
		may-hangup 'imap-login LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC IDLE' "$two" \
		'repeat 8' 'expect-cmd IDLE' 'send + idling' 'ok not now' end 'expect-cmd NOOP' 'send * 3 EXISTS' ok 'expect-cmd UID FETCH 5:.*' 'send * 3 FETCH (UID 5 FLAGS ())' ok 'stall forever' >script
	fake_start <script
	config 'idle-connections 2'
	idle --poll 1 fake
	hears "new~$U/a;UIDVALIDITY=8/;UID=5"
}

@test "a server that ends IDLE for each event is not one that has none" {
	{
		live
		printf '%s\n' 'repeat 12' 'send * 2 FETCH (UID 5 FLAGS (\Seen k${i}))' 'ok there is news' 'expect-cmd IDLE' 'send + idling' end 'stall forever'
	} >script
	start
	hears "flags~$U/INBOX;UIDVALIDITY=7/;UID=5~.*k12"
	fake_await 'C: a[0-9]+ IDLE'
	run ! grep 'refuses IDLE' "$ERR"
}

@test "a burst that just fills the queue does not hide what else is to be done" {
	local long
	long=$(printf 'x%.0s' $(seq 400))
	{
		live 'stall 1.5' hold 'send * STATUS a (MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31 UNSEEN 1)' 'repeat 560' \
			"send * 1 FETCH (UID 3 MODSEQ (\${i}00) FLAGS (\Seen $long k\${i}))" end flush \
			'expect DONE' ok 'auto EXAMINE a .* => * OK [CLOSED] ok | '"$(opened 3 8 6 31)"' | * 3 FETCH (UID 5 MODSEQ (31) FLAGS ()) | ok' \
			'auto STATUS a .* => * STATUS a (UIDVALIDITY 8 MESSAGES 3 UIDNEXT 6 HIGHESTMODSEQ 31) | ok' 'expect-cmd IDLE' 'send + idling' 'stall forever'
	} >script
	start
	fake_await 'S: \+ idling'
	# all of it is there when it looks
	sleep 0.5
	kill -STOP "$IDLE_PID"
	sleep 2
	kill -CONT "$IDLE_PID"
	hears "new~$U/a;UIDVALIDITY=8/;UID=5"
}

@test "SIGTERM says DONE and LOGOUT; the status is the signal's" {
	live 'expect DONE' 'ok' 'expect-cmd LOGOUT' | sed '/may-hangup/d' >script
	start
	ready
	fake_await 'S: \+ idling'
	kill -TERM "$IDLE_PID"
	ends 143
	fake_wait
}

@test "a login that is refused later is believed after five times" {
	{
		printf '%s\n' may-hangup 'imap-login LIST-EXTENDED LIST-STATUS IDLE' "$(boxes INBOX 7 3 10 20)" \
			"auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done" 'expect-cmd UID FETCH .*' ok 'expect-cmd UID SEARCH .*' 'send * SEARCH 1 2 9' ok 'expect-cmd NOOP' ok 'expect-cmd IDLE' 'send + idling' close next-connection
		printf '%s\n' may-hangup 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello' 'auto (AUTHENTICATE|LOGIN) .* => no [AUTHENTICATIONFAILED] no' 'auto LOGOUT => * BYE bye | ok' 'auto CAPABILITY => * CAPABILITY IMAP4rev1 AUTH=PLAIN | ok' 'expect-eof'
	} >script
	fake_start --times 6 <script
	config
	idle fake
	ends 77
	grep 'account fake' "$ERR"
	await "$FAKE_TRANSCRIPT" '^C[2-6]: .*AUTHENTICATE' 5
	[ "$(grep -Ec '^C[2-6]: .*AUTHENTICATE' "$FAKE_TRANSCRIPT")" -eq 5 ]
}

@test "a server that lists nothing is not believed; one that stops answering is left" {
	fake_start <<-END
		may-hangup
		imap-login LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC
		expect-cmd LIST .*
		send * LIST () "/" INBOX
		send * STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 10 HIGHESTMODSEQ 20 UNSEEN 0)
		ok
		auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done
		expect-cmd NOOP
		ok
		expect-cmd LIST .*
		ok
		expect-cmd NOOP
		stall forever
		next-connection
		may-hangup
		imap-login LIST-EXTENDED LIST-STATUS ENABLE CONDSTORE QRESYNC
		$(boxes INBOX 7 4 11 21)
		auto EXAMINE INBOX.* => * FLAGS () | * 4 EXISTS | * OK [UIDVALIDITY 7] ok | * OK [UIDNEXT 11] ok | * OK [HIGHESTMODSEQ 21] ok | * 4 FETCH (UID 10 FLAGS ()) | ok
		expect-cmd NOOP
		ok
		stall forever
	END
	config 'timeout 1'
	idle --poll 1 fake
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10"
	grep 'lists no mailbox' "$ERR"
	grep 'no answer from the server' "$ERR"
	heard_no mailbox-gone
}

@test "escapes and mail text stay text" {
	live 'send * 4 EXISTS' 'send * 4 FETCH (UID 10 FLAGS (\Recent) ENVELOPE (NIL "=?utf-8?q?a=1B[31m=09b=0Ac?=" (("\\"x" NIL "u" "h")) NIL NIL NIL NIL NIL NIL NIL))' \
		'send * 4 FETCH (UID 10 FLAGS ($a\x7fb))' 'send * OK [ALERT] beware \x1b[31m of red' 'stall forever' |
		sed '2a auto UID FETCH .* => ok' >script
	start --headers
	hears "new~$U/INBOX;UIDVALIDITY=7/;UID=10~.*<u@h>~.*c~"
	run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$OUT" "$ERR"
}

@test "a token is asked for anew at every login" {
	local n
	for n in 1 2; do
		[ "$n" = 1 ] || echo next-connection
		printf '%s\n' may-hangup 'send * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello' \
			"expect-cmd AUTHENTICATE XOAUTH2 $(printf 'user=alice\001auth=Bearer token-%s\001\001' "$n" | base64 -w0)" \
			'ok [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS IDLE] welcome' "$(boxes INBOX 7 3 10 20)" \
			"auto EXAMINE INBOX.* => $(opened 3 7 10 20) | ok [READ-ONLY] done" 'expect-cmd UID FETCH .*' ok 'expect-cmd UID SEARCH .*' 'send * SEARCH 1 2 9' ok 'expect-cmd NOOP' ok 'expect-cmd IDLE' 'send + idling'
		[ "$n" = 2 ] || echo close
	done >script
	echo 'stall forever' >>script
	fake_start <script
	echo 0 >count
	cat >token <<-'END'
		#!/bin/sh
		n=$(($(cat count) + 1))
		echo "$n" >count
		echo "token-$n"
	END
	chmod +x token
	config 'oauth-command ./token'
	sed -i '/password/d' "$CONFIG"
	idle fake
	fake_await 'S2: \+ idling'
	[ "$(cat count)" -eq 2 ]
}

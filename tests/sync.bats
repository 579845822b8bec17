#!/usr/bin/env bats
# lm-sync against Dovecot: both sides are compared as a whole (tests/lab/mailtree.py), and the table of changes
# (tests/lab/syncmatrix.py) is run with all that Dovecot offers. tests/sync-rungs.bats does it with less.
load common

bats_require_minimum_version 1.5.0

setup_file() {
	lab_up dovecot
	# Dovecot looks at the file again when its time has changed, and that counts in seconds: all of them now.
	for k in $(seq 99); do printf 'u%d:{PLAIN}wonderland\n' "$k"; done >>"$(sed -n "s/^LAB_RUN='\(.*\)'/\1/p" "$LABS/lab/env")/users"
}
teardown_file() { lab_down; }

# Each test is a user of its own.
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	ME=u$BATS_TEST_NUMBER M=$BATS_TEST_TMPDIR/Mail
	config "$LAB_IMAPS_PORT"
	METER=
}

teardown() {
	[ -z "$METER" ] || kill "$METER" || :
	chmod -R u+rwx "$BATS_TEST_TMPDIR" || :
}

# config PORT LINE...: the account "me".
config() {
	printf 'account me\n imap imaps://%s@localhost:%s\n tls-ca %s\n password %s\n maildir %s\n fsync no\n' \
		"$ME" "$1" "$LAB_CA" "$LAB_PASS" "$M" >conf
	[ $# -lt 2 ] || printf ' %s\n' "${@:2}" >>conf
	chmod 600 conf
}

lm() { lm-sync -c conf "$@"; }
# sync OPTION...: the account, with what it says on both outputs.
sync() { run --separate-stderr lm-sync -c conf "$@" me; }
do_imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/lab" "$ME" "$@"; }
put() { "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" "$ME" "$@"; }
fill() { "$BATS_TEST_DIRNAME/lab/fill" "$LABS/lab" "$ME" "$@"; }
adm() { doveadm -c "$LAB_DOVECOT_CONF" "$@"; }
tree() { "$BATS_TEST_DIRNAME/lab/mailtree.py" "$@"; }

is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
# silent: nothing was said anywhere, and it went well.
silent() {
	is 0 || return 1
	[ -z "$output$stderr" ] || { printf '%s\n%s\n' "$output" "$stderr"; return 1; }
}
# lines COUNT REGEX: so many event lines match, TAB is ~.
events() {
	local n
	n=$(grep -Ec -- "${2//\~/$'\t'}" <<<"$output") || :
	[ "$n" -eq "$1" ] || { printf '%s lines match %s in:\n%s\n%s\n' "$n" "$2" "$output" "$stderr"; return 1; }
}
# same: both sides hold the same.
same() { tree compare "$M" "$LABS/lab" "$ME"; }
# settled: one more run says nothing, and both sides are the same after it.
settled() { sync && silent && same; }
# count BOX: files of a folder.
count() { find "$M/$1/cur" "$M/$1/new" -type f | wc -l; }
# there BOX: messages on the server.
there() { do_imap "STATUS \"$1\" (MESSAGES)" | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p'; }
# everything that must not change: files with inode, size and time, and the octets of the state.
listing() {
	find "$M" -mindepth 1 ! -name '.lm-*' -printf '%p %i %s %T@\n' | sort
	[ ! -e "$M/.lm-state" ] || sha256sum "$M/.lm-state"
}
message() { printf 'From: a@example.org\nSubject: %s\nMessage-ID: <%s@localhost>\n\n%s\n' "$1" "$1" "${2:-Body of $1.}"; }
# local_mail BOX NAME: a file that some program put there.
local_mail() { message "$2" >"$M/$1/new/1700000000.$2.host"; }
# a_file BOX NAME: the path of the message.
a_file() { grep -rl "Message-ID: <$2@localhost>" "$M/$1/cur" "$M/$1/new" | head -n 1; }
# remote_mail BOX NAME [FLAG...]
remote_mail() { message "$2" | crlf | put "$1" "${@:3}"; }
# aged BOX NAME DAYS: one that came so long ago
aged() {
	message "$2" | crlf | python3 -c 'import imaplib, sys, time
i = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
i.login(*sys.argv[2:4])
i.append(sys.argv[4], None, imaplib.Time2Internaldate(time.time() - 86400 * int(sys.argv[5])), sys.stdin.buffer.read())' \
		"$LAB_IMAP_PORT" "$ME" "$LAB_PASS" "$1" "$3"
}
meter() {
	rm -f port report
	"$BATS_TEST_DIRNAME/lab/meter.py" 0 127.0.0.1 "$LAB_IMAPS_PORT" report >port 3>&- &
	METER=$!
	for _ in $(seq 100); do
		[ ! -s port ] || break
		sleep 0.05
	done
	config "$(cat port)" 'compress no'
}
# down: octets that came from the server since meter.
down() {
	kill "$METER"
	wait "$METER" || :
	METER=
	config "$LAB_IMAPS_PORT"
	awk '$1 == "down" { print $2 }' report
}

@test "the table: every kind of change, on each side, on both, on the same message" {
	run "$BATS_TEST_DIRNAME/lab/syncmatrix.py" "$LABS/lab" all
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "a new Maildir: all mailboxes, all mail, and then nothing" {
	fill INBOX 30 800
	fill lists/c 5 300
	sync
	is 0
	events 30 '^new~imap://[^~]*/INBOX;UIDVALIDITY=[0-9]*/;UID=[0-9]*~remote~'"$M"'/INBOX/(cur|new)/[^~]*$'
	events 1 '^mailbox-new~imap://[^~]*/lists/c;UIDVALIDITY=[0-9]*~remote~'"$M"'/lists/c$'
	settled
	[ "$(count INBOX)" = 30 ]
	# the files are there under the names that were told
	while IFS=$'\t' read -r event _ _ path; do
		[ "$event" != new ] || [ -e "$path" ]
	done <<<"$output"
}

@test "-n says what will be done, and touches nothing, not even the state" {
	fill INBOX 6 300
	sync
	is 0
	remote_mail INBOX fresh
	local_mail INBOX mine
	do_imap 'SELECT INBOX' 'UID STORE 2 +FLAGS (\Answered work)' 'UID STORE 3 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	rm "$(a_file INBOX fill-5)"
	listing >before
	sync -n
	is 0
	listing >after
	cmp before after
	cut -f 1,3 <<<"$output" | sort >plan
	sync
	is 0
	cut -f 1,3 <<<"$output" | sort | diff plan -
	settled
}

@test "-n without a state matches and still touches nothing" {
	fill INBOX 6 300
	sync
	rm "$M/.lm-state"
	# as another program names them
	for f in "$M"/INBOX/cur/*; do mv "$f" "${f/.lm,U=/.other,U=9}"; done
	listing >before
	sync -n
	is 0
	listing | diff before -
}

@test "--pull only fetches, --push only sends, and what was held back goes later" {
	fill INBOX 6 300
	sync
	remote_mail INBOX fresh
	local_mail INBOX mine
	do_imap 'SELECT INBOX' 'UID STORE 1 +FLAGS (\Flagged)' >/dev/null
	mv "$(a_file INBOX fill-3)" "$M/INBOX/cur/$(basename "$(a_file INBOX fill-3)" | sed 's/:2,.*//'):2,R"
	sync --pull
	is 0
	events 1 '^new~.*~remote~'
	events 1 '^flags~.*UID=1~.*Flagged.*~remote~'
	events 2 .
	[ "$(there INBOX)" = 7 ]
	sync --pull
	silent
	sync --push
	is 0
	events 1 '^new~.*~local~'
	events 1 '^flags~.*UID=3~.*Answered.*~local~'
	events 2 .
	sync --push
	silent
	settled
}

@test "--pull leaves new files and moved ones to a later run" {
	fill INBOX 6 300
	do_imap 'CREATE Old' >/dev/null
	sync
	local_mail INBOX mine
	mv "$(a_file INBOX fill-2)" "$M/Old/cur/"
	# what changed too short a while ago is looked at again in any case
	touch -d '1 hour ago' "$M"/*/cur "$M"/*/new
	sync --pull
	silent
	sync
	is 0
	events 1 '^new~.*/INBOX;.*~local~'
	events 1 '^new~.*/Old;.*~local~'
	events 1 '^gone~.*/INBOX;.*~local~'
	[ "$(there INBOX),$(there Old)" = 6,1 ]
	settled
}

@test "create none and expunge none: mailboxes and messages stay on their side" {
	fill INBOX 4 300
	sync
	do_imap 'CREATE Remote' 'SELECT INBOX' 'UID STORE 1 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	mkdir -p "$M/Local/cur" "$M/Local/new" "$M/Local/tmp"
	rm "$(a_file INBOX fill-2)"
	sync -o create=none -o expunge=none
	silent
	[ ! -e "$M/Remote" ]
	do_imap 'LIST "" *' | grep -q ' Local' && false
	[ "$(count INBOX)" = 2 ] || [ "$(count INBOX)" = 3 ]
	[ "$(there INBOX)" = 3 ]
	sync -o create=none -o expunge=none
	silent
	# one way each
	sync -o create=local
	is 0
	events 1 '^mailbox-new~.*/Remote;.*~remote~'
	[ -d "$M/Remote/cur" ]
	sync
	is 0
	events 1 '^mailbox-new~.*/Local;UIDVALIDITY=[0-9]+~local~'
}

@test "archive yes: nothing is removed on either side, not even with the mailbox" {
	fill INBOX 4 300
	fill Gone 3 300
	sync
	do_imap 'DELETE Gone' 'SELECT INBOX' 'UID STORE 1 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	rm "$(a_file INBOX fill-2)"
	for _ in 1 2; do
		sync -o archive=yes
		silent
	done
	[ "$(count Gone)" = 3 ]
	[ -e "$(a_file INBOX fill-1)" ]
	[ "$(there INBOX)" = 3 ]
}

@test "window: only young mail, and the old stays where it is" {
	fill INBOX 5 300 # of 2025
	do_imap 'SELECT INBOX' >/dev/null
	remote_mail INBOX young
	config "$LAB_IMAPS_PORT" 'window 30d'
	sync
	is 0
	events 1 '^new~'
	[ "$(count INBOX)" = 1 ]
	sync
	silent
	remote_mail INBOX younger
	sync
	is 0
	events 1 '^new~'
	# removing the folder does not remove what was never here
	[ "$(there INBOX)" = 7 ]
	rm -r "$M/INBOX"
	sync --force
	is 0
	[ "$(there INBOX)" = 7 ]
	[ "$(count INBOX)" = 2 ]
}

@test "window: a wider one, or none, fetches what is in it now" {
	fill INBOX 5 300 # of 2025
	for age in 5 40 80; do aged INBOX "days-$age" "$age"; done
	config "$LAB_IMAPS_PORT" 'window 30d'
	sync
	is 0
	events 1 '^new~'
	# what was removed here stays away
	rm "$(a_file INBOX days-5)"
	local_mail INBOX mine
	config "$LAB_IMAPS_PORT" 'window 60d'
	sync
	is 0
	events 1 '^new~.*~remote~'
	events 1 '^new~.*~local~'
	events 1 '^gone~.*~local~'
	[ -n "$(a_file INBOX days-40)" ]
	sync
	silent
	# a narrower one takes nothing away
	config "$LAB_IMAPS_PORT" 'window 10d'
	sync
	silent
	[ "$(count INBOX)" = 2 ]
	config "$LAB_IMAPS_PORT"
	sync -n
	is 0
	events 6 '^new~.*~remote~'
	sync
	is 0
	events 6 '^new~.*~remote~'
	settled
}

@test "order: the newest first, or the oldest" {
	fill INBOX 300 200
	sync -o order=oldest
	is 0
	[[ ${lines[3]} = *';UID=1'$'\t'* || ${lines[4]} = *';UID=1'$'\t'* || $(grep -m 1 ^new <<<"$output") = *';UID=1'$'\t'* ]]
	rm -r "$M"
	sync
	[[ $(grep ^new <<<"$output" | head -n 100) = *';UID=300'$'\t'* ]]
	[[ $(grep ^new <<<"$output" | head -n 100) != *';UID=1'$'\t'* ]]
}

@test "layout maildir++: folders as Dovecot has them" {
	fill INBOX 3 300
	fill a/b.c 2 300
	config "$LAB_IMAPS_PORT" 'layout maildir++'
	sync
	is 0
	[ "$(find "$M/cur" "$M/new" -type f | wc -l)" = 3 ]
	[ "$(find "$M/.a.b%2Ec" -name '*U=*' | wc -l)" = 2 ]
	[ -e "$M/.a.b%2Ec/maildirfolder" ]
	mkdir -p "$M/.new.box/cur" "$M/.new.box/new" "$M/.new.box/tmp"
	message deep >"$M/.new.box/new/1.x.y"
	sync
	is 0
	events 1 '^mailbox-new~.*/new/box.*~local~'
	events 1 '^new~.*/new/box;'
	sync
	silent
}

@test "mailboxes: patterns of the configuration, of the command line" {
	for box in one two lists/a lists/b; do fill "$box" 1 200; done
	config "$LAB_IMAPS_PORT" 'mailboxes INBOX lists/* !lists/b'
	sync
	is 0
	[ -d "$M/lists/a/cur" ] && [ ! -e "$M/lists/b" ] && [ ! -e "$M/one" ]
	run --separate-stderr lm 'me/t*' me/one
	is 0
	events 2 ^mailbox-new
	[ -d "$M/two/cur" ] && [ -d "$M/one/cur" ]
}

@test "an argument that names no mailbox is told, and the others are done" {
	fill one 1 200
	run --separate-stderr lm me/Typo me/one
	is 65
	[ "$stderr" = 'lm-sync: me/Typo: no such mailbox' ]
	events 1 '^mailbox-new.*/one;'
	run --separate-stderr lm -n "imap://$ME@localhost/Typo"
	is 65
	[ "$stderr" = 'lm-sync: me/Typo: no such mailbox' ]
	# patterns, INBOX in any case, and what a line of input names
	run --separate-stderr lm 'me/Ty*' 'me/%po'
	silent
	run --separate-stderr lm me/inbox
	is 0
	[ -z "$stderr" ]
	events 1 '^mailbox-new.*/INBOX;'
	run --separate-stderr lm - <<<'me/Typo'
	silent
	# gone from the server, but known; then from both
	do_imap 'DELETE one' >/dev/null
	run --separate-stderr lm me/one
	is 0
	events 1 '^mailbox-gone.*/one'
	[ -z "$stderr" ]
	run --separate-stderr lm me/one
	is 65
	# only here
	mkdir -p "$M"/mine/{cur,new,tmp}
	run --separate-stderr lm me/mine
	is 0
	events 1 '^mailbox-new.*/mine;'
}

@test "a folder inbox is not that of INBOX, and is named" {
	sync
	mkdir -p "$M"/inbox/{cur,new,tmp}
	local_mail inbox lost
	sync
	is 0
	[ "$stderr" = "lm-sync: $M/inbox: passed over, as the folder of INBOX is INBOX" ]
	[ -z "$output" ]
	[ -f "$M/inbox/new/1700000000.lost.host" ]
	printf '%s\n' me/INBOX me/INBOX | lm - 2>err
	[ "$(wc -l <err)" -eq 1 ]
	M=$M/pp
	config "$LAB_IMAPS_PORT" 'layout maildir++'
	sync
	mkdir -p "$M"/.Inbox/{cur,new,tmp}
	sync
	is 0
	[ "$stderr" = "lm-sync: $M/.Inbox: passed over, as the folder of INBOX is the Maildir itself" ]
}

@test "brake: a mailbox that was emptied on the server, or here, or half gone" {
	fill INBOX 44 200
	sync
	do_imap 'SELECT INBOX' 'STORE 1:23 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	listing >before
	sync
	is 65
	says 'from the server at once'
	says --force
	listing | grep -v lm-state >after
	grep -v lm-state before | cmp - after
	sync --force
	is 0
	events 23 '^gone~.*~remote~'
	settled
	rm "$M"/INBOX/*/*
	sync
	is 65
	says 'from the Maildir'
	[ "$(there INBOX)" = 21 ]
	sync --force
	is 0
	[ "$(there INBOX)" = 0 ]
	settled
}

@test "brake: a small account, all of it gone at once" {
	fill INBOX 6 200
	sync
	rm "$M"/INBOX/*/*
	sync
	is 65
	[ "$(there INBOX)" = 6 ]
}

@test "brake: a folder is missing" {
	fill INBOX 3 200
	fill Box 3 200
	sync
	rm -r "$M/Box"
	sync
	is 65
	says 'the folder Box is missing'
	[ "$(there Box)" = 3 ]
	# what came meanwhile is not deleted with it
	remote_mail Box unseen
	sync --force
	is 0
	[ "$(there Box)" = 4 ]
	[ "$(count Box)" = 4 ]
	rm -r "$M/Box"
	sync --force
	is 0
	events 1 '^mailbox-gone~.*/Box;.*~local~'
	do_imap 'LIST "" Box' | grep -q ' Box' && false
	settled
}

@test "brake: an empty mailbox with new mail is not deleted with its folder" {
	do_imap 'CREATE Box' >/dev/null
	sync
	remote_mail Box unseen
	rm -r "$M/Box"
	sync
	is 0
	[ "$(there Box)" = 1 ]
	[ "$(count Box)" = 1 ]
	settled
}

@test "brake: the mailbox is gone from the server, with many messages here" {
	fill Box 30 200
	sync
	do_imap 'DELETE Box' >/dev/null
	sync
	is 65
	says 'gone from the server'
	[ "$(count Box)" = 30 ]
	sync --force
	is 0
	[ ! -e "$M/Box" ]
	settled
}

@test "one mailbox that fails does not lose what others have to tell" {
	for box in aaa bbb; do fill "$box" 30 200; done
	sync
	do_imap 'DELETE aaa' >/dev/null # the brake stops it
	chmod 0 "$M/bbb/cur"
	fill zzz 2 200
	local_mail bbb lost-by-rollback || :
	chmod 700 "$M/bbb/cur"
	local_mail bbb mine
	mkdir -p "$M/ccc/cur" "$M/ccc/new" "$M/ccc/tmp"
	printf 'bad line\n' >"$M/aaa/dovecot-keywords"
	sync
	is 65
	[ "$(there bbb)" -ge 31 ]
	[ "$(there ccc)" = 0 ]
	[ "$(count zzz)" = 2 ]
}

@test "a folder that cannot be opened stops only itself" {
	fill aaa 3 200
	fill zzz 3 200
	sync
	printf 'bad line\n' >"$M/aaa/dovecot-keywords"
	remote_mail aaa one
	local_mail zzz mine
	sync
	is 65
	says me/aaa
	[ "$(there zzz)" = 4 ]
	rm "$M/aaa/dovecot-keywords"
	sync
	is 0
	settled
}

@test "two runs at once: the second one waits, or says that it cannot" {
	fill INBOX 3 200
	sync
	exec 8<"$M/.lm-lock"
	flock 8
	sync
	is 75
	says 'another lm-sync'
	flock -u 8
	sync
	silent
	exec 8<&-
	rm -r "$M"
	fill INBOX 300 200
	lm me >one 2>one.err 3>&- &
	local first=$!
	lm me >two 2>two.err 3>&- &
	wait "$first"
	wait "$!"
	[ "$(cat one two | grep -c ^new)" = 303 ]
	settled
}

@test "standard input: lines name what is to be looked at" {
	fill a 2 200
	fill b 2 200
	sync
	remote_mail a one
	remote_mail b two
	printf 'new\timap://%s@localhost/a\n' "$ME" >in
	run --separate-stderr lm - <in
	is 0
	events 1 '^new~.*/a;'
	events 1 .
	printf 'me/b\nnobody/x\n' | lm - >out 2>err && false
	grep -q nobody err
	grep -q '^new.*/b;' out
	# one connection for all of it
	mkfifo pipe
	lm -v - <pipe >out 2>err 3>&- &
	local reader=$!
	exec 9>pipe
	for k in 1 2 3; do
		remote_mail a "again-$k"
		printf 'new\timap://%s@localhost/a/;UID=%d\n' "$ME" "$k" >&9
		for _ in $(seq 200); do
			[ "$(wc -l <out)" -lt "$k" ] || break
			sleep 0.05
		done
	done
	exec 9>&-
	wait "$reader"
	[ "$(grep -c '^new' out)" = 3 ]
	[ "$(grep -c 'mailboxes (' err)" = 3 ]
}

@test "standard input: a mailbox that was renamed is looked at under both names" {
	fill old 3 200
	sync
	do_imap 'RENAME old young' >/dev/null
	printf 'mailbox-renamed\timap://%s@localhost/old\timap://%s@localhost/young\n' "$ME" "$ME" | lm - >out
	cut -f 1 out | diff - <(echo mailbox-renamed)
	[ "$(count young)" = 3 ] && [ ! -e "$M/old" ]
	settled
}

@test "some mailboxes only: what was moved out of them, or into them, is moved on the server all the same" {
	for box in Old Other; do do_imap "CREATE $box" >/dev/null; done
	fill INBOX 30 200
	remote_mail Old old
	sync
	for k in $(seq 25); do mv "$(a_file INBOX "fill-$k")" "$M/Old/cur/"; done
	rm "$(a_file INBOX fill-26)"
	local_mail Other mine # waits
	run --separate-stderr lm me/INBOX
	is 0
	events 25 '^new~.*/Old;.*~local~'
	events 26 '^gone~.*/INBOX;.*~local~'
	events 51 .
	[ "$(there INBOX),$(there Old),$(there Other)" = 4,26,0 ]
	mv "$(a_file Old old)" "$M/Other/cur/"
	run --separate-stderr lm me/Other
	is 0
	events 2 '^new~.*/Other;.*~local~'
	events 1 '^gone~.*/Old;.*~local~'
	events 3 .
	[ "$(there Old),$(there Other)" = 25,2 ]
	settled
}

@test "UIDVALIDITY changes: everything is known again, nothing is fetched twice" {
	fill INBOX 40 4000
	meter
	sync
	is 0
	down >first
	meter
	do_imap 'SELECT INBOX' 'STORE 3 +FLAGS (\Answered)' 'STORE 5 +FLAGS (\Deleted)' EXPUNGE >/dev/null
	adm mailbox update --uid-validity 1234567 -u "$ME" INBOX
	mv "$(a_file INBOX fill-7)" "$M/INBOX/cur/$(basename "$(a_file INBOX fill-7)" | sed 's/:2,.*//'):2,F"
	sync
	is 0
	says 'UIDVALIDITY changed'
	events 1 '^resync~.*;UIDVALIDITY=1234567'
	down >again
	[ $(($(cat again) * 5)) -lt "$(cat first)" ] || { cat first again; false; }
	# what the server has no more was not deleted
	[ "$(count lost+found)" = 1 ]
	grep -rq fill-5@ "$M/lost+found"
	sync
	is 0
	events 1 '^mailbox-new~.*/lost%2Bfound.*~local~|^mailbox-new~.*/lost+found.*~local~'
	settled
	[ "$(there INBOX)" = 39 ]
}

@test "the mailbox is made anew with the same messages: matched by content" {
	fill Box 12 500
	printf 'Subject: no id\r\n\r\nbody\r\n' | put Box
	sync
	do_imap 'DELETE Box' >/dev/null
	fill Box 12 500
	printf 'Subject: no id\r\n\r\nbody\r\n' | put Box
	sync
	is 0
	events 0 ^new
	[ "$(count Box)" = 13 ]
	[ ! -e "$M/lost+found" ]
	sync
	silent
}

@test "the state is lost: nothing is doubled, nothing fetched twice" {
	fill INBOX 40 4000
	printf 'Subject: no id\r\n\r\nbody\r\n' | put INBOX
	meter
	sync
	down >first
	meter
	rm "$M/.lm-state"
	rm "$(a_file INBOX fill-9)"
	do_imap 'SELECT INBOX' 'STORE 4 +FLAGS (\Answered keyword)' >/dev/null
	sync
	is 0
	events 1 '^new~'
	down >again
	[ $(($(cat again) * 3)) -lt "$(cat first)" ] || { cat first again; false; }
	[ "$(there INBOX)" = 41 ]
	[ "$(count INBOX)" = 41 ]
	settled
}

@test "the state is lost, and --push comes first: nothing is doubled" {
	fill INBOX 10 400
	sync
	rm "$M/.lm-state"
	for f in "$M"/INBOX/cur/*; do mv "$f" "${f/.lm,U=/.other,U=9}"; done
	sync --push
	is 0
	[ "$(there INBOX)" = 10 ]
	sync
	is 0
	[ "$(count INBOX)" = 10 ]
	settled
}

@test "matching that was cut short goes on: nothing is doubled" {
	fill INBOX 60 400
	for k in $(seq 30); do printf 'Subject: no id %d\r\n\r\nbody\r\n' "$k" | put INBOX; done
	sync
	rm "$M/.lm-state"
	for f in "$M"/INBOX/*/*; do mv "$f" "${f/.lm,U=/.other,U=9}"; done
	# the connection ends somewhere in the middle
	"$BATS_TEST_DIRNAME/lab/meter.py" --cut-down 9000 0 127.0.0.1 "$LAB_IMAPS_PORT" report >port 3>&- &
	METER=$!
	for _ in $(seq 100); do
		[ ! -s port ] || break
		sleep 0.05
	done
	config "$(cat port)" 'compress no'
	sync
	[ "$status" -ne 0 ] || { echo "$output"; false; }
	config "$LAB_IMAPS_PORT"
	sync
	is 0
	[ "$(there INBOX)" = 90 ]
	[ "$(count INBOX)" = 90 ]
	settled
}

@test "the Maildir is lost: a fresh start, never a deletion" {
	fill INBOX 25 300
	fill Box 3 300
	sync
	rm -r "$M"
	sync
	is 0
	events 28 ^new
	settled
	rm -r "${M:?}"/*
	sync
	is 65
	[ "$(there INBOX)" = 25 ]
}

@test "HIGHESTMODSEQ goes back: flags are compared, nothing is missed" {
	fill INBOX 20 300
	do_imap 'SELECT INBOX' 'STORE 1:20 +FLAGS (a)' 'STORE 1:20 -FLAGS (a)' 'STORE 1:9 +FLAGS (\Answered)' >/dev/null
	sync
	find "$LAB_RUN/mail/$ME" -name 'dovecot.index*' -delete
	adm force-resync -u "$ME" INBOX
	do_imap 'SELECT INBOX' 'STORE 2 +FLAGS (\Deleted)' EXPUNGE 'STORE 3 +FLAGS (urgent)' >/dev/null
	sync
	[ "$status" -eq 0 ] || [ "$status" -eq 65 ]
	sync --force
	is 0
	settled
}

@test "a damaged state is refused, kept, and the way out is named" {
	fill INBOX 3 300
	sync
	printf 'this is no state of ours' >"$M/.lm-state"
	cp "$M/.lm-state" bad
	listing >before
	sync
	is 65
	says .lm-state
	says 'start afresh'
	listing | cmp before -
	rm "$M/.lm-state"
	sync
	is 0
	settled
}

@test "what others keep in a Maildir is left alone" {
	fill INBOX 3 300
	sync
	mkdir "$M/INBOX/cur/dir" "$M/notes" "$M/.notmuch"
	ln -s /etc/passwd "$M/INBOX/new/link"
	echo x >"$M/INBOX/cur/.hidden"
	echo x >"$M/notes/file"
	echo x >"$M/INBOX/.uidvalidity"
	mkdir -p "$M/half/cur"
	sync
	silent
	[ "$(there INBOX)" = 3 ]
	[ -L "$M/INBOX/new/link" ] && [ -e "$M/INBOX/cur/.hidden" ] && [ -d "$M/INBOX/cur/dir" ]
}

@test "names of files with odd octets, and of full length" {
	do_imap 'CREATE Box' >/dev/null
	sync
	message space >"$M/Box/new/12 34.a b.host"
	message umlaut >"$M/Box/cur/"$'1.\xc3\xa4\xff\x01.host:2,S'
	message comma >"$M/Box/cur/1.c,S=10,U=77,W=3.host:2,F"
	message long >"$M/Box/cur/$(printf '1.%0248d:2,R' 7)"
	message dash >"$M/Box/new/-rf"
	sync
	is 0
	events 5 '^new~.*~local~'
	sync
	silent
	same
	[ "$(there Box)" = 5 ]
	do_imap 'SELECT Box' 'STORE 1:* +FLAGS (\Flagged \Answered \Seen work)' >/dev/null
	sync
	is 0
	settled
}

@test "odd messages come and go whole" {
	do_imap 'CREATE Box' >/dev/null
	printf 'Subject: bare cr\r\n\r\na\rb\r\r\nc\r\n' | put Box
	printf 'Subject: \344\366\374 8bit\r\nX: \377\r\n\r\n\200\r\n' | put Box
	printf 'no header at all' | put Box
	printf '\r\n' | put Box
	printf 'Subject: only a header\r\n' | put Box
	sync
	is 0
	settled
	printf 'Subject: bare lf\n\nx\n' >"$M/Box/new/1.a.h"
	printf 'Subject: crlf\r\n\r\nx\r\n' >"$M/Box/new/2.a.h"
	printf 'Subject: mixed\r\n\nx\ny\r\nz\rw\n' >"$M/Box/new/3.a.h"
	printf 'Subject: no end' >"$M/Box/new/4.a.h"
	printf 'Subject: \344\n\n\377\376\n' >"$M/Box/new/5.a.h"
	sync
	is 0
	events 5 '^new~.*~local~'
	sync
	silent
	[ "$(there Box)" = 10 ]
}

@test "what IMAP cannot carry stays here, and is told" {
	do_imap 'CREATE Box' >/dev/null
	sync
	printf 'Subject: nul\n\na\0b\n' >"$M/Box/new/1.nul.h"
	: >"$M/Box/new/2.empty.h"
	local_mail Box good
	sync
	is 69
	says 1.nul.h
	[ "$(there Box)" -ge 1 ]
	[ -e "$M/Box/new/1.nul.h" ]
	[ -n "$(a_file Box good)" ]
	rm "$M/Box/new/1.nul.h" "$M/Box/new/2.empty.h"
	sync
	settled
}

@test "keywords: letters both ways; a letter without a name is kept" {
	fill INBOX 3 300
	do_imap 'SELECT INBOX' 'STORE 1 +FLAGS (one two)' 'STORE 2 +FLAGS (two)' >/dev/null
	sync
	is 0
	diff <(cut -d ' ' -f 2 "$M/INBOX/dovecot-keywords" | sort) <(printf 'one\ntwo\n')
	settled
	f=$(a_file INBOX fill-3)
	mv "$f" "$M/INBOX/cur/$(basename "$f" | sed 's/:2,.*//'):2,z"
	sync
	silent
	do_imap 'SELECT INBOX' 'STORE 3 +FLAGS (\Answered)' >/dev/null
	sync
	is 0
	[[ $(a_file INBOX fill-3) = *:2,Rz ]]
	sync
	silent
	[[ $(a_file INBOX fill-3) = *:2,Rz ]]
}

@test "a file that was taken out and brought back is sent again" {
	fill INBOX 5 300
	sync
	f=$(a_file INBOX fill-2)
	mv "$f" kept
	sync
	is 0
	[ "$(there INBOX)" = 4 ]
	mv kept "$f"
	sync
	is 0
	events 1 '^new~.*~local~'
	[ "$(there INBOX)" = 5 ]
	settled
}

@test "a directory that has the number of a removed one is not taken for it" {
	fill INBOX 3 300
	fill Box 3 300
	sync
	rm -r "$M/Box"/*
	mkdir "$M/Box/cur" "$M/Box/new" "$M/Box/tmp"
	mv "$M/Box" "$M/Other"
	sync
	is 65
	[ "$(there Box)" = 3 ]
}

@test "a folder with folders below it is renamed, here and there" {
	for box in top top/one top/two; do fill "$box" 2 300; done
	sync
	mv "$M/top" "$M/tip"
	sync
	is 0
	events 3 '^mailbox-renamed~.*~local~'
	events 3 .
	settled
	do_imap 'RENAME tip tap' >/dev/null
	sync
	is 0
	events 3 '^mailbox-renamed~.*~remote~'
	events 3 .
	settled
	[ -d "$M/tap/two/cur" ] && [ ! -e "$M/tip" ]
}

@test "SIGTERM in a large first run: 75, and the next one goes on" {
	fill INBOX 4000 3000
	mkfifo events
	lm-sync -c conf me >events 2>err 3>&- &
	pid=$!
	exec 9<events
	read -r _ <&9
	kill -TERM "$pid"
	cat <&9 >rest
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 75 ] || { echo "code $code"; cat err; false; }
	had=$(count INBOX)
	[ "$had" -gt 0 ] && [ "$had" -lt 4000 ]
	sync
	is 0
	[ "$(count INBOX)" = 4000 ]
	[ "$(find "$M/INBOX/tmp" -type f | wc -l)" = 0 ]
	settled
}

@test "SIGTERM while much is sent: 75, and the next run goes on" {
	do_imap 'CREATE Box' >/dev/null
	sync
	for k in $(seq 600); do message "m$k" >"$M/Box/new/$k.x.h"; done
	mkfifo events
	lm-sync -c conf me >events 2>err 3>&- &
	pid=$!
	exec 9<events
	read -r _ <&9
	kill -TERM "$pid"
	cat <&9 >rest
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 75 ] || { echo "code $code"; cat err; false; }
	sync
	is 0
	[ "$(there Box)" = 600 ]
	settled
}

@test "a disk that takes no more: 74, nothing is lost, and it goes on afterwards" {
	fill INBOX 3 300
	sync
	"$BATS_TEST_DIRNAME/lab/bigmail" 2 | put INBOX
	local_mail INBOX mine
	run --separate-stderr bash -c 'ulimit -f 400; exec lm-sync -c conf me'
	is 74
	[ -n "$(a_file INBOX mine)" ]
	[ "$(find "$M/INBOX/tmp" -type f | wc -l)" = 0 ]
	sync
	is 0
	[ "$(there INBOX)" = 5 ]
	settled
}

@test "a directory that must not be written" {
	[ "$(id -u)" != 0 ] || skip 'root may write everywhere'
	fill INBOX 3 300
	sync
	remote_mail INBOX fresh
	chmod 500 "$M/INBOX/tmp" "$M/INBOX/new" "$M/INBOX/cur"
	sync
	is 74
	says INBOX
	chmod 700 "$M/INBOX/tmp" "$M/INBOX/new" "$M/INBOX/cur"
	sync
	is 0
	settled
}

@test "a Maildir that mbsync made is taken over without fetching or sending" {
	fill INBOX 12 2000
	fill Box 4 300
	cat >mbsyncrc <<-END
		IMAPAccount me
		Host localhost
		Port $LAB_IMAPS_PORT
		User $ME
		Pass $LAB_PASS
		SSLType IMAPS
		CertificateFile $LAB_CA

		IMAPStore r
		Account me

		MaildirStore l
		Path $M/
		Inbox $M/INBOX
		SubFolders Verbatim

		Channel c
		Far :r:
		Near :l:
		Patterns *
		Create Near
		SyncState *
	END
	mkdir "$M"
	mbsync -q -c mbsyncrc c
	[ "$(count INBOX)" = 12 ]
	sync
	is 0
	events 0 '^new'
	[ "$(count INBOX)" = 12 ]
	[ "$(there INBOX)" = 12 ]
	# the files stay as mbsync made them, with a line of its own in the header
	sync
	silent
	do_imap 'SELECT INBOX' 'STORE 1 +FLAGS (\Flagged)' >/dev/null
	rm "$(a_file INBOX fill-2)"
	f=$(a_file INBOX fill-4)
	mv "$f" "$M/Box/cur/"
	sync
	is 0
	events 2 '^gone~.*~local~'
	events 1 '^new~.*/Box;.*~local~'
	events 1 '^flags~.*UID=1~.*Flagged.*~remote~'
	[ "$(there INBOX)" = 10 ] && [ "$(there Box)" = 5 ]
}

@test "mblaze and Dovecot read the result, and what they do to it goes to the server" {
	fill INBOX 6 400
	sync
	[ "$(mlist "$M/INBOX" | wc -l)" = 6 ]
	mshow "$(a_file INBOX fill-3)" | grep -q 'Subject: Message 3'
	mkdir -p "$M/Old/cur" "$M/Old/new" "$M/Old/tmp"
	mflag -R "$(a_file INBOX fill-4)" >/dev/null
	mrefile "$(a_file INBOX fill-5)" "$M/Old"
	sync
	is 0
	events 1 '^flags~.*UID=4~.*Answered'
	events 1 '^gone~.*UID=5~'
	settled
}

@test "Dovecot serves the same directory, and what it does there goes to the server" {
	M=$LAB_RUN/maildir-$ME
	config "$LAB_IMAPS_PORT"
	fill INBOX 6 400
	do_imap 'SELECT INBOX' 'STORE 2 +FLAGS (work)' >/dev/null
	sync
	is 0
	owner=$(stat -c %u:%g "$LAB_RUN/mail/$ME")
	# its own indexes elsewhere; as the user that it runs as
	dove() {
		chown -R "$owner" "$M" || :
		adm -o "mail_location=maildir:$M/INBOX:INDEX=MEMORY" -o mail_plugins= -o mail_attribute_dict= "$@"
	}
	[ "$(dove search -u "$ME" mailbox INBOX all | wc -l)" = 6 ]
	dove fetch -u "$ME" flags mailbox INBOX header Message-ID '<fill-2@localhost>' | grep -q work
	dove flags add -u "$ME" '\Answered' mailbox INBOX header Message-ID '<fill-1@localhost>'
	dove expunge -u "$ME" mailbox INBOX header Message-ID '<fill-3@localhost>'
	sync
	is 0
	events 1 '^flags~.*UID=1~.*Answered.*~local~'
	events 1 '^gone~.*UID=3~local~'
	settled
	rm -r "$M"
}

@test "output that nobody takes is an error, and nothing is lost by it" {
	fill INBOX 3 300
	run bash -c 'lm-sync -c conf me >/dev/full'
	[ "$status" -eq 74 ]
	sync
	is 0
	settled
}

@test "wrong use" {
	run --separate-stderr lm --pull --push me
	is 64
	run --separate-stderr lm nobody
	[ "$status" -eq 64 ] || [ "$status" -eq 78 ]
	run --separate-stderr lm --nonsense
	is 64
	sed -i /maildir/d conf
	sync
	is 78
	says maildir
}

@test "--help, --json" {
	run lm-sync --help
	[ "$status" -eq 0 ]
	[[ $output = usage:* ]]
	fill INBOX 2 200
	sync --json
	is 0
	python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    assert set(event) == {"event", "url", "side", "path"}, event' <<<"$output"
}

@test "the examples of the manual" {
	fill INBOX 3 300
	sync
	# lm-idle work | lm-sync -
	sh -c 'echo $$ >pid; exec lm-idle -c conf me' 2>idle.err 3>&- | lm-sync -c conf - >out 2>err 3>&- &
	local pair=$! # a bare wait would be for the watch over this test, too
	for k in $(seq 300); do
		[ $((k % 30)) -ne 5 ] || remote_mail INBOX "pushed-$k"
		! grep -q '^new' out || break
		sleep 0.1
	done
	kill "$(cat pid)"
	wait "$pair" || :
	grep -q "^new.*/INBOX;" out
	# cron
	run --separate-stderr lm-sync -c conf -q me
	silent
	# a message that mblaze files away
	mkdir -p "$M/Old/cur" "$M/Old/new" "$M/Old/tmp"
	mlist "$M/INBOX" | head -n 1 | xargs -I {} mrefile {} "$M/Old"
	sync
	is 0
	events 1 '^new~.*/Old;.*~local~'
	events 1 '^gone~.*/INBOX;.*~local~'
	# a fresh start
	rm "$M/.lm-state"
	sync
	is 0
	settled
}

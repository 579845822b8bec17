#!/usr/bin/env bats
# lm-mbox against Dovecot, and against servers that offer more, refuse, and break.
load common

bats_require_minimum_version 1.5.0

setup_file() { lab_up dovecot; }
teardown_file() { lab_down; }
setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	box=$(mailbox box)
	at=imap://alice@localhost
}
teardown() { fake_teardown; }

# Without a terminal, so that nobody can be asked.
mbox() { setsid -w lm-mbox -c "$LAB_CONFIG" "$@"; }

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
# says TEXT: it is on standard error.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
# quiet: nothing is on standard error.
quiet() { [ -z "$stderr" ] || { echo "on stderr: $stderr"; return 1; }; }
# prints LINE...: these are the lines of the output, TABs written as blanks; a "*" in them stands for anything.
prints() {
	local i=0 line
	[ "${#lines[@]}" -eq $# ] || { printf 'not %d lines:\n%s\n' $# "$output"; return 1; }
	for line; do
		# shellcheck disable=SC2053
		[[ ${lines[i]//$'\t'/ } = $line ]] || { printf '"%s" is not "%s"\n' "${lines[i]}" "$line"; return 1; }
		i=$((i + 1))
	done
}
# there NAME, gone NAME: as IMAP itself sees it (the name as on the wire).
there() { imap "STATUS \"$1\" (UIDVALIDITY)" | grep 'UIDVALIDITY' >/dev/null || { echo "$1 is not there"; return 1; }; }
gone() { ! imap "STATUS \"$1\" (UIDVALIDITY)" | grep 'UIDVALIDITY'; }
uidvalidity() { imap "STATUS \"$1\" (UIDVALIDITY)" | sed -n 's/.*(UIDVALIDITY \([0-9]*\)).*/\1/p'; }
subscribed() { imap 'LSUB "" "*"' | grep -F " $1" >/dev/null; }

# serves CAPABILITIES < script: a server whose script goes on after the login; account "fake" in the file "own".
serves() {
	local caps
	read -ra caps <<<"$1"
	fake_start < <(printf '%s\n' may-hangup "imap-login ${caps[*]}"; cat; echo imap-logout) || return 1
	printf 'account fake\n imap imap://alice@127.0.0.1:%s\n tls insecure\n password secret\n' "$FAKE_PORT" >own
	chmod 600 own
}
fake_mbox() { setsid -w lm-mbox -c own "$@"; }

@test "create: several at once, with blanks, umlauts and levels" {
	run --separate-stderr mbox create "alice/$box" "alice/Entwürfe $box" "alice/$box/a/b"
	is 0
	quiet
	prints "mailbox-new $at/$box;UIDVALIDITY=$(uidvalidity "$box")" \
		"mailbox-new $at/Entw%C3%BCrfe%20$box;UIDVALIDITY=$(uidvalidity "Entw&APw-rfe $box")" \
		"mailbox-new $at/$box/a/b;UIDVALIDITY=$(uidvalidity "$box/a/b")"
	# one that is there is refused, and the others are made
	run --separate-stderr mbox create "alice/$box" "alice/$box/c"
	is 69
	prints "mailbox-new $at/$box/c;UIDVALIDITY=*"
	says "lm-mbox: alice/$box: CREATE: NO [ALREADYEXISTS]"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	# a UIDVALIDITY of the past does not count
	run --separate-stderr mbox create "$at/$box/d;UIDVALIDITY=1"
	is 0
	prints "mailbox-new $at/$box/d;UIDVALIDITY=$(uidvalidity "$box/d")"
}

@test "all that can go in one flight does" {
	run mbox -vv create "alice/$box" "alice/$box-2"
	is 0
	[ "$(grep -E '^imap[<>]' <<<"$output" | grep -A3 '^imap> .* CREATE' | head -n 4 | grep -c '^imap>')" -eq 4 ]
	run mbox -vv delete -f "alice/$box" "alice/$box-2"
	is 0
	[ "$(grep -E '^imap[<>]' <<<"$output" | grep -A3 '^imap> .* STATUS' | head -n 4 | grep -c '^imap>')" -eq 4 ]
}

@test "delete: an empty one goes, one with mail needs -f" {
	mbox create "alice/$box" "alice/$box-mail" >/dev/null
	was=$(uidvalidity "$box") mail=$(uidvalidity "$box-mail")
	a_message x | deliver "$box-mail"
	a_message y | deliver "$box-mail"
	run --separate-stderr mbox delete "alice/$box-mail" "alice/$box"
	is 64
	prints "mailbox-gone $at/$box;UIDVALIDITY=$was"
	says "lm-mbox: alice/$box-mail: 2 messages are in it: give -f to delete it"
	gone "$box"
	there "$box-mail"
	run --separate-stderr mbox delete -f "alice/$box-mail"
	is 0
	quiet
	prints "mailbox-gone $at/$box-mail;UIDVALIDITY=$mail"
	gone "$box-mail"
}

@test "delete: what is not there, and what only holds others" {
	run --separate-stderr mbox delete "alice/$box-none" alice/none/at/all
	is 69
	says "alice/$box-none: whether mail is in it is not known (-f deletes it all the same): STATUS: NO"
	[ "$(wc -l <<<"$stderr")" -eq 2 ]
	[ -z "$output" ]
	mbox create "alice/$box/a" >/dev/null
	run --separate-stderr mbox delete "alice/$box"
	is 69
	there "$box/a"
	run --separate-stderr mbox delete -f "alice/$box-none"
	is 65
	says "alice/$box-none: DELETE: NO"
}

# on_terminal ANSWER COMMAND...: runs it with a terminal of its own, on which somebody types.
on_terminal() {
	/usr/bin/python3 - "$@" <<-'END'
		import os, pty, sys
		answer, command = sys.argv[1], sys.argv[2:]
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(command[0], command)
		seen = b""
		while True:
		    try:
		        octets = os.read(fd, 4096)
		    except OSError:
		        break
		    if not octets:
		        break
		    if seen.count(b"[y/N] ") < (seen + octets).count(b"[y/N] "):
		        os.write(fd, answer.encode() + b"\n")
		    seen += octets
		sys.stdout.write(seen.decode().replace("\r", ""))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

@test "delete: the person at the terminal is asked" {
	mbox create "alice/$box" >/dev/null
	a_message x | deliver "$box"
	for answer in n '' no; do
		run on_terminal "$answer" lm-mbox -c "$LAB_CONFIG" delete "alice/$box"
		is 0
		[[ $output = *"lm-mbox: delete alice/$box with 1 message in it? [y/N] "* ]] || { echo "$output"; false; }
		[[ $output != *mailbox-gone* ]]
		there "$box"
	done
	run on_terminal y lm-mbox -c "$LAB_CONFIG" delete "alice/$box"
	is 0
	[[ $output = *"mailbox-gone	$at/$box;UIDVALIDITY="* ]]
	gone "$box"
}

@test "rename: pairs; what is below goes along; of INBOX only the mail goes" {
	mbox create "alice/$box/a" "alice/ü$box" >/dev/null
	run --separate-stderr mbox rename "alice/$box" "alice/$box-new" "alice/ü$box" "alice/$box-u"
	is 0
	quiet
	prints "mailbox-renamed $at/$box $at/$box-new" \
		"mailbox-renamed $at/%C3%BC$box;UIDVALIDITY=* $at/$box-u;UIDVALIDITY=$(uidvalidity "$box-u")"
	there "$box-new/a"
	gone "$box/a"
	a_message x | deliver INBOX
	run --separate-stderr mbox rename alice/INBOX "alice/$box-in"
	is 0
	prints "mailbox-new $at/$box-in;UIDVALIDITY=$(uidvalidity "$box-in")"
	there INBOX
	imap "STATUS $box-in (MESSAGES)" | grep 'MESSAGES 1'
	for bad in "rename alice/$box" "rename alice/a alice/b alice/c" "rename alice/a -"; do
		# shellcheck disable=SC2086
		run --separate-stderr mbox $bad
		is 64
	done
	run --separate-stderr mbox rename "alice/$box-u" "bob/$box"
	is 64
	says "alice/$box-u: in another account than bob/$box"
	there "$box-u"
	run --separate-stderr mbox rename "alice/$box-none" "alice/$box-x" "alice/$box-u" "alice/$box-y"
	is 65
	prints "mailbox-renamed * $at/$box-y;*"
}

@test "subscribe, unsubscribe" {
	mbox create "alice/$box" >/dev/null
	run --separate-stderr mbox subscribe "alice/$box" "alice/$box-none"
	is 69
	prints "subscribed $at/$box;UIDVALIDITY=$(uidvalidity "$box")"
	subscribed "$box"
	run --separate-stderr mbox unsubscribe "alice/$box"
	is 0
	prints "unsubscribed $at/$box;UIDVALIDITY=$(uidvalidity "$box")"
	run subscribed "$box"
	[ "$status" -ne 0 ]
}

@test "a stale URL is an error, and nothing is done to the mailbox" {
	mbox create "alice/$box" "alice/$box-2" >/dev/null
	stale="$at/$box;UIDVALIDITY=1"
	right="$at/$box-2;UIDVALIDITY=$(uidvalidity "$box-2")"
	for verb in delete 'delete -f' subscribe unsubscribe; do
		# shellcheck disable=SC2086
		run --separate-stderr mbox $verb "$stale"
		is 65
		[ -z "$output" ]
		says "alice/$box: stale URL: its UIDVALIDITY is $(uidvalidity "$box") now, not 1"
	done
	run --separate-stderr mbox rename "$stale" "alice/$box-3" "$right" "alice/$box-4"
	is 65
	prints "mailbox-renamed $right $at/$box-4;UIDVALIDITY=*"
	there "$box"
	gone "$box-3"
}

@test "standard input: URLs in lines, pairs with a TAB" {
	run --separate-stderr mbox create - <<-END
		alice/$box
		mailbox-gone	$at/$box/x;UIDVALIDITY=3

		alice/$box/y
	END
	is 0
	prints "mailbox-new $at/$box;*" "mailbox-new $at/$box/x;*" "mailbox-new $at/$box/y;*"
	run --separate-stderr mbox rename - <<-END
		alice/$box/x	alice/$box/z
		alice/$box/y
		alice/$box/y	$at/$box/blank%20in%20it

		a	b	c
	END
	is 65
	prints "mailbox-renamed $at/$box/x;* $at/$box/z;*" "mailbox-renamed * $at/$box/blank%20in%20it;*"
	[ "$(grep -c 'not two names with a TAB between' <<<"$stderr")" -eq 2 ]
	# what is no line is told by its number
	run --separate-stderr mbox subscribe - < <(head -c 70000 /dev/zero | tr '\0' x; printf '\nalice/\0\nalice/%s\n' "$box")
	is 65
	prints "subscribed $at/$box;*"
	[ "$stderr" = $'lm-mbox: standard input, line 1: too long\nlm-mbox: standard input, line 2: has a NUL in it' ]
	# the output is an input
	run --separate-stderr bash -c "lm-list -c '$LAB_CONFIG' 'alice/$box*' | setsid -w lm-mbox -c '$LAB_CONFIG' delete -"
	is 0
	[ "${#lines[@]}" -eq 3 ]
	gone "$box"
}

@test "more than a flight holds, over two accounts" {
	for i in $(seq 50); do echo "alice/$box/$i"; done >list
	echo "bob/$box" >>list
	run --separate-stderr mbox create - <list
	is 0
	[ "${#lines[@]}" -eq 51 ]
	[[ ${lines[49]} = *"/$box/50;UIDVALIDITY="* && ${lines[50]} = *"imap://bob@localhost/$box;UIDVALIDITY="* ]]
	run --separate-stderr mbox delete - <<<"$output"
	is 0
	[ "${#lines[@]}" -eq 51 ]
}

@test "--json" {
	run --separate-stderr mbox create --json "alice/$box"
	is 0
	prints "{\"event\":\"mailbox-new\",\"url\":\"$at/$box;UIDVALIDITY=$(uidvalidity "$box")\"}"
	run --separate-stderr mbox --json rename "alice/$box" "alice/$box-2"
	is 0
	prints "{\"event\":\"mailbox-renamed\",\"url\":\"$at/$box;UIDVALIDITY=*\",\"to\":\"$at/$box-2;UIDVALIDITY=*\"}"
}

@test "--use: CREATE-SPECIAL-USE, or a refusal before anything is sent" {
	run --separate-stderr mbox create --use '\Archive' "alice/$box"
	is 69
	says "alice/$box: the server has no CREATE-SPECIAL-USE"
	gone "$box"
	serves 'SPECIAL-USE CREATE-SPECIAL-USE' <<-'END'
		expect-cmd CREATE mine \(USE \(\\Archive \\Sent\)\)
		set first ${tag}
		expect-cmd STATUS mine \(MESSAGES UIDVALIDITY\)
		set second ${tag}
		expect-cmd CREATE yours \(USE \(\\Archive \\Sent\)\)
		set third ${tag}
		expect-cmd STATUS yours \(MESSAGES UIDVALIDITY\)
		send ${first} OK
		send * STATUS mine (UIDVALIDITY 7 MESSAGES 0)
		send ${second} OK
		send ${third} NO [USEATTR] one is enough
		no
	END
	run --separate-stderr fake_mbox create --use sent --use '\ARCHIVE' fake/mine fake/yours
	is 69
	prints 'mailbox-new imap://alice@127.0.0.1/mine;UIDVALIDITY=7'
	says 'fake/yours: CREATE: NO [USEATTR] one is enough'
	fake_wait
	for bad in '' "\\" Inbox '\Noselect' '\Subscribed' 'Sent Trash'; do
		run --separate-stderr mbox create --use "$bad" "alice/$box"
		is 64
	done
	run --separate-stderr mbox delete --use sent "alice/$box"
	is 64
}

@test "the connection breaks: what was answered is told, the rest may be done or not" {
	serves '' <<-'END'
		expect-cmd CREATE a
		ok
		expect-cmd STATUS a .*
		send * STATUS a (UIDVALIDITY 7)
		ok
		expect-cmd CREATE b
		close
	END
	run --separate-stderr fake_mbox create fake/a fake/b fake/c
	is 75
	prints 'mailbox-new imap://alice@127.0.0.1/a;UIDVALIDITY=7'
	says 'fake/b: '
	says 'fake/c: '
}

@test "what a server says does not reach the terminal raw" {
	serves '' <<-'END'
		auto STATUS .* => no
		expect-cmd CREATE .*
		no [X-\x1b] \x1b]0;x\x07 no
	END
	run --separate-stderr fake_mbox create fake/a
	is 69
	[[ $stderr != *$'\x1b'* && $stderr != *$'\x07'* ]]
	says 'fake/a: CREATE: NO'
}

@test "what is no mailbox, no account, no verb" {
	run --separate-stderr mbox create alice "$at/INBOX/;UID=1" nobody/x "alice/$box"
	is 65
	prints "mailbox-new $at/$box;*"
	says 'alice: an account, not a mailbox'
	says "$at/INBOX/;UID=1: a URL of a message, not of a mailbox"
	says 'nobody/x: '
	for bad in '' make 'create' 'create -f alice/x' 'subscribe --use sent alice/x' '--nothing' 'create --use'; do
		# shellcheck disable=SC2086
		run --separate-stderr mbox $bad
		is 64
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run --separate-stderr lm-mbox --help
	is 0
	[[ $output = 'usage: lm-mbox create '* ]]
	run --separate-stderr lm-mbox --version
	is 0
	[[ $output = 'lm-mbox '* ]]
}

@test "the manual's examples" {
	sed 's/^account alice$/account work/' "$LAB_CONFIG" >own
	chmod 600 own
	mbox create alice/old/a alice/old/b >/dev/null
	local n=0 line
	while read -r line; do
		n=$((n + 1))
		run --separate-stderr bash -c "lm-list() { command lm-list -c own \"\$@\"; }; lm-mbox() { command setsid -w lm-mbox -c own \"\$@\"; }; $line"
		is 0
		case $n in
		1) prints "subscribed $at/lists/c;UIDVALIDITY=*" && subscribed lists/c ;;
		2) [ "$(grep -c mailbox-gone <<<"$output")" -eq 2 ] && gone old/a ;;
		3) prints "mailbox-renamed $at/lists/c;* $at/archive/c;*" ;;
		esac || { echo "$line: $output $stderr"; false; }
	done < <(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-mbox.1")
	[ "$n" -eq 3 ]
}

@test "a writer that pauses does not wait for the end of its input" {
	mkfifo in
	mbox create - <in >out 3>&- &
	pid=$!
	exec 9>in
	echo "alice/$box-1" >&9
	for _ in $(seq 200); do [ -s out ] && break; sleep 0.05; done
	[ "$(wc -l <out)" -eq 1 ]
	there "$box-1"
	echo "alice/$box-2" >&9
	exec 9>&-
	wait "$pid"
	[ "$(wc -l <out)" -eq 2 ]
	there "$box-2"
}

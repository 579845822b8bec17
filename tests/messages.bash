# messages: what the tests of lm-flag, lm-mv and lm-rm share. `load messages`, after common.
# shellcheck shell=bash

# labs_up: three Dovecots: one with everything, one with UIDPLUS but no MOVE, and a quota of 12 MB, one with neither.
labs_up() {
	export LABS
	LABS=$(mktemp -d /tmp/lmt.XXXXXX)
	"$BATS_TEST_DIRNAME/lab/lab" start "$LABS/lab" dovecot 3>&-
	# shellcheck disable=SC2016
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR LITERAL+ UIDPLUS' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/nomove" dovecot -- \
		'protocol imap {' '  mail_plugins = $mail_plugins imap_zlib quota' '}' \
		'plugin {' '  quota = count:User quota' '  quota_rule = *:storage=12M' '  quota_vsizes = yes' '}' 3>&-
	LAB_IMAP_CAPABILITY='IMAP4rev1 SASL-IR' "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/plain" dovecot 3>&-
}
labs_down() {
	local k
	for k in nomove plain; do
		[ ! -d "$LABS/$k" ] || "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/$k"
	done
	lab_down
}

# messages_setup: a home, a directory and a mailbox of the test's own, whose server is the first one.
messages_setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
	use lab
	box=$(mailbox box)
}

# examples PAGE N: the examples of the page, of which there are N, as example[]; their accounts are work and home, and INBOX has eight messages.
examples() {
	mkdir -p "$HOME/.config/lm"
	sed 's/^account alice$/account work/; s/^account bob$/account home/' "$LAB_CONFIG" >"$HOME/.config/lm/config"
	chmod 600 "$HOME/.config/lm/config"
	fill INBOX 8 500
	mapfile -t example < <(sed -n 's/^\.Dl \$ //p' "${LM_TOP:-$BATS_TEST_DIRNAME/..}/man/$1")
	[ "${#example[@]}" -eq "$2" ]
}

# use LAB: from here on in this test, that one.
use() {
	lab=$LABS/$1
	set -a
	# shellcheck disable=SC1091
	. "$lab/env"
	set +a
}
imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$lab" "${user:-alice}" "$@"; }
deliver() { "$BATS_TEST_DIRNAME/lab/deliver" "$lab" "${user:-alice}" "$@"; }
fill() { "$BATS_TEST_DIRNAME/lab/fill" "$lab" "${user:-alice}" "$@"; }

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }
# says TEXT: it is on standard error. prints TEXT: on standard output, a line of it.
says() { [[ $stderr = *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$stderr"; return 1; }; }
prints() { grep -qxF -- "$1" <<<"$output" || { printf 'no line "%s" in:\n%s\n' "$1" "$output"; return 1; }; }
# faults N: so many lines on standard error; rows N: on standard output.
faults() { [ "$(grep -c . <<<"$stderr")" -eq "$1" ] || { printf 'not %d faults:\n%s\n' "$1" "$stderr"; return 1; }; }
rows() { [ "$(grep -c . <<<"$output")" -eq "$1" ] || { printf 'not %d lines:\n%s\n' "$1" "$output"; return 1; }; }

# refuses CODE TEXT COMMAND...: that status, one line with that text, nothing on stdout.
refuses() {
	local code=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	is "$code" && says "$text" && faults 1 && rows 0
}

# root MAILBOX: the URL of its messages up to the UID.
root() {
	local v
	v=$(imap "STATUS \"$1\" (UIDVALIDITY)" | sed -n 's/.*UIDVALIDITY \([0-9]*\).*/\1/p')
	printf 'imap://%s@localhost/%s;UIDVALIDITY=%s/;UID=' "${user:-alice}" "$1" "$v"
}
# flags MAILBOX UID: its flags, sorted, without \Recent. uids MAILBOX: those of all its messages.
flags() {
	imap "EXAMINE \"$1\"" "UID FETCH $2 (FLAGS)" | sed -n 's/.*FETCH .*FLAGS (\([^)]*\)).*/\1/p' | tail -n 1 |
		tr ' ' '\n' | grep -v Recent | sort | tr '\n' ' ' | sed 's/ $//'
}
uids() { imap "EXAMINE \"$1\"" 'UID SEARCH ALL' | tr -d '\r' | sed -n 's/^\* SEARCH *//p'; }
subjects() { imap "EXAMINE \"$1\"" 'UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])' | tr -d '\r' | sed -n 's/^Subject: //p' | tr '\n' ','; }

# configure PORT: the account a of a fake on that port, in ./config.
configure() {
	printf 'account a\n imap imap://alice@127.0.0.1:%d\n url-authority h\n auth plain\n password secret\n tls insecure\n timeout 10\n' "$1" >config
	chmod 600 config
}
# fake CAPABILITY... -- LINE...: a server whose mailbox has UIDVALIDITY 7, and then this script.
fake() {
	local caps=()
	while [ "$1" != -- ]; do caps+=("$1"); shift; done
	shift
	fake_start < <(
		printf '%s\n' may-hangup "imap-login ${caps[*]}" "expect-cmd (SELECT|EXAMINE) box" 'send * 3 EXISTS' \
			'send * OK [UIDVALIDITY 7] x' "${SELECTED:-ok [READ-WRITE] x}" "$@" imap-logout
	)
	configure "$FAKE_PORT"
}

# rss LIMIT COMMAND...: runs it; fails when it took more than so many KiB.
rss() {
	/usr/bin/python3 -c '
import os, resource, subprocess, sys
r = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if used > int(sys.argv[1]) and "LM_ASAN" not in os.environ:
    sys.exit("%d KiB resident" % used)
sys.exit(r)' "$@"
}
# commands TRACE: how many went out after the login, of -vv.
commands() { grep -aoE '^imap> a[0-9]+ [A-Z]+( (STORE|FETCH|SEARCH|MOVE|COPY|EXPUNGE))?' "$1" | sed 's/^imap> a[0-9]* //' | grep -c "^$2\$"; }

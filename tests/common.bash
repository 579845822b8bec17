# common: what the bats files of the programs share. `load common`.
# shellcheck shell=bash

# lab_up SERVER...: starts a lab for this file; lab_down ends it.
lab_up() {
	export LABS
	LABS=$(mktemp -d /tmp/lmt.XXXXXX)
	"$BATS_TEST_DIRNAME/lab/lab" start "$LABS/lab" "$@" 3>&-
}

lab_down() {
	[ -d "$LABS/lab" ] && "$BATS_TEST_DIRNAME/lab/lab" stop "$LABS/lab"
	rm -rf "$LABS"
}

# lab_env: the lab's names, and a home of its own for each test.
lab_env() {
	set -a
	# shellcheck disable=SC1091
	. "$LABS/lab/env"
	set +a
	home_of_its_own
}

home_of_its_own() {
	export HOME=$BATS_TEST_TMPDIR XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
	unset XDG_CONFIG_HOME
}

# deliver MAILBOX [FLAG...] < message
deliver() { "$BATS_TEST_DIRNAME/lab/deliver" "$LABS/lab" alice "$@"; }

# mailbox NAME: a mailbox of this test's own.
mailbox() { printf '%s-%s' "$1" "$BATS_TEST_NUMBER"; }

# crlf: text with LF on standard input to mail lines.
crlf() { sed 's/$/\r/'; }

# a_message SUBJECT: a small message with an attachment.
a_message() {
	crlf <<-END
		From: Carol <carol@example.net>
		To: Alice <alice@localhost>
		Subject: $1
		Date: Tue, 24 Nov 2026 10:00:00 +0000
		Message-ID: <${2:-original}@example.net>
		X-Secret: must not leak
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary="orig"

		--orig
		Content-Type: text/plain; charset=utf-8

		Hello Alice.
		--orig
		Content-Type: application/octet-stream; name="a.bin"
		Content-Disposition: attachment; filename="a.bin"
		Content-Transfer-Encoding: base64

		AAECAwQFBgcICQoLDA0ODw==
		--orig--
	END
}

# sink_count: messages that the sink holds. sink_wait N: until it holds N. sink_last: the newest.
sink_count() { find "$LAB_SINK_DIR" -name '*.env' | wc -l; }
sink_wait() {
	local i
	for i in $(seq 100); do
		[ "$(sink_count)" -ge "$1" ] && return 0
		sleep 0.05
	done
	return 1
}
sink_last() { find "$LAB_SINK_DIR" -name '*.eml' | sort | tail -n 1; }
sink_last_env() { find "$LAB_SINK_DIR" -name '*.env' | sort | tail -n 1; }

# imap COMMAND...: each a line for IMAP as alice, in the clear on loopback; the server's answers come out.
imap() { "$BATS_TEST_DIRNAME/lab/imapdo" "$LABS/lab" alice "$@"; }

# one_line: the output of `run` is one line.
one_line() { [ "${#lines[@]}" -eq 1 ] || { printf 'not one line:\n%s\n' "$output"; return 1; }; }

#!/usr/bin/env bats
# Every command of README.md, run against the lab as it stands there: only the account's servers are the lab's, and
# UID 25627 is the UID of a message that is there.
load common

bats_require_minimum_version 1.5.0

setup_file() { lab_up dovecot sink; }
teardown_file() { lab_down; }
setup() {
	lab_env
	readme=$BATS_TEST_DIRNAME/../README.md
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p "$HOME/.config/lm"
	{
		sed -n '/^account alice$/,/^$/ { s/^account alice$/account work/; /^$/d; p }' "$LAB_CONFIG"
		sed -n '/^    account work$/,/^$/ { s/^    //; /^ *maildir /p }' "$readme"
	} >"$HOME/.config/lm/config"
	chmod 600 "$HOME/.config/lm/config"
	printf '[user]\nname = Alice\nemail = alice@localhost\n' >"$HOME/.gitconfig"
}

# command TEXT: the first command of the README that has this in it, all of its lines.
command_with() {
	awk -v text="$1" '
		/^    \$ / { if (index(c, text)) exit; c = substr($0, 7); next }
		/^     +[^ ]/ && c != "" { c = c "\n" $0; next }
		{ if (index(c, text)) exit; c = "" }
		END { if (index(c, text)) print c }' "$readme" | sed "s/25627/${uid-1}/g"
}

# try TEXT: runs that command; it must exit with 0.
try() {
	local c
	c=$(command_with "$1")
	[ -n "$c" ] || { echo "no command with $1"; return 1; }
	tried "$1"
	run --separate-stderr bash -c "set -o pipefail; $c"
	[ "$status" -eq 0 ] || { printf '%s\nexit status %d:\n%s\n%s\n' "$c" "$status" "$output" "$stderr"; return 1; }
}

# tried TEXT: keeps a list of what is run, for the last test.
tried() { command_with "$1" | head -n 1 >>"$LABS/tried"; }

# newest MAILBOX: the UID of its newest message.
newest() { lm-search -r max "work/$1" | sed 's/.*;UID=//'; }

# a_pdf SUBJECT FROM
a_pdf() {
	crlf <<-END
		From: $2
		To: Alice <alice@localhost>
		Subject: $1
		Message-ID: <$RANDOM.$RANDOM@example.net>
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary="b"

		--b
		Content-Type: text/plain; charset=utf-8
		Content-Transfer-Encoding: quoted-printable

		Caf=C3=A9 at ten.
		--b
		Content-Type: application/pdf; name="paper.pdf"
		Content-Disposition: attachment; filename="paper.pdf"
		Content-Transfer-Encoding: base64

		cGFwZXIK
		--b--
	END
}

# in_inbox SUBJECT FROM: such a message; sets uid.
in_inbox() {
	a_pdf "$@" | deliver INBOX
	uid=$(newest INBOX)
}

# soon COMMAND...: within 2 s it succeeds.
soon() {
	local i
	for i in $(seq 40); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

# tell_until COMMAND...: a message comes, and another until the command succeeds: nobody knows when lm-idle listens.
tell_until() {
	local i
	for i in $(seq 10); do
		in_inbox Told carol@example.net
		soon "$@" && return 0
	done
	echo "never: $*"
	return 1
}

# forwards TEXT: that command sends one message, with the octets of the PDF file.
forwards() {
	local before
	before=$(sink_count)
	try "$1" || return 1
	sink_wait $((before + 1))
	grep -q cGFwZXIK "$(sink_last)"
}

@test "the first example: a Maildir, and what would be done" {
	in_inbox Breakfast carol@example.net
	try 'lm-sync work'
	[[ $output = *new$'\t'imap://*/INBOX* ]]
	try mlist
	[[ $output = *Breakfast* ]]
	run --separate-stderr lm-sync -n work
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	grep -qF '`lm-sync -n work`' "$readme"
}

@test "lm-idle | lm-sync" {
	lm-sync -q work >/dev/null
	tried 'lm-idle work |'
	setsid bash -c "$(command_with 'lm-idle work |')" >out 2>err 3>&- &
	pid=$!
	tell_until grep -rq '^Subject: Told' Mail/work/INBOX
	kill -- "-$pid"
}

@test "lm-caps, lm-fwd, and the pipelines" {
	in_inbox Pictures carol@example.net
	tried 'lm-caps --profile'
	run bash -c "$(command_with 'lm-caps --profile')"
	[ "$status" -eq 69 ] # Dovecot has no CONVERT
	forwards "-m 'See the pictures.'"
	forwards 'lm-fwd -v'
	[[ $stderr = *lm-fwd:* ]]
	forwards 'lm-genurl --assembly'
	forwards 'lm-draft -f'
}

@test "lm-search into lm-fwd and lm-flag" {
	in_inbox Figures 'The boss <boss@example.net>'
	forwards 'from boss younger 7d'
	in_inbox 'Your newsletter' news@example.net
	try 'subject newsletter'
	[ "$(lm-search -o flags work/INBOX uid "$uid" | cut -f 2)" = '\Seen' ]
}

@test "lm-fetch" {
	in_inbox Papers carol@example.net
	try "lm-fetch -s 'work/INBOX/;UID=25627'"
	[[ $output = *text/plain*application/pdf*paper.pdf* ]]
	try 'lm-fetch -d'
	[[ $output = 'Café at ten.'* ]]
	mkdir -p papers
	try 'lm-fetch -O'
	[ "$(cat papers/paper.pdf)" = paper ]
}

@test "lm-idle and lm-mv" {
	tried 'lm-idle -e new'
	setsid bash -c "$(command_with 'lm-idle -e new')" >out 2>err 3>&- &
	pid=$!
	tell_until grep -q 'Café at ten' out
	kill -- "-$pid"
	a_pdf Old carol@example.net | deliver Old
	a_pdf Old carol@example.net >old
	imap "APPEND INBOX (\\Seen) \"01-Jan-2020 00:00:00 +0000\" {$(wc -c <old)+}
$(cat old)" >/dev/null
	try 'seen older 1y'
	[[ $output = *new$'\t'*/Archive\;* ]]
}

@test "lm-genurl, and git" {
	in_inbox Print carol@example.net
	try 'authuser'
	[[ $output = imap://*\;URLAUTH=authuser:* ]]
	git init -q repository
	cd repository
	try 'git config'
	echo change >file
	git add file
	git commit -q -m 'A change'
	n=$(sink_count)
	# as git send-email runs it
	git format-patch -1 --stdout | sh -c "$(git config sendemail.sendmailCmd) \"\$@\"" sh -f alice@localhost bob@localhost
	sink_wait $((n + 1))
	grep -q '^Subject: \[PATCH\] A change' "$(sink_last)"
}

@test "no command of the README was left out" {
	uid=1
	sed -n 's/^    \$ //p' "$readme" | sed 's/25627/1/g' | sort -u >all
	sed -E 's/;UID=[0-9]+/;UID=1/g' "$LABS/tried" | sort -u >those
	diff all those
}

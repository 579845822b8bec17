#!/usr/bin/env bats
# lm-sync with max-size: messages without their big parts, against the whole ones as Python's parser reads both (tests/lab/same_lean.py).
load common

bats_require_minimum_version 1.5.0

setup_file() { lab_up dovecot; }
teardown_file() { lab_down; }
setup() {
	lab_env
	cd "$BATS_TEST_TMPDIR" || return
	M=$BATS_TEST_TMPDIR/Mail BOX=$(mailbox Lean)
	printf 'account me\n imap imaps://%s@localhost:%s\n tls-ca %s\n password %s\n maildir %s\n fsync no\n max-size 2k\n mailboxes %s\n' \
		"$LAB_USER1" "$LAB_IMAPS_PORT" "$LAB_CA" "$LAB_PASS" "$M" "$BOX" >conf
	chmod 600 conf
}

lm() { lm-sync -c conf "$@"; }
# head_of SUBJECT TYPE: the header of a message
head_of() { printf 'From: Carol <carol@example.net>\nSubject: %s\nMessage-ID: <%s@localhost>\nX-Other: kept\n folded\nMIME-Version: 1.0\nContent-Type: %s\n' "$1" "$1" "$2"; }
# big N: base64 of N octets
big() { head -c "$1" /dev/zero | tr '\0' "${2:-x}" | base64; }
# part TYPE [FIELD...]: the header of a part; its body follows
part() { printf 'Content-Type: %s\n' "$1"; [ $# -lt 2 ] || printf '%s\n' "${@:2}"; echo; }
mixed() { head_of mixed 'multipart/mixed; boundary=b'; printf '\nbefore\n--b\n'; part 'text/plain; charset=utf-8'; printf 'Hello.\n--b\n'
	part 'application/pdf; name="a b.pdf"' 'Content-Transfer-Encoding: base64' 'Content-Disposition: attachment; filename="a b.pdf"' 'Content-Description: a scan'
	big 9000; printf -- '--b\n'; part 'image/png' 'Content-Transfer-Encoding: base64'; big 300; printf -- '--b--\nafter\n'; }
nested() { head_of nested 'multipart/mixed; boundary="outer=1"'; printf '\n--outer=1\n'; part 'multipart/alternative; boundary=in'; printf -- '--in\n'
	part text/plain; printf 'short\n--in\n'; part text/html; big 6000; printf -- '--in--\n--outer=1\n'; part message/rfc822
	mixed; printf -- '--outer=1\n'; part application/octet-stream 'Content-Transfer-Encoding: base64'; big 4000 y; printf -- '--outer=1--\n'; }
single() { head_of single 'application/octet-stream; name=x'; printf 'Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n'; big 9000; }
text() { head_of text 'text/plain; charset=utf-8'; echo; for k in $(seq 300); do echo "Line $k of a long text."; done; }

@test "the parts that are left are those over the limit, and all the rest is as it was" {
	local kind file
	for kind in mixed nested single text; do
		"$kind" | crlf >"$kind.eml"
		deliver "$BOX" <"$kind.eml"
		lm me >out
		file=$(sed -n 's/^new\t.*\t//p' out)
		"$BATS_TEST_DIRNAME/lab/same_lean.py" "$kind.eml" "$file" 2048 >left
		if [ "$kind" = nested ]; then [ "$(wc -l <left)" -eq 3 ]; else [ "$(wc -l <left)" -eq 1 ]; fi
		# the URL of a part is one that lm-fetch reads
		lm-fetch -c conf "$(head -n 1 left | cut -f 1)" >part
		[ "$(wc -c <part)" -gt 2048 ]
	done
	a_message small small | crlf >small.eml
	deliver "$BOX" <small.eml
	lm me >out
	tr -d '\r' <small.eml | cmp - "$(sed -n 's/^new\t.*\t//p' out)"
}

@test "--whole fetches the rest, octet for octet" {
	nested | crlf >nested.eml
	deliver "$BOX" <nested.eml
	lm me >out
	url=$(sed -n 's/^new\t\([^\t]*\).*/\1/p' out)
	lm --whole "$url" >out
	grep -q "^new" out
	[ "$(find "$M/$BOX/cur" "$M/$BOX/new" -type f | wc -l)" -eq 1 ]
	tr -d '\r' <nested.eml | cmp - "$M/$BOX"/new/*
	# and once more: nothing
	lm --whole "$url" >out
	[ ! -s out ]
	lm me >out
	[ ! -s out ]
}

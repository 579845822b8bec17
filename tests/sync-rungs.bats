#!/usr/bin/env bats
# lm-sync with servers that offer less: the core of the table of changes on each rung.
load common

ALL='IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH WITHIN LIST-STATUS MOVE MULTIAPPEND SPECIAL-USE COMPRESS=DEFLATE UNSELECT CHILDREN'

setup() {
	LABS=$(mktemp -d /tmp/lmt.XXXXXX)
	home_of_its_own
}
teardown() { lab_down; }

# without WORD... [-- OPTION...]: the core of the table with a server that does not have these.
without() {
	local caps=" $ALL "
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		caps=${caps/ $1 / }
		shift
	done
	[ $# -eq 0 ] || shift
	caps=${caps# }
	LAB_IMAP_CAPABILITY=${caps% } "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/lab" dovecot 3>&-
	run "$BATS_TEST_DIRNAME/lab/syncmatrix.py" "$@" "$LABS/lab" core
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "without QRESYNC" { without QRESYNC; }
@test "without QRESYNC and CONDSTORE" { without QRESYNC CONDSTORE; }
@test "without UIDPLUS: what is deleted stays, marked" { without UIDPLUS -- --keeps-deleted; }
@test "without MOVE" { without MOVE; }
@test "without MOVE and UIDPLUS" { without MOVE UIDPLUS -- --keeps-deleted; }
@test "without MULTIAPPEND" { without MULTIAPPEND; }
@test "without LITERAL+" { without LITERAL+; }
@test "without ESEARCH" { without ESEARCH; }
@test "without LIST-STATUS" { without LIST-STATUS; }
@test "without LIST-EXTENDED" { without LIST-EXTENDED LIST-STATUS SPECIAL-USE; }
@test "without COMPRESS" { without COMPRESS=DEFLATE; }
@test "without ENABLE" { without ENABLE; }
@test "IMAP4rev1 and nothing else" {
	ALL='IMAP4rev1'
	without -- --keeps-deleted
}

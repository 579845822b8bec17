#!/usr/bin/env bats
# lm-sync on random walks (tests/lab/syncwalk.py): whatever is changed, and whenever a run is killed, both sides end up with the same.
# LM_WALKS=100: so many of each, and not three.
load common

setup() {
	LABS=$(mktemp -d /tmp/lmt.XXXXXX)
	home_of_its_own
}
teardown() { lab_down; }

# walk OPTION...: each with other changes
walk() {
	"$BATS_TEST_DIRNAME/lab/lab" start "$LABS/lab" dovecot 3>&-
	for seed in $(seq "${LM_WALKS:-3}"); do
		run "$BATS_TEST_DIRNAME/lab/syncwalk.py" "$@" "$LABS/lab" alice "$seed"
		[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	done
}

@test "changes, and then runs, some of them killed" { walk; }
@test "changes while a run is at work" { walk --while-running; }
@test "IMAP4rev1 and UIDPLUS alone" { LAB_IMAP_CAPABILITY='IMAP4rev1 UIDPLUS' walk; }

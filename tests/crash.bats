#!/usr/bin/env bats
# lm-sync killed at each step, with a full disk, with a line that is cut: the next run ends as if nothing had been (tests/lab/synccrash.py).
# LM_CRASH_STRIDE=1: every step and not every second one.
load common

setup_file() { lab_up dovecot; }
teardown_file() { lab_down; }
setup() {
	lab_env
	bin=${LM_BIN:-$(dirname "$(type -P lm-sync)")}
	library=${LM_CRASH_LIBRARY:-$(dirname "$bin")/crash/crash.so}
}

# stopped ARGUMENT...: prints what went wrong, and fails if anything did.
stopped() { "$BATS_TEST_DIRNAME/lab/synccrash.py" "${@:1:$#-1}" "$LABS/lab" "$library" "${!#}" | cut -c 1-2000; }

# every_other FROM: each second of the steps that are taken, so that no test takes minutes on a busy machine.
every_other() {
	local stride=${LM_CRASH_STRIDE:-2}
	set -o pipefail
	stopped --from $((1 + $1 * stride)) --stride $((2 * stride)) kill
}

@test "killed at a step of a run with every kind of change" { every_other 0; }

@test "the same, at the steps in between" { every_other 1; }

@test "killed at a step of the first run" {
	set -o pipefail
	stopped --first --stride "${LM_CRASH_STRIDE:-4}" kill
}

@test "the disk is full, for once and for good" {
	set -o pipefail
	stopped --times 30 full
	stopped --times 30 fail
	stopped --first --times 15 full
}

@test "the line is cut" {
	set -o pipefail
	stopped --times 30 up
	stopped --times 30 down
	stopped --first --times 15 down
}

#!/bin/bash
# Run tests and count them: tests/run.sh [unit] [fuzz] [bats] [fuzzing] [bench] [FILE.bats] [UNIT] [fuzz_NAME] ...
#
# A file runs on its own, JOBS files at a time, with its output in $BUILD/log; one line a file says how
# it went, the failures follow in full, and the last line is "N passed, N failed, N skipped".
# `make check` and its relatives build what this runs; see the Makefile for BUILD and JOBS.
set -u

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
JOBS=${JOBS:-2}
LM_TOP=$PWD
LM_BUILD=$(realpath -m -- "$BUILD")
LM_BIN=$LM_BUILD/bin
LOG=$LM_BUILD/log
PATH=$LM_BIN:$PATH
export BUILD LM_TOP LM_BUILD LM_BIN PATH LOG LC_ALL=C.UTF-8
# A test that hangs must not hang the run: seconds for one bats test, for one file, for one unit program.
slow=${LM_ASAN:+3}
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$((120 * ${slow:-1}))}
FILE_TIMEOUT=${FILE_TIMEOUT:-$((900 * ${slow:-1}))}
UNIT_TIMEOUT=$((120 * ${slow:-1}))

# ---- running one file: "--one KIND FILE", its TAP lines to a log, its counts to a .sum beside it

tap_of_bats() {
	timeout -k 10 "$FILE_TIMEOUT" bats --tap --print-output-on-failure "$1" </dev/null
}

tap_of_unit() {
	timeout -k 5 "$UNIT_TIMEOUT" "$1" </dev/null
}

# The corpus as it is, each input once; a crash or a leak is the one failure.
tap_of_fuzz() {
	local name=${1##*/} inputs
	inputs=$(find "tests/fuzz/corpus/$name" -type f 2>/dev/null | wc -l)
	mkdir -p "$LM_BUILD/fuzz-artifacts" "$LM_BUILD/fuzz-empty"
	if timeout -k 5 "$UNIT_TIMEOUT" "$1" -runs=0 "-artifact_prefix=$LM_BUILD/fuzz-artifacts/$name-" \
		"$(fuzz_corpus "$name")" </dev/null 2>&1 | sed 's/^/# /'; test "${PIPESTATUS[0]}" = 0; then
		echo "ok 1 - $inputs inputs"
	else
		echo "not ok 1 - $inputs inputs"
	fi
	echo 1..1
}

fuzz_corpus() {
	if [ -d "tests/fuzz/corpus/$1" ]; then
		echo "tests/fuzz/corpus/$1"
	else
		echo "$LM_BUILD/fuzz-empty"
	fi
}

# "PASSED FAILED SKIPPED" of a TAP log. A planned test that left no line, and an exit status that no
# failed line explains (a crash, a timeout), are failures too.
count() {
	awk -v status="$2" '
		/^1\.\.[0-9]+/          { plan = substr($1, 4) + 0; planned = 1; next }
		/^ok .*# [Ss][Kk][Ii][Pp]/ { skip++; next }
		/^ok /                  { pass++; next }
		/^not ok /              { fail++; next }
		END {
			seen = pass + fail + skip
			if (planned && plan > seen) fail += plan - seen
			if (!fail && (status != 0 || !planned)) fail++
			print pass + 0, fail + 0, skip + 0
		}' "$1"
}

one() {
	local kind=$1 file=$2 name status start pass fail skip word note=
	name=$(basename "$file" .bats)
	start=$(date +%s)
	"tap_of_$kind" "$file" >"$LOG/$kind-$name.log" 2>&1
	status=$?
	[ "$status" = 124 ] && echo "# stopped: out of time" >>"$LOG/$kind-$name.log"
	read -r pass fail skip < <(count "$LOG/$kind-$name.log" "$status")
	echo "$pass $fail $skip $status" >"$LOG/$kind-$name.sum"
	word=ok
	[ "$fail" = 0 ] || { word=FAIL; note=", $fail FAILED"; }
	[ "$skip" = 0 ] || note="$note, $skip skipped"
	printf '%-4s %-4s %-28s %4d passed%s (%d s)\n' "$word" "$kind" "$name" "$pass" "$note" $(($(date +%s) - start))
}

# ---- the whole run

# Lines "KIND FILE" for the words on the command line.
choose() {
	local word f
	for word; do
		case $word in
		unit) for f in tests/unit/*.c; do [ ! -e "$f" ] || echo "unit $LM_BUILD/unit/$(basename "$f" .c)"; done ;;
		fuzz) for f in "$LM_BUILD"/fuzz/fuzz_*; do is_fuzzer "$f" && echo "fuzz $f"; done ;;
		# Those with the most tests first: they set how long the run takes.
		bats) grep -c '^@test' tests/*.bats /dev/null | grep '\.bats:' | sort -t: -k2,2nr | sed 's/^\(.*\):.*/bats \1/' ;;
		*.bats) if [ -e "$word" ]; then echo "bats $word"; else echo "bats tests/$word"; fi ;;
		fuzz_*) echo "fuzz $LM_BUILD/fuzz/$word" ;;
		*) echo "unit $LM_BUILD/unit/$(basename "$word" .c)" ;;
		esac
	done
}

# A fuzzer whose source has gone is not one any more.
is_fuzzer() {
	[ -x "$1" ] && [ -f "tests/fuzz/$(basename "$1").c" ]
}

show_failures() {
	local sum log pass fail skip status
	for sum in "$LOG"/*.sum; do
		[ -e "$sum" ] || continue
		read -r pass fail skip status <"$sum"
		[ "$fail" = 0 ] && continue
		log=${sum%.sum}.log
		printf '\n== %s: %d failed (exit status %d); the whole of it is in %s\n' \
			"$(basename "$log" .log)" "$fail" "$status" "${log#"$LM_TOP"/}"
		grep -v '^ok ' "$log" | head -n "${SHOW_LINES:-150}"
	done
}

run_tests() {
	local total
	rm -rf "$LOG" && mkdir -p "$LOG" || return 1
	choose "$@" | xargs -r -d '\n' -P "$JOBS" -n 1 tests/run.sh --one
	show_failures
	total=$(cat "$LOG"/*.sum 2>/dev/null |
		awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
	# shellcheck disable=SC2086
	set -- $total
	printf '\n%d passed, %d failed, %d skipped\n' "$1" "$2" "$3"
	[ "$2" = 0 ]
}

# Fuzz for FUZZ_SECONDS each, from copies of the corpora; what is found stays in $BUILD.
fuzzing() {
	local f name work bad=0
	for f in "$LM_BUILD"/fuzz/fuzz_*; do
		is_fuzzer "$f" || continue
		name=$(basename "$f")
		work=$LM_BUILD/fuzz-work/$name
		mkdir -p "$work" "$LOG" "$LM_BUILD/fuzz-artifacts" "$LM_BUILD/fuzz-empty"
		if "$f" "-max_total_time=${FUZZ_SECONDS:-10}" -print_final_stats=1 -timeout=10 -rss_limit_mb=1024 \
			"-artifact_prefix=$LM_BUILD/fuzz-artifacts/$name-" \
			"$work" "$(fuzz_corpus "$name")" </dev/null >"$LOG/fuzzing-$name.log" 2>&1; then
			fuzz_line "$name" "$LOG/fuzzing-$name.log"
		else
			bad=1
			echo "FAIL $name; its input is in ${LM_BUILD#"$LM_TOP"/}/fuzz-artifacts"
			tail -n 60 "$LOG/fuzzing-$name.log"
		fi
	done
	return $bad
}

fuzz_line() {
	awk -v name="$1" '
		/number_of_executed_units/ { runs = $2 }
		/average_exec_per_sec/     { rate = $2 }
		/new_units_added/          { new = $2 }
		/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
		END { printf "ok   %-28s %9d executions, %d a second, coverage %d, %d new inputs\n", name, runs, rate, cov, new }
	' "$2"
}

# Every executable in tests/bench is a measurement; each prints its own table.
bench() {
	local f bad=0
	for f in tests/bench/*; do
		if [ ! -f "$f" ] || [ ! -x "$f" ]; then continue; fi
		echo "== $(basename "$f")"
		"$f" </dev/null || bad=1
	done
	return $bad
}

# Leaks are failures where the sanitizer can look for them at all: it traces its own process, which
# some containers and every tracer forbid, and would then fail each program that is sound.
asan_options() {
	local probe=$LM_BUILD/leak-probe
	export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
	mkdir -p "$LM_BUILD"
	echo 'int main(void) { return 0; }' | ${CC:-gcc} -fsanitize=address -x c -o "$probe" - || return 1
	if ! "$probe" >/dev/null 2>&1; then
		echo 'Leaks cannot be looked for here (ptrace is forbidden); the other checks are on.'
		ASAN_OPTIONS=${ASAN_OPTIONS/detect_leaks=1/detect_leaks=0}
	fi
}

case ${1:-} in
--one) one "${2%% *}" "${2#* }" ;;
fuzzing) fuzzing ;;
bench) bench ;;
*)
	[ -z "${LM_ASAN:-}" ] || asan_options || exit 1
	if [ $# = 0 ]; then set -- unit fuzz bats; fi
	run_tests "$@"
	;;
esac

#!/usr/bin/env bats
# The library that kills programs: if this fails, believe no crash test.

# Where python3 is a script (pyenv), the program is another one.
setup() {
	python=$(python3 -c 'import sys; print(sys.executable)')
	dir=$BATS_TEST_TMPDIR/dir
	mkdir "$dir"
	cat >"$BATS_TEST_TMPDIR/work.py" <<-'END'
		import os, socket, sys
		os.chdir(sys.argv[1])
		f = os.open('f', os.O_RDWR | os.O_CREAT)
		os.write(f, b'one')
		os.pwrite(f, b'two', 0)
		os.writev(f, [b'three'])
		os.pwritev(f, [b'six'], 0)
		os.fsync(f)
		os.fdatasync(f)
		os.ftruncate(f, 2)
		os.rename('f', 'g')
		os.rename('g', 'h', src_dir_fd=os.open('.', os.O_RDONLY))
		os.link('h', 'i')
		os.mkdir('d')
		os.rmdir('d')
		os.unlink('h')
		a, b = socket.socketpair()
		a.send(b'x')
		os.write(a.fileno(), b'y')
		os.write(1, b'end\n')
		r, w = os.pipe()
		os.write(w, b'z')
		os.unlink('i')
		os.write(f, b'nameless')
	END
}

crash() { "$BATS_TEST_DIRNAME/crash/crash" "$@"; }
work() { crash "$@" "$python" -IB "$BATS_TEST_TMPDIR/work.py" "$dir"; }

@test "operations are counted and listed" {
	run work -c "$BATS_TEST_TMPDIR/count" -l "$BATS_TEST_TMPDIR/list"
	[ "$status" = 0 ]
	[ "$output" = end ]
	[ "$(cat "$BATS_TEST_TMPDIR/count")" = 'operations 16
writes 5' ]
	run sed "s,$dir/,," "$BATS_TEST_TMPDIR/list"
	[[ "$output" = '1 write f
2 pwrite'*' f
3 writev f
4 pwritev'*' f
5 fsync f
6 fdatasync f
7 ftruncate'*' f
8 rename g
9 renameat h
10 link'*' i
11 mkdir'*' d
12 rmdir d
13 unlink h
14 send '*'
15 write '*'
16 unlink i'* ]] || { echo "$output"; false; }
}

@test "killed before an operation, or after it" {
	run work -b 1
	[ "$status" = 137 ]
	[ -e "$dir/f" ] && [ ! -s "$dir/f" ]
	run work -a 1
	[ "$status" = 137 ]
	[ "$(cat "$dir/f")" = one ]
	run work -b 8
	[ -e "$dir/f" ] && [ ! -e "$dir/g" ]
	run work -a 8
	[ -e "$dir/g" ] && [ ! -e "$dir/f" ]
}

@test "each operation can be the last" {
	local n=1 rc
	while :; do
		rm -rf "$dir" && mkdir "$dir"
		rc=0
		work -c "$BATS_TEST_TMPDIR/count" -b "$n" || rc=$?
		[ "$rc" = 137 ] || break
		grep -qx "operations $n" "$BATS_TEST_TMPDIR/count"
		n=$((n + 1))
	done
	[ "$rc" = 0 ]
	[ "$n" = 17 ]
}

@test "a write fails, or all from there on" {
	cat >"$BATS_TEST_TMPDIR/full.py" <<-'END'
		import errno, os, sys
		f = os.open(sys.argv[1] + '/f', os.O_WRONLY | os.O_CREAT)
		for c in b'abcd':
		    try:
		        os.write(f, bytes([c]))
		    except OSError as e:
		        assert e.errno == errno.ENOSPC
		        print('full')
	END
	run crash -e 2 "$python" -IB "$BATS_TEST_TMPDIR/full.py" "$dir"
	[ "$output" = full ]
	[ "$(cat "$dir/f")" = acd ]
	run crash -f 2 "$python" -IB "$BATS_TEST_TMPDIR/full.py" "$dir"
	[ "$output" = $'full\nfull\nfull' ]
}

@test "SQLite is counted and killed as well" {
	cat >"$BATS_TEST_TMPDIR/db.py" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1] + '/db')
		db.execute('create table if not exists t(x)')
		db.commit()
		db.execute('insert into t values(1)')
		db.commit()
	END
	run crash -l "$BATS_TEST_TMPDIR/list" "$python" -IB "$BATS_TEST_TMPDIR/db.py" "$dir"
	[ "$status" = 0 ]
	grep -q 'pwrite64 .*/db-journal$' "$BATS_TEST_TMPDIR/list"
	grep -q 'fdatasync .*/db$' "$BATS_TEST_TMPDIR/list"
	run crash -b 3 "$python" -IB "$BATS_TEST_TMPDIR/db.py" "$dir"
	[ "$status" = 137 ]
	run "$python" -IBc "import sqlite3; print(sqlite3.connect('$dir/db').execute('pragma integrity_check').fetchall())"
	[ "$output" = "[('ok',)]" ]
}

@test "what a program starts is not watched, and what starts it is not either" {
	run crash -b 1 -c "$BATS_TEST_TMPDIR/count" "$python" -IBc "
import os, subprocess
subprocess.run(['sh', '-c', 'mkdir \$0/child; echo \"[\$LD_PRELOAD\$LM_CRASH_BEFORE]\"', '$dir'])
if os.fork() == 0:
    os.mkdir('$dir/fork')
    os._exit(0)
os.wait()
os.mkdir('$dir/own')"
	[ "$status" = 137 ]
	[ "$output" = '[]' ] || [[ "$output" = '[]'* ]]
	[ -d "$dir/child" ] && [ -d "$dir/fork" ] && [ ! -e "$dir/own" ]
}

@test "programs of ours run with it, sanitized or not" {
	run crash -c "$BATS_TEST_TMPDIR/count" lm-flow --help
	[ "$status" = 0 ]
	[[ "$output" = *usage* ]]
	grep -qx 'operations 0' "$BATS_TEST_TMPDIR/count"
}

@test "wrong calls" {
	run crash
	[ "$status" = 64 ]
	[[ "$output" = *'crash [-c FILE]'* ]]
	run crash -z true
	[ "$status" = 64 ]
	LM_CRASH_LIBRARY=/nowhere run crash true
	[ "$status" = 69 ]
}

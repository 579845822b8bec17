#!/usr/bin/env bats
# lm-flow: a filter, so no server. What it writes is read by another decoder, written from the grammar of RFC 3676.
load common

bats_require_minimum_version 1.5.0

setup() {
	home_of_its_own
	cd "$BATS_TEST_TMPDIR" || return
}

# is CODE: the exit status.
is() { [ "$status" -eq "$1" ] || { printf 'exit status %d:\n%s\n%s\n' "$status" "$output" "$stderr"; return 1; }; }

# refuses CODE TEXT COMMAND...: that status, one line with that text, nothing on stdout.
refuses() {
	local code=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	is "$code" || return 1
	[[ $stderr = *"$text"* ]] || { printf 'no "%s" in: %s\n' "$text" "$stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "more than a line: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
}

# gives WANT COMMAND... < input: exactly these octets; printf escapes.
gives() {
	local want=$1
	shift
	"$@" >got.new || { echo "exit status $?"; return 1; }
	mv got.new got
	printf '%b' "$want" >want
	cmp got want || { od -c got; return 1; }
}

# example N: the Nth example of the man page is run.
example() {
	bash -c "$(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-flow.1" | sed -n "$1p")"
}

@test "a paragraph becomes lines that flow, and comes back" {
	gives 'one two \nthree four \nfive six\n' lm-flow -w 12 <<<'one two three four five six'
	gives 'one two three four five six\n' lm-flow -d <got
	# 72 by default
	printf '%s' "$(seq -s ' ' 100)" | lm-flow >flowed
	[ "$(wc -L <flowed)" -le 72 ]
	[ "$(wc -L <flowed)" -gt 68 ]
	[ "$(lm-flow -d <flowed)" = "$(seq -s ' ' 100)" ]
	[ "$(seq -s ' ' 1000 | lm-flow -w 0 | wc -l)" -eq 1 ]
}

@test "quotes, stuffing, signatures" {
	printf '> one two three four\n> > deep\n>>\n From here\nFrom there\n-- \nAlice \n' >text
	gives '> one two \n> three four\n>> deep\n>>\n  From here\n From there\n-- \nAlice\n' lm-flow -w 12 <text
	gives '> one two three four\n>> deep\n>>\n From here\nFrom there\n-- \nAlice\n' lm-flow -d <got
	# a change of depth and a signature end what flows
	gives 'one \n> two \n>> three \n-- \nme\n' lm-flow -d < <(printf 'one \n>two \n>>three \n-- \nme\n')
}

@test "--delsp: text without blanks" {
	printf '日本語日本語日本語日本語\n' >text
	gives '日本語日本語日本語 \n日本語\n' lm-flow --delsp -w 10 <text
	lm-flow -d --delsp <got | cmp - text
	# the other reading of the same octets
	gives 'a b  \nc\n' lm-flow -d < <(printf 'a \nb  \n\nc\n')
	gives 'ab \nc\n' lm-flow -d --delsp < <(printf 'a \nb  \n\nc\n')
}

@test "each line keeps its end: LF, CRLF, none" {
	gives 'one two \r\nthree four\r\nfive' lm-flow -w 10 < <(printf 'one two three four\r\nfive')
	gives 'one two three four\r\nfive' lm-flow -d <got
	gives 'one two \nthree\nfour\r\nfive' lm-flow -w 10 < <(printf 'one two three\nfour\r\nfive')
	gives '' lm-flow </dev/null
	gives '' lm-flow -d </dev/null
	gives '\n' lm-flow < <(printf '\n')
}

@test "any octets come back" {
	/usr/bin/python3 - <<-'END'
		import random, re
		random.seed(3676)
		octets = bytes(random.randrange(256) for _ in range(300000))
		# but for blanks at the end of a line, and the way of quote marks
		octets = re.sub(rb" +(?=[\r\n]|$)", b"", octets)
		octets = re.sub(rb"(^|[\r\n])>[> ]*", rb"\1", octets)
		open("octets", "wb").write(octets)
	END
	for delsp in '' --delsp; do
		# shellcheck disable=SC2086
		lm-flow $delsp <octets >flowed
		# shellcheck disable=SC2086
		lm-flow -d $delsp <flowed | cmp - octets
	done
}

@test "another decoder reads the same, of seeded random texts" {
	cat >check.py <<-'END'
		import random, re, subprocess, sys
		random.seed(int(sys.argv[1]))

		def decode(flowed, delsp):
		    """RFC 3676 sections 4.2 to 4.5, line by line."""
		    out, paragraph, depth_before = [], None, 0
		    for line in flowed.split("\n")[:-1]:
		        marks = re.match(">*", line).group()
		        text = line[len(marks):]
		        signature = line == "-- " or (marks and text in ("-- ", " -- "))
		        if text.startswith(" "):
		            text = text[1:]
		        flows = text.endswith(" ") and not signature
		        if paragraph is not None and (len(marks) != depth_before or signature):
		            out.append(paragraph)
		            paragraph = None
		        if flows and delsp:
		            text = text[:-1]
		        if paragraph is None:
		            paragraph = marks + (" " if marks and text else "")
		        paragraph += text
		        depth_before = len(marks)
		        if not flows:
		            out.append(paragraph)
		            paragraph = None
		    if paragraph is not None:
		        out.append(paragraph)
		    return "".join(line + "\n" for line in out)

		words = ["a", "word", "longerword", "-", "--", ">", "From", "ä", "日本語", "x" * 90, "", "\t"]
		def line():
		    start = random.choice(["", "", "", "> ", ">> ", ">", " ", "  ", "From "])
		    return start + " ".join(random.choice(words) for _ in range(random.randrange(30)))
		text = "".join(random.choice([line(), line(), line(), "-- ", "> -- "]) + "\n" for _ in range(2000))

		def even(line):
		    if re.fullmatch("(> ?)*-- ", line):
		        return line
		    marks = re.match("(> ?(?=>))*>?", line).group()
		    text = line[len(marks):]
		    if marks and text.startswith(" "):
		        text = text[1:]
		    text = text.rstrip(" ")
		    marks = marks.replace(" ", "")
		    return marks + (" " if marks and text else "") + text
		want = "".join(even(line) + "\n" for line in text.split("\n")[:-1])

		def flow(data, *options):
		    return subprocess.run(["lm-flow", *options], input=data.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
		for width in 10, 31, 72:
		    for delsp in [], ["--delsp"]:
		        flowed = flow(text, "-w", str(width), *delsp)
		        assert decode(flowed, delsp) == want, (width, delsp)
		        assert flow(flowed, "-d", *delsp) == want, (width, delsp)
		        for line in flowed.split("\n"):
		            assert not line.startswith("From "), line
		            assert len(line) <= width or not delsp and max(map(len, line.split(" "))) > width - 8, line
	END
	for seed in 1 2 3; do /usr/bin/python3 check.py "$seed"; done
}

@test "memory is constant, whatever the size and the length of a line" {
	[ -z "${LM_ASAN-}" ] || skip "a sanitizer takes memory of its own"
	for unit in 'words and more words
' 'words and more words ' ' ' '>'; do
		/usr/bin/python3 -c 'import sys; sys.stdout.write(sys.argv[1] * (30000000 // len(sys.argv[1])) + " end")' "$unit" >text
		/usr/bin/time -f %M -o up lm-flow <text >flowed
		/usr/bin/time -f %M -o down lm-flow -d <flowed | cmp - text
		[ "$(tail -n 1 up)" -le 8192 ]
		[ "$(tail -n 1 down)" -le 8192 ]
	done
}

@test "lines come out as soon as they are whole" {
	mkfifo in out
	lm-flow -d <in >out 3>&- &
	exec 4>in 5<out
	printf 'one \ntwo\nthree' >&4
	read -r -t 10 line <&5
	[ "$line" = 'one two' ]
	exec 4>&-
	IFS= read -r -t 10 line <&5 || true
	[ "$line" = three ]
	exec 5<&-
	wait $!
}

@test "the examples of the manual page" {
	[ "$(example 1)" = $'Shall I compare \nthee to a summers \nday?' ]
	printf '> one two \n> three four five six seven eight nine ten\n' >body
	[ "$(example 2)" = $'> one two three four five six seven \neight nine ten' ]
	printf 'Donaudampfschiff\n' >words
	[ "$(example 3)" = $'Donaudamp \nfschiff' ]
	[ "$(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../man/lm-flow.1" | wc -l)" -eq 3 ]
}

@test "usage" {
	run --separate-stderr lm-flow --help
	is 0
	[[ $output = usage:* ]]
	[ -z "$stderr" ]
	run lm-flow --version
	is 0
	for w in 9 999 -1 x '' 99999999999; do refuses 64 '-w takes 10 to 998' lm-flow "--width=$w" </dev/null; done
	refuses 64 'a filter' lm-flow file </dev/null
	refuses 64 '-w is for encoding' lm-flow -d -w 72 </dev/null
	refuses 64 'is no option' lm-flow --frog </dev/null
}

@test "input or output that fails is 74" {
	refuses 74 'standard input' bash -c 'lm-flow <&-'
	refuses 74 'standard input' bash -c 'lm-flow <.'
	refuses 74 'standard output' bash -c 'echo text | lm-flow >/dev/full'
	refuses 74 'standard output' bash -c 'echo text | lm-flow >&-'
}

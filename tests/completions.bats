#!/usr/bin/env bats
# The completions and the manual pages know every option that a program has, and the pages each other.

bats_require_minimum_version 1.5.0

setup() {
	top=$BATS_TEST_DIRNAME/..
	programs=$(cd "$top/cmd" && echo lm-*.c | sed 's/\.c//g')
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME
}

# options PROGRAM: from the tables in its source and from --help, one a line. The synonyms that lm-submit has for
# sendmail's sake are in neither; -h is --help.
options() {
	{
		sed -n 's/^ *{"\([a-z-]*\)", [a-z]*_argument,.*/ --\1/p' "$top/cmd/$1.c"
		sed -n 's/.*"\([a-zA-Z0-9:]*\)", long_options.*/\1/p' "$top/cmd/$1.c" | tr -d ':' | fold -w 1 | sed 's/^/ -/'
		"$1" --help | sed 's/common options/-a -c -o -v/; s/+flag | -flag | =flag//'
	} | grep -oE '(^|[[( |])--?[A-Za-z0-9][A-Za-z0-9-]*' | sed -E 's/^[[( |]//; /^-[^-]/ { s/^-//; s/./-&\n/g; }' |
		grep -vx -e '' -e -h | sort -u
}

# each COMMAND: fails, and says so, for each option that COMMAND PROGRAM OPTION does not know.
each() {
	local program option missing=0 n=0
	for program in $programs; do
		for option in $(options "$program"); do
			n=$((n + 1))
			"$@" "$program" "$option" || { echo "$program $option is missing"; missing=1; }
		done
	done
	[ "$n" -gt 150 ] || { echo "only $n options were found"; return 1; }
	return "$missing"
}

@test "the options that this looks for are those that there are" {
	grep -qx -- --if-unchanged <<<"$(options lm-flag)"
	[ "$(options lm-flow | wc -l)" -eq 7 ]
	for option in -d -w --decode --delsp --help --version --width; do grep -qx -- "$option" <<<"$(options lm-flow)"; done
	for option in -n -q -a -v --dry-run --whole; do grep -qx -- "$option" <<<"$(options lm-sync)"; done
}

# completes WORD...: what bash offers for the last word.
completes() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	# shellcheck disable=SC2317 # called by _lm
	compopt() { :; }
	_lm
	printf '%s\n' "${COMPREPLY[@]}"
}

in_bash() { completes "$1" "$2" | grep -qx -- "$2"; }

@test "bash" {
	# shellcheck source=/dev/null
	source "$top/completions/lm.bash"
	each in_bash
	for program in $programs; do complete -p "$program"; done
}

@test "bash: accounts, URLs and values" {
	# shellcheck source=/dev/null
	source "$top/completions/lm.bash"
	mkdir -p "$HOME/.config/lm"
	printf 'account work\n\nAccount home\n' >"$HOME/.config/lm/config"
	[ "$(completes lm-fwd -a '' | tr '\n' ' ')" = 'work home ' ]
	[ "$(completes lm-fwd wo)" = work/ ]
	[ "$(completes lm-list h | tr '\n' ' ')" = 'home home/ ' ]
	[ "$(completes /usr/bin/lm-fwd -S r)" = relay ]
	[ "$(completes lm-mbox d)" = delete ]
	[ "$(completes lm-mbox delete h)" = home/ ]
	[ -z "$(completes lm-flow -a w)" ]
}

# zsh_part PROGRAM: its lines in _lm.
zsh_part() { sed -n "/^$1)\$/,/^	;;\$/p" "$top/completions/_lm"; }

in_zsh() {
	{
		zsh_part "$1"
		[ "$1" = lm-flow ] || sed -n '/^local -a common/,/^)/p' "$top/completions/_lm"
	} | grep -qE -- "[' *,{)]$2[][,}=]"
}

@test "zsh" {
	each in_zsh
	for program in $programs; do
		head -n 1 "$top/completions/_lm" | grep -qw -- "$program"
		[ "$program" = lm-flow ] || zsh_part "$program" | grep -qF '_arguments $common '
	done
	! command -v zsh >/dev/null || zsh -n "$top/completions/_lm"
}

in_fish() {
	local key="-l ${2#--}"
	[ "${2#--}" != "$2" ] || key="-s ${2#-}"
	{
		grep -E "^complete -c $1 " "$top/completions/lm.fish"
		! grep -q "^for program in .*$1\\b" "$top/completions/lm.fish" || grep '^ *complete -c \$program ' "$top/completions/lm.fish"
	} | grep -qE -- " $key( |\$)"
}

@test "fish" {
	each in_fish
	! command -v fish >/dev/null || fish -n "$top/completions/lm.fish"
}

@test "each program's completions are installed" {
	run --separate-stderr make -C "$top" -n install DESTDIR=/nowhere BUILD="$BATS_TEST_TMPDIR/b"
	[ "$status" -eq 0 ]
	for program in $programs; do
		grep -qE "for n in.* $program( |;).*ln -sf lm '/nowhere/usr/local/share/bash-completion/completions'" <<<"$output"
		grep -qE "for n in.* $program( |;).*ln -sf lm.fish '/nowhere/usr/local/share/fish/vendor_completions.d'" <<<"$output"
	done
	grep -qF "completions/_lm '/nowhere/usr/local/share/zsh/site-functions/_lm'" <<<"$output"
}

# --help and --version are in lm(7) for all, and -a, -c, -o and -v in lm-fwd(1).
in_man() {
	case $2 in
	--help | --version | -[acov]) return 0 ;;
	--*) grep -qE -- "^\.It Fl (.*[ ,])?\\\\-${2#--}( |\$)" "$top/man/$1.1" ;;
	*) grep -qE -- "^\.It Fl (.*Fl )?${2#-}( |\$)" "$top/man/$1.1" ;;
	esac
}

@test "manual pages: there is one for each program, with each of its options" {
	for program in $programs; do
		[ -f "$top/man/$program.1" ] || { echo "no man/$program.1"; false; }
	done
	each in_man
}

@test "manual pages: those that they refer to are there, and lm(7) has them all" {
	cd "$top/man"
	for file in *.[157]; do
		sed -n 's/^\.\(Xr\|It Xr\|Pq Xr\|Pq see Xr\) \(lm[a-z.-]*\) \([157]\).*/\2.\3/p; s/.*, Xr \(lm[a-z.-]*\) \([157]\).*/\1.\2/p' "$file" |
			while read -r other; do
				[ -f "$other" ] || { echo "$file: no $other"; exit 1; }
			done
		[ "$file" = lm.7 ] || sed -n '/^\.Sh SEE ALSO/,/^\.Sh/p' lm.7 | grep -qE "^\.Xr ${file%.*} ${file##*.}" ||
			{ echo "not in lm(7): $file"; false; }
	done
	[ "$(grep -c '^\.Xr' lm.7)" -gt 20 ]
}

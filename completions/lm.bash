# bash completion for the lm programs

# The accounts of the configuration.
_lm_accounts() {
	local file=${XDG_CONFIG_HOME:-$HOME/.config}/lm/config
	[ -r "$file" ] && awk 'tolower($1) == "account" { print $2 }' "$file"
}

_lm() {
	local program=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local common='-a -c -o -v --help --version --json' options
	case $program in
	lm-caps) options='--profile --probe' ;;
	lm-fwd) options='-T -C -B -F -s -m -p -S --all-or-none --assembly' ;;
	lm-submit) options='-t -i -f -F -N -R -V --assembly --burl --all-or-none' ;;
	lm-genurl) options='-x -u --assembly --fetch --decode --structure --reset' ;;
	lm-draft) options='-f --replace' ;;
	*) options= ;;
	esac
	case $before in
	-a)
		mapfile -t COMPREPLY < <(compgen -W "$(_lm_accounts)" -- "$word")
		return
		;;
	-c)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-S)
		[ "$program" = lm-fwd ] && mapfile -t COMPREPLY < <(compgen -W 'auto catenate burl relay' -- "$word")
		return
		;;
	-R)
		[ "$program" = lm-submit ] && mapfile -t COMPREPLY < <(compgen -W 'full hdrs' -- "$word")
		return
		;;
	-N)
		mapfile -t COMPREPLY < <(compgen -W 'never success failure delay success,failure' -- "$word")
		return
		;;
	-u)
		mapfile -t COMPREPLY < <(compgen -W 'submit+ user+ authuser anonymous stream' -- "$word")
		return
		;;
	esac
	if [[ $word = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$common $options" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(_lm_accounts | sed 's|$|/|')" -- "$word")
		compopt -o nospace
	fi
}

complete -F _lm lm-caps lm-draft lm-fwd lm-genurl lm-submit

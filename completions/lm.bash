# bash completion for the lm programs

# The accounts of the configuration.
_lm_accounts() {
	local file=${XDG_CONFIG_HOME:-$HOME/.config}/lm/config
	[ -r "$file" ] && awk 'tolower($1) == "account" { print $2 }' "$file"
}

# The options that the program has of its own, as its --help says them.
_lm_options() {
	case $1 in
	lm-caps) echo '--profile --probe --json' ;;
	lm-draft) echo '-f --replace --json' ;;
	lm-fetch) echo '-s -H -d -t -r -O --structure --header --decode --convert --range --attachments --preview --conversions --json' ;;
	lm-flag) echo '--if-unchanged --force --json' ;;
	lm-flow) echo '-d -w --decode --width --delsp' ;;
	lm-fwd) echo '-T -C -B -F -s -m -p -S --all-or-none --assembly --json' ;;
	lm-genurl) echo '-x -u --assembly --fetch --decode --structure --reset --json' ;;
	lm-idle) echo '-1 -t -d -e -x --headers --poll --resume --status --json' ;;
	lm-list) echo '-s -n --status --namespace --special --subscribed --meta --json' ;;
	lm-mbox) echo '-f --force --use --json' ;;
	lm-meta) echo '-d -m --depth --max-size --raw --delete --json' ;;
	lm-mv) echo '-k --copy --create --json' ;;
	lm-rm) echo '--expunge --create --json' ;;
	lm-search) echo '-r -s -l -f --follow --fields --interval --json' ;;
	lm-submit) echo '-t -i -f -F -N -R -V --assembly --burl --all-or-none --json' ;;
	lm-sync) echo '-n -q --dry-run --quiet --pull --push --force --whole --json' ;;
	esac
	[ "$1" = lm-flow ] || echo '-a -c -o -v'
	echo '--help --version'
}

# The values that an option of a program takes, where they can be told: words, or a compgen action. 1: it takes none.
_lm_values() {
	case $1.$2 in
	lm-flow.-[ac]) return 1 ;;
	*.-a) echo "-W $(_lm_accounts | tr '\n' ' ')" ;;
	*.-c) echo '-f' ;;
	lm-fetch.-O | lm-fetch.--attachments) echo '-d' ;;
	lm-fetch.-t | lm-fetch.--convert) echo '-W text/plain image/jpeg;width=320' ;;
	lm-fwd.-S) echo '-W auto catenate burl relay' ;;
	lm-genurl.-u) echo '-W submit+ user+ authuser anonymous stream' ;;
	lm-genurl.-x) echo '-W 10m 1h 1d 7d never' ;;
	lm-idle.-e) echo '-W new gone flags mailbox metadata all' ;;
	lm-idle.-x) echo '-c' ;;
	lm-list.-n | lm-list.--namespace) echo '-W own others shared' ;;
	lm-list.--meta) echo '-W /private/comment /shared/comment' ;;
	lm-mbox.--use) echo '-W All Archive Drafts Flagged Important Junk Sent Trash' ;;
	lm-meta.-d | lm-meta.--depth) echo '-W 0 1 infinity' ;;
	lm-search.-r) echo '-W all count min max' ;;
	lm-search.-s) echo '-W arrival cc date from size subject to displayfrom displayto -arrival -date -size' ;;
	lm-search.-o | lm-search.--fields) echo '-W date received from to subject size flags' ;;
	lm-submit.-R) echo '-W full hdrs' ;;
	lm-submit.-N) echo '-W never success failure delay success,failure' ;;
	*) return 1 ;;
	esac
}

# The words that may stand where no option does.
_lm_words() {
	case $1 in
	lm-flow | lm-submit) return ;;
	lm-mbox) [ "$COMP_CWORD" = 1 ] && echo create delete rename subscribe unsubscribe && return ;;
	lm-flag) echo +seen -seen +flagged -flagged +answered ;;
	lm-caps | lm-idle | lm-list | lm-meta | lm-sync) _lm_accounts ;;
	esac
	_lm_accounts | sed 's|$|/|'
}

_lm() {
	local program=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} values
	if values=$(_lm_values "$program" "${COMP_WORDS[COMP_CWORD - 1]}"); then
		case $values in
		-W*) mapfile -t COMPREPLY < <(compgen -W "${values#-W }" -- "$word") ;;
		*) mapfile -t COMPREPLY < <(compgen "$values" -- "$word") ;;
		esac
	elif [[ $word = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_lm_options "$program")" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(_lm_words "$program")" -- "$word")
		[[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace
	fi
}

complete -F _lm lm-caps lm-draft lm-fetch lm-flag lm-flow lm-fwd lm-genurl lm-idle lm-list lm-mbox lm-meta lm-mv lm-rm \
	lm-search lm-submit lm-sync

#!/bin/sh
# Install from Debian what the project needs: deps.sh [--check] [build|demo|check|bench]
#
#   build   a compiler and the libraries
#   demo    build, and the mail servers and clients that `make demo` shows the programs with
#   check   demo, and what tests and lint need (the default)
#   bench   demo, and the programs that `make bench` measures beside ours
#
# Nothing happens, quickly, when all is there; --check only says so by its exit status. No service is
# started or left enabled: the demo and the tests start their own servers, on loopback and as themselves.
set -eu

build='gcc libc6-dev make pkg-config libssl-dev zlib1g-dev libbsd-dev libgsasl-dev libidn2-dev libsqlite3-dev'
demo='dovecot-imapd dovecot-submissiond dovecot-lmtpd python3 python3-aiosmtpd openssl procps isync curl mblaze'
check='bats mandoc time shellcheck clang clang-format clang-tidy cppcheck libclang-rt-dev llvm strace'
bench='time msmtp'
mta=exim4-daemon-light

say() {
	printf 'deps: %s\n' "$*"
}

# installed PACKAGE...: print those that are.
installed() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p'
}

missing() {
	have=$(installed "$@")
	for p; do
		printf '%s\n' "$have" | grep -qx -- "$p" || printf '%s ' "$p"
	done
}

# Which mail-transport-agent is installed, if any. Ours would displace it.
other_mta() {
	dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' |
		sed -n 's/^installed \([^ ]*\) \(.*, \)*mail-transport-agent\( .*\|,.*\|\)$/\1/p' | head -n 1
}

root() {
	if [ "$(id -u)" = 0 ]; then
		env "$@"
	else
		sudo env "$@"
	fi
}

# While policy-rc.d says 101, the packages' scripts start nothing.
policy=/usr/sbin/policy-rc.d
deny_starts() {
	[ -e "$policy" ] && return
	trap allow_starts EXIT
	trap 'exit 130' INT TERM HUP
	made_policy=1
	printf '#!/bin/sh\nexit 101\n' | root tee "$policy" >/dev/null
	root chmod 755 "$policy"
}

allow_starts() {
	[ -z "${made_policy:-}" ] || root rm -f "$policy"
	made_policy=
}

# A service that we brought must not open ports at the next boot either.
disable_services() {
	for pair in dovecot-imapd:dovecot "$mta:exim4"; do
		case " $wanted " in
		*" ${pair%:*} "*) ;;
		*) continue ;;
		esac
		say "leaving the service ${pair#*:} disabled"
		if command -v systemctl >/dev/null; then
			root systemctl disable "${pair#*:}" >/dev/null 2>&1 || :
		elif command -v update-rc.d >/dev/null; then
			root update-rc.d "${pair#*:}" disable >/dev/null 2>&1 || :
		fi
	done
}

# Lists that were never fetched, or are older than a week, are fetched first.
update_lists() {
	if [ -z "$(find /var/lib/apt/lists -name '*_Packages*' -mtime -7 2>/dev/null | head -n 1)" ]; then
		say 'apt-get update'
		root DEBIAN_FRONTEND=noninteractive apt-get -q -q update
	fi
}

install_packages() {
	# shellcheck disable=SC2086 # a list of words
	root DEBIAN_FRONTEND=noninteractive apt-get -q -q -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install $wanted </dev/null
}

only_check=
if [ "${1:-}" = --check ]; then
	only_check=1
	shift
fi
case ${1:-check} in
build) list=$build ;;
demo) list="$build $demo" ;;
check) list="$build $demo $check" ;;
bench) list="$build $demo $bench" ;;
*)
	echo "usage: deps.sh [--check] [build|demo|check|bench]" >&2
	exit 64
	;;
esac

if ! command -v dpkg-query >/dev/null; then
	say "this is no Debian system; I install nothing. In Debian's names, needed are: $list $mta"
	exit 0
fi

# shellcheck disable=SC2086 # a list of words
wanted=$(missing $list)
if [ "$list" != "$build" ] && [ -n "$(missing $mta)" ]; then
	other=$(other_mta)
	if [ -z "$other" ]; then
		wanted="$wanted$mta "
	elif [ -z "$only_check" ]; then
		say "$other is installed, and Exim would displace it: the Exim tests will use the scripted stand-in"
	fi
fi
[ -n "$wanted" ] || exit 0
if [ -n "$only_check" ]; then
	say "missing: $wanted"
	exit 1
fi
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
	say "missing: $wanted"
	say "I am not root and there is no sudo; as root, run: apt-get install --no-install-recommends $wanted"
	exit 1
fi

say "installing $wanted"
deny_starts
update_lists
if ! install_packages; then
	say 'that failed; once more with fresh lists'
	root DEBIAN_FRONTEND=noninteractive apt-get -q -q update
	install_packages
fi
disable_services

#!/usr/bin/env bats
# The lab itself: if this fails, believe no other test that uses it.

setup_file() {
    export LABS
    LABS=$(mktemp -d /tmp/lmt.XXXXXX)
    "$BATS_TEST_DIRNAME/lab/lab" start "$LABS/one" dovecot sink exim poor
}

teardown_file() {
    for dir in "$LABS"/*/; do
        "$BATS_TEST_DIRNAME/lab/lab" stop "${dir%/}" || :
    done
    rm -rf "$LABS"
}

lab() { "$BATS_TEST_DIRNAME/lab/lab" "$@"; }

check() { "$BATS_TEST_DIRNAME/lab/check.py" "$LABS/one" "$@"; }

# groups DIR: the process groups of a lab's servers.
groups_of() { cat "$1"/run/*.pid "$1/run/base/master.pid"; }

# living GROUP...: those of their processes that run; a zombie does not.
living() {
    for group in "$@"; do
        cat /proc/[0-9]*/stat 2>/dev/null |
            awk -v g="$group" '{ n = $1; sub(/.*\) /, ""); if ($3 == g && $1 != "Z") print n }'
    done
}

@test "env names what a test needs" {
    # shellcheck disable=SC1091
    . "$LABS/one/env"
    for name in LAB_DIR LAB_RUN LAB_CA LAB_HOST LAB_USER1 LAB_USER2 LAB_PASS \
        LAB_CONFIG LAB_IMAP_PORT LAB_IMAPS_PORT LAB_SUBMISSION_PORT \
        LAB_SUBMISSIONS_PORT LAB_LMTP LAB_SINK_PORT LAB_SINK_DIR \
        LAB_EXIM_PORT LAB_EXIM_DIR LAB_POOR_PORT LAB_POOR_DIR; do
        [ -n "${!name}" ] || { echo "$name is missing"; false; }
    done
    [ "$(stat -c %a "$LAB_CONFIG")" = 600 ]
    [ -S "$LAB_LMTP" ] && [ "${#LAB_LMTP}" -lt 60 ]
    for account in alice bob alice-ua alice-starttls alice-plain alice-exim alice-poor; do
        grep -qx "account $account" "$LAB_CONFIG"
    done
    [ "$(grep -c url-authority "$LAB_CONFIG")" = 1 ]
}

@test "curl sees the profile's capabilities" {
    # shellcheck disable=SC1091
    . "$LABS/one/env"
    run curl -s --cacert "$LAB_CA" -u "alice:$LAB_PASS" "imaps://localhost:$LAB_IMAPS_PORT/" -X CAPABILITY
    [ "$status" = 0 ]
    for word in URLAUTH CATENATE METADATA COMPRESS=DEFLATE NOTIFY; do
        [[ " $output " = *" $word"* ]]
    done
}

@test "certificates: one good, three bad in their own way" {
    tls=$LABS/one/tls
    openssl verify -CAfile "$tls/ca.pem" -verify_hostname localhost "$tls/good.pem"
    openssl verify -CAfile "$tls/ca.pem" -verify_ip 127.0.0.1 "$tls/good.pem"
    run openssl verify -CAfile "$tls/ca.pem" -verify_hostname localhost "$tls/wrong.pem"
    [[ $status != 0 && $output = *ostname* ]]
    run openssl verify -CAfile "$tls/ca.pem" "$tls/expired.pem"
    [[ $status != 0 && $output = *expired* ]]
    run openssl verify -CAfile "$tls/ca.pem" "$tls/unknown.pem"
    [[ $status != 0 && $output = *"unable to get local issuer"* ]]
}

@test "listens on loopback only" {
    # shellcheck disable=SC1091
    . "$LABS/one/env"
    for port in "$LAB_IMAP_PORT" "$LAB_IMAPS_PORT" "$LAB_SUBMISSION_PORT" \
        "$LAB_SUBMISSIONS_PORT" "$LAB_SINK_PORT" "$LAB_EXIM_PORT" "$LAB_POOR_PORT"; do
        # The kernel's tables: address:port in hexadecimal, state 0A is LISTEN.
        run awk -v p=":$(printf %04X "$port")" '$4 == "0A" && index($2, p) { print $2 }' /proc/net/tcp /proc/net/tcp6
        [ -n "$output" ]
        for address in $output; do
            case $address in
            *00007F:* | 00000000000000000000000001000000:*) ;;
            *) echo "$address"; false ;;
            esac
        done
    done
}

@test "IMAP: capabilities and special-use mailboxes" { check capabilities; }
@test "IMAP and submission: STARTTLS" { check starttls; }
@test "IMAP: LOGINDISABLED on 127.0.0.2" { check logindisabled; }
@test "IMAP: mechanisms, CRAM-MD5" { check mechanisms; }
@test "IMAP: bearer tokens" { check token; }
@test "LMTP delivers" { check lmtp; }
@test "IMAP: fill and deliver" { check fill; }
@test "URLAUTH, BURL, DSN, sink, end to end" { check burl; }
@test "BURL of a forged URL is refused" { check burl_refused; }
@test "sink keeps octets and envelopes" { check sink; }
@test "sink finds the end of the data at any split" { check sink_dots; }
@test "sink refuses a parameter that it did not offer" { check sink_strict; }
@test "300 MB through submission to the sink" { check big; }
@test "exim: a whole session before the greeting" { check exim; }
@test "exim's stand-in does the same" { check stand_in; }
@test "poor: no extensions, octets kept" { check poor; }
@test "meter: delay, turnarounds, round trips" { check meter; }
@test "meter: octets after the TLS handshake" { check meter_tls; }
@test "meter: cuts" { check meter_cut; }

@test "checks can fail: a lab without the extensions, beside the first" {
    lab start --imap-capability "IMAP4rev1 IDLE" "$LABS/two" -- "imap_literal_minus = yes"
    run "$BATS_TEST_DIRNAME/lab/check.py" "$LABS/two" capabilities
    [ "$status" = 1 ]
    [[ $output = *"capabilities: AssertionError"* ]]
    [ "$(doveconf -c "$LABS/two/run/dovecot.conf" -h imap_literal_minus)" = yes ]
    lab stop "$LABS/two"
    check capabilities
}

@test "a broken configuration fails, says why, leaves nothing" {
    LAB_DOVECOT_EXTRA="no_such_setting = yes" run lab start "$LABS/three"
    [ "$status" = 1 ]
    [[ $output = *no_such_setting* ]]
    [ ! -e "$LABS/three/env" ] && [ ! -L "$LABS/three/run" ]
}

@test "stop spares what was in DIR before" {
    mkdir "$LABS/full"
    echo precious >"$LABS/full/file"
    lab start "$LABS/full" sink
    lab stop "$LABS/full"
    [ "$(ls -A "$LABS/full")" = file ]
    rm -r "$LABS/full"
}

@test "a port that is taken is drawn again" {
    # The first draw is doctored: ports that the first lab has.
    cp -r "$BATS_TEST_DIRNAME/lab" "$LABS/doctored.lab"
    # shellcheck disable=SC1091
    (. "$LABS/one/env"
        # shellcheck disable=SC2016
        sed -i 's,^free_ports() {,&\n    [ -e "$run/drawn$1" ] || { : >"$run/drawn$1"; echo '"$LAB_IMAP_PORT $LAB_IMAPS_PORT 20001 20002"' | cut -d" " -f1-"$1"; return; },' "$LABS/doctored.lab/lab")
    "$LABS/doctored.lab/lab" start "$LABS/again" dovecot sink exim
    [ -e "$LABS/again/run/drawn4" ]
    "$LABS/doctored.lab/check.py" "$LABS/again" burl
    [ "$(id -u)" != 0 ] || "$LABS/doctored.lab/check.py" "$LABS/again" exim
    lab stop "$LABS/again"
    rm -r "$LABS/doctored.lab"
}

@test "four labs at once start, answer and stop; nothing is left" {
    pids=()
    for n in 1 2 3 4; do
        lab start "$LABS/many$n" dovecot sink poor exim &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    for n in 1 2 3 4; do
        "$BATS_TEST_DIRNAME/lab/check.py" "$LABS/many$n" burl exim
    done
    for n in 1 2 3 4; do
        run=$(readlink "$LABS/many$n/run")
        mapfile -t groups < <(groups_of "$LABS/many$n")
        [ "${#groups[@]}" -ge 4 ]
        [ -n "$(living "${groups[@]}")" ]
        lab stop "$LABS/many$n"
        [ -z "$(living "${groups[@]}")" ]
        [ ! -e "$run" ] && [ ! -e "$LABS/many$n" ]
    done
    check capabilities
}

@test "an ordinary user can do it all" {
    [ "$(id -u)" = 0 ] || skip "the other tests were run by one"
    command -v setpriv >/dev/null || skip "no setpriv"
    # A copy, for the tree may lie where only root can read.
    cp -r "$BATS_TEST_DIRNAME/lab" "$LABS/copy"
    chmod -R a+rX "$LABS" && chmod 711 "$LABS"
    mkdir "$LABS/theirs"
    chown nobody "$LABS/theirs"
    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups env "HOME=$LABS/theirs")
    "${as[@]}" "$LABS/copy/lab" start "$LABS/theirs/lab" dovecot sink exim poor
    mapfile -t groups < <(groups_of "$LABS/theirs/lab")
    [ "$(stat -c %U "/proc/${groups[0]}")" = nobody ]
    "${as[@]}" "$LABS/copy/check.py" "$LABS/theirs/lab" capabilities starttls \
        logindisabled mechanisms token burl sink exim poor fill
    "${as[@]}" "$LABS/copy/lab" stop "$LABS/theirs/lab"
    [ -z "$(living "${groups[@]}")" ]
    rm -rf "$LABS/theirs" "$LABS/copy"
}

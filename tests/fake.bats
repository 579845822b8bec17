#!/usr/bin/env bats
# The fake server, tried with clients of bash, python and openssl. See fake/README.md.

bats_require_minimum_version 1.5.0

setup_file() {
	export CERT=$BATS_FILE_TMPDIR/cert.pem KEY=$BATS_FILE_TMPDIR/key.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
		-keyout "$KEY" -out "$CERT" 2>/dev/null
}

setup() {
	source "$BATS_TEST_DIRNAME/fake/fake.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	fake_teardown
}

# Send standard input, as it is, and print what comes until the end of the connection.
talk() {
	timeout 20 bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$0"; cat >&4; cat <&4' "$FAKE_PORT"
}

# Lines of standard input go out with CRLF.
say() {
	printf '%s\r\n' "$@" | talk
}

# A python client: `sock` is connected, `tls(sock)` does a handshake that checks the certificate.
client() {
	timeout 20 /usr/bin/python3 -c "
import hashlib, socket, ssl, sys, time, zlib
port, pid = $FAKE_PORT, '$FAKE_PID'
sock = socket.create_connection(('127.0.0.1', port), 15)
def tls(sock, **more):
    context = ssl.create_default_context(cafile='$CERT')
    for name in more: setattr(context, name, more[name])
    return context.wrap_socket(sock, server_hostname='localhost')
def all_of(sock):
    parts = []
    while part := sock.recv(65536): parts.append(part)
    return b''.join(parts)
$(cat)
"
}

crlf() {
	tr -d '\r'
}

@test "a script is played and leaves a transcript" {
	fake_start <<-'END'
		# a comment
		send * OK hello
		  expect-cmd login (?P<user>\w+) .*
		ok welcome ${user}, \x41\\\tz \Seen
		expect-eof
	END
	run client <<-'END'
		sock.sendall(b'a1 LOGIN alice secret\r\n')
		sock.shutdown(socket.SHUT_WR)
		print(all_of(sock))
	END
	[ "$output" = "b'* OK hello\\r\\na1 OK welcome alice, A\\\\\\tz \\\\Seen\\r\\n'" ]
	fake_wait
	fake_saw '^C: a1 LOGIN alice secret$'
	fake_saw '^S: a1 OK welcome alice, A\\\\tz \\Seen$'
	fake_saw '^-- client: end$'
	fake_saw_no 'failed'
}

@test "a failed expectation is status 1, told on stderr and in the transcript" {
	fake_start <<-'END'
		expect EHLO .*
		send 250 ok
	END
	run say "HELO me"
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"script:1: expected /EHLO .*/, the client sent 'HELO me'"* ]]
	fake_saw '^-- failed: .*:1: expected'
}

@test "fake_wait works without run and gives the status too" {
	fake_start <<<'expect this'
	say that >/dev/null
	local status=0
	fake_wait 2>/dev/null || status=$?
	[ "$status" = 1 ]
}

@test "case: expect does not mind it, expect-cs does" {
	fake_start <<-'END'
		expect noop
		expect-cs NOOP
	END
	run say NOOP noop
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"script:2: expected /NOOP/"* ]]
}

@test "a bare LF is a failure" {
	fake_start <<<'expect NOOP'
	run talk <<<NOOP
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"bare LF"* ]]
}

@test "a wrong script is status 64 before anything is served" {
	printf 'send x\nexpct y\n' >bad
	run -64 "$FAKE_HOME/fake" bad
	[ "$output" = "fake: bad:2: no such directive: expct" ]
	printf 'expect (\n' >bad
	run -64 "$FAKE_HOME/fake" bad
	printf 'repeat 2\nsend\n' >bad
	run -64 "$FAKE_HOME/fake" bad
	printf 'auto X => ok | !nosuch\n' >bad
	run -64 "$FAKE_HOME/fake" bad
	printf 'split two\n' >bad
	run -64 "$FAKE_HOME/fake" bad
	run -64 "$FAKE_HOME/fake"
}

@test "variables: groups, set, arithmetic, --set; they match themselves in a regex" {
	fake_start --set base=100 <<-'END'
		set dots a.b
		expect (?P<x>\d+) ${dots}
		repeat 3
			send * ${i} FETCH (UID ${base+7} ${x*2} ${i-1})
		end
		send ${nothing}
	END
	run say '21 a.b'
	[ "$(crlf <<<"$output")" = "* 1 FETCH (UID 107 42 0)
* 2 FETCH (UID 107 42 1)
* 3 FETCH (UID 107 42 2)" ]
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *'no variable ${nothing} yet'* ]]
}

@test "literals: synchronising ones are asked for, others are not" {
	fake_start <<-'END'
		expect-cmd APPEND (?P<box>\S+) \{5\}hel\r\n \{3\+\}abc ~\{2\+\}\x00\x01\)
		ok ${literal1}${literal2}
	END
	run client <<-'END'
		sock.sendall(b'a APPEND x {5}\r\n')
		assert sock.recv(100) == b'+ OK\r\n'
		sock.sendall(b'hel\r\n {3+}\r\nabc ~{2+}\r\n\0\1)\r\n')
		print(all_of(sock))
	END
	[ "$output" = "b'a OK hel\\r\\nabc\\r\\n'" ]
	fake_wait
}

@test "a literal that ends like a literal is taken as octets" {
	fake_start <<-'END'
		expect-cmd X \{3\+\}\{9\}
		ok
	END
	run say 'a X {3+}' '{9}'
	[[ $output == "a OK done"* ]]
	fake_wait
}

@test "literal-refuse answers a synchronising literal with NO" {
	fake_start <<-'END'
		literal-refuse
		expect-cmd APPEND x \{5\}
		expect-cmd NOOP
		ok
	END
	run say 'a APPEND x {5}' 'b NOOP'
	[ "$(crlf <<<"$output")" = "a NO [TOOBIG] literal refused
b OK done" ]
	fake_wait
}

@test "a long literal goes to a file, and its digest into the line" {
	fake_start <<-'END'
		literal-to literal
		expect-cmd APPEND x \{3000000\+\}<3000000 octets sha256=\w+>
		ok
	END
	"$FAKE_HOME/fake" --filler 3000000 >filler
	{ printf 'a APPEND x {3000000+}\r\n'; cat filler; printf '\r\n'; } | talk | grep -q 'a OK'
	fake_wait
	cmp filler literal
}

@test "auto answers what comes between, and only then" {
	fake_start <<-'END'
		auto NOOP|ID.* => ok
		auto ENABLE (?P<what>.*) => * ENABLED ${what} | ok enabled
		expect-cmd SELECT INBOX
		ok selected
		expect-eof
	END
	run client <<-'END'
		sock.sendall(b'a NOOP\r\nb ENABLE QRESYNC\r\nc SELECT INBOX\r\nd ID NIL\r\n')
		sock.shutdown(socket.SHUT_WR)
		print(all_of(sock).decode().replace('\r', ''), end='')
	END
	[ "$output" = "a OK done
* ENABLED QRESYNC
b OK enabled
c OK selected
d OK done" ]
	fake_wait
}

@test "skip-until and any" {
	fake_start <<-'END'
		any
		ok first
		skip-until (?P<verb>LOGOUT)
		ok ${verb}
	END
	run say 'a WHAT' 'b EVER {3+}' 'abc' 'c LOGOUT'
	[ "$(crlf <<<"$output")" = "a OK first
c OK LOGOUT" ]
	fake_wait
}

@test "dribble: an octet a segment" {
	fake_start <<-'END'
		dribble on 20
		send-raw abcdefgh
		dribble off
		send-raw ijkl
	END
	run client <<-'END'
		sizes = []
		while part := sock.recv(100): sizes.append(len(part))
		print(sizes)
	END
	[[ $output == "[1, 1, 1, 1, 1, 1, 1, "* ]]
	fake_wait
}

@test "split and dribble under TLS: as many records" {
	fake_start --tls "$CERT" "$KEY" <<-'END'
		split 3
		send-raw abcdefg
		split 0
		send-raw hij
		dribble on
		send-raw kl
	END
	run client <<-'END'
		sock, sizes = tls(sock), []
		while part := sock.recv(100): sizes.append(len(part))
		print(sizes)
	END
	[ "$output" = "[3, 3, 1, 3, 1, 1]" ]
	fake_wait
	fake_saw '^-- tls TLSv1.3$'
}

@test "hold and flush: one segment" {
	fake_start <<-'END'
		hold
		send 220 go ahead
		send 250 injected
		flush
		stall 0.3
	END
	run client <<<'print(sock.recv(100))'
	[ "$output" = "b'220 go ahead\\r\\n250 injected\\r\\n'" ]
	fake_wait
}

@test "cut-after closes at the octet, and the script has ended well" {
	fake_start <<-'END'
		send 123
		cut-after 6
		send abcdefghi
		fail
	END
	run client <<<'print(all_of(sock))'
	[ "$output" = "b'123\\r\\nabcdef'" ]
	fake_wait
}

@test "cut-after under TLS is a truncation, close is not" {
	fake_start --tls "$CERT" "$KEY" <<-'END'
		cut-after 3
		send abcdef
		next-connection
		send abc
	END
	local code='
sock = tls(sock, options=ssl.OP_ALL)
sock.suppress_ragged_eofs = False
try: print(all_of(sock))
except ssl.SSLError: print("truncated")'
	run client <<<"$code"
	[ "$output" = truncated ]
	run client <<<"$code"
	[ "$output" = "b'abc\\r\\n'" ]
	fake_wait
}

@test "reset, close and half-close" {
	fake_start <<-'END'
		expect go
		send x
		reset
		next-connection
		half-close
		expect still here
		next-connection
		close
	END
	run client <<-'END'
		sock.sendall(b'go\r\n')
		time.sleep(0.3)
		try: all_of(sock); print('end')
		except ConnectionResetError: print('reset')
	END
	[ "$output" = reset ]
	run client <<-'END'
		print(all_of(sock)); sock.sendall(b'still here\r\n')
	END
	[ "$output" = "b''" ]
	run say "something unread"
	[ -z "$output" ]
	fake_wait
}

@test "stall forever ends with the client; else it is a failure" {
	fake_start --timeout 1 <<-'END'
		stall forever
		next-connection
		stall forever
	END
	client <<<'time.sleep(0.1)'
	client <<<'time.sleep(2)'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"connection 2: "*":3: the client sat through a stall of 1 s"* ]]
}

@test "every wait has a timeout" {
	fake_start --timeout 0.5 <<<'expect x'
	client <<<'time.sleep(1)'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"nothing for 0.5 s, expected /x/"* ]]
	fake_start --timeout 0.5 <<<'expect x'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"no connection 1 for 0.5 s"* ]]
	fake_start --timeout 0.5 <<<'send-fill 100M'
	client <<<'time.sleep(2)'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"the client took nothing for 0.5 s"* ]]
}

@test "a client that goes away: a failure, or may-hangup, or must-hangup" {
	fake_start <<<'send-fill 50M'
	client <<<'sock.recv(1)'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"the client went away"* ]]
	fake_start <<-'END'
		may-hangup
		send-fill 50M
		next-connection
		must-hangup
		send-fill 50M
	END
	client <<<'sock.recv(1)'
	client <<<'sock.recv(1)'
	fake_wait
	fake_start --timeout 0.5 <<<must-hangup
	client <<<'time.sleep(1)'
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"the client did not go away in 0.5 s"* ]]
}

@test "expect-eof and expect-nothing" {
	fake_start <<-'END'
		expect-nothing 0.2
		send go
		expect gone
		expect-eof
		next-connection
		expect-nothing 0.3
	END
	client <<<'sock.recv(9); sock.sendall(b"gone\r\n")'
	say early >/dev/null
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *":6: expected nothing, the client sent b'early"* ]]
	fake_start <<<expect-eof
	say more >/dev/null
	run fake_wait
	[ "$status" = 1 ]
	[[ $output == *"expected the end, the client sent 'more'"* ]]
}

@test "TLS from the start; a client that refuses the certificate can be what is wanted" {
	fake_start --tls "$CERT" "$KEY" <<-'END'
		expect hello
		send bye
		next-connection
		must-hangup
		expect hello
	END
	run client <<-'END'
		sock = tls(sock)
		sock.sendall(b'hello\r\n')
		print(all_of(sock), sock.version())
	END
	[ "$output" = "b'bye\\r\\n' TLSv1.3" ]
	openssl s_client -connect "127.0.0.1:$FAKE_PORT" -verify_return_error </dev/null >/dev/null 2>&1 || true
	fake_wait
	fake_saw '^--2 TLS handshake: .*UNKNOWN_CA'
}

@test "old TLS: --no-tls13 and --max-tls" {
	local version
	for version in 1.2 1.1 1.0; do
		fake_start --tls "$CERT" "$KEY" --max-tls "$version" <<<'send x'
		openssl s_client -connect "127.0.0.1:$FAKE_PORT" -cipher DEFAULT:@SECLEVEL=0 -min_protocol TLSv1 \
			-quiet </dev/null >/dev/null 2>&1
		fake_wait
		fake_saw "^-- tls TLSv1(\.[12])?$"
		fake_saw_no 'TLSv1.3'
	done
	fake_start --tls "$CERT" "$KEY" --no-tls13 <<<'send x'
	run client <<<'print(tls(sock).version())'
	[ "$output" = TLSv1.2 ]
	fake_wait
}

@test "starttls, with octets injected before it" {
	fake_start --cert "$CERT" "$KEY" <<-'END'
		expect STARTTLS
		send-raw 220 go\r\n250 injected\r\n
		starttls
		expect EHLO x
		send 250 ok
	END
	run client <<-'END'
		sock.sendall(b'STARTTLS\r\n')
		print(sock.recv(100))
		sock = tls(sock)
		sock.sendall(b'EHLO x\r\n')
		print(all_of(sock))
	END
	[ "$output" = "b'220 go\\r\\n250 injected\\r\\n'
b'250 ok\\r\\n'" ]
	fake_wait
}

@test "starttls with a certificate of its own, as openssl knows it" {
	fake_start --set cert="$CERT" --set key="$KEY" <<-'END'
		smtp-hello STARTTLS
		expect STARTTLS
		send 220 go
		starttls "${cert}" "${key}"
		expect NOOP
		send 250 ok
	END
	echo NOOP | timeout 20 openssl s_client -starttls smtp -CAfile "$CERT" -verify_return_error -crlf -quiet \
		-connect "127.0.0.1:$FAKE_PORT" 2>/dev/null | grep -q '^250 ok'
	fake_wait
}

@test "deflate both ways, with what the client sent early" {
	fake_start <<-'END'
		expect-cmd COMPRESS DEFLATE
		ok
		deflate
		dribble on
		expect-cmd NOOP
		ok squeezed
	END
	run client <<-'END'
		out = zlib.compressobj(wbits=-15)
		sock.sendall(b'a COMPRESS DEFLATE\r\n' + out.compress(b'b NOOP\r\n') + out.flush(zlib.Z_SYNC_FLUSH))
		plain, _, packed = all_of(sock).partition(b'\r\n')
		print(plain, zlib.decompressobj(wbits=-15).decompress(packed))
	END
	[ "$output" = "b'a OK done' b'b OK squeezed\\r\\n'" ]
	fake_wait
}

@test "inflate-bomb" {
	fake_start <<<'inflate-bomb 20M'
	run client <<-'END'
		packed = all_of(sock)
		plain = zlib.decompress(packed, wbits=-15)
		print(len(packed) < 100000, len(plain), set(plain) == {120})
	END
	[ "$output" = "True 20971520 True" ]
	fake_wait
}

@test "send-literal: filler, a file, chunks; the transcript names them by digest" {
	head -c 5000 /dev/urandom >file
	fake_start <<-'END'
		set-size n file
		send-raw {${n}}
		send-literal file 100
		send-literal 100000
	END
	{ printf '{5000}'; cat file; "$FAKE_HOME/fake" --filler 100000; } >expected
	talk </dev/null | cmp - expected
	fake_wait
	fake_saw "^S: <5000 octets sha256=$(sha256sum <file | cut -d' ' -f1)>$"
}

@test "200 MB pass through in constant memory" {
	fake_start <<-'END'
		send-literal 200M
		expect done
		repeat 3
			read-octets 40M
		end
	END
	run client <<-'END'
		left = 200 << 20
		while left: left -= len(sock.recv(min(left, 1 << 20)))
		sock.sendall(b'done\r\n')
		for _ in range(120): sock.sendall(bytes(1 << 20))
		with open('/proc/' + pid + '/status') as f:
		    print(*[int(l.split()[1]) < 60000 for l in f if l.startswith('VmHWM')])
	END
	[ "$output" = True ]
	fake_wait
	fake_saw '^C: <41943040 octets sha256='
}

@test "read-octets and read-data" {
	fake_start <<-'END'
		expect BDAT (?P<n>\d+) LAST
		read-octets ${n}
		send 250 ${octets} ${data}
		read-octets 3 > chunk
		read-octets 2 >> chunk
		read-data
		send 250 <${data}>
		read-data
		send 250 <${data}>
		read-data unstuff > message
		send 250 ${octets}
		expect QUIT
	END
	run talk < <(printf 'BDAT 5 LAST\r\nab\r\ncABCDE..a\r\n.\n.\r\n..b\r\n.\r\n.\r\n..x\r\n..\r\n\r\n.\r\nQUIT\r\n')
	[ "$(crlf <<<"$output")" = "250 5 ab
c
250 <..a
.
.
..b
>
250 <>
250 9" ]
	fake_wait
	[ "$(cat chunk)" = ABCDE ]
	printf '.x\r\n.\r\n\r\n' | cmp - message
}

@test "read-data finds its end however the octets come" {
	fake_start --times 3 <<-'END'
		read-data unstuff > message
		send ${sha256}
	END
	run client <<-'END'
		lines = [b'..' + b'.x' * (n % 7) + b'y' * (n % 300) for n in range(3000)] + [b'z' * 200000]
		wanted = hashlib.sha256(b''.join(l[1:] + b'\r\n' for l in lines[:-1]) + lines[-1] + b'\r\n').hexdigest()
		octets = b'\r\n'.join(lines) + b'\r\n.\r\n'
		for step in (1 << 20, 1, 7):
		    for at in range(0, len(octets), step): sock.sendall(octets[at:at + step])
		    print(all_of(sock).decode().strip() == wanted)
		    if step != 7: sock = socket.create_connection(('127.0.0.1', port))
	END
	[ "$output" = "True
True
True" ]
	fake_wait
}

@test "imap-login: PLAIN with and without an initial response, LOGIN, and what surrounds them" {
	fake_start --cert "$CERT" "$KEY" <<-'END'
		imap-login QRESYNC -LITERAL+
		expect-cmd SELECT INBOX
		ok ${user} ${password}
		imap-logout
		next-connection
		imap-login
		ok ${user} ${password} ${mechanism}
		next-connection
		imap-login
		ok ${user} ${password}
	END
	run say 'a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==' 'b ENABLE QRESYNC' 'c NAMESPACE' 'd SELECT INBOX' 'e NOOP' 'f LOGOUT'
	[ "$(crlf <<<"$output")" = '* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN QRESYNC] fake ready
a OK [CAPABILITY IMAP4rev1 QRESYNC] logged in
* ENABLED QRESYNC
b OK done
* NAMESPACE (("" "/")) NIL NIL
c OK done
d OK alice secret
e OK done
* BYE logging out
f OK done' ]
	run say 'a CAPABILITY' 'b AUTHENTICATE PLAIN' '*' 'c AUTHENTICATE PLAIN' AGFsaWNlAHNlY3JldA==
	[ "$(crlf <<<"$output" | tail -n +2)" = '* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN
a OK done
+ 
b BAD cancelled
+ 
c OK [CAPABILITY IMAP4rev1 LITERAL+] logged in
c OK alice secret PLAIN' ]
	run say 'a LOGIN "al\"ice" {6+}' 'secret'
	[ "$(crlf <<<"$output" | tail -n 1)" = 'a OK al"ice secret' ]
	fake_wait
}

@test "imap-login with STARTTLS" {
	fake_start --cert "$CERT" "$KEY" <<<'imap-login STARTTLS'
	run client <<-'END'
		file = sock.makefile('rb'); print(file.readline())
		sock.sendall(b'a STARTTLS\r\n'); print(file.readline())
		sock = tls(sock)
		sock.sendall(b'b CAPABILITY\r\nc LOGIN a b\r\n')
		print(all_of(sock))
	END
	[[ $output == *"AUTH=PLAIN STARTTLS"*"begin TLS"*"* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN\\r\\nb OK"* ]]
	fake_wait
}

@test "smtp-login: everything in one flight, before the greeting" {
	fake_start --cert "$CERT" "$KEY" <<-'END'
		smtp-login PIPELINING "BURL imap" CHUNKING
		expect MAIL FROM:<(?P<from>[^>]*)>.*
		send 250 ${from} ${user} ${helo}
		smtp-quit
		next-connection
		smtp-login STARTTLS
		smtp-quit
	END
	run say 'EHLO me' 'AUTH PLAIN AGFsaWNlAHNlY3JldA==' 'EHLO again' 'MAIL FROM:<a@b> BODY=8BITMIME' QUIT
	[ "$(crlf <<<"$output")" = '220 fake.example ESMTP fake ready
250-fake.example
250-PIPELINING
250-BURL imap
250-CHUNKING
250 AUTH PLAIN
235 2.7.0 logged in
250-fake.example
250-PIPELINING
250-BURL imap
250-CHUNKING
250 AUTH PLAIN
250 a@b alice again
221 2.0.0 bye' ]
	run client <<-'END'
		sock.sendall(b'EHLO x\r\nSTARTTLS\r\n'); file = sock.makefile('rb')
		while b'begin' not in file.readline(): pass
		sock = tls(sock)
		sock.sendall(b'EHLO x\r\nAUTH LOGIN\r\n YWxpY2U=\r\nc2VjcmV0\r\nQUIT\r\n'.replace(b' YW', b'YW'))
		print(all_of(sock))
	END
	[ "$output" = "b'250-fake.example\\r\\n250 AUTH PLAIN\\r\\n334 VXNlcm5hbWU6\\r\\n334 UGFzc3dvcmQ6\\r\\n235 2.7.0 logged in\\r\\n221 2.0.0 bye\\r\\n'" ]
	fake_wait
}

@test "connections overlap, each with its own script and marks" {
	fake_start <<-'END'
		expect first
		send 1
		next-connection
		expect second
		send ${connection}
	END
	run client <<-'END'
		other = socket.create_connection(('127.0.0.1', port))
		other.sendall(b'second\r\n'); print(all_of(other))
		sock.sendall(b'first\r\n'); print(all_of(sock))
	END
	[ "$output" = "b'2\\r\\n'
b'1\\r\\n'" ]
	fake_wait
	fake_saw '^C: first$'
	fake_saw '^C2: second$'
	fake_saw '^S2: 2$'
}

@test "--forever ends well on SIGTERM, and unwell in the middle of a script" {
	fake_start --forever <<<'expect x'
	say x >/dev/null
	say x >/dev/null
	fake_await '^--2 closed'
	fake_stop
	fake_start --forever <<<'expect x'
	client <<<'time.sleep(5)' 3>&- &
	fake_await 'connection 1'
	run fake_stop
	[ "$status" = 1 ]
	kill $!
}

@test "stop-reading leaves the client with full buffers" {
	fake_start <<-'END'
		stop-reading 1
		read-octets 20M
	END
	run client <<-'END'
		start = time.monotonic()
		sock.sendall(bytes(20 << 20))
		print(time.monotonic() - start > 0.8)
	END
	[ "$output" = True ]
	fake_wait
}

@test "a script from a script's own file, and a port of choice" {
	printf 'send one' >one
	printf 'send two' >two
	fake_start one two <<<'send three'
	[[ $(talk </dev/null) == one* ]]
	[[ $(talk </dev/null) == two* ]]
	[[ $(talk </dev/null) == three* ]]
	fake_wait
	local port=$FAKE_PORT
	fake_start --port "$port" --once <<<'send x'
	[ "$FAKE_PORT" = "$port" ]
	talk </dev/null >/dev/null
	fake_wait
}

#!/usr/bin/python3
"""Try a started lab with nothing but Python's own libraries.

    check.py DIR TEST...

Each TEST is a function below, named without its "check_".  A failed one says
what it saw and ends with exit code 1.
"""
import base64
import hashlib
import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MESSAGE = (b"From: alice@localhost\r\nTo: bob@localhost\r\n"
           b"Subject: check\r\n\r\n.dot\r\nbare\nfeed\r\n")


def read_env(path):
    with open(os.path.join(path, "env"), encoding="utf-8") as file:
        pairs = (line.rstrip("\n").split("=", 1) for line in file)
        return {name: value.strip("'") for name, value in pairs}


def port(name):
    return int(ENV[f"LAB_{name}_PORT"])


def tls():
    return ssl.create_default_context(cafile=ENV["LAB_CA"])


def expect(truth, saw):
    if not truth:
        raise AssertionError(f"saw {saw!r}")


def imap(user="alice"):
    conn = imaplib.IMAP4_SSL("localhost", port("IMAPS"), ssl_context=tls())
    conn.login(user, ENV["LAB_PASS"])
    return conn


def smtp(which="SUBMISSIONS", user="alice"):
    conn = smtplib.SMTP_SSL("localhost", port(which), context=tls())
    conn.login(user, ENV["LAB_PASS"])
    conn.ehlo_or_helo_if_needed()
    conn.ehlo("check.localhost")
    return conn


def kept(where, number, deadline=5):
    """Message `number` of a sink, as (octets, envelope lines)."""
    base = os.path.join(ENV[where], f"{number:04d}")
    while not os.path.exists(base + ".env") and deadline > 0:
        time.sleep(0.05)
        deadline -= 0.05
    with open(base + ".eml", "rb") as eml, \
            open(base + ".env", encoding="utf-8") as env:
        return eml.read(), env.read().splitlines()


def count(where):
    return sum(n.endswith(".env") for n in os.listdir(ENV[where]))


def done(reply):
    expect(200 <= reply[0] < 300, reply)
    return reply


def check_capabilities():
    conn = imap()
    have = conn.capability()[1][0].decode().split()
    for word in ("URLAUTH", "CATENATE", "METADATA", "COMPRESS=DEFLATE",
                 "NOTIFY", "QRESYNC", "MULTIAPPEND", "SPECIAL-USE", "BINARY"):
        expect(word in have, have)
    boxes = b" ".join(conn.list()[1])
    for box in (b"\\Sent", b"\\Drafts", b"\\Trash"):
        expect(box in boxes, boxes)
    conn.logout()


def check_starttls():
    conn = imaplib.IMAP4("localhost", port("IMAP"))
    conn.starttls(tls())
    conn.login("bob", ENV["LAB_PASS"])
    conn.logout()
    sub = smtplib.SMTP("localhost", port("SUBMISSION"))
    sub.starttls(context=tls())
    sub.login("bob", ENV["LAB_PASS"])
    sub.quit()


def check_logindisabled():
    conn = imaplib.IMAP4("127.0.0.2", port("IMAP"))
    expect("LOGINDISABLED" in conn.capabilities, conn.capabilities)
    conn.shutdown()


def check_mechanisms():
    conn = imaplib.IMAP4_SSL("localhost", port("IMAPS"), ssl_context=tls())
    for word in ("PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256",
                 "XOAUTH2", "OAUTHBEARER"):
        expect("AUTH=" + word in conn.capabilities, conn.capabilities)
    conn.login_cram_md5("alice", ENV["LAB_PASS"])
    conn.logout()


def check_lmtp():
    conn = imap("bob")
    before = int(conn.select("INBOX")[1][0])
    lmtp = smtplib.LMTP(ENV["LAB_LMTP"])
    lmtp.sendmail("alice@localhost", ["bob@localhost"], MESSAGE.decode())
    lmtp.quit()
    expect(int(conn.select("INBOX")[1][0]) == before + 1, before)
    conn.logout()


def check_token():
    token = subprocess.run([HERE + "/token", "alice", ENV["LAB_DIR"]],
                           check=True, capture_output=True, text=True).stdout
    for mech, form in (("XOAUTH2", "user=alice\1auth=Bearer {}\1\1"),
                       ("OAUTHBEARER", "n,a=alice,\1auth=Bearer {}\1\1")):
        conn = imaplib.IMAP4_SSL("localhost", port("IMAPS"), ssl_context=tls())
        text = form.format(token.strip())
        conn.authenticate(mech, lambda _, text=text: text.encode())
        conn.logout()


def check_burl():
    """URLAUTH at the IMAP server, BURL at the submission server, the sink."""
    conn = imap()
    conn.append("Drafts", None, None, MESSAGE)
    conn.select("Drafts")
    uid = conn.uid("SEARCH", "ALL")[1][0].split()[-1].decode()
    validity = conn.response("UIDVALIDITY")[1][0].decode()
    rump = (f"imap://alice@{ENV['LAB_URL_AUTHORITY']}/Drafts;UIDVALIDITY="
            f"{validity}/;UID={uid};URLAUTH=submit+alice")
    conn.xatom("GENURLAUTH", f'"{rump}"', "INTERNAL")
    url = conn.response("GENURLAUTH")[1][0].decode().strip('"')
    sub = smtp()
    burl = sub.esmtp_features.get("burl")
    expect(burl == f"imap imap://{ENV['LAB_URL_AUTHORITY']}", burl)
    number = count("LAB_SINK_DIR") + 1
    done(sub.mail("alice@localhost", ["RET=HDRS", "ENVID=check1"]))
    done(sub.rcpt("bob@localhost", ["NOTIFY=SUCCESS,FAILURE"]))
    done(sub.docmd("BURL", f"{url} LAST"))
    sub.quit()
    conn.logout()
    octets, env = kept("LAB_SINK_DIR", number)
    expect(octets.startswith(b"Received: "), octets[:80])
    # Dovecot makes the bare LF of what was appended a CRLF.
    expect(octets.endswith(MESSAGE.replace(b"e\nf", b"e\r\nf")), octets)
    expect("RET=HDRS" in env[1] and "ENVID=check1" in env[1], env)
    expect("NOTIFY=SUCCESS,FAILURE" in env[2], env)


def check_burl_refused():
    """A URL that was not authorised must not pass."""
    sub = smtp()
    done(sub.mail("alice@localhost"))
    done(sub.rcpt("bob@localhost"))
    reply = sub.docmd("BURL", f"imap://alice@{ENV['LAB_URL_AUTHORITY']}/INBOX"
                      f"/;UID=1;URLAUTH=submit+alice:internal:{'0' * 34} LAST")
    expect(reply[0] >= 500, reply)


def raw_smtp(octets):
    """Write a whole session at once, and return what came back."""
    with socket.create_connection(("127.0.0.1", port("SINK")), 10) as sock:
        sock.sendall(octets)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def check_sink():
    number = count("LAB_SINK_DIR") + 1
    back = raw_smtp(
        b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<reject1@b>\r\n"
        b"RCPT TO:<defer@b>\r\nRCPT TO:<c@b>\r\nDATA\r\n"
        + MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<d@b>\r\n"
        b"BDAT 3\r\n\x00\r.BDAT 4 LAST\r\n\n.\r\nQUIT\r\n")
    for code in (b"550 5.1.1", b"451 4.3.0", b"354 ", b"221 "):
        expect(code in back, back)
    octets, env = kept("LAB_SINK_DIR", number)
    expect(octets == MESSAGE, octets)
    expect(env == ["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@b>", "DATA"], env)
    octets, env = kept("LAB_SINK_DIR", number + 1)
    expect(octets == b"\x00\r.\n.\r\n", octets)
    expect(env[3:] == ["BDAT 3", "BDAT 4 LAST"], env)


def check_sink_strict():
    back = raw_smtp(b"EHLO x\r\nMAIL FROM:<a@b> NONSENSE=1\r\nQUIT\r\n")
    expect(b"555 5.5.4" in back, back)


def check_sink_dots():
    """Every split of the terminator must be found: one octet at a time."""
    number = count("LAB_SINK_DIR") + 1
    body = b"..\r\n.a\r\n\r\n..\r\n"
    with socket.create_connection(("127.0.0.1", port("SINK")), 10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@b>\r\nDATA\r\n")
        for octet in (b"." + body).replace(b"\r\n.", b"\r\n..") + b".\r\n":
            sock.sendall(bytes([octet]))
            time.sleep(0.001)
        octets = kept("LAB_SINK_DIR", number)[0]
    expect(octets == body, octets)


def check_big():
    """300 MB through submission and sink, octet for octet."""
    number = count("LAB_SINK_DIR") + 1
    big = subprocess.Popen([HERE + "/bigmail", "220"], stdout=subprocess.PIPE)
    sub = smtp()
    done(sub.mail("alice@localhost"))
    done(sub.rcpt("bob@localhost"))
    sent = hashlib.sha256()
    while part := big.stdout.read(1 << 20):
        sent.update(part)
        sub.send(b"BDAT %d\r\n" % len(part) + part)
        done(sub.getreply())
    done(sub.docmd("BDAT 0 LAST"))
    expect(big.wait() == 0, big.returncode)
    with open(os.path.join(ENV["LAB_SINK_DIR"], f"{number:04d}.eml"), "rb") as file:
        while (line := file.readline()) and not line.startswith(b"From:"):
            pass
        got = hashlib.sha256(line)
        while part := file.read(1 << 20):
            got.update(part)
    expect(got.digest() == sent.digest(), number)


def check_poor():
    conn = smtp("POOR")
    have = set(conn.esmtp_features)
    expect({"size", "8bitmime", "smtputf8"} <= have, have)
    expect(not have & {"chunking", "pipelining", "dsn", "burl"}, have)
    number = count("LAB_POOR_DIR") + 1
    conn.sendmail("alice@localhost", ["bob@localhost"],
                  MESSAGE.replace(b"e\nf", b"e\r\nf"), ["BODY=8BITMIME"])
    octets, env = kept("LAB_POOR_DIR", number)
    expect(octets == MESSAGE.replace(b"e\nf", b"e\r\nf"), octets)
    expect(env[1].endswith(" BODY=8BITMIME"), env)


def check_exim():
    one_flight(port("EXIM"), ENV["LAB_EXIM_DIR"])


def check_stand_in():
    """What an ordinary user gets for Exim."""
    box = os.path.join(ENV["LAB_RUN"], "stand-in")
    proc = subprocess.Popen(
        [HERE + "/pipeconnect.py", "--users", ENV["LAB_RUN"] + "/users",
         "--cert", ENV["LAB_RUN"] + "/tls/good.pem",
         "--key", ENV["LAB_RUN"] + "/tls/good.key", box], stdout=subprocess.PIPE)
    try:
        one_flight(int(proc.stdout.readline()), box)
    finally:
        proc.terminate()
        proc.communicate(timeout=10)


def one_flight(number, box):
    """The whole session in one write, before the greeting has been read."""
    raw = socket.create_connection(("localhost", number), 10)
    word = base64.b64encode(f"\0alice\0{ENV['LAB_PASS']}".encode())
    with tls().wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"EHLO x\r\nAUTH PLAIN " + word + b"\r\n")
        back = b""
        while b"\r\n235" not in back:
            part = sock.recv(65536)
            expect(part, back)
            back += part
        for name in (b"PIPECONNECT", b"CHUNKING", b"PIPELINING", b"DSN",
                     b"SIZE", b"8BITMIME", b"AUTH PLAIN"):
            expect(name in back, back)
    raw = socket.create_connection(("localhost", number), 10)
    with tls().wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"EHLO x\r\nAUTH PLAIN " + word + b"\r\n"
                     b"MAIL FROM:<alice@localhost>\r\nRCPT TO:<bob@localhost>\r\n"
                     b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE)
        sock.settimeout(10)
        back = b""
        while back.count(b"\r\n250 ") < 4:
            part = sock.recv(65536)
            expect(part, back)
            back += part
        sock.sendall(b"QUIT\r\n")
    deadline = time.time() + 10
    while time.time() < deadline:
        for name in os.listdir(box) if os.path.isdir(box) else []:
            with open(os.path.join(box, name), "rb") as file:
                if b"Subject: check" in file.read():
                    return
        time.sleep(0.1)
    raise AssertionError("no message in " + box)


def check_fill():
    for args, feed in ((["fill", "NAME", "bob", "Fill/Gr\u00fc\u00dfe", "250", "1000"], b""),
                       (["deliver", "NAME", "bob", "One", "\\Seen"], MESSAGE)):
        args[1] = ENV["LAB_DIR"]
        out = subprocess.run([f"{HERE}/{args[0]}", *args[1:]], input=feed,
                             check=True, capture_output=True)
        expect(out.stdout + out.stderr == b"", out)
    conn = imap("bob")
    expect(conn.select('"Fill/Gr&APwA3w-e"')[1] == [b"250"], conn)
    sizes = conn.fetch("1:250", "(RFC822.SIZE)")[1]
    expect(all(b"RFC822.SIZE 1000)" in size for size in sizes), sizes)
    conn.select("One")
    expect(b"\\Seen" in conn.fetch("1", "(FLAGS)")[1][0], conn)
    text = conn.fetch("1", "(BODY.PEEK[])")[1][0][1]
    expect(text == MESSAGE.replace(b"e\nf", b"e\r\nf"), text)
    conn.logout()


def metered(target, *options):
    """Start a meter.  Gives its port, and a function that stops it and reads."""
    path = os.path.join(ENV["LAB_DIR"], "meter.txt")
    proc = subprocess.Popen([HERE + "/meter.py", *options, "0", "127.0.0.1",
                             str(port(target)), path], stdout=subprocess.PIPE)
    number = int(proc.stdout.readline())

    def report():
        proc.terminate()
        proc.communicate(timeout=10)
        with open(path, encoding="ascii") as file:
            pairs = (line.split() for line in file)
            return {name: int(value) for name, value in pairs}
    return number, report


def check_meter():
    """Greeting, NOOP, LOGOUT: three questions after the connection."""
    number, report = metered("IMAP", "--delay", "50")
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", number), 10) as sock:
        file = sock.makefile("rb")
        greeting = file.readline()
        took = time.monotonic() - begin
        expect(0.19 < took < 0.5, took)     # two round trips of 100 ms
        sock.sendall(b"a NOOP\r\n")
        noop = file.readline()
        sock.sendall(b"b LOGOUT\r\n")
        bye = file.read()
        took = time.monotonic() - begin
        expect(0.39 < took < 0.8, took)
    got = report()
    want = {"connections": 1, "up": 18, "turnarounds": 4, "round-trips": 4,
            "down": len(greeting + noop + bye),
            "after-handshake-up": 0, "after-handshake-down": 0}
    expect({name: got[name] for name in want} == want, got)


def check_meter_tls():
    """What is counted after the handshake is what was said, and no more."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for name in ("IMAPS", "IMAP"):
            number, report = metered(name, "--delay", "20")
            context = tls()
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(("127.0.0.1", number), 10) as raw:
                if name == "IMAP":
                    raw.recv(9999)
                    raw.sendall(b"a STARTTLS\r\n")
                    raw.recv(9999)
                with context.wrap_socket(raw, server_hostname="localhost") as sock:
                    file = sock.makefile("rb")
                    down = file.readline() if name == "IMAPS" else b""
                    sock.sendall(b"b LOGOUT\r\n")
                    down += file.read()
            got = report()
            # A record costs 5 octets and 17 (or 24) more, a ticket some 250.
            up, down = got["after-handshake-up"], len(down)
            expect(10 < up <= 10 + 29, got)
            expect(down < got["after-handshake-down"] < down + 700, got)
            expect(got["up"] > up + 150, got)


def check_meter_cut():
    number, report = metered("SINK", "--cut-down", "10")
    with socket.create_connection(("127.0.0.1", number), 10) as sock:
        back = b"".join(iter(lambda: sock.recv(100), b""))
    expect(len(back) == 10 and report()["down"] == 10, back)
    number, report = metered("SINK", "--cut-up", "7")
    with socket.create_connection(("127.0.0.1", number), 10) as sock:
        sock.sendall(b"EHLO x\r\n")
        back = b"".join(iter(lambda: sock.recv(9999), b""))
    expect(b"250" not in back and report()["up"] == 7, back)


def main():
    global ENV
    ENV = read_env(sys.argv[1])
    for name in sys.argv[2:]:
        try:
            globals()["check_" + name]()
        except (AssertionError, OSError, imaplib.IMAP4.error,
                smtplib.SMTPException) as error:
            sys.exit(f"{name}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()

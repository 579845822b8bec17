"""The little IMAP that fill and deliver need, over the lab's plain port."""
import base64
import os
import socket
import sys


def lab_env(path):
    with open(os.path.join(path, "env"), encoding="utf-8") as file:
        pairs = (line.rstrip("\n").split("=", 1) for line in file)
        return {name: value.strip("'") for name, value in pairs}


def mutf7(name):
    """Modified UTF-7 (RFC 3501, 5.1.3), quoted."""
    out, run = "", ""
    for char in name + "\0":
        if " " <= char <= "~" or char == "\0":
            if run:
                word = run.encode("utf-16-be")
                run = ""
                out += "&" + b64(word) + "-"
            out += {"&": "&-", "\0": "", '"': '\\"', "\\": "\\\\"}.get(char, char)
        else:
            run += char
    return f'"{out}"'


def b64(word):
    return base64.b64encode(word).decode().rstrip("=").replace("/", ",")


class Imap:
    """One logged-in connection.  Any refusal ends the program."""

    def __init__(self, lab, user):
        env = lab_env(lab)
        # From 127.0.0.1 to itself Dovecot lets a password pass without TLS.
        self.sock = socket.create_connection(
            ("127.0.0.1", int(env["LAB_IMAP_PORT"])), 600)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies = self.sock.makefile("rb")
        self.replies.readline()
        self.send(b"a LOGIN %s %s\r\n" % (user.encode(), env["LAB_PASS"].encode()))
        self.until(b"a ")

    def send(self, octets):
        self.sock.sendall(octets)

    def until(self, tag, also=()):
        """Read to the line that begins with `tag`; a NO or BAD is fatal."""
        for line in self.replies:
            if line.startswith(tag):
                if tag == b"+" or line[len(tag):].startswith(b"OK"):
                    return
                if any(code in line for code in also):
                    return
                sys.exit(f"lab: {line.decode(errors='replace').strip()}")
            if tag == b"+" and line[:1] not in b"*+":
                sys.exit(f"lab: {line.decode(errors='replace').strip()}")
        sys.exit("lab: the server closed the connection")

    def create(self, mailbox):
        self.send(b"c CREATE %s\r\n" % mutf7(mailbox).encode())
        self.until(b"c ", also=(b"ALREADYEXISTS",))

    def close(self):
        self.send(b"z LOGOUT\r\n")
        self.until(b"z ")

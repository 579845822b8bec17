#!/usr/bin/python3
"""An SMTP server that keeps every message byte for byte.

    sink.py [--port N] [--host ADDR] [--pid FILE] [--hide KEYWORD]... DIR

Prints its port on standard output once it listens.  A message becomes two
files: DIR/NNNN.eml holds exactly the octets that were handed in (DATA without
its dot-stuffing, BDAT chunks joined), and DIR/NNNN.env holds the envelope, one
command a line as it came.  The .env file appears last and by rename, so
whoever sees it can read both.

Local parts that begin with "reject" get 550, with "defer" 451, so that a test
can have a refusal without a second server.  Messages stream to disk: memory
does not grow with their size.
"""
import argparse
import asyncio
import base64
import itertools
import os
import re
import signal
import sys

CAPABILITIES = ("PIPELINING", "SIZE", "8BITMIME", "BINARYMIME", "CHUNKING",
                "DSN", "VRFY", "ENHANCEDSTATUSCODES", "SMTPUTF8")
# Which parameter is allowed by which capability; anything else is a 555, so
# that a client that uses what was not offered is found out.
MAIL_PARAMS = {"SIZE": "SIZE", "BODY": "8BITMIME", "RET": "DSN",
               "ENVID": "DSN", "SMTPUTF8": "SMTPUTF8", "AUTH": "AUTH"}
RCPT_PARAMS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
LINE_MAX = 12288
READ_MAX = 1 << 18
PATH = re.compile(rb"^(?:FROM|TO): ?<([^>]*)>(.*)$", re.I)


class Hangup(Exception):
    """The client went away, or we must end the session."""


class Wire:
    """Lines, counted octets and dot-terminated data off one stream.

    Replies are held until there is nothing left to read: a pipelined flight
    is then answered by one flight, as real servers do.
    """

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.have = b""
        self.out = []

    def say(self, text):
        self.out.append(text.encode() + b"\r\n")

    async def flush(self):
        if self.out:
            self.writer.write(b"".join(self.out))
            self.out = []
            await self.writer.drain()

    async def more(self):
        await self.flush()
        data = await self.reader.read(READ_MAX)
        if not data:
            raise Hangup
        self.have += data

    async def line(self):
        while (end := self.have.find(b"\n")) < 0:
            if len(self.have) > LINE_MAX:
                self.say("500 5.5.2 line too long")
                raise Hangup
            await self.more()
        line, self.have = self.have[:end + 1], self.have[end + 1:]
        return line.rstrip(b"\r\n")

    async def counted(self, size, write):
        while size:
            if not self.have:
                await self.more()
            part, self.have = self.have[:size], self.have[size:]
            size -= len(part)
            write(part)

    async def dotted(self, write):
        """Only CRLF . CRLF ends the data; a bare LF stays what it is."""
        end = b"\r\n.\r\n"
        skip = 2                    # the data starts as if after a CRLF
        self.have = b"\r\n" + self.have
        while True:
            at = self.have.find(end)
            if at >= 0:
                body, self.have = self.have[:at + 2], self.have[at + 5:]
            else:
                keep = next(n for n in (4, 3, 2, 1, 0)
                            if self.have.endswith(end[:n]))
                cut = len(self.have) - keep
                body, self.have = self.have[:cut], self.have[cut:]
            body = body.replace(b"\r\n.", b"\r\n")
            if body:
                write(body[skip:])
                skip = 0
            if at >= 0:
                return
            await self.more()


class Store:
    """Numbers messages, and gives each to the directory in one piece."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)
        seen = [int(n[:-4]) for n in os.listdir(path)
                if re.fullmatch(r"\d+\.env", n)]
        self.next = itertools.count(max(seen, default=0) + 1)
        self.spool = itertools.count(1)

    def open(self):
        name = os.path.join(self.path, f".spool-{os.getpid()}-{next(self.spool)}")
        return open(name, "wb")

    def keep(self, file, envelope):
        file.close()
        base = os.path.join(self.path, "%04d" % next(self.next))
        os.rename(file.name, base + ".eml")
        with open(file.name, "wb") as env:
            env.writelines(line + b"\n" for line in envelope)
        os.rename(env.name, base + ".env")
        return os.path.basename(base)

    @staticmethod
    def drop(file):
        if file:
            file.close()
            os.unlink(file.name)


class Session:
    """One SMTP session.  `users` (name -> password) makes AUTH required."""

    def __init__(self, wire, store, capabilities=CAPABILITIES, users=None,
                 name="sink.localhost"):
        self.wire, self.store, self.users = wire, store, users
        self.capabilities, self.name = capabilities, name
        self.ehlo = None
        self.who = None
        self.file = None
        self.reset()

    def reset(self):
        self.store.drop(self.file)
        self.file = None
        self.mail = None
        self.rcpts = []
        self.chunks = []
        self.binary = False

    def offers(self, word):
        return any(c.split()[0] == word for c in self.capabilities)

    async def run(self):
        self.wire.say(f"220 {self.name} ESMTP")
        try:
            while await self.command(await self.wire.line()):
                pass
        except (Hangup, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.reset()
            try:
                await self.wire.flush()
            except ConnectionError:
                pass

    async def command(self, line):
        verb, _, rest = line.partition(b" ")
        verb = verb.upper().decode("ascii", "replace")
        handler = {"EHLO": self.do_hello, "HELO": self.do_hello,
                   "MAIL": self.do_mail, "RCPT": self.do_rcpt,
                   "DATA": self.do_data, "BDAT": self.do_bdat,
                   "AUTH": self.do_auth}.get(verb)
        if handler:
            await handler(line, rest)
        elif verb == "RSET":
            self.reset()
            self.wire.say("250 2.0.0 reset")
        elif verb == "NOOP":
            self.wire.say("250 2.0.0 ok")
        elif verb == "VRFY" and self.offers("VRFY"):
            self.wire.say("252 2.5.2 try it")
        elif verb == "QUIT":
            self.wire.say("221 2.0.0 bye")
            return False
        else:
            self.wire.say("500 5.5.1 unknown command")
        return True

    async def do_hello(self, line, _rest):
        self.reset()
        self.ehlo = line
        if line[:4].upper() == b"HELO":
            self.wire.say(f"250 {self.name}")
            return
        words = [self.name, *self.capabilities]
        if self.users and not self.who:
            words.append("AUTH PLAIN")
        for word in words[:-1]:
            self.wire.say("250-" + word)
        self.wire.say("250 " + words[-1])

    async def do_auth(self, _line, rest):
        mech, _, initial = rest.partition(b" ")
        if not self.users or mech.upper() != b"PLAIN":
            self.wire.say("504 5.5.4 no such mechanism")
            return
        if self.who or self.mail:
            self.wire.say("503 5.5.1 not now")
            return
        if not initial:
            self.wire.say("334 ")
            initial = await self.wire.line()
        try:
            _, user, word = base64.b64decode(initial).decode().split("\0")
        except ValueError:
            self.wire.say("501 5.5.2 cannot decode")
            return
        if self.users.get(user) == word:
            self.who = user
            self.wire.say("235 2.7.0 welcome")
        else:
            self.wire.say("535 5.7.8 no")

    def path(self, rest, allowed):
        """The address of a MAIL or RCPT and its parameters, or None."""
        match = PATH.match(rest)
        if not match:
            self.wire.say("501 5.5.4 syntax: <address> expected")
            return None
        params = match[2].decode("utf-8", "replace").split()
        for param in params:
            if not self.offers(allowed.get(param.split("=")[0].upper(), "?")):
                self.wire.say(f"555 5.5.4 {param.split('=')[0]} not offered")
                return None
        return match[1], params

    async def do_mail(self, line, rest):
        if not self.ehlo or self.mail:
            self.wire.say("503 5.5.1 bad sequence")
        elif self.users and not self.who:
            self.wire.say("530 5.7.0 authentication required")
        elif got := self.path(rest, MAIL_PARAMS):
            self.binary = any(p.upper() == "BODY=BINARYMIME" for p in got[1])
            if self.binary and not self.offers("BINARYMIME"):
                self.wire.say("501 5.5.4 no BINARYMIME here")
                return
            self.mail = line
            self.wire.say("250 2.1.0 ok")

    async def do_rcpt(self, line, rest):
        if not self.mail:
            self.wire.say("503 5.5.1 MAIL first")
        elif got := self.path(rest, RCPT_PARAMS):
            if got[0].lower().startswith(b"reject"):
                self.wire.say("550 5.1.1 no such user")
            elif got[0].lower().startswith(b"defer"):
                self.wire.say("451 4.3.0 not now")
            else:
                self.rcpts.append(line)
                self.wire.say("250 2.1.5 ok")

    def accept(self):
        name = self.store.keep(
            self.file, [self.ehlo, self.mail, *self.rcpts, *self.chunks])
        self.file = None
        self.reset()
        self.wire.say(f"250 2.0.0 kept as {name}")

    async def do_data(self, _line, _rest):
        if not self.rcpts:
            self.wire.say("503 5.5.1 no recipients" if self.mail
                          else "503 5.5.1 MAIL first")
        elif self.binary or self.chunks:
            self.wire.say("503 5.5.1 BDAT only")
        else:
            self.wire.say("354 go on")
            self.file = self.store.open()
            self.chunks.append(b"DATA")
            await self.wire.dotted(self.file.write)
            self.accept()

    async def do_bdat(self, line, rest):
        match = re.fullmatch(rb"(\d{1,18})( LAST)?", rest.strip(), re.I)
        if not match or not self.offers("CHUNKING"):
            # Octets follow that we cannot count: the session is lost.
            self.wire.say("501 5.5.4 bad BDAT")
            raise Hangup
        size = int(match[1])
        if not self.rcpts:
            await self.wire.counted(size, lambda part: None)
            self.wire.say("503 5.5.1 no recipients" if self.mail
                          else "503 5.5.1 MAIL first")
            return
        if not self.file:
            self.file = self.store.open()
        self.chunks.append(line.upper())
        await self.wire.counted(size, self.file.write)
        if not match[2]:
            self.wire.say(f"250 2.0.0 {size} octets")
        else:
            self.accept()


async def serve(options, session, context=None):
    """Listen, print the port, run session(wire) for each client, until TERM."""
    async def client(reader, writer):
        try:
            await session(Wire(reader, writer)).run()
        finally:
            writer.close()

    server = await asyncio.start_server(
        client, options.host, options.port, ssl=context)
    if options.pid:
        with open(options.pid, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pid", help="write the process id to this file")
    parser.add_argument("--hide", action="append", default=[],
                        help="leave this capability out")
    parser.add_argument("dir")
    return parser


def main():
    options = arguments(__doc__).parse_args()
    store = Store(options.dir)
    offered = [c for c in CAPABILITIES if c not in options.hide]
    asyncio.run(serve(options, lambda wire: Session(wire, store, offered)))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""A TCP relay that delays, counts and cuts.

    meter.py [--delay MS] [--cut-up N] [--cut-down N] [--host ADDR]
             LISTENPORT|0 TARGETHOST TARGETPORT REPORTFILE

Prints its port once it listens, and runs until SIGTERM or SIGINT.  "Up" is
from the client to the server.  The report is rewritten, by rename, whenever a
connection ends and once more at the end: lines of NAME NUMBER for the totals,
then the same names for each connection as "N.NAME".

    connections              how many were made
    up, down                 octets, as the client wrote and as it got them
    turnarounds              changes of direction, as seen at the client's end
    round-trips              what a slow link makes the client wait for: one
                             for TCP, and one for each time that something
                             from the server follows the client's own
                             (or the connection, for a greeting)
    after-handshake-up/down  octets in TLS records of type 23 (headers too)
                             after the handshake; 0 without TLS

Counts of turnarounds are sound when --delay is well above the time that the
server takes; without a delay a long answer may cross a long question.

--delay MS is one way, so the round-trip time is twice that.  The kernel
completes the client's connect() with the relay at once, so the time of the
TCP handshake is made good: nothing reaches the server before 1.5 round trips
after connect(), which is when the first octets would on a real link.

--cut-up/--cut-down N pass exactly N octets in that direction of each
connection, and then close both sides.

TLS 1.3 hides most of its handshake in records of type 23 too.  There, the
first such record of the client is its Finished (with a client certificate
there may be more: they count as data), and what the server sent before it is
the handshake.  Session tickets, which the server sends later, count as down:
the link pays for them.  TLS after STARTTLS is recognised by a ClientHello at
the start of a read after that word was sent.  0-RTT is not accounted for.
"""
import argparse
import asyncio
import os
import signal
import sys

NAMES = ("up", "down", "turnarounds", "round-trips",
         "after-handshake-up", "after-handshake-down")
READ_MAX = 1 << 16


class Records:
    """Splits one direction of TLS into (type, length, first octets)."""

    def __init__(self):
        self.have = bytearray()
        self.skip = 0

    def feed(self, data):
        if self.skip:
            step = min(self.skip, len(data))
            self.skip -= step
            data = data[step:]
        self.have += data
        while len(self.have) >= 5:
            size = 5 + int.from_bytes(self.have[3:5], "big")
            kind = self.have[0]
            # Only a hello must be looked into; the rest need not be held.
            if kind == 22 and len(self.have) < size:
                return
            yield kind, size, bytes(self.have[5:size] if kind == 22 else b"")
            self.skip = max(0, size - len(self.have))
            del self.have[:size]


def is_tls13(hello):
    """Whether a ServerHello has supported_versions = 0x0304 (RFC 8446)."""
    if len(hello) < 39 or hello[0] != 2:
        return False
    at = 39 + hello[38] + 3             # session id, suite, compression
    end = at + 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 2
    while at + 4 <= end:
        kind = int.from_bytes(hello[at:at + 2], "big")
        size = int.from_bytes(hello[at + 2:at + 4], "big")
        if kind == 43:
            return hello[at + 4:at + 6] == b"\x03\x04"
        at += 4 + size
    return False


class Tls:
    """Finds the octets after the handshake in both directions."""

    def __init__(self):
        self.up = self.down = None
        self.plain = b""
        self.v13 = False
        self.finished = False
        self.asked = False              # the client may begin TLS now

    def feed_up(self, data):
        if not self.up:
            hello = data[:2] == b"\x16\x03"
            if not (hello and (not self.plain or self.asked)):
                self.plain = (self.plain + data)[-64:]
                self.asked = self.asked or b"STARTTLS" in self.plain.upper()
                return 0
            self.up, self.down = Records(), Records()
        total = 0
        for kind, size, _ in self.up.feed(data):
            if kind == 23 and self.v13 and not self.finished:
                self.finished = True
            elif kind == 23:
                total += size
        return total

    def feed_down(self, data):
        total = 0
        for kind, size, body in self.down.feed(data) if self.down else ():
            if kind == 22:
                self.v13 = self.v13 or is_tls13(body)
            elif kind == 23 and (self.finished or not self.v13):
                total += size
        return total


class Relay:
    """Everything about one connection."""

    def __init__(self, options):
        self.options = options
        self.delay = options.delay / 1000
        self.count = dict.fromkeys(NAMES, 0)
        self.tls = Tls()
        # The connection itself is a question, to which a greeting answers.
        self.last = None
        self.count["round-trips"] = 1

    def saw(self, way, data):
        count = self.count
        count[way] += len(data)
        if self.last not in (way, None):
            count["turnarounds"] += 1
        if way == "down" and self.last != "down":
            count["round-trips"] += 1
        self.last = way
        feed = self.tls.feed_up if way == "up" else self.tls.feed_down
        count["after-handshake-" + way] += feed(data)

    async def read(self, way, reader, queue, cut, start):
        """Take octets off one side and stamp them with the time to pass on."""
        clock = asyncio.get_running_loop().time
        left = cut
        while left != 0:
            data = await reader.read(READ_MAX if left is None
                                     else min(left, READ_MAX))
            if not data:
                break
            if left is not None:
                left -= len(data)
            # Up is counted as it leaves the client, down as it gets there.
            if way == "up":
                self.saw(way, data)
            await queue.put((max(clock() + self.delay, start), data))
        await queue.put((max(clock() + self.delay, start), b""))
        return left == 0

    async def write(self, way, writer, queue):
        clock = asyncio.get_running_loop().time
        while True:
            due, data = await queue.get()
            if (wait := due - clock()) > 0:
                await asyncio.sleep(wait)
            if not data:
                break
            if way == "down":
                self.saw(way, data)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def pump(self, way, reader, writer, cut, start):
        # Bounded, so that a fast sender meets the usual back-pressure; large
        # enough not to throttle a link with a delay.
        queue = asyncio.Queue(1024)
        reading = asyncio.create_task(
            self.read(way, reader, queue, cut, start))
        try:
            await self.write(way, writer, queue)
            return await reading
        finally:
            reading.cancel()

    async def run(self, reader, writer):
        begin = asyncio.get_running_loop().time()
        start = begin + 3 * self.delay
        ours, theirs = writer, None
        try:
            connect = asyncio.create_task(asyncio.open_connection(
                self.options.target, self.options.target_port))
            await asyncio.sleep(3 * self.delay)
            target, theirs = await connect
            both = [asyncio.create_task(self.pump(
                        "up", reader, theirs, self.options.cut_up, start)),
                    asyncio.create_task(self.pump(
                        "down", target, ours, self.options.cut_down, start))]
            # The end of one side is passed on; a cut or an error ends both.
            pending = both
            while pending:
                finished, pending = await asyncio.wait(
                    pending, return_when=asyncio.FIRST_COMPLETED)
                if any(t.exception() or t.result() for t in finished):
                    break
            for task in pending:
                task.cancel()
            # A side that went away while it was written to is no news.
            await asyncio.gather(*both, return_exceptions=True)
        except OSError as error:
            print(f"meter.py: {error}", file=sys.stderr)
        finally:
            for side in (ours, theirs):
                if side:
                    side.close()


def report(path, relays):
    lines = [f"connections {len(relays)}"]
    lines += [f"{name} {sum(r.count[name] for r in relays)}" for name in NAMES]
    lines += [f"{number}.{name} {relay.count[name]}"
              for number, relay in enumerate(relays, 1) for name in NAMES]
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    os.rename(path + ".new", path)


async def serve(options):
    relays = []
    running = set()

    async def client(reader, writer):
        relay = Relay(options)
        relays.append(relay)
        running.add(asyncio.current_task())
        try:
            await relay.run(reader, writer)
        finally:
            running.discard(asyncio.current_task())
            report(options.report, relays)

    server = await asyncio.start_server(client, options.host, options.port)
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=1)
    report(options.report, relays)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, default=0, metavar="MS")
    parser.add_argument("--cut-up", type=int, metavar="N")
    parser.add_argument("--cut-down", type=int, metavar="N")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("port", type=int)
    parser.add_argument("target")
    parser.add_argument("target_port", type=int)
    parser.add_argument("report")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

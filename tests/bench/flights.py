"""The lab's meter, which also tells the final reply from the good-bye.

    python3 flights.py [--delay MS] LISTENPORT|0 TARGETHOST TARGETPORT REPORT

As tests/lab/meter.py, with two more lines in the report, for SMTP over TLS 1.3:

    reply-trips    round trips from the SYN to the reply to the message
    reply-ms       milliseconds from the SYN to that reply, at the client's end

Some clients wait for the reply to QUIT and some do not, which has nothing to do
with the message.  QUIT is seen through the encryption: it is the last TLS record
of 28 octets that goes up (a header of 5, "QUIT" CR LF, the type, a tag of 16).
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import meter  # noqa: E402

QUIT = 28
WAITED = 0.01                           # seconds


class Punctual:
    """A queue to the server, for what the client wrote while it connected.

    The meter reads that when the handshake of TCP is over, at the time when it
    should reach the server, and would let it travel from there once more.
    """

    def __init__(self, queue, delay, start):
        self.queue, self.delay, self.start = queue, delay, start

    async def put(self, item):
        due, data = item
        if 0 <= due - self.delay - self.start < WAITED:
            due = self.start
        await self.queue.put((due, data))


class Records(meter.Records):
    """Remembers how long the records of application data were."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def feed(self, data):
        for kind, size, body in super().feed(data):
            if kind == 23:
                self.sizes.append(size)
            yield kind, size, body


class Relay(meter.Relay):
    """Takes the time of the last answer before QUIT."""

    def __init__(self, options):
        super().__init__(options)
        self.began = self.heard = time.monotonic()
        self.unanswered = False         # QUIT went up behind an open question

    async def read(self, way, reader, queue, cut, start):
        if way == "up":
            queue = Punctual(queue, self.delay, start)
        return await super().read(way, reader, queue, cut, start)

    def note(self):
        self.count["reply-trips"] = self.count["round-trips"]
        self.count["reply-ms"] = round((self.heard - self.began) * 1000)

    def saw(self, way, data):
        before = self.last
        super().saw(way, data)
        if way == "down":
            self.heard = time.monotonic()
            if self.unanswered:
                self.note()
        elif self.tls.up:
            sizes, self.tls.up.sizes = self.tls.up.sizes, []
            if QUIT in sizes:
                self.unanswered = before == "up"
                self.note()
            elif before == "down":
                self.unanswered = False


meter.NAMES += ("reply-trips", "reply-ms")
meter.Records = Records
meter.Relay = Relay

if __name__ == "__main__":
    meter.main()

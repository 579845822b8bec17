"""What was said, one line an item, for people and for grep.

    C: a1 LOGIN alice secret      the client          C2: ...  on connection 2
    S: a1 OK done                 the fake            S2: ...
    -- tls 1.3                    an event            --2 ...

Octets that do not print are escaped as scripts escape them, a backslash stays
as it is, and `\\c` ends a piece that did not end its line.
"""
import hashlib
import threading

LONG = 1000  # octets; what is longer is named by its size and digest

ESCAPES = {0: r"\0", 9: r"\t", 10: r"\n", 13: r"\r"}


def digest(size, sha256):
    return f"<{size} octets sha256={sha256}>"


def printable(octets):
    return "".join(chr(c) if 32 <= c < 127 else ESCAPES.get(c, f"\\x{c:02x}")
                   for c in octets)


def brief(octets):
    if len(octets) > LONG:
        return digest(len(octets), hashlib.sha256(octets).hexdigest())
    return printable(octets)


class Transcript:
    """The file that all connections share."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii") if path else None
        self.lock = threading.Lock()

    def write(self, text):
        # Flushed a line at a time, so that a test can wait for a line to appear.
        if self.file:
            with self.lock:
                self.file.write(text + "\n")
                self.file.flush()


class Log:
    """One connection's view of it."""

    def __init__(self, transcript, number):
        self.transcript = transcript
        self.suffix = "" if number == 1 else str(number)

    def client(self, octets):
        self.transcript.write(f"C{self.suffix}: {brief(octets)}")

    def server(self, octets):
        if len(octets) > LONG:
            self.transcript.write(f"S{self.suffix}: {brief(octets)}")
            return
        *lines, rest = octets.split(b"\r\n")
        for line in lines:
            self.transcript.write(f"S{self.suffix}: {printable(line)}")
        if rest:
            self.transcript.write(f"S{self.suffix}: {printable(rest)}\\c")

    def server_long(self, size, sha256):
        self.transcript.write(f"S{self.suffix}: {digest(size, sha256)}")

    def event(self, text):
        self.transcript.write(f"--{self.suffix} {printable(text.encode('latin-1', 'replace'))}")

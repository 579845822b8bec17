"""One connection: a socket, perhaps TLS on it, perhaps deflate on that.

What goes out is shaped (dribble, split, cut-after, hold) between deflate and
TLS: so a dribbled octet is a segment in the clear and a record under TLS, and
a compressed stream is torn at every octet, which is what tries a client most.
"""
import socket
import ssl
import struct
import time
import zlib

BLOCK = 65536
LINE_MAX = 16 << 20   # octets in one line from the client
LINGER = 2            # seconds that a closed connection waits for the client's FIN

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Failed(Exception):
    """An expectation was not met."""


class Late(Failed):
    """The client kept the script waiting."""


class Gone(Exception):
    """The client went away."""


class Cut(Exception):
    """cut-after came to its octet."""


def tls_context(cert, key, newest):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if newest in ("1.0", "1.1"):
        # OpenSSL 3 allows these two only at this level.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = min(VERSIONS["1.2"], VERSIONS[newest])
    context.maximum_version = VERSIONS[newest]
    context.load_cert_chain(cert, key)
    return context


class Wire:
    def __init__(self, sock, timeout, event):
        self.sock = sock
        self.timeout = timeout
        self.event = event          # called with a line for the transcript
        self.buffer = bytearray()   # octets that the script has not read yet
        self.ended = False          # the client has sent its last octet
        self.closed = False
        self.tls = self.incoming = self.outgoing = None
        self.inflater = self.deflater = None
        self.piece = None           # octets a write, or None for all at once
        self.delay = 0              # seconds between such writes
        self.budget = None          # octets until the cut
        self.held = None            # octets that wait for `flush`
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # ---- in

    def fill(self, deadline):
        """Wait for more octets; false when there will be none."""
        if self.ended:
            return False
        self._take(self._receive(deadline))
        return not self.ended

    def _take(self, octets):
        if self.inflater and octets:
            try:
                octets = self.inflater.decompress(octets)
            except zlib.error as error:
                raise Failed(f"the client's deflate stream is broken: {error}") from error
        self.buffer += octets

    def _receive(self, deadline):
        raw = self._recv(deadline)
        if not self.tls:
            self.ended = not raw
            return raw
        if raw:
            self.incoming.write(raw)
        else:
            self.incoming.write_eof()
        return self._decrypt()

    def _recv(self, deadline):
        # A wait that is over still takes what has come already.
        self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            return self.sock.recv(BLOCK)
        except TimeoutError:
            raise Late("timed out") from None
        except OSError as error:
            self.event(f"client: {error.strerror}")
            return b""

    def _decrypt(self):
        octets = bytearray()
        try:
            while part := self.tls.read(BLOCK):
                octets += part
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.event("client: close_notify")
            self.ended = True
        except ssl.SSLError as error:
            self.event(f"client: {error.reason or error}")
            self.ended = True
        return bytes(octets)

    def read_line(self):
        """A line without its CRLF."""
        deadline = time.monotonic() + self.timeout
        start = 0
        while (at := self.buffer.find(b"\n", start)) < 0:
            start = len(self.buffer)
            if start > LINE_MAX:
                raise Failed(f"a line of more than {LINE_MAX} octets")
            if not self.fill(deadline):
                raise Gone(f"the client went away{self._rest()}")
        line = bytes(self.buffer[:at + 1])
        del self.buffer[:at + 1]
        if not line.endswith(b"\r\n"):
            raise Failed(f"a line ends in a bare LF: {line!r}")
        return line[:-2]

    def _rest(self):
        return f" after {bytes(self.buffer)!r}" if self.buffer else ""

    def read_octets(self, count):
        """Exactly COUNT octets, in pieces."""
        while count:
            if not self.buffer and not self.fill(time.monotonic() + self.timeout):
                raise Gone(f"the client went away, {count} octets short")
            part = bytes(self.buffer[:count])
            del self.buffer[:len(part)]
            count -= len(part)
            if part:
                yield part

    def read_data(self, unstuff):
        """A message up to CRLF.CRLF, in pieces that never part a CRLF from the dots behind it."""
        end, first = b"\r\n.\r\n", True
        self.buffer[:0] = b"\r\n"   # so that an empty message ends like any other
        while True:
            at = self.buffer.find(end)
            keep = at + 2 if at >= 0 else self._safe_length()
            part = bytes(self.buffer[:keep])
            del self.buffer[:keep]
            if part:
                part = part.replace(b"\r\n..", b"\r\n.") if unstuff else part
                yield part[2:] if first else part
                first = False
            if at >= 0:
                del self.buffer[:3]
                return
            if not self.fill(time.monotonic() + self.timeout):
                raise Gone("the client went away in the middle of its data")

    def _safe_length(self):
        last, size = self.buffer.rfind(b"\r\n"), len(self.buffer)
        if last > 0:
            return last
        # At 0, the CRLF goes with at least the two octets behind it.
        return max(size - 4, 0) if last < 0 or size >= 8 else 0

    def ends_within(self, seconds):
        """True when the client goes away in that time; what it sends is kept."""
        deadline = time.monotonic() + seconds
        try:
            while self.fill(deadline):
                pass
        except Late:
            return False
        return True

    # ---- out

    def send(self, octets):
        if self.deflater:
            octets = self.deflater.compress(octets) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.send_below(octets)

    def send_below(self, octets):
        """Send beneath deflate."""
        if self.held is not None:
            self.held += octets
        elif self.budget is None:
            self._pieces(octets)
        else:
            self._pieces(octets[:self.budget])
            self.budget -= len(octets)
            self.cut_if_spent()

    def cut_if_spent(self):
        if self.budget is not None and self.budget <= 0:
            raise Cut

    def flush(self):
        held, self.held = self.held, None
        if held:
            self.send_below(bytes(held))

    def _pieces(self, octets):
        step = self.piece or max(len(octets), 1)
        for at in range(0, len(octets), step):
            self._write(octets[at:at + step])
            if self.delay:
                time.sleep(self.delay)

    def _write(self, octets):
        if self.tls:
            try:
                self.tls.write(octets)
            except ssl.SSLError as error:
                raise Gone(f"the client ended TLS: {error.reason}") from error
            octets = self.outgoing.read()
        self._send_raw(octets)

    def _send_raw(self, octets):
        self.sock.settimeout(self.timeout)
        try:
            self.sock.sendall(octets)
        except TimeoutError:
            raise Late(f"the client took nothing for {self.timeout:g} s") from None
        except OSError as error:
            raise Gone(f"the client went away: {error.strerror}") from error

    # ---- layers

    def start_tls(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        # A client may not wait for the answer to STARTTLS: its hello is here already.
        self.incoming.write(bytes(self.buffer))
        self.buffer.clear()
        self._handshake(time.monotonic() + self.timeout)
        self.event(f"tls {self.tls.version()}")
        self._take(self._decrypt())

    def _handshake(self, deadline):
        while True:
            try:
                self.tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                self._say_alert()
                raise Gone(f"TLS handshake: {error.reason or error}") from error
            finally:
                # Also before the wait: the hello that the client waits for.
                if self.outgoing.pending:
                    self._send_raw(self.outgoing.read())
            raw = self._recv(deadline)
            if not raw:
                raise Gone("the client went away during the TLS handshake")
            self.incoming.write(raw)

    def _say_alert(self):
        try:
            self._send_raw(self.outgoing.read())
        except (Gone, Late):
            pass

    def start_deflate(self):
        self.deflater = zlib.compressobj(wbits=-15)
        self.inflater = zlib.decompressobj(wbits=-15)
        early = bytes(self.buffer)
        self.buffer.clear()
        self._take(early)
        self.event("deflate")

    # ---- the end

    def half_close(self, notify=True):
        if self.tls and notify:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass   # it wants the client's answer, which may come or not
            self._say_alert()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self, notify=True):
        """FIN, then read on for a while: closing with octets unread would be a reset."""
        if self.closed:
            return
        self.half_close(notify)
        if self.buffer:
            self.event(f"unread: {bytes(self.buffer[:200]).decode('latin-1')}")
        deadline = time.monotonic() + LINGER
        try:
            while time.monotonic() < deadline and self._recv(deadline):
                pass
        except Late:
            pass
        self._shut("closed")

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._shut("reset")

    def _shut(self, how):
        self.sock.close()
        self.closed = self.ended = True
        self.event(how)

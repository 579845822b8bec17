"""Plays one script on one connection: each directive is a do_ method."""
import hashlib
import os
import re
import shlex
import time
import zlib

import prefab
from filler import filler, repeated
from script import ScriptError, expand, full_match, number, parse_line
from transcript import digest
from wire import BLOCK, Cut, Failed, Gone, Late

KEPT = 1 << 20  # octets that a variable holds; of more it holds the digest
LITERAL = re.compile(r"~?\{(\d+)(\+?)\}$")
# Directives that say something about the play, and so do not start it.
QUIET = {"auto", "no-auto", "dribble", "split", "cut-after", "may-hangup", "must-hangup",
         "literal-refuse", "literal-to", "set", "set-size"}


class Player:
    def __init__(self, wire, log, make_context, variables, implicit_tls):
        self.wire = wire
        self.log = log
        self.make_context = make_context   # (CERT, KEY) or () -> SSLContext
        self.variables = dict(variables)
        self.tls_pending = implicit_tls
        self.autos = []                    # (regex, reply lines), of the script
        self.prefab_autos = []             # and of the prefabs, which come after
        self.hangup = "never"              # or may, or must: see the directives
        self.refusal = None                # what the next synchronising literal is told
        self.literal_file = None

    # ---- playing

    def play(self, directives):
        """Returns what went wrong, or None."""
        where = ""
        try:
            for where in self._run(directives):
                pass
            self._start_tls_if_pending()
            self.wire.flush()
            self._await_hangup()
        except Cut:
            self.wire.close(notify=False)
        except Gone as gone:
            self.log.event(str(gone))
            if self.hangup == "never":
                return f"{where}: {gone}"
        except (Failed, ScriptError, OSError, ValueError, re.error) as error:
            return f"{where}: {error}"
        return None

    def _run(self, directives):
        """Yields where it is before each step."""
        for directive in directives:
            yield directive.where
            if directive.name == "repeat":
                yield from self._repeat(directive)
            else:
                self.perform(directive)

    def _repeat(self, directive):
        outer = self.variables.get("i")
        for i in range(1, number(self.text(directive.argument)) + 1):
            self.variables["i"] = str(i)
            yield from self._run(directive.body)
        if outer is not None:
            self.variables["i"] = outer

    def perform(self, directive):
        if directive.name not in QUIET:
            self._start_tls_if_pending()
        getattr(self, "do_" + directive.name.replace("-", "_"))(directive.argument)

    def _start_tls_if_pending(self):
        # Late, so that a script can say first that the client may refuse the certificate.
        if self.tls_pending:
            self.tls_pending = False
            self.wire.start_tls(self.make_context())

    def _await_hangup(self):
        if self.hangup == "must" and not self.wire.closed \
                and not self.wire.ends_within(self.wire.timeout):
            raise Late(f"the client did not go away in {self.wire.timeout:g} s")

    # ---- what directives are made of

    def text(self, argument):
        return expand(argument, self.variables)

    def octets(self, argument):
        return self.text(argument).encode("latin-1")

    def words(self, argument):
        return [self.text(word) for word in shlex.split(argument)]

    def say(self, line):
        self.send(line.encode("latin-1") + b"\r\n")

    def send(self, octets):
        self.log.server(octets)
        self.wire.send(octets)

    def stream(self, pieces):
        size, sha256 = 0, hashlib.sha256()
        try:
            for piece in pieces:
                size += len(piece)
                sha256.update(piece)
                self.wire.send(piece)
        finally:
            self.log.server_long(size, sha256.hexdigest())

    def read_line(self):
        octets = self.wire.read_line()
        self.log.client(octets)
        self.variables["line"] = octets.decode("latin-1")
        return self.variables["line"]

    def read_command(self):
        """A line with its literals."""
        return self.complete(self.read_line())

    def complete(self, line):
        tail, count = line, 0
        while found := LITERAL.search(tail):
            count += 1
            if not found[2] and not self._invite(line):
                break
            octets = self.keep(self.wire.read_octets(int(found[1])), self.literal_file)
            self.variables[f"literal{count}"] = octets
            tail = self.read_line()
            line += octets + tail
        self.variables["line"] = line
        return line

    def _invite(self, line):
        if self.refusal is None:
            self.say("+ OK")
            return True
        self.say(f"{line.split(' ')[0]} NO {self.refusal}")
        self.refusal = None
        return False

    def keep(self, pieces, file=None, mode="wb"):
        """What was read, as text, or its digest when it is long; and to a file."""
        size, sha256, kept = 0, hashlib.sha256(), bytearray()
        with open(file or os.devnull, mode) as out:
            for piece in pieces:
                size += len(piece)
                sha256.update(piece)
                out.write(piece)
                kept += piece[:max(KEPT - len(kept), 0)]
        name = digest(size, sha256.hexdigest())
        self.variables.update(octets=str(size), sha256=sha256.hexdigest())
        self.log.client(bytes(kept) if size <= KEPT else name.encode())
        return kept.decode("latin-1") if size <= KEPT else name

    def bind(self, match):
        self.variables.update((k, v) for k, v in match.groupdict().items() if v is not None)

    def split_tag(self, line):
        """The command without its tag, which is kept; None when there is no tag."""
        match = re.fullmatch(r"(?P<tag>[^\s+*]+) (.*)", line, re.DOTALL)
        if not match:
            return None
        self.variables["tag"] = match["tag"]
        return match[2]

    def match_either(self, regex, line):
        """The whole line, or the command behind its tag."""
        if match := full_match(regex, line, self.variables):
            return match
        before = self.variables.get("tag")
        rest = self.split_tag(line)
        if rest is not None and (match := full_match(regex, rest, self.variables)):
            return match
        # A line that is nobody's leaves the tag as it was.
        if before is not None:
            self.variables["tag"] = before
        return None

    def answer(self, line):
        """True when an auto has answered the line."""
        for regex, reply in self.autos + self.prefab_autos:
            if match := self.match_either(regex, line):
                self.bind(match)
                for part in reply:
                    self.reply(part)
                return True
        return False

    def reply(self, part):
        if part.startswith("!"):
            self.perform(parse_line(part[1:], "auto"))
        elif part.split(" ")[0] in ("ok", "no", "bad"):
            self.perform(parse_line(part, "auto"))
        else:
            self.say(self.text(part))

    def await_match(self, read, match, regex):
        """Lines until one matches; those in between must be an auto's."""
        while True:
            line = self._read_for(read, regex)
            if found := match(line):
                self.bind(found)
                return
            if not self.answer(line):
                raise Failed(f"expected /{regex}/, the client sent {line!r}")

    def _read_for(self, read, what):
        try:
            return read()
        except Late:
            raise Late(f"nothing for {self.wire.timeout:g} s, expected /{what}/") from None
        except Gone as gone:
            raise Gone(f"{gone}, expected /{what}/") from gone

    # ---- saying

    def do_send(self, argument):
        self.say(self.text(argument))

    def do_send_raw(self, argument):
        self.send(self.octets(argument))

    def do_send_wire(self, argument):
        octets = self.octets(argument)
        self.log.server(octets)
        self.wire.send_below(octets)

    def do_send_fill(self, argument):
        size, _, text = argument.partition(" ")
        self.stream(repeated(number(self.text(size)), self.octets(text) or b"x"))

    def do_send_literal(self, argument):
        what, *chunk = self.words(argument)
        chunk = number(chunk[0]) if chunk else BLOCK
        blocks = filler(number(what)) if what[0].isdigit() else blocks_of(what)
        self.stream(b[at:at + chunk] for b in blocks for at in range(0, len(b), chunk))

    def do_inflate_bomb(self, argument):
        pieces = repeated(number(self.text(argument)), b"x")
        self.stream(pieces if self.wire.deflater else deflated(pieces))

    def do_ok(self, argument):
        self._tagged("OK", argument)

    def do_no(self, argument):
        self._tagged("NO", argument)

    def do_bad(self, argument):
        self._tagged("BAD", argument)

    def _tagged(self, word, argument):
        self.say(self.text(f"${{tag}} {word} {argument or 'done'}"))

    # ---- listening

    def do_expect(self, argument, flags=re.IGNORECASE):
        self.await_match(self.read_line,
                         lambda line: full_match(argument, line, self.variables, flags), argument)

    def do_expect_cs(self, argument):
        self.do_expect(argument, flags=0)

    def do_expect_cmd(self, argument):
        def match(line):
            rest = self.split_tag(line)
            return full_match(argument, rest, self.variables) if rest is not None else None
        self.await_match(self.read_command, match, argument)

    def do_any(self, _):
        self.split_tag(self.read_command())

    def do_skip_until(self, argument):
        match = None
        while not match:
            line = self._read_for(self.read_command, argument)
            match = self.match_either(argument, line)
        self.bind(match)

    def do_expect_eof(self, _):
        while not self.at_eof():
            line = self.read_command()
            if not self.answer(line):
                raise Failed(f"expected the end, the client sent {line!r}")

    def at_eof(self):
        deadline = time.monotonic() + self.wire.timeout
        try:
            while not self.wire.buffer:
                if not self.wire.fill(deadline):
                    self.log.event("client: end")
                    return True
        except Late:
            raise Late(f"nothing for {self.wire.timeout:g} s, expected the end") from None
        return False

    def do_expect_nothing(self, argument):
        seconds = number(self.text(argument))
        ended = self.wire.ends_within(seconds)
        if self.wire.buffer:
            raise Failed(f"expected nothing, the client sent {bytes(self.wire.buffer[:200])!r}")
        if ended:
            raise Gone(f"the client went away within {seconds:g} s")

    def do_auto(self, argument):
        regex, reply = argument.split(" => ", 1)
        self.autos.append((regex, reply.split(" | ")))

    def do_no_auto(self, _):
        self.autos.clear()
        self.prefab_autos.clear()

    def do_literal_refuse(self, argument):
        self.refusal = self.text(argument) or "[TOOBIG] literal refused"

    def do_literal_to(self, argument):
        self.literal_file = self.text(argument)

    def do_read_octets(self, argument):
        count, *rest = self.words(argument)
        self._store(self.wire.read_octets(number(count)), rest)

    def do_read_data(self, argument):
        rest = self.words(argument)
        unstuff = rest[:1] == ["unstuff"]
        self._store(self.wire.read_data(unstuff), rest[1:] if unstuff else rest)

    def _store(self, pieces, redirection):
        modes = {">": "wb", ">>": "ab"}
        if redirection and (len(redirection) != 2 or redirection[0] not in modes):
            raise ScriptError("wants [>|>> FILE]")
        if redirection:
            self.keep(pieces, redirection[1], modes[redirection[0]])
        else:
            self.variables["data"] = self.keep(pieces)

    # ---- layers and shapes

    def do_starttls(self, argument):
        self.wire.start_tls(self.make_context(*self.words(argument)))

    def do_deflate(self, _):
        self.wire.start_deflate()

    def do_dribble(self, argument):
        state, *delay = self.words(argument)
        self.wire.piece = 1 if state == "on" else None
        self.wire.delay = number(delay[0]) / 1000 if delay else 0

    def do_split(self, argument):
        self.wire.piece = number(self.text(argument)) or None
        self.wire.delay = 0

    def do_hold(self, _):
        self.wire.held = bytearray()

    def do_flush(self, _):
        self.wire.flush()

    # ---- waiting and ending

    def do_stall(self, argument):
        argument = self.text(argument)
        forever = argument.strip() == "forever"
        ended = self.wire.ends_within(self.wire.timeout if forever else number(argument))
        if ended:
            self.log.event("client: end")
        elif forever:
            raise Late(f"the client sat through a stall of {self.wire.timeout:g} s")

    def do_stop_reading(self, argument):
        time.sleep(number(self.text(argument)))

    def do_close(self, _):
        self.wire.close()

    def do_cut(self, _):
        raise Cut

    def do_cut_after(self, argument):
        self.wire.budget = number(self.text(argument))
        self.wire.cut_if_spent()

    def do_reset(self, _):
        self.wire.reset()

    def do_half_close(self, _):
        self.wire.half_close()

    def do_may_hangup(self, _):
        self.hangup = "may"

    def do_must_hangup(self, _):
        self.hangup = "must"

    def do_fail(self, argument):
        raise Failed(self.text(argument) or "the client should not have come here")

    # ---- variables

    def do_set(self, argument):
        name, _, value = argument.partition(" ")
        self.variables[name] = self.text(value)

    def do_set_size(self, argument):
        name, file = self.words(argument)
        self.variables[name] = str(os.path.getsize(file))

    # ---- prefabs

    def do_imap_login(self, argument):
        prefab.imap_login(self, self.words(argument))

    def do_imap_logout(self, _):
        prefab.imap_logout(self)

    def do_smtp_hello(self, argument):
        prefab.smtp_hello(self, self.words(argument))

    def do_smtp_login(self, argument):
        prefab.smtp_login(self, self.words(argument))

    def do_smtp_quit(self, _):
        prefab.smtp_quit(self)


def blocks_of(path):
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            yield block


def deflated(pieces):
    deflater = zlib.compressobj(wbits=-15)
    for piece in pieces:
        if part := deflater.compress(piece):
            yield part
    yield deflater.flush()

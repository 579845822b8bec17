"""The openings and the ends that most scripts share."""
import base64
import binascii
import re

from wire import Failed

IMAP_CAPS = ["IMAP4rev1", "SASL-IR", "LITERAL+", "AUTH=PLAIN"]


def choose(defaults, words):
    """The defaults and the words; -NAME takes a default away."""
    gone = {word[1:].upper() for word in words if word.startswith("-")}
    added = [word for word in words if not word.startswith("-")]
    return [word for word in defaults if word.upper() not in gone] + added


# ---- IMAP

def imap_login(player, words):
    """Greeting to the tagged OK of LOGIN or AUTHENTICATE."""
    caps = choose(IMAP_CAPS, words)
    player.say(f"* OK [CAPABILITY {' '.join(caps)}] fake ready")
    while not imap_step(player, caps):
        pass
    known = [cap for cap in caps if not re.match("AUTH=|SASL-IR$|STARTTLS$|LOGINDISABLED$", cap)]
    player.say(player.text("${tag} OK [CAPABILITY " + " ".join(known) + "] logged in"))
    player.prefab_autos += [
        ("CAPABILITY", [f"* CAPABILITY {' '.join(known)}", "ok"]),
        ("ENABLE (?P<enabled>.*)", ["* ENABLED ${enabled}", "ok"]),
        ("ID .*", ["* ID NIL", "ok"]),
        ("NAMESPACE", ['* NAMESPACE (("" "/")) NIL NIL', "ok"]),
        ("NOOP", ["ok"]),
    ]


def imap_step(player, caps):
    """One command before login; true when it was the login."""
    line = player.read_command()
    rest = player.split_tag(line)
    if rest is None:
        raise Failed(f"expected a login, the client sent {line!r}")
    if match := re.fullmatch(r"AUTHENTICATE (\S+)(?: (\S*))?", rest, re.I):
        return imap_authenticate(player, match[1].upper(), match[2])
    if rest[:6].upper() == "LOGIN ":
        player.variables["mechanism"] = "LOGIN"
        player.variables["user"], player.variables["password"] = astrings(rest[6:])
        return True
    if player.answer(line):
        return False
    imap_other(player, rest.upper(), caps)
    return False


def imap_other(player, rest, caps):
    if rest == "STARTTLS" and "STARTTLS" in caps:
        caps.remove("STARTTLS")
        player.do_ok("begin TLS")
        player.do_starttls("")
    elif rest == "CAPABILITY":
        player.say(f"* CAPABILITY {' '.join(caps)}")
        player.do_ok("")
    elif rest == "NOOP" or rest.startswith("ID "):
        player.do_ok("")
    else:
        raise Failed(f"expected a login, the client sent {rest!r}")


def imap_authenticate(player, mechanism, initial):
    def ask(challenge):
        player.say("+ " + challenge)
        return player.read_line()
    if sasl(player, mechanism, initial, ask):
        return True
    player.do_bad("cancelled")
    return False


def astrings(text):
    """The two arguments of LOGIN: atoms, quoted strings or literals, as they were joined."""
    found = []
    for _ in range(2):
        if match := re.match(r"~?\{(\d+)\+?\}", text):
            end = match.end() + int(match[1])
            found.append(text[match.end():end])
        elif match := re.match(r'"((?:[^"\\]|\\.)*)"', text):
            end = match.end()
            found.append(re.sub(r"\\(.)", r"\1", match[1]))
        else:
            end = len(text.split(" ")[0])
            found.append(text[:end])
        text = text[end + 1:]
    return found


def imap_logout(player):
    """LOGOUT, or the end of the connection without it."""
    while not player.at_eof():
        line = player.read_command()
        if (player.split_tag(line) or "").upper() == "LOGOUT":
            # The goodbye need not be waited for.
            if player.hangup == "never":
                player.hangup = "may"
            player.say("* BYE logging out")
            player.do_ok("")
            player.do_close("")
            return
        if not player.answer(line):
            raise Failed(f"expected LOGOUT, the client sent {line!r}")


# ---- SMTP

def smtp_hello(player, words):
    """Greeting, and the answer to EHLO."""
    smtp_open(player, words)
    line = player.read_line()
    if line[:4].upper() not in ("EHLO", "HELO") or not player.answer(line):
        raise Failed(f"expected EHLO, the client sent {line!r}")


def smtp_login(player, words):
    """Greeting to the 235 of AUTH."""
    words = list(words)
    if not any(word.split(" ")[0] == "AUTH" for word in words):
        words.append("AUTH PLAIN")
    smtp_open(player, words)
    while not smtp_step(player, words):
        pass
    player.say("235 2.7.0 logged in")


def smtp_open(player, words):
    player.say("220 fake.example ESMTP fake ready")
    player.prefab_autos += [
        # It may come again, after AUTH or TLS.
        ("EHLO (?P<helo>.*)", ehlo_lines(words)),
        ("HELO (?P<helo>.*)", ["250 fake.example"]),
        ("NOOP.*|RSET", ["250 2.0.0 ok"]),
    ]


def ehlo_lines(words):
    lines = ["fake.example", *words]
    return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]


def smtp_step(player, words):
    line = player.read_line()
    if match := re.fullmatch(r"AUTH (\S+)(?: (\S*))?", line, re.I):
        return smtp_auth(player, match[1].upper(), match[2])
    if player.answer(line):
        return False
    if line.upper() == "STARTTLS" and "STARTTLS" in words:
        words.remove("STARTTLS")
        player.prefab_autos.insert(0, ("EHLO (?P<helo>.*)", ehlo_lines(words)))
        player.say("220 2.0.0 begin TLS")
        player.do_starttls("")
        return False
    raise Failed(f"expected EHLO or AUTH, the client sent {line!r}")


def smtp_auth(player, mechanism, initial):
    def ask(challenge):
        player.say("334 " + challenge)
        return player.read_line()
    if sasl(player, mechanism, initial, ask):
        return True
    player.say("501 5.7.0 cancelled")
    return False


def smtp_quit(player):
    """QUIT, or the end of the connection without it."""
    while not player.at_eof():
        line = player.read_line()
        if line.upper() == "QUIT":
            player.say("221 2.0.0 bye")
            player.do_close("")
            return
        if not player.answer(line):
            raise Failed(f"expected QUIT, the client sent {line!r}")


# ---- SASL: whatever is said is right

def sasl(player, mechanism, initial, ask):
    """False when the client cancels. PLAIN and LOGIN leave ${user} and ${password}."""
    player.variables["mechanism"] = mechanism
    prompts = ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"] if mechanism == "LOGIN" else [""]
    answers = [initial] if initial else []
    while len(answers) < len(prompts):
        answers.append(ask(prompts[len(answers)]))
        if answers[-1] == "*":
            return False
    said = [decode(answer) for answer in answers]
    if mechanism == "PLAIN":
        said = said[0].split("\0")[1:]
        if len(said) != 2:
            raise Failed("PLAIN wants two NULs")
    if mechanism in ("PLAIN", "LOGIN"):
        player.variables["user"], player.variables["password"] = said
    return True


def decode(answer):
    try:
        return base64.b64decode("" if answer == "=" else answer, validate=True).decode("latin-1")
    except binascii.Error as error:
        raise Failed(f"bad base64 from the client: {answer!r}") from error

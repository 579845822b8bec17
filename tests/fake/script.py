"""A script: lines to directives, and the text in them to octets.

Scripts are read as Latin-1, so that every octet of the file is one character
and UTF-8 goes through to the wire untouched.
"""
import re
import shlex
from dataclasses import dataclass, field

# What a directive takes; its argument is checked against this before anything is served.
NONE, TEXT, OPTIONAL, REGEX, NUMBER, WORDS, AUTO = range(7)

FORMS = {
    "send": OPTIONAL, "send-raw": TEXT, "send-wire": TEXT, "send-fill": WORDS,
    "send-literal": WORDS, "inflate-bomb": NUMBER, "ok": OPTIONAL, "no": OPTIONAL, "bad": OPTIONAL,
    "expect": REGEX, "expect-cs": REGEX, "expect-cmd": REGEX, "expect-eof": NONE,
    "expect-nothing": NUMBER, "any": NONE, "skip-until": REGEX, "auto": AUTO, "no-auto": NONE,
    "literal-refuse": OPTIONAL, "literal-to": TEXT, "read-octets": WORDS, "read-data": WORDS,
    "starttls": WORDS, "deflate": NONE, "dribble": WORDS, "split": NUMBER,
    "hold": NONE, "flush": NONE, "stall": TEXT, "stop-reading": NUMBER, "close": NONE, "cut": NONE,
    "reset": NONE, "cut-after": NUMBER, "half-close": NONE, "may-hangup": NONE,
    "must-hangup": NONE, "set": TEXT, "set-size": WORDS, "fail": OPTIONAL,
    "imap-login": WORDS, "imap-logout": NONE, "smtp-hello": WORDS, "smtp-login": WORDS,
    "smtp-quit": NONE, "repeat": NUMBER,
}

ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\", "$": "$"}
TOKEN = re.compile(r"\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<escape>[rnt0\\$])"
                   r"|\$\{(?P<name>\w+)(?:(?P<sign>[-+*])(?P<number>\d+))?\}")


class ScriptError(Exception):
    """The script itself is wrong."""


@dataclass
class Directive:
    name: str
    argument: str
    where: str
    body: list = field(default_factory=list)


def parse_file(path):
    """The scripts in a file: `next-connection` parts one from the next."""
    with open(path, encoding="latin-1", newline="\n") as file:
        lines = file.read().split("\n")
    scripts, stack = [[]], []
    for number, line in enumerate(lines, 1):
        line = line.lstrip(" \t")
        if not line.strip() or line.startswith("#"):
            continue
        _add(scripts, stack, line, f"{path}:{number}")
    if stack:
        raise ScriptError(f"{stack[-1].where}: repeat without end")
    return scripts


def _add(scripts, stack, line, where):
    if line.strip() == "end" and stack:
        stack.pop()
    elif line.strip() == "next-connection" and not stack:
        scripts.append([])
    else:
        directive = parse_line(line, where)
        (stack[-1].body if stack else scripts[-1]).append(directive)
        if directive.name == "repeat":
            stack.append(directive)


def parse_line(line, where):
    name, _, argument = line.partition(" ")
    if name not in FORMS:
        raise ScriptError(f"{where}: no such directive: {name}")
    try:
        _check(FORMS[name], argument)
    except (ValueError, re.error) as error:
        raise ScriptError(f"{where}: {name}: {error}") from error
    return Directive(name, argument, where)


def _check(form, argument):
    if form == NONE and argument.strip():
        raise ValueError("takes no argument")
    if form not in (NONE, OPTIONAL, WORDS) and not argument:
        raise ValueError("needs an argument")
    if form == NUMBER and "${" not in argument:
        number(argument)
    if form == WORDS:
        shlex.split(argument)
    if form == REGEX and "${" not in argument:
        re.compile(argument)
    if form == AUTO:
        if " => " not in argument:
            raise ValueError("needs REGEX => REPLY")
        regex, reply = argument.split(" => ", 1)
        re.compile(regex)
        for part in reply.split(" | "):
            if part.startswith("!"):
                parse_line(part[1:], "auto")


def number(text):
    """A count or seconds; k, M and G are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kMG]?)", text.strip())
    if not match:
        raise ValueError(f"not a number: {text!r}")
    value = float(match[1]) if "." in match[1] else int(match[1])
    return value * {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}[match[2]]


def expand(text, variables):
    """Escapes and ${variables}, in one pass: what a variable holds is never read again."""
    def one(match):
        if match["hex"]:
            return chr(int(match["hex"], 16))
        if match["escape"]:
            return ESCAPES[match["escape"]]
        return _value(match, variables)
    return TOKEN.sub(one, text)


def expand_regex(text, variables):
    """Only variables, and they match themselves."""
    def one(match):
        return re.escape(_value(match, variables)) if match["name"] else match[0]
    return TOKEN.sub(one, text)


def _value(match, variables):
    if match["name"] not in variables:
        raise ScriptError(f"no variable ${{{match['name']}}} yet")
    value = variables[match["name"]]
    if not match["sign"]:
        return value
    try:
        a, b = int(value), int(match["number"])
    except ValueError:
        raise ScriptError(f"{match[0]}: {value!r} is no number") from None
    return str({"+": a + b, "-": a - b, "*": a * b}[match["sign"]])


def full_match(regex, text, variables, flags=re.IGNORECASE):
    """ASCII: the octets of UTF-8 have no case. DOTALL: literals hold line ends."""
    return re.fullmatch(expand_regex(regex, variables), text, flags | re.ASCII | re.DOTALL)

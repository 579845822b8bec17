#!/usr/bin/python3 -B
"""syncmatrix.py [--keeps-deleted] [--only NAME] [-v] LAB GROUP: lm-sync through a table of changes.

Each case has mailboxes and a Maildir of its own: both sides are brought in step, then changed, on one side, on the
other, or on both.  `lm-sync -n` must touch nothing and tell what the run does.  After the run both sides must be
what the table says, octet for octet the same; one more run must print nothing and change nothing.

GROUP is core or all.  --keeps-deleted: a server without UID EXPUNGE, where what is deleted stays, marked.
"""
import argparse
import collections
import email.utils
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import mailtree
from mailtree import LETTERS

SEEN, FLAGGED, ANSWERED, FORWARDED, DELETED = r"\Seen", r"\Flagged", r"\Answered", "$Forwarded", r"\Deleted"
START = 1735689600


def octets(name):
    body = "\r\n".join(f"Line {k} of {name}" for k in range(int(hashlib.md5(name.encode()).hexdigest(), 16) % 9))
    return (f"From: a@example.org\r\nSubject: {name}\r\nMessage-ID: <{name}@localhost>\r\n"
            f"Date: {email.utils.formatdate(START)}\r\n\r\n{body}\r\n").encode()


def date(name):
    return START + int(hashlib.md5(name.encode()).hexdigest(), 16) % 10_000_000


class Model:
    """What both sides should be in the end: mailbox -> list of (message, flags)."""

    def __init__(self):
        self.boxes = collections.defaultdict(list)

    def create(self, box):
        self.boxes[box] = []

    def remove(self, box):
        del self.boxes[box]

    def rename(self, box, to):
        self.boxes[to] = self.boxes.pop(box)

    def add(self, box, name, *flags):
        self.boxes[box].append((name, set(flags)))

    def find(self, box, name):
        return next(m for m in self.boxes[box] if m[0] == name)

    def flag(self, box, name, *changes):
        for change in changes:
            flags = self.find(box, name)[1]
            (flags.add if change[0] == "+" else flags.discard)(change[1:])

    def delete(self, box, name):
        self.boxes[box].remove(self.find(box, name))

    def move(self, box, name, to):
        message = self.find(box, name)
        self.boxes[box].remove(message)
        self.boxes[to].append(message)

    def copy(self, box, name, to):
        self.boxes[to].append((name, set(self.find(box, name)[1])))

    def lines(self):
        return sorted((box, name, " ".join(sorted(flags, key=str.lower)))
                      for box, messages in self.boxes.items() for name, flags in messages)


class Server:
    def __init__(self, imap, prefix):
        self.imap, self.prefix = imap, prefix

    def name(self, box):
        return f'"{self.prefix}{box}"'

    def do(self, what, *args):
        kind, data = getattr(self.imap, what)(*args)
        if kind != "OK":
            sys.exit(f"syncmatrix: {what} {args}: {data}")
        return data

    def create(self, box):
        self.do("create", self.name(box))

    def remove(self, box):
        self.imap.unselect() if self.imap.state == "SELECTED" else None
        self.do("delete", self.name(box))

    def rename(self, box, to):
        self.imap.unselect() if self.imap.state == "SELECTED" else None
        self.do("rename", self.name(box), self.name(to))

    def add(self, box, name, *flags):
        when = time.strftime('"%d-%b-%Y %H:%M:%S +0000"', time.gmtime(date(name)))
        self.do("append", self.name(box), f"({' '.join(flags)})", when, octets(name))

    def uid(self, box, name):
        self.do("select", self.name(box))
        found = self.do("uid", "SEARCH", "HEADER", "Message-ID", f"<{name}@localhost>", "UNDELETED")[0].split()
        return found[0].decode()

    def flag(self, box, name, *changes):
        uid = self.uid(box, name)
        for change in changes:
            self.do("uid", "STORE", uid, change[0] + "FLAGS.SILENT", f"({change[1:]})")

    def delete(self, box, name):
        self.do("uid", "STORE", self.uid(box, name), "+FLAGS.SILENT", r"(\Deleted)")
        self.do("expunge")

    def move(self, box, name, to):
        self.copy(box, name, to)
        self.delete(box, name)

    def copy(self, box, name, to):
        self.do("uid", "COPY", self.uid(box, name), self.name(to))


class Local:
    """As a mail reader does it: move and copy keep the name of the file, as mblaze's mrefile does."""

    def __init__(self, root, prefix):
        self.root, self.prefix = root, prefix
        self.count = 0

    def path(self, box):
        return os.path.join(self.root, self.prefix + box)

    def create(self, box):
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.path(box), part))

    def remove(self, box):
        shutil.rmtree(self.path(box))

    def rename(self, box, to):
        os.rename(self.path(box), self.path(to))

    def files(self, box):
        for part in ("cur", "new"):
            for file in os.listdir(os.path.join(self.path(box), part)):
                yield part, file

    def find(self, box, name):
        for part, file in self.files(box):
            path = os.path.join(self.path(box), part, file)
            with open(path, "rb") as data:
                if f"<{name}@localhost>".encode() in data.read():
                    return path
        raise KeyError(name)

    def letter(self, box, flag, make=True):
        for letter, name in LETTERS.items():
            if name == flag:
                return letter
        known = mailtree.keywords(self.path(box))
        for letter, name in known.items():
            if name == flag:
                return letter
        letter = next(c for c in "abcdefghijklmnopqrstuvwxyz" if c not in known)
        with open(os.path.join(self.path(box), "dovecot-keywords"), "a", encoding="ascii") as file:
            file.write(f"{ord(letter) - 97} {flag}\n")
        return letter

    def put(self, box, path, letters):
        base = os.path.basename(path).partition(":2,")[0]
        to = os.path.join(self.path(box), "cur", f"{base}:2,{''.join(sorted(letters))}")
        os.rename(path, to)

    def add(self, box, name, *flags):
        self.count += 1
        path = os.path.join(self.path(box), "new", f"{date(name)}.{os.getpid()}_{self.count}.host")
        with open(path, "wb") as file:
            file.write(octets(name).replace(b"\r\n", b"\n"))
        os.utime(path, (date(name), date(name)))
        if flags:
            self.put(box, path, [self.letter(box, f) for f in flags])

    def flag(self, box, name, *changes):
        path = self.find(box, name)
        letters = set(path.rpartition(":2,")[2] if ":2," in path else "")
        for change in changes:
            letter = self.letter(box, change[1:])
            (letters.add if change[0] == "+" else letters.discard)(letter)
        self.put(box, path, letters)

    def delete(self, box, name):
        os.unlink(self.find(box, name))

    def target(self, box, path, to):
        """The same keywords may have other letters there."""
        base, _, letters = os.path.basename(path).partition(":2,")
        names = mailtree.keywords(self.path(box))
        letters = sorted(self.letter(to, names[c]) if c in names else c for c in letters)
        part = os.path.basename(os.path.dirname(path))
        return os.path.join(self.path(to), part, base + (":2," + "".join(letters) if letters else ""))

    def move(self, box, name, to):
        path = self.find(box, name)
        os.rename(path, self.target(box, path, to))

    def copy(self, box, name, to):
        path = self.find(box, name)
        shutil.copy2(path, self.target(box, path, to))


def setup(side):
    side.create("A")
    side.create("B")
    side.add("A", "m1")
    side.add("A", "m2", FLAGGED, SEEN)
    side.add("A", "m3", SEEN, "todo")
    side.add("A", "m4", ANSWERED, "todo", "Work")
    side.add("A", "m5")
    side.add("A", "m6", FLAGGED)
    side.add("A", "m7", SEEN, FORWARDED)
    side.add("A", "m8")
    side.add("B", "b1", SEEN)
    side.add("B", "b2")


# A kind of change: one message and another one that it can be done to; what is done on one side alone or on the other,
# on both sides to the two messages, on both sides to the same one.
KINDS = {
    "new": lambda s, m: s.add("A", f"new-{m}", FLAGGED),
    "new-plain": lambda s, m: s.add("A", f"new-{m}"),
    "new-keyword": lambda s, m: s.add("A", f"new-{m}", "urgent"),
    "seen": lambda s, m: s.flag("A", m, "+" + SEEN),
    "unseen": lambda s, m: s.flag("A", m, "-" + SEEN),
    "forwarded": lambda s, m: s.flag("A", m, "+" + FORWARDED),
    "deleted-flag": lambda s, m: s.flag("A", m, "+" + DELETED),
    "keyword": lambda s, m: s.flag("A", m, "+urgent"),
    "keyword-off": lambda s, m: s.flag("A", m, "-todo"),
    "all-flags": lambda s, m: s.flag("A", m, "+" + SEEN, "+" + ANSWERED, "+" + FLAGGED, "-todo", "+Work"),
    "delete": lambda s, m: s.delete("A", m),
    "move": lambda s, m: s.move("A", m, "B"),
    "move-seen": lambda s, m: (s.flag("A", m, "+" + SEEN), s.move("A", m, "B")),
    "move-seen-after": lambda s, m: (s.move("A", m, "B"), s.flag("B", m, "+" + SEEN)),
    "copy": lambda s, m: s.copy("A", m, "B"),
    "mailbox": lambda s, m: (s.create(f"N{m}"), s.add(f"N{m}", f"new-{m}", SEEN), s.add(f"N{m}", f"two-{m}")),
    "empty-mailbox": lambda s, m: s.create(f"N{m}"),
    "several": lambda s, m: (s.add("A", f"new-{m}"), s.flag("A", m, "+" + ANSWERED), s.copy("B", "b2", "A"),
                             s.flag("B", "b1", "+" + FLAGGED), s.move("A", m, "B"), s.create(f"N{m}"),
                             s.add(f"N{m}", f"two-{m}", "urgent")),
}
SAME = {  # the final state, where it is not that of doing it once
    "new": 2, "new-plain": 2, "new-keyword": 2, "copy": 2,
}
NOT_SAME = {"several", "mailbox", "empty-mailbox"}
CORE = {"new", "seen", "keyword", "delete", "move", "move-seen", "copy", "mailbox", "several"}


def kind_cases():
    for kind, act in KINDS.items():
        pair = ("m2", "m3") if kind == "unseen" else ("m3", "m4") if kind == "keyword-off" else ("m5", "m1")
        core = kind in CORE
        yield f"{kind}/local", core, [("l", act, pair[0])], [(act, pair[0])]
        yield f"{kind}/remote", core, [("r", act, pair[0])], [(act, pair[0])]
        yield f"{kind}/both", core, [("l", act, pair[0]), ("r", act, pair[1])], [(act, pair[0]), (act, pair[1])]
        if kind not in NOT_SAME:
            times = SAME.get(kind, 1)
            yield (f"{kind}/same", core, [("l", act, pair[0]), ("r", act, pair[0])], [(act, pair[0])] * times)


def f(*changes):
    return lambda s, m: s.flag("A", m, *changes)


DELETE, MOVE, COPY = KINDS["delete"], KINDS["move"], KINDS["copy"]
RENAME = lambda s, m: s.rename("B", "C")
FLAG_IN_B = lambda s, m: s.flag("B", m, "+" + SEEN)
NEW_IN_B = lambda s, m: s.add("B", "fresh")
# name, core, what is done, what comes of it (on the model)
CONFLICTS = [
    ("flags/different", True, [("l", f("+" + SEEN), "m1"), ("r", f("+" + FLAGGED), "m1")],
     [(f("+" + SEEN, "+" + FLAGGED), "m1")]),
    ("flags/crossed", True, [("l", f("+" + SEEN, "-" + FLAGGED), "m6"), ("r", f("+" + ANSWERED, "+todo"), "m6")],
     [(f("+" + SEEN, "-" + FLAGGED, "+" + ANSWERED, "+todo"), "m6")]),
    ("flags/keywords", False, [("l", f("+one"), "m1"), ("r", f("+two"), "m1")], [(f("+one", "+two"), "m1")]),
    ("flags/new-letter", False, [("l", f("+one"), "m1"), ("r", f("+two"), "m2")],
     [(f("+one"), "m1"), (f("+two"), "m2")]),
    ("delete-local/flag-remote", True, [("l", DELETE, "m1"), ("r", f("+" + SEEN), "m1")], [(DELETE, "m1")]),
    ("delete-remote/flag-local", True, [("r", DELETE, "m1"), ("l", f("+" + SEEN), "m1")], [(DELETE, "m1")]),
    ("move-local/flag-remote", True, [("l", MOVE, "m1"), ("r", f("+" + SEEN), "m1")],
     [(f("+" + SEEN), "m1"), (MOVE, "m1")]),
    ("move-local/keyword-remote", False, [("l", MOVE, "m1"), ("r", f("+two"), "m1")],
     [(f("+two"), "m1"), (MOVE, "m1")]),
    ("move-local/flag-both", False, [("l", KINDS["move-seen"], "m1"), ("r", f("+" + FLAGGED), "m1")],
     [(f("+" + SEEN, "+" + FLAGGED), "m1"), (MOVE, "m1")]),
    ("move-local/delete-remote", False, [("l", MOVE, "m1"), ("r", DELETE, "m1")], [(MOVE, "m1")]),
    ("move-remote/flag-local", False, [("r", MOVE, "m1"), ("l", f("+" + SEEN), "m1")], [(MOVE, "m1")]),
    ("move-remote/delete-local", False, [("r", MOVE, "m1"), ("l", DELETE, "m1")], [(MOVE, "m1")]),
    ("copy-local/delete-remote", False, [("l", COPY, "m1"), ("r", DELETE, "m1")], [(MOVE, "m1")]),
    ("copy-and-delete/local", False, [("l", COPY, "m2"), ("l", DELETE, "m2")], [(MOVE, "m2")]),
    ("swap/local", False, [("l", MOVE, "m3"), ("l", lambda s, m: s.move("B", m, "A"), "b1")],
     [(MOVE, "m3"), (lambda s, m: s.move("B", m, "A"), "b1")]),
    ("swap/both", False, [("l", MOVE, "m3"), ("r", lambda s, m: s.move("B", m, "A"), "b1")],
     [(MOVE, "m3"), (lambda s, m: s.move("B", m, "A"), "b1")]),
    ("move-to-new/local", True, [("l", lambda s, m: (s.create("C"), s.move("A", m, "C")), "m4")],
     [(lambda s, m: (s.create("C"), s.move("A", m, "C")), "m4")]),
    ("move-to-new/remote", False, [("r", lambda s, m: (s.create("C"), s.move("A", m, "C")), "m4")],
     [(lambda s, m: (s.create("C"), s.move("A", m, "C")), "m4")]),
    ("rename/local", True, [("l", RENAME, "")], [(RENAME, "")]),
    ("rename/remote", True, [("r", RENAME, "")], [(RENAME, "")]),
    ("rename/same", False, [("l", RENAME, ""), ("r", RENAME, "")], [(RENAME, "")]),
    ("rename-local/flag-local", False, [("l", FLAG_IN_B, "b2"), ("l", RENAME, "")], [(FLAG_IN_B, "b2"), (RENAME, "")]),
    ("rename-local/flag-remote", False, [("r", FLAG_IN_B, "b2"), ("l", RENAME, "")], [(FLAG_IN_B, "b2"), (RENAME, "")]),
    ("rename-local/new-remote", False, [("r", NEW_IN_B, ""), ("l", RENAME, "")], [(NEW_IN_B, ""), (RENAME, "")]),
    ("rename-remote/flag-local", False, [("l", FLAG_IN_B, "b2"), ("r", RENAME, "")], [(FLAG_IN_B, "b2"), (RENAME, "")]),
    ("rename-remote/new-local", False, [("l", NEW_IN_B, ""), ("r", RENAME, "")], [(NEW_IN_B, ""), (RENAME, "")]),
    ("remove/remote", True, [("r", lambda s, m: s.remove("B"), "")], [(lambda s, m: s.remove("B"), "")]),
]


def all_cases():
    yield from kind_cases()
    yield from CONFLICTS


class Case:
    def __init__(self, lab, imap, number, options):
        self.lab, self.imap, self.options = lab, imap, options
        self.prefix = f"x{os.getpid()}-{number}-"
        self.root = tempfile.mkdtemp(prefix="lmx.", dir="/tmp")
        self.config = os.path.join(self.root, "config")
        self.maildir = os.path.join(self.root, "mail")
        env = mailtree.lab_env(lab)
        with open(self.config, "w", encoding="ascii") as file:
            file.write(f"account matrix\n imap imaps://alice@localhost:{env['LAB_IMAPS_PORT']}\n"
                       f" tls-ca {env['LAB_CA']}\n password {env['LAB_PASS']}\n maildir {self.maildir}\n fsync no\n")
        os.chmod(self.config, 0o600)

    def sync(self, *options):
        return subprocess.run(["lm-sync", "-c", self.config, *options, f"matrix/{self.prefix}*"], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")

    def tree(self):
        """Everything that a dry run must leave as it is."""
        out = []
        for folder, _, files in os.walk(self.maildir):
            if folder != self.maildir:  # there the journal of the state comes and goes
                out.append((folder, os.stat(folder).st_mtime_ns))
            for file in files:
                st = os.lstat(os.path.join(folder, file))
                out.append((folder, file, st.st_ino, st.st_size, st.st_mtime_ns))
        with open(os.path.join(self.maildir, ".lm-state"), "rb") as file:
            return sorted(out, key=str), hashlib.sha256(file.read()).digest()

    def end(self):
        shutil.rmtree(self.root)
        self.imap.unselect() if self.imap.state == "SELECTED" else None
        for name in list(mailtree.mailboxes(self.imap, self.prefix)):
            self.imap.delete(f'"{name}"')


def events(text, made):
    """Events without what only the run itself can know: UIDs and names of files. What is in a mailbox that the
    run makes here is not told by the plan."""
    out = []
    for row in text.splitlines():
        fields = row.split("\t")
        fields[1] = re.sub(r";UIDVALIDITY=\d+", "", re.sub(r"/;UID=\d+", "", fields[1]))
        if len(fields) > 3:
            fields[2] = re.sub(r";UIDVALIDITY=\d+", "", fields[2])
        if fields[0] == "new" and fields[1] in made:
            continue
        out.append("\t".join(fields[:-1]))
    return sorted(out)


def made_here(text):
    rows = (row.split("\t") for row in text.splitlines())
    return {re.sub(r";UIDVALIDITY=\d+", "", r[1]) for r in rows if r[0] == "mailbox-new"}


def differences(case, model, keeps_deleted):
    here = mailtree.maildir(case.maildir, case.prefix)
    there = mailtree.server(case.lab, "alice", case.prefix, case.imap)
    if keeps_deleted:
        there = [row for row in there if DELETED not in row.split("\t")[-1].split(" ") or row in here]
    out = [f"only here: {row}" for row in here if here.count(row) > there.count(row)]
    out += [f"only on the server: {row}" for row in there if there.count(row) > here.count(row)]
    got = []
    for row in here:
        fields = row.split("\t")
        if len(fields) > 1:
            name = fields[1].strip("<>").split("@")[0]
            got.append((fields[0].removeprefix(case.prefix), name, fields[4]))
            if fields[3] != str(date(name)):
                out.append(f"date: {row}, not {date(name)}")
    if sorted(got) != model.lines():
        out.append(f"here is {sorted(got)}, to be {model.lines()}")
    boxes = sorted(row for row in here if "\t" not in row)
    if boxes != sorted(case.prefix + box for box in model.boxes):
        out.append(f"mailboxes {boxes}")
    return out, here, there


def no_plan(name):
    """Where the run finds out something that no plan can know: both moved it, or flags of what moves."""
    return name.startswith(("move-local/", "copy-local/", "move-seen", "several")) or name in ("move/same", "rename/same") \
        or name.startswith("rename-local/")


def check(case, name, done, outcome, keeps_deleted):
    model = Model()
    sides = {"l": Local(case.maildir, case.prefix), "r": Server(case.imap, case.prefix)}
    setup(model)
    setup(sides["r"])
    first = case.sync()
    if first.returncode != 0 or first.stderr:
        return [f"first run: {first.returncode} {first.stderr}"]
    problems, _, _ = differences(case, model, False)
    if problems:
        return ["after the first run"] + problems
    again = case.sync()
    if again.stdout or again.stderr:
        return [f"second run: {again.stdout}{again.stderr}"]
    for side, act, message in done:
        act(sides[side], message)
    for act, message in outcome:
        act(model, message)
    before = case.tree()
    plan = case.sync("-n")
    if case.tree() != before:
        problems.append("-n touched something")
    run = case.sync()
    if run.returncode != 0 or run.stderr:
        problems.append(f"run: {run.returncode} {run.stderr}")
    if not run.stdout and name.split("/")[1] != "same" and not keeps_deleted:
        problems.append("the run says nothing")
    made = made_here(run.stdout)
    if not no_plan(name) and events(plan.stdout, made) != events(run.stdout, made) and not keeps_deleted:
        problems.append(f"-n said\n{plan.stdout}{plan.stderr}the run said\n{run.stdout}")
    wrong, here, there = differences(case, model, keeps_deleted)
    problems += wrong
    for _ in range(1 + keeps_deleted):
        last = case.sync()
    if last.returncode != 0 or last.stdout or last.stderr:
        problems.append(f"the next run: {last.returncode} {last.stdout}{last.stderr}")
    if not wrong and differences(case, model, keeps_deleted)[1:] != (here, there):
        problems.append("the next run changed something")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keeps-deleted", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("lab")
    parser.add_argument("group")
    options = parser.parse_args()
    bad = count = 0
    imap = mailtree.connect(options.lab, "alice")
    for number, (name, core, done, outcome) in enumerate(all_cases()):
        if (options.group == "core" and not core) or not name.startswith(options.only):
            continue
        case = Case(options.lab, imap, number, options)
        problems = check(case, name, done, outcome, options.keeps_deleted)
        case.end()
        count += 1
        bad += bool(problems)
        if problems or options.v:
            print(f"{name}: " + ("; ".join(problems) or "good"), flush=True)
    print(f"{count} cases, {bad} failed")
    sys.exit(bad > 0 or count == 0)


if __name__ == "__main__":
    main()

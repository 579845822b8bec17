#!/usr/bin/python3 -B
"""syncwalk.py [--rounds N] [--while-running] LAB USER SEED: lm-sync on a random walk.

Three mailboxes.  In each round some messages are changed, each on one side only: flagged, removed, moved, copied, and
new ones come on both sides.  Then lm-sync runs with --pull, with --push, for one mailbox, or is killed in the middle,
and in the end until it has nothing to say.  Both sides must then hold exactly what the walk says: nothing is lost,
nothing is doubled.  --while-running: the changes are made while a run is at work.
"""
import argparse
import collections
import imaplib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import mailtree
from labimap import lab_env

FLAGS = {r"\Draft": "D", r"\Flagged": "F", "$Forwarded": "P", r"\Answered": "R", r"\Seen": "S", "work": "a"}


def octets(name):
    lines = "".join(f"Line {k} of {name}\r\n" for k in range(len(name) * 7))
    return f"From: a@example.org\r\nSubject: {name}\r\nMessage-ID: <{name}@x>\r\n\r\n{lines}".encode()


class Walk:
    def __init__(self, lab, user, seed, root):
        self.lab, self.user, self.root = lab, user, root
        self.random = random.Random(seed)
        self.imap = mailtree.connect(lab, user)
        self.prefix = f"Walk{seed}"
        self.boxes = [self.prefix + c for c in "ABC"]
        self.model = []  # [mailbox, message, flags]
        self.names = self.files = 0
        self.log = []
        env = lab_env(lab)
        self.conf = os.path.join(root, "conf")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f"account me\n imap imaps://{user}@localhost:{env['LAB_IMAPS_PORT']}\n tls-ca {env['LAB_CA']}\n"
                       f" password {env['LAB_PASS']}\n maildir {root}/Mail\n fsync no\n mailboxes {self.prefix}*\n")
        os.chmod(self.conf, 0o600)

    def fail(self, why):
        sys.exit("\n".join(self.log) + "\nsyncwalk: " + why)

    # ---- lm-sync

    def start(self, *args):
        return subprocess.Popen(["lm-sync", "-c", self.conf, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *args, kill_after=None):
        process = self.start(*args)
        try:
            said = process.communicate(timeout=kill_after or 60)[0].decode()
        except subprocess.TimeoutExpired:
            process.send_signal(self.random.choice([signal.SIGKILL, signal.SIGTERM]))
            said = process.communicate()[0].decode()
        self.log.append(f"lm-sync {' '.join(args)}: {process.returncode}\n{said}")
        if process.returncode != 0 and kill_after is None:
            self.fail("lm-sync failed")
        return said

    def settle(self):
        for _ in range(5):
            if not self.run("me"):
                return
        self.fail("it does not settle")

    def check(self):
        want = collections.Counter((b, f"<{m}@x>", " ".join(sorted(f, key=str.lower))) for b, m, f in self.model)
        for side, rows in (("here", mailtree.maildir(self.root + "/Mail", self.prefix)),
                           ("there", mailtree.server(self.lab, self.user, self.prefix))):
            cells = [row.split("\t") for row in rows if "\t" in row]
            have = collections.Counter((c[0], c[1], c[4]) for c in cells)
            if have != want:
                self.fail(f"{side}: too many {have - want}, missing {want - have}")

    # ---- one side

    def uid(self, box, name):
        self.imap.select(box)
        return self.imap.uid("SEARCH", f'HEADER Message-ID "<{name}@x>"')[1][0].split()[0].decode()

    def change_there(self, op, box, name, to, flags):
        uid = self.uid(box, name)
        if op == "flag":
            self.imap.uid("STORE", uid, "FLAGS", f"({' '.join(flags)})")
        elif op == "remove":
            self.imap.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
            self.imap.uid("EXPUNGE", uid)
        else:
            self.imap.uid(op.upper(), uid, to)

    def path(self, box, name):
        mark = f"<{name}@x>".encode()
        for part in ("cur", "new"):
            folder = f"{self.root}/Mail/{box}/{part}"
            for file in os.listdir(folder):
                with open(f"{folder}/{file}", "rb") as data:
                    if mark in data.read():
                        return f"{folder}/{file}"
        raise FileNotFoundError(name)

    def file_name(self):
        self.files += 1
        return f"{1700000000 + self.files}.w{self.files}.host"

    def change_here(self, op, box, name, to, flags):
        path = self.path(box, name)
        base, _, letters = os.path.basename(path).partition(":2,")
        if op == "flag":
            letters = "".join(sorted(FLAGS[f] for f in flags))
            os.rename(path, f"{self.root}/Mail/{box}/cur/{base}:2,{letters}")
        elif op == "remove":
            os.unlink(path)
        else:
            base = self.random.choice([base, self.file_name()])
            {"move": os.rename, "copy": shutil.copy2}[op](path, f"{self.root}/Mail/{to}/cur/{base}:2,{letters}")

    def try_here(self, *args):
        """A run may give the file another name at any moment."""
        for _ in range(200):
            try:
                return self.change_here(*args)
            except FileNotFoundError:
                time.sleep(0.005)
        return self.fail(f"no file of {args[2]}")

    def add(self, box, there, flags=()):
        self.names += 1
        name = f"m{self.names}"
        if there:
            self.imap.append(box, f"({' '.join(flags)})", None, octets(name))
        else:
            file = self.file_name()
            with open(f"{self.root}/Mail/{box}/tmp/{file}", "wb") as data:
                data.write(octets(name).replace(b"\r\n", b"\n"))
            os.rename(f"{self.root}/Mail/{box}/tmp/{file}", f"{self.root}/Mail/{box}/new/{file}")
        self.model.append([box, name, set(flags)])

    # ---- the walk

    def change(self):
        for row in self.random.sample(self.model, self.random.randint(1, 12)):
            box, name, flags = row
            if sum(1 for other in self.model if other[1] == name) > 1:
                continue
            op = self.random.choice(["flag", "flag", "remove", "move", "move", "copy"])
            to = self.random.choice([b for b in self.boxes if b != box])
            new = {f for f in FLAGS if self.random.random() < 0.4} if op == "flag" else flags
            side = self.random.choice([self.change_there, self.try_here])
            self.log.append(f"{side.__name__} {op} {box} {name} {to} {new}")
            side(op, box, name, to, new)
            if op in ("remove", "move"):
                self.model.remove(row)
            if op in ("move", "copy"):
                self.model.append([to, name, set(flags)])
            row[2] = new
        for _ in range(self.random.randint(0, 6)):
            self.add(self.random.choice(self.boxes), self.random.random() < 0.5)

    def one_run(self):
        how = self.random.choice(["pull", "push", "one", "kill", "kill"])
        if how == "kill":
            self.run("me", kill_after=0.01 + self.random.random() * 0.14)
        else:
            self.run({"pull": "--pull", "push": "--push", "one": "-q"}[how],
                     "me/" + self.random.choice(self.boxes) if how == "one" else "me")

    def walk(self, rounds, while_running):
        for box in self.boxes:
            self.imap.create(box)
            self.add(box, True, ["work"])
            for _ in range(40):
                self.add(box, True)
        self.settle()
        for _ in range(rounds):
            self.log.append("---- a round")
            process = self.start("me") if while_running else None
            self.change()
            if process is not None:
                process.communicate()
            for _ in range(self.random.randint(0, 3)):
                self.one_run()
            self.settle()
            self.check()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--while-running", action="store_true")
    parser.add_argument("lab")
    parser.add_argument("user")
    parser.add_argument("seed", type=int)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        os.environ["XDG_CACHE_HOME"] = root + "/cache"
        try:
            Walk(args.lab, args.user, args.seed, root).walk(args.rounds, args.while_running)
        except imaplib.IMAP4.error as why:
            sys.exit(f"syncwalk: {why}")


if __name__ == "__main__":
    main()

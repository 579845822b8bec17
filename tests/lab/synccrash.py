#!/usr/bin/python3 -B
"""synccrash.py [--first] [--from N] [--to N] [--stride K | --times K] [-v] LAB CRASH.SO kill|full|fail|up|down

lm-sync stopped in the middle, everywhere.

Both sides are brought in step and then changed in every way.  A run that is left alone tells what both must be in the
end.  Then for each N: the same start, a run that is stopped at N, a run that is not; both sides must be the same as
without the stop, message for message, and one more run must print nothing.

    kill        killed just before operation N (a write to a file or a socket, fsync, rename, unlink, mkdir: tests/crash)
    full, fail  the disk is full from write N on; write N alone fails
    up, down    the connection is cut when N octets have passed to the server, or from it

--first: nothing is here yet, it is the very first run.  --times K: a stride that makes about K of it.
The whole account of the user alice of LAB is used.
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import mailtree

START = 1735689600


def octets(name):
    return (f"From: a@example.org\r\nSubject: {name}\r\nMessage-ID: <{name}@localhost>\r\n\r\n"
            + f"A line of {name}.\r\n" * (3 + len(name) * 7 % 40)).encode()


def date(name):
    return START + 1000 * sum(name.encode())


# ---- a relay that can be told to cut

class Relay(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.left = {"up": None, "down": None}
        self.passed = {"up": 0, "down": 0}
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def cut(self, way=None, after=None):
        self.left = {"up": None, "down": None}
        self.passed = {"up": 0, "down": 0}
        if way:
            self.left[way] = after

    def run(self):
        while True:
            client, _ = self.server.accept()
            target = socket.create_connection(("127.0.0.1", self.target))
            for way, a, b in (("up", client, target), ("down", target, client)):
                threading.Thread(target=self.pump, args=(way, a, b), daemon=True).start()

    def pump(self, way, source, sink):
        try:
            while data := source.recv(65536):
                if self.left[way] is not None:
                    data = data[:self.left[way]]
                    self.left[way] -= len(data)
                sink.sendall(data)
                self.passed[way] += len(data)
                if self.left[way] == 0:
                    break
        except OSError:
            pass
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


# ---- the scenario

class Stage:
    def __init__(self, lab, library, first):
        self.lab, self.library, self.first = lab, library, first
        self.env = mailtree.lab_env(lab)
        self.dir = tempfile.mkdtemp(prefix="lmc.", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
        self.mail = os.path.join(self.dir, "mail")
        self.home = os.path.join(self.env["LAB_RUN"], "mail", "alice")
        self.relay = Relay(int(self.env["LAB_IMAPS_PORT"]))
        self.config = os.path.join(self.dir, "config")
        with open(os.path.join(self.env["LAB_RUN"], "base", "master.pid"), encoding="ascii") as file:
            self.master = file.read().strip()
        with open(self.config, "w", encoding="ascii") as file:
            file.write(f"account c\n imap imaps://alice@localhost:{self.relay.port}\n tls-ca {self.env['LAB_CA']}\n"
                       f" auth plain\n password {self.env['LAB_PASS']}\n maildir {self.mail}\n")
        os.chmod(self.config, 0o600)

    def end(self):
        shutil.rmtree(self.dir)

    def sync(self, **crash):
        env = dict(os.environ, XDG_CACHE_HOME=os.path.join(self.dir, "cache"))
        if crash:
            env.update({"LD_PRELOAD": self.library, "LM_CRASH_PROGRAM": "lm-sync",
                        "ASAN_OPTIONS": env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
            env.update({f"LM_CRASH_{k.upper()}": str(v) for k, v in crash.items()})
        return subprocess.run(["lm-sync", "-c", self.config, "c"], env=env, check=False, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")

    def quiet(self):
        """Until no session is left: what was on its way when the client went has arrived, or never will."""
        for _ in range(400):
            if not self.sessions():
                return
            time.sleep(0.01)
        sys.exit("synccrash: a session of the server does not end")

    def sessions(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
                name, _, rest = file.read().rpartition(") ")
                if name.endswith("(imap") and rest.split()[1] == self.master and rest[0] != "Z":
                    return True
        return False

    # ---- the server's side

    def imap(self):
        return mailtree.connect(self.lab, "alice")

    def deliver(self, imap, box, name, flags=""):
        stamp = time.strftime('"%d-%b-%Y %H:%M:%S +0000"', time.gmtime(date(name)))
        assert imap.append(box, flags or None, stamp, octets(name))[0] == "OK"

    def fill(self):
        imap = self.imap()
        for box in ("A", "B", "Rename", "Local", "Gone", "Empty"):
            imap.create(box)
        for box, count in (("INBOX", 12), ("A", 5), ("B", 2), ("Rename", 2), ("Local", 2), ("Gone", 2)):
            for k in range(1, count + 1):
                self.deliver(imap, box, f"{box}-{k}", r"(\Seen)" if k % 3 == 2 else "(todo)" if k == 4 else "")
        imap.logout()

    def change_server(self):
        imap = self.imap()
        for name in ("r-new-1", "r-new-2"):
            self.deliver(imap, "INBOX", name, r"(\Flagged urgent)" if name[-1] == "2" else "")
        self.deliver(imap, "A", "r-new-a", r"(\Seen)")
        imap.select("INBOX")
        imap.uid("STORE", "1", "+FLAGS", r"(\Answered)")
        imap.uid("STORE", "2", "-FLAGS", r"(\Seen)")
        imap.uid("STORE", "9", "+FLAGS", r"(\Seen)")
        imap.uid("STORE", "3,10", "+FLAGS", r"(\Deleted)")
        imap.uid("EXPUNGE", "3,10")
        imap.uid("MOVE", "4", "B")
        imap.uid("COPY", "5", "A")
        imap.unselect()
        imap.create("Fresh")
        self.deliver(imap, "Fresh", "r-fresh-1")
        self.deliver(imap, "Fresh", "r-fresh-2", r"(\Seen)")
        imap.rename("Rename", "Renamed")
        imap.delete("Gone")
        imap.logout()

    # ---- ours

    def find(self, box, uid):
        for part in ("cur", "new"):
            folder = os.path.join(self.mail, box, part)
            for file in os.listdir(folder):
                if re.search(f",U={uid}(?=[:,]|$)", file):
                    return folder, file
        raise LookupError(f"{box} {uid}")

    def flag(self, box, uid, change):
        folder, file = self.find(box, uid)
        base, _, flags = file.partition(":2,")
        flags = set(flags) | set(change[1:]) if change[0] == "+" else set(flags) - set(change[1:])
        target = os.path.join(self.mail, box, "cur", base + ":2," + "".join(sorted(flags)))
        os.rename(os.path.join(folder, file), target)

    def put(self, box, name, part, file):
        path = os.path.join(self.mail, box, part, file)
        with open(path, "wb") as out:
            out.write(octets(name).replace(b"\r\n", b"\n"))
        os.utime(path, (date(name), date(name)))

    def change_here(self):
        self.put("INBOX", "l-new-1", "new", "1700000001.P1.host")
        self.put("INBOX", "l-new-2", "cur", "1700000002.P2.host:2,S")
        self.put("A", "l-new-a", "cur", "1700000003.P3.host:2,F")
        self.flag("INBOX", 6, "+F")
        self.flag("INBOX", 8, "-S")
        self.flag("INBOX", 9, "+F")
        self.flag("INBOX", 10, "+S")
        os.unlink(os.path.join(*self.find("INBOX", 7)))
        os.unlink(os.path.join(*self.find("INBOX", 11)))
        folder, file = self.find("A", 1)
        os.rename(os.path.join(folder, file), os.path.join(self.mail, "B", "cur", file.partition(":2,")[0] + ":2,S"))
        folder, file = self.find("A", 2)
        shutil.copy2(os.path.join(folder, file), os.path.join(self.mail, "B", "cur", file))
        folder, file = self.find("A", 3)
        os.rename(os.path.join(folder, file), os.path.join(self.mail, "B", "cur", "1700000004.P4.host:2,"))
        for box in ("Here", "Here/Below"):
            for part in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(self.mail, box, part), 0o700)
        self.put("Here", "l-here-1", "cur", "1700000005.P5.host:2,")
        self.put("Here", "l-here-2", "new", "1700000006.P6.host")
        self.put("Here/Below", "l-below", "cur", "1700000007.P7.host:2,RS")
        os.rename(os.path.join(self.mail, "Local"), os.path.join(self.mail, "Moved"))
        shutil.rmtree(os.path.join(self.mail, "Empty"))

    # ---- the start, again and again

    def save(self):
        for source, name in ((self.mail, "mail.0"), (self.home, "home.0")):
            subprocess.run(["cp", "-a", source, os.path.join(self.dir, name)], check=True)

    def restore(self):
        for target, name in ((self.mail, "mail.0"), (self.home, "home.0")):
            shutil.rmtree(target)
            if target == self.home or not self.first:
                subprocess.run(["cp", "-a", os.path.join(self.dir, name), target], check=True)
        if self.first:
            return
        # A folder is known again by its inode, which a copy has not.
        state = sqlite3.connect(os.path.join(self.mail, ".lm-state"))
        for (path,) in state.execute("SELECT path FROM mailbox").fetchall():
            place = os.path.join(self.mail, "Moved" if path == "Local" else path)
            if os.path.isdir(place):
                st = os.stat(place)
                state.execute("UPDATE mailbox SET dev = ?, ino = ?, cur_ns = 0, new_ns = 0 WHERE path = ?",
                              (st.st_dev, st.st_ino, path))
        state.commit()
        state.close()

    def begin(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.fill()
        first = self.sync()
        assert first.returncode == 0 and not first.stderr, first
        self.quiet()
        self.change_server()
        self.change_here()
        self.quiet()
        self.save()

    def both(self):
        here, there = mailtree.maildir(self.mail), mailtree.server(self.lab, "alice")
        return here, there


# ---- the stops

def reference(stage):
    """What comes of it when nobody interferes; and what there is to be interfered with."""
    stage.restore()
    stage.sync()  # the server is known then, and what can be sent early is
    stage.quiet()
    stage.restore()
    stage.relay.cut()
    names = {k: os.path.join(stage.dir, k) for k in ("count", "list")}
    run = stage.sync(**names)
    if run.returncode != 0 or run.stderr:
        sys.exit(f"synccrash: without a stop: {run.returncode} {run.stderr}")
    passed = dict(stage.relay.passed)
    stage.quiet()
    here, there = stage.both()
    if here != there:
        sys.exit("synccrash: without a stop the sides differ:\n" + compare(here, there))
    again = stage.sync()
    if again.returncode != 0 or again.stdout or again.stderr:
        sys.exit(f"synccrash: without a stop, the next run: {again.returncode} {again.stdout}{again.stderr}")
    with open(names["count"], encoding="ascii") as file:
        counts = dict(row.split() for row in file)
    with open(names["list"], encoding="utf-8") as file:
        steps = [row.strip() for row in file]
    size = {"kill": int(counts["operations"]), "full": int(counts["writes"]), "fail": int(counts["writes"]), **passed}
    return here, size, steps


def compare(have, want):
    return "\n".join([f"  too much: {row}" for row in have if have.count(row) > want.count(row)]
                     + [f"  missing: {row}" for row in sorted(set(want)) if want.count(row) > have.count(row)])


def stop(stage, how, number):
    """A run that is stopped: what is wrong with how it ended."""
    if how in ("up", "down"):
        stage.relay.cut(how, number)
        run = stage.sync()
        stage.relay.cut()
        good = (75, 0)
    else:
        run = stage.sync(**{{"kill": "before"}.get(how, how): number})
        good = (-signal.SIGKILL, 0) if how == "kill" else (74, 0)
    if run.returncode not in good:
        return run, f"ended with {run.returncode}: {run.stderr}"
    return run, ""


def check(stage, how, number, want):
    stage.restore()
    run, problem = stop(stage, how, number)
    stage.quiet()
    problems = [problem] if problem else []
    second = stage.sync()
    stage.quiet()
    if second.returncode != 0:
        problems.append(f"the run after it: {second.returncode}")
    here, there = stage.both()
    for side, have in (("here", here), ("on the server", there)):
        if have != want:
            problems.append(f"{side}:\n{compare(have, want)}")
    third = stage.sync()
    if third.returncode != 0 or third.stdout or third.stderr:
        problems.append(f"the third run: {third.returncode} {third.stdout}{third.stderr}")
    if problems:
        problems.append(f"first: {run.stdout}{run.stderr}\nsecond: {second.stdout}{second.stderr}")
    return run.returncode, problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", action="store_true", dest="fresh")
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--to", type=int)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--times", type=int)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("lab")
    parser.add_argument("library")
    parser.add_argument("how", choices=("kill", "full", "fail", "up", "down"))
    options = parser.parse_args()
    stage = Stage(options.lab, os.path.abspath(options.library), options.fresh)
    bad = count = stopped = 0
    try:
        stage.begin()
        want, size, steps = reference(stage)
        last = min(options.to or size[options.how], size[options.how])
        stride = max(1, last // options.times) if options.times else options.stride
        for number in range(options.first, last + 1, stride):
            status, problems = check(stage, options.how, number, want)
            count += 1
            stopped += status != 0
            bad += bool(problems)
            if problems or options.v:
                step = steps[number - 1] if options.how == "kill" else number
                print(f"--- {options.how} {step}: {status} " + ("\n".join(problems) or "good"), flush=True)
    finally:
        stage.end()
    print(f"{options.how}: {count} of {size[options.how]} tried, {stopped} stopped, {bad} failed")
    sys.exit(bad > 0 or stopped == 0)


if __name__ == "__main__":
    main()

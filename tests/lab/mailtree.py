#!/usr/bin/python3 -B
"""What a Maildir and a server hold, in one canonical form, so that both can be compared as a whole.

    mailtree.py maildir ROOT [PREFIX]
    mailtree.py server LAB USER [PREFIX]
    mailtree.py compare ROOT LAB USER [PREFIX]

A line for each message: mailbox, Message-ID (or "-"), digest of the octets with LF line ends, date, flags and
keywords; sorted.  A mailbox without messages is a line of its own.  PREFIX: only mailboxes whose names begin
with it.  `compare` prints what differs and exits 1.  Layout fs; names of directories as they are.
"""
import email.parser
import hashlib
import imaplib
import os
import re
import sys

from labimap import lab_env

LETTERS = {"D": r"\Draft", "F": r"\Flagged", "P": "$Forwarded", "R": r"\Answered", "S": r"\Seen", "T": r"\Deleted"}


def describe(octets):
    """Message-ID and digest."""
    octets = re.sub(rb"\r+\n", b"\n", octets)
    head = octets.split(b"\n\n", 1)[0][:65536]
    name = email.parser.BytesHeaderParser().parsebytes(head).get("Message-ID", "-")
    return str(name).strip(), hashlib.sha256(octets).hexdigest()[:16]


def line(mailbox, octets, date, flags):
    name, digest = describe(octets)
    kept = sorted({f for f in flags if f.lower() != r"\recent"}, key=str.lower)
    return "\t".join([mailbox, name, digest, str(date), " ".join(kept)])


def keywords(folder):
    try:
        with open(os.path.join(folder, "dovecot-keywords"), encoding="ascii") as file:
            return {chr(97 + int(k)): name for k, name in (row.split() for row in file)}
    except FileNotFoundError:
        return {}


def folder_lines(folder, mailbox):
    names = keywords(folder)
    for part in ("cur", "new"):
        for file in os.listdir(os.path.join(folder, part)):
            path = os.path.join(folder, part, file)
            letters = file.rpartition(":2,")[2] if ":2," in file else ""
            flags = [LETTERS.get(c) or names.get(c, f"?{c}") for c in letters]
            with open(path, "rb") as data:
                yield line(mailbox, data.read(), int(os.stat(path).st_mtime), flags)


def maildir(root, prefix=""):
    out = []
    for folder, parts, _ in os.walk(root):
        name = os.path.relpath(folder, root)
        if not {"cur", "new", "tmp"} <= set(parts) or not name.startswith(prefix):
            continue
        out.append(name)
        out += folder_lines(folder, name)
    return sorted(out)


def connect(lab, user):
    env = lab_env(lab)
    imap = imaplib.IMAP4("127.0.0.1", int(env["LAB_IMAP_PORT"]))
    imap.login(user, env["LAB_PASS"])
    return imap


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailboxes(imap, prefix=""):
    for row in imap.list('""', quoted(prefix + "*"))[1]:
        found = re.match(rb'\(([^)]*)\) "?[^ ]*"? (.*)$', row or b"")
        if found and b"\\noselect" not in found[1].lower():
            yield found[2].decode().strip('"')


def server_lines(imap, mailbox):
    kind, data = imap.select(quoted(mailbox), readonly=True)
    if kind != "OK":
        sys.exit(f"mailtree: {mailbox}: {data}")
    if data == [b"0"]:
        return
    rows = imap.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
    for row in rows:
        if not isinstance(row, tuple):
            continue
        flags = [f.decode() for f in imaplib.ParseFlags(row[0])]
        date = re.search(rb'INTERNALDATE "([^"]*)"', row[0])
        yield line(mailbox, row[1], seconds(date[1].decode()), flags)


def seconds(date):
    import datetime
    return int(datetime.datetime.strptime(date.strip(), "%d-%b-%Y %H:%M:%S %z").timestamp())


def server(lab, user, prefix="", imap=None):
    own = imap or connect(lab, user)
    out = []
    for name in list(mailboxes(own, prefix)):
        out.append(name)
        out += server_lines(own, name)
    if imap is None:
        own.logout()
    return sorted(out)


def compare(root, lab, user, prefix=""):
    here, there = maildir(root, prefix), server(lab, user, prefix)
    for row in here:
        if here.count(row) > there.count(row):
            print("only in the Maildir:", row)
    for row in there:
        if there.count(row) > here.count(row):
            print("only on the server:", row)
    return 0 if here == there else 1


def main():
    _, what, *rest = sys.argv
    if what == "compare":
        sys.exit(compare(*rest))
    print("\n".join({"maildir": maildir, "server": server}[what](*rest)))


if __name__ == "__main__":
    main()

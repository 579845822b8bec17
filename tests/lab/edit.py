#!/usr/bin/python3 -B
"""edit.py PORT [s:REGEX:TEXT | once:REGEX:TEXT | cut:REGEX]...: a tunnel to the IMAP server at PORT that edits what the server says.

s:REGEX:TEXT    in each line of the server, REGEX becomes TEXT
once:...        the same for the first line only that matches
cut:REGEX       a line of the server that matches is the end: it and all that follows is lost

Literals pass as they are.  For the keyword `tunnel` of a configuration.
"""
import os
import re
import socket
import sys
import threading


def upstream(server):
    while True:
        octets = os.read(0, 65536)
        if not octets:
            server.shutdown(socket.SHUT_WR)
            return
        server.sendall(octets)


def edit(line, rules):
    for rule in list(rules):
        kind, regex, text = rule
        if not re.search(regex, line, re.I):
            continue
        if kind == "cut":
            os._exit(0)
        if kind == "once":
            rules.remove(rule)
        line = re.sub(regex, text, line, flags=re.I)
    return line


def main():
    rules = []
    for rule in sys.argv[2:]:
        kind, regex, text = (rule.split(":", 2) + [""])[:3]
        rules.append((kind, regex.encode(), text.encode()))
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    replies = server.makefile("rb")
    threading.Thread(target=upstream, args=(server,), daemon=True).start()
    for line in replies:
        sys.stdout.buffer.write(edit(line, rules))
        literal = re.search(rb"\{(\d+)\}\r\n$", line)
        if literal:
            sys.stdout.buffer.write(replies.read(int(literal.group(1))))
        sys.stdout.buffer.flush()


main()

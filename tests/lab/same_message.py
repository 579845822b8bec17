#!/usr/bin/python3
"""same_message.py FETCHED ARRIVED: is the literal in FETCHED the end of ARRIVED?

What comes before it in ARRIVED may only be Received and Return-Path, as
submission servers put in front.
"""
import re
import sys

fetched = open(sys.argv[1], "rb").read()
arrived = open(sys.argv[2], "rb").read()
literal = re.search(rb"\{(\d+)\}\r\n", fetched)
message = fetched[literal.end():literal.end() + int(literal.group(1))]
if not arrived.endswith(message) or not message:
    sys.exit("the messages differ")
front = arrived[:len(arrived) - len(message)]
if not re.fullmatch(rb"((Received|Return-Path):[^\n]*\n([ \t][^\n]*\n)*)*", front):
    sys.exit("something else stands in front: %r" % front[:200])

#!/usr/bin/python3
"""demo_check.py ORIGINAL ARRIVED: is ARRIVED the right forward of ORIGINAL?

The forward must be multipart/mixed of our note and of either the whole original
or its second part, octet for octet, and nothing behind it.
"""
import re
import sys


def fail(why):
    sys.exit("demo_check: " + why)


def split_header(message):
    header, sep, body = message.partition(b"\r\n\r\n")
    if not sep:
        fail("no empty line behind the header")
    return header, body


def boundary_of(header):
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", header)
    found = re.search(rb'(?im)^content-type: multipart/mixed;.*?boundary="([^"]+)"', unfolded)
    if not found:
        fail("not multipart/mixed")
    return found.group(1)


def main():
    original = open(sys.argv[1], "rb").read()
    header, body = split_header(open(sys.argv[2], "rb").read())
    for name in (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version"):
        if len(re.findall(rb"(?im)^" + name + b":", header)) != 1:
            fail("not just one field " + name.decode())
    if re.search(rb"(?im)^bcc:", header):
        fail("a Bcc field")
    mark = b"--" + boundary_of(header)
    body = b"\r\n" + body
    preamble, *parts = body.split(b"\r\n" + mark)
    if len(parts) != 3 or parts[2] != b"--\r\n" or preamble.strip():
        fail("not just two parts")
    note, part = (split_header(p[2:]) for p in parts[:2])
    if b"See the pictures." not in note[1] or b"format=flowed" not in note[0].lower():
        fail("the note is not there")
    if part[0].lower().startswith(b"content-type: message/rfc822"):
        expected = original
    else:
        first, inner = split_header(original)
        second = (b"\r\n" + inner).split(b"\r\n--" + boundary_of(first))[2]
        mime, expected = split_header(second[2:])
        if part[0] != mime:
            fail("the part's MIME header differs")
    if part[1] != expected:
        fail("the octets differ")


if __name__ == "__main__":
    main()

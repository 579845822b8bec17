#!/usr/bin/python3 -B
"""A stand-in for Exim: submission over implicit TLS with PIPECONNECT.

    pipeconnect.py --cert PEM --key PEM --users FILE [--port N] [--pid FILE] DIR

Only root can run a private Exim.  This one takes a whole session in one write
before its greeting, wants AUTH PLAIN, and offers CHUNKING but no BINARYMIME; DIR is filled as
sink.py fills it.  Without --cert it speaks plaintext.
"""
import asyncio
import ssl
import sys

from sink import Session, Store, arguments, serve

CAPABILITIES = ("SIZE 1073741824", "8BITMIME", "DSN", "PIPELINING",
                "PIPECONNECT", "CHUNKING", "SMTPUTF8")


def read_users(path):
    """NAME:{PLAIN}WORD lines, as Dovecot's passwd-file has them."""
    with open(path, encoding="utf-8") as file:
        pairs = (line.strip().split(":")[:2] for line in file)
        return {user: word.removeprefix("{PLAIN}") for user, word in pairs}


def server_context(options):
    if not options.cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    return context


def tls_arguments(doc):
    parser = arguments(doc)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--users", help="file of NAME:{PLAIN}WORD lines")
    return parser


def main():
    options = tls_arguments(__doc__).parse_args()
    store = Store(options.dir)
    users = read_users(options.users) if options.users else None
    offered = [c for c in CAPABILITIES if c.split()[0] not in options.hide]
    asyncio.run(serve(
        options,
        lambda wire: Session(wire, store, offered, users, "exim.localhost"),
        server_context(options)))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3 -B
"""The poor server to fall back to: aiosmtpd over implicit TLS.

    poor.py --cert PEM --key PEM --users FILE [--port N] [--pid FILE] DIR

SIZE, 8BITMIME, SMTPUTF8 and AUTH LOGIN PLAIN; no PIPELINING, CHUNKING, DSN or
BURL.  DIR is filled as sink.py fills it.  aiosmtpd holds a message in memory.
"""
import asyncio
import logging
import os
import signal
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

from pipeconnect import read_users, server_context, tls_arguments
from sink import Store

SIZE_MAX = 1 << 30


class Handler:
    """Keeps what arrives, and refuses the same recipients as sink.py."""

    def __init__(self, store):
        self.store = store

    async def handle_RCPT(self, _server, _session, envelope, address, options):
        if address.lower().startswith("reject"):
            return "550 5.1.1 no such user"
        if address.lower().startswith("defer"):
            return "451 4.3.0 not now"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.append(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server, session, envelope):
        file = self.store.open()
        file.write(envelope.original_content)
        lines = [f"EHLO {session.host_name}",
                 " ".join([f"MAIL FROM:<{envelope.mail_from}>",
                           *envelope.mail_options])]
        lines += [" ".join([f"RCPT TO:<{address}>", *options]) for
                  address, options in zip(envelope.rcpt_tos, envelope.rcpt_options)]
        name = self.store.keep(
            file, [line.encode() for line in [*lines, "DATA"]])
        return f"250 2.0.0 kept as {name}"


def authenticator(users):
    def check(_server, _session, _envelope, _mechanism, data):
        good = users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=good, handled=False, auth_data=data)
    return check


async def serve(options, handler, users):
    def session():
        # TLS is there from the first octet, which aiosmtpd does not see.
        return SMTP(handler, hostname="poor.localhost", enable_SMTPUTF8=True,
                    data_size_limit=SIZE_MAX, auth_required=True,
                    auth_require_tls=False, authenticator=authenticator(users))

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, options.host, options.port,
                                      ssl=server_context(options))
    if options.pid:
        with open(options.pid, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


def main():
    warnings.simplefilter("ignore")     # about AUTH without STARTTLS
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    options = tls_arguments(__doc__).parse_args()
    asyncio.run(serve(options, Handler(Store(options.dir)),
                      read_users(options.users)))


if __name__ == "__main__":
    sys.exit(main())

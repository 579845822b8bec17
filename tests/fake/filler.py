"""Deterministic octets of any amount: lines of 64 octets with CRLF.

The first line of each 64 KiB block holds the block's number, so that blocks
that go missing or change places do not go unseen.
"""
BLOCK = 65536
LINE = b"The quick brown fox jumps over the lazy dog; 0123456789 = ABCD\r\n"
REST = LINE * (BLOCK // len(LINE) - 1)


def filler(size):
    """SIZE octets, in pieces of a block."""
    for at in range(0, size, BLOCK):
        head = b"block %d " % (at // BLOCK)
        yield (head.ljust(62, b".") + b"\r\n" + REST)[:size - at]


def repeated(size, text):
    """SIZE octets of TEXT again and again."""
    block = text * (BLOCK // len(text) + 1)
    block = block[:len(block) // len(text) * len(text)]
    for at in range(0, size, len(block)):
        yield block[:size - at]

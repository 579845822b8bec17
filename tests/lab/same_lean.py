#!/usr/bin/python3 -B
"""same_lean.py ORIGINAL LEAN MAX: is LEAN the message ORIGINAL without its parts over MAX octets?

Python's parser reads both. The trees have to be the same, but for leaves of more
than MAX octets, which are message/external-body parts in LEAN with a URL that
names the part, and the other leaves have to have the same octets. Prints the URL
and the size of each part that was left, a TAB between.
"""
import email
import email.policy
import re
import sys

KEPT = ("content-type", "content-transfer-encoding", "content-description",
        "content-disposition")


def read(path):
    with open(path, "rb") as f:
        octets = f.read().replace(b"\r\n", b"\n")
    return email.message_from_bytes(octets, policy=email.policy.compat32)


def value(part, name):
    return re.sub(r"\s+", " ", str(part[name])).strip() if name in part else None


def octets_of(part):
    """In the transfer encoding, with CRLF, as a server counts them."""
    text = part.get_payload()
    if not isinstance(text, str):
        text = part.as_bytes().decode("latin-1").split("\n\n", 1)[1]
    return len(text.encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n"))


def has_big(part, limit):
    if part.is_multipart():
        return any(has_big(p, limit) for p in part.get_payload())
    return octets_of(part) > limit


def section_of(prefix, i):
    return f"{prefix}.{i}" if prefix else str(i)


def compare_left(original, lean, section):
    assert lean.get_content_type() == "message/external-body", (section, lean.get_content_type())
    assert lean.get_param("access-type").lower() == "url", section
    assert lean["Content-Transfer-Encoding"] is None, section
    url = re.sub(r"\s", "", lean.get_param("url"))
    assert url.endswith(";SECTION=" + (section or "TEXT")), (url, section)
    assert re.fullmatch(r"imap://[^/]+/.*;UIDVALIDITY=\d+/;UID=\d+/;SECTION=[0-9.]*(TEXT)?", url), url
    for word in re.search(r'URL="([^"]*)"', str(lean["Content-Type"])).group(1).split():
        assert len(word) <= 40, word
    phantom = lean.get_payload()[0]
    assert phantom["Content-ID"], section
    assert not phantom.get_payload(), section
    assert set(k.lower() for k in phantom.keys()) <= set(KEPT) | {"content-id"}, phantom.keys()
    for name in KEPT:
        if name in original:
            assert value(phantom, name) == value(original, name), (section, name)
    print(url, lean.get_param("size") or "-", sep="\t")


def compare(original, lean, section, prefix, limit):
    if not has_big(original, limit):
        assert original.get_content_type() == lean.get_content_type(), section
        assert original.get_payload(decode=True) == lean.get_payload(decode=True), section
        if original.is_multipart():
            assert [p.as_bytes() for p in original.get_payload()] == \
                [p.as_bytes() for p in lean.get_payload()], section
        return
    if not original.is_multipart():
        compare_left(original, lean, section)
        return
    assert original.get_content_type() == lean.get_content_type(), section
    assert not lean.defects, (section, lean.defects)
    parts, others = original.get_payload(), lean.get_payload()
    assert len(parts) == len(others), (section, len(parts), len(others))
    if original.get_content_maintype() == "message":
        inner = "" if parts[0].is_multipart() and parts[0].get_content_maintype() == "multipart" else "1"
        headers(parts[0], others[0])
        compare(parts[0], others[0], section_of(section, inner) if inner else section, section, limit)
        return
    assert original.get_boundary() == lean.get_boundary(), section
    for i, (a, b) in enumerate(zip(parts, others), 1):
        number = section_of(prefix, i)
        compare(a, b, number, number, limit)


def headers(original, lean):
    """All fields of a message stay, but for what is about its content."""
    def fields(m):
        return [(k, v) for k, v in m.items()
                if not re.match(r"content-|lines$|x-lm-lean$|mime-version$", k, re.I)]
    assert fields(original) == fields(lean), (fields(original), fields(lean))


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: same_lean.py ORIGINAL LEAN MAX")
    original, lean, limit = read(sys.argv[1]), read(sys.argv[2]), int(sys.argv[3])
    headers(original, lean)
    multipart = original.get_content_maintype() == "multipart"
    compare(original, lean, "" if multipart else "1", "" if multipart else "1", limit)
    if has_big(original, limit):
        assert lean.keys()[0] == "X-Lm-Lean" and int(lean["X-Lm-Lean"]) > 0


if __name__ == "__main__":
    main()

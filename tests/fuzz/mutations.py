"""Bytes that are nearly good: what was good, changed at random, and the same again for the same chance."""

import random
from collections.abc import Sequence

_TOKENS = (
    *(
        b"\x00",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xe2\x80\xae",
        b"\xf0\x9f\x92\xa9",
    ),
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\t", b" ", b"\x0b", b"\x85"),
    *(b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b":", b",", b"null", b"NaN", b"1e999", b"-0"),
    *(b"<", b">", b"&", b"<![CDATA[", b"]]>", b"<!DOCTYPE a [", b"&#0;", b"&a;", b"</a>", b"<?xml version='1.0'?>"),
    *(b"=", b";", b"%", b"%00", b"%ff", b"%2e%2e", b"+", b"#", b"?", b"/", b"@", b"..", b"--", b"$", b"`"),
    *(b"0", b"-1", b"9" * 400, b"1" + b"0" * 30, b"0x7f", "²".encode(), "١".encode()),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"charset=utf-7", b"charset=\xff", b"Bearer "),
    *(b"[" * 3000, b"{" * 300, b"<a>" * 300, b"a" * 5000, b"%" * 500, b"(" * 500),
)
_MOST_CHANGES = 5
_LARGEST = 20_000


def mutated(seed: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A seed with one to five things changed: flipped, cut out, put in, doubled, exchanged with a piece of another."""
    found = bytearray(seed)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        at = chance.randint(0, len(found))
        to = min(len(found), at + chance.choice((1, 1, 2, 8, 64)))
        match chance.randrange(6):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                del found[at:to]
            case 2:
                found[at:at] = chance.choice(_TOKENS)
            case 3:
                found[at:to] = chance.choice(_TOKENS)
            case 4:
                found[at:at] = found[at:to] * chance.choice((1, 2, 30))
            case _:
                other = chance.choice(others)
                start = chance.randint(0, len(other))
                found[at:] = other[start:]
    return bytes(found[:_LARGEST])

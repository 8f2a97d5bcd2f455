"""Field sections as QPACK writes them, without a dynamic table: good ones and broken ones.

This file knows rows 187 to 201 and 225 (RFC 9204 §4.5). It refuses to know the instruction streams
(`qpack_streams.py`) and references to a dynamic table (`dynamic_table.py`). Its one rule: the
section is written octet by octet, so that nothing corrects what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, check, connection_case
from tests.conformance.cases.unusual import seen_headers
from tests.conformance.octets import (
    Code,
    Kind,
    frame,
    indexed,
    integer,
    literal,
    name_reference,
    post_base,
    post_base_name,
    prefix,
    string,
)
from tests.conformance.reactions import (
    Reaction,
    any_of,
    connection_error,
    malformed,
    refused,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

FAILED = connection_error(Code.QPACK_DECOMPRESSION_FAILED)

# Indices of the static table (RFC 9204, appendix A).
AUTHORITY, PATH_ROOT, METHOD_GET, SCHEME_HTTPS = 0, 1, 17, 23
ACCEPT_ANY, USER_AGENT = 29, 95


def head(peer: Peer, path: str = "/") -> bytes:
    """The pseudo-headers of a GET, by references to the static table."""
    return (
        indexed(METHOD_GET)
        + indexed(SCHEME_HTTPS)
        + name_reference(AUTHORITY, peer.target.authority.encode())
        + name_reference(PATH_ROOT, peer.target.path(path))
    )


def lines(
    id: str,
    section: str,
    words: str,
    octets: bytes,
    *allowed: Reaction,
    before: bytes = prefix(),
    h3spec: str = "",
) -> None:
    """Field lines behind the head of a request."""

    @connection_case(id, f"RFC {section}", MUST, words, *(allowed or (FAILED,)), h3spec=h3spec)
    async def act(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(frame(Kind.HEADERS, before + head(peer) + octets), end=True)
        return stream


def understood(id: str, section: str, words: str, octets: bytes, name: str, value: str) -> None:
    """A field line that says what it says in an unusual way."""

    @connection_case(id, f"RFC {section}", MUST, words, served())
    async def act(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(frame(Kind.HEADERS, prefix() + head(peer, "/view") + octets), end=True)
        given = await seen_headers(peer, stream)
        check(given is None or [name, value] in given, f"the application was given {given}")
        return stream


def section(id: str, words: str, octets: bytes, citation: str = "9204 §4.5.1") -> None:
    """A HEADERS frame with exactly these octets."""

    @connection_case(id, f"RFC {citation}", MUST, words, FAILED)
    async def act(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(frame(Kind.HEADERS, octets), end=True)
        return stream


# Good


understood(
    "187",
    "9204 §4.5.4",
    "static references, to a field and to a name",
    indexed(ACCEPT_ANY) + name_reference(USER_AGENT, b"suite"),
    "user-agent",
    "suite",
)
# The codes of RFC 7541 appendix C.4 and C.6: "custom-key", "custom-value".
understood(
    "188",
    "9204 §4.1.2",
    "a name and a value in Huffman code",
    bytes((0x2F, 0x01))
    + bytes.fromhex("25a849e95ba97d7f")
    + bytes((0x89,))
    + bytes.fromhex("25a849e95bb8e8b4bf"),
    "custom-key",
    "custom-value",
)
understood("188a", "9204 §4.5.6", "an empty value", literal(b"x-empty", b""), "x-empty", "")
understood(
    "188b",
    "9204 §4.1.2",
    "an empty value in Huffman code",
    string(b"x-empty", 3, 0x20) + b"\x80",
    "x-empty",
    "",
)
understood(
    "201",
    "9204 §4.5.6",
    "a never-indexed literal",
    literal(b"x-secret", b"a", never_indexed=True),
    "x-secret",
    "a",
)
understood(
    "201a",
    "9204 §4.5.4",
    "a never-indexed literal with a static name",
    name_reference(USER_AGENT, b"secret", never_indexed=True),
    "user-agent",
    "secret",
)
understood(
    "201b",
    "9204 §4.1.1",
    "integers that are longer than they need be",
    bytes((0x27, 0x80, 0x00)) + b"x-saved" + bytes((0x7F, 0x80, 0x00)) + b"v" * 127,
    "x-saved",
    "v" * 127,
)
lines(
    "187a",
    "9204 §4.5.1.2",
    "a base that nothing refers to",
    b"",
    served(),
    before=prefix(0, 5),
)

# Broken

lines(
    "189",
    "9204 §3.1",
    "static index 99",
    indexed(99),
    h3spec="MUST send QPACK_DECOMPRESSION_FAILED if an invalid static table index exits in a "
    "field line representation [QPACK 3.1]",
)
lines("189a", "9204 §3.1", "a name by the static index 99", name_reference(99, b"a"))
lines(
    "190", "9204 §2.2.3", "a dynamic index with Required Insert Count 0", indexed(0, static=False)
)
lines(
    "190a",
    "9204 §2.2.3",
    "a dynamic name with Required Insert Count 0",
    name_reference(0, b"a", static=False),
)
lines("191", "9204 §2.2.3", "a post-base index with Required Insert Count 0", post_base(0))
lines(
    "191a",
    "9204 §2.2.3",
    "a post-base name with Required Insert Count 0",
    post_base_name(0, b"a"),
)
lines(
    "192",
    "9204 §4.5.1.1",
    "an impossible encoded Required Insert Count",
    b"",
    before=prefix(1 << 40),
)
lines(
    "193",
    "9204 §4.5.1.2",
    "the Sign bit with Delta Base not below Required Insert Count",
    b"",
    before=prefix(0, 0, sign=True),
)
lines("193a", "9204 §4.5.1.2", "a Delta Base cut", b"", before=b"\0\xff\xff\xff")
section("194", "an empty HEADERS frame", b"")
section("195", "a section prefix cut after one octet", b"\0")
lines("196", "9204 §4.5.6", "a literal cut inside its value", literal(b"x-cut", b"value")[:-2])
lines("196a", "9204 §4.5.6", "a literal without its value", string(b"x-cut", 3, 0x20))
lines("196b", "9204 §4.5.4", "a static name without its value", integer(USER_AGENT, 4, 0x50))
lines(
    "197",
    "9204 §4.5.6",
    "a literal whose name is longer than the section",
    string(b"x-long", 3, 0x20, length=1000),
)
lines(
    "198",
    "9204 §7.4",
    "an integer of more than 62 bits",
    integer((1 << 70), 6, 0xC0),
    any_of(FAILED, stream_error(Code.QPACK_DECOMPRESSION_FAILED)),
)
lines(
    "198a",
    "9204 §7.4",
    "a length of 100 octets that all say 'more'",
    bytes((0x27,)) + b"\xff" * 100,
    any_of(FAILED, stream_error(Code.QPACK_DECOMPRESSION_FAILED)),
)
lines(
    "199",
    "9204 §4.1.2",
    "Huffman code padded with more than 7 bits",
    string(b"x-padded", 3, 0x20) + b"\x82\x1f\xff",
)
lines(
    "200",
    "9204 §4.1.2",
    "Huffman code padded with zero bits",
    string(b"x-padded", 3, 0x20) + b"\x81\x18",
)
lines(
    "200a",
    "9204 §4.1.2",
    "Huffman code with the symbol EOS",
    string(b"x-eos", 3, 0x20) + b"\x84\xff\xff\xff\xff",
)


@connection_case(
    "225",
    "RFC 9204 §7.4",
    MUST,
    "a value of 70 kB",
    any_of(
        refused(431, 431),
        stream_error(Code.QPACK_DECOMPRESSION_FAILED),
        stream_error(Code.H3_EXCESSIVE_LOAD),
        served(),
    ),
    any_of(malformed(), FAILED),
)
async def large_value(peer: Peer) -> Stream:
    stream = peer.open()
    octets = prefix() + head(peer) + literal(b"x-large", b"v" * 70_000)
    stream.write(frame(Kind.HEADERS, octets), end=True)
    return stream

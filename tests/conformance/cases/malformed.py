"""Requests whose field section no server may take: pseudo-headers and fields.

This file knows rows 105 to 151 (RFC 9114 §4.1.2 to §4.3.1, §10.3). It refuses to know content and
trailers (`content.py`) and CONNECT (`connect.py`). Its one rule: each case is a request beyond
reproach with one change, and the application never sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, Level, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import Field, Fields
from tests.conformance.reactions import malformed, served

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

Change = Callable[[Fields], Fields]


def without(name: bytes) -> Change:
    """The request lacks a field."""
    return lambda fields: [each for each in fields if each[0] != name]


def replaced(name: bytes, value: bytes) -> Change:
    """A field has another value."""
    return lambda fields: [(each, value if each == name else old) for each, old in fields]


def added(*more: Field) -> Change:
    """Fields behind all others."""
    return lambda fields: [*fields, *more]


def doubled(name: bytes, value: bytes | None = None) -> Change:
    """A pseudo-header comes twice, the second time with another value perhaps."""

    def change(fields: Fields) -> Fields:
        at = next(at for at, each in enumerate(fields) if each[0] == name)
        again = fields[at][1] if value is None else value
        return [*fields[: at + 1], (name, again), *fields[at + 1 :]]

    return change


def pseudo(name: bytes, value: bytes) -> Change:
    """One more pseudo-header, in front."""
    return lambda fields: [(name, value), *fields]


def moved_back(name: bytes) -> Change:
    """A pseudo-header behind the regular fields."""
    return lambda fields: [
        *(each for each in fields if each[0] != name),
        *(each for each in fields if each[0] == name),
    ]


def combined(*changes: Change) -> Change:
    """One change after the other."""

    def change(fields: Fields) -> Fields:
        for each in changes:
            fields = each(fields)
        return fields

    return change


def refuses(
    id: str,
    section: str,
    words: str,
    change: Change,
    level: Level = MUST,
    h3spec: str = "",
) -> None:
    """A malformed request."""

    @connection_case(id, f"RFC {section}", level, words, malformed(), h3spec=h3spec)
    async def act(peer: Peer) -> Stream:
        token = Token(peer)
        token.must_never_be_seen()
        return peer.request(change(peer.head("/echo", token.field)))


@connection_case(
    "105b",
    "RFC 9114 §8",
    MUST,
    "a malformed request beside others leaves them alone",
    served(),
    needs_app=True,
)
async def beside_others(peer: Peer) -> Stream:
    token = Token(peer)
    other = peer.request(peer.head("/late", token.field))
    await token.until("first")
    bad = peer.request(without(b":method")(peer.head()))
    await bad.over()
    await token.release()
    return other


# Pseudo-headers (RFC 9114 §4.3, §4.3.1)

refuses("105", "9114 §4.3.1", "no :method", without(b":method"))
refuses("105a", "9114 §4.3.1", "no field at all", lambda _: [])
refuses("106", "9114 §4.3.1", "no :scheme", without(b":scheme"))
refuses("106a", "9114 §4.3.1", "no :path", without(b":path"))
refuses(
    "107",
    "9114 §4.3.1",
    "neither :authority nor host",
    without(b":authority"),
    h3spec="MUST send H3_MESSAGE_ERROR if mandatory pseudo-header fields are absent [HTTP/3 4.1.3]",
)
refuses("108", "9114 §4.3.1", "empty :authority", replaced(b":authority", b""))
refuses(
    "109",
    "9114 §4.3.1",
    "empty host and no :authority",
    combined(without(b":authority"), added((b"host", b""))),
)
refuses("110", "9114 §4.3.1", "empty :path", replaced(b":path", b""))
refuses("111", "9114 §4.3.1", "empty :scheme", replaced(b":scheme", b""))
refuses("111a", "9114 §4.3.1", "empty :method", replaced(b":method", b""))
refuses("112", "9114 §4.3.1", "two :scheme", doubled(b":scheme"))
refuses(
    "112a",
    "9114 §4.3.1",
    "two :method, the second behind :path",
    lambda fields: [*fields[:4], (b":method", b"GET"), *fields[4:]],
    h3spec="MUST send H3_MESSAGE_ERROR if a pseudo-header is duplicated [HTTP/3 4.1.1]",
)
refuses("112b", "9114 §4.3.1", "two :path that differ", doubled(b":path", b"/other"))
refuses("112c", "9114 §4.3.1", "two :authority", doubled(b":authority"))
refuses("113", "9114 §4.3", "an undefined pseudo-header", pseudo(b":foo", b"bar"))
refuses("113a", "9114 §4.3", "a pseudo-header without a name", pseudo(b":", b"bar"))
refuses("113b", "9114 §4.3", "a pseudo-header in upper case", pseudo(b":Method", b"GET"))
refuses("114", "9114 §4.3", ":status in a request", pseudo(b":status", b"200"))
refuses(
    "115",
    "9114 §4.3",
    "a pseudo-header after a regular field",
    moved_back(b":path"),
    h3spec="MUST send H3_MESSAGE_ERROR if pseudo-header fields exist after fields [HTTP/3 4.1.3]",
)
refuses(
    "116",
    "9114 §4.3",
    "an undefined pseudo-header after a regular field",
    added((b":foo", b"bar")),
)
refuses(
    "117",
    "9114 §4.3",
    "a misspelt pseudo-header, :autority, and an undefined one",
    lambda fields: [
        *((b":autority" if name == b":authority" else name, value) for name, value in fields[:4]),
        (b":foo", b"bar"),
        *fields[4:],
    ],
    h3spec="MUST send H3_MESSAGE_ERROR if prohibited pseudo-header fields are present"
    "[HTTP/3 4.1.3]",
)
refuses("118", "8441 §4", ":protocol with GET", pseudo(b":protocol", b"websocket"))
refuses("119", "9110 §9.1", ":method with a space", replaced(b":method", b"GET /"))
refuses("120", "9114 §10.3", ":method with CR LF", replaced(b":method", b"GET\r\n"))
refuses("121", "9114 §10.3", ":path with CR LF", replaced(b":path", b"/\r\nx: y"))
refuses("122", "9114 §10.3", ":path with NUL", replaced(b":path", b"/\0"))
refuses("122a", "9114 §4.3.1", ":path with a space", replaced(b":path", b"/a b"))
refuses("122b", "9114 §4.3.1", ":path with a fragment", replaced(b":path", b"/a#b"))
refuses("123", "9114 §10.3", ":authority with CR LF", replaced(b":authority", b"a\r\nx: y"))
refuses("123a", "9114 §10.3", ":authority with NUL", replaced(b":authority", b"a\0"))
refuses("124", "9114 §10.3", ":scheme with LF", replaced(b":scheme", b"https\n"))
refuses(
    "125", "9114 §4.3.1", ":authority with userinfo", replaced(b":authority", b"user@localhost")
)
refuses("126", "9114 §4.3.1", ":path without a leading slash", replaced(b":path", b"echo"))
refuses("126a", "9110 §7.1", ":path * with another method than OPTIONS", replaced(b":path", b"*"))
refuses(
    "127", "9114 §4.3.1", ":path in absolute form", replaced(b":path", b"https://localhost/echo")
)
refuses("128", "3986 §3.1", ":scheme that is no scheme", replaced(b":scheme", b"ht tp"), SHOULD)
refuses(
    "129",
    "3986 §3.2",
    ":authority with a path inside",
    replaced(b":authority", b"localhost/a"),
    SHOULD,
)
refuses(
    "129a",
    "3986 §3.2.3",
    ":authority with a port that is none",
    replaced(b":authority", b"localhost:99999"),
    SHOULD,
)
refuses("130", "9114 §4.3.1", ":authority, and an empty host", added((b"host", b"")))
refuses("130a", "9114 §4.3.1", ":authority, and another host", added((b"host", b"other.example")))
refuses(
    "130b",
    "9112 §3.2",
    "two host fields",
    combined(without(b":authority"), added((b"host", b"localhost"), (b"host", b"other.example"))),
)

# Names (RFC 9114 §4.2, §10.3)

for _id, _section, _words, _name in (
    ("131", "9114 §4.2", "with an upper-case letter", b"X-Upper"),
    ("131a", "9114 §4.2", "known and in upper case", b"User-Agent"),
    ("132", "9114 §10.3", "with a space", b"x bad"),
    ("132a", "9114 §10.3", "with a space in front of what would be a colon", b"x-bad "),
    ("133", "9114 §10.3", "with a colon inside", b"x:bad"),
    ("134", "9114 §10.3", "with CR LF", b"x\r\nbad"),
    ("134a", "9114 §10.3", "with NUL", b"x\0bad"),
    ("135", "9110 §5.1", "that is empty", b""),
    ("136", "9110 §5.1", "with the delimiter (", b"x(bad"),
    ("136a", "9110 §5.1", "with an octet above 0x7f", b"x-b\xe4d"),
    ("136b", "9110 §5.1", "with DEL", b"x\x7f"),
    ("137", "9110 §5.1", "that is @", b"@"),
):
    refuses(_id, _section, f"a field name {_words}", added((_name, b"a")))

# Values (RFC 9110 §5.5)

for _id, _words, _value in (
    ("138", "with NUL", b"a\0b"),
    ("139", "with CR", b"a\rb"),
    ("140", "with LF", b"a\nb"),
    ("140a", "with CR LF and a field behind it", b"a\r\nx-smuggled: b"),
    ("140b", "that ends with CR LF", b"a\r\n"),
    ("141", "with a control character", b"a\x01b"),
    ("142", "with DEL", b"a\x7fb"),
):
    refuses(_id, "9114 §10.3", f"a field value {_words}", added((b"x-bad", _value)))

# Fields of HTTP/1 connections (RFC 9114 §4.2)

for _id, _words, _field in (
    ("146", "connection: close", (b"connection", b"close")),
    ("147", "connection: naming a field", (b"connection", b"x-token")),
    ("148", "transfer-encoding: chunked", (b"transfer-encoding", b"chunked")),
    ("149", "keep-alive", (b"keep-alive", b"timeout=5")),
    ("150", "proxy-connection", (b"proxy-connection", b"keep-alive")),
    ("150a", "upgrade", (b"upgrade", b"h2c")),
    ("151", "te: trailers, deflate", (b"te", b"trailers, deflate")),
    ("151a", "te: gzip", (b"te", b"gzip")),
):
    refuses(_id, "9114 §4.2", _words, added(_field))

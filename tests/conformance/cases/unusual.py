"""Requests that look odd and are legal, or legal once something is taken away.

This file knows rows 143 to 145, 152 to 158, 179 and 186 (RFC 9110 §5, RFC 9114 §4.2.1). It refuses
to know what is malformed. Its one rule: a request that is taken reaches the application as the RFCs
say that it means.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conformance.case import INFO, MUST, SHOULD, check, connection_case
from tests.conformance.octets import Field, data, headers
from tests.conformance.reactions import Reaction, any_of, ignored, malformed, refused, served

if TYPE_CHECKING:
    from tests.conformance.octets import Fields
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

TCHARS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"


async def seen_headers(peer: Peer, stream: Stream) -> list[list[str]] | None:
    """The headers in the scope of a request to `/view`; None if it was not served by our app."""
    await stream.over()
    if not peer.target.has_app or stream.response.status != 200:
        return None
    scope = json.loads(bytes(stream.response.body))
    headers: list[list[str]] = scope["headers"]
    return headers


def trimmed(id: str, words: str, value: bytes) -> None:
    """A value with white space around it."""

    @connection_case(
        id,
        "RFC 9110 §5.5",
        SHOULD,
        f"a field value {words}: refused, or given without it",
        any_of(malformed(), served()),
    )
    async def act(peer: Peer) -> Stream:
        stream = peer.request(peer.head("/view", (b"x-padded", value)))
        given = dict((await seen_headers(peer, stream)) or []).get("x-padded")
        check(
            given is None or given == value.strip().decode(),
            f"the application was given {given!r}",
        )
        return stream


def legal(
    id: str,
    section: str,
    words: str,
    *fields: Field,
    reaction: Reaction | None = None,
    method: bytes = b"GET",
) -> None:
    """Fields that a server has to bear."""

    @connection_case(id, f"RFC {section}", MUST, words, reaction or served())
    async def act(peer: Peer) -> Stream:
        stream = peer.request(peer.head("/view", *fields, method=method))
        given = await seen_headers(peer, stream)
        for name, value in fields:
            pair = [name.decode(), value.decode("latin-1")]
            check(given is None or pair in given, f"the application was given {given}")
        return stream


trimmed("143", "with a leading space", b" a")
trimmed("144", "with a trailing tab", b"a\t")
trimmed("145", "of one space", b" ")

legal("152", "9114 §4.2", "te: trailers", (b"te", b"trailers"))
legal("153", "9110 §5.5", "octets above 0x7f in a value", (b"x-text", b"caf\xe9 \xff"))
legal(
    "154",
    "9110 §5.5",
    "an empty value, inner white space, every token character in a name",
    (b"x-empty", b""),
    (b"x-inner", b"a \t b"),
    (TCHARS, b"a"),
)
legal("155", "9114 §4.3.1", "host equal to :authority")
legal("186", "8470 §5.1", "early-data: 1 outside early data", (b"early-data", b"1"))
legal("186a", "9110 §9.1", "a method that nobody knows", method=b"FROB", reaction=served(200, 501))


@connection_case("155a", "RFC 9114 §4.3.1", MUST, "host without :authority", served())
async def host_alone(peer: Peer) -> Stream:
    fields = [each for each in peer.head("/view") if each[0] != b":authority"]
    stream = peer.request([*fields, (b"host", peer.target.authority.encode())])
    given = await seen_headers(peer, stream)
    check(given is None or ["host", peer.target.authority] in given, f"no host in {given}")
    return stream


@connection_case(
    "155b",
    "RFC 9114 §4.3.1",
    MUST,
    "host equal to :authority reaches the application once",
    served(),
)
async def host_twice(peer: Peer) -> Stream:
    authority = peer.target.authority
    stream = peer.request(peer.head("/view", (b"host", authority.encode())))
    given = await seen_headers(peer, stream)
    hosts = [value for name, value in given or [] if name == "host"]
    check(given is None or hosts == [authority], f"the application was given {hosts}")
    return stream


@connection_case("156", "RFC 9110 §7.1", MUST, "OPTIONS * gets some response", served(200, 501))
async def options(peer: Peer) -> Stream:
    fields = peer.head(method=b"OPTIONS")
    fields[3] = (b":path", b"*")
    return peer.request(fields)


@connection_case(
    "157",
    "RFC 9114 §4.2.1",
    MUST,
    "split cookies are joined with '; ' for the application",
    served(),
    needs_app=True,
)
async def cookies(peer: Peer) -> Stream:
    crumbs = [(b"cookie", b"a=1"), (b"x-between", b"x"), (b"cookie", b"b=2"), (b"cookie", b"c=3")]
    stream = peer.request(peer.head("/view", *crumbs))
    given = await seen_headers(peer, stream)
    joined = [value for name, value in given or [] if name == "cookie"]
    check(joined == ["a=1; b=2; c=3"], f"the application was given {joined}")
    return stream


@connection_case(
    "158",
    "RFC 9110 §5.3",
    MUST,
    "repeated fields keep their order and number",
    served(),
    needs_app=True,
)
async def repeated(peer: Peer) -> Stream:
    fields: Fields = [(b"x-many", b"%d" % number) for number in range(5)]
    stream = peer.request(peer.head("/view", *fields))
    given = await seen_headers(peer, stream)
    values = [value for name, value in given or [] if name == "x-many"]
    check(values == ["0", "1", "2", "3", "4"], f"the application was given {values}")
    return stream


@connection_case("179", "RFC 9110 §9.3.1", MUST, "GET with content is no framing error", served())
async def get_with_content(peer: Peer) -> Stream:
    return peer.request(peer.head("/echo"), b"hello")


@connection_case(
    "286",
    "RFC 9110 §9.1",
    INFO,
    "the method 'get' is not silently GET",
    any_of(served(), refused(400, 501)),
)
async def lower_case_method(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/view", method=b"get"))
    await stream.over()
    if peer.target.has_app and stream.response.status == 200:
        method = json.loads(bytes(stream.response.body))["method"]
        check(method in ("get", "GET"), f"the application was given {method!r}")
    return stream


@connection_case(
    "158a", "RFC 9114 §4.2.2", MUST, "a field section of 8 kB that is spelled out", served()
)
async def large_section(peer: Peer) -> Stream:
    return peer.request(peer.head("/echo", (b"x-large", b"v" * 8000)))


@connection_case(
    "158b",
    "RFC 9114 §4.2.2",
    MUST,
    "a field section far above SETTINGS_MAX_FIELD_SECTION_SIZE: 431 is best",
    refused(431, 431),
    any_of(malformed(), ignored()),
)
async def oversized_section(peer: Peer) -> Stream:
    stream = peer.open()
    fields = [(b"x-large-%d" % number, b"v" * 1000) for number in range(200)]
    stream.write(headers([*peer.head("/echo"), *fields]) + data(b""), end=True)
    return stream

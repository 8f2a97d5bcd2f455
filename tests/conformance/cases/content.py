"""Content against its content-length, and trailers.

This file knows rows 163 to 178 and 180 to 185 (RFC 9114 §4.1.2, RFC 9110 §8.6, §6.5). It refuses to
know the header section. Its one rule: content that does not match is never handed on as whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import HARD, MUST, NotOffered, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import Code, Field, Fields, data, headers
from tests.conformance.reactions import (
    Reaction,
    answered_early,
    any_of,
    malformed,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

MAX_FIELD_SECTION_SIZE = 0x06


def length(
    id: str, section: str, words: str, values: list[bytes], content: bytes, *also: Reaction
) -> None:
    """A request with content-length fields, and content."""
    allowed = (any_of(malformed(), *also), answered_early())

    @connection_case(id, f"RFC {section}", MUST, words, *allowed)
    async def act(peer: Peer) -> Stream:
        token = Token(peer)
        if not also:
            token.must_not_be_noted("complete")
        fields: Fields = [(b"content-length", each) for each in values]
        return peer.request(peer.head("/echo", token.field, *fields, method=b"POST"), content)


def trailer(id: str, section: str, words: str, *fields: Field) -> None:
    """A request with a trailer section."""

    @connection_case(id, f"RFC {section}", MUST, words, malformed(), answered_early())
    async def act(peer: Peer) -> Stream:
        token = Token(peer)
        token.must_not_be_noted("complete")
        stream = peer.request(peer.head("/echo", token.field, method=b"POST"), b"hello", end=False)
        stream.write(headers(list(fields)), end=True)
        return stream


length("163", "9114 §4.1.2", "content-length larger than the content", [b"10"], b"hello")
length("164", "9114 §4.1.2", "content-length smaller than the content", [b"3"], b"hello")
length("166", "9114 §4.1.2", "content-length 0 and some content", [b"0"], b"hello")
length("167", "9110 §8.6", "content-length abc", [b"abc"], b"hello")
length("168", "9110 §8.6", "content-length 0x5", [b"0x5"], b"hello")
length("169", "9110 §8.6", "content-length 1_0 with ten octets", [b"1_0"], b"0123456789")
length("169a", "9110 §8.6", "content-length +5", [b"+5"], b"hello")
length("169b", "9110 §8.6", "content-length -5", [b"-5"], b"hello")
length("169c", "9110 §8.6", "content-length '5 5'", [b"5 5"], b"hello")
length("169d", "9110 §8.6", "content-length 5.0", [b"5.0"], b"hello")
length("170", "9110 §8.6", "empty content-length", [b""], b"hello")
length("171", "9110 §8.6", "two content-length fields that differ", [b"5", b"6"], b"hello")
length("172", "9110 §8.6", "content-length '5, 6'", [b"5, 6"], b"hello")
length("173", "9110 §8.6", "content-length beyond 64 bits", [b"%d" % (2**64 + 5)], b"hello")
length("174", "9110 §8.6", "content-length of Arabic digits", [b"\xd9\xa5"], b"hello")
length("175", "9110 §8.6", "content-length of 5000 digits", [b"1" * 5000], b"hello")
length("176", "9110 §8.6", "two equal content-length fields", [b"5", b"5"], b"hello", served())
length("177", "9110 §8.6", "content-length '5, 5'", [b"5, 5"], b"hello", served())


length("178b", "9110 §8.6", "content-length with leading zeros", [b"0005"], b"hello", served())


@connection_case("178c", "RFC 9110 §8.6", MUST, "content-length 0 and no content", served())
async def length_of_nothing(peer: Peer) -> Stream:
    return peer.request(peer.head("/echo", (b"content-length", b"0"), method=b"POST"))


@connection_case(
    "165", "RFC 9114 §4.1.2", MUST, "content-length 5 and no content", malformed(), answered_early()
)
async def nothing_came(peer: Peer) -> Stream:
    token = Token(peer)
    token.must_not_be_noted("complete")
    return peer.request(peer.head("/echo", token.field, (b"content-length", b"5"), method=b"POST"))


@connection_case(
    "178",
    "RFC 9114 §4.1.2",
    HARD,
    "content past content-length, before the end of the stream",
    malformed(),
    answered_early(),
)
async def too_much(peer: Peer) -> Stream:
    stream = peer.request(
        peer.head("/echo", (b"content-length", b"5"), method=b"POST"), b"hello", end=False
    )
    await peer.round_trip()
    stream.write(data(b" and more"))
    return stream


@connection_case(
    "178a", "RFC 9114 §4.1.2", MUST, "content-length equal to the content in parts", served()
)
async def just_right(peer: Peer) -> Stream:
    stream = peer.request(
        peer.head("/echo", (b"content-length", b"5"), method=b"POST"), b"he", end=False
    )
    await peer.round_trip()
    stream.write(data(b"") + data(b"llo"), end=True)
    response = await stream.over()
    if peer.target.has_app:
        check(response.body == b"hello", f"the application got {bytes(response.body)!r}")
    return stream


trailer("180", "9114 §4.3", "a pseudo-header in trailers", (b":path", b"/"))
trailer("180a", "9114 §4.3", ":status in trailers", (b":status", b"200"))
trailer("181", "9114 §4.2", "connection in trailers", (b"connection", b"close"))
trailer("182", "9114 §4.2", "transfer-encoding in trailers", (b"transfer-encoding", b"chunked"))
trailer("183", "9114 §10.3", "CR LF in a trailer value", (b"x-trailer", b"a\r\nb"))
trailer("184", "9114 §10.3", "NUL in a trailer name", (b"x\0trailer", b"a"))
trailer("184a", "9114 §4.2", "an upper-case letter in a trailer name", (b"X-Trailer", b"a"))
trailer("185", "9114 §4.2", "te in trailers", (b"te", b"trailers"))


@connection_case(
    "185a",
    "RFC 9110 §6.5.1",
    MUST,
    "content-length in trailers: refused or dropped, never used",
    malformed(),
    any_of(served(), answered_early()),
)
async def length_in_trailers(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo", method=b"POST"), b"hello", end=False)
    stream.write(headers([(b"content-length", b"99")]), end=True)
    return stream


@connection_case("185b", "RFC 9114 §4.1", MUST, "trailers that are beyond reproach", served())
async def good_trailers(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo", method=b"POST"), b"hello", end=False)
    stream.write(headers([(b"x-sum", b"5"), (b"x-empty", b"")]), end=True)
    return stream


@connection_case("185e", "RFC 9114 §4.1", MUST, "trailers without any field", served())
async def empty_trailers(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo", method=b"POST"), b"hello", end=False)
    stream.write(headers([]), end=True)
    return stream


@connection_case("185f", "RFC 9114 §4.1", MUST, "trailers right behind the headers", served())
async def trailers_without_content(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo", method=b"POST"), end=False)
    stream.write(headers([(b"x-sum", b"0")]), end=True)
    return stream


@connection_case(
    "185c",
    "RFC 9114 §4.1.2",
    MUST,
    "trailers behind less content than content-length says",
    malformed(),
    answered_early(),
)
async def trailers_too_early(peer: Peer) -> Stream:
    token = Token(peer)
    token.must_not_be_noted("complete")
    fields = peer.head("/echo", token.field, (b"content-length", b"10"), method=b"POST")
    stream = peer.request(fields, b"hello", end=False)
    stream.write(headers([(b"x-sum", b"5")]), end=True)
    return stream


@connection_case(
    "185d",
    "RFC 9114 §4.2.2",
    MUST,
    "trailers far above SETTINGS_MAX_FIELD_SECTION_SIZE are not handed on",
    any_of(malformed(), stream_error(Code.H3_EXCESSIVE_LOAD)),
    answered_early(),
)
async def oversized_trailers(peer: Peer) -> Stream:
    token = Token(peer)
    if (limit := (await peer.server_settings()).get(MAX_FIELD_SECTION_SIZE)) is None:
        raise NotOffered("SETTINGS_MAX_FIELD_SECTION_SIZE")
    token.must_not_be_noted("complete")
    stream = peer.request(peer.head("/echo", token.field, method=b"POST"), b"hello", end=False)
    number = limit // 1000 + 1
    stream.write(headers([(b"x-large-%d" % each, b"v" * 1000) for each in range(number)]), end=True)
    return stream

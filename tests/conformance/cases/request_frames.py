"""Frames on a request stream: their order, their kinds and how they may be cut.

This file knows rows 67 to 91 (RFC 9114 §4.1, §7). It refuses to know what a field section says
(`malformed.py`). Its one rule: a case writes one request, byte for byte, on one stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, Level, check, connection_case
from tests.conformance.cases.control_stream import FRAME_ERROR, UNEXPECTED
from tests.conformance.octets import Code, Kind, data, frame, headers, settings, varint
from tests.conformance.reactions import (
    Reaction,
    answered_early,
    any_of,
    ignored,
    malformed,
    refused,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer, Stream

HEAD = b"\0HEAD\0"
"""Stands for the HEADERS frame of a request beyond reproach, to an application that echoes."""
TRAILERS = headers([(b"x-trailer", b"1")])
INCOMPLETE = stream_error(Code.H3_REQUEST_INCOMPLETE)


def frames(
    id: str,
    section: str,
    words: str,
    octets: bytes,
    *allowed: Reaction,
    level: Level = MUST,
    end: bool = True,
    h3spec: str = "",
) -> None:
    """A request stream with these octets on it."""

    @connection_case(id, f"RFC {section}", level, words, *allowed, h3spec=h3spec)
    async def act(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(octets.replace(HEAD, _head(peer)), end=end)
        return stream


def _head(peer: Peer) -> bytes:
    return headers(peer.head("/echo", method=b"POST"))


# Order


frames(
    "67",
    "9114 §4.1",
    "empty DATA before HEADERS",
    data(b"") + HEAD,
    UNEXPECTED,
    h3spec="MUST send H3_FRAME_UNEXPECTED if DATA is received before HEADERS [HTTP/3 4.1]",
)
frames("67a", "9114 §4.1", "DATA before HEADERS", data(b"x") + HEAD, UNEXPECTED)
frames(
    "68",
    "9114 §4.1",
    "DATA after the trailers",
    HEAD + data(b"x") + TRAILERS + data(b"y"),
    UNEXPECTED,
    answered_early(),
)
frames(
    "68a",
    "9114 §4.1",
    "empty DATA after the trailers",
    HEAD + TRAILERS + data(b""),
    UNEXPECTED,
    answered_early(),
)
frames(
    "69",
    "9114 §4.1",
    "HEADERS after the trailers",
    HEAD + data(b"x") + TRAILERS + TRAILERS,
    UNEXPECTED,
    answered_early(),
)
frames(
    "69a",
    "9114 §4.1",
    "a second request on the stream of the first",
    HEAD + HEAD,
    malformed(),
    UNEXPECTED,
    answered_early(),
)

# Kinds

for _id, _section, _kind, _payload in (
    ("70", "9114 §7.2.5", Kind.PUSH_PROMISE, varint(0) + b"\0\0"),
    ("70a", "9114 §7.2.3", Kind.CANCEL_PUSH, varint(0)),
    ("71", "9114 §7.2.6", Kind.GOAWAY, varint(0)),
    ("71a", "9114 §7.2.4", Kind.SETTINGS, b""),
    ("72", "9114 §7.2.7", Kind.MAX_PUSH_ID, varint(0)),
    ("72a", "9114 §7.2.8", Kind.HTTP2_PRIORITY, bytes(5)),
    ("72b", "9114 §7.2.8", Kind.HTTP2_PING, bytes(8)),
    ("73", "9114 §7.2.8", Kind.HTTP2_WINDOW_UPDATE, bytes(4)),
    ("74", "9114 §7.2.8", Kind.HTTP2_CONTINUATION, b"\0\0"),
):
    frames(
        _id,
        _section,
        f"{_kind.name} on a request stream",
        HEAD + frame(_kind, _payload),
        UNEXPECTED,
        answered_early(),
    )
frames(
    "75",
    "9114 §7.2.4",
    "SETTINGS as the first frame of a request stream",
    settings() + HEAD,
    UNEXPECTED,
)
frames(
    "76",
    "9114 §7.2.5",
    "PUSH_PROMISE as the first frame of a request stream",
    frame(Kind.PUSH_PROMISE, varint(0) + b"\0\0") + HEAD,
    UNEXPECTED,
)
frames(
    "76a",
    "9114 §7.2.3",
    "CANCEL_PUSH as the first frame of a request stream",
    frame(Kind.CANCEL_PUSH) + HEAD,
    UNEXPECTED,
    h3spec="MUST send H3_FRAME_UNEXPECTED if CANCEL_PUSH is received in a request stream "
    "[HTTP/3 7.2.5]",
)
frames(
    "77",
    "9114 §9",
    "an unknown frame before HEADERS",
    frame(Kind.UNKNOWN, b"what?") + frame(0x1F * 7 + 0x21) + HEAD,
    served(),
)
frames(
    "78",
    "9114 §9",
    "an unknown frame between HEADERS and DATA",
    HEAD + frame(Kind.UNKNOWN, b"what?") + data(b"x"),
    served(),
)
frames(
    "79",
    "9114 §9",
    "an unknown frame after DATA, the last before FIN",
    HEAD + data(b"x") + frame(Kind.UNKNOWN, b"what?"),
    served(),
)
frames(
    "80",
    "9114 §9",
    "an unknown frame after the trailers",
    HEAD + data(b"x") + TRAILERS + frame(Kind.UNKNOWN, b"what?"),
    served(),
)
frames(
    "81",
    "9114 §9",
    "an unknown frame of 64 kB",
    HEAD + frame(Kind.UNKNOWN, bytes(64_000)) + data(b"x"),
    served(),
)
frames(
    "81a",
    "9114 §9",
    "an unknown frame with a type of 62 bits",
    frame((1 << 62) - 1, b"x") + HEAD,
    served(),
)


# Cuts


@connection_case(
    "82", "RFC 9000 §16", MUST, "frame types and lengths in integers of 8 octets", served()
)
async def long_integers(peer: Peer) -> Stream:
    stream = peer.open()
    payload = headers(peer.head("/echo", method=b"POST"))
    _, length = payload[0], payload[1]
    section = payload[2:] if length < 0x40 else payload[3:]
    stream.write(
        frame(Kind.HEADERS, section, size=8)
        + frame(Kind.DATA, b"hello", size=8)
        + frame(Kind.DATA, b"", size=4),
        end=True,
    )
    return stream


@connection_case(
    "83", "RFC 9114 §7", MUST, "HEADERS and DATA cut into packets of one octet", served()
)
async def dribble(peer: Peer) -> Stream:
    stream = peer.open()
    for octet in headers(peer.head("/echo", method=b"POST")) + data(b"he") + data(b"llo"):
        stream.write(bytes((octet,)))
    stream.write(end=True)
    response = await stream.over()
    if peer.target.has_app:
        check(response.body == b"hello", f"the application got {bytes(response.body)!r}")
    return stream


@connection_case("83a", "RFC 9114 §7", MUST, "many frames and requests share a packet", served())
async def together(peer: Peer) -> Stream:
    last = peer.open()
    for _ in range(8):
        stream = peer.open()
        peer.quic.send_stream_data(stream.stream_id, headers(peer.head()), True)
    last.write(_head(peer) + data(b"he") + data(b"") + data(b"llo"), end=True)
    return last


frames(
    "84",
    "9114 §7.1",
    "FIN inside a HEADERS payload",
    frame(Kind.HEADERS, b"\0\0\xd1", length=100),
    FRAME_ERROR,
)
frames("84a", "9114 §7.1", "FIN inside a frame header", b"\x01", FRAME_ERROR)
frames(
    "85",
    "9114 §7.1",
    "FIN inside a DATA payload",
    HEAD + frame(Kind.DATA, b"hello", length=10),
    FRAME_ERROR,
    answered_early(),
)
frames(
    "86",
    "9114 §7.1",
    "FIN inside an unknown frame",
    HEAD + frame(Kind.UNKNOWN, b"hello", length=10),
    FRAME_ERROR,
    answered_early(),
)
frames(
    "87",
    "9114 §7.1",
    "FIN after a DATA header with nothing of its payload",
    HEAD + frame(Kind.DATA, b"", length=10),
    FRAME_ERROR,
    answered_early(),
)
frames(
    "87a",
    "9114 §7.1",
    "FIN inside the header of a second frame",
    HEAD + data(b"x") + varint(Kind.DATA, 4)[:3],
    FRAME_ERROR,
    answered_early(),
)


frames(
    "87b",
    "9114 §7.1",
    "FIN inside a DATA frame of 2^62-1 octets",
    HEAD + frame(Kind.DATA, b"hello", length=(1 << 62) - 1),
    FRAME_ERROR,
    answered_early(),
)
frames(
    "87c",
    "9114 §7.1",
    "FIN inside an unknown frame of 2^62-1 octets, the first of its stream",
    frame(Kind.UNKNOWN, b"hello", length=(1 << 62) - 1),
    FRAME_ERROR,
)


@connection_case("88", "RFC 9114 §7.1", MUST, "RESET_STREAM in the middle of a frame", ignored())
async def reset_inside_a_frame(peer: Peer) -> None:
    stream = peer.open()
    stream.write(_head(peer) + frame(Kind.DATA, b"hello", length=10))
    await peer.round_trip()
    stream.reset()


# Too little


frames(
    "89",
    "9114 §4.1",
    "a request stream closed without any octet",
    b"",
    INCOMPLETE,
    refused(),
    level=SHOULD,
)
frames(
    "90",
    "9114 §4.1",
    "a request stream with only unknown frames",
    frame(Kind.UNKNOWN, b"x"),
    INCOMPLETE,
    refused(),
    level=SHOULD,
)


@connection_case(
    "91",
    "RFC 9114 §4.1",
    SHOULD,
    "a request stream reset before HEADERS is complete",
    INCOMPLETE,
    any_of(stream_error(Code.H3_REQUEST_CANCELLED), refused()),
)
async def reset_inside_the_head(peer: Peer) -> Stream:
    stream = peer.open()
    stream.write(_head(peer)[:10])
    await peer.round_trip()
    stream.reset()
    return stream


@connection_case(
    "91a",
    "RFC 9114 §4.1",
    SHOULD,
    "a request stream reset before any octet",
    INCOMPLETE,
    any_of(stream_error(Code.H3_REQUEST_CANCELLED), refused(), ignored()),
)
async def reset_at_once(peer: Peer) -> Stream:
    stream = peer.open()
    stream.reset()
    return stream

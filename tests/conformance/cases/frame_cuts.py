"""Frames cut anywhere: by packets, by the end of a stream, by a reset.

This file knows rows 82 to 91 (RFC 9114 §4.1, §7.1). It refuses to know which frames may come when
(`request_frames.py`). Its one rule: a cut that a frame survives changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, check, connection_case
from tests.conformance.cases.control_stream import FRAME_ERROR
from tests.conformance.cases.request_frames import HEAD, INCOMPLETE, frames, head
from tests.conformance.octets import Code, Kind, data, frame, headers, varint
from tests.conformance.reactions import (
    answered_early,
    any_of,
    ignored,
    refused,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream


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
    last.write(head(peer) + data(b"he") + data(b"") + data(b"llo"), end=True)
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
    stream.write(head(peer) + frame(Kind.DATA, b"hello", length=10))
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
    stream.write(head(peer)[:10])
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

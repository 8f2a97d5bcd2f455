"""PRIORITY_UPDATE: taken, or ignored as unknown (RFC 9218).

This file knows rows 325 to 334. It refuses to know how responses are scheduled: that is nobody's to
demand. Its one rule: a server that does not implement priorities ignores all of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, connection_case
from tests.conformance.octets import Code, Kind, frame, headers, varint
from tests.conformance.reactions import (
    Reaction,
    answered_early,
    connection_error,
    ignored,
    served,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

ID_ERROR = connection_error(Code.H3_ID_ERROR)
FRAME_ERROR = connection_error(Code.H3_FRAME_ERROR)
UNEXPECTED = connection_error(Code.H3_FRAME_UNEXPECTED)


def update(stream_id: int, value: bytes = b"u=1", kind: Kind = Kind.PRIORITY_UPDATE) -> bytes:
    """A PRIORITY_UPDATE frame (§7.1)."""
    return frame(kind, varint(stream_id) + value)


def control(id: str, section: str, words: str, octets: bytes, *allowed: Reaction) -> None:
    """Frames on the control stream."""

    @connection_case(id, section, MUST, words, *allowed)
    async def act(peer: Peer) -> None:
        peer.control.write(octets)


def on_request(id: str, kind: Kind) -> None:
    """The frame on a request stream."""

    @connection_case(
        id,
        "RFC 9218 §7.2",
        MUST,
        f"{kind.name} on a request stream",
        UNEXPECTED,
        served(),
        answered_early(),
    )
    async def act(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(headers(peer.head("/echo")) + update(0, kind=kind), end=True)
        return stream


@connection_case("325", "RFC 9218 §7.2", MUST, "PRIORITY_UPDATE for an open request", served())
async def open_request(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo"), end=False)
    peer.control.write(update(stream.stream_id, b"u=2, i"))
    await peer.round_trip()
    stream.write(end=True)
    return stream


@connection_case("326", "RFC 9218 §7", MUST, "PRIORITY_UPDATE before the request comes", served())
async def before_the_request(peer: Peer) -> Stream:
    stream = peer.open()
    peer.control.write(update(stream.stream_id))
    await peer.round_trip()
    stream.write(headers(peer.head()), end=True)
    return stream


@connection_case("327", "RFC 9218 §7.2", MUST, "PRIORITY_UPDATE for a finished request", ignored())
async def finished(peer: Peer) -> None:
    stream = peer.request(peer.head())
    await stream.over()
    peer.control.write(update(stream.stream_id))


on_request("328", Kind.PRIORITY_UPDATE)
on_request("329", Kind.PRIORITY_UPDATE_PUSH)
control(
    "330",
    "RFC 9218 §7.2",
    "PRIORITY_UPDATE for a push that was never promised",
    frame(Kind.MAX_PUSH_ID, varint(8)) + update(3, kind=Kind.PRIORITY_UPDATE_PUSH),
    ID_ERROR,
    ignored(),
)
control(
    "330a",
    "RFC 9218 §7.2",
    "PRIORITY_UPDATE for a push beyond MAX_PUSH_ID",
    update(3, kind=Kind.PRIORITY_UPDATE_PUSH),
    ID_ERROR,
    ignored(),
)
control(
    "331",
    "RFC 9218 §7.2",
    "PRIORITY_UPDATE far beyond the stream limit",
    update((1 << 62) - 4),
    ID_ERROR,
    ignored(),
)
control(
    "332",
    "RFC 9114 §7.1",
    "PRIORITY_UPDATE without payload",
    frame(Kind.PRIORITY_UPDATE),
    FRAME_ERROR,
    ignored(),
)
control(
    "332a",
    "RFC 9114 §7.1",
    "PRIORITY_UPDATE cut inside its identifier",
    frame(Kind.PRIORITY_UPDATE, varint(1000)[:1]),
    FRAME_ERROR,
    ignored(),
)
control(
    "333",
    "RFC 9218 §7",
    "PRIORITY_UPDATE with a value that does not parse",
    update(0, b"u=\xff,,"),
    ignored(),
    connection_error(Code.H3_GENERAL_PROTOCOL_ERROR),
)
control("333a", "RFC 9218 §7", "PRIORITY_UPDATE with an empty value", update(0, b""), ignored())
control(
    "333b",
    "RFC 9218 §4",
    "PRIORITY_UPDATE with unknown parameters, and known ones out of range",
    update(0, b"u=9, x=?1, y"),
    ignored(),
)
control(
    "334",
    "RFC 9218 §7.2",
    "PRIORITY_UPDATE for a stream of the server",
    update(1),
    ID_ERROR,
    ignored(),
)
control(
    "334a",
    "RFC 9218 §7.2",
    "PRIORITY_UPDATE for a unidirectional stream",
    update(2),
    ID_ERROR,
    ignored(),
)


@connection_case(
    "336",
    "RFC 9218 §7",
    MUST,
    "several PRIORITY_UPDATE for one stream",
    served(),
)
async def several(peer: Peer) -> Stream:
    stream = peer.open()
    for urgency in (7, 3, 0, 5):
        peer.control.write(update(stream.stream_id, b"u=%d" % urgency))
    stream.write(headers(peer.head("/hello", (b"priority", b"u=4, i"))), end=True)
    return stream

"""The client's control stream: SETTINGS first, then only what belongs there.

This file knows rows 5 to 18, 29 to 41 and 46 to 48 (RFC 9114 §5.2, §6.2.1, §7.2). It refuses to
know what SETTINGS say (`settings.py`). Its one rule: one fault per case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, Level, connection_case
from tests.conformance.octets import Code, Kind, StreamKind, data, frame, settings, varint
from tests.conformance.peer import Opening
from tests.conformance.reactions import Reaction, any_of, connection_error, ignored

if TYPE_CHECKING:
    from tests.conformance.peer import Peer

NOTHING = Opening(settings=None, qpack=False)
CLOSED = connection_error(Code.H3_CLOSED_CRITICAL_STREAM)
FRAME_ERROR = connection_error(Code.H3_FRAME_ERROR)
ID_ERROR = connection_error(Code.H3_ID_ERROR)
UNEXPECTED = connection_error(Code.H3_FRAME_UNEXPECTED)


def first_frame(id: str, words: str, octets: bytes, level: Level = MUST, h3spec: str = "") -> None:
    """A control stream that begins with something else than SETTINGS."""

    @connection_case(
        id,
        "RFC 9114 §6.2.1",
        level,
        f"first control frame {words}",
        connection_error(Code.H3_MISSING_SETTINGS),
        opening=NOTHING,
        h3spec=h3spec,
    )
    async def act(peer: Peer) -> None:
        peer.open_uni(varint(StreamKind.CONTROL) + octets)


def after_settings(
    id: str, section: str, words: str, octets: bytes, *allowed: Reaction, h3spec: str = ""
) -> None:
    """Frames behind SETTINGS."""

    @connection_case(id, f"RFC 9114 {section}", MUST, words, *allowed, h3spec=h3spec)
    async def act(peer: Peer) -> None:
        peer.control.write(octets)


first_frame(
    "5",
    "MAX_PUSH_ID",
    frame(Kind.MAX_PUSH_ID, varint(1)) + settings(),
    h3spec="MUST send H3_MISSING_SETTINGS if the first control frame is not SETTINGS "
    "[HTTP/3 6.2.1]",
)
first_frame("6", "HEADERS", frame(Kind.HEADERS, b"\0\0"))
first_frame("6a", "DATA", data(b"x"))
first_frame("6b", "GOAWAY", frame(Kind.GOAWAY, varint(0)))
first_frame("7", "of an unknown type", frame(Kind.UNKNOWN) + settings(), SHOULD)

after_settings(
    "8",
    "§7.2.4",
    "a second SETTINGS frame",
    settings(),
    UNEXPECTED,
    h3spec="MUST send H3_FRAME_UNEXPECTED if a second SETTINGS frame is received [HTTP/3 7.2.4]",
)
after_settings("9", "§7.2.1", "DATA on the control stream", data(b"x"), UNEXPECTED)
after_settings(
    "10",
    "§7.2.2",
    "HEADERS on the control stream",
    frame(Kind.HEADERS),
    UNEXPECTED,
    h3spec="MUST send H3_FRAME_UNEXPECTED if a HEADERS frame is received on a control stream "
    "[HTTP/3 7.2.2]",
)
after_settings(
    "10a",
    "§7.2.2",
    "HEADERS with a field section on the control stream",
    frame(Kind.HEADERS, b"\0\0\xd1"),
    UNEXPECTED,
)
after_settings(
    "11",
    "§7.2.5",
    "PUSH_PROMISE on the control stream",
    frame(Kind.PUSH_PROMISE, varint(0) + b"\0\0"),
    UNEXPECTED,
)
after_settings(
    "12",
    "§7.2.1",
    "empty DATA on the control stream",
    data(b""),
    UNEXPECTED,
    h3spec="MUST send H3_FRAME_UNEXPECTED if a DATA frame is received on a control stream "
    "[HTTP/3 7.2.1]",
)
for _id, _kind in (
    ("13", Kind.HTTP2_PRIORITY),
    ("14", Kind.HTTP2_PING),
    ("15", Kind.HTTP2_WINDOW_UPDATE),
    ("16", Kind.HTTP2_CONTINUATION),
):
    after_settings(
        _id, "§7.2.8", f"{_kind.name} on the control stream", frame(_kind, bytes(8)), UNEXPECTED
    )
after_settings(
    "17",
    "§9",
    "unknown frames on the control stream",
    frame(Kind.UNKNOWN) + frame(Kind.UNKNOWN + 0x1F, b"grease") + frame(0x0F07FF, b"x"),
    ignored(),
)
after_settings(
    "18",
    "§9",
    "an unknown frame of 100 kB on the control stream",
    frame(Kind.UNKNOWN, bytes(100_000)) + frame(Kind.MAX_PUSH_ID, varint(0)),
    ignored(),
)
after_settings(
    "29",
    "§5.2",
    "GOAWAY with a growing identifier",
    frame(Kind.GOAWAY, varint(4)) + frame(Kind.GOAWAY, varint(8)),
    ID_ERROR,
)
after_settings(
    "30",
    "§5.2",
    "GOAWAY with an equal, then a smaller identifier",
    b"".join(frame(Kind.GOAWAY, varint(each)) for each in (8, 8, 4)),
    ignored(),
)
after_settings(
    "30a",
    "§5.2",
    "GOAWAY with a push id that is no stream id",
    frame(Kind.GOAWAY, varint(3)),
    ignored(),
)
after_settings("31", "§7.1", "GOAWAY without payload", frame(Kind.GOAWAY), FRAME_ERROR)
after_settings(
    "32",
    "§7.1",
    "GOAWAY with octets after the identifier",
    frame(Kind.GOAWAY, varint(0) + b"x"),
    FRAME_ERROR,
)
after_settings("33", "§7.1", "MAX_PUSH_ID without payload", frame(Kind.MAX_PUSH_ID), FRAME_ERROR)
after_settings(
    "34",
    "§7.1",
    "MAX_PUSH_ID with octets after the identifier",
    frame(Kind.MAX_PUSH_ID, varint(0) + b"x"),
    FRAME_ERROR,
)
after_settings("35", "§7.1", "CANCEL_PUSH without payload", frame(Kind.CANCEL_PUSH), FRAME_ERROR)
after_settings(
    "35a",
    "§7.1",
    "CANCEL_PUSH with octets after the identifier",
    frame(Kind.MAX_PUSH_ID, varint(8)) + frame(Kind.CANCEL_PUSH, varint(0) + b"x"),
    FRAME_ERROR,
    ID_ERROR,
)
after_settings(
    "36",
    "§7.1",
    "MAX_PUSH_ID cut inside its integer",
    frame(Kind.MAX_PUSH_ID, varint(1000)[:1]),
    FRAME_ERROR,
)
after_settings(
    "36a",
    "§7.1",
    "GOAWAY cut inside its integer",
    frame(Kind.GOAWAY, varint(1 << 40)[:5]),
    FRAME_ERROR,
)
after_settings(
    "37",
    "§7.2.7",
    "MAX_PUSH_ID that gets smaller",
    frame(Kind.MAX_PUSH_ID, varint(8)) + frame(Kind.MAX_PUSH_ID, varint(7)),
    ID_ERROR,
)
after_settings(
    "38",
    "§7.2.7",
    "MAX_PUSH_ID repeated and growing",
    b"".join(frame(Kind.MAX_PUSH_ID, varint(each)) for each in (0, 0, 8, (1 << 62) - 1)),
    ignored(),
)
after_settings(
    "39",
    "§7.2.3",
    "CANCEL_PUSH without any MAX_PUSH_ID",
    frame(Kind.CANCEL_PUSH, varint(0)),
    ID_ERROR,
)
after_settings(
    "40",
    "§7.2.3",
    "CANCEL_PUSH for a push that was never promised",
    frame(Kind.MAX_PUSH_ID, varint(8)) + frame(Kind.CANCEL_PUSH, varint(3)),
    ID_ERROR,
)
after_settings(
    "40a",
    "§7.2.3",
    "CANCEL_PUSH for a push beyond MAX_PUSH_ID",
    frame(Kind.MAX_PUSH_ID, varint(8)) + frame(Kind.CANCEL_PUSH, varint(9)),
    ID_ERROR,
)


@connection_case(
    "41",
    "RFC 9114 §6.2.1",
    MUST,
    "the control stream is closed",
    CLOSED,
    h3spec="MUST send H3_CLOSED_CRITICAL_STREAM if a control stream is closed [QPACK 4.2]",
)
async def closed(peer: Peer) -> None:
    await peer.round_trip()
    peer.control.write(end=True)


@connection_case("41a", "RFC 9114 §6.2.1", MUST, "the control stream is reset", CLOSED)
async def reset(peer: Peer) -> None:
    await peer.round_trip()
    peer.control.reset(Code.H3_NO_ERROR)


@connection_case(
    "46",
    "RFC 9114 §6.2.1",
    MUST,
    "the control stream is closed behind its type, before SETTINGS",
    CLOSED,
    opening=NOTHING,
)
async def closed_before_settings(peer: Peer) -> None:
    peer.open_uni(varint(StreamKind.CONTROL)).write(end=True)


@connection_case(
    "47",
    "RFC 9114 §6.2.1",
    MUST,
    "the control stream is closed in the packet of its SETTINGS",
    CLOSED,
    opening=NOTHING,
)
async def closed_with_settings(peer: Peer) -> None:
    peer.open_uni().write(varint(StreamKind.CONTROL) + settings(), end=True)


@connection_case(
    "47a",
    "RFC 9114 §7.1",
    MUST,
    "the control stream is closed inside a frame",
    any_of(FRAME_ERROR, CLOSED),
)
async def closed_inside_a_frame(peer: Peer) -> None:
    peer.control.write(frame(Kind.GOAWAY, b"", length=1), end=True)


@connection_case(
    "48", "RFC 9114 §6.2.1", MUST, "STOP_SENDING for the server's control stream", CLOSED
)
async def stopped(peer: Peer) -> None:
    await peer.server_settings()
    peer.stop_incoming(StreamKind.CONTROL)

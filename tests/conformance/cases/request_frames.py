"""Frames on a request stream: their order and their kinds.

This file knows rows 67 to 81 (RFC 9114 §4.1, §7). It refuses to know how frames may be cut
(`frame_cuts.py`) and what a field section says (`malformed.py`). Its one rule: a case writes one
request, octet by octet, on one stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, Level, connection_case
from tests.conformance.cases.control_stream import UNEXPECTED
from tests.conformance.octets import Code, Kind, data, frame, headers, settings, varint
from tests.conformance.reactions import (
    Reaction,
    answered_early,
    malformed,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

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
        stream.write(octets.replace(HEAD, head(peer)), end=end)
        return stream


def head(peer: Peer) -> bytes:
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

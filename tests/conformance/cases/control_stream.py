"""The control stream: SETTINGS first, then only what belongs there (RFC 9114 §6.2.1, §7.2).

This file knows rows 5 to 41 and 46 to 48 of the requirements. It refuses to know the other
unidirectional streams (`unidirectional.py`). Its one rule: one frame out of place per case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, Level, connection_case
from tests.conformance.octets import Code, Kind, StreamKind, data, frame, settings, varint
from tests.conformance.peer import Opening
from tests.conformance.reactions import connection_error, ignored

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.reactions import Reaction

_NOTHING = Opening(settings=None, qpack=False)


def _first_frame(id: str, words: str, octets: bytes, level: Level = MUST, h3spec: str = "") -> None:
    @connection_case(
        id,
        "RFC 9114 §6.2.1",
        level,
        f"first control frame {words}",
        connection_error(Code.H3_MISSING_SETTINGS),
        opening=_NOTHING,
        h3spec=h3spec,
    )
    async def act(peer: Peer) -> None:
        peer.open_uni(varint(StreamKind.CONTROL) + octets)


def _frame_after_settings(
    id: str, section: str, words: str, octets: bytes, reaction: Reaction, h3spec: str = ""
) -> None:
    @connection_case(id, section, MUST, words, reaction, h3spec=h3spec)
    async def act(peer: Peer) -> None:
        peer.control.write(octets)


_first_frame("5", "MAX_PUSH_ID", frame(Kind.MAX_PUSH_ID, varint(0)))
_first_frame("6", "HEADERS", frame(Kind.HEADERS, b"\0\0"))
_first_frame("7", "of an unknown type", frame(Kind.UNKNOWN), SHOULD)

_UNEXPECTED = connection_error(Code.H3_FRAME_UNEXPECTED)

_frame_after_settings("8", "RFC 9114 §7.2.4", "a second SETTINGS frame", settings(), _UNEXPECTED)
_frame_after_settings("9", "RFC 9114 §7.2.1", "DATA on the control stream", data(b"x"), _UNEXPECTED)
_frame_after_settings(
    "17", "RFC 9114 §9", "unknown frames on the control stream", frame(Kind.UNKNOWN), ignored()
)

"""The streams of one connection, one way: what goes by on each, as events.

This file knows which streams have frames and which have a type first. It refuses to know which way
it is (`tap.py`).

Its one rule: it watches as many streams as are open, and forgets each when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.http3.qlog.scanner import FrameScanner
from h3producer.http3.qlog.words import describe_frame, describe_parameters, describe_stream_type
from h3producer.wire.frames import FrameType, StreamType
from h3producer.wire.varint import pull_varint
from h3producer.wire.webtransport import BIDIRECTIONAL_SIGNAL

if TYPE_CHECKING:
    from h3producer.http3.qlog.journal import Journal

__all__ = ["StreamsOneWay"]


class StreamsOneWay:
    """All streams, as far as one end sends on them."""

    def __init__(self, journal: Journal, owner: str, event: str) -> None:
        """`owner` is who sends, "local" or "remote"; `event` is what a frame is noted as."""
        self._journal = journal
        self._owner: Final = owner
        self._event: Final = event
        self.other_way: StreamsOneWay | None = None
        """The same streams, as far as the other end sends on them."""
        self._scanners: dict[int, FrameScanner | None] = {}
        """By stream; None where there are no frames, or none that we know."""
        self._heads: dict[int, bytes] = {}
        """Of unidirectional streams whose type is cut."""

    def bytes_passed(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """The next bytes of a stream, in order."""
        if stream_id & 2 and stream_id not in self._scanners:
            data = self._pass_head(stream_id, data)
        elif stream_id not in self._scanners:
            self._scanners[stream_id] = FrameScanner()
        scanner = self._scanners.get(stream_id)
        if scanner is not None:
            for frame_type, length, payload in scanner.feed(data):
                if frame_type == BIDIRECTIONAL_SIGNAL:
                    # draft-ietf-webtrans-http3 §4.3: what follows is a session's, and no frames.
                    self.has_no_frames(stream_id)
                    if self.other_way is not None:
                        self.other_way.has_no_frames(stream_id)
                    break
                self._frame_passed(stream_id, frame_type, length, payload)
        if end_stream:
            self.stream_ended(stream_id)

    def has_no_frames(self, stream_id: int) -> None:
        """What comes on it from now on is somebody else's."""
        self._scanners[stream_id] = None

    def stream_ended(self, stream_id: int) -> None:
        """Nothing more comes on it."""
        self._scanners.pop(stream_id, None)
        self._heads.pop(stream_id, None)

    def _pass_head(self, stream_id: int, data: bytes) -> bytes:
        """Take the type from a unidirectional stream; return what is behind it."""
        head = self._heads.pop(stream_id, b"") + data
        pulled = pull_varint(head, 0)
        if pulled is None:
            self._heads[stream_id] = head
            return b""
        stream_type, end = pulled
        self._scanners[stream_id] = FrameScanner() if stream_type == StreamType.CONTROL else None
        about = {"owner": self._owner, "stream_id": stream_id}
        self._journal.note("http:stream_type_set", {**about, **describe_stream_type(stream_type)})
        return head[end:]

    def _frame_passed(
        self, stream_id: int, frame_type: int, length: int, payload: bytes | None
    ) -> None:
        if frame_type == FrameType.SETTINGS and payload is not None:
            parameters = describe_parameters(payload)
            self._journal.note("http:parameters_set", {"owner": self._owner, **parameters})
        frame = describe_frame(frame_type, length, payload)
        self._journal.note(self._event, {"stream_id": stream_id, "length": length, "frame": frame})

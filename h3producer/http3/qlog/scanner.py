"""The frames that go by on one stream, with their lengths.

This file knows the layout of a frame, as `wire/frames.py` does, for somebody who only watches. It
refuses to know which frames may come: whatever is on the stream, the one who reads it judges.

Its one rule: it never raises, and holds at most one payload of a bounded length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.wire.frames import FrameType
from h3producer.wire.varint import pull_varint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_HELD", "FrameScanner"]

MAX_HELD: Final = 64 * 1024
"""Bytes of a payload that is held to be told as a whole. Sections that are sent have a tenth of
it; of a longer one only the length is told."""

_PASSED_OVER: Final = frozenset((FrameType.DATA, FrameType.PUSH_PROMISE))
"""Whose payload nobody asks for."""


class FrameScanner:
    """Cuts the bytes of one stream into frames, however they are chunked."""

    __slots__ = ("_frame", "_held", "_remaining")

    def __init__(self) -> None:
        self._held = b""  # a header that is cut; or the payload of `_frame` so far
        self._frame: tuple[int, int] | None = None  # type and length of one that is held
        self._remaining = 0  # bytes to pass over

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes | None]]:
        """Take the next bytes; give type, length and payload of each frame.

        Without its payload, that is None, a frame is told as soon as its header is complete.
        """
        while data:
            if self._remaining:
                passed = min(self._remaining, len(data))
                self._remaining -= passed
                data = data[passed:]
            elif self._frame is not None:
                frame_type, length = self._frame
                missing = length - len(self._held)
                self._held += data[:missing]
                data = data[missing:]
                if len(self._held) == length:
                    payload, self._held, self._frame = self._held, b"", None
                    yield frame_type, length, payload
            else:
                data, self._held = self._held + data, b""
                frame_type_end = pull_varint(data, 0)
                length_end = frame_type_end and pull_varint(data, frame_type_end[1])
                if not frame_type_end or not length_end:
                    self._held = data
                    return
                (frame_type, _), (length, end) = frame_type_end, length_end
                data = data[end:]
                if frame_type in _PASSED_OVER or length > MAX_HELD:
                    self._remaining = length
                    yield frame_type, length, None
                elif length:
                    self._frame = frame_type, length
                else:
                    yield frame_type, 0, b""

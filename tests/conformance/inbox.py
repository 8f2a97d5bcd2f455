"""What a server sends, cut into frames and decoded: the reading half of the suite's client.

This file knows frames and field sections as they come. It refuses to judge them: each frame and
each failure to read one is written down, for `invariants.py` and the cases. Its one rule: it reads
with no code of the server under test; QPACK is decoded by ls-qpack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pylsqpack

from tests.conformance.observed import Response
from tests.conformance.octets import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.octets import Fields

__all__ = ["Cutter", "FieldSections", "ResponseReader", "pull_varint"]


def pull_varint(octets: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The variable-length integer at `at`, and where it ends; None if it is cut."""
    if at >= len(octets):
        return None
    end = at + (1 << (octets[at] >> 6))
    if end > len(octets):
        return None
    return int.from_bytes(octets[at:end], "big") & ((1 << (8 * (end - at) - 2)) - 1), end


class Cutter:
    """Cuts the octets of one stream into whole frames."""

    def __init__(self) -> None:
        self.left = bytearray()
        """The octets of a frame that has not ended."""

    def feed(self, octets: bytes) -> list[tuple[int, bytes]]:
        """The frames that end in `octets`: type and payload."""
        self.left += octets
        frames, at = [], 0
        while True:
            kind = pull_varint(self.left, at)
            length = kind and pull_varint(self.left, kind[1])
            if not kind or not length or length[1] + length[0] > len(self.left):
                break
            end = length[1] + length[0]
            frames.append((kind[0], bytes(self.left[length[1] : end])))
            at = end
        del self.left[:at]
        return frames


class FieldSections:
    """The field sections that come on one connection, and the server's encoder stream."""

    def __init__(self, capacity: int, blocked_streams: int) -> None:
        """Both numbers are what the client's SETTINGS announce."""
        self._decoder = pylsqpack.Decoder(capacity, blocked_streams)
        self._waiting: dict[int, Callable[[], None]] = {}
        self.instructions = bytearray()
        """What the client's decoder stream has to say."""
        self.encoder_octets = 0
        """Octets of the server's encoder stream, its type not among them."""
        self.referenced_dynamic = False
        """Some section had a Required Insert Count."""
        self.faults: list[str] = []
        """What could not be decoded (RFC 9204 §2.2)."""

    def decode(self, stream_id: int, payload: bytes, then: Callable[[], None]) -> Fields | None:
        """The fields of a section; None if it waits for the encoder stream, or is broken.

        When it need not wait any longer `then` is called, and `resume` gives the fields.
        """
        self.referenced_dynamic |= payload[:1] not in (b"", b"\0")
        if payload == b"\0\0":
            return []  # which ls-qpack would take for an error
        try:
            control, fields = self._decoder.feed_header(stream_id, payload)
        except pylsqpack.StreamBlocked:
            self._waiting[stream_id] = then
            return None
        except pylsqpack.DecompressionFailed:
            self.faults.append(f"the field section {payload[:40].hex()} on stream {stream_id}")
            return []
        self.instructions += control
        return [(bytes(name), bytes(value)) for name, value in fields]

    def resume(self, stream_id: int) -> Fields:
        """The fields of a section that had to wait."""
        control, fields = self._decoder.resume_header(stream_id)
        self.instructions += control
        return [(bytes(name), bytes(value)) for name, value in fields]

    def encoder_stream_received(self, octets: bytes) -> None:
        """Instructions of the server's encoder."""
        self.encoder_octets += len(octets)
        try:
            unblocked = self._decoder.feed_encoder(octets)
        except pylsqpack.EncoderStreamError:
            self.faults.append(f"the encoder instruction {octets[:40].hex()}")
            return
        for stream_id in unblocked:
            self._waiting.pop(stream_id)()


class ResponseReader:
    """The server's half of one request stream, read as it comes."""

    def __init__(self, stream_id: int, sections: FieldSections) -> None:
        self.response = Response()
        self.frames: list[tuple[int, bytes]] = []
        """All frames in their order."""
        self.sections: list[Fields] = []
        """All field sections in their order: interim, final, trailers."""
        self.cutter = Cutter()
        self._stream_id = stream_id
        self._sections = sections
        self._queue: list[tuple[int, bytes]] = []
        self._is_blocked = False

    def feed(self, octets: bytes) -> None:
        """Octets of the stream."""
        for each in self.cutter.feed(octets):
            self.frames.append(each)
            self._queue.append(each)
        self._take_frames()

    def _take_frames(self) -> None:
        while self._queue and not self._is_blocked:
            kind, payload = self._queue.pop(0)
            if kind == Kind.DATA:
                self.response.body += payload
            elif kind == Kind.HEADERS:
                fields = self._sections.decode(self._stream_id, payload, self._unblocked)
                if fields is None:
                    self._is_blocked = True
                else:
                    self._take_fields(fields)

    def _unblocked(self) -> None:
        self._is_blocked = False
        self._take_fields(self._sections.resume(self._stream_id))
        self._take_frames()

    def _take_fields(self, fields: Fields) -> None:
        self.sections.append(fields)
        response = self.response
        if fields[:1] and fields[0][0] == b":status" and fields[0][1].startswith(b"1"):
            response.interim.append(fields)
        elif response.fields:
            response.trailers = fields
        else:
            response.fields = fields

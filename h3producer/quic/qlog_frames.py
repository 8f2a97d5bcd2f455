"""The frames of a QUIC packet in the words of draft-ietf-quic-qlog-quic-events.

This file knows the layout of each frame of RFC 9000 §19 and RFC 9221, for somebody who only
watches. It refuses to know which of them may come.

Its one rule: it never raises. From a frame on that it does not know, or that is cut, it says so and
no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.wire.varint import pull_varint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["describe_frames"]

_RESET_TOKEN_SIZE: Final = 16
_PATH_DATA_SIZE: Final = 8
_STREAMS: Final = ("bidirectional", "unidirectional")

Frame = dict[str, object]


class _CutError(Exception):
    """The packet ends before the frame does."""


class _Reader:
    """What is left of a packet."""

    __slots__ = ("_payload", "at", "exponent")

    def __init__(self, payload: bytes, exponent: int) -> None:
        self._payload = payload
        self.at = 0
        self.exponent = exponent

    @property
    def left(self) -> int:
        return len(self._payload) - self.at

    def number(self) -> int:
        pulled = pull_varint(self._payload, self.at)
        if pulled is None:
            raise _CutError
        value, self.at = pulled
        return value

    def skip(self, count: int) -> bytes:
        if count > self.left:
            raise _CutError
        start, self.at = self.at, self.at + count
        return self._payload[start : self.at]

    def padding(self) -> int:
        """Pass over zeros; how many there were."""
        rest = self._payload[self.at :].lstrip(b"\0")
        count = self.left - len(rest)
        self.at += count
        return count


def describe_frames(payload: bytes, ack_delay_exponent: int = 3) -> list[Frame]:
    """All frames of a packet. The exponent is that of the one who sent it (RFC 9000 §18.2)."""
    reader = _Reader(payload, ack_delay_exponent)
    frames: list[Frame] = []
    frame_type = 0
    try:
        while reader.left:
            frame_type = payload[reader.at]  # all that is known of one that is cut
            frame_type = reader.number()
            describe = _FRAMES.get(frame_type)
            if describe is None:
                frames.append({"frame_type": "unknown", "raw_frame_type": frame_type})
                break
            frames.append(describe(reader, frame_type))
    except _CutError:
        frames.append({"frame_type": "unknown", "raw_frame_type": frame_type})
    return frames


def _padding(reader: _Reader, _frame_type: int) -> Frame:
    return {"frame_type": "padding", "payload_length": 1 + reader.padding()}


def _ping(_reader: _Reader, _frame_type: int) -> Frame:
    return {"frame_type": "ping"}


def _ack(reader: _Reader, frame_type: int) -> Frame:
    largest = reader.number()
    delay = reader.number() << reader.exponent  # microseconds
    count = reader.number()
    smallest = largest - reader.number()
    ranges = [[smallest, largest]]
    for _ in range(count):
        # RFC 9000 §19.3.1: "largest = previous_smallest - gap - 2".
        largest = smallest - reader.number() - 2
        smallest = largest - reader.number()
        ranges.append([smallest, largest])
    if frame_type == 0x03:
        for _ in range(3):
            reader.number()
    return {"frame_type": "ack", "ack_delay": delay / 1000, "acked_ranges": ranges[::-1]}


def _reset_stream(reader: _Reader, _frame_type: int) -> Frame:
    return {
        "frame_type": "reset_stream",
        "stream_id": reader.number(),
        "error_code": reader.number(),
        "final_size": reader.number(),
    }


def _stop_sending(reader: _Reader, _frame_type: int) -> Frame:
    ids = {"stream_id": reader.number(), "error_code": reader.number()}
    return {"frame_type": "stop_sending", **ids}


def _crypto(reader: _Reader, _frame_type: int) -> Frame:
    offset, length = reader.number(), reader.number()
    reader.skip(length)
    return {"frame_type": "crypto", "offset": offset, "length": length}


def _new_token(reader: _Reader, _frame_type: int) -> Frame:
    length = reader.number()
    reader.skip(length)
    return {"frame_type": "new_token", "token": {"length": length}}


def _stream(reader: _Reader, frame_type: int) -> Frame:
    stream_id = reader.number()
    offset = reader.number() if frame_type & 0x04 else 0
    length = reader.number() if frame_type & 0x02 else reader.left
    reader.skip(length)
    return {
        "frame_type": "stream",
        "stream_id": stream_id,
        "offset": offset,
        "length": length,
        "fin": bool(frame_type & 0x01),
    }


def _limit(name: str, field: str) -> Callable[[_Reader, int], Frame]:
    """A frame of one number, about the connection."""
    return lambda reader, _: {"frame_type": name, field: reader.number()}


def _stream_limit(name: str, field: str) -> Callable[[_Reader, int], Frame]:
    """A frame of one number, about a stream."""
    return lambda reader, _: {
        "frame_type": name,
        "stream_id": reader.number(),
        field: reader.number(),
    }


def _streams_limit(name: str, field: str) -> Callable[[_Reader, int], Frame]:
    """A frame of one number, about all streams of a kind; the type's last bit says of which."""
    return lambda reader, frame_type: {
        "frame_type": name,
        "stream_type": _STREAMS[frame_type & 1],
        field: reader.number(),
    }


def _new_connection_id(reader: _Reader, _frame_type: int) -> Frame:
    sequence_number, retire_prior_to = reader.number(), reader.number()
    length = reader.skip(1)[0]
    connection_id = reader.skip(length).hex()
    reader.skip(_RESET_TOKEN_SIZE)  # whoever knows it can end the connection
    return {
        "frame_type": "new_connection_id",
        "sequence_number": sequence_number,
        "retire_prior_to": retire_prior_to,
        "connection_id_length": length,
        "connection_id": connection_id,
    }


def _path(name: str) -> Callable[[_Reader, int], Frame]:
    return lambda reader, _: {"frame_type": name, "data": reader.skip(_PATH_DATA_SIZE).hex()}


def _connection_close(reader: _Reader, frame_type: int) -> Frame:
    code = reader.number()
    trigger = {"trigger_frame_type": reader.number()} if frame_type == 0x1C else {}
    reason = reader.skip(reader.number()).decode("utf-8", "replace")
    return {
        "frame_type": "connection_close",
        "error_space": "transport" if trigger else "application",
        "error_code": code,
        "raw_error_code": code,
        "reason": reason,
        **trigger,
    }


def _handshake_done(_reader: _Reader, _frame_type: int) -> Frame:
    return {"frame_type": "handshake_done"}


def _datagram(reader: _Reader, frame_type: int) -> Frame:
    length = reader.number() if frame_type & 1 else reader.left
    reader.skip(length)
    return {"frame_type": "datagram", "length": length}


_FRAMES: Final[dict[int, Callable[[_Reader, int], Frame]]] = {
    0x00: _padding,
    0x01: _ping,
    0x02: _ack,
    0x03: _ack,
    0x04: _reset_stream,
    0x05: _stop_sending,
    0x06: _crypto,
    0x07: _new_token,
    **dict.fromkeys(range(0x08, 0x10), _stream),
    0x10: _limit("max_data", "maximum"),
    0x11: _stream_limit("max_stream_data", "maximum"),
    0x12: _streams_limit("max_streams", "maximum"),
    0x13: _streams_limit("max_streams", "maximum"),
    0x14: _limit("data_blocked", "limit"),
    0x15: _stream_limit("stream_data_blocked", "limit"),
    0x16: _streams_limit("streams_blocked", "limit"),
    0x17: _streams_limit("streams_blocked", "limit"),
    0x18: _new_connection_id,
    0x19: _limit("retire_connection_id", "sequence_number"),
    0x1A: _path("path_challenge"),
    0x1B: _path("path_response"),
    0x1C: _connection_close,
    0x1D: _connection_close,
    0x1E: _handshake_done,
    0x30: _datagram,
    0x31: _datagram,
}

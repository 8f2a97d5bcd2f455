"""One request stream, as the raw client sees it: what came back, and what else may be done to it.

This file knows one stream. It refuses to know its connection, but for the ways to write to it and
to wait. Its one rule: it writes down what comes, in order, and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var

from h3producer.errors import ErrorCode

if TYPE_CHECKING:
    from tests.e2e.raw_client import RawClient

__all__ = ["Exchange", "Field", "Fields", "data_frame"]

Field = tuple[bytes, bytes]
Fields = list[Field]


def data_frame(payload: bytes) -> bytes:
    """A DATA frame."""
    return b"\x00" + encode_uint_var(len(payload)) + payload


@dataclass
class Exchange:
    """One request stream: what has come back on it, and what else may be done to it."""

    client: RawClient
    stream_id: int
    interim: list[Fields] = field(default_factory=list)
    fields: Fields = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: Fields | None = None
    ended: bool = False
    """FIN."""
    reset_code: int | None = None
    stop_code: int | None = None
    log: list[str] = field(default_factory=list)
    """What ended this or that half, in the order in which it came: fin, reset, stop."""

    @property
    def status(self) -> int | None:
        return int(self.header(b":status") or 0) or None

    def header(self, name: bytes) -> bytes | None:
        """The first value of a field of the final response."""
        return dict(reversed(self.fields)).get(name)

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset_code is not None or self.client.close_code is not None

    def send(self, payload: bytes, *, end: bool = False) -> None:
        """A DATA frame of the request."""
        self.send_raw(data_frame(payload) if payload else b"", end=end)

    def send_raw(self, octets: bytes, *, end: bool = False) -> None:
        """Whatever bytes on the request stream."""
        self.client.quic.send_stream_data(self.stream_id, octets, end)
        self.client.transmit()

    def send_trailers(self, fields: Fields) -> None:
        """The trailer section of the request, and its end."""
        self.client.h3.send_headers(self.stream_id, fields, end_stream=True)
        self.client.transmit()

    def reset(self, error_code: int = ErrorCode.H3_REQUEST_CANCELLED) -> None:
        """RESET_STREAM: abandon the request."""
        self.client.quic.reset_stream(self.stream_id, error_code)
        self.client.transmit()

    def stop(self, error_code: int = ErrorCode.H3_REQUEST_CANCELLED) -> None:
        """STOP_SENDING: refuse the rest of the response."""
        self.client.quic.stop_stream(self.stream_id, error_code)
        self.client.transmit()

    async def until_body(self, size: int) -> None:
        """Wait until `size` bytes of the body have come, or the stream is over."""
        await self.client.until(lambda: len(self.body) >= size or self.is_over)

    async def over(self) -> Exchange:
        """Wait for the end of the response, whatever it is."""
        await self.client.until(lambda: self.is_over)
        return self

    def __repr__(self) -> str:
        return f"<{self.stream_id}: {self.status} {len(self.body)} bytes {self.log}>"

"""One request to an ASGI application, over the real adapter and core on a `FakeTransport`.

The test plays the client: it feeds frames and switches the transport, then reads what arrived as
a client would. Nothing here is a fake but the QUIC connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.wire.frames import FrameReader, FrameType, encode_frame
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp
    from h3producer.wire.fields import Fields

__all__ = ["END", "PART", "START", "TRAILERS", "Exchange", "body", "start"]

CONFIG = Config(date_header=False, server_header=None)

START = {"type": "http.response.start", "status": 200}
PART = {"type": "http.response.body", "body": b"part", "more_body": True}
END = {"type": "http.response.body", "body": b"end"}
TRAILERS = {"type": "http.response.trailers", "headers": [(b"checksum", b"1")]}


def start(status: int = 200, **headers: str) -> dict[str, object]:
    """A `http.response.start` with headers."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(data: bytes, *, more: bool = False) -> dict[str, object]:
    """A `http.response.body`."""
    return {"type": "http.response.body", "body": data, "more_body": more}


class Exchange:
    """Begins when it is made; `await finished()` lets the application run to its end."""

    def __init__(
        self,
        app: AsgiApp | AsgiAdapter,
        *,
        method: str = "GET",
        path: str = "/",
        headers: Fields | None = None,
        end: bool = True,
        transport: FakeTransport | None = None,
    ) -> None:
        self.transport = transport or FakeTransport()
        adapter = app if isinstance(app, AsgiAdapter) else AsgiAdapter(app)
        self.connection = Http3Connection(self.transport, adapter, CONFIG)
        self.transport.inputs = self.connection
        where = [(b":scheme", b"https"), (b":authority", b"h3.example"), (b":path", path.encode())]
        if method == "CONNECT":  # RFC 9114 §4.4: it has an authority and nothing else
            where = [(b":authority", b"h3.example:443")]
        fields = [(b":method", method.encode()), *where, *(headers or ())]
        self.request = encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(fields))
        """The HEADERS frame, to ask for the same again."""
        self._feed(self.request, end)
        task = self.connection.streams[0]._task
        assert task is not None
        self._task = task

    # The client's side

    def upload(self, data: bytes, *, end: bool = False) -> None:
        """Send a part of the request body."""
        self._feed(encode_frame(FrameType.DATA, data) if data else b"", end)

    def send_trailers(self, *fields: tuple[bytes, bytes]) -> None:
        """End the request with a trailer section."""
        self._feed(
            encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(list(fields))), True
        )

    def reset(self, error_code: int = 0x10C) -> None:
        """Abandon the request."""
        self.connection.stream_reset(0, error_code)

    def cancel(self) -> None:
        """The server ends the application by force."""
        self._task.cancel()

    def stop(self, error_code: int = 0x10C) -> None:
        """Refuse the rest of the response."""
        self.transport.stop(0, error_code)

    async def finished(self) -> Exchange:
        """Wait until the application has left; bounded, since a hang is what we look for."""
        await asyncio.wait({self._task}, timeout=10)
        assert not self.connection.streams, "the application hangs"
        return self

    async def until_idle(self) -> None:
        """Let every task run until it waits for the client."""
        for _ in range(20):
            await asyncio.sleep(0)

    # What the client received

    @property
    def sections(self) -> list[Fields]:
        """Every field section: interim responses, the response, trailers."""
        decoder = FieldSectionDecoder()
        return [
            decoder.decode(0, payload)
            for frame_type, payload in self._frames
            if frame_type == FrameType.HEADERS
        ]

    @property
    def status(self) -> int | None:
        """The status of the final response; None if it did not arrive."""
        statuses = [
            int(value)
            for section in self.sections
            for name, value in section[:1]
            if name == b":status"
        ]
        return statuses[-1] if statuses and statuses[-1] >= 200 else None

    @property
    def headers(self) -> Fields:
        """The fields of the final response."""
        final = [section for section in self.sections if section[0][1] >= b"200"]
        return final[0][1:]

    @property
    def body(self) -> bytes:
        return b"".join(data for frame_type, data in self._frames if frame_type == FrameType.DATA)

    @property
    def ended(self) -> bool:
        return self.transport.fin(0)

    @property
    def error_code(self) -> int | None:
        """The code of RESET_STREAM."""
        return self.transport.resets.get(0)

    @property
    def outcome(self) -> str:
        """What the client sees, in one phrase: a whole response, a reset, or (never) a hang."""
        if self.error_code is not None:
            return f"reset {self.error_code:#x}"
        return str(self.status) if self.ended else "a hang"

    # Inside

    @property
    def _frames(self) -> list[tuple[int, bytes]]:
        reader = FrameReader((FrameType.HEADERS, FrameType.DATA), max_payload=1 << 30)
        frames = [(kind, payload or b"") for kind, payload in reader.feed(self.transport.sent(0))]
        assert reader.at_boundary
        return frames

    def _feed(self, data: bytes, end: bool) -> None:
        self.connection.stream_data_received(0, data, end)

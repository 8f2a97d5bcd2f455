"""HTTP/0.9 on QUIC (`hq-interop`), as QUIC implementations test each other with it.

A request is `GET /path` and the end of its stream, the response what the file holds and the end of
the stream. There are no headers, no statuses and no errors: a stream for what cannot be served is
reset.

A protocol of one's own needs what `ConnectionInputs` names: all that may happen to a connection,
and a `QuicTransport` to answer on. This one is 0-RTT's easy case, too: it knows nothing but GET, so
early data is answered as it comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from h3producer.http3.transport import QuicTransport

__all__ = ["Http09Connection"]

ALPN = "hq-interop"

MAX_REQUEST = 2048
"""Bytes of a request line. The longest of the interop runner has 250 characters in its path."""

PIECE_SIZE = 64 * 1024
"""Bytes of a file that are read at once."""

FAILED = 1
"""HTTP/0.9 has no error codes; this one says no more than that it was not served."""


class Http09Connection:
    """The server's end of one connection, which serves the files that `find` finds."""

    def __init__(self, transport: QuicTransport, find: Callable[[str], Path | None]) -> None:
        self._transport = transport
        self._find = find
        self._requests: dict[int, bytes] = {}
        """What has come of those that are not whole, by stream."""
        self._responses: dict[int, asyncio.Task[None]] = {}
        """Under way, by stream; as many as the transport lets be open."""
        self._is_shutting_down = False

    # What QUIC tells

    def handshake_completed(self) -> None:
        """Nothing has waited for it."""

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self._transport.grant(stream_id, len(data))
        request = self._requests.pop(stream_id, b"") + data
        if stream_id & 3 or len(request) > MAX_REQUEST or self._is_shutting_down:
            self._refuse(stream_id)
        elif end_stream:
            self._begin(stream_id, request)
        else:
            self._requests[stream_id] = request

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        self._requests.pop(stream_id, None)
        self._refuse(stream_id)

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        self._give_up(stream_id)

    def datagram_received(self, data: bytes) -> None:
        """HTTP/0.9 has none."""

    def tick(self, now: float) -> None:
        """Nothing is done by time but what QUIC does."""

    def connection_terminated(self, error_code: int, reason: str) -> None:
        for stream_id in tuple(self._responses):
            self._give_up(stream_id)

    def shutdown(self) -> None:
        self._is_shutting_down = True
        self._end_if_done()

    # Responses

    def _begin(self, stream_id: int, request: bytes) -> None:
        method, _, path = request.decode("latin-1").rstrip("\r\n").partition(" ")
        file = self._find(path) if method == "GET" else None
        if file is None:
            self._refuse(stream_id)
            return
        task = asyncio.get_running_loop().create_task(self._send(stream_id, file))
        self._responses[stream_id] = task
        task.add_done_callback(lambda _: self._sent(stream_id))

    async def _send(self, stream_id: int, path: Path) -> None:
        with path.open("rb") as file:
            while piece := file.read(PIECE_SIZE):
                self._transport.send(stream_id, piece)
                await self._transport.drain(stream_id)
        self._transport.send(stream_id, b"", end_stream=True)

    def _sent(self, stream_id: int) -> None:
        self._responses.pop(stream_id, None)
        self._end_if_done()

    def _give_up(self, stream_id: int) -> None:
        task = self._responses.pop(stream_id, None)
        if task is not None:
            task.cancel()

    def _refuse(self, stream_id: int) -> None:
        self._give_up(stream_id)
        self._transport.reset(stream_id, FAILED)
        self._transport.stop_sending(stream_id, FAILED)

    def _end_if_done(self) -> None:
        if self._is_shutting_down and not self._responses:
            self._transport.close(0, when_delivered=True)

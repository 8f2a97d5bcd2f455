"""What Hypercorn takes for its stream, and what a response writer writes to.

This file knows Hypercorn's events of one exchange, and how they differ between HTTP/1.1, HTTP/2 and
an upgrade. It refuses to know frames and sockets (Hypercorn and `connection.py`), and what an
exchange does. Its one rule: Hypercorn hears of the end of an exchange when both halves have ended,
or have been cut, and hears it once.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from hypercorn.protocol.events import (
    Body,
    Data,
    EndBody,
    EndData,
    InformationalResponse,
    Response,
    StreamClosed,
    Trailers,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from hypercorn.protocol.events import Event

    from h3producer.wire.fields import Fields

__all__ = ["LINGER", "Audience", "Floor", "TcpStream"]

LINGER = 2.0
"""Seconds for which the rest of an HTTP/1.1 upload is read and dropped when its response is there:
a connection that is closed with unread bytes takes the response with it (RFC 9112 §9.6)."""


class Audience(Protocol):
    """The exchange: hears what the client says."""

    def heard_content(self, piece: bytes) -> None: ...

    def heard_end(self) -> None: ...

    def client_left(self) -> None:
        """It reset the exchange, or there is no connection any more."""


class Floor(Protocol):
    """The connection, as its streams need it."""

    @property
    def is_lost(self) -> bool:
        """There is no client any more."""

    def run(self, steps: Coroutine[object, object, None]) -> None:
        """Run beside everything else, and not longer than the connection."""

    async def reset(self, stream_id: int, error_code: int) -> None:
        """Cut a stream in both directions; over HTTP/1.1, the connection."""

    def ended(self, stream: TcpStream) -> None:
        """Hypercorn has let go of it."""


class TcpStream:
    """One exchange. `audience` is set before the first event comes."""

    idle = False  # Hypercorn asks

    audience: Audience

    def __init__(
        self,
        stream_id: int,
        floor: Floor,
        send: Callable[[Event], Awaitable[None]],
        *,
        is_http_2: bool,
        upgrade: Fields | None = None,
    ) -> None:
        """`upgrade` are the fields of a 101 (Switching Protocols), if one may come."""
        self.stream_id = stream_id
        self._floor = floor
        self._send = send
        self._is_http_2 = is_http_2
        self._upgrade = upgrade
        self._is_upgraded = False
        self._request_has_ended = asyncio.Event()
        self._request_is_over = asyncio.Event()
        """Ended, or nobody wants the rest."""
        self.handed_over = 0
        """Bytes of content so far."""

    # From Hypercorn

    async def handle(self, event: Event) -> None:
        """What the client sent. Raises Http3StreamError and Http3ConnectionError."""
        if isinstance(event, Body | Data):
            if event.data:
                self.audience.heard_content(bytes(event.data))
        elif isinstance(event, EndBody | EndData):
            self._hear_end()
        elif isinstance(event, StreamClosed):
            self.audience.client_left()
            self._request_is_over.set()

    def _hear_end(self) -> None:
        self._request_has_ended.set()
        self._request_is_over.set()
        self.audience.heard_end()

    # From the exchange

    def leave(self) -> None:
        """The application has left: what still comes of the request is dropped."""
        self._request_is_over.set()

    # From the writer

    async def write_head(self, fields: Fields) -> None:
        """Send `:status` and headers, interim or final; waits until the client takes bytes."""
        status, headers = int(fields[0][1]), fields[1:]
        if status < 200:
            if self._is_http_2:
                await self._send(InformationalResponse(self.stream_id, headers, status))
            # Hypercorn sends 100 over HTTP/1.1 by itself, and no other.
        elif self._upgrade is not None and status <= 299:
            # RFC 8441 §5.1: where HTTP/2 has a 2xx, HTTP/1.1 has 101.
            self._is_upgraded = True
            await self._send(Response(self.stream_id, headers + self._upgrade, 101))
        else:
            await self._send(Response(self.stream_id, headers, status))

    async def write_body(self, piece: bytes) -> None:
        """Send content; waits until the client takes bytes."""
        self.handed_over += len(piece)
        kind = Data if self._is_upgraded else Body
        await self._send(kind(self.stream_id, piece))

    async def write_end(self, trailers: Fields | None) -> None:
        """Send the end; waits until the client has room for all that is before it."""
        if trailers and self._is_http_2:
            await self._send(Trailers(self.stream_id, trailers))
        elif self._is_upgraded:
            await self._send(EndData(self.stream_id))
        else:
            await self._send(EndBody(self.stream_id))
        self._floor.run(self._close())

    def cut(self, error_code: int) -> None:
        """No more of it, in either direction; `error_code` is HTTP/3's."""
        if not self._floor.is_lost:
            self._floor.run(self._reset(error_code))

    # Inside

    async def _close(self) -> None:
        """Tell Hypercorn that the response has ended, once the request has as well."""
        if self._upgrade is not None and self._is_upgraded:
            # RFC 6455 §7.1.1: the server closes the connection first.
            self._hear_end()
        await self._request_is_over.wait()
        if not self._request_has_ended.is_set():
            if self._is_http_2:
                # RFC 9113 §8.1: "a server MAY request that the client abort transmission of a
                # request without error by sending a RST_STREAM with an error code of NO_ERROR after
                # sending a complete response".
                await self._floor.reset(self.stream_id, 0x100)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER):
                        await self._request_has_ended.wait()
        await self._let_go()

    async def _reset(self, error_code: int) -> None:
        await self._floor.reset(self.stream_id, error_code)
        await self._let_go()

    async def _let_go(self) -> None:
        await self._send(StreamClosed(self.stream_id))
        self._floor.ended(self)

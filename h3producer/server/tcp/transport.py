"""A TCP connection behind the port that HTTP/3's core asks of QUIC.

This file knows which verbs mean something over TCP: facts about the client, credit, progress, and
that a request is wanted no more. It refuses to know bytes: what an exchange sends goes through
`response_writer.py`. Its one rule: what only QUIC has does nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.http3.transport import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.http3.transport import Progress, TlsFacts

__all__ = ["TcpLink", "TcpTransport"]


class TcpLink(Protocol):
    """The connection, as its exchanges need it."""

    def heard(self, count: int) -> None:
        """So many bytes of content wait for an application."""

    def consumed(self, count: int) -> None:
        """It has read so many, or will never read them."""

    def progress(self, stream_id: int) -> Progress:
        """How far the bytes of a response have got."""


class TcpTransport:
    """The port (`http3/transport.py`) of one connection."""

    is_early = False
    max_datagram = 0
    journal = None

    def __init__(
        self,
        link: TcpLink,
        peer_address: tuple[str, int],
        local_address: tuple[str, int],
        tls: TlsFacts | None,
    ) -> None:
        self.peer_address = peer_address
        self.local_address = local_address
        self.tls = tls
        self._link = link

    def grant(self, stream_id: int, count: int) -> None:
        self._link.consumed(count)

    def progress(self, stream_id: int) -> Progress:
        return self._link.progress(stream_id)

    # Of QUIC alone

    def open_uni_stream(self) -> int:
        raise NotImplementedError("TCP has no streams.")

    def open_bidi_stream(self) -> int:
        raise NotImplementedError("TCP has no streams.")

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        """The frame writer sends."""

    async def drain(self, stream_id: int) -> None:
        """The frame writer waits."""

    def room(self, stream_id: int) -> int:
        return UNLIMITED

    def unsent_streams(self) -> Sequence[int]:
        return ()

    def reset(self, stream_id: int, error_code: int) -> None:
        """The frame writer does."""

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        """What still comes of a request that is over is dropped by its stream."""

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        """Hypercorn goes by HTTP/2's old priorities."""

    def send_datagram(self, data: bytes) -> bool:
        return False

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None:
        """The listeners close connections."""

"""One TCP connection: bytes in, bytes out, and who waits for either.

This file knows asyncio's transports, and the tasks of a connection. It refuses to know what the
bytes mean (`conversation.py`). Its one rule: what nobody has read bounds what is received, and
what the client has not taken bounds what is written.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from h3producer.http3.transport import TlsFacts
from h3producer.quic.udp.sockets import plain_address

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine

__all__ = ["READ_SIZE", "TcpConnection"]

logger = logging.getLogger("h3producer.tcp")

READ_SIZE = 16 * 1024
"""Bytes that are read at once: as many come more than may wait for an application."""

_TLS_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class TcpConnection(asyncio.Protocol):
    """The server's end of one connection, from the end of the TLS handshake on."""

    _transport: asyncio.Transport
    peer_address: tuple[str, int]
    local_address: tuple[str, int]
    tls: TlsFacts

    def __init__(
        self,
        write_buffer: int,
        server_certificate: str,
        on_opened: Callable[[TcpConnection], None],
    ) -> None:
        """`write_buffer` are bytes that may wait for the client before `drained` waits; `on_opened`
        hears once the addresses and `tls` are known."""
        self._write_buffer = write_buffer
        self._server_certificate = server_certificate
        self._on_opened = on_opened
        self.on_lost: Callable[[], None] = _nothing
        """Hears of the end, whoever made it."""
        self.is_open = False
        """It was opened, and `on_lost` hears of its end."""
        self.is_lost = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._received = bytearray()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # From asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are this, but not by name.
        self._transport = transport = cast("asyncio.Transport", transport)
        transport.set_write_buffer_limits(high=self._write_buffer)
        peer, local = (transport.get_extra_info(name) for name in ("peername", "sockname"))
        if not peer or not local:  # it has gone already
            transport.abort()
            return
        self.peer_address, self.local_address = plain_address(peer), plain_address(local)
        self.tls = _facts(transport.get_extra_info("ssl_object"), self._server_certificate)
        self.is_open = True
        self._on_opened(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) >= READ_SIZE:
            self._transport.pause_reading()
        self._readable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        self._received.clear()
        self._writable.set()
        self._readable.set()
        self.on_lost()

    # For the conversation

    async def read(self) -> bytes:
        """Wait for bytes, READ_SIZE at most; none at the end."""
        while not self._received and not self.is_lost:
            self._readable.clear()
            await self._readable.wait()
        data = bytes(self._received[:READ_SIZE])
        del self._received[: len(data)]
        if len(self._received) < READ_SIZE and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken, of whatever was written."""
        return 0 if self.is_lost else self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send; bytes for a client that has gone, or is being left, go nowhere."""
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until there is room to write, or nobody to write to."""
        if not self._writable.is_set():
            await self._writable.wait()

    def close(self) -> None:
        """End it when all is sent."""
        self._transport.close()

    def abort(self) -> None:
        """End it now, so that nobody takes what was sent for whole."""
        self._transport.abort()

    # Tasks

    def spawn(self, steps: Coroutine[object, object, None]) -> None:
        """Run beside everything else; what it raises ends the connection."""
        task = asyncio.get_running_loop().create_task(self._guarded(steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, steps: Coroutine[object, object, None]) -> None:
        try:
            await steps
        except Exception as error:
            # Hypercorn raises many things for odd bytes: it is the client's connection that ends.
            logger.info("Client %s port %d: %r", *self.peer_address, error)
            logger.debug("It came from here:", exc_info=error)
            self.abort()

    def cancel(self) -> None:
        """Stop all that was spawned."""
        for task in self._tasks:
            task.cancel()


def _facts(tls: ssl.SSLObject | None, server_certificate: str) -> TlsFacts:
    assert tls is not None, "nothing is served without TLS"
    name = (tls.cipher() or ("",))[0]
    numbers = {each["name"]: each["id"] & 0xFFFF for each in tls.context.get_ciphers()}
    return TlsFacts(
        version=_TLS_VERSIONS.get(tls.version() or "", 0),
        cipher_suite=numbers.get(name, 0),
        protocol=tls.selected_alpn_protocol() or "http/1.1",
        server_certificate=server_certificate,
    )


def _nothing() -> None:
    """Until somebody wants to hear."""

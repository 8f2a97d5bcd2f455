"""UDP and TCP as the one thing that a server listens with.

This file knows the order of the two. It refuses to know either. Its one rule: what happens to one
happens to the other in the same step, so that a server has one start and one end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.quic.udp.sockets import BindError
from h3producer.server.errors import StartupError
from h3producer.server.tcp.sockets import bind_beside

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.stream import Handler
    from h3producer.observe.observer import Observer
    from h3producer.quic.engine import Credentials
    from h3producer.server.listeners import UdpListeners
    from h3producer.server.tcp.listeners import TcpListeners

__all__ = ["UdpAndTcp"]


class UdpAndTcp:
    """`Listeners`, of which each verb reaches both sides."""

    def __init__(self, config: Config, udp: UdpListeners, tcp: TcpListeners) -> None:
        self._config = config
        self._udp = udp
        self._tcp = tcp

    @property
    def observer(self) -> Observer:
        return self._udp.observer

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return self._udp.addresses

    def bind(self) -> None:
        try:
            listening = bind_beside(self._config, self._bind_udp, self._udp.unbind)
        except BindError as error:
            raise StartupError(str(error)) from error
        self._tcp.take(listening, self._udp.addresses)

    def _bind_udp(self) -> list[tuple[str, int]]:
        self._udp.bind()
        return self._udp.addresses

    def start(self, credentials: Credentials, handler: Handler) -> None:
        self._udp.start(credentials, handler)
        self._tcp.start(credentials, handler)

    def present(self, credentials: Credentials) -> None:
        prepared = self._tcp.prepared(credentials)
        self._udp.present(credentials)
        self._tcp.show(prepared)

    def announce_shutdown(self) -> None:
        self._udp.announce_shutdown()
        self._tcp.announce_shutdown()

    @property
    def handshakes(self) -> int:
        return self._udp.handshakes + self._tcp.handshakes

    def shutdown(self) -> None:
        self._udp.shutdown()
        self._tcp.shutdown()

    async def wait_drained(self) -> None:
        await asyncio.gather(self._udp.wait_drained(), self._tcp.wait_drained())

    def close_connections(self) -> None:
        self._udp.close_connections()
        self._tcp.close_connections()

    async def close(self) -> None:
        await self._udp.close()
        await self._tcp.close()

"""What all TCP connections of a server share: the application, the settings, who is there.

This file knows how many there are and from where, and their clock. It refuses to know sockets
(`listeners.py`) and what is said (`conversation.py`). Its one rule: TCP has the bounds that QUIC
has, and counts for itself, so that a flood of the one does not close the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from h3producer.http3.turnstile import Turnstile
from h3producer.quic.admission import source_of
from h3producer.quic.limits import HEARTBEAT
from h3producer.server.tcp.protocols import hypercorn_config

if TYPE_CHECKING:
    from collections.abc import Hashable

    from h3producer.config import Config
    from h3producer.http3.stream import Handler
    from h3producer.observe.observer import Observer

__all__ = ["Service", "Talk"]


class Talk(Protocol):
    """A connection (`conversation.py`), as it is reached from here."""

    source: Hashable
    """What it is counted by."""

    def tick(self, now: float) -> None:
        """About a second has gone by."""

    def announce_shutdown(self) -> None:
        """Say that it ends, and go on."""

    def shutdown(self) -> None:
        """End when nothing is under way."""

    def close(self) -> None:
        """End now."""


class Service:
    """From the first connection to the last."""

    def __init__(self, config: Config, handler: Handler, observer: Observer) -> None:
        self.config = config
        self.handler = handler
        self.observer = observer
        self.theirs = hypercorn_config(config)
        self.turnstile = Turnstile()
        self.conversations: set[Talk] = set()
        self.is_leaving = self.is_stopping = False
        self._sources: Counter[Hashable] = Counter()
        self._connections = 0
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._heartbeat = self._loop.call_later(HEARTBEAT, self._beat)

    # Who is there

    def opened(self, conversation: Talk) -> None:
        """A client that was admitted speaks TLS."""
        self.conversations.add(conversation)
        if self.is_leaving:
            conversation.announce_shutdown()
        if self.is_stopping:
            conversation.shutdown()

    def closed(self, conversation: Talk) -> None:
        """It has ended."""
        self.conversations.discard(conversation)
        self.dismiss(conversation.source)

    def announce_shutdown(self) -> None:
        """Say on each connection that it ends; go on with all of them."""
        self.is_leaving = True
        for conversation in list(self.conversations):
            conversation.announce_shutdown()

    def shutdown(self) -> None:
        """End each connection when nothing is under way on it."""
        self.is_leaving = self.is_stopping = True
        for conversation in list(self.conversations):
            conversation.shutdown()

    # Who may come

    def admit(self, address: tuple[str, int]) -> Hashable | None:
        """Count a connection; None if there are too many, else what `dismiss` wants."""
        source, config = source_of(address), self.config
        most = config.max_connections_per_address
        if self._connections >= config.max_connections or (
            most is not None and self._sources[source] >= most
        ):
            return None
        self._connections += 1
        self._sources[source] += 1
        return source

    def dismiss(self, source: Hashable) -> None:
        """It is over."""
        self._connections -= 1
        self._sources[source] -= 1
        if not self._sources[source]:
            del self._sources[source]
        if not self._connections:
            self._gone.set()

    async def wait_empty(self) -> None:
        """Wait until the last connection has ended."""
        while self._connections:
            self._gone.clear()
            await self._gone.wait()

    def stop(self) -> None:
        """No more clock."""
        self._heartbeat.cancel()

    def _beat(self) -> None:
        self._heartbeat = self._loop.call_later(HEARTBEAT, self._beat)
        now = self._loop.time()
        for conversation in list(self.conversations):
            conversation.tick(now)

"""HTTP Datagrams of one connection and of each exchange (RFC 9297).

This file knows what waits for the application, what came too early, and what the client takes. It
refuses to know what a datagram means, and which exchanges may have any (`http3/stream.py`).

Its one rule: a datagram is worth less the longer it waits. Whatever is full drops the oldest, and
counts it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from h3producer.errors import LocalProtocolError, RequestAborted
from h3producer.pipe.sole_waiter import SoleWaiter
from h3producer.wire.datagrams import MAX_DATAGRAM_HEAD, encode_datagram
from h3producer.wire.settings import Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.http3.control_stream import PeerControl
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.transport import QuicTransport

__all__ = [
    "MAX_EARLY",
    "MAX_WAITING",
    "ConnectionDatagrams",
    "StreamDatagrams",
    "connection_datagrams",
    "takes_datagrams",
]

MAX_EARLY: Final = 32
"""Datagrams of a connection that wait for their exchanges to begin, 64 KiB at most: those that a
client sends in one flight with its requests, when the network delivers them the other way round."""

MAX_WAITING: Final = 1024
"""Datagrams that wait for all exchanges of a connection, 1.5 MB at most: what eight of them may
have each, and as much as a connection may have unread of requests. No window holds datagrams up,
so a client with a hundred streams could otherwise have us hold a hundred times what one may."""


def takes_datagrams(config: Config) -> bool:
    """Whether HTTP Datagrams are offered; a session of WebTransport has some."""
    return config.http_datagrams or config.webtransport


def connection_datagrams(
    transport: QuicTransport, peer: PeerControl, config: Config, watch: ExchangeWatch | None = None
) -> ConnectionDatagrams | None:
    """Those of a connection; None if none are offered."""
    if not takes_datagrams(config):
        return None
    return ConnectionDatagrams(transport, peer, config.max_received_datagrams, watch)


class ConnectionDatagrams:
    """What the exchanges of one connection share of datagrams."""

    def __init__(
        self,
        transport: QuicTransport,
        peer: PeerControl,
        max_waiting: int,
        watch: ExchangeWatch | None = None,
    ) -> None:
        """`max_waiting` datagrams of an exchange wait for the application at most."""
        self.transport = transport
        self.max_waiting = max_waiting
        self._max_in_all = max(max_waiting, MAX_WAITING)
        self.waiting = 0
        """Datagrams that wait for handlers, all exchanges together."""
        self._peer = peer
        self._watch = watch
        self._early: deque[tuple[int, bytes]] = deque(maxlen=MAX_EARLY)

    @property
    def max_datagram(self) -> int:
        """Bytes of a datagram, with the id in front, that may be sent now; 0 if none may."""
        # RFC 9297 §2.1.1: "QUIC DATAGRAM frames MUST NOT be sent until the SETTINGS_H3_DATAGRAM
        # setting has been both sent and received with a value of 1."
        settings = self._peer.settings
        if settings is None or not settings.get(Setting.H3_DATAGRAM):
            return 0
        return self.transport.max_datagram

    @property
    def has_room(self) -> bool:
        """Whether one more may wait."""
        return self.waiting < self._max_in_all

    def keep(self, stream_id: int, payload: bytes) -> None:
        """The exchange has not begun. RFC 9297 §2.1: "the receiver SHALL either drop that datagram
        silently or buffer it temporarily"."""
        if len(self._early) == MAX_EARLY:
            self.dropped_one()
        self._early.append((stream_id, payload))

    def send(self, stream_id: int, payload: bytes) -> bool:
        """Send one; return whether it was taken."""
        is_taken = self.transport.send_datagram(encode_datagram(stream_id, payload))
        if not is_taken and self._watch is not None:
            self._watch.datagram_dropped(was_received=False)
        return is_taken

    def dropped_one(self) -> None:
        """One that came was dropped."""
        if self._watch is not None:
            self._watch.datagram_dropped(was_received=True)

    def take(self, stream_id: int) -> list[bytes]:
        """What was kept for an exchange; it is kept no more."""
        if not self._early:
            return []
        taken = [payload for each, payload in self._early if each == stream_id]
        rest = [early for early in self._early if early[0] != stream_id]
        self._early.clear()
        self._early.extend(rest)
        return taken


class StreamDatagrams:
    """The datagrams of one exchange, as its handler sees them. One reader at a time."""

    def __init__(self, stream_id: int, connection: ConnectionDatagrams) -> None:
        self._stream_id = stream_id
        self.connection = connection
        self._waiting: deque[bytes] = deque()
        self._reader = SoleWaiter()
        self._over: RequestAborted | None = None
        self.on_arrival: Callable[[], None] | None = None
        """Called when one has come where none was, by who does not wait in `receive`."""
        self.dropped = 0
        """Datagrams that came and were dropped, since the application was too slow for them."""
        for payload in connection.take(stream_id):
            self.received(payload)

    def __len__(self) -> int:
        """How many have come and wait."""
        return len(self._waiting)

    @property
    def max_size(self) -> int:
        """Bytes of a payload that `send` takes now; 0 if the client takes none, or not yet.

        It is known once the client's SETTINGS are there, and follows the path.
        """
        return max(0, self.connection.max_datagram - MAX_DATAGRAM_HEAD)

    def send(self, payload: bytes) -> bool:
        """Send one; return whether it was taken. Never waits.

        It is not if the client takes none, if too many wait for room in a packet, or if the
        exchange is over; what was taken may be lost. Raises LocalProtocolError for a payload of
        more than `max_size` bytes, unless that is 0.
        """
        limit = self.max_size
        if not limit or self._over is not None:
            return False
        if len(payload) > limit:
            raise LocalProtocolError(f"A datagram has at most {limit} bytes here, not more.")
        return self.connection.send(self._stream_id, payload)

    async def receive(self) -> bytes:
        """Wait for the next one. Raises RequestAborted once the exchange is over and none is left.

        Cancelling the wait loses none.
        """
        while (payload := self.try_receive()) is None:
            if self._over is not None:
                raise self._over
            if self._reader.is_taken:
                raise LocalProtocolError("Somebody waits for these datagrams already.")
            await self._reader.wait()
        return payload

    def try_receive(self) -> bytes | None:
        """The next one, None if none has come."""
        if not self._waiting:
            return None
        self.connection.waiting -= 1
        return self._waiting.popleft()

    # For the stream

    def received(self, payload: bytes) -> None:
        """One has come; the oldest makes room for it if need be."""
        connection = self.connection
        if len(self._waiting) < connection.max_waiting and connection.has_room:
            connection.waiting += 1
        else:
            self.dropped += 1
            connection.dropped_one()
            if not self._waiting:
                return  # the room is taken by others
            self._waiting.popleft()
        self._waiting.append(payload)
        if self._reader.is_taken:
            self._reader.wake()
        elif self.on_arrival is not None and len(self._waiting) == 1:
            self.on_arrival()

    def end(self, error: RequestAborted) -> None:
        """None comes any more, and none is sent."""
        if self._over is None:
            self._over = error
            self.on_arrival = None
            self._reader.wake()

    def forget(self) -> None:
        """Nobody asks any more: let go of what waits."""
        self.connection.waiting -= len(self._waiting)
        self._waiting.clear()

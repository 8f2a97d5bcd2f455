"""What the passing of time does to one connection: what takes too long is ended.

This file knows which exchanges there are and asks each how it goes; and it keeps those that the
handler has left, until QUIC has sent what is left of them. It refuses to know what is slow
(`http3/pace.py`) and how an exchange ends (`http3/stream.py`).

Its one rule: who is measured is the client. The time that it is held to is not the clock's: a
second in which the server did not come round counts as two at most, however long it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.pace import PaceLimits, ResponsePace

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from h3producer.config import Config
    from h3producer.http3.exchange import Exchange
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.transport import QuicTransport

__all__ = ["LONGEST_TICK", "Patience"]

LONGEST_TICK: Final = 2.0
"""Seconds that one tick counts at most: the heartbeat's second, and one for coming late."""


class Patience:
    """The time of one connection, and what is held to it."""

    def __init__(
        self,
        transport: QuicTransport,
        streams: Mapping[int, Http3Stream],
        config: Config,
        watch: ExchangeWatch | None = None,
    ) -> None:
        self._transport = transport
        self._streams = streams
        self._watch = watch
        self._keep_alive = config.keep_alive_timeout
        self._response_limit = PaceLimits.of(config).response
        self._undelivered: dict[int, ResponsePace] = {}
        """Responses whose handlers have left, as far as the last tick has seen them."""
        self.others: Container[int] = ()
        """Client's bidirectional streams that are no requests, and not looked at here."""
        self._last_tick: float | None = None
        self.idle_since: float | None = None
        """When there was first no request; whoever begins one sets it to None."""
        self.now = 0.0
        """Seconds that this connection has had, of those in which the server came round."""

    def advance(self, now: float) -> float:
        """A tick of the clock, which says `now`; the seconds that it counts."""
        elapsed = 0.0 if self._last_tick is None else min(now - self._last_tick, LONGEST_TICK)
        self._last_tick = now
        self.now += elapsed
        return elapsed

    def exchange_left(self, stream: Exchange) -> None:
        """Nobody works on it any more; what is left of its response still has to be taken.

        To be told of those only that a tick has seen: it finds the others by itself.
        """
        self._undelivered[stream.stream_id] = stream.pace.response

    def end_what_is_late(self) -> None:
        """End every exchange that takes too long.

        Raises Http3ConnectionError(H3_EXCESSIVE_LOAD) if that is all of them, and more than one:
        then it is the connection that stalls.
        """
        self._find_undelivered()
        under_way = len(self._streams) + len(self._undelivered)
        late = sum([stream.tick(self.now) for stream in tuple(self._streams.values())])
        late += self._end_late_deliveries()
        if late == under_way > 1:
            raise Http3ConnectionError(ErrorCode.H3_EXCESSIVE_LOAD, "the connection stalls")

    def is_idle_for_long(self) -> bool:
        """Whether there has been no request for as long as an idle connection is kept."""
        if self._streams or self._undelivered:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = self.now
        return self.idle_since is not None and self.now - self.idle_since > self._keep_alive

    def _find_undelivered(self) -> None:
        """Once a tick, since asking at every end of an exchange would cost each of them."""
        known = self._undelivered
        self._undelivered = {
            stream_id: known.get(stream_id) or ResponsePace(self._response_limit)
            for stream_id in self._transport.unsent_streams()
            if not (stream_id & 3 or stream_id in self._streams or stream_id in self.others)
        }

    def _end_late_deliveries(self) -> int:
        late = 0
        for stream_id, pace in tuple(self._undelivered.items()):
            progress = self._transport.progress(stream_id)
            if pace.is_too_slow(self.now, progress):
                # Its FIN waits behind what the client does not take, so it has not been sent.
                self._transport.reset(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
                if self._watch is not None:
                    self._watch.response_given_up()
                late += 1
            elif progress.unsent:
                continue
            del self._undelivered[stream_id]
        return late

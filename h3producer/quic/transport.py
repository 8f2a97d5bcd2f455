"""The port on one engine connection: `QuicTransport` for the core, an observer for the engine.

This file knows when to build datagrams, whom to wake when there is room, and which timer to set.
It refuses to know sockets (`udp/endpoint.py` is its `Link`), packets (the engine) and HTTP/3.

Its one rule: nothing is sent from inside a verb. Verbs and inputs leave a mark, and one flush per
pass of the event loop, after the tasks of that pass had their first step, builds what came
together. A flush builds, sends, wakes each `drain` that has room now, and builds again, since a
pump that is woken inline has topped up its stream by then.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.quic.drains import Drains
from h3producer.quic.engine import EngineObserver, TransportError
from h3producer.quic.facts import HANDSHAKE_TIMEOUT, EndFacts
from h3producer.quic.farewell import Farewell
from h3producer.quic.inspection import Inspection
from h3producer.quic.link import Tenant
from h3producer.quic.parting import Parting
from h3producer.quic.phase import Phase
from h3producer.quic.timer import LazyTimer
from h3producer.quic.udp.sockets import plain_address, show_address
from h3producer.quic.verbs import StreamVerbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.http3.qlog.journal import Journal
    from h3producer.http3.transport import ConnectionInputs, TlsFacts
    from h3producer.quic.engine import Address, EngineConnection
    from h3producer.quic.link import Link

__all__ = ["EngineTransport"]

logger = logging.getLogger("h3producer.quic")

_OPEN, _ENDED = Phase.OPEN, Phase.ENDED
"""Members of an enumeration are looked up in a roundabout way."""


class EngineTransport(StreamVerbs, Inspection, Tenant, EngineObserver):
    """A `QuicTransport`. What the core or the engine raises is logged, and costs the connection."""

    def __init__(self, connection: EngineConnection, link: Link, config: Config) -> None:
        self._connection = connection
        self._link = link
        self._clock = link.clock
        self._mark = config.response_buffer
        self._inputs: ConnectionInputs | None = None
        self._phase = Phase.HANDSHAKE
        self._drains = Drains()
        self._has_news = False
        self._flush_due = False
        self._timer = LazyTimer(link.clock, self._due, lambda _: link.wait_for_turn(self))
        self._began = link.clock.time()
        self._deadline = self._began + config.handshake_timeout
        self._is_early = True
        self._parting: Parting | None = None
        self._farewell = Farewell()
        self._tls: TlsFacts | None = None
        self._raw_address: Address | None = None
        self._plain_address = ("", 0)
        """Of the address that was looked at last: each request asks for it."""
        self._last_address: tuple[str, int] | None = None
        self.connection_ids = set(connection.connection_ids)
        connection.observer = self

    def __repr__(self) -> str:
        return f"<EngineTransport {show_address(self.peer_address)} {self._phase.name}>"

    # Facts

    @property
    def peer_address(self) -> tuple[str, int]:
        if self._last_address is not None:
            return self._last_address
        address = self._connection.peer_address
        if address is not self._raw_address:
            self._raw_address, self._plain_address = address, plain_address(address)
        return self._plain_address

    @property
    def local_address(self) -> tuple[str, int]:
        return self._link.local_address

    @property
    def tls(self) -> TlsFacts | None:
        if self._tls is None and self._phase is not Phase.FORGOTTEN:
            self._tls = self._connection.tls_facts
        return self._tls

    @property
    def is_early(self) -> bool:
        return self._is_early

    @property
    def journal(self) -> Journal | None:
        return self._connection.journal

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None:
        if self._phase not in (Phase.HANDSHAKE, Phase.OPEN):
            return
        if when_delivered and self._phase is _OPEN:
            self._parting = self._parting or Parting(error_code, reason)
        else:
            self._parting = None
            self._phase = Phase.CLOSING
            self._is_ours = True
            self._connection.close_application(error_code, reason)
        self._changed()

    # What the endpoint does

    def receive(self, data: bytes, address: Address, now: float) -> None:
        if self._phase is _ENDED:
            self._farewell.repeat(self._link)
            return
        self._flush_due = True
        try:
            self._connection.receive_datagram(data, address, now, True)
        except Exception:
            self._failed()

    def turn_over(self) -> None:
        self._safely(self._connection.finish_reading)

    def flush(self) -> None:
        """Build and send what there is; wake whom that made room for; set the timer. A no-op unless
        something asked for it, so asking twice in a pass costs nothing."""
        if self._flush_due and self._phase is not Phase.FORGOTTEN:
            try:
                self._flush()
            except Exception:
                self._failed()
                self.abandon(ErrorCode.H3_INTERNAL_ERROR, "The server failed.")

    def tick(self, now: float) -> int:
        if self._inputs is not None and self._phase is _OPEN:
            self._safely(self._inputs.tick, now)
        if self._parting and self._parting.is_given_up(self._connection.is_answered):
            self.close(*self._parting.words)
        return self._connection.tidy() if self._phase is _OPEN else 0

    def announce_shutdown(self) -> None:
        if self._inputs is not None and self._phase is _OPEN:
            self._safely(self._inputs.announce_shutdown)

    def shutdown(self) -> None:
        """The server wants to end: the core tells its peer; where none is yet, none will be."""
        if self._phase is Phase.HANDSHAKE:
            self._refuse()
        elif self._inputs is not None and self._phase is _OPEN:
            self._safely(self._inputs.shutdown)

    def abort(self, error_code: int, reason: str = "") -> None:
        """Close, say so if the socket takes it, and forget the connection, all of it now."""
        self.close(error_code, reason)
        self.flush()
        self.abandon(error_code, reason)

    def abandon(self, error_code: int, reason: str) -> None:
        """Forget the connection without a word to the peer."""
        if self._phase is not Phase.FORGOTTEN:
            self._is_ours = True
            self.connection_terminated(error_code, reason)
            self._phase = Phase.FORGOTTEN
            self._timer.cancel()
            self._link.forget(self)
            self._last_address = self.peer_address
            self._connection.release()

    # What the engine tells

    def early_data_accepted(self) -> None:
        if self._phase is Phase.HANDSHAKE:
            self._phase = Phase.OPEN
            self._inputs = self._link.opened(self)

    def handshake_completed(self) -> None:
        self._is_early = False
        if self._phase not in (Phase.HANDSHAKE, Phase.OPEN):
            return
        if not self._link.proven(self):
            self._refuse()
        elif self._inputs is not None:
            self._inputs.handshake_completed()
        else:
            self._phase = Phase.OPEN
            self._inputs = self._link.opened(self)

    def connection_id_issued(self, connection_id: bytes) -> None:
        self.connection_ids.add(connection_id)
        self._link.add_route(connection_id, self)

    def connection_id_retired(self, connection_id: bytes) -> None:
        self.connection_ids.discard(connection_id)
        self._link.remove_route(connection_id)

    def peer_token_changed(self, old: bytes, new: bytes) -> None:
        # It stands where an id would, at the end of a datagram instead of at its beginning.
        if old:
            self.connection_id_retired(old)
        if new:
            self.connection_id_issued(new)

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        if self._inputs is not None and self._phase is _OPEN:
            self._inputs.stream_data_received(stream_id, data, end_stream)

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        if self._inputs is not None and self._phase is _OPEN:
            self._inputs.stream_reset(stream_id, error_code)

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        if self._inputs is not None and self._phase is _OPEN:
            self._inputs.stop_sending_received(stream_id, error_code)
            self._drains.wake(stream_id)

    def datagram_received(self, data: bytes) -> None:
        if self._inputs is not None and self._phase is _OPEN:
            self._inputs.datagram_received(data)

    def rule_broken(self, sentence: str) -> None:
        self._is_ours = True
        self._link.rule_broken(self, sentence)

    def connection_terminated(self, error_code: int, reason: str) -> None:
        if self._phase not in (Phase.ENDED, Phase.FORGOTTEN):
            self._phase = Phase.ENDED
            self.end = EndFacts(error_code, reason, self._is_ours)
            self._link.ended(self)
            if self._inputs is not None:
                self._safely(self._inputs.connection_terminated, error_code, reason)
            self._drains.wake_all()

    def _refuse(self) -> None:
        # RFC 9000 §20.1: "The server refused to accept a new connection." Requests that came along,
        # since a client's handshake is complete before ours, were not looked at.
        self._phase = Phase.CLOSING
        self._is_ours = True
        self._connection.close_transport(TransportError.CONNECTION_REFUSED)
        self._changed()

    # Flushing

    def _changed(self) -> None:
        self._has_news = True
        if not self._flush_due:
            self._flush_due = True
            self._clock.call_soon(self.flush)

    def _flush(self) -> None:
        now = self._clock.time()
        while True:
            if self._link.is_full:
                # The flush stays due, so that nobody asks for it before there is room.
                self._link.wait_for_room(self)
                return
            self._has_news = False
            datagrams = self._connection.datagrams_to_send(now)
            if datagrams:
                self._link.send(datagrams)
                if self._phase is Phase.ENDED:
                    self._farewell.datagrams = datagrams
            if self._drains:
                self._drains.wake_where(self.room)
            if self._parting and not self._has_news:
                self._part(self._parting, now)
            if not self._has_news:
                break
        self._flush_due = False
        self._settle()

    def _part(self, parting: Parting, now: float) -> None:
        if parting.is_due(self._connection.is_delivered, now):
            self.close(*parting.words)

    # The timer

    def _settle(self) -> None:
        """After each flush: go on, with a timer, or be forgotten."""
        if self._connection.is_closed or not self._connection.is_started:
            self.abandon(ErrorCode.H3_NO_ERROR, "")
        else:
            self._timer.set()

    def _due(self) -> float:
        due = self._connection.next_timer()
        if due is None or (self._is_early and due > self._deadline):
            due = self._deadline
        if self._parting and self._parting.due < due:
            return self._parting.due
        return due

    def take_turn(self, now: float) -> None:
        """Do what the timer was for."""
        if self._is_early and now >= self._deadline:
            self.abandon(ErrorCode.H3_NO_ERROR, HANDSHAKE_TIMEOUT)
            return
        self._flush_due = True
        self._safely(self._connection.handle_timer, now)

    # Failing

    def _failed(self) -> None:
        logger.exception("%r failed and is closed", self)
        self.close(ErrorCode.H3_INTERNAL_ERROR)

    def _safely(self, do: Callable[..., None], *args: object) -> None:
        """Do what must not keep the transport from what it does next."""
        try:
            do(*args)
        except Exception:
            self._failed()

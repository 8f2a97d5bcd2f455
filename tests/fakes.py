"""Fakes of the ports: they have a memory and a few switches, and no opinion.

`FakeTransport` keeps the promises of `http3/transport.py` on plain dictionaries; the conformance
tests of `tests/quic/test_transport_conformance.py` hold it and the real transport to the same
sentences. `RecordingInputs` is the other side: it writes down what the world told the core.
`RecordingWatch` keeps the records of exchanges.
Its one rule: what was asked stands in `calls`, what came of it in the other attributes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from h3producer.http3.record import ExchangeRecord
from h3producer.http3.transport import NO_PROGRESS, UNLIMITED, Progress, TlsFacts
from h3producer.pipe.wakeup import Wakeup

if TYPE_CHECKING:
    from h3producer.http3.qlog.journal import Journal
    from h3producer.http3.transport import ConnectionInputs

__all__ = ["FakeTransport", "RecordingInputs", "RecordingWatch"]


class FakeTransport:
    """A `QuicTransport` without a network: a test reads `calls` and turns the switches.

    `calls` has one tuple per verb, the verb's name first, whether or not it had an effect.
    `inputs`, when set, hears `connection_terminated` from `settle()` or `lose()`.
    """

    def __init__(self, inputs: ConnectionInputs | None = None) -> None:
        self.inputs = inputs
        self.calls: list[tuple[object, ...]] = []
        self.resets: dict[int, int] = {}
        self.stops: dict[int, int] = {}
        self.granted: dict[int, int] = defaultdict(int)
        self.priorities: dict[int, tuple[int, bool]] = {}
        self.datagrams: list[bytes] = []
        self.is_full = False  # a switch: no datagram is taken
        self.closed: tuple[int, str] | None = None
        self.peer_address = ("127.0.0.1", 50000)
        self.local_address = ("127.0.0.1", 4433)
        self.tls: TlsFacts | None = TlsFacts(version=0x0304, cipher_suite=0x1301)
        self.is_early = False
        self.journal: Journal | None = None
        self._sent: dict[int, bytearray] = defaultdict(bytearray)
        self._ended: set[int] = set()
        self._blocked: set[int] = set()
        self._unsent: dict[int, int] = defaultdict(int)
        self._draining: dict[int, Wakeup] = {}
        self.max_datagram = 1000
        self._next_uni_stream = 3
        self._next_bidi_stream = 1
        self._lost = False
        self._told = False

    # What a test reads

    def sent(self, stream_id: int) -> bytes:
        """All bytes accepted on the stream."""
        return bytes(self._sent.get(stream_id, b""))

    def fin(self, stream_id: int) -> bool:
        """Whether the stream ended with FIN."""
        return stream_id in self._ended

    def draining(self, stream_id: int) -> bool:
        """Whether somebody waits in `drain` for this stream."""
        return stream_id in self._draining

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone, or was closed at once: nothing gets through."""
        return self._lost

    # What a test switches

    def block(self, stream_id: int) -> None:
        """From now on `drain` of this stream waits, and what is sent on it stays unsent."""
        self._blocked.add(stream_id)

    def unblock(self, stream_id: int) -> None:
        """The stream has room again: its `drain` returns."""
        self._blocked.discard(stream_id)
        self._unsent.pop(stream_id, None)
        self._wake(stream_id)

    def take(self, stream_id: int, count: int) -> None:
        """The client lets `count` bytes of a blocked stream go; there is still no room."""
        self._unsent[stream_id] -= min(count, self._unsent[stream_id])

    def stop(self, stream_id: int, error_code: int) -> None:
        """The peer sent STOP_SENDING: our half is reset, the core hears, then its drain wakes."""
        if self._alive(stream_id):
            self.resets[stream_id] = error_code
        if self.inputs is not None:
            self.inputs.stop_sending_received(stream_id, error_code)
        self._wake(stream_id)

    def lose(self, error_code: int = 0, reason: str = "") -> None:
        """The connection is gone: verbs have no effect, the core hears once, every drain wakes."""
        self._lost = True
        self._tell(error_code, reason)

    def settle(self) -> None:
        """Let what is due happen: the termination that follows a `close`."""
        if self.closed is not None:
            self._lost = True
            self._tell(*self.closed)

    # The verbs

    def open_uni_stream(self) -> int:
        stream_id = self._next_uni_stream
        self._next_uni_stream += 4
        self.calls.append(("open_uni_stream", stream_id))
        return stream_id

    def open_bidi_stream(self) -> int:
        stream_id = self._next_bidi_stream
        self._next_bidi_stream += 4
        self.calls.append(("open_bidi_stream", stream_id))
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        data = bytes(data)
        self.calls.append(("send", stream_id, data, end_stream))
        if self._alive(stream_id) and stream_id not in self._ended:
            self._sent[stream_id] += data
            if stream_id in self._blocked:
                self._unsent[stream_id] += len(data)
            if end_stream:
                self._ended.add(stream_id)

    async def drain(self, stream_id: int) -> None:
        self.calls.append(("drain", stream_id))
        while stream_id in self._blocked and self._alive(stream_id):
            if stream_id in self._draining:
                raise RuntimeError(f"Stream {stream_id} is already being drained.")
            wakeup = self._draining[stream_id] = Wakeup()
            try:
                await wakeup
            finally:
                if self._draining.get(stream_id) is wakeup:
                    del self._draining[stream_id]

    def room(self, stream_id: int) -> int:
        is_blocked = stream_id in self._blocked and self._alive(stream_id)
        return 0 if is_blocked else UNLIMITED

    def progress(self, stream_id: int) -> Progress:
        if not self._alive(stream_id):
            return NO_PROGRESS
        unsent = self._unsent.get(stream_id, 0)
        return Progress(len(self._sent.get(stream_id, b"")) - unsent, unsent)

    def unsent_streams(self) -> list[int]:
        return [each for each in list(self._unsent) if self.progress(each).unsent]

    def reset(self, stream_id: int, error_code: int) -> None:
        self.calls.append(("reset", stream_id, error_code))
        if self._alive(stream_id):
            self.resets[stream_id] = error_code
            if self._unsent.pop(stream_id, 0):
                self._ended.discard(stream_id)  # it waited behind what will never be sent
        self._wake(stream_id)

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        self.calls.append(("stop_sending", stream_id, error_code))
        if not self._lost:
            self.stops.setdefault(stream_id, error_code)

    def grant(self, stream_id: int, count: int) -> None:
        self.calls.append(("grant", stream_id, count))
        if not self._lost:
            self.granted[stream_id] += count

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        self.calls.append(("set_priority", stream_id, urgency, incremental))
        if not self._lost:
            self.priorities[stream_id] = (urgency, incremental)

    def send_datagram(self, data: bytes) -> bool:
        self.calls.append(("send_datagram", data))
        is_taken = not self._lost and not self.is_full and len(data) <= self.max_datagram
        if is_taken:
            self.datagrams.append(data)
        return is_taken

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None:
        self.calls.append(("close", error_code, reason, when_delivered))
        if not self._lost and (self.closed is None or not when_delivered):
            self.closed = (int(error_code), reason)
        if not when_delivered:
            self._lost = True

    # Inside

    def _alive(self, stream_id: int) -> bool:
        return not self._lost and stream_id not in self.resets

    def _wake(self, stream_id: int) -> None:
        wakeup = self._draining.pop(stream_id, None)
        if wakeup is not None:
            wakeup.wake()

    def _tell(self, error_code: int, reason: str) -> None:
        if not self._told and self.inputs is not None:
            self._told = True
            self.inputs.connection_terminated(error_code, reason)
        for stream_id in list(self._draining):
            self._wake(stream_id)


class RecordingInputs:
    """A `ConnectionInputs` that writes down what it hears, as tuples with the input's name.

    The time it is told stands apart, in `ticks`: it comes whether or not anything happens.
    """

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.ticks: list[float] = []

    def handshake_completed(self) -> None:
        self.events.append(("handshake_completed",))

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self.events.append(("stream_data_received", stream_id, bytes(data), end_stream))

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        self.events.append(("stream_reset", stream_id, error_code))

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        self.events.append(("stop_sending_received", stream_id, error_code))

    def datagram_received(self, data: bytes) -> None:
        self.events.append(("datagram_received", data))

    def tick(self, now: float) -> None:
        self.ticks.append(now)

    def connection_terminated(self, error_code: int, reason: str) -> None:
        self.events.append(("connection_terminated", error_code, reason))

    def announce_shutdown(self) -> None:
        self.events.append(("announce_shutdown",))

    def shutdown(self) -> None:
        self.events.append(("shutdown",))

    def named(self, name: str) -> list[tuple[object, ...]]:
        """The events of one name, without the name."""
        return [event[1:] for event in self.events if event[0] == name]

    def received(self, stream_id: int) -> bytes:
        """All bytes that came on the stream."""
        chunks = (e[2] for e in self.events if e[:2] == ("stream_data_received", stream_id))
        return b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))

    def ended(self, stream_id: int) -> bool:
        """Whether the peer's FIN was heard."""
        last = [e[3] for e in self.events if e[:2] == ("stream_data_received", stream_id)]
        return bool(last) and last[-1] is True


class RecordingWatch:
    """An `ExchangeWatch` that keeps what it is told; its clock is a number to be moved."""

    def __init__(self) -> None:
        self.time = 0.0
        self.begun: list[ExchangeRecord] = []
        self.ended: list[ExchangeRecord] = []
        self.rejected: list[int] = []
        self.given_up = 0
        self.dropped: list[bool] = []
        """Of each datagram that was dropped, whether it had come."""

    def now(self) -> float:
        return self.time

    def exchange_began(self, stream_id: int) -> ExchangeRecord:
        self.begun.append(ExchangeRecord(stream_id, self.time))
        return self.begun[-1]

    def exchange_ended(self, record: ExchangeRecord) -> None:
        self.ended.append(record)

    def exchange_rejected(self, stream_id: int) -> None:
        self.rejected.append(stream_id)

    def response_given_up(self) -> None:
        self.given_up += 1

    def datagram_dropped(self, *, was_received: bool) -> None:
        self.dropped.append(was_received)

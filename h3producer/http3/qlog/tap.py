"""Both ways across the port, with somebody who takes notes.

    QUIC ─▶ [tap] ─▶ core        http:frame_parsed
    QUIC ◀─ [tap] ◀─ core        http:frame_created

This file knows which verbs and inputs are worth a note. It refuses to know frames (`streams.py`).

Its one rule: everything goes through unchanged, noted before it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.http3.qlog.streams import StreamsOneWay
from h3producer.http3.transport import ConnectionInputs, QuicTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.http3.qlog.journal import Journal
    from h3producer.http3.transport import Progress, TlsFacts

__all__ = ["TappedInputs", "TappedTransport", "tapped", "untapped"]


def tapped(
    transport: QuicTransport,
    journal: Journal,
    make_core: Callable[[QuicTransport], ConnectionInputs],
) -> ConnectionInputs:
    """The core of a connection, and around it whoever takes notes."""
    (source, source_port), (destination, destination_port) = (
        transport.peer_address,
        transport.local_address,
    )
    ends = {"src_ip": source, "dst_ip": destination}
    ports = {"src_port": source_port, "dst_port": destination_port}
    journal.note("connectivity:connection_started", {**ends, **ports, "protocol": "QUIC"})
    outward = TappedTransport(transport, journal)
    return TappedInputs(make_core(outward), outward.received, journal)


def untapped(inputs: ConnectionInputs | None) -> ConnectionInputs | None:
    """The core itself, whether or not anybody takes notes."""
    return inputs.core if isinstance(inputs, TappedInputs) else inputs


class TappedTransport(QuicTransport):
    """What the core does to a connection."""

    def __init__(self, transport: QuicTransport, journal: Journal) -> None:
        self._transport = transport
        self._journal = journal
        self._sent = StreamsOneWay(journal, "local", "http:frame_created")
        self.received = StreamsOneWay(journal, "remote", "http:frame_parsed")
        """For the `TappedInputs` of the same connection: our verbs end some of it."""
        self._sent.other_way, self.received.other_way = self.received, self._sent

    # Facts

    @property
    def peer_address(self) -> tuple[str, int]:
        return self._transport.peer_address

    @property
    def local_address(self) -> tuple[str, int]:
        return self._transport.local_address

    @property
    def tls(self) -> TlsFacts | None:
        return self._transport.tls

    @property
    def is_early(self) -> bool:
        return self._transport.is_early

    @property
    def journal(self) -> Journal | None:
        return self._journal

    @property
    def max_datagram(self) -> int:
        return self._transport.max_datagram

    def room(self, stream_id: int) -> int:
        return self._transport.room(stream_id)

    def progress(self, stream_id: int) -> Progress:
        return self._transport.progress(stream_id)

    def unsent_streams(self) -> Sequence[int]:
        return self._transport.unsent_streams()

    # Verbs

    def open_uni_stream(self) -> int:
        return self._transport.open_uni_stream()

    def open_bidi_stream(self) -> int:
        return self._transport.open_bidi_stream()

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        self._sent.bytes_passed(stream_id, data, end_stream)
        self._transport.send(stream_id, data, end_stream=end_stream)

    async def drain(self, stream_id: int) -> None:
        if self._transport.room(stream_id) > 0:
            return
        unsent = self._transport.progress(stream_id).unsent
        self._journal.note("h3producer:drain_began", {"stream_id": stream_id, "unsent": unsent})
        try:
            await self._transport.drain(stream_id)
        finally:
            self._journal.note("h3producer:drain_ended", {"stream_id": stream_id})

    def reset(self, stream_id: int, error_code: int) -> None:
        self._sent.stream_ended(stream_id)
        self._transport.reset(stream_id, error_code)

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        self.received.stream_ended(stream_id)
        self._transport.stop_sending(stream_id, error_code)

    def grant(self, stream_id: int, count: int) -> None:
        self._transport.grant(stream_id, count)

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        self._transport.set_priority(stream_id, urgency, incremental)

    def send_datagram(self, data: bytes) -> bool:
        return self._transport.send_datagram(data)

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None:
        self._transport.close(error_code, reason, when_delivered=when_delivered)


class TappedInputs(ConnectionInputs):
    """What the world does to the core."""

    def __init__(self, core: ConnectionInputs, received: StreamsOneWay, journal: Journal) -> None:
        self.core = core
        self._received = received
        self._journal = journal

    def handshake_completed(self) -> None:
        self.core.handshake_completed()

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self._received.bytes_passed(stream_id, data, end_stream)
        self.core.stream_data_received(stream_id, data, end_stream)

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        self._received.stream_ended(stream_id)
        self.core.stream_reset(stream_id, error_code)

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        self.core.stop_sending_received(stream_id, error_code)

    def datagram_received(self, data: bytes) -> None:
        self.core.datagram_received(data)

    def tick(self, now: float) -> None:
        self.core.tick(now)

    def connection_terminated(self, error_code: int, reason: str) -> None:
        end = {"application_code": error_code, "reason": reason}
        self._journal.note("connectivity:connection_closed", end)
        self.core.connection_terminated(error_code, reason)

    def announce_shutdown(self) -> None:
        self.core.announce_shutdown()

    def shutdown(self) -> None:
        self.core.shutdown()

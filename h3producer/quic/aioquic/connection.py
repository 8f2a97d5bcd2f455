"""One connection on aioquic: an `EngineConnection` that is a QuicConnection.

This file knows aioquic from the inside. It refuses to know sockets, clocks and HTTP/3.

Its one rule: in `AioquicConnection` a name with an underscore is aioquic's, and stands in
`internals.PRIVATE_NAMES`; our own names have none.

What we change, and why (measured against 1.7.2):

- Credit follows consumption. aioquic doubles a limit when half of it was *received*, so that the
  peer decides how much we hold: nine STREAM frames far ahead made it allocate 268 MB.
- An acknowledgement that waits for its timer rides with a response: half the datagrams.
- The peer's CONNECTION_CLOSE is told at once, not after three probe timeouts.
- STOP_SENDING follows the end of the response instead of overtaking it (`packing.py`).
- A burst has up to 64 packets on a fast path: a third of the CPU time of a download (`pacing.py`).
- A stream that is reset frees its buffers at once, not when that is acknowledged.
- Debug lines that nobody reads cost nothing, and an idle stream nothing (`announcing.py`); an idle
  connection holds less (`frugality.py`).
- Datagrams grow to what the path takes (`path_mtu.py`).
- Packets of everyday life are read and written in shorter ways (`fast_reader.py`,
  `fast_writer.py`), if `Config.fast_path` is on.
- Pieces of an upload that arrive together are told together (`gathering.py`).
- Rules that it leaves out: `numbers.py`, `handshaking.py`, `connection_ids.py`, `migration.py`,
  `gaps.py`, `resetting.py`.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.connection import QuicConnectionState
from aioquic.quic.packet import QuicFrameType
from aioquic.tls import Epoch
from cryptography.hazmat.primitives.serialization import Encoding

from h3producer.http3.transport import TlsFacts
from h3producer.quic.aioquic.connection_ids import IdentifiedConnection
from h3producer.quic.aioquic.datagrams import DatagramConnection
from h3producer.quic.aioquic.early import EarlyConnection, EarlyDataAccepted
from h3producer.quic.aioquic.endings import describe_end
from h3producer.quic.aioquic.frugality import FrugalConnection
from h3producer.quic.aioquic.gaps import GapBoundConnection
from h3producer.quic.aioquic.handshake_reader import HandshakeReadingConnection
from h3producer.quic.aioquic.holding import HoldingConnection
from h3producer.quic.aioquic.internals import QuietLogger, StreamTable
from h3producer.quic.aioquic.measures import MeasuredConnection
from h3producer.quic.aioquic.numbers import NumberedConnection
from h3producer.quic.aioquic.pacing import BurstPacer
from h3producer.quic.aioquic.qlog import NotedConnection
from h3producer.quic.aioquic.resetting import PeerTokenChanged
from h3producer.quic.credit import ConnectionCredit
from h3producer.quic.facts import QUIC_ERROR
from h3producer.quic.limits import MAX_REASON

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import NetworkAddress
    from cryptography import x509

    from h3producer.quic.aioquic.connection_model import ConnectionModel
    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.engine import Address, EngineObserver

__all__ = ["AioquicConnection"]

_BEGINNING = QuicConnectionState.FIRSTFLIGHT
_OVER = (QuicConnectionState.DRAINING, QuicConnectionState.TERMINATED)
_ONE_RTT = Epoch.ONE_RTT
"""Members of an enumeration are looked up in a roundabout way."""


class AioquicConnection(
    HandshakeReadingConnection,
    DatagramConnection,
    HoldingConnection,
    NumberedConnection,
    EarlyConnection,
    IdentifiedConnection,
    GapBoundConnection,
    MeasuredConnection,
    NotedConnection,
    FrugalConnection,
):
    """An `EngineConnection` that is an aioquic connection."""

    observer: EngineObserver
    next_timer = HandshakeReadingConnection.get_timer

    def __init__(
        self,
        configuration: QuicConfiguration,
        *,
        original_id: bytes | None = None,
        retry_source_id: bytes | None = None,
        model: ConnectionModel | None = None,
        ids: ConnectionIds | None = None,
    ) -> None:
        """A server's connection has an `original_id`: where the client's first packet went.

        With a `model` it needs `ids`.
        """
        self.model = model
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_id,
            retry_source_connection_id=retry_source_id,
        )
        del self.model
        if ids is not None:
            self.take_first_id(ids)
        self.credit = ConnectionCredit(
            configuration.max_data, configuration.max_stream_data, self.announce
        )
        self.max_gaps = max(64, configuration.max_stream_data // 1024)
        self.priorities = {}
        self.has_news = self.is_told = False
        first_id = retry_source_id or original_id
        self.connection_ids = (self.host_cid,) if first_id is None else (self.host_cid, first_id)
        self._streams = StreamTable(self.stream_discarded)
        self._payload_received = self.first_payload  # type: ignore[method-assign]  # once
        self.pacer = BurstPacer(max_datagram_size=configuration.max_datagram_size)
        self._loss._pacer = self.pacer  # noqa: SLF001
        if not self._logger.isEnabledFor(logging.DEBUG):
            self._logger = QuietLogger(self._logger.logger, self._logger.extra)

    def limit_streams(self, bidirectional: int, unidirectional: int) -> None:
        """How many streams the peer may have open at once; to be called before the handshake."""
        bidi, uni = self._local_max_streams_bidi, self._local_max_streams_uni
        bidi.value = bidi.sent = bidirectional
        uni.value = uni.sent = unidirectional

    # Facts

    @property
    def is_started(self) -> bool:
        return self._state is not _BEGINNING

    @property
    def is_closed(self) -> bool:
        return self._state in _OVER

    @property
    def peer_address(self) -> Address:
        paths = self._network_paths
        return paths[0].addr if paths else ("", 0)

    @property
    def tls_facts(self) -> TlsFacts | None:
        schedule = self.tls.key_schedule if self.has_agreed else None
        if schedule is None:
            return None
        certificate = self.configuration.certificate
        return TlsFacts(
            version=0x0304,
            cipher_suite=int(schedule.cipher_suite),
            protocol=self.tls.alpn_negotiated or "",
            server_certificate=certificate and _pem(certificate),
        )

    # Time and datagrams

    def receive_datagram(
        self, data: bytes, addr: NetworkAddress, now: float, more: bool = False
    ) -> None:
        if not (self.reads_fast and self.read(data, addr, now, more)):
            self.finish_reading()
            if self.is_reset(data):
                self.reset_received(now)
            else:
                super().receive_datagram(data, addr, now)
        if self._events or self._close_event is not None:
            self.tell()

    def handle_timer(self, now: float) -> None:
        super().handle_timer(now)
        self.tell()

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        if self.get_peer_address() is None:
            return []
        space = self._spaces[_ONE_RTT]
        due = space.ack_at
        rides = self.has_news and due is not None and due > now
        self.has_news = False
        if rides:
            space.ack_at = now
        if self._packet_number >= self.next_count:
            self.count()
        datagrams = super().datagrams_to_send(now)
        if self._packet_number >= self.next_look:
            datagrams += self.look(datagrams, now)
        if rides and space.ack_at is not None:
            space.ack_at = due  # there was nothing to ride with
        self.tell()
        return datagrams

    # Verbs

    def open_uni_stream(self) -> int:
        stream_id = self.get_next_available_stream_id(is_unidirectional=True)
        self.send_stream_data(stream_id, b"")
        return stream_id

    def open_bidi_stream(self) -> int:
        stream_id = self.get_next_available_stream_id(is_unidirectional=False)
        self.send_stream_data(stream_id, b"")
        return stream_id

    def send(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        stream = self._streams.get(stream_id)
        if stream is None or stream.sender.is_finished:
            return
        try:
            stream.sender.write(data, end_stream)
        except RuntimeError:
            return  # it has its FIN, or was reset
        self.has_data(stream)
        self.has_news = True

    def reset(self, stream_id: int, error_code: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.sender.reset(error_code)
            self.free_send_buffer(stream)
            self.has_news = True

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is None or not self.credit.stop(stream_id, stream.receiver.starting_offset()):
            return
        if not stream.receiver.is_finished:
            stream.receiver.stop(error_code)
            self.has_notice(stream)
            self.has_news = True

    def grant(self, stream_id: int, count: int) -> bool:
        stream = self._streams.get(stream_id)
        if stream is None:
            return False
        limit = self.credit.consume(stream_id, count, stream.receiver.starting_offset())
        if limit != stream.max_stream_data_local and not stream.receiver.is_finished:
            stream.max_stream_data_local = limit
            self.has_notice(stream)
            self.has_news = True
        return self.has_news

    def close(
        self, error_code: int = 0, frame_type: int | None = None, reason_phrase: str = ""
    ) -> None:
        """What aioquic, and whoever adds rules to it, calls when the peer breaks one."""
        if self._close_event is None:
            self.observer.rule_broken(f"{QUIC_ERROR}{error_code:#x}: {reason_phrase}")
        # Where a frame's type itself is broken aioquic names none, and would close for HTTP/3.
        super().close(error_code, frame_type or QuicFrameType.PADDING, reason_phrase)

    def close_application(self, error_code: int, reason: str) -> None:
        super().close(error_code=error_code, reason_phrase=reason[:MAX_REASON])

    def close_transport(self, error_code: int) -> None:
        super().close(error_code=error_code, frame_type=QuicFrameType.PADDING)

    def release(self) -> None:
        self.end_notes()
        vars(self).clear()  # full of its own bound methods, it would wait for the collector

    # Events

    def tell(self) -> None:
        """Hand what aioquic noted to the observer; the end last, and once."""
        waiting = self._events
        while waiting:
            event = waiting.popleft()
            if type(event) is events.StreamDataReceived:
                self.data_arrived(event.stream_id, event.data, event.end_stream)
            else:
                self.tell_other(event)
        if self._close_event is not None and not self._close_pending and not self.is_told:
            self.is_told = True
            self.observer.connection_terminated(*describe_end(self._close_event))

    def data_arrived(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        stream = self._streams[stream_id]
        if end_stream:
            self.has_ended(stream)
        if self.credit.data_delivered(stream_id, stream.receiver.starting_offset()):
            self.observer.stream_data_received(stream_id, data, end_stream)

    def tell_other(self, event: events.QuicEvent) -> None:
        match event:
            case events.StopSendingReceived(error_code=error_code, stream_id=stream_id):
                self.free_send_buffer(self._streams[stream_id])
                self.observer.stop_sending_received(stream_id, error_code)
            case events.StreamReset(error_code=error_code, stream_id=stream_id):
                self.free_receive_buffer(stream_id)
                self.observer.stream_reset(stream_id, error_code)
            case events.DatagramFrameReceived(data=data):
                self.observer.datagram_received(data)
            case events.ConnectionIdIssued(connection_id=connection_id):
                self.observer.connection_id_issued(connection_id)
            case events.ConnectionIdRetired(connection_id=connection_id):
                self.observer.connection_id_retired(connection_id)
            case PeerTokenChanged(old=old, new=new):
                self.observer.peer_token_changed(old, new)
            case EarlyDataAccepted():
                self.observer.early_data_accepted()
            case events.HandshakeCompleted():
                self.forget_handshake()
                self.observer.handshake_completed()


@functools.lru_cache(maxsize=8)
def _pem(certificate: x509.Certificate) -> str:
    """The same for all connections of a server."""
    return certificate.public_bytes(Encoding.PEM).decode()

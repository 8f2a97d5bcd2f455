"""aioquic's events about a connection, in the words of the qlog drafts.

This file knows what aioquic 1.7.2 notes, and where it says it otherwise than version 0.3 of qlog
(draft-ietf-quic-qlog-quic-events-04). It refuses to know files (`quic/qlog_files.py`).

Its one rule: what would let a reader of the log end the connection, or begin another one in the
client's name, is left out: stateless reset tokens and the tokens of addresses.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from aioquic.quic.connection import QuicConnection
from aioquic.quic.logger import QuicLogger, QuicLoggerTrace

from h3producer.quic.qlog_files import QlogDirectory
from h3producer.quic.sampling import Sampling

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.packet import QuicTransportParameters
    from aioquic.quic.recovery import QuicPacketRecovery

    from h3producer.config import Config
    from h3producer.http3.qlog.journal import Journal
    from h3producer.quic.qlog_files import QlogFile

__all__ = ["AioquicLogger", "AioquicTrace", "NotedConnection", "Noting"]

Frame = dict[str, object]

_METRICS: Final = {"cwnd": "congestion_window", "cubic-wmax": "cubic_wmax"}
"""Names of aioquic's, and what they are in qlog."""


class Noting:
    """Of which connections notes are taken, and how these are made.

    Raises EngineError if the directory is none.
    """

    configuration: QuicConfiguration
    """Theirs; once there is one to `configure` it after."""

    def __init__(self, path: str, config: Config) -> None:
        self.directory = QlogDirectory(path, config.qlog_max_size)
        self.sampling = Sampling(config.qlog_sample)
        self._logger = AioquicLogger(self.directory)

    def configure(self, configuration: QuicConfiguration) -> None:
        """Theirs is this one, but that aioquic tells what happens."""
        self.configuration = copy.copy(configuration)
        self.configuration.quic_logger = self._logger


class NotedConnection(QuicConnection):
    """A QuicConnection of which notes may be taken."""

    @property
    def journal(self) -> Journal | None:
        trace = self.trace
        return None if trace is None else trace.journal

    @property
    def trace(self) -> AioquicTrace | None:
        """What aioquic tells its events."""
        trace = self._quic_logger
        return trace if isinstance(trace, AioquicTrace) else None

    def end_notes(self) -> None:
        """The connection is over, even if aioquic never said so."""
        if self.trace is not None:
            self.trace.close()


class AioquicLogger(QuicLogger):
    """Opens and closes files as connections begin and end."""

    def __init__(self, directory: QlogDirectory) -> None:
        super().__init__()
        self._directory = directory

    def start_trace(self, is_client: bool, odcid: bytes) -> QuicLoggerTrace:
        return AioquicTrace(self._directory.open(odcid.hex()), odcid)

    def end_trace(self, trace: QuicLoggerTrace) -> None:
        assert isinstance(trace, AioquicTrace)
        trace.close()


class AioquicTrace(QuicLoggerTrace):
    """Hands events to a journal, as they come.

    Metrics, which aioquic tells twice for each packet, are noted when one has come and before the
    next one does: a third of the file otherwise.
    """

    def __init__(self, journal: QlogFile, original_id: bytes) -> None:
        super().__init__(is_client=False, odcid=original_id)
        self.journal = journal
        self._metrics: dict[str, Any] = {}
        self._has_received = False

    def close(self) -> None:
        """The connection is over."""
        self._note_metrics()
        self.journal.close()

    # `Any`: what aioquic gives is what JSON can say, of whatever shape.

    def log_event(self, *, category: str, event: str, data: dict[str, Any]) -> None:
        name = f"{category}:{event}"
        match event:
            case "datagrams_received" | "datagrams_sent":
                pass  # packets say as much
            case "metrics_updated":
                self._metrics.update({_METRICS.get(each, each): data[each] for each in data})
            case "packet_received":
                self._note_metrics()
                self.journal.note_growing(name, data)  # aioquic reads its frames now
                self._has_received = True
            case "packet_sent":
                if self._has_received:
                    self.journal.settle()
                    self._note_metrics()
                    self._has_received = False
                self.journal.note(name, data)
            case "packet_lost":
                header = {"packet_type": data["type"], "packet_number": data["packet_number"]}
                self.journal.note(name, {"header": header})
            case _:
                self.journal.note(name, data)

    # What goes past aioquic

    def packet_sent(
        self, number: int, frames: list[Frame], peer_id: bytes, size: int, **more: object
    ) -> None:
        """A 1-RTT packet that our own writer made; `size` is in bytes of its datagram."""
        header = {"packet_type": "1RTT", "packet_number": number, "dcid": peer_id.hex()}
        data = {"frames": frames, "header": header, "raw": {"length": size}, **more}
        self.log_event(category="transport", event="packet_sent", data=data)

    def packet_received(self, number: int, frames: list[Frame], our_id: bytes, size: int) -> None:
        """A 1-RTT packet that our own reader opened; `size` is in bytes of its frames."""
        header = {"packet_type": "1RTT", "packet_number": number, "dcid": our_id.hex()}
        data = {"frames": frames, "header": header, "raw": {"payload_length": size}}
        self.journal.settle()
        self._note_metrics()
        self.journal.note("transport:packet_received", data)
        self._has_received = True

    def metrics_changed(self, recovery: QuicPacketRecovery) -> None:
        """Our own reader has taken an acknowledgement in."""
        recovery._log_metrics_updated(log_rtt=True)  # noqa: SLF001

    def _note_metrics(self) -> None:
        if self._metrics:
            metrics, self._metrics = self._metrics, {}
            self.journal.note("recovery:metrics_updated", metrics)

    def encode_padding_frame(self) -> dict[str, Any]:
        return {"frame_type": "padding", "payload_length": 0}  # aioquic does not say how much

    def encode_new_token_frame(self, token: bytes) -> dict[str, Any]:
        return {"frame_type": "new_token", "token": {"length": len(token)}}

    def encode_new_connection_id_frame(
        self,
        connection_id: bytes,
        retire_prior_to: int,
        sequence_number: int,
        stateless_reset_token: bytes,
    ) -> dict[str, Any]:
        return {
            "frame_type": "new_connection_id",
            "sequence_number": sequence_number,
            "retire_prior_to": retire_prior_to,
            "connection_id_length": len(connection_id),
            "connection_id": connection_id.hex(),
        }

    def encode_transport_parameters(
        self, owner: str, parameters: QuicTransportParameters
    ) -> dict[str, Any]:
        data = super().encode_transport_parameters(owner, parameters)
        data.pop("stateless_reset_token", None)
        return data

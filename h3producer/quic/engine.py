"""What we ask of a QUIC library: one connection without sockets, and a factory for them.

This file has no implementation; `aioquic.py` is one. An engine neither reads a clock nor touches
a socket: bytes and the time go in, datagrams and calls on an observer come out. So the same
transport and endpoint serve any library, and a test drives them with numbers.

Its one rule: nothing that a peer sends makes a verb raise. What a library would raise for a
stream that is gone, finished or reset is a no-op here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from h3producer.http3.qlog.journal import Journal
    from h3producer.http3.transport import TlsFacts
    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.facts import PathFacts, StreamFacts
    from h3producer.quic.packets import InitialPacket

__all__ = [
    "Address",
    "Credentials",
    "Datagram",
    "Engine",
    "EngineConnection",
    "EngineError",
    "EngineObserver",
    "TransportError",
]

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""A peer as the socket names it: IPv4 pair or IPv6 quadruple. Given back unchanged."""

Datagram: TypeAlias = tuple[bytes, Address]
"""One UDP payload and where it goes."""


class TransportError(IntEnum):
    """The codes of QUIC itself that we send (RFC 9000 §20.1)."""

    CONNECTION_REFUSED = 0x02
    INVALID_TOKEN = 0x0B


class EngineError(Exception):
    """The engine cannot work with these settings; the message is one sentence for a person."""


class Credentials(Protocol):
    """The certificate that the server presents, and the key to it."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> Sequence[x509.Certificate]: ...

    @property
    def private_key(self) -> PrivateKeyTypes: ...


class EngineObserver(Protocol):
    """What an engine tells about one connection; the names of `ConnectionInputs`, and some more.

    Called from inside `receive_datagram`, `finish_reading`, `handle_timer` and `datagrams_to_send`
    only.
    """

    def early_data_accepted(self) -> None:
        """TLS is not done, but `tls` is known, and streams may be opened. Comes once or not at all,
        before any stream and before `handshake_completed`, up to which all is early data."""

    def handshake_completed(self) -> None:
        """TLS is done: streams may be opened, and `tls` is known. Comes once, before any stream
        unless early data was accepted."""

    def connection_id_issued(self, connection_id: bytes) -> None:
        """From now on the peer may address this connection by this id, too."""

    def connection_id_retired(self, connection_id: bytes) -> None:
        """The peer no longer uses this id."""

    def peer_token_changed(self, old: bytes, new: bytes) -> None:
        """A datagram that ends with `new` is the peer's stateless reset, even if it is for an id
        that nobody knows; one that ends with `old` no longer is. Either may be empty: none."""

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """Bytes of a peer's stream, in order and once; none after our `stop_sending`."""

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        """RESET_STREAM came. Our half is as it was."""

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        """STOP_SENDING came. Our half has been reset with that code (RFC 9000 §3.5)."""

    def datagram_received(self, data: bytes) -> None:
        """A DATAGRAM frame (RFC 9221)."""

    def rule_broken(self, sentence: str) -> None:
        """The peer broke a rule of QUIC or TLS, and the engine closes the connection for it."""

    def connection_terminated(self, error_code: int, reason: str) -> None:
        """The connection is over. Comes once and last, as soon as the engine knows.

        For a CONNECTION_CLOSE of the peer that is when it arrives, not when the draining period
        ends; for our own `close`, when its packet has been built.
        """


class EngineConnection(Protocol):
    """One QUIC connection of a server. Times are seconds on the caller's clock."""

    observer: EngineObserver
    """Whom to tell; to be set before the first datagram is received."""

    # Time and datagrams

    def receive_datagram(
        self, data: bytes, address: Address, /, now: float, more: bool = False
    ) -> None:
        """Take in a datagram; tells the observer what it brought.

        With `more` the next one follows at once, or `finish_reading`, so that pieces of one stream
        may be told together.
        """

    def finish_reading(self) -> None:
        """Tell the observer what is left, if the last datagram was received with `more`."""

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Build all that congestion control and flow control allow now."""

    def next_timer(self) -> float | None:
        """When `handle_timer` wants to be called; None if never. Asked after each flush."""

    def tidy(self) -> int:
        """Give back memory that is only room to grow, about once a second; return the bytes."""

    def handle_timer(self, now: float) -> None:
        """Losses, acknowledgements, the idle timeout; to be followed by `datagrams_to_send`."""

    # Facts

    @property
    def connection_ids(self) -> Sequence[bytes]:
        """The ids under which this connection is reachable when it is accepted."""

    @property
    def is_started(self) -> bool:
        """Whether any packet of the peer was authentic; if not, it was noise."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing will be sent or received any more, so that it can be forgotten.

        After our own close that takes three probe timeouts (RFC 9000 §10.2.1).
        """

    @property
    def is_delivered(self) -> bool:
        """Whether the peer has acknowledged all that was sent, FINs and resets included.

        May be false for a while longer than it should, and never the other way round.
        """

    @property
    def is_answered(self) -> bool:
        """Whether the peer has acknowledged the end, FIN or reset, of each stream that it opened.

        O(streams).
        """

    @property
    def peer_address(self) -> Address:
        """Where datagrams go now; changes when the peer migrates (RFC 9000 §9)."""

    @property
    def tls_facts(self) -> TlsFacts | None:
        """What TLS agreed on, once streams may be opened. To be asked once: it is costly."""

    @property
    def journal(self) -> Journal | None:
        """Who takes notes of this connection, if anybody does."""

    def unsent(self, stream_id: int) -> int:
        """Bytes of the stream that were never put into a packet; O(1). 0 if it is reset or gone."""

    def unsent_streams(self) -> Sequence[int]:
        """All streams with bytes that were never put into a packet; O(streams)."""

    def sent(self, stream_id: int) -> int:
        """Bytes of the stream that were put into a packet at least once. 0 if it is gone."""

    @property
    def first_id(self) -> bytes:
        """The id that the client made up for its very first packet."""

    @property
    def is_resumed(self) -> bool:
        """Whether TLS goes on with an earlier session (RFC 8446 §2.2)."""

    @property
    def path_facts(self) -> PathFacts:
        """How the connection gets on with its path."""

    def stream_facts(self) -> list[StreamFacts]:
        """All streams that are not forgotten; O(streams)."""

    @property
    def max_datagram(self) -> int:
        """Bytes of a DATAGRAM frame's data that a packet has room for and the peer takes; or 0."""

    # Verbs

    def open_uni_stream(self) -> int:
        """Open a unidirectional stream and return its id."""

    def open_bidi_stream(self) -> int:
        """Open a bidirectional stream and return its id."""

    def send(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """Append to the stream. A no-op if it is finished, reset or gone."""

    def reset(self, stream_id: int, error_code: int) -> None:
        """RESET_STREAM, and let go of what was buffered."""

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        """STOP_SENDING; what still arrives counts as consumed for the connection's window."""

    def grant(self, stream_id: int, count: int) -> bool:
        """`count` bytes were consumed: MAX_STREAM_DATA and MAX_DATA follow, in batches.

        Returns whether there is something to send now.
        """

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        """Of the streams that have something to send, those of the lowest urgency go first.

        A no-op if the stream is gone.
        """

    def send_datagram(self, data: bytes) -> bool:
        """Queue a DATAGRAM frame; False if the peer takes none, it fits no packet, or too many
        are queued."""

    def close_application(self, error_code: int, reason: str) -> None:
        """CONNECTION_CLOSE with a code of the application (frame 0x1d); the first call wins."""

    def close_transport(self, error_code: int) -> None:
        """CONNECTION_CLOSE with a code of QUIC (frame 0x1c); the first close wins."""

    def release(self) -> None:
        """Let go of everything, so that its memory is free at once; no call may follow."""


class Engine(Protocol):
    """Makes connections, and the one packet of a version's cryptography that needs none."""

    @property
    def versions(self) -> Sequence[int]:
        """The QUIC versions we speak, best first."""

    @property
    def ids(self) -> ConnectionIds:
        """How the ids of its connections are made."""

    def is_authentic(self, datagram: bytes, initial: InitialPacket) -> bool:
        """Whether the packet is what its header says; to be asked before a connection is made."""

    def accept(self, initial: InitialPacket, original_id: bytes | None) -> EngineConnection:
        """A new connection. `original_id` comes from a Retry token; None if there was no Retry.

        The datagram itself still has to be given to `receive_datagram`.
        """

    def refuse(self, initial: InitialPacket, error_code: int) -> bytes:
        """An Initial packet that closes with a transport error code (RFC 9000 §10.2.3)."""

    def close(self) -> None:
        """Release what the engine holds: the key log."""

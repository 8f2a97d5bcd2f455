"""The port: all that the core asks of QUIC, one page of verbs, each with its promise.

This file has no implementation. `h3producer/quic/` implements it on a real QUIC library,
`tests/fakes.py` on two lists; the same conformance tests run against both.

The opposite direction stands below it: `ConnectionInputs`, all that the world may do to the
core, implemented by `h3producer.http3.connection.Http3Connection`. So a test drives the whole
core with a list and reads a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.http3.qlog.journal import Journal

__all__ = [
    "NO_PROGRESS",
    "UNLIMITED",
    "ConnectionInputs",
    "Progress",
    "QuicTransport",
    "TlsFacts",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFacts:
    """What the TLS handshake of this connection agreed on."""

    version: int
    """The TLS version number, 0x0304 for TLS 1.3: QUIC has no other (RFC 9001 §4.2)."""
    cipher_suite: int
    """The IANA number of the cipher suite, 0x1301 for TLS_AES_128_GCM_SHA256."""
    protocol: str = "h3"
    """The ALPN name of what is spoken."""
    server_certificate: str | None = None
    """Our certificate, PEM, as the ASGI `tls` extension wants it."""


class Progress(NamedTuple):
    """How far the bytes of a stream have got, in bytes; frame headers are bytes, too."""

    sent: int
    """Put into a packet at least once."""
    unsent: int
    """Handed over and never put into a packet: the client's windows do not let them go."""


UNLIMITED: Final = 1 << 62
"""Bytes; the `room` where nobody will ever wait for any."""

NO_PROGRESS = Progress(0, 0)
"""Of a stream on which nothing waits and nothing will."""


class QuicTransport(Protocol):
    """One QUIC connection, as HTTP/3 sees it. No verb raises for what the peer did.

    Every verb but `drain` returns at once. What they cause leaves in one flush at the end of
    the event-loop pass.
    """

    @property
    def peer_address(self) -> tuple[str, int]:
        """Where datagrams go now: host and port. Changes when the client migrates."""

    @property
    def local_address(self) -> tuple[str, int]:
        """The host and port that the client reached us on."""

    @property
    def tls(self) -> TlsFacts | None:
        """What TLS agreed on; known before the core is made."""

    @property
    def is_early(self) -> bool:
        """Whether the handshake is not complete, so that all that comes is early data (0-RTT).

        Somebody may have sent it before. `ConnectionInputs.handshake_completed` is the end of it.
        """

    @property
    def journal(self) -> Journal | None:
        """Who takes notes of this connection for a qlog file; None for nearly every one.

        For whoever makes the core, which itself never asks.
        """

    def open_uni_stream(self) -> int:
        """Open a unidirectional stream of ours and return its id."""

    def open_bidi_stream(self) -> int:
        """Open a bidirectional stream of ours and return its id.

        One more than the client allows is open for us: what is sent on it waits until it may.
        """

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        """Append `data` to the stream, and its end (FIN) if `end_stream`.

        Never waits and never refuses: the caller bounds it by awaiting `drain`. The bytes are
        taken over, so the caller may reuse its buffer. On a stream that was reset, stopped or
        finished, and after the connection ended, nothing happens.
        """

    async def drain(self, stream_id: int) -> None:
        """Wait until fewer bytes than the response mark are unsent on the stream.

        Unsent means never put into a packet: bytes in flight do not count, since congestion
        control bounds them and counting them would cap the speed at mark ÷ round trip. Returns
        at once if there is room, and as soon as the stream is reset or stopped or the
        connection ends, but not before the core has heard of that: who runs on from here must
        find out that nobody listens. Any number of streams may drain; one waiter per stream.
        """

    def room(self, stream_id: int) -> int:
        """With fewer bytes than this sent on the stream now, its `drain` would not wait.

        More than anybody sends if the stream, or the connection, is over.
        """

    def progress(self, stream_id: int) -> Progress:
        """How far the stream's bytes have got; `NO_PROGRESS` if it is reset, finished or unknown.

        For whoever looks at the clock: a response whose `unsent` does not shrink has a client
        that does not read.
        """

    def unsent_streams(self) -> Sequence[int]:
        """All streams with an `unsent` in their progress; as long as there are open streams."""

    def reset(self, stream_id: int, error_code: int) -> None:
        """RESET_STREAM: abandon our sending half, unsent bytes included (RFC 9000 §3.1).

        A no-op on a half that is already reset or whose end has been acknowledged.
        """

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        """STOP_SENDING: ask the peer to abandon its half (RFC 9000 §3.5).

        Whatever still arrives on the stream is dropped and counts as consumed, so that an
        unread upload cannot starve the connection. Does not overtake an `end_stream` that was
        sent before: there are clients that take it for the end. A no-op when the peer's half
        has ended.
        """

    def grant(self, stream_id: int, count: int) -> None:
        """The application consumed `count` bytes of the stream: the peer may send as many more.

        Drives MAX_STREAM_DATA and MAX_DATA (RFC 9000 §4.1); frames leave in batches.
        """

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        """How soon the stream's bytes are to leave, among those of the connection (RFC 9218 §10).

        `urgency` is 0 (first) to 7 (last). Of streams that are equally urgent, those that are
        `incremental` share what there is, and the others go one after the other. The last call
        wins, at any time. A stream of which it was never said has urgency 3, and its client has
        no opinion: the transport may share or not. A no-op for a stream that is gone.
        """

    @property
    def max_datagram(self) -> int:
        """Bytes that `send_datagram` takes at most now; 0 if the peer takes none at all.

        Grows with what the path lets through, and may shrink when the client moves to another.
        """

    def send_datagram(self, data: bytes) -> bool:
        """Send an unreliable DATAGRAM frame (RFC 9221); return whether it was taken.

        It is not if it is too large, if too many wait for room in a packet, as on a path that is
        full, or if the connection is over. One that was taken may be lost like any packet.
        """

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None:
        """CONNECTION_CLOSE with an HTTP/3 code (RFC 9000 §10.2).

        At once, dropping what is unsent; or, `when_delivered`, when the peer has acknowledged
        everything that was sent before (FINs included) and had a moment to read it, so that a
        graceful end truncates nothing. For a peer that has all its responses it is a matter of
        seconds, since one that has vanished acknowledges nothing. A close at once overrides a
        waiting one; otherwise the first call wins. The core's `connection_terminated` follows, as
        for any other end.
        """


class ConnectionInputs(Protocol):
    """What QUIC tells the core about one connection. None raises for what a peer did."""

    def handshake_completed(self) -> None:
        """Early data is over. Comes once, and only if the connection `is_early` when it begins."""

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """Bytes of a peer's stream, in order and once; `end_stream` with the last of them."""

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        """RESET_STREAM: the peer abandoned its half; what it sent before may be missing."""

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        """STOP_SENDING: the peer reads no more. The transport has already reset our half."""

    def datagram_received(self, data: bytes) -> None:
        """A DATAGRAM frame (RFC 9221)."""

    def tick(self, now: float) -> None:
        """About a second has gone by since the last one; `now` is the time on any one clock.

        All that the core does by time it does here: it has no clock of its own.
        """

    def connection_terminated(self, error_code: int, reason: str) -> None:
        """The connection is over, whoever ended it. The last input; comes exactly once."""

    def announce_shutdown(self) -> None:
        """The server will want to end soon: GOAWAY, and go on as before."""

    def shutdown(self) -> None:
        """The server wants to end: GOAWAY, finish what was accepted, then close."""

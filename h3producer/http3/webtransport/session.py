"""One session of WebTransport: what its application does, and what it hears.

This file knows how a session begins and ends, and who hears of what. It refuses to know which
streams of the connection are whose (`sessions.py`), capsules (`words.py`), and ASGI.

    session = stream.session            # of a handler's stream, if it is a session
    await session.accept()
    match await session.receive():
        case StreamData(stream_id, data, end_stream): ...

Its one rule: the first end decides, whoever it was: the application, the client, or what cut the
exchange. Then every stream is cut with WEBTRANSPORT_SESSION_GONE, but what had come whole before
is still received, and the application hears `SessionClosed` behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.http3.cause import Cause
from h3producer.http3.webtransport.events import (
    DatagramReceived,
    SessionClosed,
    SessionDraining,
    StreamReset,
    StreamStopped,
)
from h3producer.http3.webtransport.inbox import Inbox
from h3producer.http3.webtransport.words import SessionWords
from h3producer.pipe.wakeup import start_inline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h3producer.http3.datagrams import StreamDatagrams
    from h3producer.http3.load import ConnectionLoad
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.webtransport.events import Event
    from h3producer.http3.webtransport.stream import WebTransportStream

__all__ = ["MAX_STREAMS", "StreamTable", "WebTransportSession"]

MAX_STREAMS: Final = 1024
"""Streams of a session at once, those included that the client has ended and the application has
not taken yet: QUIC lets the client open another for each of these. A session with more than that
is cut with H3_EXCESSIVE_LOAD: to lose a stream of it without a word would be worse."""


class StreamTable(Protocol):
    """The streams of all sessions of the connection."""

    def open_stream(self, session_id: int, is_bidirectional: bool) -> WebTransportStream:
        """A stream of ours; raises LocalProtocolError if there are too many."""

    def stream_over(self, stream: WebTransportStream) -> None:
        """Both of its halves have ended, and nobody asks for it any more."""


class WebTransportSession:
    """A session; what a handler gets as `stream.session`."""

    def __init__(
        self,
        exchange: Http3Stream,
        table: StreamTable,
        load: ConnectionLoad,
    ) -> None:
        self._exchange = exchange
        self._table = table
        self._words = SessionWords(exchange, load)
        self._inbox = Inbox()
        self._datagrams: StreamDatagrams | None = None
        self._is_accepted = False
        self._is_draining = False
        self._highest: dict[int, int] = {}  # ids, by the two bits that say the kind of stream
        self.streams: dict[int, WebTransportStream] = {}
        """Those that are not over, by id."""

    # For the application

    @property
    def session_id(self) -> int:
        """The id of its CONNECT stream."""
        return self._exchange.stream_id

    @property
    def is_accepted(self) -> bool:
        """`accept` was called."""
        return self._is_accepted

    @property
    def closed(self) -> SessionClosed | None:
        """How it ended; None while it has not."""
        return self._inbox.closed

    @property
    def max_datagram_size(self) -> int:
        """Bytes of a datagram that `send_datagram` takes now; it follows the path."""
        return 0 if self._datagrams is None else self._datagrams.max_size

    @property
    def dropped_datagrams(self) -> int:
        """Datagrams that came and were dropped, since the application was too slow for them."""
        return 0 if self._datagrams is None else self._datagrams.dropped

    async def accept(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Answer 200: the session begins. Waits until the stream has room for the headers.

        Raises LocalProtocolError if it was accepted before, or rejected.
        """
        response = self._exchange.response
        response.start(200, headers)
        self._is_accepted = True
        await response.flush()
        self._exchange.when_draining(self._server_drains)
        self._inbox.open()
        start_inline(self._words.read(self))

    async def receive(self) -> Event:
        """Wait for what happens next; after the end it is `SessionClosed`, every time, at once.

        Bytes of a stream are given as many as have come, each stream in turn, and count as consumed
        by that. Events of one stream keep their order; a stream that was reset tells of no bytes
        any more. Raises LocalProtocolError if somebody waits already. Cancelling loses nothing.
        """
        return await self._inbox.receive()

    def send_datagram(self, data: bytes) -> bool:
        """Send a datagram; return whether it was taken. Never waits; see `StreamDatagrams.send`."""
        return self.closed is None and self._datagrams is not None and self._datagrams.send(data)

    def open_stream(self, *, bidirectional: bool = True) -> WebTransportStream:
        """Open a stream to the client. Bytes wait until the client allows for one more.

        Raises LocalProtocolError before `accept`, after the end, and if too many of ours are open.
        """
        if not self._is_accepted or self.closed is not None:
            raise LocalProtocolError("Streams are opened while a session is open.")
        stream = self._table.open_stream(self.session_id, bidirectional)
        self._note(stream)
        return stream

    def tell(self, event: Event) -> None:
        """Have `receive` give this, too, in its turn."""
        self._inbox.tell(event)

    def has_had(self, stream_id: int) -> bool:
        """Whether there has been such a stream in the session; it may be over.

        For ids that the application was told: of others of the connection it may say so, too.
        """
        return stream_id <= self._highest.get(stream_id & 3, -1)

    async def drain(self) -> None:
        """Ask the client to end the session soon; a no-op if it is over. Never waits: a client that
        leaves its session's own stream unread does not hear of it."""
        if self._is_accepted and self.closed is None:
            await self._words.ask_for_end()

    async def close(self, code: int = 0, reason: str = "") -> None:
        """End the session; the client hears a code of 32 bits and a reason, of 1,024 bytes.

        A no-op if it is over. What was sent on streams before and has not arrived may be lost, as
        with any reset: await the client's answer first. Raises LocalProtocolError before `accept`,
        ValueError for a code that has not 32 bits.
        """
        if not self._is_accepted:
            raise LocalProtocolError("A session that was not accepted is rejected instead.")
        if not 0 <= code < 1 << 32:
            raise ValueError(f"The code of an application has 32 bits, which {code} has not.")
        if self.closed is None:
            self._end(SessionClosed(code, reason))
            await self._words.end(code, reason)

    async def reject(self, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Answer with another status than 200: there is no session."""
        self._exchange.response.start(status, headers)
        self._end(SessionClosed(None, ""))
        await self._exchange.response.complete()

    # For its exchange and its streams

    def begin(self, datagrams: StreamDatagrams) -> None:
        """The request has come; datagrams may have come before it."""
        self._datagrams = datagrams
        datagrams.on_arrival = self._datagram_arrived
        if len(datagrams):
            self._datagram_arrived()

    def take_in(self, stream: WebTransportStream) -> None:
        """The client has opened a stream of the session."""
        if self.closed is not None:
            stream.forget()
            self._table.stream_over(stream)
            return
        self._note(stream)
        if len(self.streams) > MAX_STREAMS:
            reason = "too many streams wait to be read"
            code = ErrorCode.H3_EXCESSIVE_LOAD
            self._exchange.abort(code, reason, Cause.MAX_WEBTRANSPORT_STREAMS)

    def cut(self, reason: str) -> None:
        """The exchange was cut, and with it the session."""
        self._end(SessionClosed(None, reason))

    async def leave(self) -> None:
        """The application has left: an open session is closed, with code 0 and no reason."""
        if self._is_accepted:
            await self.close()

    def forget(self) -> None:
        """Nobody listens any more."""
        self._end(SessionClosed(None, ""))
        self._inbox.forget()
        self._words.stop_reading()
        for stream in tuple(self.streams.values()):
            stream.forget()
            self.stream_over(stream)

    def stream_readable(self, stream: WebTransportStream) -> None:
        self._inbox.line_up(stream.take)

    def stream_reset(self, stream: WebTransportStream, code: int | None) -> None:
        self._inbox.tell(StreamReset(stream.stream_id, code))

    def stream_stopped(self, stream: WebTransportStream, code: int | None) -> None:
        self._inbox.tell(StreamStopped(stream.stream_id, code))

    def stream_over(self, stream: WebTransportStream) -> None:
        self.streams.pop(stream.stream_id, None)
        self._inbox.step_out(stream.take)
        self._table.stream_over(stream)

    # For its words

    def draining_heard(self) -> None:
        if not self._is_draining:
            self._is_draining = True
            self._inbox.tell(SessionDraining())

    def datagram_heard(self, data: bytes) -> None:
        if self._datagrams is not None:
            self._datagrams.received(data)

    def end_heard(self, code: int, reason: str) -> None:
        self._end(SessionClosed(code, reason))

    # Inside

    def _note(self, stream: WebTransportStream) -> None:
        stream_id = stream.stream_id
        self.streams[stream_id] = stream
        kind = stream_id & 3
        self._highest[kind] = max(stream_id, self._highest.get(kind, -1))
        stream.join(self)

    def _end(self, closed: SessionClosed) -> None:
        if self.closed is None:
            self._inbox.close(closed)
            for stream in tuple(self.streams.values()):
                stream.session_gone()

    def _datagram_arrived(self) -> None:
        self._inbox.line_up(self._take_datagram)

    def _take_datagram(self) -> DatagramReceived | None:
        assert self._datagrams is not None
        data = self._datagrams.try_receive()
        if len(self._datagrams):
            self._datagram_arrived()
        return None if data is None else DatagramReceived(data)

    def _server_drains(self) -> None:
        """GOAWAY was sent. The draft, §4.7: it "is also a signal to applications to initiate
        shutdown for all WebTransport sessions"."""
        if self.closed is None:
            self.draining_heard()
            start_inline(self.drain())

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open" if self._is_accepted else "new"
        return f"<WebTransportSession {self.session_id} {state} {len(self.streams)} streams>"

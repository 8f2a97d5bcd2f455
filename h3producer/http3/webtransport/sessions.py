"""The sessions of one connection, and which stream belongs to which.

This file knows tables: sessions by their ids, streams by theirs, and streams whose sessions have
not begun. It refuses to know what a stream begins with (`heads.py`) and what happens in a session.

Its one rule: a stream is in the table exactly while one of its halves is open, or somebody has not
taken all of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.http3.pace import PaceLimits, ResponsePace
from h3producer.http3.webtransport.session import WebTransportSession
from h3producer.http3.webtransport.stream import WebTransportStream
from h3producer.wire.webtransport import encode_stream_head

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.load import ConnectionLoad
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.transport import QuicTransport

__all__ = ["MAX_EARLY_STREAMS", "MAX_OPENED", "WebTransportSessions"]

MAX_EARLY_STREAMS: Final = 16
"""Streams of a connection that wait for their sessions to begin: what a client sends in one flight
with its request. Their bytes are bounded by the connection's window, as all are."""

MAX_OPENED: Final = 128
"""Streams of ours on a connection that are open, or have bytes that the client has not let go: as
many as it may have of its own, and 8 MiB of unsent bytes at most."""

_OWN_STREAMS: Final = frozenset((3, 7, 11))
"""Control and QPACK, which are HTTP/3's."""


class WebTransportSessions:
    """The sessions of one connection."""

    def __init__(self, transport: QuicTransport, config: Config) -> None:
        self._transport = transport
        self._max_sessions = config.max_webtransport_sessions
        self._sessions: dict[int, WebTransportSession] = {}
        self._early: defaultdict[int, list[WebTransportStream]] = defaultdict(list)
        self._early_since: dict[int, float] = {}
        self._limits = PaceLimits.of(config)
        self._paces: dict[int, ResponsePace] = {}
        self.streams: dict[int, WebTransportStream] = {}
        """All streams of all sessions that are not over, by id."""

    @property
    def is_full(self) -> bool:
        """No session may begin now."""
        return len(self._sessions) >= self._max_sessions

    # Sessions

    def begin(self, exchange: Http3Stream, load: ConnectionLoad) -> WebTransportSession:
        """A request for a session has come; streams of it may have come before."""
        session_id = exchange.stream_id
        session = self._sessions[session_id] = WebTransportSession(exchange, self, load)
        for stream in self._early.pop(session_id, ()):
            session.take_in(stream)
        return session

    def end(self, session_id: int) -> None:
        """The request is over, whether or not it was a session."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            session.forget()
        for stream in self._early.pop(session_id, ()):
            self._refuse(stream, ErrorCode.WEBTRANSPORT_SESSION_GONE)

    def forget_early(self) -> None:
        """No session begins any more: the connection is over."""
        for session_id in tuple(self._early):
            self.end(session_id)

    # Streams

    def arrived(self, stream_id: int, session_id: int, *, is_over: bool) -> WebTransportStream:
        """The client has opened a stream of a session; `is_over` if there is none any more."""
        stream = self.streams[stream_id] = WebTransportStream(stream_id, self._transport)
        session = self._sessions.get(session_id)
        if session is not None:
            session.take_in(stream)
        elif is_over:
            self._refuse(stream, ErrorCode.WEBTRANSPORT_SESSION_GONE)
        elif sum(map(len, self._early.values())) >= MAX_EARLY_STREAMS:
            # The draft, §4.6: "When the number of buffered streams is exceeded, a stream MUST be
            # closed by sending a RESET_STREAM and/or STOP_SENDING with the
            # WT_BUFFERED_STREAM_REJECTED error code."
            self._refuse(stream, ErrorCode.WEBTRANSPORT_BUFFERED_STREAM_REJECTED)
        else:
            self._early[session_id].append(stream)
        return stream

    def open_stream(self, session_id: int, is_bidirectional: bool) -> WebTransportStream:
        ours = {each for each in self.streams if each & 1}
        ours.update(each for each in self._transport.unsent_streams() if each & 1)
        if len(ours - _OWN_STREAMS) >= MAX_OPENED:
            raise LocalProtocolError(f"{MAX_OPENED} streams of ours are open on the connection.")
        open_one = self._transport.open_bidi_stream
        if not is_bidirectional:
            open_one = self._transport.open_uni_stream
        stream_id = open_one()
        stream = self.streams[stream_id] = WebTransportStream(stream_id, self._transport)
        self._transport.send(stream_id, encode_stream_head(stream_id, session_id))
        return stream

    def stream_over(self, stream: WebTransportStream) -> None:
        self.streams.pop(stream.stream_id, None)

    def is_ours(self, stream_id: int) -> bool:
        """Whether it is a stream that we opened for a session, perhaps one that is over."""
        return bool(stream_id & 1) and stream_id not in _OWN_STREAMS

    # Time

    def end_what_is_late(self, now: float) -> None:
        """Reset what the client does not take, and refuse what waits for no session to come."""
        paces = self._paces
        self._paces = {
            stream_id: paces.get(stream_id) or ResponsePace(self._limits.response)
            for stream_id in self._transport.unsent_streams()
            if stream_id in self.streams or self.is_ours(stream_id)
        }
        for stream_id, pace in self._paces.items():
            if pace.is_too_slow(now, self._transport.progress(stream_id)):
                self._transport.reset(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
                if (stream := self.streams.get(stream_id)) is not None:
                    stream.stop_received(ErrorCode.H3_REQUEST_CANCELLED)
        since = self._early_since
        self._early_since = {each: since.get(each, now) for each in self._early}
        for session_id, then in self._early_since.items():
            if now - then > self._limits.head:
                for stream in self._early.pop(session_id):
                    self._refuse(stream, ErrorCode.WEBTRANSPORT_BUFFERED_STREAM_REJECTED)

    def _refuse(self, stream: WebTransportStream, error_code: ErrorCode) -> None:
        stream.give_up(error_code)
        stream.forget()
        self.stream_over(stream)

"""What is said on one TCP connection: its exchanges, how long it may be quiet, and how it ends.

This file knows what Hypercorn's protocols ask of whoever runs them, and what HTTP/3's core needs to
run an exchange. It refuses to know sockets (`connection.py`) and HTTP's bytes (`protocols.py`).

How it ends. Over HTTP/1.1 responses say `connection: close` from then on, and what is idle is
closed, or in `FAREWELL` if its client is new and has not asked yet. Over HTTP/2 the client hears
GOAWAY; what it asks all the same is answered, since it may have asked before it heard; when nothing
is under way and `FAREWELL` is over, it is closed.

Its one rule: while `Config.request_buffer` bytes wait for applications nothing more is read. HTTP/2
shares them among its streams, as Hypercorn opens a stream's window whatever the application does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypercorn.events import Closed, RawData

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.http3.cause import Cause
from h3producer.http3.complaints import COMPLAINTS, ConnectionComplaints
from h3producer.http3.load import ConnectionLoad, Load
from h3producer.http3.transport import NO_PROGRESS, Progress
from h3producer.server.tcp.context import tcp_context
from h3producer.server.tcp.exchange import TcpExchange
from h3producer.server.tcp.protocols import Http1, Http2
from h3producer.server.tcp.request import heard_in, understood, upgrade_of
from h3producer.server.tcp.response_writer import TcpResponseWriter
from h3producer.server.tcp.stream import TcpStream
from h3producer.server.tcp.transport import TcpTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping

    from hypercorn.events import Event

    from h3producer.http3.exchange import Exchange
    from h3producer.server.tcp.connection import TcpConnection
    from h3producer.server.tcp.field_lines import TcpFieldLines
    from h3producer.server.tcp.request import Heard
    from h3producer.server.tcp.service import Service
    from h3producer.wire.fields import Fields

__all__ = ["FAREWELL", "Conversation"]

FAREWELL = 0.5
"""Seconds that such a quiet connection stays: a request may be on its way. RFC 9113 §6.8: "After
allowing time for any in-flight stream creation (at least one round-trip time)"."""


class Conversation:
    """The exchanges of one connection, from its beginning to its end."""

    def __init__(
        self, connection: TcpConnection, service: Service, lines: TcpFieldLines, source: Hashable
    ) -> None:
        """`lines` are the fields that each response gets if it has none of that name; `source` is
        what the service counts the connection by."""
        self.source = source
        self._connection = connection
        self._service = service
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._exchanges: set[TcpExchange] = set()
        self._streams: dict[int, TcpStream] = {}
        """Those that Hypercorn takes for open; over HTTP/1.1 one at most."""
        self._unread = 0
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._quiet_since = self._loop.time()
        self._head_since: float | None = None
        """When the first bytes of an HTTP/1.1 request came that has no whole head yet."""
        self._has_begun = False
        self._has_asked = False
        self._is_leaving = False
        self._may_leave = False
        self._load = ConnectionLoad(service.config)
        self._ticked_at = self._quiet_since
        self._complaints = ConnectionComplaints(COMPLAINTS)
        self._context = tcp_context(
            TcpTransport(self, connection.peer_address, connection.local_address, connection.tls),
            service,
            load=self._load,
            default_fields=self._default_fields,
            complain=self._complain,
            on_closed=self._exchange_closed,
        )
        tasks: Any = self  # of what their type asks for they use `spawn` and `spawn_app`
        speak = Http2 if connection.tls.protocol == "h2" else Http1
        addresses = (connection.peer_address, connection.local_address)
        self._spoken: Http1 | Http2 = speak(
            service.theirs, service.config.response_buffer, tasks, addresses, self._send
        )

    # For the listeners

    def start(self) -> None:
        """Take the client's first bytes."""
        self._connection.on_lost = self._lost
        self._service.opened(self)
        self._connection.spawn(self._listen())

    def tick(self, now: float) -> None:
        """About a second has gone by: look at what takes too long."""
        self._load.leak(now - self._ticked_at)
        self._ticked_at = now
        try:
            for exchange in list(self._exchanges):
                exchange.tick(now)
        except Http3ConnectionError as error:
            self._complain("connection closed: %s", error)
            self._connection.abort()
        config = self._service.config
        if self._head_since is not None and now - self._head_since > config.request_head_timeout:
            self._complain("connection closed: the request head did not come")
            self._connection.close()
        elif self._is_quiet and now - self._quiet_since > config.keep_alive_timeout:
            self._leave()

    def announce_shutdown(self) -> None:
        """Say that it ends, and go on."""
        if not self._is_leaving:
            self._is_leaving = True
            self._say_goaway()

    def shutdown(self) -> None:
        """End it as soon as what is under way has ended."""
        self.announce_shutdown()
        for exchange in list(self._exchanges):
            exchange.drain()
        if self._spoken.is_http_2 or not self._has_asked:
            self._loop.call_later(FAREWELL, self._expect_no_more)
        else:
            self._expect_no_more()

    def close(self) -> None:
        """End it now; its exchanges hear of it."""
        for exchange in list(self._exchanges):
            exchange.cut_by_server()
        self._connection.abort()

    # What Hypercorn asks for

    def spawn(
        self, function: Callable[..., Coroutine[object, object, None]], *args: object
    ) -> None:
        self._connection.spawn(function(*args))

    async def spawn_app(
        self, _app: object, _config: object, scope: Mapping[str, Any], _send: object
    ) -> Callable[[object], Awaitable[None]]:
        """A request: an exchange of ours takes it from here."""
        self._head_since = None
        self._has_asked = True
        self._load.count(Load.REQUESTS)
        heard = heard_in(scope)
        stream = TcpStream(
            self._spoken.newest_stream_id(),
            self,
            self._spoken.send,
            is_http_2=self._spoken.is_http_2,
            upgrade=upgrade_of(heard),
        )
        self._spoken.replace_stream(stream)
        writer = TcpResponseWriter(stream, self._context, self._connection.spawn)
        exchange = TcpExchange(
            heard.http_version, writer, self, self._context, self._service.handler
        )
        stream.audience = exchange
        self._streams[stream.stream_id] = stream
        self._exchanges.add(exchange)
        self._take(exchange, heard)
        return _ignored

    def _take(self, exchange: TcpExchange, heard: Heard) -> None:
        config = self._service.config
        if len(heard.headers) > config.max_fields:
            reason = f"The request has more than {config.max_fields} fields."
            cause = Cause.MAX_FIELD_SECTION_SIZE
            exchange.refuse(431, ErrorCode.H3_EXCESSIVE_LOAD, reason, cause)
            return
        try:
            request = understood(heard, self._connection.local_address)
        except Http3StreamError as error:
            exchange.refuse(400, error.error_code, str(error), Cause.MALFORMED_REQUEST)
        else:
            exchange.heard_head(request)

    async def _send(self, event: Event) -> None:
        """Bytes of Hypercorn's, or that it wants to end; waits until there is room."""
        if isinstance(event, RawData):
            self._connection.write(event.data)
            await self._connection.drained()
        elif isinstance(event, Closed):
            self._connection.close()

    # What streams and exchanges ask for

    @property
    def is_lost(self) -> bool:
        return self._connection.is_lost

    async def reset(self, stream_id: int, error_code: int) -> None:
        if isinstance(self._spoken, Http2):
            self._connection.write(await self._spoken.reset(stream_id, error_code))
        else:
            self._connection.abort()

    def run(self, steps: Coroutine[object, object, None]) -> None:
        self._connection.spawn(steps)

    def ended(self, stream: TcpStream) -> None:
        if self._streams.get(stream.stream_id) is stream:
            del self._streams[stream.stream_id]
        self._calm_down()

    def heard(self, count: int) -> None:
        self._unread += count
        if self._unread >= self._service.config.request_buffer:
            self._may_read.clear()

    def consumed(self, count: int) -> None:
        self._unread -= count
        if self._unread < self._service.config.request_buffer:
            self._may_read.set()

    def progress(self, stream_id: int) -> Progress:
        stream = self._streams.get(stream_id)
        if stream is None:
            return NO_PROGRESS
        waiting = self._spoken.unsent(stream_id) + self._connection.unsent
        unsent = min(waiting, stream.handed_over)
        return Progress(stream.handed_over - unsent, unsent)

    # Inside

    async def _listen(self) -> None:
        await self._spoken.start()
        self._has_begun = True
        self._say_goaway()
        while data := await self._connection.read():
            if not (self._streams or self._spoken.is_http_2 or self._head_since):
                self._head_since = self._loop.time()
            try:
                await self._spoken.receive(RawData(data))
            except (Http3ConnectionError, Http3StreamError) as error:
                self._complain("connection closed: %s", error)
                self._connection.abort()
                return
            await self._may_read.wait()

    def _say_goaway(self) -> None:
        # RFC 9113 §3.4: SETTINGS "MUST be the first frame the server sends".
        if self._has_begun and self._is_leaving and isinstance(self._spoken, Http2):
            self._connection.write(self._spoken.goaway())

    def _lost(self) -> None:
        for exchange in list(self._exchanges):
            exchange.connection_lost(ErrorCode.H3_REQUEST_CANCELLED, "by the client")
        self._connection.spawn(self._bury())
        self._service.closed(self)

    async def _bury(self) -> None:
        """Have Hypercorn let go of everything, and whoever waits for it."""
        try:
            await self._spoken.receive(Closed())
            await self._spoken.release()
        finally:
            # A request that Hypercorn has choked on chokes it again.
            self._connection.cancel()

    def _exchange_closed(self, exchange: Exchange) -> None:
        assert isinstance(exchange, TcpExchange)
        self._exchanges.discard(exchange)
        exchange.stream.leave()
        self._calm_down()

    @property
    def _is_quiet(self) -> bool:
        return not (self._streams or self._exchanges)

    def _calm_down(self) -> None:
        self._quiet_since = self._loop.time()
        self._leave_if_over()

    def _expect_no_more(self) -> None:
        self._may_leave = True
        self._leave_if_over()

    def _leave_if_over(self) -> None:
        if self._may_leave and self._is_quiet and not self.is_lost:
            self._leave()

    def _leave(self) -> None:
        self._connection.write(self._spoken.farewell())
        self._connection.close()

    def _default_fields(self) -> Fields:
        if not self._is_leaving:
            return self._lines.lines()
        fields = self._lines.plain()
        return fields if self._spoken.is_http_2 else [*fields, (b"connection", b"close")]

    def _complain(self, what: str, *details: object) -> None:
        self._complaints.log(self._connection.peer_address, what, *details)


async def _ignored(_message: object) -> None:
    """What Hypercorn's own stream has to tell its application, which is not there."""

"""qh3, driven as QUIC: a client that does what RFC 9114 §5.2 says of GOAWAY.

It makes new requests elsewhere from the first GOAWAY on, waits for those that are under way, and
repeats those that the server says it has not processed. Anything else has failed.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qh3.asyncio.client import connect
from qh3.asyncio.protocol import QuicConnectionProtocol
from qh3.h3.connection import H3_ALPN, H3Connection
from qh3.h3.events import DataReceived, GoawayReceived, HeadersReceived
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.events import ConnectionTerminated, StreamReset

from tests.bench.rolls.asker import ask_until

if TYPE_CHECKING:
    from qh3.h3.events import H3Event
    from qh3.quic.events import QuicEvent

    from tests.bench.rolls.asker import Count

__all__ = ["ask_by_qh3"]

SIZE = 2000
REQUEST_REJECTED = 0x10B
MAX_ATTEMPTS = 5


class Unprocessed(Exception):
    """The server has not processed it, and says so."""


class Exchange:
    """One request that is under way."""

    def __init__(self) -> None:
        self.status = b""
        self.size = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, error: Exception | None = None) -> None:
        if self.over.done():
            return
        if error is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(error)


class Connection(QuicConnectionProtocol):  # type: ignore[misc]  # qh3 is not typed for us
    """One connection."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.h3 = H3Connection(self._quic)
        self.exchanges: dict[int, Exchange] = {}
        self.goaway: int | None = None
        self.is_over = False

    @property
    def takes_requests(self) -> bool:
        return self.goaway is None and not self.is_over

    async def ask(self, authority: str) -> None:
        """Make a request. Raises `Unprocessed` if it may be made again."""
        stream_id = self._quic.get_next_available_stream_id()
        exchange = self.exchanges[stream_id] = Exchange()
        fields = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", authority.encode()),
            (b":path", f"/bytes/{SIZE}".encode()),
        ]
        self.h3.send_headers(stream_id, fields, end_stream=True)
        self.transmit()
        try:
            await exchange.over
        finally:
            del self.exchanges[stream_id]
        if exchange.status != b"200" or exchange.size != SIZE:
            raise ValueError(f"status {exchange.status!r}, {exchange.size} bytes")

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamReset) and event.stream_id in self.exchanges:
            rejected = event.error_code == REQUEST_REJECTED
            error = Unprocessed() if rejected else ValueError(f"reset {event.error_code:#x}")
            self.exchanges[event.stream_id].end(error)
        elif isinstance(event, ConnectionTerminated):
            self.is_over = True
            for stream_id, exchange in self.exchanges.items():
                # RFC 9114 §5.2: "Requests on stream IDs greater than or equal to the value in the
                # GOAWAY frame" were not processed.
                not_processed = self.goaway is not None and stream_id >= self.goaway
                exchange.end(Unprocessed() if not_processed else ValueError(f"closed: {event}"))
        for each in self.h3.handle_event(event):
            self._h3_event_received(each)

    def _h3_event_received(self, event: H3Event) -> None:
        if isinstance(event, GoawayReceived):
            self.goaway = event.stream_id
            return
        exchange = self.exchanges.get(getattr(event, "stream_id", -1))
        if exchange is None:
            return
        if isinstance(event, HeadersReceived):
            exchange.status = dict(event.headers)[b":status"]
        elif isinstance(event, DataReceived):
            exchange.size += len(event.data)
        if getattr(event, "stream_ended", False):
            exchange.end()


async def ask_by_qh3(origin: str, cafile: str, pause: float, *, stays: bool) -> None:
    """Ask until standard input ends; `stays`: over a connection that is kept until GOAWAY."""
    url = urlsplit(origin)
    host, port = url.hostname, url.port
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, server_name="localhost", idle_timeout=10.0
    )
    configuration.verify_mode = ssl.CERT_REQUIRED
    configuration.load_verify_locations(cafile=cafile)
    opening = asyncio.Lock()
    connection: Connection | None = None
    ends: dict[Connection, asyncio.Event] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def opened(count: Count) -> Connection:
        made: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        end = asyncio.Event()

        async def hold() -> None:
            try:
                async with connect(
                    host, port, configuration=configuration, create_protocol=Connection
                ) as protocol:
                    made.set_result(protocol)
                    await end.wait()
            except Exception as error:
                if not made.done():
                    made.set_exception(error)

        task = asyncio.create_task(hold())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        found = await made
        count.connections += 1
        ends[found] = end
        return found

    async def current(count: Count) -> Connection:
        nonlocal connection
        async with opening:
            if connection is None or not connection.takes_requests:
                connection = await opened(count)
            return connection

    async def ask(count: Count) -> None:
        for _ in range(MAX_ATTEMPTS):
            on = await (current(count) if stays else opened(count))
            try:
                await on.ask(url.netloc)
                return
            except Unprocessed:
                count.repeated += 1
            finally:
                if not (stays and on.takes_requests) and not on.exchanges:
                    ends.pop(on, asyncio.Event()).set()
        raise ValueError(f"not processed {MAX_ATTEMPTS} times")

    with suppress(asyncio.CancelledError):
        await ask_until(ask, pause)
    for end in ends.values():
        end.set()
    await asyncio.gather(*tasks, return_exceptions=True)

"""A response that is made to be drawn: an application, a client beside it, and a log of both.

This file knows how the client behaves: how far the server may go ahead, when it stops reading and
for how long, and how long the way is that its datagrams take. It refuses to know files of events
(`records.py`) and pictures.

Its one rule: the server is the one that `h3producer APP` starts, with `qlog_dir`; what is put on is
around it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.client.connection import connect
from h3producer.client.errors import ClientError
from h3producer.client.link import ClientLink
from h3producer.client.target import Target
from h3producer.server.server import Server
from h3producer.trace.records import Event, Recording, TraceError, read_recording

if TYPE_CHECKING:
    from h3producer.client.response import ClientResponse
    from h3producer.config import Config
    from h3producer.quic.engine import Address, Datagram

__all__ = ["Visit", "record"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the client does."""

    path: str = "/"
    window: int = 128 * 1024
    """Bytes that the server may send ahead of what was read."""
    round_trip: float = 0.04
    """Seconds that are added to the way there and back, which on one machine is none."""
    stops_after: int | None = None
    """Bytes of the body behind which the client stops reading, once."""
    pause: float = 0.3
    """Seconds until it reads on."""


async def record(config: Config, visit: Visit) -> Recording:
    """Serve `config.app` to one client; all that happened. Raises TraceError without a response."""
    with tempfile.TemporaryDirectory() as directory:
        ours = {"host": "127.0.0.1", "port": 0, "bind": (), "qlog_dir": directory}
        stops: list[float] = []
        async with Server(replace(config, **ours, qlog_sample=1.0)) as server:  # type: ignore[arg-type]  # names and types are `Config`'s
            await _visit(server, visit, stops)
        recording = read_recording(_only(Path(directory)))
    names = ("client_stopped", "client_went_on")
    return recording.with_events(
        [
            Event((moment * 1000) - recording.began, name, {})
            for moment, name in zip(stops, names, strict=False)
        ]
    )


async def _visit(server: Server, visit: Visit, stops: list[float]) -> None:
    host, port = server.addresses[0]
    target = Target.from_url(f"https://{host}:{port}{visit.path}")

    def make_link() -> ClientLink:
        return DelayedLink(visit.round_trip / 2) if visit.round_trip else ClientLink()

    try:
        async with connect(
            target, verify=False, window=visit.window, make_link=make_link
        ) as connection:
            # A response that is cut is drawn, too: as far as it goes.
            with suppress(ClientError):
                await _read(connection.request("GET"), visit, stops)
    except ClientError as error:
        raise TraceError(f"No response: {error}") from error


async def _read(response: ClientResponse, visit: Visit, stops: list[float]) -> None:
    """Read it all; `stops` gets the moments when reading stops and goes on."""
    await response.head()
    left = visit.stops_after
    async for piece in response:
        if left is not None:
            left -= len(piece)
            if left <= 0:
                left = None
                stops.append(time.time())
                await asyncio.sleep(visit.pause)
                stops.append(time.time())


def _only(directory: Path) -> Path:
    for path in directory.iterdir():
        return path
    raise TraceError("The server has noted nothing.")


class DelayedLink(ClientLink):
    """A client's socket at the end of a long way."""

    def __init__(self, delay: float) -> None:
        """`delay` is in seconds, each way."""
        super().__init__()
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self._leaving: deque[list[Datagram]] = deque()
        """What is still on our side of the way."""
        self._is_closed = False

    def close(self) -> None:
        while self._leaving:
            self._leave()  # the last word, which nobody waits for
        self._is_closed = True
        super().close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._loop.call_later(self._delay, self._arrive, data, addr)

    def send(self, datagrams: list[Datagram]) -> None:
        self._leaving.append(datagrams)
        self._loop.call_later(self._delay, self._leave)

    def _arrive(self, data: bytes, addr: Address) -> None:
        if not self._is_closed:
            super().datagram_received(data, addr)

    def _leave(self) -> None:
        if self._leaving:
            super().send(self._leaving.popleft())

"""One connection of a client that behaves, and the process that such a client is.

This file knows how a small GET is asked and timed on one connection, and how a process is told for
how long to measure. It refuses to know how often anybody asks.

Its one rule: a process does one client's work. Two in one would wait for each other, and that would
be taken for the server's fault.
"""

from __future__ import annotations

import json
import logging
import select
import ssl
import sys
import time
from typing import TYPE_CHECKING

from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection
from qh3.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    StreamDataReceived,
    StreamReset,
)

from tests.bench.client import UdpPeer, headers_frame, open_control_stream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PATIENCE", "Line", "answer_lines"]

PATIENCE = 10.0
"""Seconds after which a request has failed."""

REQUEST = headers_frame("GET", "/")

logging.getLogger("quic").setLevel(logging.CRITICAL)


class Line:
    """One connection with at most one request on it. A `Session` for its `UdpPeer`."""

    def __init__(self, address: tuple[str, int], source: str | None = None) -> None:
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=["h3"],
            server_name="localhost",
            verify_mode=ssl.CERT_NONE,
            probe_datagram_size=False,
            idle_timeout=30.0,
        )
        self._quic = QuicConnection(configuration=configuration)
        self._stream_id: int | None = None
        self.started = time.perf_counter()
        self.took: float | None = None
        """Seconds of the last request, when it has been answered."""
        self.is_ready = False
        self.is_lost = False
        self.peer = UdpPeer(self._quic, address, self, source)

    @property
    def is_waiting(self) -> bool:
        return self._stream_id is not None

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self._stream_id is None

    def ask(self, since: float) -> None:
        """Send a request that is measured from `since`."""
        self.started, self.took = since, None
        self._stream_id = self._quic.get_next_available_stream_id()
        self._quic.send_stream_data(self._stream_id, REQUEST, end_stream=True)
        self.peer.flush()

    def event_received(self, event: object) -> None:
        if isinstance(event, StreamDataReceived):
            if event.stream_id == self._stream_id and event.end_stream:
                self.took = time.perf_counter() - self.started
                self._stream_id = None
        elif isinstance(event, HandshakeCompleted):
            self.is_ready = True
            open_control_stream(self._quic)
        elif isinstance(event, ConnectionTerminated) or (
            isinstance(event, StreamReset) and event.stream_id == self._stream_id
        ):
            self.is_lost = True

    def wait(self, seconds: float) -> None:
        """Take part in the connection: until something comes, a timer, or for so long."""
        peer = self.peer
        when = peer.quic.get_timer()
        until_timer = seconds if when is None else when - time.monotonic()
        timeout = max(0.0, min(seconds, 0.05, until_timer))
        if select.select([peer.socket], [], [], timeout)[0]:
            peer.receive()
        else:
            peer.handle_timer()

    def write(self) -> None:
        """All is written in `ask`."""

    def close(self) -> None:
        self.peer.close()


def answer_lines(measure: Callable[[tuple[str, int], float], dict[str, float]]) -> None:
    """Measure for as many seconds as each line of the standard input says, answer in JSON.

    The command line has host and port.
    """
    address = sys.argv[1], int(sys.argv[2])
    for each in sys.stdin:
        print(json.dumps(measure(address, float(each))), flush=True)

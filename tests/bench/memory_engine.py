"""The QUIC engine between two lists: what a request costs below HTTP/3.

This file knows how to bring an engine connection and an aioquic client together without sockets.
It refuses to know HTTP/3: a request is some bytes with FIN, and so is the answer. Its one rule:
the stopwatch runs only while the server's side works.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from h3producer.config import Config
from h3producer.quic.acceptor import Acceptor, Newcomer
from h3producer.quic.aioquic import AioquicEngine
from tests.fakes import RecordingInputs
from tests.pair import make_credentials

if TYPE_CHECKING:
    from h3producer.quic.engine import EngineConnection

__all__ = ["EngineLoad"]

CLIENT = ("192.0.2.1", 50000)
SERVER = ("192.0.2.2", 443)
STEP = 0.0005
"""Seconds that a datagram travels, on a clock of our own."""


class EngineLoad:
    """A server's engine connection that answers each stream of its client."""

    def __init__(self, request: bytes, response: bytes) -> None:
        self._request = request
        self._now = 0.0
        self._spent = 0.0
        self._client = QuicConnection(
            configuration=QuicConfiguration(
                is_client=True,
                alpn_protocols=["h3"],
                server_name="localhost",
                verify_mode=ssl.CERT_NONE,
            )
        )
        self._client.connect(SERVER, self._now)
        self._server = self._accept(_Answering(response))
        for _ in range(4):
            self._travel()

    def microseconds_per_request(self, requests: int, at_once: int) -> float:
        """Server time for a request, `at_once` of them on the way together."""
        self._spent = 0.0
        for _ in range(max(1, requests // at_once)):
            for _ in range(at_once):
                stream_id = self._client.get_next_available_stream_id()
                self._client.send_stream_data(stream_id, self._request, end_stream=True)
            self._travel()
        return self._spent / requests * 1e6

    def _accept(self, observer: _Answering) -> EngineConnection:
        """The server's side, as far as the client's first flight makes it."""
        engine = AioquicEngine(Config(), make_credentials())
        first, *rest = [data for data, _ in self._client.datagrams_to_send(self._now)]
        newcomer = Acceptor(engine, Config(retry="never")).judge(first, CLIENT, self._now)
        assert isinstance(newcomer, Newcomer)
        connection = newcomer.connection
        connection.observer = observer
        observer.connection = connection
        for data in (first, *rest):
            connection.receive_datagram(data, CLIENT, now=self._now)
        return connection

    def _travel(self) -> None:
        """The server's datagrams to the client, the client's to the server."""
        self._now += STEP
        start = time.perf_counter()
        answers = self._server.datagrams_to_send(self._now)
        self._spent += time.perf_counter() - start
        for data, _ in answers:
            self._client.receive_datagram(data, SERVER, self._now)
        while self._client.next_event() is not None:
            pass
        requests = self._client.datagrams_to_send(self._now)
        start = time.perf_counter()
        for data, _ in requests:
            self._server.receive_datagram(data, CLIENT, now=self._now)
        self._spent += time.perf_counter() - start


class _Answering(RecordingInputs):
    """An observer that answers each stream at its end, and remembers nothing."""

    connection: EngineConnection

    def __init__(self, response: bytes) -> None:
        super().__init__()
        self._response = response

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        if end_stream and not stream_id & 0x2:
            self.connection.send(stream_id, self._response, True)

    def handshake_completed(self) -> None: ...

    def connection_id_issued(self, connection_id: bytes) -> None: ...

    def connection_id_retired(self, connection_id: bytes) -> None: ...

    def rule_broken(self, sentence: str) -> None: ...

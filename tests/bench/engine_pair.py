"""The QUIC engine between two lists: one server's connection and one client's, without sockets.

This file knows how to bring an engine connection and an aioquic client together and to let either
take one step. It refuses to know HTTP/3: a request is some bytes with FIN, and so is the answer.
Its one rule: each step is the work of one side alone, so that a stopwatch can be held on it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from h3producer.config import Config
from h3producer.quic.acceptor import Acceptor, Newcomer
from h3producer.quic.aioquic import AioquicEngine
from tests.fakes import RecordingInputs
from tests.pair import make_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.quic.engine import EngineConnection

__all__ = ["EnginePair"]

CLIENT = ("192.0.2.1", 50000)
SERVER = ("192.0.2.2", 443)
STEP = 0.002
"""Seconds from one step of the client to the next, on a clock of our own: longer than aioquic's
client delays an acknowledgement."""


class EnginePair:
    """A server's engine connection that answers each stream of its client with `response`."""

    def __init__(self, response: bytes = b"") -> None:
        self._now = 0.0
        self._client = QuicConnection(
            configuration=QuicConfiguration(
                is_client=True,
                alpn_protocols=["h3"],
                server_name="localhost",
                verify_mode=ssl.CERT_NONE,
            )
        )
        self._client.connect(SERVER, self._now)
        self.server = self._accept(_Answering(response))
        for _ in range(4):
            self.travel()

    # The client's steps

    def ask(self, request: bytes, count: int = 1) -> None:
        """Requests on streams of their own; they leave with `client_datagrams`."""
        for _ in range(count):
            stream_id = self._client.get_next_available_stream_id()
            self._client.send_stream_data(stream_id, request, end_stream=True)

    def client_datagrams(self) -> list[bytes]:
        """Time passes, and the client says what it has to say."""
        self._now += STEP
        due = self._client.get_timer()
        if due is not None and due <= self._now:
            self._client.handle_timer(self._now)
        return [data for data, _ in self._client.datagrams_to_send(self._now)]

    def client_receives(self, datagrams: Sequence[bytes]) -> None:
        for data in datagrams:
            self._client.receive_datagram(data, SERVER, self._now)
        while self._client.next_event() is not None:
            pass

    # The server's

    def receive(self, datagrams: Sequence[bytes]) -> None:
        receive, now = self.server.receive_datagram, self._now
        for data in datagrams:
            receive(data, CLIENT, now=now)

    def flush(self) -> list[bytes]:
        return [data for data, _ in self.server.datagrams_to_send(self._now)]

    def travel(self) -> None:
        """What both have to say, first the server."""
        self.client_receives(self.flush())
        self.receive(self.client_datagrams())

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


class _Answering(RecordingInputs):
    """An observer that answers each stream at its end, and remembers nothing."""

    connection: EngineConnection

    def __init__(self, response: bytes) -> None:
        super().__init__()
        self._response = response

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self.connection.grant(stream_id, len(data))
        if end_stream and not stream_id & 0x2:
            self.connection.send(stream_id, self._response, True)

    def early_data_accepted(self) -> None: ...

    def handshake_completed(self) -> None: ...

    def connection_id_issued(self, connection_id: bytes) -> None: ...

    def connection_id_retired(self, connection_id: bytes) -> None: ...

    def peer_token_changed(self, old: bytes, new: bytes) -> None: ...

    def rule_broken(self, sentence: str) -> None: ...

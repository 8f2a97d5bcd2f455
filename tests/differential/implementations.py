"""The implementations that are asked: ours, and each other one that is installed.

    ours      the whole core on the fake transport
    aioquic   its H3Connection (Python, pylsqpack)
    qh3       its H3Connection (Python, its own QPACK in Rust)
    nghttp3   in webtransport-py (C; Python 3.12 and later)

This file knows how each is fed and what it says when it refuses. It refuses to know who is right.
Its one rule: the parts of another implementation that would need a network are replaced by a stub
that remembers one thing, whether the connection or the stream was ended.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from h3producer.errors import RequestAborted
from tests.differential.opinion import REFUSED, Verdict, verdict
from tests.http3.harness import Client

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from h3producer.wire.fields import Fields

__all__ = ["CONTROL", "Aioquic", "Nghttp3", "Ours", "Qh3", "Stub"]

CONTROL = b"\x00\x04\x00"
"""The peer's control stream: SETTINGS that say nothing."""


class Ours:
    name = "ours"

    def judge(self, pieces: list[bytes]) -> Verdict:
        return asyncio.run(self._judge(pieces))

    async def _judge(self, pieces: list[bytes]) -> Verdict:
        seen: list[Verdict] = []

        async def application(stream: Http3Stream) -> None:
            content = b""
            try:
                while chunk := await stream.body.read_chunk():
                    content += chunk
            except RequestAborted:
                return
            request = stream.request
            pseudo = {
                b":method": request.method.encode(),
                b":scheme": request.scheme.encode(),
                b":authority": request.authority.encode(),
                b":path": request.path,
            }
            section = [(name, value) for name, value in pseudo.items() if value]
            trailers = stream.body.trailers or []
            seen.append(verdict([*section, *request.headers], content, trailers))
            stream.response.start(200)
            await stream.response.complete()

        client = Client(application)
        client.send(CONTROL, on=2)
        client.send(*pieces, end=True)
        await client.idle()
        client.lose()
        await client.idle()
        return seen[0] if seen else REFUSED


class Stub:
    """What an H3Connection asks of its QUIC connection."""

    def __init__(self, *, is_client: bool) -> None:
        self.configuration = SimpleNamespace(is_client=is_client)
        self._quic_logger = None
        self._remote_max_datagram_frame_size = None
        self._next_id = 2 if is_client else 3
        self.is_ended = False

    def get_next_available_stream_id(self, is_unidirectional: bool = False) -> int:
        self._next_id += 4
        return self._next_id - 4

    def send_stream_data(self, stream_id: int, data: bytes, end_stream: bool = False) -> None:
        pass

    def close(self, error_code: int, reason_phrase: str = "", **_: object) -> None:
        self.is_ended = True

    def reset_stream(self, stream_id: int, error_code: int) -> None:
        self.is_ended = True


class _H3Connection:
    """aioquic, and qh3 which comes from it."""

    name: str
    connection: Any
    """Their classes: two libraries with the same names."""
    stream_data_received: Any

    def judge(self, pieces: list[bytes]) -> Verdict:
        stub = Stub(is_client=False)
        h3 = self.connection(stub)
        section: Fields | None = None
        trailers: Fields = []
        content, has_ended = b"", False
        inputs = [(2, CONTROL, False), *((0, piece, False) for piece in pieces), (0, b"", True)]
        for stream_id, piece, ends in inputs:
            event = self.stream_data_received(data=piece, end_stream=ends, stream_id=stream_id)
            for each in h3.handle_event(event):
                if hasattr(each, "headers") and section is None:
                    section = list(each.headers)
                elif hasattr(each, "headers"):
                    trailers = list(each.headers)
                else:
                    content += each.data
                has_ended |= each.stream_ended
        if stub.is_ended or section is None or not has_ended:
            return REFUSED
        return verdict(section, content, trailers)


class Aioquic(_H3Connection):
    name = "aioquic"

    def __init__(self) -> None:
        from aioquic.h3.connection import H3Connection
        from aioquic.quic.events import StreamDataReceived

        self.connection, self.stream_data_received = H3Connection, StreamDataReceived


class Qh3(_H3Connection):
    name = "qh3"

    def __init__(self) -> None:
        from qh3.h3.connection import H3Connection
        from qh3.quic.events import StreamDataReceived

        self.connection, self.stream_data_received = H3Connection, StreamDataReceived


class Nghttp3:
    name = "nghttp3"

    def __init__(self) -> None:
        from webtransport import http3

        self.http3 = http3

    def judge(self, pieces: list[bytes]) -> Verdict:
        server = self._server()
        # In one piece: 0 is how an error looks, and how the inside of a DATA frame does. After an
        # error it must not be asked again: the library aborts the process. An end behind a DATA
        # frame has no event.
        if not server.receive_stream_data(0, b"".join(pieces), True):
            return REFUSED
        sections: list[Fields] = []
        content = b""
        while (event := server.next_event()) is not None:
            kind = event.type
            if kind == self.http3.EventType.HEADERS:
                sections.append([(n.encode(), v.encode()) for n, v in event.headers])
            elif kind == self.http3.EventType.DATA:
                content += event.data
        if not sections:
            return REFUSED
        return verdict(sections[0], content, sections[1] if len(sections) > 1 else [])

    def _server(self) -> Any:
        config = self.http3.Config()
        config.is_server = True
        server = self.http3.Connection.create_server(config)
        server.bind_control_stream(3)
        server.bind_qpack_encoder_stream(7)
        server.bind_qpack_decoder_stream(11)
        server.receive_stream_data(2, CONTROL, False)
        return server

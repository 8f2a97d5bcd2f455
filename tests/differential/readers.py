"""The other implementations as clients: what each reads in the bytes of a response of ours.

This file knows how each is told of its request and fed with the answer. It refuses to know what we
meant. Its one rule: a client that finds fault with a response gives no reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.differential.implementations import CONTROL, Stub

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = ["AioquicClient", "Nghttp3Client", "Qh3Client", "Reader", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What a client reads: all field sections in their order, and the content."""

    sections: list[Fields]
    content: bytes


class Reader(Protocol):
    """One implementation, as a client."""

    def read(self, method: bytes, response: bytes) -> Reading | None:
        """The response to a request with this method; None if the client refuses it."""


def request(method: bytes) -> Fields:
    return [
        (b":method", method),
        (b":scheme", b"https"),
        (b":authority", b"h3.example"),
        (b":path", b"/"),
    ]


class _H3Client:
    """aioquic, and qh3 which comes from it."""

    connection: Any
    stream_data_received: Any

    def read(self, method: bytes, response: bytes) -> Reading | None:
        stub = Stub(is_client=True)
        h3 = self.connection(stub)
        h3.send_headers(0, request(method), end_stream=True)
        sections: list[Fields] = []
        content, has_ended = b"", False
        for stream_id, octets, ends in ((3, CONTROL, False), (0, response, True)):
            event = self.stream_data_received(data=octets, end_stream=ends, stream_id=stream_id)
            for each in h3.handle_event(event):
                if hasattr(each, "headers"):
                    sections.append(list(each.headers))
                else:
                    content += each.data
                has_ended |= getattr(each, "stream_ended", False)
        return None if stub.is_ended or not has_ended else Reading(sections, content)


class AioquicClient(_H3Client):
    def __init__(self) -> None:
        from aioquic.h3.connection import H3Connection
        from aioquic.quic.events import StreamDataReceived

        self.connection, self.stream_data_received = H3Connection, StreamDataReceived


class Qh3Client(_H3Client):
    def __init__(self) -> None:
        from qh3.h3.connection import H3Connection
        from qh3.quic.events import StreamDataReceived

        self.connection, self.stream_data_received = H3Connection, StreamDataReceived


class Nghttp3Client:
    def __init__(self) -> None:
        from webtransport import http3

        self.http3 = http3

    def read(self, method: bytes, response: bytes) -> Reading | None:
        config = self.http3.Config()
        config.is_server = False
        client = self.http3.Connection.create_client(config)
        client.bind_control_stream(2)
        client.bind_qpack_encoder_stream(6)
        client.bind_qpack_decoder_stream(10)
        client.receive_stream_data(3, CONTROL, False)
        fields = [(name.decode(), value.decode()) for name, value in request(method)]
        assert client.submit_request(0, fields)
        client.get_streams_to_send()
        if not client.receive_stream_data(0, response, True):
            return None  # in one piece, as in `implementations.py`
        sections: list[Fields] = []
        content = b""
        while (event := client.next_event()) is not None:
            if event.type == self.http3.EventType.HEADERS:
                sections.append([(name.encode(), value.encode()) for name, value in event.headers])
            elif event.type == self.http3.EventType.DATA:
                content += event.data
        return Reading(sections, content)

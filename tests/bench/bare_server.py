"""The least server that aioquic's own parts make: what HTTP/3 on aioquic costs without us.

This file knows `aioquic.asyncio.serve` and `H3Connection`, used as their documentation shows. It
refuses to be an ASGI server: a GET of `/` and of `/bytes/N` is answered by the event handler
itself, without a task, and an upload is counted. Whole bodies are handed to aioquic at once: it
has nothing that could be waited for.

    python -m tests.bench.bare_server PORT CERTFILE KEYFILE
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

from tests.bench.content import chunks

__all__ = ["BareProtocol"]

HELLO = b"Hello, World!"


class BareProtocol(QuicConnectionProtocol):
    """Answers from inside `quic_event_received`; one `transmit` per datagram does the sending."""

    _http: H3Connection | None = None
    _uploads: Counter[int]

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
            self._uploads = Counter()
        if self._http is not None:
            for h3_event in self._http.handle_event(event):
                self._answer(self._http, h3_event)

    def _answer(self, http: H3Connection, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            fields = dict(event.headers)
            if fields[b":method"] == b"GET":
                self._respond(http, event.stream_id, body_of(fields[b":path"]))
        elif isinstance(event, DataReceived):
            self._uploads[event.stream_id] += len(event.data)
            if event.stream_ended:
                count = self._uploads.pop(event.stream_id)
                self._respond(http, event.stream_id, b"%d" % count)

    def _respond(self, http: H3Connection, stream_id: int, body: bytes) -> None:
        http.send_headers(
            stream_id,
            [
                (b":status", b"200"),
                (b"content-type", b"text/plain"),
                (b"content-length", b"%d" % len(body)),
            ],
        )
        http.send_data(stream_id, body, end_stream=True)


def body_of(path: bytes) -> bytes:
    if path.startswith(b"/bytes/"):
        return b"".join(chunks(int(path[7:])))
    return HELLO


async def main(port: int, certfile: str, keyfile: str) -> None:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(certfile, keyfile)
    await serve("127.0.0.1", port, configuration=configuration, create_protocol=BareProtocol)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))

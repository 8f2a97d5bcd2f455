"""A response to a client that stops reading, on a path of 40 ms, told by qlog: the same each time.

    python -m tests.trace            # draws docs/backpressure.svg from it

The server, its connection and the log are real; the network and the clock are `tests/pair.py`'s, so
that nothing depends on the machine. This file knows the play. It refuses to know pictures.
"""

from __future__ import annotations

import datetime
import random
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.http3.qlog.tap import tapped
from h3producer.http3.qlog.writes import noting_handler
from h3producer.wire.frames import FrameType, StreamType, encode_frame
from h3producer.wire.qpack import FieldSectionEncoder
from tests.pair import Client, Pair, TestCredentials

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.http3.transport import ConnectionInputs, QuicTransport

__all__ = ["play"]

KIB = 1024

TRIP = 0.020
"""Seconds from one end to the other."""
WINDOW = 256 * KIB
"""Bytes that the client lets a stream send ahead of what it has read."""
WRITE = 48 * KIB
WRITES = 24
STOPS_AT = 0.200
READS_ON_AT = 0.520
"""Seconds since the request left."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Writes as fast as it may."""
    headers = [(b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(WRITES):
        await send({"type": "http.response.body", "body": bytes(WRITE), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def play(directory: Path, response_buffer: int = Config.response_buffer) -> Path:
    """Play it once; the log. `response_buffer` is as in `Config`."""
    before = random.getstate()
    random.seed(0)  # a server skips packet numbers, which nobody is to foresee
    try:
        await _play(directory, response_buffer)
    finally:
        random.setstate(before)
    return _only(directory)


async def _play(directory: Path, response_buffer: int) -> None:
    config = Config(
        qlog_dir=str(directory),
        response_buffer=response_buffer,
        fast_path=True,
        date_header=False,
        server_header=None,
    )

    def accept(transport: QuicTransport) -> ConnectionInputs:
        journal = transport.journal
        assert journal is not None
        handler = noting_handler(AsgiAdapter(app), journal)
        return tapped(transport, journal, lambda outward: Http3Connection(outward, handler, config))

    client = Client(max_stream_data=WINDOW, max_data=64 * WINDOW)
    pair = Pair(accept, config, client=client, credentials=_credentials(), delay=TRIP)
    noting = pair.engine._noting
    assert noting is not None
    noting.directory.clock = lambda: pair.loop.now
    await pair.connect()
    client.send(client.open(is_unidirectional=True), bytes((StreamType.CONTROL,)) + _SETTINGS)
    stream_id = client.open()
    client.send(stream_id, _REQUEST, end_stream=True)
    asked = pair.loop.now
    await pair.advance(STOPS_AT)
    client.stop_reading()
    _note(pair, "client_stopped")
    await pair.advance(asked + READS_ON_AT - pair.loop.now)
    client.resume_reading()
    _note(pair, "client_went_on")
    await pair.drive()
    assert stream_id in client.fins
    client.close()
    await pair.advance(5)


def _note(pair: Pair, what: str) -> None:
    journal = pair.transport.journal
    assert journal is not None
    journal.note(f"h3producer:{what}", {})


def _only(directory: Path) -> Path:
    (path,) = directory.iterdir()
    return path


_SETTINGS = encode_frame(FrameType.SETTINGS, b"")
_REQUEST = encode_frame(
    FrameType.HEADERS,
    FieldSectionEncoder().encode(
        [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", b"localhost"),
            (b":path", b"/report"),
        ]
    ),
)


def _credentials() -> TestCredentials:
    """A certificate of which nothing depends on chance, its length least of all."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    then = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(then)
        .not_valid_after(then + datetime.timedelta(days=1))
    )
    return TestCredentials(builder.sign(key, None), (), key)

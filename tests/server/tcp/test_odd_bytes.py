"""What clients of TCP may send that is no request: it costs their connection, and nobody a line in
the log that an operator would have to look at."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from tests.e2e.apps import hello
from tests.server.tcp.clients import Http1Client, Http2Client, tls

if TYPE_CHECKING:
    from h3producer.server.server import Server
    from tests.e2e.server import Serve

pytestmark = pytest.mark.once

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream_id.to_bytes(4, "big") + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A field line of HPACK that compresses nothing (RFC 7541 §6.2.2)."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


def headers(**fields: bytes) -> bytes:
    """HEADERS of a whole request, with `:` in front of each name."""
    block = b"".join(literal(b":" + name.encode(), value) for name, value in fields.items())
    return PREFACE + SETTINGS + frame(1, 5, 1, block)


GET = {"method": b"GET", "scheme": b"https", "authority": b"a", "path": b"/"}

HTTP_1 = {
    "zeros": bytes(100),
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    "a host that is none": b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
    "a bad length": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
    "a bad chunk": b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
    "a long head": b"GET / HTTP/1.1\r\nhost: a\r\na: " + bytes([97]) * 100_000,
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n",
    "HTTP/2's preface": PREFACE + SETTINGS,
    "an upgrade to h2c": b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\n"
    b"upgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n",
    "a WebSocket of another version": b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n"
    b"upgrade: websocket\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"sec-websocket-version: 9\r\n\r\n",
}
HTTP_2 = {
    "zeros": bytes(100),
    "HTTP/1.1": b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "a frame that is too large": PREFACE + b"\xff\xff\xff\0\0\0\0\0\1",
    "DATA on no stream": PREFACE + SETTINGS + frame(0, 0, 0, b"x"),
    "DATA on a stream that is not open": PREFACE + SETTINGS + frame(0, 0, 1, b"x"),
    "no path": headers(method=b"GET", scheme=b"https", authority=b"a"),
    "a path that is no ASCII": headers(**(GET | {"path": b"/\xff"})),
    "a path that is none": headers(**(GET | {"path": b"x"})),
    "an authority that is none": headers(**(GET | {"authority": b"a/b"})),
    "CONNECT": headers(method=b"CONNECT", authority=b"a:1"),
    "a tunnel for another protocol": headers(**(GET | {"method": b"CONNECT", "protocol": b"x"})),
    "HPACK that is none": PREFACE + SETTINGS + frame(1, 5, 1, b"\xff" * 20),
    "an endless header block": PREFACE + SETTINGS + frame(1, 1, 1, b"") + frame(9, 0, 1, b"") * 500,
    "a window that overflows": PREFACE + SETTINGS + frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2,
}


async def sent(server: Server, protocol: str, data: bytes) -> None:
    """Send it, say no more, and read what comes until the server has been silent for a moment."""
    reader, writer = await asyncio.open_connection(*server.addresses[0], ssl=tls(protocol))
    writer.write(data)
    try:
        async with asyncio.timeout(0.02):
            while await reader.read(65_536):
                pass
    except (TimeoutError, OSError):
        pass
    writer.transport.abort()


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
async def test_odd_bytes_cost_their_sender_alone(
    served: Serve, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = await served(hello)
    version, cases = (Http2Client, HTTP_2) if protocol == "h2" else (Http1Client, HTTP_1)
    async with await version.connected(server) as neighbour:
        for name, data in cases.items():
            await sent(server, protocol, data)
            await sent(server, protocol, data[: len(data) // 2])
            assert (await neighbour.get("/")).status == 200, name

    loud = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert loud == []


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("no host", b"400"),
        ("two hosts", b"400"),
        ("a host that is none", b"400"),
        ("a bad length", b"400"),
        ("a long head", b"431"),
        ("CONNECT", b"501"),
        ("a WebSocket of another version", b"400"),
    ],
)
async def test_http_1_is_told_what_is_wrong(served: Serve, name: str, status: bytes) -> None:
    server = await served(hello)
    reader, writer = await asyncio.open_connection(*server.addresses[0], ssl=tls("http/1.1"))
    writer.write(HTTP_1[name])

    assert (await reader.readline()).split()[:2] == [b"HTTP/1.1", status]

    writer.transport.abort()


@pytest.mark.parametrize("name", ["a path that is none", "an authority that is none"])
async def test_http_2_is_told_what_is_wrong(served: Serve, name: str) -> None:
    server = await served(hello)
    reader, writer = await asyncio.open_connection(*server.addresses[0], ssl=tls("h2"))
    writer.write(HTTP_2[name])

    while True:
        head = await reader.readexactly(9)
        payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
        if head[3] == 1:
            break

    assert payload[0] == 0x80 | 12  # RFC 7541 §A: the entry `:status: 400`
    writer.transport.abort()

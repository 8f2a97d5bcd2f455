"""Clients that break rules: on request streams, on control streams, and in datagrams.

This file knows one case of each sort and the reaction that the RFCs ask for. It refuses to be
complete, which the conformance suite is: here the same nonsense comes again and again, while others
are served. Its one rule: the reaction is the documented one, every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.wire.frames import FrameType, encode_frame
from tests.e2e.exchange import data_frame
from tests.e2e.garbage import garbage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.exchange import Field
    from tests.e2e.raw_client import RawClient
    from tests.soak.visitors import Visit

__all__ = ["CASES", "UNHEARD", "malformed"]

IDLE_TIMEOUT = "Idle timeout"
"""How aioquic's client calls a connection on which nothing came any more."""

UNHEARD = "closed, unheard"
"""What such an end is counted as; there must be few of them."""


@dataclass(frozen=True)
class Case:
    """What is sent, where, and the code that answers it; None: nothing does."""

    octets: bytes
    stream_error: ErrorCode | None = None
    connection_error: ErrorCode | None = None
    is_control: bool = False
    """On the control stream, behind its SETTINGS."""
    is_new: bool = False
    """On a unidirectional stream of its own."""


async def malformed(visit: Visit) -> None:
    """Break a few rules that cost a stream, and then one that costs the connection."""
    async with visit.connected() as client:
        while True:
            if visit.random.random() < 0.3:
                await send_garbage(visit, client)
            name, case = visit.random.choice(tuple(CASES.items()))
            if case.connection_error is not None:
                await break_connection(visit, client, name, case)
                return
            await break_stream(visit, client, name, case)
            hello = await client.get("/hello")
            visit.account.whole(f"after {name}", hello, b"hello")


async def break_stream(visit: Visit, client: RawClient, name: str, case: Case) -> None:
    """The stream is reset with the code, or nothing happens; the connection lives."""
    if case.is_control or case.is_new:
        send_unidirectional(client, case)
        visit.account.count("ignored")
        return
    exchange = client.open_stream()
    exchange.send_raw(case.octets, end=True)
    await exchange.over()
    if case.stream_error is None:
        visit.account.whole(name, exchange, b"hello")
    else:
        visit.account.cut(name, exchange, [case.stream_error])


async def break_connection(visit: Visit, client: RawClient, name: str, case: Case) -> None:
    """The connection is closed with the code."""
    if case.is_control or case.is_new:
        send_unidirectional(client, case)
    else:
        client.open_stream().send_raw(case.octets, end=True)
    code = await client.closed()
    if code == case.connection_error:
        visit.account.count("closed")
    elif client.close_reason == IDLE_TIMEOUT:
        # A CONNECTION_CLOSE is not acknowledged. If it is lost, and all that answered what the
        # client sent until the server had forgotten the connection, then nobody tells.
        visit.account.count(UNHEARD)
    else:
        visit.account.fault(f"{name}: closed with {code:#x} {client.close_reason}")


def send_unidirectional(client: RawClient, case: Case) -> None:
    if case.is_control:
        stream_id = client.h3._local_control_stream_id
        assert stream_id is not None
    else:
        stream_id = client.quic.get_next_available_stream_id(is_unidirectional=True)
    client.quic.send_stream_data(stream_id, case.octets)
    client.transmit()


async def send_garbage(visit: Visit, client: RawClient) -> None:
    """Datagrams without meaning, from the address of a connection that is well."""
    for datagram in visit.random.sample(garbage(visit.random.randrange(1 << 30)), 5):
        client.send_datagram(datagram)
    await client.round_trip()
    visit.account.count("ignored")


def section(*fields: Field) -> bytes:
    """A HEADERS frame without Huffman, without a table: literals only (RFC 9204 §4.5.6)."""
    lines = b"".join(_literal(name, value) for name, value in fields)
    return encode_frame(FrameType.HEADERS, b"\x00\x00" + lines)


def _literal(name: bytes, value: bytes) -> bytes:
    # 001NHxxx: the length of the name has three bits here, then seven for that of the value.
    assert len(value) < 127
    length = bytes([0x20 | len(name)]) if len(name) < 7 else bytes([0x27, len(name) - 7])
    return length + name + bytes([len(value)]) + value


def request(*more: Field, without: Sequence[bytes] = ()) -> bytes:
    """The HEADERS frame of a GET, with more or fewer fields than it should have."""
    fields = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"localhost"),
        (b":path", b"/hello"),
    ]
    return section(*(each for each in fields if each[0] not in without), *more)


_MESSAGE = ErrorCode.H3_MESSAGE_ERROR
_UNEXPECTED = ErrorCode.H3_FRAME_UNEXPECTED
_LENGTH_5 = request((b"content-length", b"5"))

CASES: dict[str, Case] = {
    # On a request stream, each with FIN.
    "unknown frames around a request": Case(b"\x21\x05hello" + request() + b"\x21\x00"),
    "an upper-case name": Case(request((b"X-Upper", b"1")), _MESSAGE),
    "a line feed in a value": Case(request((b"x", b"a\nb")), _MESSAGE),
    "no :path": Case(request(without=[b":path"]), _MESSAGE),
    "a second :method": Case(request((b":method", b"GET")), _MESSAGE),
    "a field about the connection": Case(request((b"connection", b"close")), _MESSAGE),
    "a status in a request": Case(request((b":status", b"200")), _MESSAGE),
    "fewer bytes than announced": Case(_LENGTH_5 + data_frame(b"1234"), _MESSAGE),
    "more bytes than announced": Case(_LENGTH_5 + data_frame(b"123456"), _MESSAGE),
    "a pseudo-field in trailers": Case(request() + section((b":path", b"/")), _MESSAGE),
    "nothing at all": Case(b"", ErrorCode.H3_REQUEST_INCOMPLETE),
    "an unknown frame and no request": Case(b"\x21\x00", ErrorCode.H3_REQUEST_INCOMPLETE),
    "DATA first": Case(data_frame(b"x"), None, _UNEXPECTED),
    "SETTINGS on a request stream": Case(b"\x04\x00", None, _UNEXPECTED),
    "PING of HTTP/2": Case(b"\x06\x00", None, _UNEXPECTED),
    "PUSH_PROMISE": Case(b"\x05\x01\x00", None, _UNEXPECTED),
    "a frame that is cut off": Case(request()[:-1], None, ErrorCode.H3_FRAME_ERROR),
    "a reference to nothing": Case(
        b"\x01\x03\x00\x00\xff", None, ErrorCode.QPACK_DECOMPRESSION_FAILED
    ),
    # On the control stream, or one that the client opens.
    "an unknown frame": Case(b"\x21\x05hello", is_control=True),
    "GOAWAY": Case(b"\x07\x01\x00", is_control=True),
    "a second SETTINGS": Case(b"\x04\x00", None, _UNEXPECTED, is_control=True),
    "DATA on the control stream": Case(b"\x00\x00", None, _UNEXPECTED, is_control=True),
    "a push that nobody promised": Case(
        b"\x03\x01\x00", None, ErrorCode.H3_ID_ERROR, is_control=True
    ),
    "a GOAWAY that is cut short": Case(
        b"\x07\x00", None, ErrorCode.H3_FRAME_ERROR, is_control=True
    ),
    "an unknown stream": Case(b"\x21anything", is_new=True),
    "a second control stream": Case(
        b"\x00\x04\x00", None, ErrorCode.H3_STREAM_CREATION_ERROR, is_new=True
    ),
    "a push stream": Case(b"\x01\x00", None, ErrorCode.H3_STREAM_CREATION_ERROR, is_new=True),
}

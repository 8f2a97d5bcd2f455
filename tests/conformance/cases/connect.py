"""CONNECT, extended CONNECT and what else needs an agreement that the server did not offer.

This file knows rows 159 to 162, 287, 300, 301, 316, 320 and 390 to 392 (RFC 9114 §4.4, RFC 9220,
RFC 9297). It refuses to know WebSocket and WebTransport themselves. Its one rule: what was not
announced is refused, and costs the connection nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import HARD, INFO, MUST, SHOULD, NotOffered, check, connection_case
from tests.conformance.octets import Code, Kind, varint
from tests.conformance.peer import Opening
from tests.conformance.reactions import (
    any_of,
    connection_error,
    ignored,
    malformed,
    refused,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.octets import Fields
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

ENABLE_CONNECT_PROTOCOL = 0x08
H3_DATAGRAM = 0x33
WEBTRANSPORT = {0x2C7CF000, 0xC671706A, 0x2B603742}

NO = any_of(
    refused(400, 599),
    stream_error(Code.H3_MESSAGE_ERROR),
    stream_error(Code.H3_CONNECT_ERROR),
)


def _connect(peer: Peer, authority: bytes | None, *more: tuple[bytes, bytes]) -> Stream:
    fields: Fields = [(b":method", b"CONNECT")]
    if authority is not None:
        fields.append((b":authority", authority))
    return peer.request([*fields, *more], end=False)


@connection_case(
    "159", "RFC 9114 §4.4", MUST, "CONNECT with :scheme and :path but no :protocol", malformed()
)
async def connect_with_a_target(peer: Peer) -> Stream:
    return _connect(peer, b"localhost:443", (b":scheme", b"https"), (b":path", b"/"))


@connection_case("160", "RFC 9114 §4.4", MUST, "CONNECT without :authority", malformed())
async def connect_nowhere(peer: Peer) -> Stream:
    return _connect(peer, None)


@connection_case("161", "RFC 9114 §4.4", MUST, "CONNECT with empty :authority", malformed())
async def connect_to_nothing(peer: Peer) -> Stream:
    return _connect(peer, b"")


@connection_case("162", "RFC 9110 §9.3.6", MUST, "CONNECT to an impossible port", NO)
async def connect_to_no_port(peer: Peer) -> Stream:
    return _connect(peer, b"localhost:99999")


@connection_case("162a", "RFC 9110 §9.3.6", MUST, "CONNECT without a port", NO)
async def connect_without_a_port(peer: Peer) -> Stream:
    return _connect(peer, b"localhost")


@connection_case(
    "162b", "RFC 9110 §9.3.6", MUST, "CONNECT beyond reproach, at a server that is no proxy", NO
)
async def connect(peer: Peer) -> Stream:
    return _connect(peer, b"localhost:1")


@connection_case(
    "287",
    "RFC 9220 §3",
    INFO,
    "SETTINGS_ENABLE_CONNECT_PROTOCOL of the server is 0 or 1",
    ignored(),
)
async def connect_protocol(peer: Peer) -> None:
    announced = (await peer.server_settings()).get(ENABLE_CONNECT_PROTOCOL, 0)
    check(announced in (0, 1), f"it is {announced}")


@connection_case(
    "301",
    "RFC 8441 §3",
    MUST,
    "extended CONNECT at a server that does not announce it",
    malformed(),
)
async def extended_connect(peer: Peer) -> Stream:
    if (await peer.server_settings()).get(ENABLE_CONNECT_PROTOCOL):
        raise NotOffered("a server without extended CONNECT")
    fields = peer.head(method=b"CONNECT")
    return peer.request([*fields[:1], (b":protocol", b"websocket"), *fields[1:]], end=False)


@connection_case(
    "300",
    "RFC 9220 §3",
    SHOULD,
    "extended CONNECT for a protocol that nobody speaks",
    refused(501, 501),
)
async def unknown_protocol(peer: Peer) -> Stream:
    if not (await peer.server_settings()).get(ENABLE_CONNECT_PROTOCOL):
        raise NotOffered("extended CONNECT")
    fields = peer.head(method=b"CONNECT")
    return peer.request([*fields[:1], (b":protocol", b"nobody-speaks-it"), *fields[1:]], end=False)


@connection_case(
    "316",
    "RFC 9297 §2.1.1",
    MUST,
    "SETTINGS_H3_DATAGRAM only with a max_datagram_frame_size",
    ignored(),
)
async def datagrams_announced(peer: Peer) -> None:
    announced = (await peer.server_settings()).get(H3_DATAGRAM, 0)
    check(announced in (0, 1), f"it is {announced}")
    check(not announced or peer.quic._remote_max_datagram_frame_size, "QUIC takes no datagrams")


@connection_case(
    "320",
    "RFC 9297 §2.1",
    HARD,
    "QUIC datagrams of a client that announced no HTTP datagrams",
    ignored(),
    connection_error(Code.H3_DATAGRAM_ERROR),
    opening=Opening(quic={"max_datagram_frame_size": 65536}),
)
async def datagrams(peer: Peer) -> None:
    if not peer.quic._remote_max_datagram_frame_size:
        raise NotOffered("QUIC datagrams")
    for octets in (varint(0) + b"hello", b"", varint(1 << 61), b"\xff"):
        peer.quic.send_datagram_frame(octets)
    peer.transmit()


@connection_case(
    "390",
    "WebTransport draft §3.1",
    MUST,
    "WebTransport is announced only with extended CONNECT and datagrams",
    ignored(),
)
async def webtransport(peer: Peer) -> None:
    announced = await peer.server_settings()
    if WEBTRANSPORT & set(announced):
        check(announced.get(ENABLE_CONNECT_PROTOCOL) == 1, "extended CONNECT is not announced")
        check(announced.get(H3_DATAGRAM) == 1, "HTTP datagrams are not announced")


@connection_case(
    "391",
    "WebTransport draft §3.2",
    SHOULD,
    "CONNECT with :protocol webtransport where it is not announced",
    any_of(refused(400, 599), stream_error(Code.H3_MESSAGE_ERROR)),
)
async def webtransport_session(peer: Peer) -> Stream:
    if WEBTRANSPORT & set(await peer.server_settings()):
        raise NotOffered("a server without WebTransport")
    fields = peer.head(method=b"CONNECT")
    return peer.request([*fields[:1], (b":protocol", b"webtransport"), *fields[1:]], end=False)


@connection_case(
    "392",
    "RFC 9114 §9",
    HARD,
    "WebTransport's signal 0x41 without a session: refused or ignored",
    any_of(
        ignored(),
        stream_error(Code.H3_REQUEST_INCOMPLETE),
        connection_error(Code.H3_FRAME_ERROR),
        connection_error(Code.H3_FRAME_UNEXPECTED),
        connection_error(Code.H3_ID_ERROR),
    ),
)
async def webtransport_stream(peer: Peer) -> Stream:
    stream = peer.open()
    stream.write(varint(Kind.WT_STREAM) + varint(0) + b"whatever", end=True)
    return stream

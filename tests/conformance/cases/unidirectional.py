"""Unidirectional streams: the critical ones, and those that mean nothing.

This file knows rows 42 to 45 and 49 to 56 (RFC 9114 §6.2, RFC 9204 §4.2). It refuses to know what
is said on them. Its one rule: a stream that nobody knows costs nobody a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, connection_case
from tests.conformance.cases.control_stream import CLOSED, NOTHING
from tests.conformance.octets import Code, StreamKind, settings, varint
from tests.conformance.reactions import connection_error, ignored

if TYPE_CHECKING:
    from tests.conformance.peer import Peer

CREATION = connection_error(Code.H3_STREAM_CREATION_ERROR)


def _closed(id: str, name: str, *, by_reset: bool) -> None:
    """A QPACK stream of the client that ends."""
    how = "reset" if by_reset else "closed"

    @connection_case(id, "RFC 9204 §4.2", MUST, f"the QPACK {name} stream is {how}", CLOSED)
    async def act(peer: Peer) -> None:
        await peer.round_trip()
        stream = getattr(peer, name)
        if by_reset:
            stream.reset(Code.H3_NO_ERROR)
        else:
            stream.write(end=True)


def _second(id: str, kind: StreamKind, section: str, octets: bytes = b"") -> None:
    """Another stream of a type that exists once."""

    @connection_case(id, section, MUST, f"a second {kind.name} stream", CREATION)
    async def act(peer: Peer) -> None:
        peer.open_uni(varint(kind) + octets)


_closed("42", "encoder", by_reset=False)
_closed("43", "encoder", by_reset=True)
_closed("44", "decoder", by_reset=False)
_closed("45", "decoder", by_reset=True)


@connection_case(
    "49", "RFC 9204 §4.2", MUST, "STOP_SENDING for the server's QPACK encoder stream", CLOSED
)
async def encoder_stopped(peer: Peer) -> None:
    await _stop(peer, StreamKind.QPACK_ENCODER)


@connection_case(
    "49a", "RFC 9204 §4.2", MUST, "STOP_SENDING for the server's QPACK decoder stream", CLOSED
)
async def decoder_stopped(peer: Peer) -> None:
    await _stop(peer, StreamKind.QPACK_DECODER)


async def _stop(peer: Peer, kind: StreamKind) -> None:
    await peer.serves()  # a server may open these streams late, or not at all
    peer.stop_incoming(kind)


_second("50", StreamKind.CONTROL, "RFC 9114 §6.2.1", settings())
_second("51", StreamKind.QPACK_ENCODER, "RFC 9204 §4.2")
_second("52", StreamKind.QPACK_DECODER, "RFC 9204 §4.2")


@connection_case(
    "53", "RFC 9114 §6.2.3", MUST, "a unidirectional stream of unknown type", ignored()
)
async def unknown(peer: Peer) -> None:
    peer.open_uni(varint(StreamKind.UNKNOWN) + b"whatever").write(b" and more", end=True)


@connection_case("53a", "RFC 9114 §6.2.2", MUST, "a push stream of a client", CREATION)
async def push(peer: Peer) -> None:
    peer.open_uni(varint(StreamKind.PUSH) + varint(0))


@connection_case(
    "54", "RFC 9114 §6.2", MUST, "a unidirectional stream closed without any octet", ignored()
)
async def empty(peer: Peer) -> None:
    peer.open_uni().write(end=True)


@connection_case(
    "54a", "RFC 9114 §6.2", MUST, "a unidirectional stream closed inside its type", ignored()
)
async def cut(peer: Peer) -> None:
    peer.open_uni(varint(0x4021)[:1]).write(end=True)


@connection_case(
    "55", "RFC 9114 §6.2", MUST, "100 kB on a unidirectional stream of unknown type", ignored()
)
async def large(peer: Peer) -> None:
    peer.open_uni(varint(StreamKind.UNKNOWN) + bytes(100_000)).write(end=True)


@connection_case(
    "55a",
    "RFC 9114 §6.2.3",
    MUST,
    "more unknown and empty unidirectional streams, one after the other, than are open at once",
    ignored(),
)
async def many(peer: Peer) -> None:
    for number in range(2 * peer.quic._remote_max_streams_uni):
        stream = peer.open_uni(varint(StreamKind.UNKNOWN) if number % 2 else b"")
        stream.write(end=True)
        if not number % 8:
            await peer.round_trip()


@connection_case(
    "56",
    "RFC 9114 §6.2",
    MUST,
    "a unidirectional stream reset before its type is complete",
    ignored(),
)
async def reset_early(peer: Peer) -> None:
    stream = peer.open_uni(varint(0x4021)[:1])
    await peer.round_trip()
    stream.reset(Code.H3_NO_ERROR)


@connection_case(
    "56a",
    "RFC 9114 §6.2.1",
    MUST,
    "QPACK streams before the control stream",
    ignored(),
    opening=NOTHING,
)
async def any_order(peer: Peer) -> None:
    peer.open_uni(varint(StreamKind.QPACK_DECODER))
    peer.open_uni(varint(StreamKind.QPACK_ENCODER))
    peer.open_uni(varint(StreamKind.CONTROL) + settings())

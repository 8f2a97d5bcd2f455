"""The client's QPACK instruction streams: what must not be said on them.

This file knows rows 202 to 211 (RFC 9204 §4.3, §4.4). It refuses to know field sections. Its one
rule: an instruction is judged against the table that this very server has offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, connection_case
from tests.conformance.octets import Code, integer, string
from tests.conformance.reactions import Reaction, connection_error, ignored

if TYPE_CHECKING:
    from tests.conformance.peer import Peer

MAX_TABLE_CAPACITY = 0x01

ENCODER_ERROR = connection_error(Code.QPACK_ENCODER_STREAM_ERROR)
DECODER_ERROR = connection_error(Code.QPACK_DECODER_STREAM_ERROR)


def capacity(size: int) -> bytes:
    """Set Dynamic Table Capacity (§4.3.1)."""
    return integer(size, 5, 0x20)


def insertion(name: bytes, value: bytes) -> bytes:
    """Insert with Literal Name (§4.3.3)."""
    return string(name, 5, 0x40) + string(value)


def named_insertion(index: int, value: bytes, *, static: bool) -> bytes:
    """Insert with Name Reference (§4.3.2)."""
    return integer(index, 6, 0xC0 if static else 0x80) + string(value)


def duplicate(index: int) -> bytes:
    """Duplicate (§4.3.4)."""
    return integer(index, 5)


def acknowledgment(stream_id: int) -> bytes:
    """Section Acknowledgment (§4.4.1)."""
    return integer(stream_id, 7, 0x80)


def cancellation(stream_id: int) -> bytes:
    """Stream Cancellation (§4.4.2)."""
    return integer(stream_id, 6, 0x40)


def increment(count: int) -> bytes:
    """Insert Count Increment (§4.4.3)."""
    return integer(count, 6)


async def offered_capacity(peer: Peer) -> int:
    """The octets of dynamic table that the server takes."""
    return (await peer.server_settings()).get(MAX_TABLE_CAPACITY, 0)


def encoder_says(
    id: str, section: str, words: str, octets: bytes, *, with_table: bool = False, h3spec: str = ""
) -> None:
    """Wrong instructions on the encoder stream, behind the offered capacity perhaps."""

    @connection_case(id, f"RFC 9204 {section}", MUST, words, ENCODER_ERROR, h3spec=h3spec)
    async def act(peer: Peer) -> None:
        offered = await offered_capacity(peer)
        peer.encoder.write((capacity(offered) if with_table and offered else b"") + octets)


def decoder_says(
    id: str, section: str, words: str, octets: bytes, reaction: Reaction, h3spec: str = ""
) -> None:
    """Instructions on the decoder stream."""

    @connection_case(id, f"RFC 9204 {section}", MUST, words, reaction, h3spec=h3spec)
    async def act(peer: Peer) -> None:
        await peer.serves()
        peer.decoder.write(octets)


@connection_case(
    "202", "RFC 9204 §4.3.1", MUST, "a dynamic table capacity above the limit by one", ENCODER_ERROR
)
async def capacity_above(peer: Peer) -> None:
    peer.encoder.write(capacity(await offered_capacity(peer) + 1))


encoder_says(
    "203",
    "§4.3.1",
    "a dynamic table capacity of 10^10",
    capacity(10**10),
    h3spec="MUST send QPACK_ENCODER_STREAM_ERROR if a new dynamic table capacity value exceeds "
    "the limit [QPACK 4.1.3]",
)
encoder_says("204", "§3.2.2", "an insertion while the capacity is 0", insertion(b"x-a", b"b"))
encoder_says(
    "205",
    "§2.2.3",
    "an insertion with the name of an entry that is not there",
    named_insertion(0, b"a", static=False),
    with_table=True,
)
encoder_says(
    "205a",
    "§3.1",
    "an insertion with the static name 99",
    named_insertion(99, b"a", static=True),
    with_table=True,
)
encoder_says("205b", "§2.2.3", "a duplicate of nothing", duplicate(0), with_table=True)
encoder_says("206", "§7.4", "an integer of more than 62 bits", capacity(1 << 70))
encoder_says(
    "206a", "§7.4", "a capacity of 100 octets that all say 'more'", b"\x3f" + b"\xff" * 100
)


@connection_case(
    "207", "RFC 9204 §3.2.2", MUST, "an entry that is larger than the capacity", ENCODER_ERROR
)
async def large_entry(peer: Peer) -> None:
    offered = min(await offered_capacity(peer), 64)
    peer.encoder.write(capacity(offered) + insertion(b"x-large", b"v" * 100))


@connection_case("207a", "RFC 9204 §4.3.1", MUST, "a dynamic table capacity of 0", ignored())
async def no_capacity(peer: Peer) -> None:
    peer.encoder.write(capacity(0))


decoder_says(
    "208",
    "§4.4.3",
    "an Insert Count Increment beyond what was inserted",
    increment(10_000),
    DECODER_ERROR,
)
decoder_says(
    "208a",
    "§4.4.3",
    "an Insert Count Increment of 0",
    increment(0),
    DECODER_ERROR,
    h3spec="MUST send QPACK_DECODER_STREAM_ERROR if Insert Count Increment is 0 [QPACK 4.4.3]",
)
decoder_says(
    "209",
    "§4.4.1",
    "a Section Acknowledgment for a stream without any",
    acknowledgment(0),
    DECODER_ERROR,
)
decoder_says("210", "§7.4", "an integer of more than 62 bits", cancellation(1 << 70), DECODER_ERROR)
decoder_says(
    "210a",
    "§7.4",
    "a stream id of 100 octets that all say 'more'",
    b"\x7f" + b"\xff" * 100,
    DECODER_ERROR,
)
decoder_says(
    "211",
    "§4.4.2",
    "Stream Cancellations for streams without references",
    cancellation(0) + cancellation(4) + cancellation(1000),
    ignored(),
)


@connection_case(
    "211a", "RFC 9204 §4.2", MUST, "instructions that come one octet at a time", ignored()
)
async def dribble(peer: Peer) -> None:
    for octet in cancellation(1 << 40):
        peer.decoder.write(bytes((octet,)))
        await peer.round_trip()

"""The dynamic tables: the one that a server offers, and the one that it is offered.

This file knows rows 212 to 224 (RFC 9204 §2, §3). It refuses to know single instructions
(`qpack_streams.py`). Its one rule: a server without a table of its own has nothing to show for rows
212 to 219.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, NotOffered, check, connection_case
from tests.conformance.cases.field_sections import FAILED, head
from tests.conformance.cases.qpack_streams import (
    acknowledgment,
    cancellation,
    capacity,
    insertion,
    offered_capacity,
)
from tests.conformance.octets import (
    Kind,
    StreamKind,
    encoded_insert_count,
    frame,
    indexed,
    post_base,
    prefix,
)
from tests.conformance.peer import Opening
from tests.conformance.reactions import any_of, ignored, served

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

BLOCKED_STREAMS = 0x07
ENTRY_SIZE = 32 + len(b"x-dynamic") + len(b"value 0")


class Table:
    """The client's side of a dynamic table that the server has offered."""

    def __init__(self, peer: Peer, offered: int) -> None:
        self.peer = peer
        self.max_entries = offered // 32

    @classmethod
    async def offered_by(cls, peer: Peer) -> Table:
        """The table; raises NotOffered if there is none."""
        offered = await offered_capacity(peer)
        if offered < 4 * ENTRY_SIZE:
            raise NotOffered("a dynamic table")
        table = cls(peer, offered)
        peer.encoder.write(capacity(offered))
        return table

    def insert(self, count: int = 1) -> None:
        """Entries of `ENTRY_SIZE` octets each."""
        self.peer.encoder.write(
            b"".join(insertion(b"x-dynamic", b"value %d" % (each % 10)) for each in range(count))
        )

    def section(self, required: int, lines: bytes, *, path: str = "/") -> bytes:
        """A HEADERS frame whose Required Insert Count and Base are `required`."""
        count = encoded_insert_count(required, self.max_entries)
        return frame(Kind.HEADERS, prefix(count) + head(self.peer, path) + lines)

    def request(self, required: int, lines: bytes) -> Stream:
        """A request with such a section."""
        stream = self.peer.open()
        stream.write(self.section(required, lines), end=True)
        return stream

    async def acknowledged(self, octets: bytes) -> None:
        """Wait until the server has said this on its decoder stream."""
        received = self.peer.received
        await self.peer.until(lambda: octets in received(StreamKind.QPACK_DECODER))


async def blocked_streams(peer: Peer) -> int:
    """How many streams the server lets wait."""
    return (await peer.server_settings()).get(BLOCKED_STREAMS, 0)


# The server's table


@connection_case(
    "212", "RFC 9204 §4.4.1", MUST, "an entry is inserted, used and acknowledged", served()
)
async def used(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    table.insert()
    await peer.round_trip()
    stream = table.request(1, indexed(0, static=False))
    await stream.over()
    await table.acknowledged(acknowledgment(stream.stream_id))
    return stream


@connection_case(
    "213", "RFC 9204 §2.2.1", MUST, "a section that comes before its entries waits", served()
)
async def waits(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    if not await blocked_streams(peer):
        raise NotOffered("blocked streams")
    stream = table.request(1, indexed(0, static=False))
    await peer.round_trip()
    check(not stream.is_over, "it was answered without its entries")
    table.insert()
    return stream


@connection_case(
    "214",
    "RFC 9204 §2.1.2",
    MUST,
    "as many streams wait as the server announces",
    ignored(),
)
async def many_wait(peer: Peer) -> None:
    table = await Table.offered_by(peer)
    if not (count := min(await blocked_streams(peer), 50)):
        raise NotOffered("blocked streams")
    streams = [table.request(1, indexed(0, static=False)) for _ in range(count)]
    await peer.round_trip()
    table.insert()
    for stream in streams:
        await stream.over()
        check(stream.ended, f"stream {stream.stream_id} was not answered")


@connection_case(
    "214a",
    "RFC 9204 §2.1.2",
    MUST,
    "one more stream waits than the server announces",
    FAILED,
)
async def too_many_wait(peer: Peer) -> None:
    table = await Table.offered_by(peer)
    count = await blocked_streams(peer)
    if count >= peer.quic._remote_max_streams_bidi:
        raise NotOffered("more streams than may be blocked")
    for _ in range(count + 1):
        table.request(1, indexed(0, static=False))


@connection_case(
    "215",
    "RFC 9204 §2.2.2.2",
    MUST,
    "a waiting stream is reset: Stream Cancellation, and the connection lives",
    ignored(),
)
async def cancels(peer: Peer) -> None:
    table = await Table.offered_by(peer)
    if not await blocked_streams(peer):
        raise NotOffered("blocked streams")
    stream = peer.open()
    stream.write(table.section(1, indexed(0, static=False)))
    await peer.round_trip()
    stream.reset()
    await table.acknowledged(cancellation(stream.stream_id))


@connection_case("216", "RFC 9204 §2.2.3", MUST, "a reference to an evicted entry", FAILED)
async def evicted(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    inserted = table.max_entries * 32 // ENTRY_SIZE + 1
    table.insert(inserted)
    await peer.round_trip()
    return table.request(inserted, indexed(inserted - 1, static=False))


@connection_case("217", "RFC 9204 §2.2.3", MUST, "a reference at the Required Insert Count", FAILED)
async def beyond(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    table.insert(2)
    await peer.round_trip()
    return table.request(1, post_base(0))


@connection_case(
    "218",
    "RFC 9204 §2.2.1",
    MUST,
    "a Required Insert Count larger than needed: served or refused",
    any_of(served(), FAILED),
)
async def generous(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    table.insert(2)
    await peer.round_trip()
    return table.request(2, indexed(1, static=False))


@connection_case(
    "219",
    "RFC 9204 §4.4.1",
    MUST,
    "trailers with references are acknowledged as a second section",
    served(),
)
async def trailers(peer: Peer) -> Stream:
    table = await Table.offered_by(peer)
    table.insert()
    await peer.round_trip()
    stream = peer.open()
    count = encoded_insert_count(1, table.max_entries)
    stream.write(
        table.section(1, indexed(0, static=False), path="/echo")
        + frame(Kind.HEADERS, prefix(count) + indexed(0, static=False)),
        end=True,
    )
    await stream.over()
    if peer.target.has_app:
        await table.acknowledged(2 * acknowledgment(stream.stream_id))
    return stream


# The client's table


async def _answered(peer: Peer, count: int) -> None:
    for _ in range(count):
        response = await peer.get("/hello", (b"x-varied", b"a"))
        check(response.status, "a response could not be read")


@connection_case(
    "220", "RFC 9204 §3.2.3", MUST, "with capacity 0 the server inserts nothing", ignored()
)
async def no_table(peer: Peer) -> None:
    await _answered(peer, 5)
    said = peer.received(StreamKind.QPACK_ENCODER).strip(capacity(0))
    check(not said, f"the encoder stream says {said.hex()}")
    check(not peer.sections.referenced_dynamic, "a response refers to a dynamic table")


@connection_case(
    "221",
    "RFC 9204 §2.1.2",
    MUST,
    "with no blocked streams no response refers to what is not acknowledged",
    ignored(),
    opening=Opening(settings={0x01: 4096, BLOCKED_STREAMS: 0}),
)
async def nothing_blocks(peer: Peer) -> None:
    await _answered(peer, 10)
    check(not peer.sections.faults, f"unreadable: {peer.sections.faults}")


@connection_case(
    "222",
    "RFC 9204 §2",
    MUST,
    "with a table of 4096 octets 30 responses can be read",
    ignored(),
    opening=Opening(settings={0x01: 4096, BLOCKED_STREAMS: 100}),
)
async def table(peer: Peer) -> None:
    await _answered(peer, 30)
    check(not peer.sections.faults, f"unreadable: {peer.sections.faults}")


@connection_case(
    "223",
    "RFC 9204 §7.3",
    MUST,
    "a table of 2^40 octets that the client offers",
    ignored(),
    opening=Opening(settings={0x01: 1 << 40, BLOCKED_STREAMS: 1 << 40}),
)
async def huge_table(peer: Peer) -> None:
    await _answered(peer, 5)


@connection_case(
    "224",
    "RFC 9114 §4.2.2",
    SHOULD,
    "no response is larger than the client's SETTINGS_MAX_FIELD_SECTION_SIZE",
    ignored(),
    opening=Opening(settings={0x06: 1000}),
    needs_app=True,
)
async def small_sections(peer: Peer) -> None:
    await peer.round_trip()
    stream = peer.request(peer.head("/script/large-field"))
    await stream.over()
    for section in stream.sections:
        size = sum(32 + len(name) + len(value) for name, value in section)
        check(size <= 1000, f"a field section of {size} octets")

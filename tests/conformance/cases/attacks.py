"""Attacks with HTTP/3's own means: rows 401 to 426 and 435 to 437.

Each is legal, or nearly so, and only much too much of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.conformance.case import HARD, NotOffered, check, target_case
from tests.conformance.endurance import attack_case, besieged, endured, pauses, resident
from tests.conformance.noted import Token
from tests.conformance.observed import Observed
from tests.conformance.octets import (
    Fields,
    Kind,
    StreamKind,
    data,
    frame,
    headers,
    indexed,
    integer,
    prefix,
    settings,
    string,
    varint,
)
from tests.conformance.peer import Opening, Peer
from tests.conformance.quic_frames import stream as stream_frame
from tests.conformance.rogue import Rogue, rogue

if TYPE_CHECKING:
    from tests.conformance.streams import Outgoing, Stream
    from tests.conformance.target import Target

NO_CONTROL = Opening(settings=None)
GIGABYTE = 1 << 30
MIB = 1024 * 1024

WIDE_INDEX = 52
"""In the static table: `content-type: text/html;charset=utf-8`, one octet for some sixty."""

QPACK_CAPACITY, QPACK_BLOCKED, EXTENDED_CONNECT = 0x01, 0x07, 0x08

LEAK = 8 * MIB
"""Bytes by which memory may grow over what a warm server has seen already."""


async def decided(peer: Peer, *streams: Stream) -> None:
    """Wait until each of them is over, or the server reads no more of it."""
    await peer.until(lambda: all(each.is_over or each.stop_code is not None for each in streams))


async def calls_end(peer: Peer, token: Token, *ends: str) -> None:
    """Check that the application has left each call with this token."""
    words: list[str] = []
    for _ in range(100):
        words = await token.words()
        if words.count("run") <= sum(map(words.count, ends)):
            return
        await asyncio.sleep(0.02)
    runs = words.count("run")
    check(False, f"of {runs} calls {sum(map(words.count, ends))} have ended")


# Requests that come to nothing


@attack_case(
    "401", "RFC 9114 §10.5", "300 valid requests that the server has to reset", needs_app=True
)
async def made_you_reset(peer: Peer) -> None:
    async with Peer.connected(peer.target) as other:
        token = Token(other)
        request = headers(peer.head("/echo", token.field, method=b"POST")) + data(b"x")
        request += headers([(b":path", b"/trailers-have-none")])
        for _ in range(6):
            streams = [peer.open() for _ in range(50)]
            for each in streams:
                each.write(request, end=True)
            await decided(peer, *streams)
        await calls_end(peer, token, "complete", "disconnect")


@attack_case(
    "402", "RFC 9000 §3.5", "300 requests whose responses are stopped at once", needs_app=True
)
async def stopped_at_once(peer: Peer) -> None:
    async with Peer.connected(peer.target) as other:
        token = Token(other)
        for _ in range(6):
            if peer.close is not None:
                break
            streams = [peer.request(peer.head("/endless", token.field)) for _ in range(50)]
            for each in streams:
                each.stop()
            await decided(peer, *streams)
        await calls_end(peer, token, "stopped")


@attack_case("402a", "RFC 9114 §10.5", "300 requests that are reset at once")
async def rapid_reset(peer: Peer) -> None:
    for _ in range(6):
        if peer.close is not None:
            return
        for _ in range(50):
            stream = peer.request(peer.head("/endless"), end=False)
            stream.reset()
            stream.stop()
        await peer.round_trip()


@attack_case(
    "403", "RFC 9114 §6.1", "as many open requests as are permitted, and none ends", needs_app=True
)
async def open_requests(peer: Peer) -> None:
    granted = peer.quic._remote_max_streams_bidi
    check(granted <= 1000, f"{granted} requests may be open")
    streams = [peer.request(peer.head("/hold")) for _ in range(min(granted, 300))]
    await peer.round_trip()
    now = peer.quic._remote_max_streams_bidi
    check(now == granted, f"{now - granted} more are granted while none ends")
    for each in streams:
        each.reset()
        each.stop()


# Fields


@attack_case("404", "RFC 9114 §10.5.1", "8000 small fields")
async def many_fields(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/", *[(b"x%d" % number, b"1") for number in range(8000)]))
    await decided(peer, stream)
    return stream


@attack_case("405", "RFC 9114 §10.5.1", "trailers of 60 kB that decode to 3.2 MB")
async def wide_trailers(peer: Peer) -> Stream:
    stream = peer.open()
    trailers = frame(Kind.HEADERS, prefix() + indexed(WIDE_INDEX) * 60_000)
    stream.write(headers(peer.head("/echo", method=b"POST")) + data(b"x") + trailers, end=True)
    await decided(peer, stream)
    return stream


@attack_case("405a", "RFC 9114 §10.5.1", "a header section of 60 kB that decodes to 3.2 MB")
async def wide_headers(peer: Peer) -> Stream:
    stream = peer.open()
    stream.write(frame(Kind.HEADERS, prefix() + indexed(WIDE_INDEX) * 60_000))
    await decided(peer, stream)
    return stream


@attack_case("406", "RFC 9114 §4.2.1", "4000 cookie crumbs")
async def crumbs(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/", *[(b"cookie", b"a=%d" % each) for each in range(4000)]))
    await decided(peer, stream)
    return stream


async def pour(peer: Peer, stream: Outgoing, size: int) -> None:
    """Send octets until they are all gone, or nobody wants them."""
    piece = bytes(64 * 1024)
    for _ in range(size // len(piece)):
        if peer.close is not None or stream.stop_code is not None:
            return
        stream.write(piece)
        await peer.round_trip()
        sent = peer.quic._streams.get(stream.stream_id)
        if sent is None or len(sent.sender._buffer) > MIB:
            return  # it is over, or the server holds them back


@attack_case("407", "RFC 9114 §10.5.1", "HEADERS of 1 GB announced, 6 MB sent")
async def huge_headers(peer: Peer) -> Stream:
    stream = peer.open()
    stream.write(varint(Kind.HEADERS) + varint(GIGABYTE) + prefix())
    await pour(peer, stream, 6 * MIB)
    return stream


@attack_case("408", "RFC 9114 §7.2.4", "SETTINGS of 1 GB announced, 6 MB sent", opening=NO_CONTROL)
async def huge_settings(peer: Peer) -> None:
    control = peer.open_uni(varint(StreamKind.CONTROL) + varint(Kind.SETTINGS) + varint(GIGABYTE))
    await pour(peer, control, 6 * MIB)


# Frames


def small_frames(id: str, words: str, octets: bytes) -> None:
    """A request whose stream carries them in front of its end."""

    @attack_case(id, "RFC 9114 §10.5", words)
    async def flood(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(headers(peer.head("/echo", method=b"POST")) + octets, end=True)
        await decided(peer, stream)
        return stream


small_frames("409", "30000 empty unknown frames on a request stream", frame(Kind.UNKNOWN) * 30_000)
small_frames("410", "30000 empty DATA frames", data(b"") * 30_000)
small_frames("411", "20000 one-octet DATA frames", data(b"x") * 20_000)


def control_frames(id: str, section: str, words: str, octets: bytes) -> None:
    """A control stream that carries them behind SETTINGS."""

    @attack_case(id, section, words)
    async def flood(peer: Peer) -> None:
        peer.control.write(octets)
        await peer.round_trip()


control_frames(
    "412",
    "RFC 9114 §10.5",
    "30000 empty unknown frames on the control stream",
    frame(Kind.UNKNOWN) * 30_000,
)
control_frames(
    "413", "RFC 9114 §10.5", "15000 GOAWAY frames", frame(Kind.GOAWAY, varint(0)) * 15_000
)
control_frames(
    "414",
    "RFC 9218 §7",
    "10000 PRIORITY_UPDATE frames for one stream",
    frame(Kind.PRIORITY_UPDATE, varint(0) + b"u=3") * 10_000,
)
control_frames(
    "415",
    "RFC 9218 §7",
    "10000 PRIORITY_UPDATE frames for streams that never come",
    b"".join(frame(Kind.PRIORITY_UPDATE, varint(4 * each) + b"u=3") for each in range(10_000)),
)


@attack_case("416", "RFC 9204 §7.3", "20000 Stream Cancellations on the decoder stream")
async def cancellations(peer: Peer) -> None:
    peer.decoder.write(b"".join(integer(4 * each, 6, 0x40) for each in range(20_000)))
    await peer.round_trip()


@attack_case("417", "RFC 9204 §7.3", "15000 insertions with eviction on the encoder stream")
async def insertions(peer: Peer) -> None:
    capacity = (await peer.server_settings()).get(QPACK_CAPACITY, 0)
    inserted = string(b"name", 5, 0x40) + string(b"value")
    peer.encoder.write(integer(min(capacity, 4096), 5, 0x20) + inserted * 15_000)
    await peer.round_trip()


@attack_case("418", "RFC 9114 §6.2", "400 unknown unidirectional streams that end at once")
async def unknown_streams(peer: Peer) -> None:
    async for _ in pauses(peer, 400, every=10):
        peer.open_uni(varint(StreamKind.UNKNOWN)).write(end=True)
    await peer.round_trip()


@attack_case("419", "RFC 9114 §10.5", "SETTINGS with 3000 unknown parameters", opening=NO_CONTROL)
async def many_settings(peer: Peer) -> None:
    unknown = {0x21 + 0x1F * each: each for each in range(3000)}
    peer.open_uni(varint(StreamKind.CONTROL) + settings(unknown))
    await peer.round_trip()


@attack_case("420", "RFC 9204 §2.1.2", "blocked streams that never unblock")
async def blocked_streams(peer: Peer) -> None:
    permitted = (await peer.server_settings()).get(QPACK_BLOCKED, 0)
    if not permitted:
        raise NotOffered("a dynamic table")
    for _ in range(min(permitted, 100)):
        peer.open().write(frame(Kind.HEADERS, prefix(2, 0) + indexed(0, static=False)), end=True)
    await peer.round_trip()


@attack_case("421", "RFC 9114 §10.5", "80 request streams with nothing but a frame type")
async def frame_types(peer: Peer) -> None:
    for _ in range(80):
        peer.open().write(varint(Kind.HEADERS))
    await peer.round_trip()


# Flow control


async def read_slowly(target: Target, streams: int) -> Observed:
    """Endless responses to a client that gives no credit beyond its first windows."""
    async with rogue(target) as client:
        client.quic.gives_credit = False
        async with besieged(target) as notes:
            for _ in range(streams):
                client.request(client.head("/endless"))
            await client.closing(patience=1.0)
        # It reads nothing, so that a new connection has to show that the server is well.
        return Observed(close=client.close, lives=True, note=", ".join(notes))


@target_case(
    "422", "RFC 9114 §10.5", HARD, "slow read of an endless response", endured(), needs_app=True
)
async def slow_read(target: Target) -> Observed:
    return await read_slowly(target, 1)


@target_case(
    "423", "RFC 9114 §10.5", HARD, "slow read of 80 endless responses", endured(), needs_app=True
)
async def slow_reads(target: Target) -> Observed:
    return await read_slowly(target, 80)


def credit(peer: Peer, stream: Outgoing) -> int:
    """Octets that the server permits on a stream so far."""
    return peer.quic._streams[stream.stream_id].max_stream_data_remote


@attack_case("424", "RFC 9000 §4", "upload to an application that does not read", needs_app=True)
async def unread_upload(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/unread", method=b"POST"), end=False)
    stream.write(varint(Kind.DATA) + varint(GIGABYTE))
    await pour(peer, stream, 8 * MIB)
    permitted = credit(peer, stream)
    check(permitted <= 2 * MIB, f"{permitted} octets are permitted that nobody reads")
    return stream


@attack_case(
    "426",
    "RFC 9114 §10.5",
    "requests beside two uploads that nobody reads, on the same connection",
    needs_app=True,
)
async def beside_unread_uploads(peer: Peer) -> None:
    for _ in range(2):
        stream = peer.request(peer.head("/unread", method=b"POST"), end=False)
        stream.write(varint(Kind.DATA) + varint(GIGABYTE) + bytes(512 * 1024))
        await peer.round_trip()
    check(await peer.serves(), "a request on the same connection is not served")


@target_case(
    "425", "RFC 9000 §4.1", HARD, "sparse STREAM frames do not inflate the credit", endured()
)
async def sparse(target: Target) -> Observed:
    async with rogue(target) as client, besieged(target) as notes:
        streams = [client.open() for _ in range(4)]
        for each in streams:
            each.write(varint(Kind.UNKNOWN) + varint(GIGABYTE))
        await client.round_trip()
        before = [credit(client, each) for each in streams]
        await _reach_ahead(client, streams)
        for each, permitted in zip(streams, before, strict=True):
            now = credit(client, each)
            check(now <= permitted, f"the credit grew from {permitted} to {now} octets")
        return Observed(close=client.close, lives=client.close is None, note=", ".join(notes))


async def _reach_ahead(client: Rogue, streams: list[Stream]) -> None:
    for _ in range(9):
        for each in streams:
            octet = stream_frame(each.stream_id, b"x", credit(client, each) - 1)
            client.inject(octet)
        await client.round_trip()


# Elsewhere


@attack_case("435", "RFC 9220 §3", "a WebSocket frame that announces 2^40 octets")
async def huge_websocket_frame(peer: Peer) -> Stream:
    if (await peer.server_settings()).get(EXTENDED_CONNECT, 0) != 1:
        raise NotOffered("extended CONNECT")
    fields: Fields = peer.head("/", (b"sec-websocket-version", b"13"), method=b"CONNECT")
    fields.insert(1, (b":protocol", b"websocket"))
    stream = peer.request(fields, end=False)
    await peer.until(lambda: stream.is_over or stream.response.status is not None)
    head = b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask"
    stream.write(varint(Kind.DATA) + varint(GIGABYTE) + head)
    await pour(peer, stream, 6 * MIB)
    return stream


async def grown(target: Target, *, warm: int, more: int, visit: Peer | None = None) -> Observed:
    """How much memory requests leave behind, each on a connection of its own or all on one."""

    async def ask(count: int) -> None:
        if visit is None:
            for _ in range(count):
                async with Peer.connected(target) as peer:
                    await peer.get()
        else:
            for _ in range(count // 50):
                await asyncio.gather(*[visit.get() for _ in range(50)])

    await ask(warm)
    before = resident(target)
    if before is None:
        raise NotOffered("its process on this machine, on Linux")
    await ask(more)
    growth = (resident(target) or 0) - before
    check(growth < LEAK, f"memory grew by {growth / MIB:.1f} MiB")
    return Observed(lives=True, note=f"{growth / MIB:+.1f} MiB")


@target_case("436", "leak", HARD, "memory after 300 connections with requests", endured())
async def leak_of_connections(target: Target) -> Observed:
    return await grown(target, warm=100, more=200)


@target_case("437", "leak", HARD, "memory after 2000 requests on one connection", endured())
async def leak_of_requests(target: Target) -> Observed:
    async with Peer.connected(target) as peer:
        return await grown(target, warm=500, more=1500, visit=peer)

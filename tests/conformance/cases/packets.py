"""Packets and datagrams, whole, broken, doubled and from elsewhere: rows 379 to 389 and 442."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from tests.conformance.bare import Bare
from tests.conformance.case import HARD, MUST, SHOULD, check, target_case
from tests.conformance.observed import Observed
from tests.conformance.octets import varint
from tests.conformance.peer import serves
from tests.conformance.quic_frames import PING, crypto
from tests.conformance.reactions import ignored, silence
from tests.conformance.rogue import Lies, Rogue, rogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conformance.target import Target

VERSION_1 = 1
RESERVED_VERSION = 0x1A2A3A4A
"""A version that no server speaks (RFC 9000 §15)."""
VERSION_NEGOTIATION = 0

UPLOAD = 20_000
"""Octets of a request that take some twenty packets each way."""


def long_header(version: int, destination: bytes, source: bytes, rest: bytes = b"") -> bytes:
    """A datagram with the part of the long header that all versions share (RFC 8999 §5.1)."""
    ids = bytes((len(destination),)) + destination + bytes((len(source),)) + source
    return b"\xc3" + version.to_bytes(4, "big") + ids + rest


async def posts(client: Rogue) -> bool:
    """Whether a request with content is served."""
    stream = client.request(client.head("/echo", method=b"POST"), random.randbytes(UPLOAD))
    await client.happens(lambda: stream.is_over, patience=10)
    return stream.ended


@asynccontextmanager
async def mute(target: Target) -> AsyncIterator[Rogue]:
    """A client that has its first flight ready, and says nothing by itself."""
    client = Rogue(target, Lies())
    client.on_wire = lambda datagram: []
    try:
        await client.move()
        client.quic.connect(target.address, client._loop.time())
        yield client
    finally:
        client.vanish()


# A live connection


@target_case("379", "RFC 9001 §6", MUST, "key update by the client", ignored())
async def key_update(target: Target) -> Observed:
    async with rogue(target) as client:
        for _ in range(2):
            client.quic.request_key_update()
            check(await posts(client), "a request after the update is not served")
        return await client.observe()


@target_case("380", "RFC 9000 §9", MUST, "the client's port changes", ignored())
async def rebinding(target: Target) -> Observed:
    async with rogue(target) as client:
        stream = client.request(client.head("/echo", method=b"POST"), b"first", end=False)
        await client.move()
        stream.write(end=True)
        await client.happens(lambda: stream.is_over, patience=10)
        check(stream.ended, "the request across the change is not served")
        return await client.observe()


@target_case("386", "RFC 9000 §5.2", MUST, "bit flips in a live connection's packets", ignored())
async def bit_flips(target: Target) -> Observed:
    dice = random.Random(386)

    def flipped(datagram: bytes) -> bytes:
        octets = bytearray(datagram)
        octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
        return bytes(octets)

    async with rogue(target) as client:
        client.on_wire = lambda datagram: [flipped(datagram), flipped(datagram), datagram]
        check(await posts(client), "a request among them is not served")
        return await client.observe()


@target_case("388", "RFC 9000 §13.2.1", MUST, "duplicated and reordered packets", ignored())
async def disorder(target: Target) -> Observed:
    held: list[bytes] = []

    def shuffled(datagram: bytes) -> list[bytes]:
        held.append(datagram)
        if len(held) < 3:
            return []
        now, held[:] = held[::-1], []
        return now + now

    async with rogue(target) as client:
        client.on_wire = shuffled
        served = await posts(client)
        client.on_wire = lambda datagram: [datagram, datagram]
        check(served and await posts(client), "a request among them is not served")
        return await client.observe()


@target_case("387", "RFC 9000 §10.1", HARD, "an idle timeout is announced", ignored())
async def idle_timeout(target: Target) -> Observed:
    async with rogue(target) as client:
        timeout = client.quic._remote_max_idle_timeout
        check(timeout, "none is announced")
        return await client.observe(f"of {timeout:g} s")


# Versions


async def negotiated(
    target: Target, datagram: bytes, destination: bytes, source: bytes
) -> Observed:
    """What comes back for a datagram of an unknown version; checked if it is an answer."""
    async with Bare.open(target) as bare:
        bare.send(datagram)
        answers = await bare.answers(patience=1.5)
    check(answers, "there is no answer")
    answer = answers[0]
    expected = long_header(VERSION_NEGOTIATION, source, destination)[1:]
    check(answer[0] & 0x80 and answer[1 : 1 + len(expected)] == expected, "the ids come not back")
    listed = answer[1 + len(expected) :]
    versions = {int.from_bytes(listed[at : at + 4], "big") for at in range(0, len(listed), 4)}
    check(VERSION_1 in versions, f"version 1 is not among {sorted(versions)}")
    check(RESERVED_VERSION not in versions, "the version that was refused is listed")
    return Observed(lives=await serves(target), note="Version Negotiation")


@target_case(
    "381",
    "RFC 9000 §6.1",
    SHOULD,
    "unknown version, laid out like version 1: Version Negotiation",
    silence(),
)
async def unknown_version(target: Target) -> Observed:
    destination, source = b"to-there", b"and-back"
    rest = b"\0" + varint(1200 - 26, 2)
    datagram = long_header(RESERVED_VERSION, destination, source, rest).ljust(1200, b"\x55")
    return await negotiated(target, datagram, destination, source)


@target_case(
    "389",
    "RFC 8999 §5.1",
    SHOULD,
    "unknown version, rest of the packet opaque: Version Negotiation",
    silence(),
)
async def opaque_version(target: Target) -> Observed:
    destination, source = b"d" * 24, b"s" * 30  # more than version 1 permits
    datagram = long_header(RESERVED_VERSION, destination, source).ljust(1250, b"\xff")
    return await negotiated(target, datagram, destination, source)


async def unanswered(target: Target, *datagrams: bytes) -> Observed:
    """That nothing comes back."""
    async with Bare.open(target) as bare:
        for datagram in datagrams:
            bare.send(datagram)
        answers = await bare.answers()
    check(not answers, f"it is answered with {len(answers)} datagrams, {answers[:1]!r:.60}")
    return Observed(lives=await serves(target), note="there is no answer")


@target_case("382", "RFC 9000 §6.1", MUST, "Version Negotiation packet", silence())
async def version_negotiation(target: Target) -> Observed:
    versions = VERSION_1.to_bytes(4, "big") + RESERVED_VERSION.to_bytes(4, "big")
    packet = long_header(VERSION_NEGOTIATION, b"to-there", b"and-back", versions)
    return await unanswered(target, packet, packet.ljust(1200, b"\0"))


@target_case(
    "442",
    "RFC 9000 §6.1",
    HARD,
    "Version Negotiation between two servers goes on and on",
    silence(),
)
async def reflection(target: Target) -> Observed:
    first = long_header(RESERVED_VERSION, b"to-there", b"and-back").ljust(1200, b"\0")
    async with Bare.open(target) as bare:
        bare.send(first)
        answers = list(await bare.answers())
    check(answers, "there is no Version Negotiation at all")
    return await unanswered(target, *answers, *(each.ljust(1200, b"\0") for each in answers))


@target_case("381a", "RFC 9000 §6.1", MUST, "unknown version in a small datagram", silence())
async def small_unknown_version(target: Target) -> Observed:
    """RFC 9000 §6.1 wants the datagram to be large enough, so that nothing is amplified."""
    return await unanswered(target, long_header(RESERVED_VERSION, b"to-there", b"and-back"))


# First packets


@target_case("383", "RFC 9000 §14.1", MUST, "Initial in a datagram under 1200 octets", silence())
async def small_initial(target: Target) -> Observed:
    async with mute(target) as client:
        client.inject(crypto(client.quic.client_hello), Epoch.INITIAL, size=1199)
        await client.happens(lambda: client.octets_received > 0, patience=0.5)
        has_begun = bool(client.quic.tls.received_extensions)
        check(not has_begun and client.close is None, "the handshake goes on")
        check(client.octets_received == 0, f"{client.octets_received} octets come back")
    return Observed(lives=await serves(target), note="there is no answer")


@target_case(
    "383a",
    "RFC 9000 §17.2.2",
    SHOULD,
    "the first packet that arrives is not the first one sent",
    ignored(),
)
async def first_packet_late(target: Target) -> Observed:
    async with mute(target) as client:
        client.inject(PING, Epoch.INITIAL)
        client.on_wire = lambda datagram: [datagram]
        client.transmit()
        await client.happens(lambda: client.was_confirmed or client.close is not None)
        return await client.observe()


@target_case(
    "384",
    "RFC 9000 §8.1",
    MUST,
    "no more than three times the octets received, before the address is validated",
    silence(),
)
async def amplification(target: Target) -> Observed:
    async with mute(target) as client:
        client.inject(crypto(client.quic.client_hello), Epoch.INITIAL)
        # A server sends again what is not acknowledged, ever more slowly.
        await client.happens(lambda: client.octets_received > 3 * client.octets_sent, patience=1.5)
        sent, received = client.octets_sent, client.octets_received
    check(received <= 3 * sent, f"{received} octets come back for {sent}")
    return Observed(lives=await serves(target), note=f"{received} octets for {sent}")


@target_case("385", "RFC 9000 §5.2.2", HARD, "garbage datagrams", silence())
async def garbage(target: Target) -> Observed:
    dice = random.Random(385)
    sizes = [0, 1, 5, 6, 7, 8, 9, 20, 21, 40, 100, 1199, 1200, 1201, 1472, 8000]
    async with Bare.open(target) as bare:
        for size in sizes * 4:
            datagram = bytearray(dice.randbytes(size))
            for first in (0x00, 0x40, 0x80, 0xC0, 0xF0):
                datagram[:1] = bytes((first | dice.randrange(16),))
                bare.send(bytes(datagram))
            bare.send(long_header(VERSION_1, b"to-there", b"and-back", bytes(datagram)))
        answers = await bare.answers(patience=0.05)
    return Observed(lives=await serves(target), note=f"{len(answers)} answers")

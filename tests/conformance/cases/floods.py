"""Floods of QUIC's own frames and packets: rows 427 to 434 and 438 to 441."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from tests.conformance.bare import Bare
from tests.conformance.case import HARD, check, target_case
from tests.conformance.cases.packets import mute
from tests.conformance.endurance import besieged, endured, flood_case, pauses
from tests.conformance.observed import Observed
from tests.conformance.octets import varint
from tests.conformance.peer import Peer, serves
from tests.conformance.quic_frames import (
    PING,
    Parameter,
    ack,
    crypto,
    integers,
    path_challenge,
)
from tests.conformance.reactions import ignored, silence, transport_close
from tests.conformance.rogue import Lies, Rogue, rogue

if TYPE_CHECKING:
    from tests.conformance.target import Target

DATA_BLOCKED, STREAMS_BLOCKED = b"\x14", b"\x16"
RETIRE_CONNECTION_ID = b"\x19"


@flood_case("428", "RFC 9000 §8.2", "4000 PATH_CHALLENGE frames")
async def path_challenges(client: Rogue) -> None:
    async for number in pauses(client, 40):
        client.inject(
            b"".join(path_challenge(integers(100 * number + each).rjust(8)) for each in range(100))
        )


@flood_case("428a", "RFC 9000 §8.2", "1000 PATH_CHALLENGE frames in packets of their own")
async def single_path_challenges(client: Rogue) -> None:
    async for number in pauses(client, 1000):
        client.inject(path_challenge(number.to_bytes(8, "big")))


@flood_case("429", "RFC 9000 §19.2", "5000 PING frames in packets of their own")
async def pings(client: Rogue) -> None:
    async for _ in pauses(client, 5000):
        client.inject(PING)


@flood_case("430", "RFC 9000 §7.5", "2000 CRYPTO frames with gaps")
async def crypto_gaps(client: Rogue) -> None:
    async for number in pauses(client, 100):
        client.inject(b"".join(crypto(b"x", 2 * (20 * number + each) + 1) for each in range(20)))


@flood_case("430a", "RFC 9000 §7.5", "a TLS message of 16 MiB")
async def endless_message(client: Rogue) -> None:
    client.inject(crypto(b"\x01\xff\xff\xff"))
    async for number in pauses(client, 2000):
        client.inject(crypto(bytes(1100), 4 + 1100 * number))


@flood_case("431", "RFC 9000 §19.15", "1500 NEW_CONNECTION_ID frames, each retires the one before")
async def new_connection_ids(client: Rogue) -> None:
    async for number in pauses(client, 1500, every=10):
        client.issue(1 + number, 1 + number)


@flood_case("432", "RFC 9000 §19.12", "6000 DATA_BLOCKED and STREAMS_BLOCKED frames")
async def blocked(client: Rogue) -> None:
    async for number in pauses(client, 60):
        each = DATA_BLOCKED + varint(number) + STREAMS_BLOCKED + varint(number)
        client.inject(each * 50)


@flood_case("433", "RFC 9000 §19.16", "2000 RETIRE_CONNECTION_ID frames for one id")
async def retire_one(client: Rogue) -> None:
    client.quic._local_active_connection_id_limit = 10_000  # it minds the new ones otherwise
    async for _ in pauses(client, 20):
        client.inject((RETIRE_CONNECTION_ID + varint(1)) * 100)


@flood_case("433a", "RFC 9000 §19.16", "2000 RETIRE_CONNECTION_ID frames for ids as they come")
async def retire_all(client: Rogue) -> None:
    """The ids that a server has not issued yet are no secret either: their numbers are."""
    async for number in pauses(client, 20):
        client.inject(
            b"".join(RETIRE_CONNECTION_ID + varint(1 + 100 * number + each) for each in range(100))
        )


@flood_case("434", "RFC 9000 §13.2.3", "packets with every other number missing")
async def missing_numbers(client: Rogue) -> None:
    async for _ in pauses(client, 2000):
        client.inject(PING, number=client.quic._packet_number + 1)


@flood_case("434a", "RFC 9000 §19.3", "60000 ACK frames that say nothing new")
async def stale_acks(client: Rogue) -> None:
    async for _ in pauses(client, 300):
        client.inject(b"".join(ack(0) for _ in range(200)))


@target_case("427", "RFC 9000 §21.6", HARD, "50 idle connections beside a new one", endured())
async def idle_connections(target: Target) -> Observed:
    async with AsyncExitStack() as stack, besieged(target) as notes:
        for _ in range(50):
            await stack.enter_async_context(Peer.connected(target))
        check(await serves(target), "a new one is kept out")
    return Observed(lives=True, note=", ".join(notes))


@target_case("438", "RFC 9000 §8.1", HARD, "300 handshakes that never go on", endured())
async def half_open(target: Target) -> Observed:
    octets = 0
    async with besieged(target) as notes:
        for _ in range(6):
            async with AsyncExitStack() as stack:
                for _ in range(50):
                    client = await stack.enter_async_context(mute(target))
                    client.inject(crypto(client.quic.client_hello), Epoch.INITIAL)
                await asyncio.sleep(0.05)
                octets += client.octets_received
                check(client.octets_received <= 3600, "more than thrice as much comes back")
    return Observed(lives=await serves(target), note=", ".join(notes))


@target_case(
    "439",
    "RFC 9000 §21.4",
    HARD,
    "acknowledgements of all numbers there could be",
    transport_close(0xA),
    ignored(),
    needs_app=True,
)
async def optimistic_ack(target: Target) -> Observed:
    """Only a server that leaves out numbers can see it; one that does not is none the wiser."""
    async with rogue(target) as client:
        for _ in range(3):
            await client.get("/download/400000")
        largest = client.quic._spaces[Epoch.ONE_RTT].largest_received_packet
        client.inject(ack(largest, largest))
        await client.closing()
        return await client.observe()


@target_case("440", "RFC 9000 §10.3", HARD, "packets for connections that never were", silence())
async def unknown_connections(target: Target) -> Observed:
    """RFC 9000 §10.3.3: a stateless reset is smaller than what it answers, or there is a loop."""
    async with Bare.open(target) as bare:
        for size in range(1200, 20, -20):
            bare.send(b"\x40" + size.to_bytes(8, "big") + bytes(size - 9))
        answers = await bare.answers(patience=0.3)
    check(len(answers) <= 10, f"{len(answers)} packets are answered")
    check(all(len(each) < 1200 for each in answers), "an answer is as large as its cause")
    return Observed(lives=await serves(target), note=f"{len(answers)} stateless resets")


@target_case("441", "RFC 9000 §10.1", HARD, "a connection that falls silent", silence())
async def falls_silent(target: Target) -> Observed:
    """Whatever comes then is dropped, or answered by a stateless reset (RFC 9000 §10.3)."""
    lies = Lies(
        parameters=lambda truth: [
            (each, varint(500) if each == Parameter.MAX_IDLE_TIMEOUT else value)
            for each, value in truth
        ]
    )
    async with rogue(target, lies) as client:
        check(client.was_confirmed, "there is no handshake")
        await client.happens(lambda: client.close is not None, patience=1.5)
        heard = client.octets_received
        client.inject(PING)
        await client.happens(lambda: client.octets_received > heard, patience=0.3)
        is_silent = client.octets_received == heard
        check(is_silent or client.is_reset, "it is still answered after its idle timeout")
    return Observed(lives=await serves(target))

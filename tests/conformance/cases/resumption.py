"""Session resumption and early data: rows 340 to 346 and 378, at servers that offer them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from tests.conformance.bare import Bare
from tests.conformance.case import MUST, SHOULD, NotOffered, check, target_case
from tests.conformance.noted import Token
from tests.conformance.peer import Peer
from tests.conformance.quic_frames import crypto
from tests.conformance.reactions import any_of, ignored, refused, served, transport_close
from tests.conformance.rogue import Lies, Rogue, rogue

if TYPE_CHECKING:
    from aioquic.tls import SessionTicket

    from tests.conformance.observed import Observed
    from tests.conformance.octets import Fields
    from tests.conformance.target import Target

MAX_EARLY_DATA = 0xFFFFFFFF
"""What a ticket says when early data may be sent with it (RFC 9001 §4.6.1)."""

SERVED_OR_TOO_EARLY = any_of(served(), refused(425, 425))


async def ticket_of(target: Target, *, for_early_data: bool = False) -> SessionTicket:
    """A session ticket; raises NotOffered if the server sends none, or none for early data."""
    async with rogue(target) as client:
        await client.serves()  # two round trips, behind which a ticket has come
        if not client.quic.tickets:
            raise NotOffered("session tickets")
        ticket = client.quic.tickets[-1]
    if for_early_data and ticket.max_early_data_size != MAX_EARLY_DATA:
        raise NotOffered("early data")
    return ticket


async def early(client: Rogue, fields: Fields) -> Observed:
    """Send a request with the first flight; how it ends."""
    await client.move()
    client.quic.connect(client.target.address, client._loop.time())
    stream = client.request(fields)
    await client.happens(lambda: stream.is_over)
    lives = client.close is None and await client.serves()
    accepted = client.quic.tls.early_data_accepted
    return replace(
        await client.observe(f"early data was {'accepted' if accepted else 'rejected'}"),
        status=stream.response.status,
        ended=stream.ended,
        reset=stream.reset_code,
        lives=lives,
    )


@target_case("340", "RFC 9001 §4.5", MUST, "session resumption, with the same service", ignored())
async def resumption(target: Target) -> Observed:
    async with rogue(target, Lies(ticket=await ticket_of(target))) as client:
        check(client.quic.tls.session_resumed, "the server does not accept its own ticket")
        return await client.observe()


@target_case("341", "RFC 8470 §3", MUST, "GET in 0-RTT", SERVED_OR_TOO_EARLY)
async def early_get(target: Target) -> Observed:
    ticket = await ticket_of(target, for_early_data=True)
    client = Rogue(target, Lies(ticket=ticket))
    try:
        return await early(client, client.head())
    finally:
        client.vanish()


@target_case("344", "RFC 8470 §3", MUST, "POST in 0-RTT", SERVED_OR_TOO_EARLY)
async def early_post(target: Target) -> Observed:
    ticket = await ticket_of(target, for_early_data=True)
    client = Rogue(target, Lies(ticket=ticket))
    try:
        return await early(client, client.head(method=b"POST"))
    finally:
        client.vanish()


@target_case(
    "342",
    "RFC 8470 §3",
    MUST,
    "a replayed 0-RTT flight with a POST",
    SERVED_OR_TOO_EARLY,
    needs_app=True,
)
async def replay(target: Target) -> Observed:
    ticket = await ticket_of(target, for_early_data=True)
    async with Peer.connected(target) as other:
        token = Token(other)
        client = Rogue(target, Lies(ticket=ticket))
        flight: list[bytes] = []

        def record(datagram: bytes) -> list[bytes]:
            if not client.was_confirmed:
                flight.append(datagram)
            return [datagram]

        client.on_wire = record
        try:
            observed = await early(client, client.head("/echo", token.field, method=b"POST"))
        finally:
            client.disconnect()
            client.vanish()
        async with Bare.open(target) as attacker:
            # Until the connection is forgotten its packets are nothing but duplicates.
            for _ in range(4):
                attacker.received.clear()
                for datagram in flight:
                    attacker.send(datagram)
                await attacker.answers(0.3)
        runs = (await token.words()).count("run")
        check(runs <= 1, f"the POST was carried out {runs} times")
        return observed


@target_case("343", "RFC 9114 §7.2.4.2", MUST, "SETTINGS of a resumed connection", ignored())
async def settings_do_not_fall(target: Target) -> Observed:
    ticket = await ticket_of(target)
    async with Peer.connected(target) as first:
        before = await first.server_settings()
    async with rogue(target, Lies(ticket=ticket)) as client:
        after = await client.server_settings()
        for setting, value in before.items():
            lower = setting in after and after[setting] < value
            check(not lower, f"setting {setting:#x} fell from {value} to {after.get(setting)}")
        return await client.observe()


@target_case("345", "RFC 8470 §5.2", SHOULD, "425 without early data", served())
async def no_early_data(target: Target) -> Observed:
    async with rogue(target) as client:
        response = await client.get()
        return replace(await client.observe(), status=response.status, ended=True)


@target_case("346", "RFC 9114 §7.2.4.2", MUST, "0-RTT with SETTINGS that have fallen", ignored())
async def incompatible_settings(target: Target) -> Observed:
    await ticket_of(target, for_early_data=True)
    raise NotOffered("a restart with lower SETTINGS")


@target_case(
    "378",
    "RFC 9001 §8.3",
    MUST,
    "CRYPTO in a 0-RTT packet",
    transport_close(0xA),
    h3spec="MUST send PROTOCOL_VIOLATION if CRYPTO in 0-RTT is received [TLS 8.3]",
)
async def early_crypto(target: Target) -> Observed:
    ticket = await ticket_of(target, for_early_data=True)
    lies = Lies(ticket=ticket, early={Epoch.ZERO_RTT: crypto(b"x")})
    async with rogue(target, lies) as client:
        return await client.observe()

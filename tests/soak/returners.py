"""Clients that come back with a ticket and ask before the handshake is complete (0-RTT).

This file knows tickets and early requests. It refuses to know whether early data is taken: on a bad
network it may come too late for that, and a ticket is good for it once. Its one rule: taken or not,
what was asked for early is answered as if it had been asked later, and once.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.e2e.raw_client import RawClient
from tests.soak.content import content, digest
from tests.soak.visitors import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aioquic.tls import SessionTicket

    from tests.soak.visitors import Visit

__all__ = ["returning"]

TIMES = 3
"""Visits with one ticket; from the second on its early data is refused."""


async def returning(visit: Visit) -> None:
    """Get a ticket, and come back with it."""
    ticket = await first_visit(visit)
    for _ in range(visit.random.randint(1, TIMES)):
        if visit.random.random() < 0.3:
            await ask_and_vanish(visit, ticket)
        else:
            await ask_and_stay(visit, ticket)


async def first_visit(visit: Visit) -> SessionTicket:
    tickets: list[SessionTicket] = []
    async with starting(visit) as client:
        client.quic._session_ticket_handler = tickets.append
        await client.start()
        visit.account.whole("first visit", await client.get("/hello"), b"hello")
        await client.until(lambda: bool(tickets))
    return tickets[0]


async def ask_and_stay(visit: Visit, ticket: SessionTicket) -> None:
    """Requests in the first flight, of which one changes something, and their answers."""
    seed, size = visit.random.randrange(1 << 30), visit.random.randint(0, 20_000)
    body = content(seed, size)
    async with starting(visit, ticket) as client:
        await client.start()
        download = client.request(f"/bytes/{seed}/{size}")
        upload = client.request("/upload", method="POST", end=False)
        upload.send(body[:5000])
        await client.until(lambda: client.handshaken or client.close_code is not None)
        if client.quic._retry_source_connection_id is not None:
            # aioquic's client begins anew, and forgets that the server may not have what it has
            # sent early.
            visit.account.count("retried")
            return
        if visit.random.random() < 0.2:
            upload.reset()
            await download.over()
        else:
            upload.send(body[5000:], end=True)
            visit.account.whole("early POST", await upload.over(), digest(body).encode())
        visit.account.whole("early GET", await download.over(), body)
        is_early = client.quic.tls.early_data_accepted
        visit.account.count("early" if is_early else "not early")


async def ask_and_vanish(visit: Visit, ticket: SessionTicket) -> None:
    """Requests in the first flight, and nobody who completes the handshake."""
    async with starting(visit, ticket) as client:
        await client.start()
        client.request("/wait")
        client.request("/upload", method="POST", end=False).send(bytes(1000))
        client.vanish()
        visit.account.count("vanished")


@asynccontextmanager
async def starting(visit: Visit, ticket: SessionTicket | None = None) -> AsyncIterator[RawClient]:
    """A client that has not sent anything yet; closed with the block."""
    client = RawClient.silent(visit.address, cafile=visit.authority.cafile, patience=PATIENCE)
    client.quic.configuration.session_ticket = ticket
    try:
        yield client
        client.close()
    finally:
        client.vanish()

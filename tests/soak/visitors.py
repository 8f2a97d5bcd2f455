"""Clients that behave: good ones, and slow ones.

This file knows what a browser would ask for, and how content is checked. It refuses to know the
network between. Its one rule: one visit is one connection; everything on it ends well, and every
byte that came or went is proved by a digest.

Time goes by here, which it never does in a test: pauses are what a slow client is made of.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from tests.e2e.raw_client import RawClient
from tests.soak.content import content, digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from random import Random

    from tests.e2e.raw_client import Address
    from tests.interop.authority import Authority
    from tests.soak.ledger import Account

__all__ = ["PATIENCE", "Visit", "good", "slow"]

PATIENCE = 60.0
"""Seconds for one wait. On a bad network, and on a machine that does a lot of other things, a
megabyte takes a few; nothing that goes on takes this long."""

SIZES = (0, 1, 1000, 20_000, 100_000, 400_000)


@dataclass(frozen=True)
class Visit:
    """What a client needs for one visit, and where it writes down what came of it."""

    address: Address
    authority: Authority
    random: Random
    account: Account

    @asynccontextmanager
    async def connected(
        self, *, gives_credit: bool = True, **settings: int
    ) -> AsyncIterator[RawClient]:
        """A connection that ends with the block."""
        client = RawClient.connected(
            self.address,
            cafile=self.authority.cafile,
            gives_credit=gives_credit,
            patience=PATIENCE,
            **settings,
        )
        async with client as connection:
            yield connection

    def made(self) -> tuple[str, bytes]:
        """The end of a path, and the content that belongs to it."""
        seed, size = self.random.randrange(1 << 30), self.random.choice(SIZES)
        size = self.random.randint(size // 2, size)
        return f"{seed}/{size}", content(seed, size)


# Good clients


async def good(visit: Visit) -> None:
    """Ask for this and that, and check all of it."""
    async with visit.connected() as client:
        for _ in range(visit.random.randint(1, 8)):
            await visit.random.choice(ACTS)(visit, client)


async def download(visit: Visit, client: RawClient) -> None:
    path, body = visit.made()
    visit.account.whole(f"GET {path}", await client.get(f"/bytes/{path}"), body)


async def head(visit: Visit, client: RawClient) -> None:
    # An odd seed, which means no content-length: aioquic's client wants the content as well.
    path = f"{visit.random.randrange(1, 1 << 30, 2)}/50000"
    visit.account.whole(f"HEAD {path}", await client.get(f"/bytes/{path}", method="HEAD"), b"")


async def hinted(visit: Visit, client: RawClient) -> None:
    path, body = visit.made()
    exchange = await client.get(f"/hinted/{path}")
    if visit.account.whole(f"hinted {path}", exchange, body) and len(exchange.interim) != 1:
        visit.account.fault(f"hinted {path}: interim responses {exchange.interim}")


async def trailers(visit: Visit, client: RawClient) -> None:
    path, body = visit.made()
    exchange = await client.get(f"/trailers/{path}", headers=[(b"te", b"trailers")])
    due = [(b"x-sha256", digest(body).encode())]
    if visit.account.whole(f"trailers {path}", exchange, body) and exchange.trailers != due:
        visit.account.fault(f"trailers {path}: {exchange.trailers}")


async def upload(visit: Visit, client: RawClient) -> None:
    path, body = visit.made()
    exchange = await client.post("/upload", body)
    if visit.account.whole(f"upload {path}", exchange, digest(body).encode()):
        visit.account.sent(len(body))


async def echo(visit: Visit, client: RawClient) -> None:
    path, body = visit.made()
    if visit.account.whole(f"echo {path}", await client.post("/echo", body), body):
        visit.account.sent(len(body))


async def parallel(visit: Visit, client: RawClient) -> None:
    paths = [visit.made() for _ in range(visit.random.randint(2, 12))]
    exchanges = [(client.request(f"/bytes/{path}"), path, body) for path, body in paths]
    for exchange, path, body in exchanges:
        visit.account.whole(f"parallel {path}", await exchange.over(), body)


async def early(visit: Visit, client: RawClient) -> None:
    """The answer comes before the upload has ended, and the rest of it is refused."""
    exchange = client.request("/early", method="POST", end=False)
    exchange.send(bytes(50_000))
    await exchange.over()
    await client.until(lambda: exchange.stop_code is not None or client.close_code is not None)
    if visit.account.whole("early", exchange, b"hello") and exchange.stop_code != 0x100:
        visit.account.fault(f"early: stopped with {exchange.stop_code}")


async def failing(visit: Visit, client: RawClient) -> None:
    """The application fails in mid-response, which must never look whole."""
    path, body = visit.made()
    exchange = await client.get(f"/fail/{path}")
    if not body:
        # Nothing had left: there is room for an answer.
        visit.account.whole(f"fail {path}", exchange, b"Internal Server Error", 500)
    else:
        visit.account.cut(f"fail {path}", exchange, [ErrorCode.H3_INTERNAL_ERROR])


async def move(visit: Visit, client: RawClient) -> None:
    """Go on from another port, as behind a NAT that forgot."""
    # RFC 9000 §9: "The design of QUIC relies on endpoints retaining a stable address for the
    # duration of the handshake."
    await client.until(lambda: client.quic._handshake_confirmed or client.close_code is not None)
    await client.move()
    await download(visit, client)


ACTS: tuple[Callable[[Visit, RawClient], Awaitable[None]], ...] = (
    download,
    download,
    head,
    hinted,
    trailers,
    upload,
    upload,
    echo,
    echo,
    parallel,
    early,
    failing,
    move,
)


# Slow clients


async def slow(visit: Visit) -> None:
    """Take, or give, a little at a time."""
    act = visit.random.choice((read_slowly, write_slowly))
    await act(visit)


async def read_slowly(visit: Visit) -> None:
    """A small window, and pauses in which it does not move."""
    window = visit.random.choice((2000, 8000, 30_000))
    seed, size = visit.random.randrange(1 << 30), window * visit.random.randint(3, 8)
    async with visit.connected(gives_credit=False, max_stream_data=window) as client:
        client.quic.window = window
        exchange = client.request(f"/bytes/{seed}/{size}")
        while not exchange.is_over:
            await pause(visit)
            before = len(exchange.body)
            client.give_credit()
            await exchange.until_body(before + 1)
            client.quic.gives_credit = False
        visit.account.whole(f"slow GET {seed}/{size}", exchange, content(seed, size))
        client.quic.gives_credit = True


async def write_slowly(visit: Visit) -> None:
    """Pieces with pauses in between, each of which must come back before the next leaves."""
    path, body = visit.made()
    body = body[:20_000]
    async with visit.connected() as client:
        exchange = client.request("/echo", method="POST", end=False)
        step = len(body) // visit.random.randint(2, 8) + 1
        for at in range(0, len(body), step):
            exchange.send(body[at : at + step])
            await exchange.until_body(min(at + step, len(body)))
            await pause(visit)
        exchange.send(b"", end=True)
        if visit.account.whole(f"slow echo {path}", await exchange.over(), body):
            visit.account.sent(len(body))


async def pause(visit: Visit) -> None:
    await asyncio.sleep(visit.random.uniform(0.01, 0.4))

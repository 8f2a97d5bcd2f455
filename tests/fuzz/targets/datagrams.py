"""Any datagrams, from anywhere → no exception, no amplification, and nothing kept for ever.

Covers the entrance of the endpoint: raw bytes, and what real clients sent, cut, changed, doubled,
late, or from other addresses; clients that come, move, fall silent and go; with Retry and without.
Nothing of it may be logged as an error, and who comes afterwards is served.

Keys are made at random, so that the same input does not send the same bytes twice. What is done
with them is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.choices import Choices, chunk
from tests.fuzz.network import HOSTILE, Network, check_log
from tests.fuzz.world import play
from tests.http3.harness import GET
from tests.pair import Client

if TYPE_CHECKING:
    from h3producer.config import RetryMode
    from h3producer.quic.engine import Address

__all__ = ["SEEDS", "fuzz"]

MAX_STEPS = 16
MAX_ARRIVALS = 5

CONNECT, KNOCK, ASK, RAW, REPLAY, CHANGE, CUT, MOVE, WAIT, LEAVE, DRIVE = range(11)

SECONDS = (0.1, 3.0, 11.0, 21.0)

SEEDS = {
    "one client": bytes((0, CONNECT, ASK, 0)),
    "Retry": bytes((1, CONNECT, ASK, 0)),
    "a client that never goes on": bytes((0, KNOCK, WAIT, 2)),
    "garbage with a long header": bytes((0, RAW, 1)) + chunk(b"\xc0\0\0\0\x01\x08" + bytes(30)),
    "a version of the future": bytes((0, RAW, 1)) + chunk(b"\xc0\x0a\x0a\x0a\x0a\x08" + bytes(30)),
    "Version Negotiation": bytes((0, RAW, 0)) + chunk(b"\x80\0\0\0\0\x08" + bytes(30)),
    "a short header": bytes((0, RAW, 0)) + chunk(b"\x40" + bytes(30)),
    "the first packet again, from elsewhere": bytes((0, CONNECT, REPLAY, 0, 1, REPLAY, 0, 0)),
    "a flipped bit": bytes((0, KNOCK, CHANGE, 0, 0, 30, 1, DRIVE)),
    "a cut datagram": bytes((0, CONNECT, CUT, 1, 0, 40)),
    "a client that moves": bytes((0, CONNECT, MOVE, 0, ASK, 0)),
    "a client that leaves": bytes((0, CONNECT, LEAVE, 0, ASK, 0, REPLAY, 3, 0)),
    "a client that falls silent": bytes((0, CONNECT, WAIT, 3, ASK, 0)),
    "a crowd": bytes((0, KNOCK, CONNECT, KNOCK, CONNECT, ASK, 1, ASK, 3)),
}


def fuzz(data: bytes) -> None:
    check_log(play(Scenario(Choices(data)).run()))


class Scenario:
    """One server and whoever comes."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.retry: RetryMode = choices.pick(("never", "always"))
        self.clients: list[Client] = []
        self.arrivals = 0

    async def run(self) -> None:
        self.network = network = Network(self.retry)
        for _ in range(MAX_STEPS):
            if not self.choices:
                break
            await self.step(self.choices.below(11))
            assert len(network.endpoint._seats) <= network.openers
        await network.check_newcomer()
        await network.check_end()

    async def step(self, kind: int) -> None:
        network, choices = self.network, self.choices
        if kind in (CONNECT, KNOCK):
            await self.arrive(goes_on=kind == CONNECT)
        elif kind == RAW:
            is_full, datagram = choices.flag(), choices.chunk()
            await network.throw(datagram.ljust(1200, b"\0") if is_full else datagram)
        elif kind in (REPLAY, CHANGE, CUT):
            await self.repeat(kind)
        elif kind == WAIT:
            await network.advance(choices.pick(SECONDS))
        elif kind == DRIVE:
            await network.drive()
        elif self.clients:
            await self.visit(kind, choices.pick(self.clients))

    def new_address(self) -> Address:
        self.arrivals += 1
        return ("192.0.2.1", 50_000 + self.arrivals)

    async def arrive(self, *, goes_on: bool) -> None:
        """A real client comes; or only its first datagrams do."""
        if self.arrivals == MAX_ARRIVALS:
            return
        client, network = Client(self.new_address()), self.network
        if goes_on:
            self.clients.append(client)
            network.proven.add(client.address)
            await network.connect(client)
        else:
            client.quic.connect(network.socket.address, network.loop.now)
            await network.throw(*client.take(network.loop.now), address=client.address)

    async def visit(self, kind: int, client: Client) -> None:
        network = self.network
        if kind == ASK:
            client.send(client.open(), GET, end_stream=True)
        elif kind == MOVE and self.arrivals < MAX_ARRIVALS:
            address = self.new_address()
            network.proven.add(address)
            network.move(client, address)
        elif kind == LEAVE:
            client.close()
        await network.drive()

    async def repeat(self, kind: int) -> None:
        """A datagram of a client's comes again, as it was or not, from its address or not."""
        network, choices = self.network, self.choices
        if not network.log:
            return
        datagram, address = network.log[choices.octet() % len(network.log)]
        if choices.flag():
            address = HOSTILE
        if kind == CHANGE:
            place = choices.octet() % len(datagram) if datagram else 0
            changed = bytes((datagram[place] ^ (choices.octet() or 1),)) if datagram else b""
            datagram = datagram[:place] + changed + datagram[place + 1 :]
        elif kind == CUT:
            datagram = datagram[: 5 * choices.octet()]
        await network.throw(datagram, address=address)

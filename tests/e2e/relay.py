"""A bad network: a UDP relay that loses, doubles, delays and reorders datagrams, by a seed.

    with Relay.before(server_address, seed=1, loss=0.05) as relay:
        client = await connect(relay.address)

This file knows datagrams in both directions, for any number of clients. It refuses to know what
is in them. Its one rule: what it does to the n-th datagram of a direction of the m-th client is
decided by the seed, m and n alone.

    client ─▶ [front socket] ─▶ loses, doubles, delays ─▶ [back socket] ─▶ server
    another ─▶      "                     "                 [another]   ─▶   "

Each client has a back socket of its own, so that the server tells them apart by address as it
would without a relay.
"""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.raw_client import Address

__all__ = ["Evils", "Relay", "Tally"]

LATE = 0.004
"""Seconds that a datagram is held back so that others overtake it: many times what a datagram
takes on the loopback, and less than a probe timeout."""

MAX_PATHS = 256
"""Clients that are remembered; the one that has been silent longest gives way. Fewer than the
open files that a process may have."""

BATCH = 64
"""Datagrams that one socket may hand over before the others have their turn."""

BUFFER_SIZE = 4 * 1024 * 1024
"""Bytes of kernel buffer that the front socket asks for: it stands for many sockets."""

MAX_DATAGRAM = 65535


@dataclass(frozen=True, kw_only=True)
class Evils:
    """What happens to datagrams: shares between 0 and 1, and seconds."""

    corruption: float = 0.0
    """The share in which a byte is another one."""
    in_a_row: float = 0.0
    """How many may be lost, or corrupted, one after the other; 0: any number."""

    loss: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    """The share that is held back for `LATE` seconds, so that others overtake it."""
    latency: float = 0.0
    """Seconds that every datagram travels."""


class Tally:
    """What has been done to the datagrams of a direction, of all clients."""

    def __init__(self) -> None:
        self.carried = self.lost = self.doubled = self.delayed = 0


class Direction:
    """What happens to the datagrams of one client in one direction."""

    def __init__(self, evils: Evils, seed: str, tally: Tally) -> None:
        self._evils = evils
        self._tally = tally
        self._fate = random.Random(seed).random
        self._loop = asyncio.get_running_loop()
        self._in_a_row = 0

    def carry(self, data: bytes, send: Callable[[bytes], None]) -> None:
        """Pass a datagram on, or not, or twice, now or later."""
        evils, tally, fate = self._evils, self._tally, self._fate
        tally.carried += 1
        if self._strikes(evils.loss):
            tally.lost += 1
            return
        if evils.corruption and self._strikes(evils.corruption):
            at = int(fate() * len(data))
            data = data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]
        copies = 1
        if fate() < evils.double:
            tally.doubled += 1
            copies = 2
        for _ in range(copies):
            wait = evils.latency
            if fate() < evils.delay:
                tally.delayed += 1
                wait += LATE
            if wait:
                self._loop.call_later(wait, send, data)
            else:
                send(data)

    def _strikes(self, share: float) -> bool:
        """Whether an evil of which there may be so many in a row does its work now."""
        strikes = self._fate() < share
        if strikes and self._evils.in_a_row and self._in_a_row >= self._evils.in_a_row:
            strikes = False
        self._in_a_row = self._in_a_row + 1 if strikes else 0
        return strikes


class Path:
    """One client: where it sends from, and the socket that the server sees it at."""

    def __init__(self, relay: Relay, client: Address, number: int) -> None:
        self._relay = relay
        self._client = client
        self._up = Direction(relay.evils, f"{relay.seed} up {number}", relay.up)
        self._down = Direction(relay.evils, f"{relay.seed} down {number}", relay.down)
        self._back = self._open()
        self.moves = False
        """The client's next datagram comes from another port."""

    def _open(self) -> socket.socket:
        back = _udp_socket(self._relay.server)
        # Not connected: a connected socket would pass on that nobody listens, which no network
        # with a firewall in it does.
        back.bind((self._relay.host, 0))
        self._relay.seen.add(_name(back))
        asyncio.get_running_loop().add_reader(back, self._readable)
        return back

    def rebind(self) -> int:
        self.close()
        self._back = self._open()
        port: int = self._back.getsockname()[1]
        return port

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._back)
        self._back.close()

    def sent_by_client(self, data: bytes) -> None:
        if self.moves:
            self.moves = False
            self.rebind()
        self._relay.watch(True, data)
        self._up.carry(data, self._to_server)

    def _readable(self) -> None:
        for data, _ in _received(self._back):
            self._relay.watch(False, data)
            self._relay.answered.add(_name(self._back))
            self._down.carry(data, self._to_client)

    def _to_server(self, data: bytes) -> None:
        with suppress(OSError):  # full, or closed by now: lost, as networks do
            self._back.sendto(data, self._relay.server)

    def _to_client(self, data: bytes) -> None:
        self._relay.send_to_client(data, self._client)


class Relay:
    """Stands between clients and a server."""

    def __init__(self, server: Address, evils: Evils, seed: int) -> None:
        self.server = server
        self.host = "::1" if ":" in server[0] else "127.0.0.1"
        """Where the server sees new clients, and all after a `rebind`."""
        self.watch: Callable[[bool, bytes], None] = lambda to_server, data: None
        """Told of each datagram that comes, before anything is done to it."""
        self.seen: set[str] = set()
        """Where the server has seen clients, with ports."""
        self.answered: set[str] = set()
        """To which of these it has sent something."""
        self.evils = evils
        self.seed = seed
        self.up, self.down = Tally(), Tally()
        self._paths: dict[Address, Path] = {}
        self._count = 0
        self._front = _udp_socket(server)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._front.setsockopt(socket.SOL_SOCKET, option, BUFFER_SIZE)
        self._front.bind((self.host, 0))
        asyncio.get_running_loop().add_reader(self._front, self._readable)

    @classmethod
    @contextmanager
    def before(cls, server: Address, *, seed: int = 0, **evils: float) -> Iterator[Relay]:
        """A relay in the running loop that does these `Evils` to each direction."""
        relay = cls(server, Evils(**evils), seed)
        try:
            yield relay
        finally:
            relay.close()

    @property
    def address(self) -> Address:
        """Where clients send to."""
        host, port = self._front.getsockname()[:2]
        return host, port

    def rebind(self) -> int:
        """From now on the server sees each client at another port, as behind a NAT that forgot.

        The port of the client that was heard last is returned.
        """
        return [path.rebind() for path in self._paths.values()][-1]

    def rebind_with_next(self) -> None:
        """The same, once a client sends again; until then the server reaches it as before.

        Whoever waits for an answer has nothing to send, and would not be heard of for good.
        """
        for path in self._paths.values():
            path.moves = True

    def close(self) -> None:
        """Close all sockets; what is on its way is lost."""
        asyncio.get_running_loop().remove_reader(self._front)
        self._front.close()
        while self._paths:
            self._paths.popitem()[1].close()

    def send_to_client(self, data: bytes, client: Address) -> None:
        """The last step of a datagram from the server."""
        with suppress(OSError):
            self._front.sendto(data, client)

    def _readable(self) -> None:
        for data, client in _received(self._front):
            self._path_of(client).sent_by_client(data)

    def _path_of(self, client: Address) -> Path:
        path = self._paths.pop(client, None)
        if path is None:
            if len(self._paths) >= MAX_PATHS:
                self._paths.pop(next(iter(self._paths))).close()
            path = Path(self, client, self._count)
            self._count += 1
        self._paths[client] = path  # the last in line is the one that was heard last
        return path


def _udp_socket(server: Address) -> socket.socket:
    """One that can reach the server."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def _name(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"{host}:{port}"


def _received(sock: socket.socket) -> Iterator[tuple[bytes, Address]]:
    """What waits in a socket, up to a batch."""
    for _ in range(BATCH):
        try:
            yield sock.recvfrom(MAX_DATAGRAM)
        except OSError:  # nothing more, or an ICMP message
            return

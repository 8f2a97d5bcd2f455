"""An event loop whose clock is a number, and a UDP socket that is two lists.

`VirtualLoop` is what an endpoint asks of its loop: callbacks go through the running asyncio loop,
so tasks and callbacks keep their real order; timers wait until a test lets time pass.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
import itertools
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING

from h3producer.quic.udp.receiving import UDP_GRO
from h3producer.quic.udp.segmentation import UDP_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.loop import DatagramSocket

__all__ = ["MemorySocket", "VirtualLoop", "VirtualTimer", "settle"]


async def settle() -> None:
    """Let the running loop go on until nothing in it is ready."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # there is no public way
    for _ in range(100_000):
        await asyncio.sleep(0)
        if not ready:
            return
    raise AssertionError("The event loop never comes to rest.")


class VirtualTimer:
    """What `call_at` returns."""

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback = callback
        self.is_canceled = False

    def cancel(self) -> None:
        self.is_canceled = True


class VirtualLoop:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.readers: dict[DatagramSocket, Callable[[], object]] = {}
        self.writers: dict[DatagramSocket, Callable[[], object]] = {}
        self._timers: list[tuple[float, int, VirtualTimer]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., object], /, *args: object) -> object:
        return asyncio.get_running_loop().call_soon(callback, *args)

    def call_at(
        self, when: float, callback: Callable[..., object], /, *args: object
    ) -> VirtualTimer:
        timer = VirtualTimer(when, lambda: callback(*args))
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def add_reader(self, sock: DatagramSocket, callback: Callable[[], object], /) -> None:
        self.readers[sock] = callback

    def remove_reader(self, sock: DatagramSocket, /) -> bool:
        return self.readers.pop(sock, None) is not None

    def add_writer(self, sock: DatagramSocket, callback: Callable[[], object], /) -> None:
        self.writers[sock] = callback

    def remove_writer(self, sock: DatagramSocket, /) -> bool:
        return self.writers.pop(sock, None) is not None

    @property
    def timers(self) -> list[float]:
        """When the timers that are set will fire."""
        return sorted(when for when, _, timer in self._timers if not timer.is_canceled)

    def fire_next(self, until: float) -> bool:
        """Jump to the next timer and fire it; False if none is due by `until`."""
        while self._timers and self._timers[0][2].is_canceled:
            heapq.heappop(self._timers)
        if not self._timers or self._timers[0][0] > until:
            return False
        when, _, timer = heapq.heappop(self._timers)
        self.now = max(self.now, when)
        timer.callback()
        return True


class MemorySocket:
    """A non-blocking UDP socket: what it sends goes to `outbox`, what it reads is in `inbox`."""

    def __init__(
        self, address: Address = ("127.0.0.1", 4433), *, knows_segments: bool = True
    ) -> None:
        self.address = address
        self.inbox: deque[Datagram] = deque()
        self.outbox: deque[Datagram] = deque()
        self.room: int | None = None
        """How many datagrams it still takes before it is full; None: any number."""
        self.mtu: int | None = None
        """Bytes of the largest datagram that it sends; None: any."""
        self.errors: deque[OSError] = deque()
        """What the next calls raise."""
        self.segment_error: int | None = None
        """The errno with which it refuses to cut buffers into datagrams; None: it does."""
        self.trains: list[int] = []
        """How many datagrams each buffer had that it cut."""
        self.burst = 64
        """How many datagrams it gives away as one buffer, if it is asked for that."""
        self._knows_segments = knows_segments
        self.reads = 0
        self.is_closed = False

    def fileno(self) -> int:
        return -1

    def getsockname(self) -> Address:
        return self.address

    def recvfrom(self, bufsize: int, /) -> Datagram:
        self.reads += 1
        if self.errors:
            raise self.errors.popleft()
        if not self.inbox:
            raise BlockingIOError
        data, address = self.inbox.popleft()
        return data[:bufsize], address

    def recvmsg(
        self, bufsize: int, ancbufsize: int, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, Address]:
        first, address = self.recvfrom(bufsize)
        whole, count = first, 1
        while (
            len(whole) == count * len(first)
            and self.inbox
            and self.inbox[0][1] == address
            and 0 < len(self.inbox[0][0]) <= len(first)
            and len(whole) + len(first) <= bufsize
            and count < self.burst
        ):
            whole += self.inbox.popleft()[0]
            count += 1
        size = (socket.IPPROTO_UDP, UDP_GRO, struct.pack("=i", len(first)))
        return whole, [size] if count > 1 else [], 0, address

    def sendto(self, data: bytes, address: Address, /) -> int:
        if self.mtu is not None and len(data) > self.mtu:
            raise OSError(errno.EMSGSIZE, "Message too long")
        if self.errors:
            raise self.errors.popleft()
        if self.room is not None:
            if self.room == 0:
                raise BlockingIOError
            self.room -= 1
        self.outbox.append((data, address))
        return len(data)

    def sendmsg(
        self,
        buffers: Iterable[bytes],
        ancdata: Iterable[tuple[int, int, bytes]],
        flags: int,
        address: Address,
        /,
    ) -> int:
        ((level, name, value),) = ancdata
        assert (level, name, flags) == (socket.IPPROTO_UDP, UDP_SEGMENT, 0)
        (size,) = struct.unpack("=H", value)
        whole = b"".join(buffers)
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        if self.segment_error is not None:
            raise OSError(self.segment_error, "no segments")
        if len(pieces) > 64 or len(whole) > 65_507:
            raise OSError(errno.EMSGSIZE, "Message too long")
        if self.mtu is not None and size > self.mtu:
            raise OSError(errno.EINVAL, "Invalid argument")  # what Linux says of too large pieces
        if self.errors:
            raise self.errors.popleft()
        if self.room is not None:
            if self.room == 0:
                raise BlockingIOError
            self.room = max(0, self.room - len(pieces))  # Linux takes all of it or nothing
        self.trains.append(len(pieces))
        self.outbox += [(piece, address) for piece in pieces]
        return len(whole)

    def getsockopt(self, level: int, optname: int, /) -> int:
        if not self._knows_segments:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        return 0

    def setsockopt(self, level: int, optname: int, value: int, /) -> None:
        assert (level, optname, value) == (socket.IPPROTO_UDP, UDP_GRO, 1)
        self.getsockopt(level, optname)

    def close(self) -> None:
        self.is_closed = True

"""What we use of an event loop and of a UDP socket, so that a test can be both.

This file has no implementation: asyncio's and uvloop's loops and `socket.socket` are ones, and
those of `tests/virtual.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.quic.timer import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from h3producer.quic.engine import Address

__all__ = ["DatagramSocket", "Loop"]


class DatagramSocket(Protocol):
    """What we use of a non-blocking `socket.socket`."""

    def fileno(self) -> int: ...

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Address]: ...

    def recvmsg(
        self, bufsize: int, ancbufsize: int, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, Address]: ...

    def sendto(self, data: bytes, address: Address, /) -> int: ...

    def sendmsg(
        self,
        buffers: Iterable[bytes],
        ancdata: Iterable[tuple[int, int, bytes]],
        flags: int,
        address: Address,
        /,
    ) -> int: ...

    def getsockname(self) -> Address: ...

    def getsockopt(self, level: int, optname: int, /) -> int: ...

    def setsockopt(self, level: int, optname: int, value: int, /) -> None: ...

    def close(self) -> None: ...


class Loop(Clock, Protocol):
    """What we use of an event loop."""

    def add_reader(self, sock: DatagramSocket, callback: Callable[[], object], /) -> object: ...

    def remove_reader(self, sock: DatagramSocket, /) -> object: ...

    def add_writer(self, sock: DatagramSocket, callback: Callable[[], object], /) -> object: ...

    def remove_writer(self, sock: DatagramSocket, /) -> object: ...

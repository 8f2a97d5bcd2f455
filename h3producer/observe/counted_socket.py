"""A UDP socket that counts what goes through it.

This file knows the four calls that datagrams take, and how many one call carries. It refuses to
know who reads the numbers. A server that counts nothing has an ordinary socket.

Its one rule: it does what a socket does.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

from h3producer.quic.udp.receiving import UDP_GRO

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CountedSocket"]

# Linux has these, Python's socket module does not.
_SO_MEMINFO: Final = 55
_DROPS_AT: Final = 8
"""Which of nine numbers says how many datagrams found the receive buffer full."""


class CountedSocket(socket.socket):
    """Takes over a socket, which is of no use any more."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.setblocking(False)
        self.received = self.sent = 0
        """Bytes."""
        self.datagrams_received = self.datagrams_sent = 0
        self._dropped_before = self._drops()

    @property
    def dropped(self) -> int:
        """Datagrams that the kernel had no room for since this process has the socket."""
        return self._drops() - self._dropped_before

    # `Any`: an address is what the socket's family makes of one; typeshed says so, too.

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Any]:  # type: ignore[override]  # no flags
        datagram, address = super().recvfrom(bufsize)
        self.received += len(datagram)
        self.datagrams_received += 1
        return datagram, address

    def recvmsg(  # type: ignore[override]  # no flags
        self, bufsize: int, ancbufsize: int, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
        message = super().recvmsg(bufsize, ancbufsize)
        size = len(message[0])
        self.received += size
        self.datagrams_received += _pieces(size, message[1])
        return message

    def sendto(self, data: bytes, address: Any, /) -> int:  # type: ignore[override]  # no flags
        sent = super().sendto(data, address)
        self.sent += sent
        self.datagrams_sent += 1
        return sent

    def sendmsg(  # type: ignore[override]  # as it is called here
        self,
        buffers: Iterable[bytes],
        ancdata: Iterable[tuple[int, int, bytes]],
        flags: int,
        address: Any,
        /,
    ) -> int:
        pieces = list(buffers)
        sent = super().sendmsg(pieces, ancdata, flags, address)
        self.sent += sent
        self.datagrams_sent += len(pieces)
        return sent

    def _drops(self) -> int:
        if sys.platform != "linux":
            return 0
        try:
            numbers = self.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (_DROPS_AT + 1))
        except OSError:  # before Linux 4.12, or closed
            return 0
        return int(struct.unpack_from("=I", numbers, 4 * _DROPS_AT)[0])


def _pieces(size: int, ancillary: list[tuple[int, int, bytes]]) -> int:
    """How many datagrams a message is."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_UDP, UDP_GRO):
            piece: int = struct.unpack("=i", data)[0]
            return max(1, -(-size // piece))
    return 1

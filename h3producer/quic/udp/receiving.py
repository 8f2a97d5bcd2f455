"""How datagrams come out of a socket: one by one, or those of a burst together (GRO).

Linux keeps datagrams of one sender that come right behind each other and have one size, but for
the last, as one buffer for whoever asks for it (UDP_GRO, since 5.0). So an upload is read with a
third of the calls.

This file knows two system calls, and how large a datagram may be. It refuses to know who gets what
was read (`intake.py`).

Its one rule: what is read is the same either way, in the same order. A system that does not know
the option gives datagrams one by one.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.limits import MAX_UDP_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.quic.engine import Address
    from h3producer.quic.loop import DatagramSocket

__all__ = ["UDP_GRO", "Receive", "receiving"]

Receive: TypeAlias = "Callable[[], tuple[Sequence[bytes], Address]]"
"""Read what comes next: at least one datagram, and who sent it. Raises as `recvfrom` does."""

# Linux has it, Python's socket module does not.
UDP_GRO = 104

_MAX_BUFFER = 65_535
"""Bytes of a UDP datagram, which those of a burst have together."""

_ANCILLARY = socket.CMSG_SPACE(4) if hasattr(socket, "CMSG_SPACE") else 0
"""Bytes for the size of the pieces, an int."""


def receiving(sock: DatagramSocket, *, gro: bool = True) -> Receive:
    """The way to read from the socket; with `gro` bursts together, if the system can."""
    if gro and sys.platform == "linux":
        try:
            sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        except OSError:
            return _one_by_one(sock)
        return _together(sock)
    return _one_by_one(sock)


def _one_by_one(sock: DatagramSocket) -> Receive:
    receive = sock.recvfrom

    def read() -> tuple[Sequence[bytes], Address]:
        datagram, address = receive(MAX_UDP_PAYLOAD)
        return (datagram,), address

    return read


def _together(sock: DatagramSocket) -> Receive:
    receive = sock.recvmsg

    def read() -> tuple[Sequence[bytes], Address]:
        buffer, ancillary, _, address = receive(_MAX_BUFFER, _ANCILLARY)
        if ancillary:
            return _pieces(buffer, ancillary[0][2]), address
        # Not more of it than is read one by one.
        return (buffer if len(buffer) <= MAX_UDP_PAYLOAD else buffer[:MAX_UDP_PAYLOAD],), address

    return read


def _pieces(burst: bytes, packed_size: bytes) -> list[bytes]:
    """The datagrams of a burst."""
    (size,) = struct.unpack("=i", packed_size)
    kept = min(size, MAX_UDP_PAYLOAD)
    return [burst[start : start + kept] for start in range(0, len(burst), size)]

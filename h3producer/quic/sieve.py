"""In a flood of first packets, the kernel throws most of them away before we have to read them.

To read a datagram costs 3 µs, so a flood from one fast machine takes a whole core only to be
dropped; the kernel drops what a socket filter tells it to for next to nothing, and asks for no
privilege. This file knows a filter in classic BPF. It refuses to know when to use it (`flood.py`).
Only Linux has this; elsewhere, and with a socket that is none, nothing happens.

Its one rule: what it drops is at random, and only what anybody can make: Initial packets without
a token. A client that was lucky once comes back with the token of our Retry and always gets
through, so the sieve is only for those who ask for Retry while it is on.
"""

from __future__ import annotations

import ctypes
import logging
import socket
import struct
import sys
from typing import TYPE_CHECKING

from h3producer.quic.limits import SIEVE_MESH

if TYPE_CHECKING:
    from h3producer.quic.loop import DatagramSocket

__all__ = ["Sieve"]

logger = logging.getLogger("h3producer.quic")

# Linux has these, Python's socket module does not.
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27

_ACCEPT, _DROP = 0xFFFFFFFF, 0
_RANDOM = 0xFFFFF000 + 56
"""Where a filter finds a random word: SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h."""

_UDP = 8
"""Bytes of the UDP header, which a filter sees."""

_LOAD_BYTE, _LOAD_BYTE_X, _LOAD_WORD, _TO_X, _ADD_X = 0x30, 0x50, 0x20, 0x07, 0x0C
_IF_BITS, _IF_EQUAL, _RETURN = 0x45, 0x15, 0x06

# Code, how far to jump if true and if false, operand. An Initial packet of version 1 has the type
# bits 00, one of version 2 has 01 (RFC 9000 §17.2, RFC 9369 §3.2): 0x20 is in neither.
_PROGRAM = (
    (_LOAD_BYTE, 0, 0, _UDP),
    (_IF_BITS, 0, 10, 0x80),  # a short header gets through
    (_IF_BITS, 9, 0, 0x20),  # and so does a Handshake packet
    (_LOAD_BYTE, 0, 0, _UDP + 5),  # length of the destination id
    (_TO_X, 0, 0, 0),
    (_LOAD_BYTE_X, 0, 0, _UDP + 6),  # and of the source id
    (_ADD_X, 0, 0, 0),
    (_TO_X, 0, 0, 0),
    (_LOAD_BYTE_X, 0, 0, _UDP + 7),  # and of the token
    (_IF_EQUAL, 0, 2, 0),  # which gets it through
    (_LOAD_WORD, 0, 0, _RANDOM),
    (_IF_BITS, 1, 0, SIEVE_MESH - 1),
    (_RETURN, 0, 0, _ACCEPT),
    (_RETURN, 0, 0, _DROP),
)


class Sieve:
    """The filter of one socket."""

    def __init__(self, sock: DatagramSocket) -> None:
        self._socket = sock if isinstance(sock, socket.socket) else None

    def set(self) -> None:
        """From now on let through one in `SIEVE_MESH` of the Initial packets without a token."""
        code = b"".join(struct.pack("HBBI", *each) for each in _PROGRAM)
        buffer = ctypes.create_string_buffer(code, len(code))
        program = struct.pack("HP", len(_PROGRAM), ctypes.addressof(buffer))
        self._option(_SO_ATTACH_FILTER, program)

    def remove(self) -> None:
        """Let all through again."""
        self._option(_SO_DETACH_FILTER, struct.pack("i", 0))

    def _option(self, name: int, value: bytes) -> None:
        if self._socket is None or sys.platform != "linux":
            return
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, name, value)
        except OSError as error:
            logger.debug("No socket filter: %s.", error)

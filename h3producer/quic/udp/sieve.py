"""In a flood, the kernel throws most of it away before we have to read it.

To read a datagram costs 3 µs, so a flood from one fast machine takes a whole core only to be
dropped; the kernel drops what a socket filter tells it to for next to nothing, and asks for no
privilege. This file knows such a filter, in classic BPF. It refuses to know when to use it
(`flood.py`). Only Linux has this; elsewhere, and with a socket that is none, nothing happens.

Its one rule: what it drops is at random, and only what a flooder alone can miss: packets of the
connections that flood, and Initial packets without a token. Those anybody can make, but a client
that was lucky once comes back with the token of our Retry, and that always gets through.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from h3producer.quic.limits import SIEVE_MESH
from h3producer.quic.siblings.bpf import Instruction, attach, detach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h3producer.quic.loop import DatagramSocket

__all__ = ["Sieve"]

logger = logging.getLogger("h3producer.quic")

# Linux has these, Python's socket module does not.
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27

_RANDOM = 0xFFFFF000 + 56
"""Where a filter finds a random word: SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h."""

_UDP = 8
"""Bytes of the UDP header, which a filter sees."""

_LOAD_BYTE, _LOAD_BYTE_X, _LOAD_WORD, _TO_X, _ADD_X = 0x30, 0x50, 0x20, 0x07, 0x0C
_JUMP, _IF_BITS, _IF_EQUAL, _RETURN = 0x05, 0x45, 0x15, 0x06

_ACCEPT: Instruction = (_RETURN, 0, 0, 0xFFFFFFFF)

_BY_CHANCE: tuple[Instruction, ...] = (
    (_LOAD_WORD, 0, 0, _RANDOM),
    (_IF_BITS, 1, 0, SIEVE_MESH - 1),
    _ACCEPT,
    (_RETURN, 0, 0, 0),
)

# An Initial packet of version 1 has the type bits 00, one of version 2 has 01 (RFC 9000 §17.2,
# RFC 9369 §3.2): 0x20 is in neither. Falls through to `_BY_CHANCE` if there is no token.
_UNLESS_TOKEN: tuple[Instruction, ...] = (
    (_IF_BITS, 7, 0, 0x20),  # of the first byte
    (_LOAD_BYTE, 0, 0, _UDP + 5),  # length of the destination id
    (_TO_X, 0, 0, 0),
    (_LOAD_BYTE_X, 0, 0, _UDP + 6),  # and of the source id
    (_ADD_X, 0, 0, 0),
    (_TO_X, 0, 0, 0),
    (_LOAD_BYTE_X, 0, 0, _UDP + 7),  # and of the token
    (_IF_EQUAL, 1, 0, 0),
    _ACCEPT,
)


class Sieve:
    """The filter of one socket."""

    def __init__(self, sock: DatagramSocket) -> None:
        self._socket = sock if isinstance(sock, socket.socket) else None

    def set(self, *, first_packets: bool, connection_ids: Iterable[bytes] = ()) -> None:
        """From now on let through one in `SIEVE_MESH` of these, and all others.

        `first_packets` are the Initial packets without a token. `connection_ids` are ours: the
        packets with a short header that are for them.
        """
        if self._socket is None:
            return
        program = _program(first_packets, connection_ids)
        try:
            if program is None:
                detach(self._socket, _SO_DETACH_FILTER)
            else:
                attach(self._socket, _SO_ATTACH_FILTER, program)
        except OSError as error:
            logger.debug("No socket filter: %s.", error)


def _program(first_packets: bool, connection_ids: Iterable[bytes]) -> list[Instruction] | None:
    """The filter; None if all gets through."""
    comparisons = [_compare(each) for each in connection_ids]
    if not first_packets and not comparisons:
        return None
    long_header = _UNLESS_TOKEN if first_packets else (_ACCEPT,)
    start_of_long = 3 + sum(len(each) + 1 for each in comparisons) + 1
    start_of_chance = start_of_long + len(long_header)
    program: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, _UDP),
        (_IF_BITS, 0, 1, 0x80),
        (_JUMP, 0, 0, start_of_long - 3),
    ]
    for comparison in comparisons:
        program += comparison
        program.append((_JUMP, 0, 0, start_of_chance - len(program) - 1))
    return [*program, _ACCEPT, *long_header, *_BY_CHANCE]


def _compare(connection_id: bytes) -> list[Instruction]:
    """Skips the instruction behind it unless a short header is for this id."""
    words = len(connection_id) // 4
    pieces = [(_LOAD_WORD, start, 4) for start in range(0, 4 * words, 4)]
    pieces += [(_LOAD_BYTE, start, 1) for start in range(4 * words, len(connection_id))]
    program: list[Instruction] = []
    for left, (load, start, size) in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
        value = int.from_bytes(connection_id[start : start + size])
        program += [(load, 0, 0, _UDP + 1 + start), (_IF_EQUAL, 0, 2 * left + 1, value)]
    return program

"""Datagrams that came to one process and are for another, passed on between them.

Where the kernel chooses the right socket, that is rare: newcomers that reach a process which is
about to end, and whatever was under way while a process came or went. Where it cannot choose, it is
the rule.

Each process reads a Unix datagram socket, and all others may write to it:

    message = hops · listener · family · port · flow label · scope · host · the datagram

This file knows these messages and where each datagram belongs. It refuses to know what becomes of
those that stay.

Its one rule: it is a network. Nobody waits for it, and what has no room is lost, as it would have
been in a socket that is full; and no datagram goes round in circles.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.limits import MAX_HANDED_OVER, MAX_HOPS, MAX_UDP_PAYLOAD
from h3producer.quic.packets import LONG_HEADER
from h3producer.quic.siblings.slot_table import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.loop import DatagramSocket, Loop
    from h3producer.quic.siblings.slot_table import SlotTable

    PassOn: TypeAlias = Callable[[bytes, Address, int], bool]
    Take: TypeAlias = Callable[[list[Datagram], int], None]

__all__ = ["HandOver", "decode_address", "encode_address"]

_HEAD = struct.Struct("!BB")
_ADDRESS = struct.Struct("!BHII16s")
_DATAGRAM_AT = _HEAD.size + _ADDRESS.size

_MAX_MESSAGE = _DATAGRAM_AT + MAX_UDP_PAYLOAD

_KNOWN_ADDRESSES = 4096
"""Addresses that are remembered in both forms: 2 MB."""


class HandOver:
    """What one process passes on, and what it is handed.

    Owns `inbox`, which is read from `start` on. `outboxes` are the file descriptors on which to
    write to the process in each slot. The counts only grow.
    """

    def __init__(
        self, slot: int, table: SlotTable, inbox: DatagramSocket, outboxes: Sequence[int]
    ) -> None:
        self._slot = slot
        self._table = table
        self._inbox = inbox
        self._loop: Loop | None = None
        self._outboxes = outboxes
        self._takers: list[Take] = []
        self._mask = table.slots - 1
        self.passed_on = 0
        """Datagrams that were given to others."""
        self.lost = 0
        """Those of them for whom there was no room."""
        self.taken = 0
        """Datagrams that came from others."""

    def join(self, take: Take) -> PassOn:
        """Return how a listener passes on; it `take`s what others get on theirs of that number.

        It hears how often that was passed on, too. All processes have their listeners in the same
        order.
        """
        self._takers.append(take)
        return functools.partial(self.pass_on, len(self._takers) - 1)

    def start(self, loop: Loop) -> None:
        """Begin to read."""
        self._loop = loop
        loop.add_reader(self._inbox, self._readable)

    def close(self) -> None:
        """Read no more."""
        if self._loop is not None:
            self._loop.remove_reader(self._inbox)
        self._inbox.close()

    def pass_on(self, listener: int, datagram: bytes, address: Address, hops: int = 0) -> bool:
        """Whether a datagram that leads to no connection of ours is another's, who has it now.

        `hops`: how often it was passed on before.
        """
        if hops >= MAX_HOPS:
            return False
        slot = self._destination(datagram, hops)
        if slot in (self._slot, NOBODY):
            return False
        head = _HEAD.pack(hops + 1, listener)
        self.passed_on += 1
        try:
            os.writev(self._outboxes[slot], (head, encode_address(address), datagram))
        except OSError:  # it is full, or its process has just ended
            self.lost += 1
        return True

    def _destination(self, datagram: bytes, hops: int) -> int:
        if not datagram[0] & LONG_HEADER:
            return self._table.owner(datagram[1] & self._mask)
        # The id of a long header may be empty; then it is for anybody.
        value = (datagram[6] if datagram[5] else 0) & self._mask
        owner, heir = self._table.owner(value), self._table.heir(value)
        # It may be for a connection that has just begun, so the owner is asked first; if that does
        # not know it, it is a newcomer.
        is_newcomer = owner == self._slot or (hops > 0 and heir == self._slot)
        return heir if is_newcomer else owner

    def _readable(self) -> None:
        came: dict[tuple[int, int], list[Datagram]] = {}
        for _ in range(MAX_HANDED_OVER):
            try:
                message, _ = self._inbox.recvfrom(_MAX_MESSAGE)
            except OSError:
                break
            self.taken += 1
            address = decode_address(message[_HEAD.size : _DATAGRAM_AT])
            came.setdefault(_HEAD.unpack_from(message), []).append(
                (message[_DATAGRAM_AT:], address)
            )
        for (hops, listener), datagrams in came.items():
            self._takers[listener](datagrams, hops)


@functools.lru_cache(maxsize=_KNOWN_ADDRESSES)
def encode_address(address: Address) -> bytes:
    """An address as a socket names it, in 27 bytes."""
    if len(address) == 4:
        host, port, flow, scope = address
        return _ADDRESS.pack(6, port, flow, scope, socket.inet_pton(socket.AF_INET6, host))
    host, port = address
    return _ADDRESS.pack(4, port, 0, 0, socket.inet_pton(socket.AF_INET, host))


@functools.lru_cache(maxsize=_KNOWN_ADDRESSES)
def decode_address(data: bytes) -> Address:
    """The other way round."""
    family, port, flow, scope, host = _ADDRESS.unpack(data)
    if family == 4:
        return socket.inet_ntop(socket.AF_INET, host[:4]), port
    return socket.inet_ntop(socket.AF_INET6, host), port, flow, scope

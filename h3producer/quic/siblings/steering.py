"""Sockets that share an address, and the kernel's choice between them by connection id.

Sockets with SO_REUSEPORT on one address form a group, in the order in which they were bound. Left
alone, the kernel chooses by addresses and ports: a client whose NAT gives it another port would
reach another process, which knows nothing of it. A program chooses by the packet instead
(SO_ATTACH_REUSEPORT_CBPF, Linux 4.5).

This file knows how such a group is bound, and the program that reads a slot out of a packet. It
refuses to know which process has which slot (`slot_table.py`). Other systems have no such program;
there all processes read one socket and hand over what is for others (`hand_over.py`).

Its one rule: a slot is a position in the group. So sockets are bound in order and none is closed
before the end, since the last one would take its position.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from h3producer.quic.packets import LONG_HEADER
from h3producer.quic.siblings.bpf import Instruction, attach
from h3producer.quic.udp.sockets import bind_again

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SocketGroup", "steering_program"]

_SO_ATTACH_REUSEPORT_CBPF = 51
"""Linux has it, Python's socket module does not."""

_LOAD_BYTE, _IF_BITS, _IF_AT_LEAST, _AND, _RETURN = 0x30, 0x45, 0x35, 0x54, 0x06

_LONG_ID_AT, _SHORT_ID_AT = 6, 1
"""Where the destination id starts in a packet with a long and a short header (RFC 8999 §5)."""


class SocketGroup:
    """The sockets of all slots on one address; owns them. `first` was bound alone, for slot 0.

    Raises OSError if the kernel does not steer, and does not own `first` then.
    """

    def __init__(self, first: socket.socket) -> None:
        if first.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT):
            raise OSError(errno.EALREADY, "It is in somebody else's group")
        # Only now, so that an address that another server has is found to be in use.
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._sockets = [first]
        self.socket_of(1)  # a group of one takes no program
        try:
            self.steer(bytes(2))
        except OSError:
            self._sockets.pop().close()
            raise

    def socket_of(self, slot: int) -> socket.socket:
        """The socket of a slot; raises OSError if none can be bound."""
        while len(self._sockets) <= slot:
            self._sockets.append(bind_again(self._sockets[0]))
        return self._sockets[slot]

    def steer(self, owners: Sequence[int]) -> None:
        """Lead packets to these slots, by the value in their ids; raises OSError if it cannot."""
        attach(self._sockets[0], _SO_ATTACH_REUSEPORT_CBPF, steering_program(owners))

    def close(self) -> None:
        """Close all of them."""
        for sock in self._sockets:
            sock.close()


def steering_program(owners: Sequence[int]) -> list[Instruction]:
    """Returns the owner of the value in a packet's destination id; there are a power of two.

    A packet that is cut off goes to slot 0, one for a slot that has no socket to any.
    """
    return [
        (_LOAD_BYTE, 0, 0, 0),
        (_IF_BITS, 0, 2, LONG_HEADER),
        (_LOAD_BYTE, 0, 0, _LONG_ID_AT),
        (_IF_AT_LEAST, 1, 1, 0),  # always: over the next one
        (_LOAD_BYTE, 0, 0, _SHORT_ID_AT),
        (_AND, 0, 0, len(owners) - 1),
        *_choice(owners, 0, len(owners)),
    ]


def _choice(owners: Sequence[int], start: int, stop: int) -> list[Instruction]:
    """A decision tree over the values from `start` to `stop`, at most six questions deep."""
    if len(set(owners[start:stop])) == 1:
        return [(_RETURN, 0, 0, owners[start])]
    middle = (start + stop) // 2
    lower, upper = _choice(owners, start, middle), _choice(owners, middle, stop)
    return [(_IF_AT_LEAST, len(lower), 0, middle), *lower, *upper]

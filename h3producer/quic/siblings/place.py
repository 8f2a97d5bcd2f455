"""A process's place among those that serve together: its slot, its sockets, and what all share.

This file knows what a process is given when it starts; it can be pickled. File descriptors are
numbers in it, and whoever starts the process hands down those of `fds`, under the same numbers. It
refuses to know who starts processes, and what they do with it.

Its one rule: alone, a process has no place, and pays nothing for the possibility.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.quic.balancing.assignment import read_assignments
from h3producer.quic.balancing.lines import lines_of
from h3producer.quic.balancing.routable_ids import RoutableIds
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.siblings.hand_over import HandOver
from h3producer.quic.siblings.shared_memory import map_memory
from h3producer.quic.siblings.slot_table import SlotTable

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.keys.shared_keys import SharedKeys

__all__ = ["Place", "connection_ids", "slots_of"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """What one process of several is given."""

    slot: int
    """Its number: each connection id that it issues has it in the low bits of the first octet."""
    keys: SharedKeys
    sockets: tuple[int, ...]
    """File descriptors of its own UDP sockets, bound, one for each address in the server's order.
    Where the kernel does not choose between sockets, all processes have the same ones."""
    table: int
    """That of the memory with the `SlotTable`."""
    strikes: int
    """That of the memory with the `StrikeRegister`."""
    inbox: int
    """That of the Unix socket from which it reads what others hand over."""
    outboxes: tuple[int, ...]
    """Those of the sockets by which it hands over, by the slot of who reads."""

    tcp_sockets: tuple[int, ...] = ()
    """Of TCP sockets that listen, if TCP is served, too; all processes have the same ones."""

    @property
    def fds(self) -> tuple[int, ...]:
        """All file descriptors that the process has to inherit."""
        return (
            *self.sockets,
            self.table,
            self.strikes,
            self.inbox,
            *self.outboxes,
            *self.tcp_sockets,
        )

    def open_hand_over(self, slots: int) -> HandOver:
        """The way to the other processes; whoever opens it closes it."""
        table = SlotTable(map_memory(self.table), slots)
        inbox = socket.socket(fileno=os.dup(self.inbox))
        return HandOver(self.slot, table, inbox, self.outboxes)


def slots_of(config: Config) -> int:
    """How many processes of a server can be told apart. Raises `AssignmentError`."""
    return (RoutableIds if read_assignments(config) else PlainIds).slots


def connection_ids(config: Config, keys: SharedKeys, slot: int | None = None) -> ConnectionIds:
    """How a process makes its connection ids; `slot` is None for one that serves alone.

    Reads the files that a load balancer's configuration is in. Raises `AssignmentError`.
    """
    tokens = ResetTokens(keys.reset)
    if lines := lines_of(config):
        return RoutableIds(tokens, lines, slot)
    return PlainIds(tokens, slot)

"""What all workers stand on: sockets by slot, who is steered where, and the keys that they share.

This file knows how each worker gets its part. It refuses to know workers: who serves it is told.

Its one rule: the parent owns all of it, and what is made for a slot stays until the end. So a
worker that dies leaves nothing behind but a place for the next one.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from h3producer.quic.balancing.assignment import AssignmentError
from h3producer.quic.keys.session_tickets import epoch_of, forget_past
from h3producer.quic.keys.shared_keys import SecretError, SharedKeys
from h3producer.quic.keys.strike_register import REGISTER_SIZE
from h3producer.quic.siblings.place import Place, slots_of
from h3producer.quic.siblings.shared_memory import map_memory, share_memory
from h3producer.quic.siblings.slot_table import TABLE_SIZE, SlotTable
from h3producer.quic.siblings.steering import SocketGroup
from h3producer.quic.udp.sockets import (
    BUFFER_SIZE,
    BindError,
    addresses_of,
    bind_sockets,
    plain_address,
)
from h3producer.server.errors import StartupError
from h3producer.server.tcp.sockets import bind_beside

if TYPE_CHECKING:
    from collections.abc import Collection

    from h3producer.config import Config

__all__ = ["Grounds"]

logger = logging.getLogger("h3producer.quic")


class Grounds:
    """The grounds of one server, for the length of a `with` block; `bind` comes first.

    Raises `StartupError` for the files that settings name.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        try:
            self._keys = SharedKeys.of(config)
            self.slots = slots_of(config)
        except (SecretError, AssignmentError) as error:
            raise StartupError(str(error)) from error
        self._undo = ExitStack()
        self._table_memory = share_memory(TABLE_SIZE)
        self._undo.callback(os.close, self._table_memory)
        self._strike_memory = share_memory(REGISTER_SIZE)
        self._undo.callback(os.close, self._strike_memory)
        self._table = SlotTable(map_memory(self._table_memory), self.slots)
        self._table.clear()
        self._sockets: list[socket.socket] = []
        self._tcp: list[socket.socket] = []
        """All workers accept from these."""
        self._groups: list[SocketGroup] = []
        """In relay mode there are none."""
        self._mail = [self._open_mail() for _ in range(self.slots)]
        """For each slot a socket to read from, and the one to write to it."""

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each address, once they are bound."""
        return [plain_address(sock.getsockname()) for sock in self._sockets]

    @property
    def tcp_addresses(self) -> list[tuple[str, int]]:
        """The same of TCP, if that is served, too."""
        return [plain_address(sock.getsockname()) for sock in self._tcp]

    @property
    def steers(self) -> bool:
        """Whether the kernel chooses between sockets; if not, all workers read the same ones."""
        return bool(self._groups)

    def bind(self) -> None:
        """Take the addresses. Raises `StartupError`."""
        try:
            if self._config.with_tcp:
                self._tcp = bind_beside(self._config, self._bind_udp, self._unbind_udp).sockets
            else:
                self._bind_udp()
        except BindError as error:
            raise StartupError(str(error)) from error
        finally:
            for sock in (*self._sockets, *self._tcp):
                self._undo.callback(sock.close)
        if self._config.steering == "relay":
            return
        try:
            self._groups = [SocketGroup(sock) for sock in self._sockets]
        except OSError as error:
            if self._config.steering == "kernel":
                raise StartupError(
                    f"The kernel does not lead packets to workers here: {error.strerror}."
                ) from error
            logger.info(
                "The kernel does not lead packets to workers (%s): they pass them on.",
                error.strerror,
            )
            return
        for group in self._groups:
            self._undo.callback(group.close)

    def _bind_udp(self) -> list[tuple[str, int]]:
        self._sockets = bind_sockets(addresses_of(self._config))
        return self.addresses

    def _unbind_udp(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    def place(self, slot: int) -> Place:
        """What the worker in a slot is given. Raises `OSError` if it can have no socket."""
        sockets = [each.socket_of(slot) for each in self._groups] or self._sockets
        lifetime = self._config.session_ticket_lifetime
        if lifetime is not None:
            forget_past(self._keys.tickets, epoch_of(time.time(), lifetime))
        return Place(
            slot=slot,
            keys=self._keys,
            sockets=tuple(each.fileno() for each in sockets),
            table=self._table_memory,
            strikes=self._strike_memory,
            inbox=self._mail[slot][0].fileno(),
            outboxes=tuple(outbox.fileno() for _, outbox in self._mail),
            tcp_sockets=tuple(each.fileno() for each in self._tcp),
        )

    def steer(self, serving: Collection[int], draining: Collection[int] = ()) -> None:
        """Lead newcomers to those that serve, and leave to all the connections that they have.

        A slot that is in neither is not there: whoever still sends to it hears that its connection
        is lost. If nobody serves, newcomers are dropped.
        """
        # First the table, so that whoever gets a datagram by the kernel's old ways knows the new.
        self._table.set(serving, draining)
        for group in self._groups:
            group.steer(self._table.owners)

    def __enter__(self) -> Grounds:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _open_mail(self) -> tuple[socket.socket, socket.socket]:
        # Two that are connected to each other, so that what is under way is bounded in bytes only
        # (unix(7)): others have room for `max_dgram_qlen` datagrams, which may be 10.
        inbox, outbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for sock in (inbox, outbox):
            sock.setblocking(False)
            self._undo.callback(sock.close)
        outbox.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_SIZE)
        return inbox, outbox

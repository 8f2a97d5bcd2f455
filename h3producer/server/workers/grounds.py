"""What all workers stand on: sockets by slot, and the keys that they share.

This file knows which sockets a worker is given. It refuses to know workers.

Its one rule: the parent owns all sockets, and none is closed before the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.place import Place
from h3producer.quic.shared_keys import SharedKeys
from h3producer.quic.sockets import BindError, addresses_of, bind_sockets, plain_address
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from h3producer.config import Config

__all__ = ["Grounds"]


class Grounds:
    """The sockets that a `Config` names, for the length of a `with` block; all share them yet."""

    slots = MAX_SLOTS

    def __init__(self, config: Config) -> None:
        self._config = config
        self._sockets: list[socket.socket] = []
        self._keys = SharedKeys.derive()

    def bind(self) -> None:
        """Take the addresses. Raises `StartupError`."""
        config = self._config
        try:
            self._sockets = bind_sockets(addresses_of(config))
        except BindError as error:
            raise StartupError(str(error)) from error

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each address, once they are bound."""
        return [plain_address(sock.getsockname()) for sock in self._sockets]

    def place(self, slot: int) -> Place:
        """What the worker in a slot is given."""
        return Place(
            slot=slot, keys=self._keys, sockets=tuple(sock.fileno() for sock in self._sockets)
        )

    def steer(self, serving: Sequence[int], draining: Sequence[int]) -> None:
        """Lead newcomers to those that serve, and leave to all the connections that they have."""

    def __enter__(self) -> Grounds:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets:
            sock.close()

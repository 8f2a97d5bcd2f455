"""How datagrams leave a socket: one by one, in the order in which they were built.

This file knows one system call and what its errors mean. It refuses to know what waits for room
(`outlet.py`) and how several datagrams share a call (`segmentation.py`).

Its one rule: a socket that is full keeps what it was not given; any other error is a datagram lost
like on the way, and costs no other one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from h3producer.quic.engine import Datagram
    from h3producer.quic.loop import DatagramSocket

    Send: TypeAlias = Callable[[Sequence[Datagram]], int]

__all__ = ["SingleSending"]

logger = logging.getLogger("h3producer.quic")


class SingleSending:
    """`sendto`, which every socket has."""

    def __init__(self, sock: DatagramSocket) -> None:
        self._socket = sock

    def send(self, datagrams: Sequence[Datagram]) -> int:
        """Send in order; return how many are done with: all, or those before the socket was full.

        Never waits or raises.
        """
        sendto = self._socket.sendto
        for index, (datagram, address) in enumerate(datagrams):
            try:
                sendto(datagram, address)
            except (BlockingIOError, InterruptedError):
                return index
            except OSError as error:
                # ENETUNREACH, EPERM, EMSGSIZE …: recovery sends it again.
                logger.debug("Sending to %s failed: %s", address, error)
        return len(datagrams)

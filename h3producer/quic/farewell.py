"""What a peer is told that does not know yet that its connection has ended.

This file knows the last datagrams and how often they may be repeated. It refuses to know how they
were built. Its one rule: who goes on sending gets fewer answers the longer it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer.quic.engine import Datagram
    from h3producer.quic.link import Link

__all__ = ["Farewell"]


class Farewell:
    """The CONNECTION_CLOSE of one connection; nothing if the peer ended it."""

    def __init__(self) -> None:
        self.datagrams: list[Datagram] = []
        self._late_packets = 0

    def repeat(self, link: Link) -> None:
        """Another packet came behind the end."""
        # RFC 9000 §10.2.1: in the closing state packets are answered with the CONNECTION_CLOSE,
        # and "an endpoint SHOULD limit the rate": to the 1st, 2nd, 4th, 8th …
        self._late_packets += 1
        if self._late_packets & (self._late_packets - 1) == 0 and not link.is_full:
            link.send(self.datagrams)

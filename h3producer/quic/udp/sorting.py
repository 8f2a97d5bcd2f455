"""Datagrams that have come are sorted: each into the inbox of whom it is for.

This file knows which connection id belongs to whom, and where newcomers wait. It refuses to know
what is in a datagram beyond the id it is for (RFC 8999 §5), and who deserves to go first
(`schedule.py`).

Its one rule: it is fast, since in the kernel's buffer everybody waits behind everybody. What is for
somebody who is known costs two look-ups.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from h3producer.quic.keys.stateless_reset import RESET_TOKEN_SIZE
from h3producer.quic.limits import MAX_NEWCOMERS, MAX_READS, PATIENCE
from h3producer.quic.packets import LONG_HEADER, destination_of, has_token

if TYPE_CHECKING:
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.link import Tenant
    from h3producer.quic.udp.receiving import Receive
    from h3producer.quic.udp.schedule import Inbox, Schedule

__all__ = ["Sorter", "StrayRules"]

logger = logging.getLogger("h3producer.quic")

SMALLEST_DATAGRAM = 7
"""Bytes below which there is no packet: not even a long header fits (RFC 8999 §5.1)."""


class StrayRules(Protocol):
    """What is done about datagrams that belong to nobody here."""

    @property
    def id_length(self) -> int:
        """Bytes of our own connection ids."""

    def settle(self, datagram: bytes, address: Address, hops: int) -> bool:
        """Whether nothing more is to be done; if not, it has a long header and is to be judged.

        `hops`: how often other processes passed it on.
        """


class Sorter:
    """Sorts what a socket has, by `receive`, into the inboxes of a schedule.

    What belongs to nobody, and is not settled by `strays`, waits to be judged.
    """

    def __init__(
        self, schedule: Schedule[Tenant | None], receive: Receive, strays: StrayRules
    ) -> None:
        self._receive = receive
        self._schedule = schedule
        self._strays = strays
        self._id_end = 1 + strays.id_length
        self._newcomers = schedule.add(None, room=MAX_NEWCOMERS)
        self._returning = schedule.add(None, room=MAX_NEWCOMERS)
        """Those who bring a token: in a flood they need not be lucky a second time."""
        self.first_packets = 0
        """Datagrams that wait, or waited, to be judged, since somebody set this to 0."""
        self.routes: dict[bytes, Inbox[Tenant | None]] = {}
        """The inboxes by the connection ids, and tokens of peers, that lead to them."""

    def read(self) -> None:
        """Sort what the socket has.

        All of it in a flood: what matters is behind the rest. But once there is somebody who was
        not waiting before, it goes on for a few only.
        """
        receive, put = self._receive, self._schedule.put
        routes, id_end = self.routes, self._id_end
        patience = MAX_READS
        while patience > 0:
            try:
                datagrams, address = receive()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                # An ICMP message about something that we sent; that peer's timers will see to it.
                logger.debug("%r: receiving failed: %s", self, error)
                patience -= 1
                continue
            patience -= len(datagrams)
            for datagram in datagrams:
                if len(datagram) < SMALLEST_DATAGRAM:
                    continue
                if datagram[0] & LONG_HEADER:
                    inbox = routes.get(destination_of(datagram))
                else:
                    inbox = routes.get(datagram[1:id_end])
                if inbox is None and (inbox := self._unknown(datagram, address, 0)) is None:
                    continue
                if put(inbox, (datagram, address)) and patience > PATIENCE:
                    patience = PATIENCE

    def take(self, datagrams: list[Datagram], hops: int) -> None:
        """Sort what another process has read, and passed on so often."""
        for datagram, address in datagrams:
            is_long = datagram[0] & LONG_HEADER
            id_ = destination_of(datagram) if is_long else datagram[1 : self._id_end]
            inbox = self.routes.get(id_) or self._unknown(datagram, address, hops)
            if inbox is not None:
                self._schedule.put(inbox, (datagram, address))

    def _unknown(self, datagram: bytes, address: Address, hops: int) -> Inbox[Tenant | None] | None:
        """Where a datagram waits that no id of ours stands on; None if it does not."""
        if not datagram[0] & LONG_HEADER:
            # RFC 9000 §10.3: what ends with a token that a peer gave us is its stateless reset.
            lost = self.routes.get(datagram[-RESET_TOKEN_SIZE:])
            if lost is not None:
                return lost
        if self._strays.settle(datagram, address, hops):
            return None
        self.first_packets += 1
        return self._returning if has_token(datagram) else self._newcomers

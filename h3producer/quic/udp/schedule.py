"""Whose turn it is: datagrams that wait, and the processor time that their senders have used.

This file knows shares. A share belongs to one proven address, however many connections it opens;
all who have not proven theirs have one together. It refuses to know clocks, sockets and packets:
seconds come in as numbers, datagrams are passed on.

Its one rule: the share that has used least goes first, and its connections take turns. Whoever
asks now and then is always behind in use, so that it never waits for those who keep the server
busy; those wait for each other. A share that was idle saves nothing up: it starts level with the
one that is being served. Strangers go behind who is level with them: a handshake is the dearest
thing that anybody can ask for.

What is more than an inbox holds is dropped, as a full link would drop it, and congestion control
understands that. So a flood costs the price of reading it, and its sender's own time.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from h3producer.quic.limits import HANDSHAKE, MAX_INBOX, MAX_WAITING, MIN_INBOX

if TYPE_CHECKING:
    from collections.abc import Hashable

    from h3producer.quic.engine import Datagram

__all__ = ["Inbox", "Schedule", "Share"]

Owner = TypeVar("Owner")


class Share(Generic[Owner]):
    """Processor time, in seconds, that some connections use together."""

    __slots__ = ("handicap", "is_listed", "key", "members", "used", "waiting")

    def __init__(self, key: Hashable = None, handicap: float = 0.0) -> None:
        self.key = key
        self.used = 0.0
        self.handicap = handicap
        """What counts as used ahead of each turn."""
        self.members = 0
        self.waiting: deque[Inbox[Owner]] = deque()
        """Those with datagrams, in the order of their turns."""
        self.is_listed = False
        """Whether it stands in the line, or has its turn."""


class Inbox(Generic[Owner]):
    """The datagrams that wait for one owner."""

    __slots__ = ("datagrams", "dropped", "owner", "room", "share")

    def __init__(self, owner: Owner, share: Share[Owner], room: int) -> None:
        self.owner = owner
        self.share = share
        self.room = room
        self.datagrams: deque[Datagram] = deque()
        self.dropped = 0
        """Datagrams for which there was no room, of late."""


class Schedule(Generic[Owner]):
    """All inboxes of a socket, and the order in which they are emptied.

    while (inbox := schedule.next()) is not None:
        ...                                        # take from it, as long as a turn is
        schedule.turn_over(inbox, seconds)
    """

    def __init__(self) -> None:
        self._strangers: Share[Owner] = Share(handicap=HANDSHAKE)
        self._shares: dict[Hashable, Share[Owner]] = {}
        self._line: list[tuple[float, int, Share[Owner]]] = []
        """A heap: what counted as used by a share when it was listed, its number in the line, the
        share."""
        self._number = 0
        self._level = 0.0
        """What the share that was served last had used before."""
        self._current: Inbox[Owner] | None = None
        self._current_share = self._strangers
        self._had = 0
        """Datagrams in the current inbox when its turn began."""
        self._overflown: set[Inbox[Owner]] = set()
        self.waiting = 0
        """Datagrams in all inboxes."""
        self.dropped = 0
        """Datagrams for which there was no room, of late."""

    # Owners

    def add(self, owner: Owner, key: Hashable = None, *, room: int = MAX_INBOX) -> Inbox[Owner]:
        """An inbox for the share with this key; without a key, for that of all strangers."""
        inbox: Inbox[Owner] = Inbox(owner, self._strangers, room)
        if key is not None:
            self.move(inbox, key)
        return inbox

    def move(self, inbox: Inbox[Owner], key: Hashable) -> None:
        """From now on the owner uses the share with this key. Only a stranger moves, and once."""
        if inbox.share is not self._strangers:
            return
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = Share(key)
        share.members += 1
        inbox.share = share

    def remove(self, inbox: Inbox[Owner]) -> None:
        """The owner is gone, and what waits for it is of no use any more."""
        self.waiting -= len(inbox.datagrams)
        if inbox is self._current:
            self._had -= len(inbox.datagrams)
        inbox.datagrams.clear()
        share = inbox.share
        if share is not self._strangers:
            share.members -= 1
            if share.members == 0:
                del self._shares[share.key]

    # Datagrams

    def put(self, inbox: Inbox[Owner], datagram: Datagram) -> bool:
        """Keep a datagram, if there is room for it.

        Return whether its owner waits from now on, and not before; strangers do not count.
        """
        datagrams = inbox.datagrams
        if len(datagrams) >= (inbox.room if self.waiting < MAX_WAITING else MIN_INBOX):
            self.dropped += 1
            inbox.dropped += 1
            self._overflown.add(inbox)
            return False
        datagrams.append(datagram)
        self.waiting += 1
        if inbox is self._current:
            self._had += 1
            return False
        if len(datagrams) > 1:
            return False
        self._line_up(inbox)
        return inbox.share is not self._strangers

    def overflown(self) -> set[Inbox[Owner]]:
        """The inboxes that had no room for something since this was asked last."""
        found, self._overflown = self._overflown, set()
        self.dropped = 0
        return found

    # Turns

    def next(self) -> Inbox[Owner] | None:
        """The inbox whose turn begins; None if nothing waits.

        To be followed by `turn_over`, when its owner has taken from it what it could.
        """
        while self._line:
            share = heapq.heappop(self._line)[2]
            while share.waiting:
                inbox = share.waiting.popleft()
                if inbox.datagrams:
                    self._level = share.used
                    self._current, self._current_share = inbox, share
                    self._had = len(inbox.datagrams)
                    return inbox
            share.is_listed = False
        return None

    def turn_over(self, inbox: Inbox[Owner], seconds: float) -> None:
        """Its turn took so long; if it has more, it waits for another."""
        share = self._current_share
        self._current = None
        self.waiting -= self._had - len(inbox.datagrams)
        share.used += seconds
        if inbox.datagrams:
            self._line_up(inbox)
        share.is_listed = False
        if share.waiting:
            self._list(share)

    def charge(self, inbox: Inbox[Owner], seconds: float) -> None:
        """Something else was done for the owner, too."""
        inbox.share.used += seconds

    def lead(self, share: Share[Owner]) -> float:
        """Seconds that the share whose turn is next has used more than this one; 0 without one."""
        return self._line[0][0] - share.used if self._line else 0.0

    def is_alone(self, share: Share[Owner]) -> bool:
        """Whether no other share than this one waits."""
        line = self._line
        return not line or (len(line) == 1 and line[0][2] is share)

    def _line_up(self, inbox: Inbox[Owner]) -> None:
        share = inbox.share
        share.waiting.append(inbox)
        if not share.is_listed:
            if share.used < self._level:
                share.used = self._level
            self._list(share)

    def _list(self, share: Share[Owner]) -> None:
        share.is_listed = True
        self._number += 1
        heapq.heappush(self._line, (share.used + share.handicap, self._number, share))

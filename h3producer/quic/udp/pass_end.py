"""When a pass of turns is over, and the event loop goes on.

This file knows the time that turns took, and whose they were. It refuses to know datagrams, and
whose turn is next (`schedule.py`): it is told.

Its one rule: what is done in one pass is cheaper, but answers leave at its end. So it is long for
who is alone, short if several addresses are there, and over at once if somebody was served and the
next one is known to take long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from h3producer.quic.limits import CROWD_MEMORY, MAX_PASS, MIXED_PASS, TURN

if TYPE_CHECKING:
    from h3producer.quic.udp.schedule import Inbox, Schedule, Share

__all__ = ["PassEnd"]

Owner = TypeVar("Owner")


class PassEnd(Generic[Owner]):
    """Judges after each turn; times are seconds on any one clock."""

    def __init__(self, schedule: Schedule[Owner]) -> None:
        self._schedule = schedule
        self._started = 0.0
        self._first: Share[Owner] | None = None
        self._is_mixed = self._is_cut = False
        self._last_share: Share[Owner] | None = None
        self._crowded_until = 0.0

    def begin(self, now: float) -> None:
        """A pass begins."""
        self._started = now
        self._first = None
        self._is_mixed = self._is_cut = False

    def has_come(self, inbox: Inbox[Owner], now: float) -> bool:
        """Whether the pass is over, now that somebody had a turn."""
        schedule, share = self._schedule, inbox.share
        self._first = self._first or share
        self._is_mixed = self._is_mixed or share is not self._first
        if share is not self._last_share:
            if self._last_share is not None:
                self._crowded_until = now + CROWD_MEMORY
            self._last_share = share
        # The next one's datagram may be the dearest that there is.
        if schedule.lead(share) > TURN:
            return True
        elapsed = now - self._started
        if elapsed < TURN:
            return False
        is_crowded = now < self._crowded_until
        if elapsed >= (MIXED_PASS if is_crowded else MAX_PASS):
            return True
        self._is_cut = self._is_cut or bool(inbox.datagrams)
        return self._is_cut and (not self.is_alone(inbox) or (is_crowded and elapsed >= 2 * TURN))

    def is_alone(self, inbox: Inbox[Owner]) -> bool:
        """Whether nobody else had a turn in this pass, and nobody else waits."""
        return not self._is_mixed and self._schedule.is_alone(inbox.share)

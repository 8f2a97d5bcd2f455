"""How a connection ends that ends in peace: what it says last, and when.

This file knows the last words of one connection and how long its client may read on. It refuses
to know how they are sent. Its one rule: they wait until all is delivered, and then for a moment.
"""

from __future__ import annotations

import math
from typing import Final

from h3producer.quic.limits import LINGER

__all__ = ["UNHEARD_TICKS", "Parting"]

UNHEARD_TICKS: Final = 2
"""Heartbeats of a second that a close waits for a peer that acknowledges nothing and misses none of
its responses: phones lose their network, and client libraries read nothing between two requests.
Time for several probes; whoever hears of no end loses nothing by it."""


class Parting:
    """The close that waits; `words` are its error code and reason."""

    def __init__(self, error_code: int, reason: str) -> None:
        self.words = (error_code, reason)
        self._ticks = 0
        self.due = math.inf
        """When they are to be said; infinite as long as something is not delivered."""

    def is_given_up(self, is_answered: bool) -> bool:
        """Whether to say them to a client that acknowledges nothing; to be asked once a second."""
        self._ticks += 1
        return self._ticks >= UNHEARD_TICKS and is_answered

    def is_due(self, is_delivered: bool, now: float) -> bool:
        """Whether to say them now; to be asked whenever one of the two has changed."""
        # RFC 9114 §5.2: "Once all accepted requests have been processed, the server can permit the
        # connection to become idle, or MAY initiate an immediate closure of the connection."
        if not is_delivered:
            self.due = math.inf
        elif self.due == math.inf:
            self.due = now + LINGER
        return now >= self.due

"""What we say of clients that break rules: a line for each connection, and not too many of them.

This file knows how often something is worth a line. It refuses to know what was wrong.

A hostile client must not fill our log, neither with one connection nor with a thousand. So the
first complaint about a connection is logged for operators (info), all others for whoever debugs;
and of first ones, no more than a few in a second. Its one rule: nothing is dropped without being
counted, and the next line that is logged says how many were.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPLAINTS", "LINES_PER_SECOND", "ComplaintLog", "ConnectionComplaints"]

logger = logging.getLogger("h3producer.http3")

LINES_PER_SECOND: Final = 10
"""Complaints at level info, of the whole process."""


class ComplaintLog:
    """Logs up to `LINES_PER_SECOND` first complaints in each second of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = -1
        self._lines = 0
        self._unsaid = 0

    def log(self, line: str) -> None:
        """Log the first complaint about a connection, if there is room for it."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._lines = second, 0
        if self._lines >= LINES_PER_SECOND:
            self._unsaid += 1
            logger.debug("%s", line)
            return
        self._lines += 1
        if self._unsaid:
            unsaid, self._unsaid = self._unsaid, 0
            logger.info("%s (and %d more connections before it)", line, unsaid)
        else:
            logger.info("%s", line)


class ConnectionComplaints:
    """The complaints about one connection."""

    __slots__ = ("_has_complained", "_log")

    def __init__(self, log: ComplaintLog) -> None:
        self._log = log
        self._has_complained = False

    def log(self, client: tuple[str, int], what: str, *details: object) -> None:
        """Say that a client broke a rule: once for operators, all that follows for debugging."""
        if self._has_complained and not logger.isEnabledFor(logging.DEBUG):
            return
        line = f"Client {client[0]} port {client[1]} broke a rule; {what % details}"
        if self._has_complained:
            logger.debug("%s", line)
        else:
            self._has_complained = True
            self._log.log(line)


COMPLAINTS: Final = ComplaintLog()
"""Of the whole process, since it is its log that must not be filled."""

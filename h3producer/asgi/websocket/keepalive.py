"""Pings, and clients that do not answer them.

This file knows when to ask and how long to wait. It refuses to know frames, and what becomes of
who does not answer. Its one rule: who is measured is the client. While the application keeps us
from reading, or the client takes bytes that are in front of the ping, nobody is late.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Pinger(Protocol):
        """Whose client is asked."""

        def ping(self, payload: bytes) -> None:
            """Send a ping."""

        def is_held_up(self) -> bool:
            """Whether a pong could not have come, or is on its way as far as we can tell."""

        def overdue(self) -> None:
            """The pong did not come."""


__all__ = ["Keepalive"]


class Keepalive:
    """Asks one client every `interval` seconds, and gives it `timeout` seconds for the answer."""

    __slots__ = ("_interval", "_payload", "_pinger", "_timeout", "_timer")

    def __init__(self, pinger: Pinger, interval: float | None, timeout: float | None) -> None:
        """Without `interval` nobody is asked, without `timeout` the answer may take for ever."""
        self._pinger = pinger
        self._interval = interval
        self._timeout = timeout
        self._payload: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rest()

    def answered(self, payload: bytes) -> None:
        """A pong; one that nobody asked for says nothing (RFC 6455 §5.5.3)."""
        if payload == self._payload:
            self._payload = None
            self._rest()

    def stop(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self) -> None:
        if self._interval is not None:
            self._call_later(self._interval, self._ask)

    def _ask(self) -> None:
        # Not to be guessed: a client cannot answer before it was asked.
        self._payload = os.urandom(4)
        self._pinger.ping(self._payload)
        if self._timeout is None:
            self._rest()
        else:
            self._call_later(self._timeout, self._look)

    def _look(self) -> None:
        assert self._timeout is not None, "somebody waits for the answer"
        if self._pinger.is_held_up():
            self._call_later(self._timeout, self._look)
        else:
            self._pinger.overdue()

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, callback)

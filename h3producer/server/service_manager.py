"""What a service manager is told: ready, reloading, stopping, and that we are still alive.

This file knows the datagrams of sd_notify(3) and when they are due. It refuses to know what they
lead to: that is the unit file's (`Type=notify`, `WatchdogSec=`). The protocol is a line of text to
a Unix socket, and others than systemd speak it.

Its one rule: nothing here can fail or hold up the server. Without `NOTIFY_SOCKET`, or with nobody
behind it, each word is as good as said.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ServiceManager"]


class ServiceManager:
    """Who started this process, and whether it wants to be told."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        self._address = variables.get("NOTIFY_SOCKET", "")
        self._watchdog = _watchdog_seconds(variables) if self._address else None

    @contextmanager
    def served(self) -> Iterator[None]:
        """Say that we are ready, within the running loop; when the block ends, that we stop.

        The signs of life go on until the loop is closed: the end may take its time.
        """
        self._tell("READY=1", "STATUS=Serving.")
        if self._watchdog is not None:
            self._sign_of_life(asyncio.get_running_loop(), self._watchdog / 2)
        try:
            yield
        finally:
            self._tell("STOPPING=1", "STATUS=Stopping.")

    @contextmanager
    def reloaded(self) -> Iterator[None]:
        """For the length of the block, say that the configuration is being read anew."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self._tell("READY=1")

    def _sign_of_life(self, loop: asyncio.AbstractEventLoop, interval: float) -> None:
        # From the loop, since a process whose loop stands still is what a watchdog is for.
        self._tell("WATCHDOG=1")
        loop.call_later(interval, self._sign_of_life, loop, interval)

    def _tell(self, *words: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte of Linux's abstract addresses.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(words).encode(), address)


def _watchdog_seconds(variables: Mapping[str, str]) -> float | None:
    """How long we may be silent, sd_watchdog_enabled(3); None: for ever."""
    microseconds = variables.get("WATCHDOG_USEC", "")
    if not (microseconds.isascii() and microseconds.isdigit() and int(microseconds)):
        return None
    if variables.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1e6

"""The keyboard, while a program draws on the whole screen.

This file knows how a key is waited for, and that a window that changes its size is as good as one.
It refuses to know what keys mean. Its one rule: the terminal is left as it was found, however that
comes about.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Keyboard", "keyboard"]


class Keyboard(Protocol):
    """Where keys come from."""

    def key(self, seconds: float) -> str:
        """Wait for a key, or for so long, or for the window to change; "" if there is no key."""


class _Terminal:
    def __init__(self, keys: int | None, wakeups: int) -> None:
        self._keys = keys
        self._wakeups = wakeups

    def key(self, seconds: float) -> str:
        wanted = [self._wakeups] if self._keys is None else [self._keys, self._wakeups]
        ready, _, _ = select.select(wanted, [], [], seconds)
        if self._wakeups in ready:
            os.read(self._wakeups, 4096)
        if self._keys is not None and self._keys in ready:
            pressed = os.read(self._keys, 64).decode("utf-8", "replace")
            if not pressed:
                self._keys = None  # whoever held the other end has gone
            return "" if pressed.startswith("\x1b") else pressed[:1]
        return ""


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """The keyboard of this process, key by key; without a terminal there are none.

    To be used in the main thread.
    """
    is_terminal = sys.stdin.isatty()
    descriptor = sys.stdin.fileno() if is_terminal else None
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = termios.tcgetattr(descriptor) if descriptor is not None else None
    resized = signal.signal(signal.SIGWINCH, lambda *_: None)
    waker = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        if descriptor is not None:
            tty.setcbreak(descriptor)
        yield _Terminal(descriptor, reader)
    finally:
        if descriptor is not None and before is not None:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGWINCH, resized)
        os.close(reader)
        os.close(writer)

"""INT, TERM and perhaps HUP, for as long as a server serves.

This file knows how to take signals from a program and give them back. It refuses to know what
they lead to. Its one rule: afterwards the handlers are those from before, whatever happened.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["ENDS", "captured_signals"]

ENDS = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask for the end."""


@contextmanager
def captured_signals(
    received: Callable[[signal.Signals], None], *others: signal.Signals
) -> Iterator[None]:
    """Within the block INT, TERM and the `others` call `received` and do nothing else.

    Outside the main thread, where Python allows no handlers, the block runs without them. A
    signal that came is not raised again: it asked for an end, and the end has come.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    # `signal.signal`, not `loop.add_signal_handler`: only this can be undone exactly, and it
    # works on every system and every loop.
    def handle(number: int, _frame: FrameType | None) -> None:
        received(signal.Signals(number))

    before = {number: signal.signal(number, handle) for number in (*ENDS, *others)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

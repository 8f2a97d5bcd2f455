"""INT and TERM, for as long as a server serves.

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

__all__ = ["captured_signals"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def captured_signals(received: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Within the block INT and TERM call `received` and do nothing else.

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

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Which event loop a server of its own runs on, and what the time is on it.

This file knows the loops by name, that one of them may not be installed, and how exact their clocks
are. It refuses to know what runs on them. Its one rule: what nobody asked for is never missed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import EventLoop
    from h3producer.quic.loop import Loop

__all__ = ["ExactLoop", "exact_loop", "loop_factory"]


class ExactLoop:
    """An event loop with a clock that does not stand still.

    uvloop's tells whole milliseconds: four turns of a busy connection would take no time, and a
    round trip on the same machine none or one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.time = time.monotonic  # theirs, too, before they round it
        self.call_soon = loop.call_soon
        self.call_at = loop.call_at
        self.add_reader = loop.add_reader
        self.remove_reader = loop.remove_reader
        self.add_writer = loop.add_writer
        self.remove_writer = loop.remove_writer


def exact_loop(loop: asyncio.AbstractEventLoop) -> Loop:
    """The loop, as the UDP endpoint uses it."""
    return loop if isinstance(loop, asyncio.BaseEventLoop) else ExactLoop(loop)


def loop_factory(name: EventLoop) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop, for `asyncio.Runner`; None is asyncio's own choice.

    Raises `StartupError` if it was asked for by name and is not installed.
    """
    if name == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        if name == "auto":
            return None
        raise StartupError(
            "uvloop is not installed: pip install 'h3producer[uvloop]', or choose another loop."
        ) from None
    return uvloop.new_event_loop

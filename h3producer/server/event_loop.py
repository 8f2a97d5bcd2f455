"""Which event loop a server of its own runs on.

This file knows the loops by name, and that one of them may not be installed. It refuses to know
what runs on them. Its one rule: what nobody asked for is never missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from h3producer.config import EventLoop

__all__ = ["loop_factory"]


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

"""An event loop that runs on between two exchanges: a connection has to hear of its end.

This file knows a loop and a thread. It refuses to know what runs in it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["BackgroundLoop"]

T = TypeVar("T")


class BackgroundLoop:
    """A running event loop; it ends with the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for the result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

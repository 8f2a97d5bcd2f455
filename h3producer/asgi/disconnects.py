"""How often an application may be told of one disconnect.

This file knows a number. It refuses to know what the message is called: each protocol's cycle does.
"""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["DISCONNECTS_PER_PASS", "pause_after"]

DISCONNECTS_PER_PASS: Final = 1000
"""Times that a disconnect is told without a pause. An application that polls `receive()` in a
cancelled scope needs it at once; one that loops over `receive()` and overlooks the message must not
hold the event loop."""


async def pause_after(times: int) -> None:
    """Before a disconnect is told for the nth time: let others run, if it is time."""
    if not times % DISCONNECTS_PER_PASS:
        await asyncio.sleep(0)

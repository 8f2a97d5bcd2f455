"""An application that says which process it runs in: `tests.e2e.whereabouts:app`.

`/down` is a long response, `/up` says how many bytes came.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.e2e.apps import content, data, end, routed, start

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["DOWNLOAD", "PIECE", "app"]

PIECE = bytes(range(256)) * 16
"""What the long response consists of: 4 KiB."""

DOWNLOAD = 50 * PIECE


def _here() -> tuple[bytes, bytes]:
    return (b"x-process", str(os.getpid()).encode())


async def _down(scope: Scope, receive: Receive, send: Send) -> None:
    await send(start(200, _here()))
    for at in range(0, len(DOWNLOAD), len(PIECE)):
        await send(data(DOWNLOAD[at : at + len(PIECE)]))
        await asyncio.sleep(0)  # others have their turn, so that it takes a while
    await send(end())


async def _up(scope: Scope, receive: Receive, send: Send) -> None:
    count = 0
    async for piece in content(receive):
        count += len(piece)
    await send(start(200, _here()))
    await send(end(str(count).encode()))


async def _where(scope: Scope, receive: Receive, send: Send) -> None:
    await send(start(200, _here()))
    await send(end())


app = routed(down=_down, up=_up, where=_where)

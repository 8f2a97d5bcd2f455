"""What there is in a process that serves: memory, objects, tasks, connections, streams.

This file knows where a server keeps its connections, and looks from outside. It refuses to know
what is too many. Its one rule: it counts after a collection, so that what it counts is held.

RSS stays near its peak: the C library keeps what was freed, for later. So it is measured once more
when that has been given back, and beside it stand the blocks that Python has allocated, to the last
bytes object, which no garbage collector tracks.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from h3producer.http3.connection import Http3Connection
from h3producer.quic.endpoint import UdpEndpoint
from h3producer.quic.phase import Phase
from h3producer.quic.transport import EngineTransport

__all__ = ["census", "resident"]


def census() -> dict[str, Any]:
    """Counts of all that could be left behind; what existed before the server is not in `objects`.

    Asked over HTTP/3, it counts the connection, the stream and the task that ask.
    """
    gc.collect()
    held = resident(os.getpid())
    _trim()
    objects = gc.get_objects()
    transports = [each for each in objects if isinstance(each, EngineTransport)]
    connections = [each for each in objects if isinstance(each, Http3Connection)]
    endpoints = {each._link for each in transports if isinstance(each._link, UdpEndpoint)}
    return {
        "rss": held,
        "trimmed": resident(os.getpid()),
        "blocks": sys.getallocatedblocks(),
        "objects": Counter(type(each).__qualname__ for each in objects),
        "tasks": sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks()),  # type: ignore[union-attr]  # tasks of coroutines have one
        "connections": len(transports),
        "half_open": sum(each.phase is Phase.HANDSHAKE for each in transports),
        "routes": sum(len(each._intake.routes) for each in endpoints),
        "streams": sum(len(each.streams) for each in connections),
    }


def _trim() -> None:
    """Give back to the system what the C library keeps, if it is glibc."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")

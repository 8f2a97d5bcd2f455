"""What there is in a process that serves: memory, objects, tasks, connections, streams.

This file knows where a server keeps its connections, and looks from outside. It refuses to know
what is too many. Its one rule: it counts after a collection, so that what it counts is held.

RSS stays near its peak: the C library and Python keep what was freed, for later, and a page of
which a byte is in use stays whole. So it is measured once more when what can be given back has been
given back, and beside it stands what is in use, exactly: the blocks that Python has allocated, to
the last bytes object, which no garbage collector tracks, and the bytes that the C library has given
out, for buffers of more than 512 bytes and for OpenSSL.
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
from h3producer.quic.phase import Phase
from h3producer.quic.transport import EngineTransport
from h3producer.quic.udp.endpoint import UdpEndpoint

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
        "malloc": _given_out(),
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


class _MallInfo(ctypes.Structure):
    """`struct mallinfo2`, see mallinfo(3)."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks")),
        ("keepcost", ctypes.c_size_t),
    ]


def _given_out() -> int:
    """Bytes that the C library has given out and not got back; 0 if it is not glibc >= 2.33."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):
        return 0
    mallinfo.restype = _MallInfo
    found = mallinfo()
    given_out: int = found.uordblks + found.hblkhd
    return given_out


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")

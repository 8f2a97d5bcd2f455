"""Memory that processes have in common: a file that only they can open.

This file knows how it is made and mapped, and how a process has it to itself for a moment. It
refuses to know what is in it: who serves (`slot_table.py`), and which tickets were used
(`keys/strike_register.py`).

Its one rule: it has no name, so that nobody else finds it and nothing is left behind when the last
process ends.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from contextlib import AbstractContextManager
from typing import Final

if sys.platform != "win32":
    import fcntl

__all__ = ["Lock", "map_memory", "share_memory"]

_ATTEMPTS: Final = 64
"""How often a lock is asked for that another process has, for some microseconds each time."""


def share_memory(size: int) -> int:
    """The file descriptor of `size` bytes of new memory, all zero; the caller owns it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("h3producer")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def map_memory(descriptor: int) -> mmap.mmap:
    """What is behind such a file descriptor; the caller still owns that."""
    return mmap.mmap(descriptor, 0)


class Lock(AbstractContextManager[bool]):
    """Has a piece of memory for oneself, by its file descriptor; None: it is one's own, anyway.

    `with lock as is_ours` never waits: it is not if another process is in the way. A process that
    dies gives its locks back (POSIX record locks).
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> bool:
        if self._descriptor is None or sys.platform == "win32":
            return True
        for _ in range(_ATTEMPTS):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            return True
        return False

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None and sys.platform != "win32":
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

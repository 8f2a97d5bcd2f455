"""Memory that processes have in common: a file that only they can open.

This file knows how it is made and mapped. It refuses to know what is in it: who serves
(`slot_table.py`), and which tickets were used (`strike_register.py`).

Its one rule: it has no name, so that nobody else finds it and nothing is left behind when the last
process ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile

__all__ = ["map_memory", "share_memory"]


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

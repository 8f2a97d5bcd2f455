"""Memory that was freed, and that the C library keeps for later.

This file knows one call of glibc. It refuses to know who had the memory. Its one rule: it is asked
for when there is something to give back, since it looks at all that is free.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

__all__ = ["give_back"]


def give_back() -> None:
    """Give free pages back to the system, also those between others; nothing without glibc."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)

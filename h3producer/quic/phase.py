"""Where a connection is in its life, as its transport and its link see it.

This file knows names. It refuses to know what leads from one to the next: `transport.py` does, and
they only ever go downwards.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["Phase"]


class Phase(Enum):
    """Where a connection is in its life."""

    HANDSHAKE = auto()
    """There is no core yet."""
    OPEN = auto()
    CLOSING = auto()
    """We closed it, and the CONNECTION_CLOSE still has to be built."""
    ENDED = auto()
    """The core knows. Late packets are answered with our CONNECTION_CLOSE, if we sent one."""
    FORGOTTEN = auto()

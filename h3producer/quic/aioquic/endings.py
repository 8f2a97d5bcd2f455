"""How a connection ended, in the words of whoever ended it.

This file knows aioquic's event. It refuses to know what follows. Its one rule: a code is told as it
came, and where nobody sent one there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.facts import IDLE_TIMEOUT, QUIC_ERROR, RESET_REASON

if TYPE_CHECKING:
    from aioquic.quic.events import ConnectionTerminated

__all__ = ["describe_end"]


def describe_end(event: ConnectionTerminated) -> tuple[int, str]:
    """Code and reason of an end: the application's as they came, or QUIC's in its words."""
    if event.frame_type is None:
        return event.error_code, event.reason_phrase
    if event.reason_phrase in (IDLE_TIMEOUT, RESET_REASON):
        return 0, event.reason_phrase  # nobody sent a code (RFC 9000 §10.1, §10.3)
    return event.error_code, f"{QUIC_ERROR}{event.error_code:#x}: {event.reason_phrase}"

"""How a server is operated: its processes, how it ends, and what can be seen of it.

This file knows settings that neither an application nor a client notices. It refuses to know how
they are carried out (`server/`).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Operation"]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The settings of a `Config` for whoever operates it."""

    # Its end

    timeout_graceful_shutdown: float | None = 30.0
    """Seconds that open requests get to finish after INT or TERM; None waits for ever.
    30 s is what systemd and Kubernetes allow by default before they kill."""

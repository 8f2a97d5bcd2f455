"""Numbers in as few columns as they need.

This file knows units. It refuses to know tables. Its one rule: what is not known is a dash,
and what is nothing is a blank, so that the eye finds what there is.
"""

from __future__ import annotations

__all__ = ["show_age", "show_count", "show_rate", "show_rtt", "show_size"]

NOT_KNOWN = "–"


def show_size(size: float) -> str:
    """Bytes: `64K`, `1.5M`."""
    if not size:
        return ""
    if size < 1024:
        return f"{size:.0f}B"
    for unit in "KMGT":
        size /= 1024
        if size < 1024 or unit == "T":
            break
    return f"{size:.1f}{unit}" if size < 10 else f"{size:.0f}{unit}"


def show_rate(rate: float | None) -> str:
    """Bytes per second."""
    if rate is None:
        return NOT_KNOWN
    return f"{show_size(rate)}/s" if rate >= 1 else ""


def show_rtt(seconds: float | None) -> str:
    """A round trip, in milliseconds."""
    if seconds is None:
        return NOT_KNOWN
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def show_age(seconds: float) -> str:
    """How long ago: `7s`, `3m12`, `5h04`, `2d03`."""
    whole = int(seconds)
    for unit, size, part in (("d", 86_400, 3600), ("h", 3600, 60), ("m", 60, 1)):
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // part:02}"
    return f"{whole}s"


def show_count(count: int | None) -> str:
    """How many."""
    return NOT_KNOWN if count is None else str(count) if count else ""

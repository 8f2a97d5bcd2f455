"""How a client and what it asks for look in a line of a log.

This file knows addresses and request targets. It refuses to know who logs what. Its one rule:
nothing of a client's can end the line, or the terminal that shows it.
"""

from __future__ import annotations

__all__ = ["show_address", "show_target"]


def show_address(address: tuple[str, int]) -> str:
    """`host:port`, or `[host]:port` for IPv6."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def show_target(path: bytes) -> str:
    """The request target, safe in a line: what is not printable ASCII is escaped."""
    text = path.decode("ascii", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")

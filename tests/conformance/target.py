"""The server that is judged, and how to reach it.

This file knows an address and what the suite may count on there. It refuses to know how to speak
to it. Its one rule: nothing is assumed of a foreign server but that it answers a GET.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

__all__ = ["Launched", "NotOffered", "Target"]


class NotOffered(Exception):
    """The server does not have what a case is about; the message names it."""


class Launched(Protocol):
    """A server of a case's own, to be stopped in the midst of things."""

    target: Target

    def terminate(self) -> None:
        """SIGTERM."""

    async def ended(self) -> int:
        """Wait for the end of the process; its exit code."""

    def log(self) -> str:
        """What it has written so far."""


@dataclass(frozen=True)
class Target:
    """A server by its address."""

    host: str
    port: int
    prefix: str = ""
    """What stands in front of each path that is asked for."""
    authority: str = "localhost"
    """The value of :authority, and of SNI without its port."""
    patience: float = 20.0
    """Seconds that a healthy server gets to answer a legal request, on however slow a machine. Only
    a case that fails waits so long; a server that fails many is better judged with less."""
    has_app: bool = False
    """The suite's own ASGI application answers below `prefix`."""
    launch: Callable[[], AbstractAsyncContextManager[Launched]] | None = field(
        default=None, compare=False
    )
    """Starts another such server for one case alone."""

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def server_name(self) -> str:
        return self.authority.partition(":")[0]

    @property
    def lateness(self) -> float:
        """Seconds by which a reaction may be late."""
        return 0.3 * self.patience

    def path(self, path: str) -> bytes:
        """A path at this server; each path of a server without our application is its root."""
        return (self.prefix + (path if self.has_app else "/")).encode()

    def needs_app(self) -> None:
        """Raise NotOffered unless our application is there."""
        if not self.has_app:
            raise NotOffered("the suite's application")

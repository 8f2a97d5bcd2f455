"""A clock that a test moves, for all that WebSockets do by time."""

from __future__ import annotations

import asyncio

import pytest

__all__ = ["Clock"]


class Clock:
    """The running loop's clock, put forward by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real = loop.time
        self.ahead = 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + self.ahead)

    async def forward(self, seconds: float) -> None:
        """Let a time go by, and all that is due then happen."""
        self.ahead += seconds
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)

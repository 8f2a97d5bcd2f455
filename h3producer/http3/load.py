"""How much of what costs us and brings nobody anything a client may do in a second.

This file knows leaky buckets, one for each kind of load, and when one has run over. It refuses to
know what a frame or a stream is: whoever sees one counts it.

Nothing that is counted here is forbidden, and a little of each is ordinary: browsers cancel
requests, clients grease. A flood of it is the attack (rapid reset, CVE-2023-44487; made-you-reset,
CVE-2025-8671), and RFC 9114 §10.5 leaves it to us to draw the line: "An endpoint MAY treat activity
that is suspicious as a connection error of type H3_EXCESSIVE_LOAD".

Its one rule: a bucket leaks as much in a second as its limit in `Config` says, and holds ten
seconds' worth. So a page full of images that is left at once costs nobody the connection.
"""

from __future__ import annotations

import functools
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode, Http3ConnectionError

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["BURST_SECONDS", "ConnectionLoad", "Load"]

BURST_SECONDS: Final = 10
"""Seconds' worth of a limit that may come at once."""


class Load(IntEnum):
    """What is counted; the limit of each is `Config.max_<name>_per_second`."""

    REQUESTS = 0
    """Request streams, whatever comes on them."""
    RESETS = 1
    """Exchanges that the client ended before their time, by a reset, STOP_SENDING or a fault."""
    UNKNOWN_FRAMES = 2
    """Frames of types that we do not know, on any stream (RFC 9114 §9)."""
    UNKNOWN_STREAMS = 3
    """Unidirectional streams of types that we do not know, or that end without one."""
    EMPTY_DATA_FRAMES = 4
    """DATA frames without content."""
    CONTROL_FRAMES = 5
    """Frames on the control stream that we know."""
    PRIORITY_UPDATES = 6
    """PRIORITY_UPDATE frames (RFC 9218 §7.2)."""
    QPACK_INSTRUCTIONS = 7
    """Instructions on the QPACK encoder and decoder streams."""

    @property
    def words(self) -> str:
        """As a sentence has it."""
        return self.name.lower().replace("_", " ")


@functools.lru_cache(maxsize=4)
def _limits(config: Config) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rates and capacities, the same for all connections of a server."""
    rates = tuple(getattr(config, f"max_{load.name.lower()}_per_second") for load in Load)
    return rates, tuple(rate * BURST_SECONDS for rate in rates)


class ConnectionLoad:
    """The buckets of one connection."""

    __slots__ = ("_capacities", "_levels", "_rates")

    def __init__(self, config: Config) -> None:
        self._rates, self._capacities = _limits(config)
        self._levels = [0.0] * len(self._rates)

    def count(self, load: Load, number: int = 1) -> None:
        """Pour in; raises Http3ConnectionError(H3_EXCESSIVE_LOAD) when the bucket runs over."""
        level = self._levels[load] + number
        self._levels[load] = level
        if level > self._capacities[load]:
            raise Http3ConnectionError(
                ErrorCode.H3_EXCESSIVE_LOAD,
                f"more than {self._rates[load]} {load.words} per second",
            )

    def leak(self, seconds: float) -> None:
        """Time has gone by."""
        self._levels = [
            max(0.0, level - rate * seconds)
            for level, rate in zip(self._levels, self._rates, strict=True)
        ]

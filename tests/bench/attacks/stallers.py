"""Attacks that are slow: they hold what they have taken, and give it back as late as can be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.attacks.assailant import stream
from tests.bench.attacks.http_floods import POST, greet, request
from tests.bench.attacks.raid import Raid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.attacks.assailant import Assailant

__all__ = ["STALLERS"]

DRIP = b"\x00\x07" + bytes(7)
"""9 bytes: a DATA frame of 7."""


def uploads(assailant: Assailant, count: int) -> Iterator[bool]:
    """Begin so many uploads."""
    greet(assailant)
    for _ in range(count):
        assailant.send_stream(assailant.open(), POST, 0)
        yield True


def drips(assailant: Assailant) -> Iterator[bool]:
    """9 bytes on each of 128 streams in turn, without a pause."""
    yield from uploads(assailant, 128)
    offset = len(POST)
    while True:
        for first in range(0, 128, 64):
            while assailant.room(0, offset) < 64 * len(DRIP):
                yield False
            ids = range(4 * first, 4 * (first + 64), 4)
            assailant.spend(64 * len(DRIP))
            assailant.send(*(stream(each, DRIP, offset) for each in ids))
            yield True
        offset += len(DRIP)


def slow_bodies(assailant: Assailant) -> Iterator[bool]:
    """A byte a second on each of 100 streams."""
    yield from uploads(assailant, 100)
    offset = len(POST)
    while True:
        due = time.monotonic() + 1.0
        while time.monotonic() < due:
            yield False
        for stream_id in range(0, 400, 4):
            assailant.send_stream(stream_id, b"\x00\x01x", offset)
            yield True
        offset += 3


def slow_readers(assailant: Assailant) -> Iterator[bool]:
    """100 responses of 1 MB, of which nothing is read."""
    greet(assailant)
    for _ in range(100):
        head = request(b"GET", b"/bytes/1000000")
        assailant.send_stream(assailant.open(), head, 0, fin=True)
        yield True
    while True:
        yield False


STALLERS = {
    "drips": Raid("9-byte drips on 128 streams", drips),
    "slow-bodies": Raid("Slow bodies, 4 × 100 streams", slow_bodies, connections=4),
    "slow-readers": Raid("Slow readers, 4 × 100 streams", slow_readers, connections=4),
}

"""A bound for tests that talk to something real: no test of theirs can hang the suite.

This file knows an alarm clock. It refuses to know what was waited for: the traceback of the
`TimeoutError` says so. Its one rule: `DEADLINE` is a fuse, never part of what a test means.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEADLINE", "deadline"]

DEADLINE = 60.0
"""Seconds after which a test is ended wherever it is, be that in C or in the event loop."""


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """End the test, and what of its fixtures comes after this one, after `DEADLINE` seconds."""

    def ring(_number: int, _frame: object) -> NoReturn:
        raise TimeoutError(f"The test has not ended within {DEADLINE:.0f} s.")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
